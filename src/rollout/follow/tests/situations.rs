//! Scripted situations: what ends a watch, what does not, and what is said on the way.

mod contact;
mod ends;
mod telling;

use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Driver, Outcome, at, seconds, seen};
use crate::exit_code::ExitCode;
use crate::rollout::event::Event;
use crate::rollout::follow::Options;
use crate::rollout::verdict::{self, Answer, Doubt, Impact, Missing, Overtaker};
use crate::rollout::{
    Applied, Failure, Input, Patience, ProgressingStamp, Signal, Status, Successor, Want, Watched,
};

fn template(tag: &str) -> Value {
    json!({"metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "app", "image": format!("x/app:{tag}")}]}})
}

/// The receipt of a write that made generation 2 at resourceVersion 100.
fn applied(name: &str) -> Applied {
    Applied {
        deployment: name.to_owned(),
        uid: format!("uid-{name}"),
        generation: 2,
        resource_version: "100".to_owned(),
        template: template("v2"),
        template_before: Some(template("v1")),
        deploy_id: Some("d-2".to_owned()),
        progressing_before: Some(ProgressingStamp {
            reason: "NewReplicaSetAvailable".to_owned(),
            last_update_time: "2026-01-01T00:00:00Z".to_owned(),
        }),
        written: true,
        age: Duration::ZERO,
    }
}

/// A Deployment of three replicas in its first second: observed, one new pod made.
#[derive(Clone)]
struct Web {
    name: &'static str,
    version: u32,
    uid: Option<&'static str>,
    generation: i64,
    observed: i64,
    wanted: i32,
    total: i32,
    updated: i32,
    available: i32,
    paused: bool,
    tag: &'static str,
    progressing: (&'static str, &'static str),
    deadline: i32,
}

impl Web {
    fn rolling(version: u32) -> Self {
        Self {
            name: "web",
            version,
            uid: None,
            generation: 2,
            observed: 2,
            wanted: 3,
            total: 4,
            updated: 1,
            available: 3,
            paused: false,
            tag: "v2",
            progressing: ("ReplicaSetUpdated", "2026-01-01T00:01:00Z"),
            deadline: 600,
        }
    }

    fn complete(version: u32) -> Self {
        Self {
            total: 3,
            updated: 3,
            progressing: ("NewReplicaSetAvailable", "2026-01-01T00:01:10Z"),
            ..Self::rolling(version)
        }
    }

    fn value(&self) -> Value {
        let (reason, time) = self.progressing;
        let uid = self.uid.map_or(format!("uid-{}", self.name), str::to_owned);
        json!({
            "metadata": {"name": self.name, "uid": uid, "generation": self.generation,
                "resourceVersion": self.version.to_string()},
            "spec": {"replicas": self.wanted, "paused": self.paused, "template": template(self.tag),
                "progressDeadlineSeconds": self.deadline},
            "status": {"observedGeneration": self.observed, "replicas": self.total,
                "updatedReplicas": self.updated, "availableReplicas": self.available,
                "conditions": [{"type": "Progressing", "reason": reason, "lastUpdateTime": time}]},
        })
    }

    fn changed(&self) -> Input {
        Input::Changed(seen(Watched::Deployments, &self.value()))
    }

    fn listed(&self) -> Input {
        list(Watched::Deployments, &[self.value()])
    }
}

fn list(kind: Watched, objects: &[Value]) -> Input {
    let objects = objects.iter().map(|object| seen(kind, object)).collect();
    Input::Listed { kind, objects }
}

fn replica_set(name: &str, tag: &str, version: u32, status: &Value) -> Value {
    json!({
        "metadata": {"name": format!("{name}-{tag}"), "uid": format!("rs-{name}-{tag}"),
            "resourceVersion": version.to_string(), "creationTimestamp": "2026-01-01T00:00:00Z",
            "ownerReferences": [{"uid": format!("uid-{name}"), "name": name, "controller": true}]},
        "spec": {"replicas": 3, "template": template(tag)},
        "status": status,
    })
}

/// The new ReplicaSet with so many pods, and so many of them available.
fn new_set(version: u32, pods: i32, available: i32) -> Value {
    let status =
        json!({"replicas": pods, "readyReplicas": available, "availableReplicas": available});
    replica_set("web", "v2", version, &status)
}

fn pod(name: &str, set: &str, version: u32, container: &Value) -> Value {
    json!({
        "metadata": {"name": name, "uid": format!("pod-{name}"), "resourceVersion": version.to_string(),
            "ownerReferences": [{"uid": format!("rs-web-{set}"), "name": "web", "controller": true}]},
        "spec": {"nodeName": "node", "containers": [
            {"name": "app", "image": "x/app:v2", "readinessProbe": {"httpGet": {"port": 80}}}]},
        "status": {"phase": "Pending", "containerStatuses": [container]},
    })
}

fn waiting(reason: &str) -> Value {
    json!({"name": "app", "state": {"waiting": {"reason": reason, "message": "it says so"}}})
}

fn changed(kind: Watched, object: &Value) -> Input {
    Input::Changed(seen(kind, object))
}

/// A watch that has seen that there are no ReplicaSets and no pods yet.
fn begun(applied: Applied) -> Driver {
    let mut driver = Driver::start(vec![applied], Options::default(), at(0.0));
    driver.feed(list(Watched::ReplicaSets, &[]));
    driver.feed(list(Watched::Pods, &[]));
    driver
}

/// A watch that has seen everything of a rollout that goes well so far.
fn rolling() -> Driver {
    rolling_with(Options::default())
}

fn rolling_with(options: Options) -> Driver {
    let mut driver = Driver::start(vec![applied("web")], options, at(0.0));
    driver.feed(Web::rolling(101).listed());
    let running = json!({"name": "app", "started": true, "state": {"running": {}}});
    driver.feed(list(Watched::ReplicaSets, &[new_set(102, 1, 0)]));
    driver.feed(list(Watched::Pods, &[pod("a", "v2", 103, &running)]));
    driver
}

fn completed(mut driver: Driver) -> Outcome {
    driver.feed(changed(Watched::ReplicaSets, &new_set(200, 3, 3)));
    driver.feed(Web::complete(201).changed());
    driver.finish()
}

fn outcome_of(driver: Driver) -> verdict::Outcome {
    driver.finish().only().outcome.clone()
}

fn names(events: &[(crate::rollout::Moment, Event)]) -> Vec<&'static str> {
    let name = |event: &Event| match event {
        Event::Started { .. } => "started",
        Event::Progress { .. } => "progress",
        Event::Silent { .. } => "silent",
        Event::Paused { .. } => "paused",
        Event::Resumed { .. } => "resumed",
        Event::Rescaled { .. } => "rescaled",
        Event::Trouble { .. } => "trouble",
        Event::Recovered { .. } => "recovered",
        Event::Degraded { .. } => "degraded",
        Event::LostContact { .. } => "lost",
        Event::RegainedContact { .. } => "regained",
        Event::Heartbeat { .. } => "heartbeat",
        Event::Finished(_) => "finished",
    };
    events.iter().map(|(_, event)| name(event)).collect()
}
