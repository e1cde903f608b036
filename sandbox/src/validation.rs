//! Says what is wrong with an object, in the API server's words and in its order.
//!
//! Defaults have been filled before; nothing here looks at the store.

mod metadata;
mod names;
mod pod;
mod rules;
mod workload;

use serde_json::Value;

use crate::object::{Kind, text};
use crate::status::Fault;

/// Returns all faults of a new object, or of one that takes the place of `before`.
pub(crate) fn faults(kind: Kind, object: &Value, before: Option<&Value>) -> Vec<Fault> {
    let mut faults = metadata::faults(kind, object, before);
    match kind {
        Kind::Deployment => workload::deployment(object, before, &mut faults),
        Kind::ReplicaSet => workload::replica_set(object, before, &mut faults),
        Kind::Pod => pod::pod(object, before, &mut faults),
        Kind::Job => workload::job(object, before, &mut faults),
        Kind::HorizontalPodAutoscaler => rules::autoscaler(object, &mut faults),
        Kind::PodDisruptionBudget => rules::disruption_budget(object, &mut faults),
        Kind::Lease => rules::lease(object, &mut faults),
        Kind::RoleBinding | Kind::ClusterRoleBinding => rules::binding(object, before, &mut faults),
        Kind::Service => rules::service(object, &mut faults),
        Kind::Namespace
        | Kind::Node
        | Kind::Event
        | Kind::ConfigMap
        | Kind::Secret
        | Kind::ServiceAccount
        | Kind::ResourceQuota
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::CronJob
        | Kind::Role
        | Kind::ClusterRole => {}
    }
    faults
}

const NEGATIVE: &str = "must be greater than or equal to 0";
const IMMUTABLE: &str = "field is immutable";

/// Reports a number below zero.
fn check_not_negative(object: &Value, pointer: &str, faults: &mut Vec<Fault>) {
    if let Some(value) = object.pointer(pointer)
        && value.as_i64().is_some_and(|number| number < 0)
    {
        faults.push(Fault::invalid(dotted(pointer), value, NEGATIVE));
    }
}

/// Reports a member that must not change once it is set.
fn check_immutable(object: &Value, before: Option<&Value>, pointer: &str, faults: &mut Vec<Fault>) {
    let Some(before) = before else { return };
    let value = object.pointer(pointer).unwrap_or(&Value::Null);
    if value != before.pointer(pointer).unwrap_or(&Value::Null) {
        faults.push(Fault::invalid(dotted(pointer), value, IMMUTABLE));
    }
}

/// Reports a text that is empty.
fn check_given(object: &Value, pointer: &str, faults: &mut Vec<Fault>) {
    if text(object, pointer).is_empty() {
        faults.push(Fault::required(dotted(pointer), ""));
    }
}

/// Turns `/spec/replicas` into `spec.replicas`.
fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

#[cfg(test)]
mod tests;
