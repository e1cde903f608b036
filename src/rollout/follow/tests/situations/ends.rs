//! What ends the watch of a rollout, and what does not.

use super::*;

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
