//! What each state of a pod is called, how sure it is to stay, and when that is doom.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::cause::Grade;
use super::*;
use crate::rollout::{Moment, Patience};

const IMAGE: &str = "registry.example/app:v2";

fn at(seconds: u64) -> Moment {
    Moment(Duration::from_secs(seconds))
}

fn pod(name: &str, status: Value) -> PodSeen {
    let probe = json!({"httpGet": {"path": "/health", "port": 8080}});
    serde_json::from_value(json!({
        "metadata": {"name": name, "uid": format!("uid-{name}"), "resourceVersion": "1"},
        "spec": {
            "nodeName": "node-1",
            "containers": [
                {"name": "app", "image": IMAGE, "readinessProbe": probe,
                    "resources": {"limits": {"memory": "128Mi"}}},
                {"name": "bare", "image": IMAGE},
            ],
            "initContainers": [
                {"name": "migrate", "image": IMAGE},
                {"name": "proxy", "image": IMAGE, "restartPolicy": "Always"},
            ],
        },
        "status": status,
    }))
    .unwrap()
}

/// A pod whose container `app` is in this state.
fn with_state(state: Value, rest: Value) -> PodSeen {
    with_named("web-1", "app", state, rest)
}

fn with_named(pod_name: &str, container: &str, state: Value, rest: Value) -> PodSeen {
    let mut status = json!({"name": container, "image": IMAGE, "state": state});
    if let (Some(status), Some(rest)) = (status.as_object_mut(), rest.as_object()) {
        status.extend(rest.clone());
    }
    let key = match container {
        "migrate" | "proxy" => "initContainerStatuses",
        _ => "containerStatuses",
    };
    pod(pod_name, json!({"phase": "Pending", key: [status]}))
}

fn waiting(reason: &str, message: &str) -> Value {
    json!({"waiting": {"reason": reason, "message": message}})
}

fn ended(code: i32, reason: &str, seconds: u32) -> Value {
    json!({"terminated": {"exitCode": code, "reason": reason,
        "startedAt": "2026-01-01T00:00:00Z", "finishedAt": format!("2026-01-01T00:00:{seconds:02}Z")}})
}

fn look(pods: &[PodSeen], past: &Past, events: &[EventSeen]) -> Vec<Finding> {
    let pods: Vec<&PodSeen> = pods.iter().collect();
    diagnose(Examination {
        pods: &pods,
        events,
        past,
        steady: Duration::from_secs(10),
    })
}

fn found(pod: PodSeen) -> Option<(Cause, Grade)> {
    let mut findings = look(&[pod], &Past::default(), &[]);
    assert!(findings.len() < 2, "{findings:?}");
    findings.pop().map(|finding| (finding.cause, finding.grade))
}

#[test]
fn what_the_kubelet_waits_for_has_a_cause_and_a_grade() {
    let cases = [
        (
            "starting",
            waiting("ContainerCreating", ""),
            json!({}),
            None,
        ),
        ("init runs", waiting("PodInitializing", ""), json!({}), None),
        (
            "image not found",
            waiting("ErrImagePull", "x: not found"),
            json!({}),
            Some(("image-not-found", Grade::SecondSighting)),
        ),
        (
            "image denied, from the back-off",
            waiting(
                "ImagePullBackOff",
                "Back-off pulling image \"x\": ErrImagePull: 401 Unauthorized",
            ),
            json!({}),
            Some(("image-denied", Grade::SecondSighting)),
        ),
        (
            "back-off without a reason",
            waiting("ImagePullBackOff", "Back-off pulling image \"x\""),
            json!({}),
            Some(("registry-trouble", Grade::Transient)),
        ),
        (
            "registry down",
            waiting("ErrImagePull", "503 Service Unavailable"),
            json!({}),
            Some(("registry-trouble", Grade::Transient)),
        ),
        (
            "no image name",
            waiting("InvalidImageName", "bad"),
            json!({}),
            Some(("image-name", Grade::Doomed)),
        ),
        (
            "secret missing",
            waiting("CreateContainerConfigError", "secret \"db\" not found"),
            json!({}),
            Some(("config", Grade::SecondSighting)),
        ),
        (
            "kubelet has not read the ConfigMap yet",
            waiting(
                "CreateContainerConfigError",
                "failed to sync configmap cache: timed out waiting for the condition",
            ),
            json!({}),
            Some(("config", Grade::Transient)),
        ),
        (
            "command missing",
            waiting(
                "CreateContainerError",
                "exec: \"serve\": executable file not found in $PATH",
            ),
            json!({}),
            Some(("not-created", Grade::SecondSighting)),
        ),
        (
            "runtime slow",
            waiting("CreateContainerError", "context deadline exceeded"),
            json!({}),
            Some(("not-created", Grade::Transient)),
        ),
        (
            "cannot be started",
            waiting("RunContainerError", "permission denied"),
            json!({}),
            Some(("not-started", Grade::SecondSighting)),
        ),
        (
            "something new",
            waiting("PreCreateHookError", "hook"),
            json!({}),
            Some(("stuck", Grade::Transient)),
        ),
    ];
    for (name, state, rest, expected) in cases {
        let found = found(with_state(state, rest));
        let found = found.as_ref().map(|(cause, grade)| (cause.kind(), *grade));
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_crash_counts_until_the_third() {
    let back_off = || waiting("CrashLoopBackOff", "back-off 10s");
    let running = || json!({"running": {}});
    let cases = [
        (
            "first end",
            ended(1, "Error", 1),
            json!({"restartCount": 0}),
            Some((1, Grade::Counting)),
        ),
        (
            "second, in back-off",
            back_off(),
            json!({"restartCount": 1, "lastState": ended(1, "Error", 1)}),
            Some((2, Grade::Counting)),
        ),
        (
            "third end",
            ended(1, "Error", 1),
            json!({"restartCount": 2, "lastState": ended(1, "Error", 1)}),
            Some((3, Grade::Doomed)),
        ),
        (
            "third, in back-off",
            back_off(),
            json!({"restartCount": 2, "lastState": ended(1, "Error", 1)}),
            Some((3, Grade::Doomed)),
        ),
        (
            "runs again after three, not ready",
            running(),
            json!({"restartCount": 3, "lastState": ended(1, "Error", 1)}),
            Some((3, Grade::Counting)),
        ),
        (
            "runs again after three, ready",
            running(),
            json!({"restartCount": 3, "ready": true, "lastState": ended(1, "Error", 1)}),
            None,
        ),
        (
            "exit 128 alone is no more than a crash",
            ended(128, "Error", 0),
            json!({"restartCount": 0}),
            Some((1, Grade::Counting)),
        ),
    ];
    for (name, state, rest, expected) in cases {
        let found = found(with_state(state, rest)).map(|(cause, grade)| match cause {
            Cause::Crash { crashes, .. } => (crashes, grade),
            other => panic!("{name}: {other:?}"),
        });
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn how_it_ended_is_kept() {
    let exit = |pod| match found(pod) {
        Some((Cause::Crash { exit, .. }, _)) => exit,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        exit(with_state(ended(0, "Completed", 1), json!({}))),
        Exit::Code(0)
    );
    assert_eq!(
        exit(with_state(ended(139, "Error", 1), json!({}))),
        Exit::Code(139)
    );
    assert_eq!(
        exit(with_state(ended(137, "OOMKilled", 1), json!({}))),
        Exit::OutOfMemory {
            limit: Some("128Mi".to_owned())
        }
    );
}

#[test]
fn a_process_that_cannot_be_started_is_doomed_on_the_second_sighting() {
    let failed = |message: &str| json!({"terminated": {"exitCode": 128, "reason": "StartError", "message": message}});
    let lasting = found(with_state(
        failed("exec: no such file or directory"),
        json!({}),
    ));
    assert_eq!(lasting.unwrap().1, Grade::SecondSighting);
    let slow = found(with_state(failed("context deadline exceeded"), json!({})));
    assert_eq!(slow.unwrap().1, Grade::Counting);
}

#[test]
fn init_containers_may_end_and_sidecars_may_not() {
    let third = |container, code| {
        let rest = json!({"restartCount": 2});
        found(with_named("web-1", container, ended(code, "", 1), rest)).map(|(_, grade)| grade)
    };
    assert_eq!(third("migrate", 0), None);
    assert_eq!(third("migrate", 1), Some(Grade::Doomed));
    assert_eq!(third("proxy", 0), Some(Grade::Doomed));
    let running = json!({"running": {}});
    assert_eq!(
        found(with_named("web-1", "migrate", running, json!({}))),
        None
    );
}

#[test]
fn a_container_that_runs_unready_names_its_probe() {
    let event: EventSeen = serde_json::from_value(json!({
        "metadata": {"uid": "e1", "resourceVersion": "7"},
        "involvedObject": {"uid": "uid-web-1", "fieldPath": "spec.containers{app}"},
        "reason": "Unhealthy", "message": "Readiness probe failed: 503",
    }))
    .unwrap();
    let other: EventSeen = serde_json::from_value(json!({
        "metadata": {"uid": "e2", "resourceVersion": "8"},
        "involvedObject": {"uid": "uid-web-1", "fieldPath": "spec.containers{proxy}"},
        "reason": "Unhealthy", "message": "Readiness probe failed: proxy",
    }))
    .unwrap();
    let running = with_state(json!({"running": {}}), json!({"started": true}));
    let findings = look(&[running], &Past::default(), &[other, event]);
    assert_eq!(
        findings[0].cause,
        Cause::NotReady {
            probe: Some(Probe::Http {
                path: "/health".to_owned(),
                port: "8080".to_owned()
            }),
            message: Some("Readiness probe failed: 503".to_owned()),
        }
    );
    assert_eq!(findings[0].grade, Grade::Transient);
}

#[test]
fn a_pod_without_a_node_says_why() {
    let stuck = pod(
        "web-1",
        json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False",
            "reason": "Unschedulable", "message": "0/1 nodes are available: 1 Insufficient cpu."}]}),
    );
    assert_eq!(
        found(stuck),
        Some((
            Cause::Unschedulable {
                message: "0/1 nodes are available: 1 Insufficient cpu.".to_owned()
            },
            Grade::Transient
        ))
    );
}

#[test]
fn pods_that_go_away_are_no_verdict() {
    let doomed = || with_state(waiting("InvalidImageName", ""), json!({}));
    let mut evicted = doomed();
    evicted.status.phase = "Failed".to_owned();
    let mut terminating = doomed();
    terminating.metadata.deletion_timestamp = Some("now".to_owned());
    assert_eq!(look(&[evicted, terminating], &Past::default(), &[]), []);
}

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
        look(&[back_off.clone()], &past, &[])[0].cause.kind(),
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
    let cases: [(&str, Vec<(u64, Vec<PodSeen>)>, bool); 8] = [
        ("once", vec![(0, vec![missing("a")])], false),
        (
            "nine seconds later",
            vec![(0, vec![missing("a")]), (9, vec![missing("a")])],
            false,
        ),
        (
            "ten seconds later",
            vec![(0, vec![missing("a")]), (10, vec![missing("a")])],
            true,
        ),
        (
            "on a second pod",
            vec![(0, vec![missing("a"), missing("b")])],
            true,
        ),
        (
            "on the successor of a pod that is gone",
            vec![(0, vec![missing("a")]), (1, vec![missing("b")])],
            true,
        ),
        (
            "it healed in between",
            vec![
                (0, vec![missing("a")]),
                (5, vec![well("a")]),
                (10, vec![missing("a")]),
            ],
            false,
        ),
        (
            "healed",
            vec![(0, vec![missing("a")]), (10, vec![well("a")])],
            false,
        ),
        (
            "two different things are missing",
            vec![(0, vec![config("a", "one"), config("b", "two")])],
            false,
        ),
    ];
    for (name, looks, expected) in cases {
        let mut sightings = Sightings::default();
        let mut now = at(0);
        for (second, pods) in looks {
            now = at(second);
            let findings = look(&pods, &Past::default(), &[]);
            let uids: BTreeSet<&str> = pods.iter().map(|pod| pod.metadata.uid.as_str()).collect();
            sightings.note(findings, &uids, now);
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
    sightings.note(look(&pods, &Past::default(), &[]), &uids, at(0));
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
