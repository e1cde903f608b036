//! A ReplicaSet's status, counted from the pods that were seen before any was created or deleted.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::ready_since;
use crate::clock::Time;
use crate::controllers::conditions::{Condition, Conditions};
use crate::object::{Lookup, View};

const REPLICA_FAILURE: &str = "ReplicaFailure";

/// What the status is counted from.
pub(super) struct Count<'a> {
    pub(super) replica_set: &'a Value,
    pub(super) active: &'a [Arc<Value>],
    pub(super) terminating: usize,
    /// Why pods could not be created or deleted.
    pub(super) failure: Option<String>,
    pub(super) now: Time,
}

/// Computes the status, but for the observed generation; `None` if the present one still holds.
///
/// A failure that is there already keeps its first message; without a failure the condition goes.
pub(super) fn compute(count: &Count<'_>) -> Option<Value> {
    let view = View(count.replica_set);
    let min_ready = min_ready(view);
    let labels = view
        .0
        .at("/spec/template/metadata/labels")
        .and_then(Value::as_object);
    let is_labelled = |pod: &Value| {
        labels.is_none_or(|labels| {
            let own = pod.at("/metadata/labels");
            labels
                .iter()
                .all(|(key, value)| own.and_then(|own| own.get(key)) == Some(value))
        })
    };
    let ready: Vec<Time> = count
        .active
        .iter()
        .filter_map(|pod| ready_since(pod))
        .collect();
    let available = ready
        .iter()
        .filter(|since| min_ready.is_zero() || since.plus(min_ready) <= count.now)
        .count();
    let labelled = count.active.iter().filter(|pod| is_labelled(pod)).count();

    let before = Conditions::read(view.0.get("status"));
    let mut conditions = before.clone();
    match (&count.failure, before.find(REPLICA_FAILURE)) {
        (Some(message), None) => {
            let wanted = usize::try_from(view.number("/spec/replicas").unwrap_or(1)).unwrap_or(0);
            let reason = if count.active.len() < wanted {
                "FailedCreate"
            } else {
                "FailedDelete"
            };
            let condition = Condition::new(REPLICA_FAILURE, "True", reason, message, count.now);
            conditions.set(Condition {
                last_update: None,
                ..condition
            });
        }
        (None, Some(_)) => conditions.remove(REPLICA_FAILURE),
        (Some(_), Some(_)) | (None, None) => {}
    }

    let mut status = Map::new();
    status.insert("replicas".to_owned(), json!(count.active.len()));
    for (field, number) in [
        ("fullyLabeledReplicas", labelled),
        ("readyReplicas", ready.len()),
        ("availableReplicas", available),
    ] {
        if number > 0 {
            status.insert(field.to_owned(), json!(number));
        }
    }
    status.insert("terminatingReplicas".to_owned(), json!(count.terminating));
    if !conditions.is_empty() {
        status.insert("conditions".to_owned(), conditions.write());
    }
    let present = view.0.get("status").and_then(Value::as_object);
    let is_observed = view.number("/status/observedGeneration") == Some(view.generation());
    let is_count = |field: &&String| *field != "observedGeneration" && *field != "conditions";
    let holds = present.is_some_and(|present| {
        let counts = || status.keys().filter(is_count);
        counts().count() == present.keys().filter(is_count).count()
            && counts().all(|field| present.get(field) == status.get(field))
    });
    if is_observed && holds && conditions == before {
        return None;
    }
    status.insert("observedGeneration".to_owned(), json!(view.generation()));
    Some(Value::Object(status))
}

/// Returns when the next ready pod will have been ready for long enough, if one has not yet been.
pub(super) fn next_available(
    replica_set: &Value,
    active: &[Arc<Value>],
    now: Time,
) -> Option<Duration> {
    let min_ready = min_ready(View(replica_set));
    let ends = active
        .iter()
        .filter_map(|pod| ready_since(pod))
        .map(|since| since.plus(min_ready));
    ends.filter(|end| *end > now)
        .map(|end| end.since(now))
        .min()
}

fn min_ready(view: View<'_>) -> Duration {
    let seconds = view.number("/spec/minReadySeconds").unwrap_or(0);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}
