//! Scripted situations: what ends a watch, what does not, and what is said on the way.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Driver, Outcome, at, seconds, seen};
use crate::exit_code::ExitCode;
use crate::rollout::event::Event;
use crate::rollout::follow::Options;
use crate::rollout::verdict::{self, Answer, Doubt, Impact, Missing, Overtaker};
use crate::rollout::{
    Applied, Failure, Input, Patience, ProgressingStamp, Signal, Status, Successor, Want, Watched,
};

fn template(tag: &str) -> Value {
    json!({"metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "app", "image": format!("x/app:{tag}")}]}})
}

/// The receipt of a write that made generation 2 at resourceVersion 100.
fn applied(name: &str) -> Applied {
    Applied {
        deployment: name.to_owned(),
        uid: format!("uid-{name}"),
        generation: 2,
        resource_version: "100".to_owned(),
        template: template("v2"),
        template_before: Some(template("v1")),
        deploy_id: Some("d-2".to_owned()),
        progressing_before: Some(ProgressingStamp {
            reason: "NewReplicaSetAvailable".to_owned(),
            last_update_time: "2026-01-01T00:00:00Z".to_owned(),
        }),
        written: true,
        age: Duration::ZERO,
    }
}

/// A Deployment of three replicas in its first second: observed, one new pod made.
#[derive(Clone)]
struct Web {
    name: &'static str,
    version: u32,
    uid: Option<&'static str>,
    generation: i64,
    observed: i64,
    wanted: i32,
    total: i32,
    updated: i32,
    available: i32,
    paused: bool,
    tag: &'static str,
    progressing: (&'static str, &'static str),
    deadline: i32,
}

impl Web {
    fn rolling(version: u32) -> Self {
        Self {
            name: "web",
            version,
            uid: None,
            generation: 2,
            observed: 2,
            wanted: 3,
            total: 4,
            updated: 1,
            available: 3,
            paused: false,
            tag: "v2",
            progressing: ("ReplicaSetUpdated", "2026-01-01T00:01:00Z"),
            deadline: 600,
        }
    }

    fn complete(version: u32) -> Self {
        Self {
            total: 3,
            updated: 3,
            progressing: ("NewReplicaSetAvailable", "2026-01-01T00:01:10Z"),
            ..Self::rolling(version)
        }
    }

    fn value(&self) -> Value {
        let (reason, time) = self.progressing;
        let uid = self.uid.map_or(format!("uid-{}", self.name), str::to_owned);
        json!({
            "metadata": {"name": self.name, "uid": uid, "generation": self.generation,
                "resourceVersion": self.version.to_string()},
            "spec": {"replicas": self.wanted, "paused": self.paused, "template": template(self.tag),
                "progressDeadlineSeconds": self.deadline},
            "status": {"observedGeneration": self.observed, "replicas": self.total,
                "updatedReplicas": self.updated, "availableReplicas": self.available,
                "conditions": [{"type": "Progressing", "reason": reason, "lastUpdateTime": time}]},
        })
    }

    fn changed(&self) -> Input {
        Input::Changed(seen(Watched::Deployments, &self.value()))
    }

    fn listed(&self) -> Input {
        list(Watched::Deployments, &[self.value()])
    }
}

fn list(kind: Watched, objects: &[Value]) -> Input {
    let objects = objects.iter().map(|object| seen(kind, object)).collect();
    Input::Listed { kind, objects }
}

fn replica_set(name: &str, tag: &str, version: u32, status: &Value) -> Value {
    json!({
        "metadata": {"name": format!("{name}-{tag}"), "uid": format!("rs-{name}-{tag}"),
            "resourceVersion": version.to_string(), "creationTimestamp": "2026-01-01T00:00:00Z",
            "ownerReferences": [{"uid": format!("uid-{name}"), "name": name, "controller": true}]},
        "spec": {"replicas": 3, "template": template(tag)},
        "status": status,
    })
}

/// The new ReplicaSet with so many pods, and so many of them available.
fn new_set(version: u32, pods: i32, available: i32) -> Value {
    let status =
        json!({"replicas": pods, "readyReplicas": available, "availableReplicas": available});
    replica_set("web", "v2", version, &status)
}

fn pod(name: &str, set: &str, version: u32, container: &Value) -> Value {
    json!({
        "metadata": {"name": name, "uid": format!("pod-{name}"), "resourceVersion": version.to_string(),
            "ownerReferences": [{"uid": format!("rs-web-{set}"), "name": "web", "controller": true}]},
        "spec": {"nodeName": "node", "containers": [
            {"name": "app", "image": "x/app:v2", "readinessProbe": {"httpGet": {"port": 80}}}]},
        "status": {"phase": "Pending", "containerStatuses": [container]},
    })
}

fn waiting(reason: &str) -> Value {
    json!({"name": "app", "state": {"waiting": {"reason": reason, "message": "it says so"}}})
}

fn changed(kind: Watched, object: &Value) -> Input {
    Input::Changed(seen(kind, object))
}

/// A watch that has seen that there are no ReplicaSets and no pods yet.
fn begun(applied: Applied) -> Driver {
    let mut driver = Driver::start(vec![applied], Options::default(), at(0.0));
    driver.feed(list(Watched::ReplicaSets, &[]));
    driver.feed(list(Watched::Pods, &[]));
    driver
}

/// A watch that has seen everything of a rollout that goes well so far.
fn rolling() -> Driver {
    rolling_with(Options::default())
}

fn rolling_with(options: Options) -> Driver {
    let mut driver = Driver::start(vec![applied("web")], options, at(0.0));
    driver.feed(Web::rolling(101).listed());
    let running = json!({"name": "app", "started": true, "state": {"running": {}}});
    driver.feed(list(Watched::ReplicaSets, &[new_set(102, 1, 0)]));
    driver.feed(list(Watched::Pods, &[pod("a", "v2", 103, &running)]));
    driver
}

fn completed(mut driver: Driver) -> Outcome {
    driver.feed(changed(Watched::ReplicaSets, &new_set(200, 3, 3)));
    driver.feed(Web::complete(201).changed());
    driver.finish()
}

fn outcome_of(driver: Driver) -> verdict::Outcome {
    driver.finish().only().outcome.clone()
}

fn names(events: &[(crate::rollout::Moment, Event)]) -> Vec<&'static str> {
    let name = |event: &Event| match event {
        Event::Started { .. } => "started",
        Event::Progress { .. } => "progress",
        Event::Silent { .. } => "silent",
        Event::Paused { .. } => "paused",
        Event::Resumed { .. } => "resumed",
        Event::Rescaled { .. } => "rescaled",
        Event::Trouble { .. } => "trouble",
        Event::Recovered { .. } => "recovered",
        Event::Degraded { .. } => "degraded",
        Event::LostContact { .. } => "lost",
        Event::RegainedContact { .. } => "regained",
        Event::Heartbeat { .. } => "heartbeat",
        Event::Finished(_) => "finished",
    };
    events.iter().map(|(_, event)| name(event)).collect()
}

#[test]
fn a_run_without_a_change_has_succeeded_at_once() {
    let driver = Driver::start(Vec::new(), Options::default(), at(0.0));
    assert_eq!(driver.finish().verdict.answer, Answer::Succeeded);
}

#[test]
fn each_deployment_gets_its_outcome_and_the_worst_is_the_answer() {
    let both = vec![applied("web"), applied("worker")];
    let mut driver = Driver::start(both, Options::default(), at(0.0));
    driver.feed(Web::complete(101).changed());
    driver.feed(changed(Watched::ReplicaSets, &new_set(102, 3, 3)));
    assert!(driver.verdict.is_none());
    let worker = Web {
        name: "worker",
        progressing: ("ProgressDeadlineExceeded", "2026-01-01T00:10:00Z"),
        ..Web::rolling(103)
    };
    driver.feed(worker.changed());
    let outcome = driver.finish();
    let ends: Vec<_> = outcome
        .verdict
        .conclusions
        .iter()
        .map(|conclusion| (conclusion.deployment.as_str(), &conclusion.outcome))
        .collect();
    assert_eq!(
        ends,
        [
            ("web", &verdict::Outcome::Complete),
            ("worker", &verdict::Outcome::Failed(Failure::Deadline)),
        ]
    );
    assert_eq!(ExitCode::from(&outcome.verdict).number(), 20);
}

#[test]
fn a_missing_write_makes_every_success_partial() {
    let options = Options {
        missing: Missing::named(vec!["worker".to_owned()]),
        ..Options::default()
    };
    let outcome = completed(rolling_with(options));
    assert_eq!(outcome.verdict.answer, Answer::Partial);
    assert_eq!(outcome.only().outcome, verdict::Outcome::Complete);
}

#[test]
fn news_from_before_the_write_is_no_news() {
    let mut driver = Driver::start(vec![applied("web")], Options::default(), at(0.0));
    driver.feed(list(Watched::ReplicaSets, &[new_set(90, 3, 3)]));
    for old in [
        // The rollout before, with another template.
        Web {
            tag: "v1",
            generation: 1,
            observed: 1,
            ..Web::complete(99)
        },
        // An opaque resourceVersion, but an older generation.
        Web {
            tag: "v1",
            generation: 1,
            observed: 1,
            ..Web::complete(150)
        },
    ] {
        driver.feed(old.changed());
        driver.feed(old.listed());
        assert!(driver.verdict.is_none());
    }
    assert_eq!(completed(driver).verdict.answer, Answer::Succeeded);
}

#[test]
fn the_newest_state_wins_whatever_comes_last() {
    let mut driver = rolling();
    let stale = Web {
        tag: "v3",
        ..Web::rolling(100)
    };
    driver.feed(Web::rolling(150).changed());
    driver.feed(stale.changed());
    assert!(driver.verdict.is_none());
    // "99" is less than "150", though greater as text.
    driver.feed(
        Web {
            tag: "v3",
            ..Web::rolling(99)
        }
        .changed(),
    );
    assert!(driver.verdict.is_none());
}

#[test]
fn what_a_list_does_not_hold_is_gone() {
    let mut driver = rolling();
    driver.feed_at(at(5.0), list(Watched::Deployments, &[]));
    let outcome = outcome_of(driver);
    assert_eq!(outcome, verdict::Outcome::Overtaken(Overtaker::Deleted));
}

#[test]
fn a_read_that_finds_nothing_means_gone() {
    let mut driver = rolling();
    driver.feed(Input::Missing {
        deployment: "web".to_owned(),
    });
    let outcome = outcome_of(driver);
    assert_eq!(outcome, verdict::Outcome::Overtaken(Overtaker::Deleted));
}

#[test]
fn a_namesake_is_not_followed() {
    let mut driver = rolling();
    driver.feed(
        Web {
            uid: Some("uid-other"),
            generation: 1,
            ..Web::complete(110)
        }
        .changed(),
    );
    let outcome = outcome_of(driver);
    assert_eq!(outcome, verdict::Outcome::Overtaken(Overtaker::Recreated));
}

#[test]
fn another_template_ends_the_watch() {
    let mut driver = rolling();
    driver.feed(
        Web {
            tag: "v1",
            generation: 3,
            ..Web::rolling(110)
        }
        .changed(),
    );
    let outcome = driver.finish();
    assert_eq!(
        outcome.only().outcome,
        verdict::Outcome::Overtaken(Overtaker::Change(Successor::Reverted { manager: None }))
    );
    assert_eq!(ExitCode::from(&outcome.verdict).number(), 25);
}

#[test]
fn what_may_not_be_read_is_said_once_and_done_without() {
    let mut driver = Driver::start(vec![applied("web")], Options::default(), at(0.0));
    for _ in 0..2 {
        for kind in [Watched::ReplicaSets, Watched::Pods, Watched::Events] {
            let why = "forbidden".to_owned();
            driver.feed(Input::Forbidden { kind, why });
        }
    }
    driver.feed(Web::rolling(101).changed());
    driver.feed(Web::complete(102).changed());
    let outcome = driver.finish();
    assert_eq!(
        names(&outcome.events),
        [
            "started", "degraded", "degraded", "degraded", "progress", "finished"
        ]
    );
    assert_eq!(outcome.verdict.answer, Answer::Succeeded);
    let impact = outcome.only().impact;
    assert_eq!(
        impact,
        Impact::Serving {
            available: 3,
            wanted: 3,
            new: None
        }
    );
}

#[test]
fn without_deployments_there_is_nothing_to_see() {
    let mut driver = rolling();
    let why = "403".to_owned();
    driver.feed(Input::Forbidden {
        kind: Watched::Deployments,
        why: why.clone(),
    });
    let outcome = driver.finish();
    assert_eq!(
        outcome.only().outcome,
        verdict::Outcome::Unknown(Doubt::Expelled { why })
    );

    let mut driver = rolling();
    driver.feed(Input::Expelled {
        why: "401".to_owned(),
    });
    assert_eq!(driver.finish().verdict.answer, Answer::Unknown);
}

fn lost() -> Input {
    Input::Lost {
        kind: Watched::Deployments,
        why: "connection refused".to_owned(),
    }
}

#[test]
fn a_short_loss_is_not_worth_a_word_and_a_longer_one_is() {
    let mut driver = rolling();
    driver.feed_at(at(1.0), lost());
    driver.feed_at(
        at(5.0),
        Input::Restored {
            kind: Watched::Deployments,
        },
    );
    driver.feed_at(at(10.0), lost());
    driver.feed_at(
        at(16.0),
        Input::Restored {
            kind: Watched::Deployments,
        },
    );
    let said = names(&driver.events);
    assert_eq!(said, ["started", "progress", "lost", "regained"]);
}

#[test]
fn lost_contact_ends_in_doubt() {
    let mut driver = rolling();
    driver.feed_at(at(10.0), lost());
    let outcome = driver.finish();
    assert_eq!(outcome.when, at(130.0));
    let why = "connection refused".to_owned();
    let lost = seconds(120.0);
    assert_eq!(
        outcome.only().outcome,
        verdict::Outcome::Unknown(Doubt::LostContact { lost, why })
    );
}

#[test]
fn reads_beside_a_broken_watch_keep_contact() {
    let mut driver = rolling();
    driver.feed_at(at(10.0), lost());
    for read in 1..20 {
        driver.feed_at(
            at(10.0 + 15.0 * f64::from(read)),
            Web::rolling(101).changed(),
        );
    }
    assert!(driver.verdict.is_none());
    assert_eq!(completed(driver).verdict.answer, Answer::Succeeded);
}

#[test]
fn a_deployment_that_never_shows_ends_in_doubt() {
    let driver = Driver::start(vec![applied("web")], Options::default(), at(0.0));
    let outcome = driver.finish();
    assert_eq!(outcome.when, at(120.0));
    assert_eq!(outcome.verdict.answer, Answer::Unknown);
}

#[test]
fn signals_detach_at_once() {
    for (signal, code) in [
        (Signal::HangUp, 129),
        (Signal::Interrupt, 130),
        (Signal::Terminate, 143),
    ] {
        let mut driver = rolling();
        driver.feed_at(at(3.0), Input::Signal(signal));
        let outcome = driver.finish();
        assert_eq!(outcome.when, at(3.0));
        assert_eq!(ExitCode::from(&outcome.verdict).number(), code);
        assert!(outcome.verdict.has_written());
        assert!(matches!(
            outcome.only().outcome,
            verdict::Outcome::Interrupted(Status::Progressing { .. })
        ));
    }
}

#[test]
fn a_signal_while_evidence_is_collected_does_not_hide_the_failure() {
    let mut driver = rolling();
    driver.answers = false;
    driver.feed(changed(
        Watched::Pods,
        &pod("a", "v2", 110, &waiting("InvalidImageName")),
    ));
    assert!(driver.verdict.is_none());
    driver.feed(Input::Signal(Signal::Interrupt));
    assert_eq!(driver.finish().verdict.answer, Answer::Failed);
}

#[test]
fn a_controller_that_does_not_react_is_said_and_then_given_up() {
    let mut driver = Driver::start(vec![applied("web")], Options::default(), at(0.0));
    driver.feed(
        Web {
            observed: 1,
            ..Web::complete(101)
        }
        .changed(),
    );
    let outcome = driver.finish();
    let silent = outcome
        .events
        .iter()
        .find(|(_, event)| matches!(event, Event::Silent { .. }));
    assert_eq!(silent.map(|(when, _)| *when), Some(at(30.0)));
    // The condition is the one from before the change, so the controller keeps no deadline.
    assert_eq!(outcome.when, at(600.0));
    assert!(matches!(
        outcome.only().outcome,
        verdict::Outcome::Unknown(Doubt::ControllerSilent { .. })
    ));
}

#[test]
fn an_edit_late_in_the_rollout_is_no_silence() {
    let mut driver = rolling();
    let edited = Web {
        generation: 3,
        ..Web::rolling(110)
    };
    driver.feed_at(at(100.0), edited.changed());
    driver.run_to(at(101.0));
    driver.feed(
        Web {
            observed: 3,
            ..edited
        }
        .changed(),
    );
    assert!(!names(&driver.events).contains(&"silent"));
}

#[test]
fn a_rollback_that_the_controller_never_gives_up_is_given_up_here() {
    let mut applied = applied("web");
    let before = ("ProgressDeadlineExceeded", "2026-01-01T00:00:30Z");
    applied.progressing_before = Some(ProgressingStamp {
        reason: before.0.to_owned(),
        last_update_time: before.1.to_owned(),
    });
    let mut driver = begun(applied);
    driver.feed_at(
        at(1.0),
        Web {
            progressing: before,
            ..Web::rolling(101)
        }
        .changed(),
    );
    let outcome = driver.finish();
    assert_eq!(outcome.when, at(601.0));
    let without_progress = seconds(600.0);
    assert_eq!(
        outcome.only().outcome,
        verdict::Outcome::Failed(Failure::OwnDeadline { without_progress })
    );
}

#[test]
fn a_deadline_reported_before_the_change_was_seen_is_a_leftover() {
    let missed = ("ProgressDeadlineExceeded", "2026-01-01T00:00:59Z");
    let mut driver = Driver::start(vec![applied("web")], Options::default(), at(0.0));
    // The plan was made before the old rollout missed its deadline.
    driver.feed(
        Web {
            observed: 1,
            progressing: missed,
            ..Web::rolling(101)
        }
        .changed(),
    );
    driver.feed(
        Web {
            progressing: missed,
            ..Web::rolling(102)
        }
        .changed(),
    );
    assert!(driver.verdict.is_none());
    assert_eq!(completed(driver).verdict.answer, Answer::Succeeded);
}

fn refused(version: u32, pods: i32, available: i32) -> Value {
    let mut set = new_set(version, pods, available);
    set["status"]["conditions"] = json!([{"type": "ReplicaFailure", "status": "True",
        "reason": "FailedCreate", "message": "exceeded quota: an old text"}]);
    set
}

#[test]
fn refused_pods_fail_the_rollout_with_the_text_of_the_event() {
    let mut driver = begun(applied("web"));
    driver.feed(
        Web {
            total: 3,
            updated: 0,
            ..Web::rolling(101)
        }
        .changed(),
    );
    driver.feed(changed(Watched::ReplicaSets, &refused(102, 0, 0)));
    let event = json!({"metadata": {"uid": "e1", "resourceVersion": "103"}, "type": "Warning",
        "involvedObject": {"kind": "ReplicaSet", "name": "web-v2", "uid": "rs-web-v2"},
        "reason": "FailedCreate", "message": "exceeded quota: pods, used 3, limited 3", "count": 4});
    driver.feed(changed(Watched::Events, &event));
    let outcome = driver.finish();
    assert_eq!(outcome.when, at(30.0));
    let message = "exceeded quota: pods, used 3, limited 3".to_owned();
    assert_eq!(
        outcome.only().outcome,
        verdict::Outcome::Failed(Failure::PodCreate {
            message: message.clone()
        })
    );
    assert_eq!(
        outcome.only().impact,
        Impact::Unaffected { old: 3, wanted: 3 }
    );
    let remark = &outcome.only().evidence.events[0];
    assert_eq!((remark.name.as_str(), remark.count), ("web-v2", 4));
    assert_eq!(remark.message, message);
}

#[test]
fn refused_pods_do_not_matter_while_others_come_up() {
    let mut driver = begun(applied("web"));
    driver.feed(Web::rolling(101).changed());
    // Quota lets one pod through at a time, and each takes 25 s to become available.
    for round in 0..4 {
        let version = 200 + round * 10;
        let time = 25.0 * f64::from(round);
        let available = i32::try_from(round).unwrap();
        driver.feed_at(
            at(time),
            changed(
                Watched::ReplicaSets,
                &refused(version, available + 1, available),
            ),
        );
    }
    driver.run_to(at(104.0));
    assert!(driver.verdict.is_none());
    // Then nothing comes up any more.
    driver.feed(changed(Watched::ReplicaSets, &refused(300, 4, 4)));
    assert_eq!(driver.finish().when, at(134.0));
}

#[test]
fn a_replica_set_that_cannot_be_created_is_not_waited_for() {
    let mut driver = begun(applied("web"));
    let error = ("ReplicaSetCreateError", "2026-01-01T00:01:00Z");
    driver.feed(
        Web {
            observed: 1,
            progressing: error,
            ..Web::complete(101)
        }
        .changed(),
    );
    let outcome = driver.finish();
    assert_eq!(outcome.when, at(15.0));
    assert!(matches!(
        outcome.only().outcome,
        verdict::Outcome::Failed(Failure::ReplicaSetCreate { .. })
    ));
}

/// A watch that was asleep from 10 s to an hour later.
fn slept() -> Driver {
    let mut driver = rolling();
    driver.run_to(at(10.0));
    driver.now = at(3610.0);
    driver.feed(Input::Tick);
    assert!(driver.verdict.is_none(), "nothing is known of the hour");
    driver
}

#[test]
fn after_a_sleep_the_present_state_decides() {
    let mut driver = slept();
    driver.feed_at(
        at(3612.0),
        changed(Watched::ReplicaSets, &new_set(200, 3, 3)),
    );
    driver.feed(Web::complete(201).listed());
    let outcome = driver.finish();
    assert_eq!(outcome.verdict.answer, Answer::Succeeded);
    assert_eq!(outcome.when, at(3612.0));
}

#[test]
fn after_a_sleep_what_still_stands_still_has_failed() {
    let mut driver = slept();
    driver.feed_at(at(3610.1), Web::rolling(101).changed());
    assert!(driver.verdict.is_none(), "it may come out of a buffer");
    driver.feed_at(at(3612.0), Web::rolling(101).listed());
    assert!(driver.verdict.is_none(), "pods may have come up");
    driver.feed_at(at(3613.0), list(Watched::Pods, &[]));
    let outcome = driver.finish();
    assert_eq!(outcome.when, at(3613.0));
    assert!(matches!(
        outcome.only().outcome,
        verdict::Outcome::Failed(Failure::OwnDeadline { .. })
    ));
}

#[test]
fn after_a_sleep_without_a_word_contact_is_lost() {
    let outcome = slept().finish();
    assert_eq!(outcome.when, at(3730.0));
    assert!(matches!(
        outcome.only().outcome,
        verdict::Outcome::Unknown(Doubt::LostContact { .. })
    ));
}

#[test]
fn something_is_said_every_half_minute() {
    let mut driver = rolling();
    driver.run_to(at(100.0));
    // At 30 s the pod's readiness has been waited for as long.
    let said: Vec<_> = driver
        .events
        .iter()
        .map(|(when, _)| when.0.as_secs())
        .collect();
    assert_eq!(said, [0, 0, 30, 60, 90]);
    assert_eq!(
        names(&driver.events)[2..],
        ["trouble", "heartbeat", "heartbeat"]
    );
}

#[test]
fn evidence_is_waited_for_but_not_for_long() {
    let mut driver = rolling();
    driver.answers = false;
    driver.feed_at(
        at(1.0),
        changed(
            Watched::Pods,
            &pod("a", "v2", 110, &waiting("InvalidImageName")),
        ),
    );
    assert!(driver.verdict.is_none());
    let events = driver
        .wants
        .iter()
        .filter(|want| matches!(want, Want::Events { .. }));
    assert_eq!(events.count(), 1);
    assert_eq!(driver.finish().when, at(4.0));
}

#[test]
fn a_log_that_cannot_be_read_says_why() {
    let mut driver = rolling();
    driver.answers = false;
    let ended = json!({"name": "app", "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 1}}});
    driver.feed(changed(Watched::Pods, &pod("a", "v2", 110, &ended)));
    assert!(driver.wants.contains(&Want::Log {
        pod: "a".to_owned(),
        container: "app".to_owned(),
        previous: true,
        tail_lines: 20,
    }));
    driver.feed(Input::Log {
        pod: "a".to_owned(),
        container: "app".to_owned(),
        previous: true,
        lines: Err("forbidden".to_owned()),
    });
    driver.feed(Input::Evidence {
        deployment: "web".to_owned(),
        events: Vec::new(),
    });
    let outcome = driver.finish();
    assert_eq!(outcome.when, at(0.0), "all answers are there");
    assert_eq!(
        outcome.only().evidence.logs[0].lines,
        Err("forbidden".to_owned())
    );
}

#[test]
fn what_heals_while_evidence_is_collected_has_not_failed() {
    let mut driver = rolling();
    driver.answers = false;
    driver.feed(changed(
        Watched::Pods,
        &pod("a", "v2", 110, &waiting("InvalidImageName")),
    ));
    let well = json!({"name": "app", "ready": true, "state": {"running": {}}});
    driver.feed_at(at(1.0), changed(Watched::Pods, &pod("a", "v2", 111, &well)));
    driver.run_to(at(20.0));
    assert!(driver.verdict.is_none());
    assert_eq!(completed(driver).verdict.answer, Answer::Succeeded);
}

#[test]
fn the_old_version_s_broken_pods_are_no_verdict_on_the_new_one() {
    let mut driver = rolling();
    let old = replica_set("web", "v1", 104, &json!({"replicas": 3}));
    driver.feed(changed(Watched::ReplicaSets, &old));
    driver.feed(changed(
        Watched::Pods,
        &pod("old", "v1", 105, &waiting("InvalidImageName")),
    ));
    driver.run_to(at(20.0));
    assert!(driver.verdict.is_none());
    assert!(!names(&driver.events).contains(&"trouble"));
}

#[test]
fn a_pod_that_comes_before_its_replica_set_is_not_forgotten() {
    let mut driver = begun(applied("web"));
    driver.feed(Web::rolling(101).changed());
    driver.feed(changed(
        Watched::Pods,
        &pod("a", "v2", 103, &waiting("InvalidImageName")),
    ));
    assert!(driver.verdict.is_none());
    driver.feed(changed(Watched::ReplicaSets, &new_set(102, 1, 0)));
    assert!(driver.verdict.is_some());
}

#[test]
fn a_new_number_of_replicas_is_followed() {
    let mut driver = rolling();
    driver.feed(
        Web {
            wanted: 6,
            generation: 3,
            observed: 3,
            ..Web::complete(110)
        }
        .changed(),
    );
    assert!(driver.verdict.is_none());
    assert!(
        driver
            .events
            .iter()
            .any(|(_, event)| { matches!(event, Event::Rescaled { from: 3, to: 6, .. }) })
    );
    driver.feed(
        Web {
            wanted: 0,
            total: 0,
            updated: 0,
            available: 0,
            generation: 4,
            observed: 4,
            ..Web::complete(111)
        }
        .changed(),
    );
    let outcome = driver.finish();
    assert_eq!(outcome.only().outcome, verdict::Outcome::Complete);
    assert_eq!(outcome.only().counts.map(|counts| counts.wanted), Some(0));
}

#[test]
fn trouble_is_told_once_and_so_is_recovery() {
    let mut driver = rolling();
    let trouble = waiting("RegistryUnavailable");
    driver.feed_at(
        at(1.0),
        changed(Watched::Pods, &pod("a", "v2", 110, &trouble)),
    );
    driver.feed_at(
        at(2.0),
        changed(Watched::Pods, &pod("a", "v2", 111, &trouble)),
    );
    driver.feed_at(
        at(3.0),
        changed(Watched::Pods, &pod("b", "v2", 112, &trouble)),
    );
    let well = json!({"name": "app", "ready": true, "state": {"running": {}}});
    driver.feed_at(at(4.0), changed(Watched::Pods, &pod("a", "v2", 113, &well)));
    driver.feed(changed(Watched::Pods, &pod("b", "v2", 114, &well)));
    driver.run_to(at(20.0));
    let told: Vec<_> = driver
        .events
        .iter()
        .filter(|(_, event)| matches!(event, Event::Trouble { .. } | Event::Recovered { .. }))
        .map(|(when, _)| *when)
        .collect();
    assert_eq!(told, [at(1.0), at(14.0)]);
}

#[test]
fn a_failure_that_was_there_before_is_explained_once_the_pods_are_seen() {
    let mut found = applied("web");
    found.written = false;
    found.progressing_before = None;
    let mut driver = Driver::start(vec![found], Options::default(), at(0.0));
    let missed = ("ProgressDeadlineExceeded", "2026-01-01T00:10:00Z");
    driver.feed(
        Web {
            progressing: missed,
            ..Web::rolling(101)
        }
        .listed(),
    );
    assert!(driver.verdict.is_none());
    driver.feed(list(Watched::ReplicaSets, &[new_set(102, 1, 0)]));
    driver.feed(list(
        Watched::Pods,
        &[pod("a", "v2", 103, &waiting("CreateContainerConfigError"))],
    ));
    let outcome = driver.finish();
    assert_eq!(outcome.when, at(0.0));
    assert_eq!(outcome.only().causes[0].cause.kind(), "config");
}

fn attached(age: f64, server_time: &str) -> Driver {
    let options = Options {
        server_time: Some(server_time.parse().unwrap()),
        ..Options::default()
    };
    let mut applied = applied("web");
    applied.age = seconds(age);
    applied.written = false;
    let mut driver = Driver::start(vec![applied], options, at(0.0));
    // The condition was written at 00:01:00.
    driver.feed(Web::rolling(101).listed());
    driver.feed(list(Watched::ReplicaSets, &[new_set(102, 1, 0)]));
    driver.feed(list(Watched::Pods, &[]));
    driver
}

#[test]
fn one_who_attaches_counts_the_time_before() {
    // Ten minutes and ten seconds after the last sign of progress.
    let outcome = attached(620.0, "2026-01-01T00:11:10Z").finish();
    assert_eq!(outcome.when, at(0.0));
    assert_eq!(outcome.verdict.answer, Answer::Failed);
    // Half an hour old, but it moved ten seconds ago.
    let outcome = attached(1800.0, "2026-01-01T00:01:10Z").finish();
    assert_eq!(outcome.when, at(600.0));
}

#[test]
fn short_patience_is_honoured() {
    let patience = Patience {
        second_sighting: seconds(0.5),
        evidence: seconds(0.1),
        ..Patience::default()
    };
    let options = Options {
        patience,
        ..Options::default()
    };
    let mut driver = rolling_with(options);
    let pulling = json!({"name": "app", "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}});
    driver.feed(changed(Watched::Pods, &pod("a", "v2", 110, &pulling)));
    assert_eq!(driver.finish().when, at(0.5));
}
