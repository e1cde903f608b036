//! What a kubelet does to a pod, told by the stories of its containers.
//!
//! [`step`] is pure: no clock, no cluster. The world calls it for its own pods; the stand-in kubelet of a real control
//! plane calls the same over HTTP. What a kubelet knows besides the pod is its [`Memory`].

mod container;
mod logs;
mod shape;
mod stage;
mod status;
mod story;
#[cfg(test)]
mod tests;
mod texts;
mod timings;

pub use container::Container;
pub use logs::LogLine;
pub use stage::Ended;
pub(crate) use status::quality_of_service;
pub use story::{Cause, End, Pull, STORY_ANNOTATION, Stories, Story};
pub use timings::Timings;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Time;
use crate::object::{View, text};
use shape::Shape;
use stage::Doing;

/// What decides the life of pods.
#[derive(Clone, Copy, Debug)]
pub struct Script<'a> {
    /// The stories of the images.
    pub stories: &'a Stories,
    /// The kubelet's own delays.
    pub timings: &'a Timings,
}

/// What a kubelet knows of a pod that the pod does not say.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Memory {
    /// When it first saw the pod.
    started: Option<Time>,
    /// When it first saw that the pod is to go.
    stopping: Option<Time>,
    /// Its containers, by name.
    containers: BTreeMap<String, Container>,
}

/// What came of a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The status to write, if it changed.
    pub status: Option<Value>,
    /// What to report as cluster events, in order.
    pub reports: Vec<Report>,
    /// When to step again, unless the pod changes before; it may be at once.
    pub due: Option<Time>,
    /// The pod was to go and its containers have ended: it can be deleted with grace period 0.
    pub is_finished: bool,
}

/// Something to report about a pod or one of its containers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The container, if it is about one.
    pub container: Option<String>,
    /// Whether it is an init container.
    pub is_init: bool,
    /// Whether it is a warning.
    pub is_warning: bool,
    /// The reason, one word.
    pub reason: &'static str,
    /// The text.
    pub message: String,
}

impl Memory {
    /// Returns what a container wrote, in its present life or the one before; `None` if it had no such life.
    pub fn logs(&self, container: &str, previous: bool) -> Option<&[LogLine]> {
        self.containers.get(container)?.logs(previous)
    }

    /// Returns what is known of a container.
    pub fn container(&self, name: &str) -> Option<&Container> {
        self.containers.get(name)
    }
}

/// Looks after a pod that is bound to a node: moves its containers on by at most one stage each.
///
/// `memory` is a new one for a pod seen for the first time, else the one of the step before. A pod without a node is
/// left alone. A `now` that is later than due makes things late, not different.
pub fn step(pod: &Value, memory: &mut Memory, script: Script<'_>, now: Time) -> Step {
    let mut step = Step {
        status: None,
        reports: Vec::new(),
        due: None,
        is_finished: false,
    };
    if text(pod, "/spec/nodeName").is_empty() {
        return step;
    }
    let started = *memory.started.get_or_insert(now);
    let shape = Shape::of(pod, script.stories);
    for container in &shape.containers {
        memory.containers.entry(container.name.clone()).or_default();
    }
    let mut doing = Doing {
        pod,
        script,
        now,
        reports: Vec::new(),
    };
    let is_stopping = View(pod).is_terminating();
    if is_stopping {
        let since = *memory.stopping.get_or_insert(now);
        for shape in &shape.containers {
            if let Some(container) = memory.containers.get_mut(&shape.name) {
                container.stop(shape, since, &mut doing);
            }
        }
    } else if now >= started.plus(script.timings.notice) {
        advance(memory, &shape, &mut doing);
    }
    step.reports = doing.reports;
    let status = status::build(pod, memory, &shape, now);
    if pod.get("status") != Some(&status) {
        step.status = Some(status);
    }
    let is_over = memory
        .containers
        .values()
        .all(|container| !container.is_running());
    if is_stopping && is_over {
        step.is_finished = step.status.is_none();
        step.due = (!step.is_finished).then_some(now);
    } else {
        let dues = shape
            .containers
            .iter()
            .filter_map(|shape| memory.containers.get(&shape.name)?.due(shape));
        step.due = dues
            .chain(
                (!is_stopping)
                    .then(|| started.plus(script.timings.notice))
                    .filter(|due| *due > now),
            )
            .min();
    }
    step
}

/// Moves containers on: init containers one after the other, then all others together.
fn advance(memory: &mut Memory, shape: &Shape, doing: &mut Doing<'_>) {
    for container in &shape.containers {
        let Some(state) = memory.containers.get_mut(&container.name) else {
            continue;
        };
        state.advance(container, doing);
        if container.is_init && !state.has_initialized(container) {
            return;
        }
    }
}
