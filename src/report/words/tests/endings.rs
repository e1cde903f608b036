//! The words for how it ended.

use super::*;

#[test]
fn failures_say_why() {
    let message = || "the cluster's words".to_owned();
    let failures = [
        Failure::ReplicaSetCreate { message: message() },
        Failure::Deadline,
        Failure::OwnDeadline {
            without_progress: seconds(600),
        },
        Failure::PodCreate { message: message() },
        Failure::Pod,
    ];
    assert_data_eq!(
        lines(failures.map(|failure| outcome(&conclusion(Outcome::Failed(failure))))),
        str![[r#"
web: failed after 1 min 23 s: the controller cannot create the ReplicaSet: the cluster's words
web: failed after 1 min 23 s: no progress within the Deployment's deadline.
web: failed after 1 min 23 s: no progress for 10 min; the controller itself will not report it.
web: failed after 1 min 23 s: pods of the new version cannot be created.
web: failed after 1 min 23 s: a pod of the new version will not come up.
"#]]
    );
}

#[test]
fn other_outcomes_say_what_came_of_it() {
    let kubectl = || Some("kubectl".to_owned());
    let mut outcomes = vec![
        Outcome::Complete,
        Outcome::Interrupted(Status::Pending { silent: false }),
    ];
    let overtakers = [
        Overtaker::Change(Successor::Deploy {
            id: "d-7".to_owned(),
            user: Some("ada".to_owned()),
        }),
        Overtaker::Change(Successor::Deploy {
            id: "d-7".to_owned(),
            user: None,
        }),
        Overtaker::Change(Successor::Reverted { manager: kubectl() }),
        Overtaker::Change(Successor::Other { manager: None }),
        Overtaker::Deleted,
        Overtaker::Recreated,
    ];
    outcomes.extend(overtakers.map(Outcome::Overtaken));
    let doubts = [
        Doubt::TimedOut,
        Doubt::LostContact {
            lost: seconds(120),
            why: "connection refused".to_owned(),
        },
        Doubt::Expelled {
            why: "401 Unauthorized".to_owned(),
        },
        Doubt::Paused,
        Doubt::ControllerSilent {
            unobserved: seconds(600),
        },
    ];
    outcomes.extend(doubts.map(Outcome::Unknown));
    let mut conclusions: Vec<_> = outcomes.into_iter().map(conclusion).collect();
    let mut judged = conclusion(Outcome::Complete);
    judged.written = false;
    let mut empty = conclusion(Outcome::Complete);
    empty.counts = Some(Counts::default());
    conclusions.extend([judged, empty]);
    assert_data_eq!(
        lines(conclusions.iter().map(outcome)),
        str![[r#"
web: complete after 1 min 23 s: 10 of 10 pods are new and serve.
web: not watched any longer; the rollout goes on in the cluster.
web: overtaken by a later deploy of ada, d-7
web: overtaken by a later deploy, d-7
web: the version from before was put back, by kubectl
web: the pod template was changed after this
web: deleted during the rollout.
web: deleted during the rollout and created anew; the new one is not ours to follow.
web: still rolling out when the time limit was over, after 1 min 23 s.
web: out of sight for 2 min: connection refused
web: may not be watched any longer: 401 Unauthorized
web: paused by somebody, and not resumed.
web: the deployment controller has not reacted for 10 min.
web: complete: 10 of 10 pods run the wanted version.
web: complete, but with zero replicas: nothing was started.
"#]]
    );
}

#[test]
fn users_are_called_unaffected_only_where_that_was_seen() {
    let cases = [
        (
            Impact::Unaffected {
                old: 10,
                wanted: 10,
            },
            false,
        ),
        (
            Impact::Unaffected {
                old: 10,
                wanted: 10,
            },
            true,
        ),
        (
            Impact::Serving {
                available: 10,
                wanted: 10,
                new: Some(3),
            },
            false,
        ),
        (
            Impact::Serving {
                available: 6,
                wanted: 10,
                new: Some(2),
            },
            false,
        ),
        (
            Impact::Serving {
                available: 10,
                wanted: 10,
                new: None,
            },
            false,
        ),
        (
            Impact::Serving {
                available: 6,
                wanted: 10,
                new: None,
            },
            false,
        ),
        (Impact::Unaffected { old: 0, wanted: 0 }, false),
        (Impact::Unknown, false),
    ];
    let said = cases.map(|(felt, since_attaching)| {
        let mut conclusion = conclusion(Outcome::Failed(Failure::Pod));
        conclusion.impact = felt;
        conclusion.capacity = Some(kept(10, 0, since_attaching));
        impact(&conclusion)
    });
    assert_data_eq!(
        lines(said),
        str![[r#"
Users are not affected: 10 of 10 old pods still serve.
Users are not affected since watching began: 10 of 10 old pods still serve.
3 of 10 serving pods are new.
Only 6 of 10 wanted pods serve; 2 of them new.
10 of 10 wanted pods serve; how many of them are new cannot be seen.
Only 6 of 10 wanted pods serve; how many of them are new cannot be seen.
No pods are wanted, so there is nobody to be affected.
What users feel is not known.
"#]]
    );
}

#[test]
fn capacity_is_told_with_its_worst_moment() {
    let said = [
        kept(10, 0, false),
        kept(10, 0, true),
        kept(6, 12, false),
        kept(6, 0, true),
    ];
    assert_data_eq!(
        lines(said.iter().map(capacity)),
        str![[r#"
capacity never below 10 of 10
capacity never below 10 of 10 since watching began
capacity fell to 6 of 10, and was below for 12 s
capacity fell to 6 of 10 since watching began, and was below for less than a second
"#]]
    );
}

#[test]
fn the_last_line_says_what_happened_to_the_cluster() {
    let interrupted = || Outcome::Interrupted(Status::Pending { silent: false });
    let judged = || Conclusion {
        written: false,
        ..conclusion(Outcome::Complete)
    };
    let complete = || conclusion(Outcome::Complete);
    let fold = |conclusions: Vec<Conclusion>| Verdict::fold(conclusions, Missing::default(), None);
    let verdicts = [
        fold(vec![complete(), complete()]),
        fold(vec![judged()]),
        fold(vec![complete(), conclusion(Outcome::Failed(Failure::Pod))]),
        fold(vec![conclusion(Outcome::Overtaken(Overtaker::Deleted))]),
        fold(vec![
            complete(),
            conclusion(Outcome::Unknown(Doubt::TimedOut)),
        ]),
        Verdict::fold(
            vec![complete()],
            Missing::named(vec!["worker".to_owned()]),
            None,
        ),
        Verdict::fold(
            vec![complete()],
            Missing {
                count: 2,
                deployments: Vec::new(),
            },
            None,
        ),
        Verdict::fold(
            vec![conclusion(interrupted())],
            Missing::default(),
            Some(Signal::Interrupt),
        ),
    ];
    assert_data_eq!(
        lines(verdicts.iter().map(verdict)),
        str![[r#"
Done: 2 of 2 Deployments complete.
Nothing to do: 1 of 1 Deployment complete.
Failed: 1 of 2 Deployments, left as it is.
Overtaken: somebody changed 1 of 1 Deployment after this.
Unknown: no verdict on 1 of 2 Deployments. The cluster was changed.
Incomplete: 1 of 2 planned changes not made: worker
Incomplete: 2 of 3 planned changes not made
Interrupted: 1 of 1 Deployment not watched to the end. The cluster was changed.
"#]]
    );
}

#[test]
fn ways_out_are_commands() {
    let commands = Commands {
        watch: "kube qa status --watch".to_owned(),
        status: "kube qa status".to_owned(),
        again: "kube qa deploy master".to_owned(),
        back: Some("kube qa deploy d1cb608".to_owned()),
        resume: "kubectl --context qa -n shop rollout resume deployment/".to_owned(),
    };
    let endings = [
        Outcome::Complete,
        Outcome::Failed(Failure::Pod),
        Outcome::Unknown(Doubt::Paused),
        Outcome::Overtaken(Overtaker::Deleted),
    ];
    let said = endings.map(|outcome| {
        let verdict = Verdict::fold(vec![conclusion(outcome)], Missing::default(), None);
        format!(
            "- {:?}\n{}",
            verdict.answer,
            lines(ways_out(&verdict, &commands))
        )
    });
    let missing = Missing::named(vec!["worker".to_owned()]);
    let partial = Verdict::fold(vec![conclusion(Outcome::Complete)], missing, None);
    let partial = lines(ways_out(&partial, &commands));
    assert_data_eq!(
        format!("{}\n- Partial\n{partial}", lines(said)),
        str![[r#"
- Succeeded

- Failed
The new version goes on trying, and will take over by itself if the cause disappears.
To put back what ran before: kube qa deploy d1cb608
- Unknown
To resume the rollout: kubectl --context qa -n shop rollout resume deployment/web
To follow it again: kube qa status --watch
- Overtaken
To see what runs now: kube qa status
- Partial
To make the missing changes: kube qa deploy master
"#]]
    );
}
