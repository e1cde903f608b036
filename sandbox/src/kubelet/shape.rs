//! The parts of a pod that a kubelet acts upon, read once a step.

use std::time::Duration;

use serde_json::Value;

use super::story::{Stories, Story};
use crate::object::{View, text};

/// A pod's containers, init containers first.
pub(super) struct Shape {
    pub(super) containers: Vec<ContainerShape>,
}

pub(super) struct ContainerShape {
    pub(super) name: String,
    pub(super) image: String,
    pub(super) story: Story,
    pub(super) is_init: bool,
    /// An init container that goes on running beside the others.
    pub(super) is_sidecar: bool,
    pub(super) restart: Restart,
    pub(super) readiness: Option<Probe>,
    pub(super) has_startup_probe: bool,
    /// How long its `preStop` hook sleeps.
    pub(super) pre_stop: Duration,
    /// How long the pod may take to stop.
    pub(super) grace: Duration,
}

/// When an ended container is started again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Restart {
    Always,
    OnFailure,
    Never,
}

pub(super) struct Probe {
    pub(super) delay: Duration,
    pub(super) period: Duration,
}

impl Shape {
    pub(super) fn of(pod: &Value, stories: &Stories) -> Shape {
        let read = |pointer: &str, is_init: bool| {
            View(pod)
                .list(pointer)
                .iter()
                .map(|container| ContainerShape::of(pod, container, is_init, stories))
                .collect()
        };
        let mut containers: Vec<ContainerShape> = read("/spec/initContainers", true);
        let others: Vec<ContainerShape> = read("/spec/containers", false);
        containers.extend(others);
        Shape { containers }
    }

    pub(super) fn init(&self) -> impl Iterator<Item = &ContainerShape> {
        self.containers.iter().filter(|container| container.is_init)
    }

    pub(super) fn regular(&self) -> impl Iterator<Item = &ContainerShape> {
        self.containers
            .iter()
            .filter(|container| !container.is_init)
    }
}

impl ContainerShape {
    fn of(pod: &Value, container: &Value, is_init: bool, stories: &Stories) -> ContainerShape {
        let (name, image) = (
            text(container, "/name").to_owned(),
            text(container, "/image").to_owned(),
        );
        let is_sidecar = is_init && text(container, "/restartPolicy") == "Always";
        let restart = match text(pod, "/spec/restartPolicy") {
            _ if is_sidecar => Restart::Always,
            "Never" => Restart::Never,
            "OnFailure" => Restart::OnFailure,
            _ if is_init => Restart::OnFailure,
            _ => Restart::Always,
        };
        ContainerShape {
            story: stories.of_container(pod, &name, &image, is_init),
            name,
            image,
            is_init,
            is_sidecar,
            restart,
            readiness: container
                .get("readinessProbe")
                .filter(|probe| probe.is_object())
                .map(Probe::of),
            has_startup_probe: container.get("startupProbe").is_some_and(Value::is_object),
            pre_stop: seconds(container, "/lifecycle/preStop/sleep/seconds").unwrap_or_default(),
            grace: seconds(pod, "/metadata/deletionGracePeriodSeconds")
                .unwrap_or(Duration::from_secs(30)),
        }
    }

    /// Returns whether the container runs to its end before the others start.
    pub(super) fn is_step(&self) -> bool {
        self.is_init && !self.is_sidecar
    }
}

impl Probe {
    fn of(probe: &Value) -> Probe {
        Probe {
            delay: seconds(probe, "/initialDelaySeconds").unwrap_or_default(),
            period: seconds(probe, "/periodSeconds").unwrap_or(Duration::from_secs(10)),
        }
    }
}

fn seconds(object: &Value, pointer: &str) -> Option<Duration> {
    View(object)
        .number(pointer)
        .and_then(|seconds| u64::try_from(seconds).ok())
        .map(Duration::from_secs)
}
