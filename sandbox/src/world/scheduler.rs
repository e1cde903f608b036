//! The scheduler: gives each pod the node that runs the fewest, or says why it fits nowhere.

use serde_json::{Value, json};

use super::{Actor, World};
use crate::object::{Key, Kind, View, fields, status, text};
use crate::store::{Change, Scope, Verb};

impl World {
    pub(super) fn see_for_scheduler(&mut self, key: &Key, change: &Change) {
        if change.kind == Kind::Node {
            let waiting: Vec<Key> = self
                .store
                .list(Kind::Pod, None)
                .filter(|pod| is_waiting(pod))
                .map(|pod| Key::named_in(Kind::Pod, pod))
                .collect();
            for pod in waiting {
                self.enqueue(Actor::Scheduler, &pod);
            }
            return;
        }
        let node = text(&change.object, "/spec/nodeName");
        match change.verb {
            Verb::Added if !node.is_empty() => *self.load.entry(node.to_owned()).or_default() += 1,
            Verb::Deleted if !node.is_empty() => {
                let load = self.load.entry(node.to_owned()).or_default();
                *load = load.saturating_sub(1);
            }
            Verb::Added => self.enqueue(Actor::Scheduler, key),
            Verb::Modified | Verb::Deleted => {}
        }
    }

    pub(super) fn schedule(&mut self, key: &Key) {
        let Some(pod) = self.store.read(key).filter(|pod| is_waiting(pod)).cloned() else {
            return;
        };
        let nodes: Vec<&str> = self
            .store
            .list(Kind::Node, None)
            .map(|node| View(node))
            .filter(|node| !node.is_true("/spec/unschedulable"))
            .map(View::name)
            .collect();
        let least = nodes
            .iter()
            .min_by_key(|node| self.load.get(**node).copied().unwrap_or(0));
        let chosen = least
            .filter(|_| self.options.stories.has_room(&pod))
            .map(|node| (*node).to_owned());
        match chosen {
            Some(node) => self.bind(&pod, &node),
            None => {
                let count = self.store.list(Kind::Node, None).count();
                self.refuse(&pod, count);
            }
        }
    }

    fn bind(&mut self, pod: &Value, node: &str) {
        let mut bound = pod.clone();
        let spec = fields(fields(&mut bound).entry("spec").or_insert(Value::Null));
        spec.insert("nodeName".to_owned(), json!(node));
        let time = self.now.rfc3339();
        set_scheduled(
            &mut bound,
            json!({"status": "True", "lastTransitionTime": time}),
        );
        if self
            .client(Actor::Scheduler)
            .replace(Kind::Pod, bound, Scope::Whole)
            .is_err()
        {
            return;
        }
        *self.load.entry(node.to_owned()).or_default() += 1;
        let view = View(pod);
        let message = format!(
            "Successfully assigned {}/{} to {node}",
            view.namespace(),
            view.name()
        );
        self.client(Actor::Scheduler)
            .tell(pod, "Scheduled", &message);
    }

    fn refuse(&mut self, pod: &Value, nodes: usize) {
        let message = if nodes == 0 {
            "no nodes available to schedule pods".to_owned()
        } else {
            format!(
                "0/{nodes} nodes are available: {nodes} Insufficient cpu. preemption: 0/{nodes} nodes are available: \
                 {nodes} No preemption victims found for incoming pod."
            )
        };
        let mut refused = pod.clone();
        let time = self.now.rfc3339();
        let condition = json!({
            "status": "False",
            "reason": "Unschedulable",
            "message": message,
            "lastTransitionTime": time,
        });
        set_scheduled(&mut refused, condition);
        // A pod that is gone meanwhile needs no word about its node.
        let _ = self
            .client(Actor::Scheduler)
            .replace(Kind::Pod, refused, Scope::Status);
        self.client(Actor::Scheduler)
            .warn(pod, "FailedScheduling", &message);
    }
}

fn is_waiting(pod: &Value) -> bool {
    text(pod, "/spec/nodeName").is_empty() && !View(pod).is_terminating()
}

/// Puts the condition PodScheduled in its place, with the pod's generation.
fn set_scheduled(pod: &mut Value, mut condition: Value) {
    let generation = View(pod).generation();
    let condition_fields = fields(&mut condition);
    condition_fields.insert("type".to_owned(), json!("PodScheduled"));
    condition_fields.insert("observedGeneration".to_owned(), json!(generation));
    condition_fields.insert("lastProbeTime".to_owned(), Value::Null);
    let mut conditions = View(pod).list("/status/conditions").to_vec();
    conditions.retain(|condition| text(condition, "/type") != "PodScheduled");
    conditions.push(condition);
    status(pod).insert("conditions".to_owned(), Value::Array(conditions));
}
