//! What is wrong with an object's metadata.

use serde_json::{Map, Value};

use super::{IMMUTABLE, names};
use crate::object::{Kind, name, text, uid};
use crate::status::Fault;

/// The sum of all keys and values of an object's annotations.
const MAX_ANNOTATIONS: usize = 256 * 1024;

pub(super) fn faults(kind: Kind, object: &Value, before: Option<&Value>) -> Vec<Fault> {
    let mut faults = Vec::new();
    if before.is_none() {
        check_name(kind, object, &mut faults);
    }
    check_labels(object, "/metadata/labels", "metadata.labels", &mut faults);
    check_annotations(object, &mut faults);
    if let Some(before) = before
        && !uid(object).is_empty()
        && uid(object) != uid(before)
    {
        // Upstream checks it in two places and says both.
        let value = Value::from(uid(object));
        let fault = Fault::invalid("metadata.uid", &value, IMMUTABLE);
        faults.extend([fault.clone(), fault]);
    }
    faults
}

fn check_name(kind: Kind, object: &Value, faults: &mut Vec<Fault>) {
    let (field, given) = match (name(object), text(object, "/metadata/generateName")) {
        ("", "") => {
            faults.push(Fault::required(
                "metadata.name",
                "name or generateName is required",
            ));
            return;
        }
        ("", prefix) => ("metadata.generateName", prefix.trim_end_matches(['-', '.'])),
        (name, _) => ("metadata.name", name),
    };
    let fault = match kind {
        Kind::Namespace | Kind::Service => names::label_fault(given),
        Kind::Role | Kind::RoleBinding | Kind::ClusterRole | Kind::ClusterRoleBinding => None,
        Kind::Node
        | Kind::Pod
        | Kind::Event
        | Kind::ConfigMap
        | Kind::Secret
        | Kind::ServiceAccount
        | Kind::ResourceQuota
        | Kind::Deployment
        | Kind::ReplicaSet
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::Job
        | Kind::CronJob
        | Kind::Lease
        | Kind::HorizontalPodAutoscaler
        | Kind::PodDisruptionBudget => names::subdomain_fault(given),
    };
    if let Some(why) = fault {
        faults.push(Fault::invalid(field, &Value::from(given), why));
    }
}

/// Reports keys and values that are no labels.
pub(super) fn check_labels(object: &Value, pointer: &str, field: &str, faults: &mut Vec<Fault>) {
    for (key, value) in members(object, pointer) {
        if let Some(why) = names::key_fault(key) {
            faults.push(Fault::invalid(field, &Value::from(key.as_str()), why));
        }
        if let Some(why) = names::label_value_fault(value.as_str().unwrap_or("")) {
            faults.push(Fault::invalid(field, value, why));
        }
    }
}

fn check_annotations(object: &Value, faults: &mut Vec<Fault>) {
    let mut size = 0;
    for (key, value) in members(object, "/metadata/annotations") {
        if let Some(why) = names::key_fault(&key.to_lowercase()) {
            faults.push(Fault::invalid(
                "metadata.annotations",
                &Value::from(key.as_str()),
                why,
            ));
        }
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > MAX_ANNOTATIONS {
        faults.push(Fault::too_long("metadata.annotations", MAX_ANNOTATIONS));
    }
}

fn members<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    object
        .pointer(pointer)
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
}
