//! The kubelets of all nodes: step each pod when it is due, and write what came of it.

use serde_json::Value;

use super::{Actor, World};
use crate::events::{ClusterEvent, container_path};
use crate::kubelet::{Memory, Report, Script, step};
use crate::object::{Key, Kind, Lookup, View, fields, text, uid};
use crate::store::{Change, Scope, Verb};

impl World {
    pub(super) fn see_for_kubelet(&mut self, key: &Key, change: &Change) {
        let is_new = match &change.previous {
            None => true,
            Some(previous) => {
                let differs = |pointer: &str| previous.at(pointer) != change.object.at(pointer);
                differs("/spec/nodeName")
                    || differs("/metadata/generation")
                    || differs("/metadata/deletionGracePeriodSeconds")
                    || !View(&change.object).list("/spec/readinessGates").is_empty()
            }
        };
        if change.verb == Verb::Deleted
            || (is_new && !text(&change.object, "/spec/nodeName").is_empty())
        {
            self.enqueue(Actor::Kubelet, key);
        }
    }

    pub(super) fn run_pod(&mut self, key: &Key) {
        let Some(pod) = self.store.read(key).cloned() else {
            self.memories.remove(key);
            self.plan_step(key, None);
            return;
        };
        let (owner, memory) = self.memories.entry(key.clone()).or_default();
        if owner != uid(&pod) {
            (*owner, *memory) = (uid(&pod).to_owned(), Memory::default());
        }
        let script = Script {
            stories: &self.options.stories,
            timings: &self.options.timings,
        };
        let step = step(&pod, memory, script, self.now);
        for report in &step.reports {
            self.report(&pod, report);
        }
        if let Some(status) = step.status {
            let mut object = Value::clone(&pod);
            fields(&mut object).insert("status".to_owned(), status);
            // It was read just now, so that nothing could refuse this.
            let _ = self
                .client(Actor::Kubelet)
                .replace(Kind::Pod, object, Scope::Status);
        }
        if step.is_finished {
            let _ = self.client(Actor::Kubelet).remove_pod(key);
        }
        self.plan_step(key, step.due);
    }

    fn plan_step(&mut self, key: &Key, due: Option<crate::clock::Time>) {
        if let Some(queue) = self.queues.get_mut(&Actor::Kubelet) {
            queue.set_later(&mut self.agenda, Actor::Kubelet, key, due);
        }
    }

    fn report(&mut self, pod: &Value, report: &Report) {
        let event = ClusterEvent {
            about: pod,
            field_path: report
                .container
                .as_deref()
                .map(|container| container_path(container, report.is_init)),
            is_warning: report.is_warning,
            reason: report.reason,
            message: &report.message,
            component: Actor::Kubelet.component(),
            host: Some(text(pod, "/spec/nodeName")),
        };
        self.client(Actor::Kubelet).report(&event);
    }
}
