//! Gives pods without a node one of ours, or says that none has room.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use kube_sandbox::events::ClusterEvent;
use serde_json::{Value, json};

use super::api::{Answered, Pod, now};
use super::pods::RETRY;
use super::{NODES, Shared, Takes};
use crate::namespace::SCHEDULER_NAME;

/// Returns whether the pod has no node and waits for one of ours.
pub(super) fn is_ours(pod: &Value, takes: Takes) -> bool {
    let is_bound = pod["spec"]["nodeName"]
        .as_str()
        .is_some_and(|node| !node.is_empty());
    let is_leaving = !pod["metadata"]["deletionTimestamp"].is_null();
    let is_gated = pod["spec"]["schedulingGates"]
        .as_array()
        .is_some_and(|gates| !gates.is_empty());
    let is_named = takes == Takes::All || pod["spec"]["schedulerName"] == SCHEDULER_NAME;
    !is_bound && !is_leaving && !is_gated && is_named
}

/// Binds the pod, or writes why it cannot be bound; goes on until the API server has taken it.
pub(super) async fn schedule(shared: Arc<Shared>, object: Value) {
    let pod = Pod::of(&object);
    loop {
        let node = node_for(&shared, &object);
        let done = match &node {
            Some(node) => bind(&shared, &object, node).await,
            None => refuse(&shared, &object).await,
        };
        match done {
            Ok(()) => return,
            Err(trouble) => shared.note(pod.namespace, trouble),
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Returns the node that the pod selects by its host name, or else the next one of those that are for all.
fn node_for(shared: &Shared, pod: &Value) -> Option<String> {
    let has_room = shared.stories.read().unwrap().has_room(pod);
    let selected = pod["spec"]["nodeSelector"]["kubernetes.io/hostname"].as_str();
    match selected {
        _ if !has_room => None,
        Some(name) => shared.node(name).map(|node| node.name.clone()),
        None => {
            let next = shared.next_node.fetch_add(1, Ordering::Relaxed);
            Some(NODES[next % NODES.len()].to_owned())
        }
    }
}

async fn bind(shared: &Shared, object: &Value, node: &str) -> Result<(), String> {
    let pod = Pod::of(object);
    if matches!(shared.api.bind(&pod, node).await?, Answered::Gone) {
        return Ok(());
    }
    let message = format!(
        "Successfully assigned {}/{} to {node}",
        pod.namespace, pod.name
    );
    report(shared, object, false, "Scheduled", &message).await;
    Ok(())
}

async fn refuse(shared: &Shared, object: &Value) -> Result<(), String> {
    let conditions = object["status"]["conditions"].as_array();
    let is_told = conditions.is_some_and(|conditions| {
        conditions
            .iter()
            .any(|condition| condition["type"] == "PodScheduled" && condition["status"] == "False")
    });
    if is_told {
        return Ok(());
    }
    let count = shared.nodes.read().unwrap().len();
    let message = format!(
        "0/{count} nodes are available: {count} Insufficient cpu. no new claims to deallocate, preemption: 0/{count} \
         nodes are available: {count} No preemption victims found for incoming pod."
    );
    let mut status = object["status"].clone();
    status["conditions"] = json!([{
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
        "lastProbeTime": null, "lastTransitionTime": now().rfc3339(),
    }]);
    shared.api.write_status(&Pod::of(object), &status).await?;
    report(shared, object, true, "FailedScheduling", &message).await;
    Ok(())
}

async fn report(shared: &Shared, pod: &Value, is_warning: bool, reason: &str, message: &str) {
    let event = ClusterEvent {
        about: pod,
        field_path: None,
        is_warning,
        reason,
        message,
        component: "default-scheduler",
        host: None,
    };
    shared.api.report(&event).await;
}
