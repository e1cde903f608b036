//! What is remembered of pods: earlier errors, stages, long runs, and sightings of a trouble.

use std::collections::BTreeSet;

use super::*;
use crate::rollout::Patience;

/// What is tried, which pods are seen at which second, and whether that is doom.
struct Row(&'static str, Vec<(u64, Vec<PodSeen>)>, bool);

#[test]
fn the_last_real_pull_error_is_kept_for_kubelets_that_do_not_repeat_it() {
    let patience = Patience::default();
    let mut past = Past::default();
    let pulling = with_state(waiting("ErrImagePull", "x: not found"), json!({}));
    past.note(&[&pulling], &patience, at(0));
    let back_off = with_state(
        waiting("ImagePullBackOff", "Back-off pulling image \"x\""),
        json!({}),
    );
    past.note(&[&back_off], &patience, at(1));
    assert_eq!(
        look(std::slice::from_ref(&back_off), &past, &[])[0]
            .cause
            .kind(),
        "image-not-found"
    );

    let event: EventSeen = serde_json::from_value(json!({
        "involvedObject": {"uid": "uid-web-1"}, "reason": "Failed",
        "message": "Failed to pull image \"x\": 401 Unauthorized",
    }))
    .unwrap();
    let attached = look(&[back_off], &Past::default(), &[event]);
    assert_eq!(attached[0].cause.kind(), "image-denied");
}

#[test]
fn a_container_that_was_ready_for_long_is_not_in_a_crash_loop() {
    let patience = Patience::default();
    let ready = || {
        with_state(
            json!({"running": {}}),
            json!({"ready": true, "started": true}),
        )
    };
    let crashed = || with_state(ended(1, "Error", 50), json!({"restartCount": 2}));
    for (stretch, expected) in [(9, Grade::Doomed), (10, Grade::Counting)] {
        let mut past = Past::default();
        past.note(&[&ready()], &patience, at(0));
        past.note(&[&ready()], &patience, at(1));
        past.note(&[&crashed()], &patience, at(stretch));
        assert_eq!(
            look(&[crashed()], &past, &[])[0].grade,
            expected,
            "{stretch} s"
        );
    }
}

#[test]
fn a_gap_in_the_watch_does_not_lengthen_a_run() {
    let patience = Patience::default();
    let mut past = Past::default();
    let ready = with_state(json!({"running": {}}), json!({"ready": true}));
    past.note(&[&ready], &patience, at(0));
    let crashed = with_state(ended(1, "Error", 2), json!({"restartCount": 2}));
    past.note(&[&crashed], &patience, at(3600));
    assert_eq!(look(&[crashed], &past, &[])[0].grade, Grade::Doomed);
}

#[test]
fn without_a_probe_the_length_of_the_run_tells() {
    let patience = Patience::default();
    for (seconds, expected) in [(3, Grade::Doomed), (20, Grade::Counting)] {
        let rest = json!({"restartCount": 2});
        let crashed = with_named("web-1", "bare", ended(1, "Error", seconds), rest);
        let mut past = Past::default();
        past.note(&[&crashed], &patience, at(0));
        assert!(past.ever_ready());
        assert_eq!(
            look(&[crashed], &past, &[])[0].grade,
            expected,
            "{seconds} s"
        );
    }
}

#[test]
fn stages_are_reached_once() {
    let patience = Patience::default();
    let mut past = Past::default();
    let creating = with_state(waiting("ContainerCreating", ""), json!({}));
    let running = with_state(json!({"running": {}}), json!({}));
    let ready = with_state(json!({"running": {}}), json!({"ready": true}));
    let crashed = with_state(ended(1, "Error", 1), json!({}));
    let again = with_state(json!({"running": {}}), json!({"restartCount": 1}));
    let steps = [
        (0, &creating, true, "scheduled"),
        (1, &creating, false, "nothing new"),
        (2, &running, true, "started"),
        (3, &ready, false, "Ready for a moment is no stage"),
        (4, &crashed, false, "a crash is no stage"),
        (5, &again, false, "a restart is no stage"),
        (6, &ready, false, "Ready again"),
        (16, &ready, true, "Ready for ten seconds"),
        (30, &ready, false, "nothing new"),
    ];
    for (second, pod, expected, name) in steps {
        assert_eq!(past.note(&[pod], &patience, at(second)), expected, "{name}");
    }
}

#[test]
fn a_second_sighting_is_later_or_on_a_second_pod() {
    let patience = Patience::default();
    let missing = |name: &str| {
        with_named(
            name,
            "app",
            waiting("ErrImagePull", "x: not found"),
            json!({}),
        )
    };
    let well = |name: &str| with_named(name, "app", json!({"running": {}}), json!({"ready": true}));
    let config = |name: &str, secret: &str| {
        let message = format!("secret \"{secret}\" not found");
        with_named(
            name,
            "app",
            waiting("CreateContainerConfigError", &message),
            json!({}),
        )
    };
    let cases: [Row; 8] = [
        Row("once", vec![(0, vec![missing("a")])], false),
        Row(
            "nine seconds later",
            vec![(0, vec![missing("a")]), (9, vec![missing("a")])],
            false,
        ),
        Row(
            "ten seconds later",
            vec![(0, vec![missing("a")]), (10, vec![missing("a")])],
            true,
        ),
        Row(
            "on a second pod",
            vec![(0, vec![missing("a"), missing("b")])],
            true,
        ),
        Row(
            "on the successor of a pod that is gone",
            vec![(0, vec![missing("a")]), (1, vec![missing("b")])],
            true,
        ),
        Row(
            "it healed in between",
            vec![
                (0, vec![missing("a")]),
                (5, vec![well("a")]),
                (10, vec![missing("a")]),
            ],
            false,
        ),
        Row(
            "healed",
            vec![(0, vec![missing("a")]), (10, vec![well("a")])],
            false,
        ),
        Row(
            "two different things are missing",
            vec![(0, vec![config("a", "one"), config("b", "two")])],
            false,
        ),
    ];
    for Row(name, looks, expected) in cases {
        let mut sightings = Sightings::default();
        let mut now = at(0);
        for (second, pods) in looks {
            now = at(second);
            let findings = look(&pods, &Past::default(), &[]);
            let uids: BTreeSet<&str> = pods.iter().map(|pod| pod.metadata.uid.as_str()).collect();
            sightings.note(findings, &uids, &BTreeSet::new(), now);
        }
        let doomed = sightings
            .blames(&patience, now)
            .iter()
            .any(|blame| blame.doomed);
        assert_eq!(doomed, expected, "{name}");
    }
}

#[test]
fn the_same_trouble_of_several_pods_is_one_and_the_doomed_come_first() {
    let mut sightings = Sightings::default();
    let mut pods: Vec<PodSeen> = (0..3)
        .map(|number| {
            let rest = json!({"restartCount": number});
            with_named(
                &format!("crash-{number}"),
                "app",
                ended(1, "Error", 1),
                rest,
            )
        })
        .collect();
    pods.push(with_named("slow", "app", json!({"running": {}}), json!({})));
    let trouble = || waiting("ErrImagePull", "503");
    pods.extend(
        (0..5).map(|number| with_named(&format!("pull-{number}"), "app", trouble(), json!({}))),
    );
    let uids: BTreeSet<&str> = pods.iter().map(|pod| pod.metadata.uid.as_str()).collect();
    let findings = look(&pods, &Past::default(), &[]);
    sightings.note(findings, &uids, &BTreeSet::new(), at(0));
    let blames = Blame::telling(sightings.blames(&Patience::default(), at(0)));
    let told: Vec<_> = blames
        .iter()
        .map(|blame| {
            (
                blame.cause.kind(),
                blame.pods,
                blame.doomed,
                blame.pod.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("crash", 3, true, Some("crash-2")),
            ("registry-trouble", 5, false, Some("pull-0")),
        ]
    );
}
