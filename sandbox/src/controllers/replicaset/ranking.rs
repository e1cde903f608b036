//! Which pods a ReplicaSet gives up first when it has too many.

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::{is_active, ready_since};
use crate::clock::Time;
use crate::object::{View, annotation, text, uid};

/// Sorts pods so that those to be deleted first come first. `related` are the pods of all ReplicaSets with the same
/// owner; the more of them a node has, the sooner it gives one up.
pub(super) fn sort(pods: &mut [Arc<Value>], related: &[Arc<Value>], now: Time) {
    let mut on_node: HashMap<&str, usize> = HashMap::new();
    for pod in related.iter().filter(|pod| is_active(pod)) {
        *on_node.entry(text(pod, "/spec/nodeName")).or_default() += 1;
    }
    let rank = |pod: &Value| {
        on_node
            .get(text(pod, "/spec/nodeName"))
            .copied()
            .unwrap_or(0)
    };
    pods.sort_by(|left, right| compare(left, right, rank(left), rank(right), now));
}

fn compare(
    left: &Value,
    right: &Value,
    left_rank: usize,
    right_rank: usize,
    now: Time,
) -> Ordering {
    let is_assigned = |pod: &Value| !text(pod, "/spec/nodeName").is_empty();
    let (left_ready, right_ready) = (ready_since(left), ready_since(right));
    is_assigned(left)
        .cmp(&is_assigned(right))
        .then_with(|| phase(left).cmp(&phase(right)))
        .then_with(|| left_ready.is_some().cmp(&right_ready.is_some()))
        .then_with(|| deletion_cost(left).cmp(&deletion_cost(right)))
        .then_with(|| right_rank.cmp(&left_rank))
        .then_with(|| match (left_ready, right_ready) {
            (Some(one), Some(other)) if one != other => {
                by_age(one, other, now).then_with(|| uid(left).cmp(uid(right)))
            }
            _ => Ordering::Equal,
        })
        .then_with(|| Reverse(restarts(left)).cmp(&Reverse(restarts(right))))
        .then_with(|| match (created(left), created(right)) {
            (one, other) if one != other => {
                by_age(one, other, now).then_with(|| uid(left).cmp(uid(right)))
            }
            _ => Ordering::Equal,
        })
}

fn phase(pod: &Value) -> u8 {
    match text(pod, "/status/phase") {
        "Unknown" => 1,
        "Running" => 2,
        _ => 0,
    }
}

fn deletion_cost(pod: &Value) -> i32 {
    annotation(pod, "controller.kubernetes.io/pod-deletion-cost")
        .and_then(|cost| cost.parse().ok())
        .unwrap_or(0)
}

fn restarts(pod: &Value) -> i64 {
    let statuses = View(pod).list("/status/containerStatuses").iter();
    statuses
        .filter_map(|status| View(status).number("/restartCount"))
        .max()
        .unwrap_or(0)
}

fn created(pod: &Value) -> Time {
    Time::parse(View(pod).created()).unwrap_or_default()
}

/// Orders times by how long ago they were, in powers of two; the more recent comes first.
fn by_age(one: Time, other: Time, now: Time) -> Ordering {
    let magnitude = |time: Time| now.since(time).as_nanos().checked_ilog2();
    magnitude(one).cmp(&magnitude(other))
}
