//! A pod's status as the kubelet writes it, from what it knows of the containers.

use std::hash::Hasher;

use serde_json::{Map, Value, json};

use super::container::Container;
use super::shape::{ContainerShape, Restart, Shape};
use super::stage::{Ended, Stage};
use super::{Memory, texts};
use crate::clock::Time;
use crate::object::{Lookup, View, text, uid};
use crate::semantic::Fingerprint;

/// Builds the status; conditions of others (scheduling, readiness gates) are kept as they are.
pub(super) fn build(pod: &Value, memory: &Memory, shape: &Shape, now: Time) -> Value {
    let mut status = pod
        .get("status")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let generation = View(pod).generation();
    let known = |shape: &ContainerShape| memory.containers.get(&shape.name);
    let is_noticed = memory
        .containers
        .values()
        .any(|container| container.stage != Stage::Created);
    if !is_noticed {
        return Value::Object(status);
    }
    let has_init = shape.init().next().is_some();
    let statuses = |of: &mut dyn Iterator<Item = &ContainerShape>, waiting: &str| -> Vec<Value> {
        of.filter_map(|shape| Some(container_status(pod, shape, known(shape)?, waiting)))
            .collect()
    };
    let waiting = if has_init {
        "PodInitializing"
    } else {
        "ContainerCreating"
    };
    let containers = statuses(&mut shape.regular(), waiting);
    let inits = statuses(&mut shape.init(), "PodInitializing");
    let phase = phase(shape, memory);
    let conditions = conditions(pod, memory, shape, phase, now);
    status.insert("observedGeneration".to_owned(), json!(generation));
    status.insert("phase".to_owned(), json!(phase));
    status.insert("conditions".to_owned(), Value::Array(conditions));
    if !status.contains_key("startTime") {
        status.insert(
            "startTime".to_owned(),
            json!(memory.started.unwrap_or(now).rfc3339()),
        );
    }
    let host = format!(
        "10.0.0.{}",
        fingerprint(text(pod, "/spec/nodeName")) % 250 + 1
    );
    status.insert("hostIP".to_owned(), json!(host));
    status.insert("hostIPs".to_owned(), json!([{ "ip": host }]));
    if memory
        .containers
        .values()
        .any(|container| container.is_running() || !container.ends.is_empty())
    {
        let mark = fingerprint(uid(pod));
        let address = format!("10.88.{}.{}", mark % 256, mark / 256 % 250 + 1);
        status.insert("podIP".to_owned(), json!(address));
        status.insert("podIPs".to_owned(), json!([{ "ip": address }]));
    }
    if has_init {
        status.insert("initContainerStatuses".to_owned(), Value::Array(inits));
    }
    status.insert("containerStatuses".to_owned(), Value::Array(containers));
    status
        .entry("qosClass")
        .or_insert_with(|| json!(quality_of_service(pod)));
    Value::Object(status)
}

fn container_status(
    pod: &Value,
    shape: &ContainerShape,
    container: &Container,
    waiting: &str,
) -> Value {
    let mut status = Map::new();
    status.insert("name".to_owned(), json!(shape.name));
    let (state, last) = states(pod, shape, container, waiting);
    status.insert("state".to_owned(), state);
    status.insert("lastState".to_owned(), last);
    let is_done = shape.is_step() && container.has_initialized(shape);
    status.insert(
        "ready".to_owned(),
        json!(is_done || (container.is_running() && container.is_ready)),
    );
    status.insert("restartCount".to_owned(), json!(container.restarts));
    status.insert("image".to_owned(), json!(shape.image));
    let has_lived = container.is_running() || !container.ends.is_empty();
    let image = if has_lived {
        image_id(&shape.image)
    } else {
        String::new()
    };
    status.insert("imageID".to_owned(), json!(image));
    if has_lived {
        status.insert(
            "containerID".to_owned(),
            json!(container_id(pod, shape, container.restarts)),
        );
    }
    status.insert("started".to_owned(), json!(container.has_started(shape)));
    Value::Object(status)
}

/// Returns `state` and `lastState`.
fn states(
    pod: &Value,
    shape: &ContainerShape,
    container: &Container,
    waiting: &str,
) -> (Value, Value) {
    let ended = |index: usize| {
        container
            .ends
            .get(index)
            .map_or_else(|| json!({}), |end| terminated(pod, shape, end))
    };
    let wait = |reason: &str, message: Option<String>| match message {
        Some(message) => json!({"waiting": {"reason": reason, "message": message}}),
        None => json!({"waiting": {"reason": reason}}),
    };
    let error = || texts::pull_error(&shape.image, shape.story.pull);
    let state = match &container.stage {
        Stage::Created | Stage::Pulling { .. } => wait(waiting, None),
        Stage::PullFailed { .. } => wait("ErrImagePull", Some(error())),
        Stage::PullBackOff { .. } => {
            let message = format!(
                "Back-off pulling image \"{}\": ErrImagePull: {}",
                shape.image,
                error()
            );
            wait("ImagePullBackOff", Some(message))
        }
        Stage::InvalidImage => wait("InvalidImageName", texts::invalid_image(&shape.image)),
        Stage::NotConfigured { .. } => wait(
            "CreateContainerConfigError",
            Some(texts::missing_key(pod, &shape.name)),
        ),
        Stage::Running { since } => json!({"running": {"startedAt": since.rfc3339()}}),
        Stage::Ended { .. } | Stage::Over => return (ended(0), ended(1)),
        Stage::CrashBackOff { pause, .. } => {
            let (pause, pod) = (texts::go_duration(*pause), texts::full_name(pod));
            let message = format!(
                "back-off {pause} restarting failed container={} pod={pod}",
                shape.name
            );
            wait("CrashLoopBackOff", Some(message))
        }
    };
    (state, ended(0))
}

fn terminated(pod: &Value, shape: &ContainerShape, end: &Ended) -> Value {
    json!({"terminated": {
        "exitCode": end.code,
        "reason": end.reason,
        "startedAt": end.started.rfc3339(),
        "finishedAt": end.finished.rfc3339(),
        "containerID": container_id(pod, shape, end.life),
    }})
}

/// Returns the pod's phase: Pending until everything has started once, then by what runs and what may run again.
fn phase(shape: &Shape, memory: &Memory) -> &'static str {
    let known = |shape: &ContainerShape| memory.containers.get(&shape.name);
    let has_lived = |container: &Container| container.is_running() || !container.ends.is_empty();
    for init in shape.init() {
        let Some(container) = known(init) else {
            return "Pending";
        };
        let has_failed = container.last_end().is_some_and(|end| end.code != 0);
        if init.restart == Restart::Never && container.stage == Stage::Over && has_failed {
            return "Failed";
        }
    }
    let regular: Vec<&Container> = shape.regular().filter_map(known).collect();
    if !regular.iter().all(|container| has_lived(container)) {
        return "Pending";
    }
    if !regular
        .iter()
        .all(|container| container.stage == Stage::Over)
    {
        return "Running";
    }
    let has_failed = regular
        .iter()
        .any(|container| container.last_end().is_some_and(|end| end.code != 0));
    if has_failed { "Failed" } else { "Succeeded" }
}

fn conditions(pod: &Value, memory: &Memory, shape: &Shape, phase: &str, now: Time) -> Vec<Value> {
    let old = View(pod).list("/status/conditions");
    let generation = View(pod).generation();
    let known = |shape: &ContainerShape| memory.containers.get(&shape.name);
    let condition = |kind: &str, holds: bool, why: Option<(&str, String)>| {
        let status = if holds { "True" } else { "False" };
        let before = old
            .iter()
            .find(|condition| text(condition, "/type") == kind);
        let since = match before {
            Some(before) if text(before, "/status") == status => {
                text(before, "/lastTransitionTime").to_owned()
            }
            Some(_) | None => now.rfc3339(),
        };
        let mut condition = json!({
            "type": kind,
            "observedGeneration": generation,
            "status": status,
            "lastProbeTime": null,
            "lastTransitionTime": since,
        });
        if let (Some((reason, message)), Some(fields)) = (why, condition.as_object_mut()) {
            fields.insert("reason".to_owned(), json!(reason));
            if !message.is_empty() {
                fields.insert("message".to_owned(), json!(message));
            }
        }
        condition
    };
    let has_sandbox = memory
        .containers
        .values()
        .any(|container| container.is_running() || !container.ends.is_empty());
    let uninitialized = names(
        shape
            .init()
            .filter(|init| !known(init).is_some_and(|known| known.has_initialized(init))),
    );
    let has_begun = shape
        .regular()
        .any(|regular| known(regular).is_some_and(|known| known.stage != Stage::Created));
    let initialized = if uninitialized.is_empty() || has_begun {
        condition("Initialized", true, None)
    } else {
        let message = format!("containers with incomplete status: [{uninitialized}]");
        condition(
            "Initialized",
            false,
            Some(("ContainersNotInitialized", message)),
        )
    };
    let unready = names(shape.containers.iter().filter(|shape| {
        !shape.is_step()
            && !known(shape).is_some_and(|container| container.is_running() && container.is_ready)
    }));
    let unready = match phase {
        "Succeeded" => Some(("PodCompleted", String::new())),
        "Failed" => Some(("PodFailed", String::new())),
        _ if unready.is_empty() => None,
        _ => Some((
            "ContainersNotReady",
            format!("containers with unready status: [{unready}]"),
        )),
    };
    let gates = unready
        .clone()
        .or_else(|| closed_gates(pod, old).map(|message| ("ReadinessGatesNotReady", message)));
    let mut conditions = vec![
        condition(
            "PodReadyToStartContainers",
            has_sandbox && !matches!(phase, "Succeeded" | "Failed"),
            None,
        ),
        initialized,
        condition("Ready", gates.is_none(), gates),
        condition("ContainersReady", unready.is_none(), unready),
    ];
    let is_own = |kind: &str| {
        matches!(
            kind,
            "PodReadyToStartContainers" | "Initialized" | "Ready" | "ContainersReady"
        )
    };
    conditions.extend(
        old.iter()
            .filter(|condition| !is_own(text(condition, "/type")))
            .cloned(),
    );
    conditions
}

/// Returns what is wrong with the pod's readiness gates, if anything is.
fn closed_gates(pod: &Value, conditions: &[Value]) -> Option<String> {
    let wrong = |gate: &Value| {
        let kind = text(gate, "/conditionType");
        match conditions
            .iter()
            .find(|condition| text(condition, "/type") == kind)
        {
            None => Some(format!(
                "corresponding condition of pod readiness gate \"{kind}\" does not exist."
            )),
            Some(condition) => match text(condition, "/status") {
                "True" => None,
                status => Some(format!(
                    "the status of pod readiness gate \"{kind}\" is not \"True\", but {status}"
                )),
            },
        }
    };
    let messages: Vec<String> = View(pod)
        .list("/spec/readinessGates")
        .iter()
        .filter_map(wrong)
        .collect();
    (!messages.is_empty()).then(|| messages.join(", "))
}

fn names<'a>(containers: impl Iterator<Item = &'a ContainerShape>) -> String {
    containers
        .map(|container| container.name.as_str())
        .collect::<Vec<&str>>()
        .join(" ")
}

pub(crate) fn quality_of_service(pod: &Value) -> &'static str {
    let containers = || View(pod).list("/spec/containers").iter();
    let has = |container: &Value, pointer: &str| {
        container.at(pointer).is_some_and(|value| !value.is_null())
    };
    let is_guaranteed = |container: &Value| {
        let limits = container.at("/resources/limits");
        let requests = container.at("/resources/requests");
        has(container, "/resources/limits/cpu")
            && has(container, "/resources/limits/memory")
            && (requests.is_none() || requests == limits)
    };
    let asks = |container: &Value| {
        ["/resources/requests", "/resources/limits"]
            .iter()
            .any(|pointer| {
                container
                    .at(pointer)
                    .and_then(Value::as_object)
                    .is_some_and(|resources| !resources.is_empty())
            })
    };
    if containers().all(is_guaranteed) {
        "Guaranteed"
    } else if containers().any(asks) {
        "Burstable"
    } else {
        "BestEffort"
    }
}

fn image_id(image: &str) -> String {
    let digest = (0..4u64)
        .map(|part| format!("{:016x}", fingerprint(&format!("{part}{image}"))))
        .collect::<String>();
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let name = name
        .rsplit_once(':')
        .filter(|(_, tag)| !tag.contains('/'))
        .map_or(name, |(name, _)| name);
    format!("{name}@sha256:{digest}")
}

fn container_id(pod: &Value, shape: &ContainerShape, life: u32) -> String {
    let mark = format!("{}/{}/{life}", uid(pod), shape.name);
    let id = (0..4u64)
        .map(|part| format!("{:016x}", fingerprint(&format!("{part}{mark}"))))
        .collect::<String>();
    format!("containerd://{id}")
}

/// Made-up addresses and ids follow from names, so that they repeat.
fn fingerprint(text: &str) -> u64 {
    let mut mark = Fingerprint::default();
    mark.write(text.as_bytes());
    mark.finish()
}
