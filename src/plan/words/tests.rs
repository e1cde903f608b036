//! Every sentence once, as it is read.

use std::time::Duration;

use snapbox::{assert_data_eq, str};

use super::*;
use crate::plan::checks::Field;
use crate::plan::numbers::Amount;

fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| line + "\n").collect()
}

fn managers() -> [Manager; 5] {
    let name = || Some("shop".to_owned());
    [
        Manager::ArgoCd {
            application: name(),
        },
        Manager::Flux { name: name() },
        Manager::Helm { release: name() },
        Manager::Helm { release: None },
        Manager::Apply {
            name: "terraform".to_owned(),
        },
    ]
}

#[test]
fn settings_say_why_and_what_they_cost() {
    let seconds = Duration::from_secs;
    let unavailable = |before, missing, replicas, waves_before, waves, delay| {
        setting(&Setting::NoneUnavailable {
            before,
            missing,
            replicas,
            waves_before,
            waves,
            delay: seconds(delay),
        })
    };
    let ready = |before, seconds, waves, delay| {
        setting(&Setting::MinReadySeconds {
            before,
            seconds,
            waves,
            delay: Duration::from_secs(delay),
        })
    };
    assert_data_eq!(
        lines([
            unavailable(Amount::Percent(25), 2, 10, 2, 4, 0),
            unavailable(Amount::Percent(25), 2, 10, 2, 4, 10),
            unavailable(Amount::Percent(25), 0, 3, 3, 3, 0),
            unavailable(Amount::Pods(1), 1, 1, 1, 1, 0),
            ready(None, 10, 10, 100),
            ready(Some(0), 4, 1, 4),
        ]),
        str![[r#"
maxUnavailable: 25% -> 0 (else 2 of 10 pods might be missing meanwhile; 4 steps instead of 2)
maxUnavailable: 25% -> 0 (else 2 of 10 pods might be missing meanwhile; 4 steps instead of 2, 10 s more)
maxUnavailable: 25% -> 0 (else from 4 replicas on, pods might be missing meanwhile)
maxUnavailable: 1 -> 0 (else 1 of 1 pods might be missing meanwhile)
minReadySeconds: unset -> 10 (no readinessProbe: else a pod that crashes after a moment counts as ready; 10 steps, 100 s more)
minReadySeconds: 0 -> 4 (no readinessProbe: else a pod that crashes after a moment counts as ready; 1 step, 4 s more)

"#]]
    );
}

#[test]
fn warnings_carry_their_numbers() {
    let drop = |missing, replicas, from_replicas, left| Warning::CapacityMayDrop {
        unavailable: Amount::Percent(25),
        missing,
        replicas,
        from_replicas,
        left,
    };
    let tag = |tag: Option<&str>, is_cached| Warning::MovingTag {
        container: "rails".to_owned(),
        tag: tag.map(str::to_owned),
        is_cached,
    };
    let probe = |left| Warning::NoReadinessProbe { left };
    let delay = Duration::from_secs(300);
    let [argo, ..] = managers();
    let warnings = [
        drop(2, 10, None, Left::NoSurge),
        drop(0, 3, Some(4), Left::Policy),
        drop(2, 10, None, Left::Owned(argo.clone())),
        Warning::Downtime { replicas: 3 },
        probe(ProbeLeft::TooSlow { delay }),
        probe(ProbeLeft::Deadline { seconds: 1 }),
        probe(ProbeLeft::Policy),
        probe(ProbeLeft::Owned(argo)),
        Warning::NoPreStop,
        tag(Some("latest"), true),
        tag(None, false),
        Warning::ShortHistory { limit: 1 },
        Warning::NoReplicas,
        Warning::OtherRepository {
            container: "rails".to_owned(),
            before: "w/rails".to_owned(),
            after: "ghcr.io/w/rails".to_owned(),
        },
        Warning::SameRepository {
            container: "cron".to_owned(),
            image: "w/rails:1".to_owned(),
        },
    ];
    let managed = managers().map(|manager| Warning::Managed { manager });
    assert_data_eq!(
        lines(warnings.iter().chain(&managed).map(warning)),
        str![[r#"
maxUnavailable is 25%: 2 of 10 pods may be missing meanwhile; left as it is, since maxSurge is 0
maxUnavailable is 25%: none of 3 pods now, but from 4 replicas on, pods may be missing meanwhile
maxUnavailable is 25%: 2 of 10 pods may be missing meanwhile; left as it is, since it belongs to Argo CD (application `shop`)
the strategy is Recreate: all 3 pods stop before new ones start
no container has a readinessProbe, so that ready only means started; minReadySeconds could make up for it and would take 300 s more
no container has a readinessProbe, so that ready only means started; the progress deadline of 1 s leaves no room for minReadySeconds
no container has a readinessProbe, so that ready only means started
no container has a readinessProbe, so that ready only means started; minReadySeconds belongs to Argo CD (application `shop`)
no container has a preStop hook: requests may be cut when old pods stop
the tag `latest` of container `rails` may mean another image tomorrow; nodes that have it do not pull it again
container `rails` has no tag, which may mean another image tomorrow
revisionHistoryLimit is 1: there may be nothing to go back to
no replicas are wanted, so nothing will be started
container `rails` goes from repository w/rails to ghcr.io/w/rails
container `cron` stays on w/rails:1, which is of the same repository
Argo CD (application `shop`): it will show the Deployment as out of sync, and put the old image back if it heals itself
Flux (object `shop`): it will put the old image back when it reconciles next
Helm (release `shop`): its next upgrade or rollback will put its own image back
Helm: its next upgrade or rollback will put its own image back
server-side apply by `terraform`: its next apply will conflict, or put its own image back

"#]]
    );
}

#[test]
fn standings_say_how_many_pods_serve() {
    let counts = Counts {
        wanted: 3,
        updated: 1,
        total: 4,
        available: 2,
        ..Counts::default()
    };
    let message = || "exceeded quota".to_owned();
    let failed = |failing| Standing::Failed { failing, counts };
    let standings = [
        Standing::Complete { counts },
        Standing::Complete {
            counts: Counts::default(),
        },
        Standing::Degraded { counts },
        Standing::Unfinished { counts },
        Standing::Paused { counts },
        failed(Failing::Deadline),
        failed(Failing::ReplicaSetCreate { message: message() }),
        failed(Failing::PodCreate { message: message() }),
        failed(Failing::Doomed),
    ];
    assert_data_eq!(
        lines(standings.iter().map(standing)),
        str![[r#"
complete; 2 of 3 pods are available
complete; no pods are wanted
complete once, but now 2 of 3 pods are available
rolling out; 1 of 3 pods are new, 2 of 3 pods are available
paused; 2 of 3 pods are available
failed: its progress deadline is over; 2 of 3 pods are available
failed: its ReplicaSet cannot be created (exceeded quota); 2 of 3 pods are available
failed: its pods cannot be created (exceeded quota); 2 of 3 pods are available
failed: a new pod does not come up; 2 of 3 pods are available

"#]]
    );
}

#[test]
fn refusals_name_the_deployment_and_the_way_out() {
    let deployment = || "rails".to_owned();
    let [argo, ..] = managers();
    let refusals = [
        Refusal::Downtime {
            deployment: deployment(),
        },
        Refusal::Paused {
            deployment: deployment(),
        },
        Refusal::Managed {
            deployment: deployment(),
            manager: argo,
        },
        Refusal::Terminating {
            deployment: deployment(),
        },
        Refusal::AnnotationsFull {
            deployment: deployment(),
            bytes: 270_000,
        },
    ];
    let said = refusals.iter().flat_map(|one| {
        let hint = refusal_hint(one, "shop").map(|hint| format!("  hint: {hint}"));
        std::iter::once(refusal(one)).chain(hint)
    });
    assert_data_eq!(
        lines(said),
        str![[r#"
Deployment `rails` has the strategy Recreate, which stops all pods before new ones start
  hint: If that may be: --allow-downtime
Deployment `rails` is paused, so no pod would be replaced
  hint: Resume it: kubectl --namespace shop rollout resume deployment/rails
Deployment `rails` is managed by Argo CD (application `shop`) and does not say that it takes part
  hint: Annotate it as a target, or change it this once with --allow-managed.
Deployment `rails` is being deleted
the annotations of Deployment `rails` would take 270000 bytes, more than an object may have
  hint: Remove annotations that nobody needs.

"#]]
    );
}

#[test]
fn what_webhooks_did_is_said() {
    let image = |text: &str| text.parse().unwrap();
    let rewritten = |stored: &str, rewriting| Finding::Rewritten {
        container: "rails".to_owned(),
        sent: image("w/rails:2"),
        stored: stored.to_owned(),
        rewriting,
    };
    let findings = [
        Finding::PutBack {
            container: "rails".to_owned(),
            image: image("w/rails:1"),
        },
        rewritten("w/rails:2@sha256:aa", Rewriting::Pinned),
        rewritten("mirror/w/rails:2", Rewriting::OtherRepository),
        rewritten("w/rails:stable", Rewriting::OtherTag),
        rewritten("", Rewriting::Unreadable),
        Finding::Setting {
            field: Field::MaxUnavailable,
            sent: "0".to_owned(),
            stored: Some("25%".to_owned()),
        },
    ];
    assert_data_eq!(
        lines(findings.iter().map(finding)),
        str![[r#"
the change was rejected silently: a webhook put w/rails:1 back into container `rails`
container `rails`: pinned by a webhook: w/rails:2 -> w/rails:2@sha256:aa
container `rails`: rewritten by a webhook to another repository: w/rails:2 -> mirror/w/rails:2
container `rails`: rewritten by a webhook to another image: w/rails:2 -> w/rails:stable
container `rails`: rewritten by a webhook to what is no image: w/rails:2 -> 
maxUnavailable was sent as 0 and is stored as 25%

"#]]
    );
}

#[test]
fn notes_of_a_selection_are_said() {
    use crate::plan::select::Note;
    let text = str::to_owned;
    let notes = [
        Note::UnknownKey {
            deployment: text("rails"),
            key: text("example.com/deploy-banana"),
        },
        Note::UnusedRepository {
            deployment: text("rails"),
            container: text("old"),
        },
        Note::LeftOut {
            deployment: text("api"),
            container: text("go"),
            repository: text("w/go"),
        },
        Note::RepositoryReplaced {
            annotated: text("w/rails"),
            used: text("fork/rails"),
        },
    ];
    assert_data_eq!(
        lines(notes.iter().map(note)),
        str![[r#"
Deployment `rails` has `example.com/deploy-banana`, which means nothing
Deployment `rails` names a repository for the container `old`, which it does not have
api/go is left out: it is built from w/go
the targets say that they are built from w/rails; fork/rails is used instead

"#]]
    );
}
