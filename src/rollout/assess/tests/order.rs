//! One row a rule of `assess`, and one a pair whose order matters.

use super::*;
use crate::rollout::observed::DeploymentStatus;

/// What is tried, what it changes in the situation, and the word for the status it must get.
type Row = (&'static str, fn(&mut Situation), &'static str);

/// The same, given a time that is over by every clock.
type OverdueRow = (&'static str, fn(&mut Situation, Duration), &'static str);

#[test]
fn each_rule_alone_decides() {
    let cases: [Row; 26] = [
        ("nothing special", |_| {}, "waiting:updated"),
        ("1: gone", |it| it.deployment = None, "deleted"),
        (
            "1: being deleted",
            |it| it.deployment().metadata.deletion_timestamp = Some("now".to_owned()),
            "deleted",
        ),
        (
            "1: another object of that name",
            |it| it.deployment().metadata.uid = "u2".to_owned(),
            "recreated",
        ),
        (
            "2: another template",
            |it| it.deployment().spec.template = template("X"),
            "superseded",
        ),
        (
            "3: the ReplicaSet cannot be created",
            |it| {
                it.progressing("ReplicaSetCreateError", 205);
                it.clocks.replica_set_refused = Duration::from_secs(15);
            },
            "failed:rs-create",
        ),
        (
            "3: for less than the patience",
            |it| {
                it.progressing("ReplicaSetCreateError", 205);
                it.clocks.replica_set_refused = Duration::from_secs(14);
            },
            "waiting:updated",
        ),
        (
            "3: since before the change",
            |it| {
                it.progressing("ReplicaSetCreateError", 90);
                it.applied.progressing_before = it
                    .deployment()
                    .status
                    .condition("Progressing")
                    .map(ProgressingStamp::of);
                it.clocks.replica_set_refused = Duration::from_secs(60);
            },
            "waiting:updated",
        ),
        ("4: not observed", Situation::unobserved, "waiting:observe"),
        (
            "4: not observed for long",
            |it| {
                it.unobserved();
                it.clocks.unobserved = Duration::from_secs(30);
            },
            "controller-silent",
        ),
        ("5: complete", Situation::complete, "done"),
        (
            "5: the new ReplicaSet is not visible",
            |it| {
                it.complete();
                it.new = None;
            },
            "waiting:updated",
        ),
        (
            "5: ReplicaSets cannot be read, the Deployment's word is enough",
            |it| {
                it.complete();
                it.can_read_replica_sets = false;
            },
            "done",
        ),
        (
            "5: zero replicas, paused, ReplicaSets cannot be read",
            |it| {
                it.complete();
                it.can_read_replica_sets = false;
                let deployment = it.deployment();
                deployment.spec.replicas = 0;
                deployment.spec.paused = true;
                deployment.status = DeploymentStatus {
                    observed_generation: 5,
                    ..Default::default()
                };
            },
            "paused",
        ),
        (
            "5: old pods terminate and that was asked for",
            |it| {
                it.complete();
                it.terminating = 1;
                it.wait_for_drain = true;
            },
            "waiting:terminating",
        ),
        (
            "5: old pods terminate and nobody asked",
            |it| {
                it.complete();
                it.terminating = 1;
            },
            "done",
        ),
        (
            "6: paused",
            |it| it.deployment().spec.paused = true,
            "paused",
        ),
        (
            "7: deadline",
            |it| it.progressing("ProgressDeadlineExceeded", 205),
            "failed:deadline",
        ),
        (
            "8: pods cannot be created",
            |it| {
                it.replica_failure();
                it.clocks.pods_refused = Duration::from_secs(30);
            },
            "failed:pod-create",
        ),
        (
            "8: it is an old ReplicaSet that cannot",
            |it| {
                it.replica_failure();
                it.new = Some(ReplicaSetSeen::default());
                it.clocks.pods_refused = Duration::from_secs(30);
            },
            "waiting:updated",
        ),
        ("8: doomed", |it| it.is_doomed = true, "failed:pod"),
        (
            "9: no progress, and the controller could still say it",
            |it| it.clocks.without_progress = Duration::from_secs(609),
            "waiting:updated",
        ),
        (
            "9: no progress, and the controller does not say it",
            |it| it.clocks.without_progress = Duration::from_secs(610),
            "failed:own-deadline",
        ),
        (
            "9: no progress where the controller never says it",
            |it| {
                it.progressing("NewReplicaSetAvailable", 100);
                it.clocks.without_progress = Duration::from_secs(600);
            },
            "failed:own-deadline",
        ),
        (
            "9: a deadline of MaxInt32 is none",
            |it| {
                it.deployment().spec.progress_deadline_seconds = Some(i32::MAX);
                it.clocks.without_progress = Duration::from_secs(600);
            },
            "failed:own-deadline",
        ),
        (
            "9: minReadySeconds longer than the deadline",
            |it| {
                let spec = &mut it.deployment().spec;
                spec.progress_deadline_seconds = None;
                spec.min_ready_seconds = 900;
                it.clocks.without_progress = Duration::from_secs(929);
            },
            "waiting:updated",
        ),
    ];
    for (name, change, expected) in cases {
        let mut situation = Situation::rolling();
        change(&mut situation);
        let status = situation.assess();
        assert_eq!(word(&status), expected, "{name}: {status:?}");
    }
}

#[test]
fn of_two_rules_the_first_decides() {
    let overdue = Duration::from_secs(10_000);
    let cases: [OverdueRow; 17] = [
        (
            "1 before 2: recreated with another template",
            |it, _| {
                it.deployment().metadata.uid = "u2".to_owned();
                it.deployment().spec.template = template("X");
            },
            "recreated",
        ),
        (
            "1 before 5: complete and being deleted",
            |it, _| {
                it.complete();
                it.deployment().metadata.deletion_timestamp = Some("now".to_owned());
            },
            "deleted",
        ),
        (
            "2 before 3",
            |it, overdue| {
                it.deployment().spec.template = template("X");
                it.progressing("ReplicaSetCreateError", 205);
                it.clocks.replica_set_refused = overdue;
            },
            "superseded",
        ),
        (
            "2 before 4: not observed, but not ours either",
            |it, _| {
                it.unobserved();
                it.deployment().spec.template = template("X");
            },
            "superseded",
        ),
        (
            "2 before 5: somebody else's success",
            |it, _| {
                it.complete();
                it.deployment().spec.template = template("X");
            },
            "superseded",
        ),
        (
            "3 before 4: the generation is never observed then",
            |it, overdue| {
                it.unobserved();
                it.progressing("ReplicaSetCreateError", 205);
                it.clocks.replica_set_refused = overdue;
            },
            "failed:rs-create",
        ),
        (
            "4 before 5: perfect counts of the rollout before",
            |it, _| {
                it.complete();
                it.unobserved();
            },
            "waiting:observe",
        ),
        (
            "4 before 7: the failure of the rollout before",
            |it, _| {
                it.unobserved();
                it.progressing("ProgressDeadlineExceeded", 205);
            },
            "waiting:observe",
        ),
        (
            "5 before 6: complete and then paused",
            |it, _| {
                it.complete();
                it.deployment().spec.paused = true;
            },
            "done",
        ),
        (
            "5 before 7: complete after the deadline",
            |it, _| {
                it.complete();
                it.progressing("ProgressDeadlineExceeded", 205);
            },
            "done",
        ),
        (
            "5 before 8 and 9: complete in spite of everything",
            |it, overdue| {
                it.complete();
                it.replica_failure();
                it.is_doomed = true;
                it.clocks.pods_refused = overdue;
                it.clocks.without_progress = overdue;
                it.clocks.elapsed = overdue;
                it.timeout = Some(Duration::from_secs(1));
            },
            "done",
        ),
        (
            "6 before 7: paused past the deadline",
            |it, _| {
                it.deployment().spec.paused = true;
                it.progressing("ProgressDeadlineExceeded", 205);
            },
            "paused",
        ),
        (
            "6 before 8: paused with a doomed pod",
            |it, _| {
                it.deployment().spec.paused = true;
                it.is_doomed = true;
            },
            "paused",
        ),
        (
            "7 before 8: the controller's word first",
            |it, _| {
                it.progressing("ProgressDeadlineExceeded", 205);
                it.is_doomed = true;
            },
            "failed:deadline",
        ),
        (
            "8 before 9: pods refused and no progress",
            |it, overdue| {
                it.replica_failure();
                it.clocks.pods_refused = overdue;
                it.clocks.without_progress = overdue;
            },
            "failed:pod-create",
        ),
        (
            "9: failed before timed out",
            |it, overdue| {
                it.clocks.without_progress = overdue;
                it.clocks.elapsed = overdue;
                it.timeout = Some(Duration::from_secs(1));
            },
            "failed:own-deadline",
        ),
        (
            "4: timed out before silent",
            |it, overdue| {
                it.unobserved();
                it.clocks.unobserved = overdue;
                it.clocks.elapsed = overdue;
                it.timeout = Some(Duration::from_secs(1));
            },
            "timeout",
        ),
    ];
    for (name, change, expected) in cases {
        let mut situation = Situation::rolling();
        change(&mut situation, overdue);
        let status = situation.assess();
        assert_eq!(word(&status), expected, "{name}: {status:?}");
    }
}
