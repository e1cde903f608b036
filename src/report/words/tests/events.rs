//! The words for what happens meanwhile.

use super::*;

#[test]
fn durations_are_said_as_people_do() {
    let said = [0, 45, 60, 125, 3600, 4200, 90_000].map(|count| duration(seconds(count)));
    assert_data_eq!(
        lines(said),
        str![[r#"
0 s
45 s
1 min
2 min 5 s
1 h
1 h 10 min
25 h
"#]]
    );
}

#[test]
fn events_are_one_line_each() {
    let web = || "web".to_owned();
    let trouble = || {
        blame(Cause::Crash {
            exit: Exit::Code(1),
            crashes: 1,
        })
    };
    let mut finished = conclusion(Outcome::Complete);
    finished.capacity = Some(kept(10, 0, false));
    let events = [
        Event::Started {
            deployment: web(),
            written: true,
            age: seconds(0),
        },
        Event::Started {
            deployment: web(),
            written: false,
            age: seconds(0),
        },
        Event::Started {
            deployment: web(),
            written: false,
            age: seconds(90),
        },
        Event::Progress {
            deployment: web(),
            waiting: Waiting::Updated,
            counts: rolling(),
            trouble: None,
        },
        Event::Progress {
            deployment: web(),
            waiting: Waiting::Available,
            counts: rolling(),
            trouble: Some(trouble()),
        },
        Event::Silent {
            deployment: web(),
            unobserved: seconds(30),
        },
        Event::Paused {
            deployment: web(),
            counts: rolling(),
        },
        Event::Resumed { deployment: web() },
        Event::Rescaled {
            deployment: web(),
            from: 3,
            to: 6,
        },
        Event::Trouble {
            deployment: web(),
            blame: trouble(),
        },
        Event::Recovered {
            deployment: web(),
            blame: trouble(),
        },
        Event::Degraded {
            kind: Watched::Pods,
            why: "pods is forbidden".to_owned(),
        },
        Event::LostContact {
            kind: Watched::Deployments,
            why: "connection refused".to_owned(),
        },
        Event::RegainedContact {
            kind: Watched::Deployments,
            lost: seconds(7),
        },
        Event::Heartbeat {
            deployment: web(),
            status: Status::Progressing {
                waiting: Waiting::Old,
                counts: rolling(),
            },
            elapsed: seconds(60),
            trouble: None,
        },
        Event::Finished(Box::new(finished)),
    ];
    assert_data_eq!(
        lines(events.iter().map(event)),
        str![[r#"
web: changed, the rollout begins.
web: unchanged, looking at what runs.
web: following the rollout that began 1 min 30 s ago.
web: 4 of 10 pods new, 3 of them available; 10 of 10 serving; waiting for more new pods.
web: 4 of 10 pods new, 3 of them available; 10 of 10 serving; waiting for new pods to become available. Container app crashed once, with exit code 1.
web: the deployment controller has not reacted for 30 s.
web: somebody paused the rollout; 4 of 10 pods new, 3 of them available; 10 of 10 serving.
web: the rollout was resumed.
web: scaled from 3 to 6 meanwhile; 6 are waited for now.
web: Container app crashed once, with exit code 1.
web: recovered from: Container app crashed once, with exit code 1.
Pods cannot be read, so failures show late and without their cause: pods is forbidden
Lost sight of Deployments, trying again: connection refused
Deployments can be seen again after 7 s.
web, after 1 min: 4 of 10 pods new, 3 of them available; 10 of 10 serving; waiting for old pods to stop.
web: complete after 1 min 23 s: 10 of 10 pods are new and serve. (capacity never below 10 of 10)
"#]]
    );
}

#[test]
fn each_status_has_its_words() {
    let counts = rolling();
    let statuses = [
        Status::Pending { silent: false },
        Status::Pending { silent: true },
        Status::Progressing {
            waiting: Waiting::Updated,
            counts,
        },
        Status::Progressing {
            waiting: Waiting::Old,
            counts,
        },
        Status::Progressing {
            waiting: Waiting::ScaleDown,
            counts,
        },
        Status::Progressing {
            waiting: Waiting::Available,
            counts,
        },
        Status::Progressing {
            waiting: Waiting::Terminating,
            counts,
        },
        Status::Progressing {
            waiting: Waiting::Updated,
            counts: Counts {
                new_available: None,
                ..counts
            },
        },
        Status::Complete { counts },
        Status::Complete {
            counts: Counts::default(),
        },
        Status::Failed {
            failure: Failure::Deadline,
            counts,
        },
        Status::Paused { counts },
        Status::Superseded {
            by: Successor::Deploy {
                id: "d-7".to_owned(),
                user: None,
            },
        },
        Status::Superseded {
            by: Successor::Reverted { manager: None },
        },
        Status::Superseded {
            by: Successor::Other { manager: None },
        },
        Status::Gone(Departure::Deleted),
        Status::Gone(Departure::Recreated),
        Status::TimedOut { counts },
    ];
    assert_data_eq!(
        lines(statuses.iter().map(standing)),
        str![[r#"
waiting for the controller to take notice.
the deployment controller is not reacting.
4 of 10 pods new, 3 of them available; 10 of 10 serving; waiting for more new pods.
4 of 10 pods new, 3 of them available; 10 of 10 serving; waiting for old pods to stop.
4 of 10 pods new, 3 of them available; 10 of 10 serving; waiting for surplus pods to stop.
4 of 10 pods new, 3 of them available; 10 of 10 serving; waiting for new pods to become available.
4 of 10 pods new, 3 of them available; 10 of 10 serving; waiting for old pods to finish.
4 of 10 pods new; 10 of 10 serving; waiting for more new pods.
complete, 10 of 10 serving.
complete, with zero replicas.
failed; 4 of 10 pods new, 3 of them available; 10 of 10 serving.
paused; 4 of 10 pods new, 3 of them available; 10 of 10 serving.
overtaken by a later deploy.
the version from before was put back.
the pod template was changed.
deleted.
deleted and created anew.
still rolling out; 4 of 10 pods new, 3 of them available; 10 of 10 serving.
"#]]
    );
}
