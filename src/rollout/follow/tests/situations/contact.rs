//! What reaches the watch and what does not: lists, late news, losses, refusals, sleep, signals.

use super::*;

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
fn pods_out_of_sight_doom_nothing_and_the_timeout_still_holds() {
    let options = Options {
        timeout: Some(seconds(300.0)),
        ..Options::default()
    };
    let mut driver = rolling_with(options);
    let pulling = json!({"name": "app", "state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}});
    driver.feed(changed(Watched::Pods, &pod("a", "v2", 110, &pulling)));
    driver.feed(Input::Lost {
        kind: Watched::Pods,
        why: "reset".to_owned(),
    });
    let outcome = driver.finish();
    assert_eq!(outcome.when, at(300.0));
    assert_eq!(
        outcome.only().outcome,
        verdict::Outcome::Unknown(Doubt::TimedOut)
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
