//! One watch on all pods, and one task for each pod on our nodes that carries its story to the API server.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::{StreamExt, pin_mut};
use k8s_openapi::api::core::v1::Pod as PodKind;
use kube::api::{ApiResource, DynamicObject};
use kube::runtime::watcher::{self, Event};
use kube_sandbox::events::{ClusterEvent, container_path};
use kube_sandbox::kubelet::{Memory, Script, Step, step};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::api::{Answered, Pod, now};
use super::{Known, Node, Shared, scheduler};

/// How long to wait after a request that was not answered as it should be.
pub(super) const RETRY: Duration = Duration::from_millis(500);

/// The task that looks after a pod, and what it knows.
struct Player {
    key: (String, String),
    known: Arc<Known>,
    task: JoinHandle<()>,
}

/// Follows all pods of the cluster for as long as the process lives.
pub(super) async fn play(shared: Arc<Shared>) {
    let resource = ApiResource::erase::<PodKind>(&());
    let pods = kube::Api::<DynamicObject>::all_with(shared.api.connection(), &resource);
    let events = watcher::watcher(pods, watcher::Config::default());
    pin_mut!(events);
    let mut players: HashMap<String, Player> = HashMap::new();
    let mut listed = HashSet::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(pod)) => {
                listed.extend(pod.metadata.uid.clone());
                see(&shared, &mut players, &pod);
            }
            Ok(Event::InitDone) => {
                let gone = players.keys().filter(|uid| !listed.contains(*uid)).cloned();
                for uid in gone.collect::<Vec<String>>() {
                    forget(&shared, &mut players, &uid);
                }
            }
            Ok(Event::Apply(pod)) => see(&shared, &mut players, &pod),
            Ok(Event::Delete(pod)) => {
                forget(
                    &shared,
                    &mut players,
                    pod.metadata.uid.as_deref().unwrap_or_default(),
                );
            }
            // The API server is away or was restarted; the watcher goes on by itself.
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    }
}

fn see(shared: &Arc<Shared>, players: &mut HashMap<String, Player>, pod: &DynamicObject) {
    let Ok(mut object) = serde_json::to_value(pod) else {
        return;
    };
    // The items of a list do not say what they are; cluster events about them do.
    (object["apiVersion"], object["kind"]) = (json!("v1"), json!("Pod"));
    let uid = Pod::of(&object).uid.to_owned();
    if let Some(player) = players.get(&uid) {
        player.known.object.send_replace(object);
        return;
    }
    if scheduler::is_ours(&object, shared.takes) {
        tokio::spawn(scheduler::schedule(Arc::clone(shared), object));
        return;
    }
    let Some(node) = object["spec"]["nodeName"]
        .as_str()
        .and_then(|name| shared.node(name))
    else {
        return;
    };
    let key = (
        Pod::of(&object).namespace.to_owned(),
        Pod::of(&object).name.to_owned(),
    );
    let known = Arc::new(Known {
        object: watch::Sender::new(object),
        memory: Mutex::new(Memory::default()),
    });
    shared
        .pods
        .lock()
        .unwrap()
        .insert(key.clone(), Arc::clone(&known));
    let task = tokio::spawn(look_after(Arc::clone(shared), node, Arc::clone(&known)));
    players.insert(uid, Player { key, known, task });
}

fn forget(shared: &Shared, players: &mut HashMap<String, Player>, uid: &str) {
    if let Some(player) = players.remove(uid) {
        player.task.abort();
        shared.pods.lock().unwrap().remove(&player.key);
    }
}

/// Steps a pod whenever it is due or changes, until it is gone.
async fn look_after(shared: Arc<Shared>, node: Arc<Node>, known: Arc<Known>) {
    let mut pod = known.object.subscribe();
    let mut runs = node.runs.subscribe();
    // The answer to a write is newer than what the watch has told so far.
    let mut written = Value::Null;
    loop {
        if runs.wait_for(|runs| *runs).await.is_err() {
            return;
        }
        let seen = pod.borrow_and_update().clone();
        let object = if version(&seen) < version(&written) {
            written.clone()
        } else {
            seen
        };
        let step = {
            let stories = shared.stories.read().unwrap();
            let script = Script {
                stories: &stories,
                timings: &shared.timings,
            };
            step(&object, &mut known.memory.lock().unwrap(), script, now())
        };
        match carry_out(&shared, &node.name, &object, &step).await {
            Ok(Answered::Done(newest)) => written = newest,
            Ok(Answered::Gone) => return,
            Err(trouble) => {
                shared.note(Pod::of(&object).namespace, trouble);
                tokio::time::sleep(RETRY).await;
                continue;
            }
        }
        let wait = step.due.map(|due| due.since(now()));
        tokio::select! {
            changed = pod.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(wait.unwrap_or(Duration::MAX)), if wait.is_some() => {}
            stopped = runs.wait_for(|runs| !*runs) => if stopped.is_err() { return },
        }
    }
}

/// Writes the status, reports, and takes the pod away, as the step says; returns the pod as it is then.
async fn carry_out(
    shared: &Shared,
    node: &str,
    object: &Value,
    step: &Step,
) -> Result<Answered, String> {
    let pod = Pod::of(object);
    let written = match &step.status {
        Some(status) => shared.api.write_status(&pod, status).await,
        None => Ok(Answered::Done(object.clone())),
    };
    for report in &step.reports {
        let container = report.container.as_deref();
        let event = ClusterEvent {
            about: object,
            field_path: container.map(|name| container_path(name, report.is_init)),
            is_warning: report.is_warning,
            reason: report.reason,
            message: &report.message,
            component: "kubelet",
            host: Some(node),
        };
        shared.api.report(&event).await;
    }
    if step.is_finished {
        shared.api.delete(&pod).await?;
        return Ok(Answered::Gone);
    }
    written
}

/// Returns the resourceVersion, which counts upwards; nothing for what is no object.
fn version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"]
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}
