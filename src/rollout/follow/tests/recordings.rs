//! Each recording of a real control plane and the verdict it must get.

use super::support::{Driver, Outcome, Recording, at, seconds};
use crate::rollout::diagnose::Cause;
use crate::rollout::event::Event;
use crate::rollout::follow::Options;
use crate::rollout::verdict::{self, Answer, Doubt, Impact, Overtaker};
use crate::rollout::{Failure, Patience, Status, Successor, Want};

fn follow(name: &str, nth: usize, options: Options) -> Outcome {
    let recording = Recording::read(name);
    let (applied, time) = recording.applied(nth);
    let mut driver = Driver::start(vec![applied], options, at(time));
    recording.play(&mut driver);
    driver.finish()
}

/// Outcome, capacity, and who serves, in one line.
fn summary(outcome: &Outcome) -> String {
    let conclusion = outcome.only();
    let ended = match &conclusion.outcome {
        verdict::Outcome::Complete => "complete".to_owned(),
        verdict::Outcome::Failed(failure) => {
            let failure = match failure {
                Failure::ReplicaSetCreate { .. } => "replica set",
                Failure::Deadline => "deadline",
                Failure::OwnDeadline { .. } => "own deadline",
                Failure::PodCreate { .. } => "pods refused",
                Failure::Pod => "pod",
            };
            let causes: Vec<_> = conclusion
                .causes
                .iter()
                .map(|blame| format!("{} x{}", blame.cause.kind(), blame.pods))
                .collect();
            format!("failed by {failure}: {}", causes.join(", "))
        }
        verdict::Outcome::Overtaken(by) => format!("overtaken by {by:?}"),
        verdict::Outcome::Unknown(doubt) => format!("unknown: {doubt:?}"),
        verdict::Outcome::Interrupted(_) => "interrupted".to_owned(),
    };
    let capacity = conclusion.capacity.expect("the Deployment was seen");
    let impact = match conclusion.impact {
        Impact::Unaffected { old, wanted } => format!("{old} of {wanted} old serve"),
        Impact::Serving {
            available,
            wanted,
            new,
        } => format!("{available} of {wanted} serve, new: {new:?}"),
        Impact::Unknown => "nothing known".to_owned(),
    };
    let (lowest, wanted) = (capacity.lowest, capacity.wanted);
    format!("{ended}; capacity {lowest} of {wanted}; {impact}")
}

#[test]
fn each_recording_gets_its_verdict_at_its_time() {
    let superseded = "overtaken by Change(Other { manager: Some(\"kubectl-set\") })";
    let cases = [
        // The last write of the rollout tells it: nothing is known before.
        (
            "success",
            0,
            12.6..12.9,
            "complete; capacity 10 of 10; 10 of 10 serve, new: Some(10)".to_owned(),
        ),
        (
            "success-10pct",
            0,
            13.3..13.6,
            "complete; capacity 10 of 10; 10 of 10 serve, new: Some(10)".to_owned(),
        ),
        (
            "success-25pct",
            0,
            5.0..5.4,
            "complete; capacity 10 of 10; 10 of 10 serve, new: Some(10)".to_owned(),
        ),
        (
            "minready",
            0,
            15.7..16.1,
            "complete; capacity 4 of 4; 4 of 4 serve, new: Some(4)".to_owned(),
        ),
        // Old pods terminate for seconds after that.
        (
            "slowstop",
            0,
            4.9..5.2,
            "complete; capacity 3 of 3; 3 of 3 serve, new: Some(3)".to_owned(),
        ),
        (
            "restart",
            0,
            4.5..4.9,
            "complete; capacity 3 of 3; 3 of 3 serve, new: Some(3)".to_owned(),
        ),
        // Recreate: nothing serves in between.
        (
            "recreate",
            0,
            2.0..2.3,
            "complete; capacity 0 of 3; 3 of 3 serve, new: Some(3)".to_owned(),
        ),
        (
            "undo",
            0,
            5.7..6.0,
            "complete; capacity 4 of 4; 4 of 4 serve, new: Some(4)".to_owned(),
        ),
        // Back to a ReplicaSet that exists already.
        (
            "undo",
            1,
            11.0..11.4,
            "complete; capacity 4 of 4; 4 of 4 serve, new: Some(4)".to_owned(),
        ),
        // Nothing was started, and nothing had to be.
        (
            "scaled-to-zero",
            0,
            0.3..0.5,
            "complete; capacity 0 of 0; 0 of 0 old serve".to_owned(),
        ),
        // Paused for 17 s, less than patience lasts, then resumed.
        (
            "paused",
            0,
            22.8..23.2,
            "complete; capacity 4 of 4; 4 of 4 serve, new: Some(4)".to_owned(),
        ),
        // The same pull error ten seconds after the first: ten before the deadline.
        (
            "nopull",
            0,
            10.8..10.9,
            "failed by pod: image-not-found x1; capacity 10 of 10; 10 of 10 old serve".to_owned(),
        ),
        // The third crash: fifteen seconds before the deadline.
        (
            "crash",
            0,
            6.3..6.4,
            "failed by pod: crash x1; capacity 10 of 10; 10 of 10 old serve".to_owned(),
        ),
        // Each restart counted as available for a moment, so good pods were replaced.
        (
            "crash-noprobe",
            0,
            6.2..6.4,
            "failed by pod: crash x3; capacity 6 of 10; 9 of 10 serve, new: Some(2)".to_owned(),
        ),
        // It may pass by itself, so only the deadline ends the wait.
        (
            "unready",
            0,
            20.9..21.0,
            "failed by deadline: not-ready x1; capacity 10 of 10; 10 of 10 old serve".to_owned(),
        ),
        (
            "unsched",
            0,
            8.8..9.0,
            "failed by deadline: unschedulable x1; capacity 2 of 2; 2 of 2 old serve".to_owned(),
        ),
        (
            "rollover",
            0,
            4.6..4.7,
            format!("{superseded}; capacity 6 of 6; 6 of 6 serve, new: Some(3)"),
        ),
        (
            "rollover",
            1,
            12.3..12.5,
            "complete; capacity 6 of 6; 6 of 6 serve, new: Some(6)".to_owned(),
        ),
        (
            "deleted",
            0,
            4.4..4.5,
            "overtaken by Deleted; capacity 6 of 6; nothing known".to_owned(),
        ),
    ];
    let mut wrong = Vec::new();
    for (name, nth, when, expected) in cases {
        let outcome = follow(name, nth, Options::default());
        let found = summary(&outcome);
        let is_in_time =
            seconds(when.start) <= outcome.when.0 && outcome.when.0 <= seconds(when.end);
        if found != expected || !is_in_time {
            wrong.push(format!("{name} {nth} at {:?}: {found}", outcome.when.0));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_unchanged_target_is_judged_by_what_is_found() {
    let recording = Recording::read("same-image");
    let applied = recording.found();
    let mut driver = Driver::start(vec![applied], Options::default(), at(0.0));
    recording.play(&mut driver);
    let outcome = driver.finish();
    assert_eq!(outcome.verdict.answer, Answer::Succeeded);
    assert!(!outcome.verdict.has_written());
    assert_eq!(outcome.when, at(0.0), "the lists are enough");
}

#[test]
fn the_same_line_again_after_a_failure_is_no_success() {
    let recording = Recording::read("unready");
    let (mut applied, _) = recording.applied(0);
    applied.written = false;
    applied.progressing_before = None;
    let mut driver = Driver::start(vec![applied], Options::default(), at(30.0));
    for list in &recording.lists {
        driver.feed(list.clone());
    }
    for (_, input) in &recording.changes {
        driver.feed(input.clone());
    }
    let outcome = driver.finish();
    assert_eq!(outcome.verdict.answer, Answer::Failed);
    assert_eq!(outcome.when, at(30.0));
    let capacity = outcome.only().capacity.unwrap();
    assert!(capacity.since_attaching);
}

#[test]
fn a_pause_that_outlasts_patience_ends_the_watch() {
    let patience = Patience {
        paused: seconds(10.0),
        ..Patience::default()
    };
    let options = Options {
        patience,
        ..Options::default()
    };
    let outcome = follow("paused", 0, options);
    assert_eq!(
        outcome.only().outcome,
        verdict::Outcome::Unknown(Doubt::Paused)
    );
    assert!(
        outcome
            .events
            .iter()
            .any(|(_, event)| matches!(event, Event::Paused { .. }))
    );
}

#[test]
fn a_pause_stops_the_clock() {
    let patience = Patience {
        paused: seconds(60.0),
        min_ready_margin: seconds(0.0),
        controller_margin: seconds(0.0),
        ..Patience::default()
    };
    let options = Options {
        patience,
        ..Options::default()
    };
    // The recording is paused for 17 s with a deadline of 10 s.
    assert_eq!(
        follow("paused", 0, options).verdict.answer,
        Answer::Succeeded
    );
}

#[test]
fn old_pods_are_waited_for_on_demand() {
    let options = Options {
        wait_for_drain: true,
        ..Options::default()
    };
    let outcome = follow("slowstop", 0, options);
    assert_eq!(outcome.verdict.answer, Answer::Succeeded);
    assert!(outcome.when > at(10.0), "{:?}", outcome.when);
}

#[test]
fn the_crashed_run_is_asked_for_its_log() {
    let outcome = follow("crash", 0, Options::default());
    let log = outcome.wants.iter().find_map(|want| match want {
        Want::Log {
            container,
            previous,
            ..
        } => Some((container.as_str(), *previous)),
        Want::Events { .. } => None,
    });
    // The run has just ended and nothing was started after it: to the kubelet it is the current one.
    assert_eq!(log, Some(("app", false)));
    let evidence = &outcome.only().evidence;
    assert_eq!(evidence.logs[0].lines, Ok(vec!["the last line".to_owned()]));
    assert!(evidence.logs[0].has_ended);
    assert!(!evidence.events.is_empty());
}

#[test]
fn a_timeout_leaves_it_open() {
    let options = Options {
        timeout: Some(seconds(4.0)),
        ..Options::default()
    };
    let outcome = follow("unready", 0, options);
    assert_eq!(
        outcome.only().outcome,
        verdict::Outcome::Unknown(Doubt::TimedOut)
    );
    let causes: Vec<_> = outcome
        .only()
        .causes
        .iter()
        .map(|blame| &blame.cause)
        .collect();
    assert!(matches!(causes[..], [Cause::NotReady { .. }]), "{causes:?}");
}

#[test]
fn whoever_replaced_our_template_is_named() {
    let outcome = follow("undo", 0, Options::default());
    assert_eq!(outcome.verdict.answer, Answer::Succeeded);
    // One who attached to the first deploy only after the undo.
    let recording = Recording::read("undo");
    let (applied, _) = recording.applied(0);
    let mut driver = Driver::start(vec![applied], Options::default(), at(0.0));
    let last = recording.changes.iter().rev().map(|(_, input)| input);
    for input in last {
        driver.feed(input.clone());
    }
    let outcome = driver.finish();
    let verdict::Outcome::Overtaken(Overtaker::Change(Successor::Reverted { manager })) =
        &outcome.only().outcome
    else {
        panic!("{:?}", outcome.only().outcome);
    };
    assert_eq!(manager.as_deref(), Some("kubectl"));
}

#[test]
fn the_story_of_a_success_is_told_in_counts() {
    let outcome = follow("success-25pct", 0, Options::default());
    let told: Vec<String> = outcome
        .events
        .iter()
        .map(|(_, event)| match event {
            Event::Started { .. } => "started".to_owned(),
            Event::Progress {
                counts, waiting, ..
            } => format!(
                "{} new ({} available) of {}, {waiting:?}",
                counts.updated,
                counts.new_available.unwrap_or_default(),
                counts.total
            ),
            Event::Finished(conclusion) => format!("{:?}", conclusion.outcome),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told.first().map(String::as_str), Some("started"));
    assert_eq!(
        told.get(1).map(String::as_str),
        Some("0 new (0 available) of 10, Updated")
    );
    assert_eq!(told.last().map(String::as_str), Some("Complete"));
    assert!(told.len() < 50, "{told:#?}");
}

#[test]
fn standing_is_told_without_waiting() {
    let recording = Recording::read("same-image");
    let mut follow =
        crate::rollout::follow::Follow::new(vec![recording.found()], Options::default(), at(0.0));
    for list in &recording.lists {
        follow.step(list.clone(), at(0.0));
    }
    let standing = follow.standing();
    assert!(matches!(standing[0].status, Status::Complete { .. }));
}
