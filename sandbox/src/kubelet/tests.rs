//! What a pod's status goes through in virtual time, for each thing a container may do.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::object::{metadata, put};

const START: Time = Time(1_795_244_821_000);

/// A pod and its kubelet, run through virtual time.
struct Bench {
    pod: Value,
    memory: Memory,
    timings: Timings,
    now: Time,
    due: Option<Time>,
    seen: Vec<String>,
    reasons: Vec<String>,
    is_finished: bool,
}

impl Bench {
    fn new(image: &str, has_probe: bool) -> Bench {
        let mut container = json!({"name": "app", "image": image});
        if has_probe {
            container["readinessProbe"] = json!({"httpGet": {"path": "/"}, "periodSeconds": 10});
        }
        Bench::of(json!({"containers": [container]}))
    }

    fn of(mut spec: Value) -> Bench {
        spec["nodeName"] = json!("node-1");
        let pod = json!({
            "metadata": {"name": "web-1", "namespace": "shop", "uid": "u", "generation": 1},
            "spec": spec,
            "status": {"phase": "Pending"},
        });
        let (seen, reasons) = (Vec::new(), Vec::new());
        let (memory, timings) = (Memory::default(), Timings::default());
        Bench {
            pod,
            memory,
            timings,
            now: START,
            due: Some(START),
            seen,
            reasons,
            is_finished: false,
        }
    }

    /// Steps whenever something is due in the next `seconds`.
    fn run(&mut self, seconds: u64) -> &mut Bench {
        let end = self.now.plus(Duration::from_secs(seconds));
        while let Some(due) = self.due.filter(|due| *due <= end && !self.is_finished) {
            self.now = self.now.max(due);
            let script = Script {
                stories: &Stories::default(),
                timings: &self.timings,
            };
            let step = step(&self.pod, &mut self.memory, script, self.now);
            self.reasons
                .extend(step.reports.iter().map(|report| report.reason.to_owned()));
            if let Some(status) = step.status {
                self.pod["status"] = status;
                let summary = self.summary();
                if self.seen.last() != Some(&summary) {
                    self.seen.push(summary);
                }
            }
            (self.due, self.is_finished) = (step.due, step.is_finished);
        }
        self.now = end;
        self
    }

    fn delete(&mut self, grace: u64) -> &mut Bench {
        let fields = metadata(&mut self.pod);
        put(
            fields,
            "deletionTimestamp",
            Some(json!(self.now.plus(Duration::from_secs(grace)).rfc3339())),
        );
        put(fields, "deletionGracePeriodSeconds", Some(json!(grace)));
        self.due = Some(self.now);
        self
    }

    /// The container's state and whether the pod is ready, in one word each.
    fn summary(&self) -> String {
        let container = &self.pod["status"]["containerStatuses"][0];
        let state = container["state"]
            .as_object()
            .and_then(|state| state.iter().next());
        let state = match state {
            Some((kind, state)) => format!("{kind}:{}", text(state, "/reason")),
            None => String::new(),
        };
        let ready = if self.condition("Ready")["status"] == "True" {
            " ready"
        } else {
            ""
        };
        format!(
            "{}{ready} {}",
            state.trim_end_matches(':'),
            container["restartCount"]
        )
    }

    fn condition(&self, kind: &str) -> &Value {
        let conditions = View(&self.pod).list("/status/conditions");
        conditions
            .iter()
            .find(|condition| condition["type"] == kind)
            .unwrap_or(&Value::Null)
    }

    fn state(&self) -> &Value {
        &self.pod["status"]["containerStatuses"][0]["state"]
    }
}

#[test]
fn a_healthy_pod_is_ready_after_about_a_second() {
    let mut bench = Bench::new("x/app:v1", true);
    bench.run(1);
    assert_eq!(bench.seen, ["waiting:ContainerCreating 0", "running 0"]);
    bench.run(1);
    assert_eq!(bench.seen.last().unwrap(), "running ready 0");
    assert_eq!(bench.reasons, ["Pulling", "Pulled", "Created", "Started"]);
    assert_eq!(bench.pod["status"]["phase"], "Running");
    assert_eq!(bench.due, None);
}

#[test]
fn without_a_readiness_probe_running_is_ready() {
    let mut bench = Bench::new("x/app:v1-never-ready", false);
    bench.run(10);
    assert_eq!(
        bench.seen,
        ["waiting:ContainerCreating 0", "running ready 0"]
    );
}

#[test]
fn a_probe_that_never_passes_is_reported_again_and_again() {
    let mut bench = Bench::new("x/app:v1-never-ready", true);
    bench.run(35);
    assert_eq!(bench.seen, ["waiting:ContainerCreating 0", "running 0"]);
    assert_eq!(
        bench
            .reasons
            .iter()
            .filter(|reason| *reason == "Unhealthy")
            .count(),
        3
    );
    assert_eq!(bench.condition("Ready")["reason"], "ContainersNotReady");
    assert_eq!(
        bench.condition("Ready")["message"],
        "containers with unready status: [app]"
    );
}

#[test]
fn a_probe_that_goes_on_failing_is_reported_less_often() {
    let mut bench = Bench::new("x/app:v1-never-ready", true);
    bench.run(250 + 3600);
    let failures = bench
        .reasons
        .iter()
        .filter(|reason| *reason == "Unhealthy")
        .count();
    assert_eq!(failures, 25 + 12 - 1);
}

#[test]
fn pull_errors_alternate_with_back_offs_that_repeat_them() {
    let cases = [
        ("not-found", "NotFound", ": not found"),
        ("unauthorized", "Unknown", "401 Unauthorized"),
    ];
    for (story, code, ending) in cases {
        let mut bench = Bench::new(&format!("x.example/app:v2-{story}"), true);
        bench.run(15);
        let (failed, waits) = ("waiting:ErrImagePull 0", "waiting:ImagePullBackOff 0");
        assert_eq!(
            bench.seen,
            ["waiting:ContainerCreating 0", failed, waits, failed, waits],
            "{story}"
        );
        let message = text(bench.state(), "/waiting/message");
        let start = format!(
            "Back-off pulling image \"x.example/app:v2-{story}\": ErrImagePull: rpc error: code = {code} desc ="
        );
        assert!(
            message.starts_with(&start) && message.ends_with(ending),
            "{message}"
        );
        assert_eq!(bench.pod["status"]["phase"], "Pending", "{story}");
    }
}

#[test]
fn a_registry_that_recovers_lets_the_pod_start() {
    let mut bench = Bench::new("x/app:v2-registry-down-2-times", true);
    bench.run(60);
    assert_eq!(bench.seen.last().unwrap(), "running ready 0");
    assert!(
        bench
            .seen
            .contains(&"waiting:ImagePullBackOff 0".to_owned())
    );
}

#[test]
fn a_crash_loop_backs_off_longer_each_time() {
    let mut bench = Bench::new("x/app:v2-crash", true);
    bench.run(50);
    assert_eq!(
        bench.seen,
        [
            "waiting:ContainerCreating 0",
            "running 0",
            "terminated:Error 0",
            "running 1",
            "terminated:Error 1",
            "waiting:CrashLoopBackOff 1",
            "running 2",
            "terminated:Error 2",
            "waiting:CrashLoopBackOff 2",
            "running 3",
            "terminated:Error 3",
            "waiting:CrashLoopBackOff 3",
        ]
    );
    assert_eq!(
        text(bench.state(), "/waiting/message"),
        "back-off 40s restarting failed container=app pod=web-1_shop(u)"
    );
    let container = &bench.pod["status"]["containerStatuses"][0];
    assert_eq!(container["lastState"]["terminated"]["exitCode"], 1);
    assert_eq!(bench.pod["status"]["phase"], "Running");
    let previous = bench.memory.logs("app", true).unwrap();
    assert!(
        previous.last().unwrap().text.starts_with("fatal:"),
        "{previous:?}"
    );
}

#[test]
fn without_a_probe_each_restart_of_a_crash_loop_is_ready_for_a_moment() {
    let mut bench = Bench::new("x/app:v2-crash", false);
    bench.run(20);
    let ready = bench
        .seen
        .iter()
        .filter(|summary| summary.contains("ready"))
        .count();
    assert_eq!(ready, 3, "{:?}", bench.seen);
}

#[test]
fn endings_have_their_reasons_and_codes() {
    for (story, reason, code) in [
        ("crash", "Error", 1),
        ("out-of-memory", "OOMKilled", 137),
        ("exits", "Completed", 0),
    ] {
        let mut bench = Bench::new(&format!("x/app:v2-{story}"), true);
        bench.run(8);
        let last = &bench.pod["status"]["containerStatuses"][0]["lastState"]["terminated"];
        assert_eq!(
            (text(last, "/reason"), &last["exitCode"]),
            (reason, &json!(code))
        );
        assert_eq!(
            text(bench.state(), "/waiting/reason"),
            "CrashLoopBackOff",
            "{story}"
        );
    }
}

#[test]
fn one_crash_is_survived() {
    let mut bench = Bench::new("x/app:v2-crash-once", true);
    bench.run(5);
    assert_eq!(bench.seen.last().unwrap(), "running ready 1");
}

#[test]
fn an_incomplete_configuration_is_tried_again() {
    let mut bench = Bench::new("x/app:v2-config-error", true);
    bench.run(25);
    assert_eq!(
        bench.seen,
        [
            "waiting:ContainerCreating 0",
            "waiting:CreateContainerConfigError 0"
        ]
    );
    assert_eq!(
        text(bench.state(), "/waiting/message"),
        "couldn't find key api-token in Secret shop/app"
    );
    assert_eq!(
        bench
            .reasons
            .iter()
            .filter(|reason| *reason == "Failed")
            .count(),
        3
    );
}

#[test]
fn an_image_without_a_valid_name_is_never_pulled() {
    let mut bench = Bench::new("UPPER/App:bad tag!!", true);
    bench.run(60);
    assert_eq!(bench.seen, ["waiting:InvalidImageName 0"]);
}

#[test]
fn a_pod_stops_when_its_containers_have() {
    let cases = [
        ("v1", 30, 1, 0),
        ("v1-slow-stop-7s", 30, 7, 0),
        ("v1-slow-stop-7s", 3, 3, 137),
    ];
    for (tag, grace, seconds, code) in cases {
        let mut bench = Bench::new(&format!("x/app:{tag}"), true);
        bench.run(3).delete(grace).run(seconds - 1);
        assert!(!bench.is_finished, "{tag} {grace}");
        bench.run(1);
        assert!(bench.is_finished, "{tag} {grace}");
        assert_eq!(
            bench.state()["terminated"]["exitCode"],
            code,
            "{tag} {grace}"
        );
        assert_eq!(bench.condition("Ready")["status"], "False");
    }
}

#[test]
fn the_others_wait_for_init_containers() {
    let spec = |image: &str| {
        json!({
            "initContainers": [{"name": "migrate", "image": image}],
            "containers": [{"name": "app", "image": "x/app:v1"}],
        })
    };
    let mut bench = Bench::of(spec("x/app:v1"));
    bench.run(1);
    let init = &bench.pod["status"]["initContainerStatuses"][0];
    assert!(init["state"]["running"].is_object(), "{init}");
    assert_eq!(text(bench.state(), "/waiting/reason"), "PodInitializing");
    assert_eq!(bench.condition("Initialized")["status"], "False");
    bench.run(3);
    assert_eq!(
        bench.pod["status"]["initContainerStatuses"][0]["ready"],
        true
    );
    assert_eq!(bench.seen.last().unwrap(), "running ready 0");

    let mut bench = Bench::of(spec("x/app:v2-crash"));
    bench.run(10);
    let init = &bench.pod["status"]["initContainerStatuses"][0];
    assert_eq!(text(init, "/state/waiting/reason"), "CrashLoopBackOff");
    assert_eq!(bench.pod["status"]["phase"], "Pending");
    assert_eq!(text(bench.state(), "/waiting/reason"), "PodInitializing");
}

#[test]
fn a_pod_that_is_not_restarted_comes_to_an_end() {
    for (tag, phase) in [("v1-exits", "Succeeded"), ("v1-crash", "Failed")] {
        let image = format!("x/app:{tag}");
        let mut bench = Bench::of(
            json!({"restartPolicy": "Never", "containers": [{"name": "app", "image": image}]}),
        );
        bench.run(5);
        assert_eq!(bench.pod["status"]["phase"], phase);
        assert_eq!(bench.due, None);
    }
}

#[test]
fn an_open_readiness_gate_is_named() {
    let mut bench = Bench::of(json!({
        "readinessGates": [{"conditionType": "balancer"}],
        "containers": [{"name": "app", "image": "x/app:v1"}],
    }));
    bench.run(2);
    assert_eq!(bench.condition("ContainersReady")["status"], "True");
    assert_eq!(bench.condition("Ready")["reason"], "ReadinessGatesNotReady");
}

#[test]
fn a_pod_without_a_node_is_left_alone() {
    let mut bench = Bench::new("x/app:v1", true);
    bench.pod["spec"]["nodeName"] = json!("");
    bench.run(10);
    assert!(bench.seen.is_empty() && bench.due.is_none());
}

#[test]
fn memory_survives_being_saved() {
    let mut bench = Bench::new("x/app:v2-crash", true);
    bench.run(8);
    let saved = serde_json::to_string(&bench.memory).unwrap();
    assert_eq!(
        serde_json::from_str::<Memory>(&saved).unwrap(),
        bench.memory
    );
}
