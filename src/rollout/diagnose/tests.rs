//! What each state of a pod is called, how sure it is to stay, and when that is doom.

mod memory;

use serde_json::{Value, json};

use super::cause::Grade;
use super::*;
use crate::rollout::Moment;

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
