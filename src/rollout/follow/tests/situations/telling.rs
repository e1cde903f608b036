//! What is said and asked on the way, and what one who attaches is told.

use super::*;

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

#[test]
fn one_who_attaches_takes_lasting_trouble_of_an_old_pod_for_a_second_sighting() {
    let look = |server_time: &str| {
        let mut found = applied("web");
        found.written = false;
        let options = Options {
            server_time: Some(server_time.parse().unwrap()),
            ..Options::default()
        };
        let mut driver = Driver::start(vec![found], options, at(0.0));
        driver.feed(Web::rolling(101).listed());
        driver.feed(list(Watched::ReplicaSets, &[new_set(102, 1, 0)]));
        let mut broken = pod("a", "v2", 103, &waiting("CreateContainerConfigError"));
        broken["metadata"]["creationTimestamp"] = "2026-01-01T00:01:00Z".into();
        driver.feed(list(Watched::Pods, &[broken]));
        driver.finish().when
    };
    assert_eq!(look("2026-01-01T00:01:10Z"), at(0.0), "the pod is 10 s old");
    assert_eq!(look("2026-01-01T00:01:09Z"), at(10.0), "the pod is younger");
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
fn one_who_attaches_without_a_list_of_deployments_sees_progress_too() {
    let mut applied = applied("web");
    applied.written = false;
    let mut driver = Driver::start(vec![applied], Options::default(), at(0.0));
    driver.feed(Web::rolling(101).changed());
    driver.feed(list(Watched::ReplicaSets, &[new_set(102, 1, 0)]));
    driver.feed(list(Watched::Pods, &[]));
    let further = Web {
        updated: 2,
        ..Web::rolling(110)
    };
    driver.feed_at(at(500.0), further.changed());
    let outcome = driver.finish();
    assert_eq!(outcome.when, at(1110.0), "the deadline began anew");
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

#[test]
fn users_are_called_unaffected_only_if_no_new_pod_was_ever_ready() {
    let fail = |mut driver: Driver| {
        let missed = ("ProgressDeadlineExceeded", "2026-01-01T00:10:00Z");
        driver.feed(
            Web {
                progressing: missed,
                ..Web::rolling(190)
            }
            .changed(),
        );
        driver.finish().only().impact
    };
    let unaffected = Impact::Unaffected { old: 3, wanted: 3 };
    assert_eq!(fail(rolling()), unaffected);

    let mut served = rolling();
    let ready = json!({"name": "app", "ready": true, "state": {"running": {}}});
    let gone = json!({"name": "app", "state": {"terminated": {"exitCode": 1}}});
    for (version, status) in [(110, ready), (111, gone)] {
        served.feed(changed(Watched::Pods, &pod("a", "v2", version, &status)));
    }
    assert_ne!(fail(served), unaffected, "one was Ready for a moment");

    let mut short = rolling();
    let dip = Web {
        available: 2,
        ..Web::rolling(110)
    };
    short.feed(dip.changed());
    assert_ne!(fail(short), unaffected, "capacity fell for a moment");

    let unseen = Driver::start(vec![applied("web")], Options::default(), at(0.0));
    assert_ne!(fail(unseen), unaffected, "pods were never seen");
}
