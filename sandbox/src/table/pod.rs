//! A pod's row: its status in one word, which is put together from all its containers.

use serde_json::{Value, json};

use super::age;
use crate::clock::Time;
use crate::object::{View, name, text};

pub(super) fn cells(pod: &Value, now: Time) -> Vec<Value> {
    let summary = summarize(pod);
    let restarts = match (summary.restarts, summary.last_restart) {
        (count @ 1.., Some(last)) => format!("{count} ({} ago)", age::human(now.since(last))),
        (count, _) => count.to_string(),
    };
    vec![
        json!(name(pod)),
        json!(format!("{}/{}", summary.ready, summary.containers)),
        json!(summary.reason),
        json!(restarts),
        json!(age::since(pod, "/metadata/creationTimestamp", now)),
        json!(or_none(text(pod, "/status/podIP"))),
        json!(or_none(text(pod, "/spec/nodeName"))),
        json!(or_none(text(pod, "/status/nominatedNodeName"))),
        json!(readiness_gates(pod)),
    ]
}

struct Summary {
    containers: usize,
    ready: usize,
    reason: String,
    restarts: i64,
    last_restart: Option<Time>,
}

impl Summary {
    fn count_restarts(&mut self, container: &Value) {
        self.restarts += View(container).number("/restartCount").unwrap_or(0);
        let ended = age::time(container, "/lastState/terminated/finishedAt");
        self.last_restart = self.last_restart.max(ended);
    }
}

fn summarize(pod: &Value) -> Summary {
    let view = View(pod);
    let sidecars = view
        .list("/spec/initContainers")
        .iter()
        .filter(|c| is_sidecar(c))
        .count();
    let phase = text(pod, "/status/phase");
    let mut summary = Summary {
        containers: view.list("/spec/containers").len() + sidecars,
        ready: 0,
        reason: match text(pod, "/status/reason") {
            "" => phase.to_owned(),
            reason => reason.to_owned(),
        },
        restarts: 0,
        last_restart: None,
    };
    if has_condition(pod, "PodScheduled", |condition| {
        text(condition, "/reason") == "SchedulingGated"
    }) {
        "SchedulingGated".clone_into(&mut summary.reason);
    }
    let is_initializing = summarize_init(pod, &mut summary);
    if !is_initializing || has_condition(pod, "Initialized", is_true) {
        summarize_containers(pod, &mut summary);
    }
    if view.is_terminating() {
        if text(pod, "/status/reason") == "NodeLost" {
            "Unknown".clone_into(&mut summary.reason);
        } else if !matches!(phase, "Succeeded" | "Failed") {
            "Terminating".clone_into(&mut summary.reason);
        }
    }
    summary
}

/// Returns whether an init container is still to be waited for.
fn summarize_init(pod: &Value, summary: &mut Summary) -> bool {
    let view = View(pod);
    let specs = view.list("/spec/initContainers");
    for (index, status) in view
        .list("/status/initContainerStatuses")
        .iter()
        .enumerate()
    {
        summary.count_restarts(status);
        let spec = specs
            .iter()
            .find(|spec| spec.get("name") == status.get("name"));
        let (ended, waiting) = (status.pointer("/state/terminated"), waiting_reason(status));
        if ended.is_some_and(|ended| View(ended).number("/exitCode") == Some(0)) {
            continue;
        }
        if spec.is_some_and(is_sidecar) && View(status).is_true("/started") {
            summary.ready += usize::from(View(status).is_true("/ready"));
            continue;
        }
        summary.reason = match (ended, waiting) {
            (Some(ended), _) => format!("Init:{}", end_reason(ended)),
            (None, waiting) if !waiting.is_empty() && waiting != "PodInitializing" => {
                format!("Init:{waiting}")
            }
            (None, _) => format!("Init:{index}/{}", specs.len()),
        };
        return true;
    }
    false
}

fn summarize_containers(pod: &Value, summary: &mut Summary) {
    let view = View(pod);
    summary.restarts = 0;
    summary.last_restart = None;
    for status in view.list("/status/initContainerStatuses") {
        let specs = view.list("/spec/initContainers");
        let spec = specs
            .iter()
            .find(|spec| spec.get("name") == status.get("name"));
        if spec.is_some_and(is_sidecar) {
            summary.count_restarts(status);
        }
    }
    let mut has_running = false;
    for status in view.list("/status/containerStatuses").iter().rev() {
        summary.count_restarts(status);
        let waiting = waiting_reason(status);
        if !waiting.is_empty() {
            waiting.clone_into(&mut summary.reason);
        } else if let Some(ended) = status.pointer("/state/terminated") {
            summary.reason = end_reason(ended);
        } else if View(status).is_true("/ready") && status.pointer("/state/running").is_some() {
            has_running = true;
            summary.ready += 1;
        }
    }
    if summary.reason == "Completed" && has_running {
        let word = if has_condition(pod, "Ready", is_true) {
            "Running"
        } else {
            "NotReady"
        };
        word.clone_into(&mut summary.reason);
    }
}

fn waiting_reason(status: &Value) -> &str {
    text(status, "/state/waiting/reason")
}

fn end_reason(ended: &Value) -> String {
    let number = |field| View(ended).number(field).unwrap_or(0);
    match (text(ended, "/reason"), number("/signal")) {
        ("", 0) => format!("ExitCode:{}", number("/exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

fn is_sidecar(container: &Value) -> bool {
    text(container, "/restartPolicy") == "Always"
}

fn has_condition(pod: &Value, kind: &str, holds: impl Fn(&Value) -> bool) -> bool {
    let conditions = View(pod).list("/status/conditions");
    conditions
        .iter()
        .any(|condition| text(condition, "/type") == kind && holds(condition))
}

fn is_true(condition: &Value) -> bool {
    text(condition, "/status") == "True"
}

fn readiness_gates(pod: &Value) -> String {
    let gates = View(pod).list("/spec/readinessGates");
    if gates.is_empty() {
        return "<none>".to_owned();
    }
    let open = gates
        .iter()
        .filter(|gate| has_condition(pod, text(gate, "/conditionType"), is_true))
        .count();
    format!("{open}/{}", gates.len())
}

pub(super) fn or_none(text: &str) -> &str {
    if text.is_empty() { "<none>" } else { text }
}
