//! Brings an object into the form of its type: what is unknown goes, what stands for nothing goes.
//!
//! The types are those of `k8s-openapi`; a field that they do not have is unknown here.

use k8s_openapi::api::{apps, autoscaling, batch, coordination, core, policy, rbac};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::omitted::{is_omitted, is_string_map};
use crate::object::Kind;

/// A member has the wrong type; the text says what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Mismatch(pub(crate) String);

/// Cleans `object` and returns the paths of the fields that its type does not have.
pub(crate) fn decode(kind: Kind, object: &mut Value) -> Result<Vec<String>, Mismatch> {
    strip("", object);
    let known = round_trip(kind, object)?;
    let mut unknown = Vec::new();
    drop_unknown("", object, &known, &mut unknown);
    Ok(unknown)
}

/// Drops what stands for nothing, innermost first.
fn strip(field: &str, value: &mut Value) {
    match value {
        Value::Object(members) if is_string_map(field) => {
            for value in members.values_mut() {
                if value.is_null() {
                    *value = Value::String(String::new());
                }
            }
        }
        // Field sets and raw extensions are free of any type's rules.
        Value::Object(_) if field == "fieldsV1" => {}
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                strip(name, value);
            }
            members.retain(|name, value| !is_omitted(name, value));
        }
        Value::Array(items) => {
            for item in items {
                strip(field, item);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn drop_unknown(path: &str, value: &mut Value, known: &Value, unknown: &mut Vec<String>) {
    match (value, known) {
        (Value::Object(members), Value::Object(known)) => {
            members.retain(|name, value| {
                let path = join(path, name);
                match known.get(name) {
                    Some(known) => drop_unknown(&path, value, known, unknown),
                    None => unknown.push(path),
                }
                known.contains_key(name)
            });
        }
        (Value::Array(items), Value::Array(known)) => {
            for (index, (item, known)) in items.iter_mut().zip(known).enumerate() {
                drop_unknown(&format!("{path}[{index}]"), item, known, unknown);
            }
        }
        _ => {}
    }
}

fn join(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

/// Reads and writes the object with its type; what comes back is what the type knows.
fn round_trip(kind: Kind, object: &Value) -> Result<Value, Mismatch> {
    match kind {
        Kind::Namespace => through::<core::v1::Namespace>(object),
        Kind::Node => through::<core::v1::Node>(object),
        Kind::Pod => through::<core::v1::Pod>(object),
        Kind::Event => through::<core::v1::Event>(object),
        Kind::ConfigMap => through::<core::v1::ConfigMap>(object),
        Kind::Secret => through::<core::v1::Secret>(object),
        Kind::Service => through::<core::v1::Service>(object),
        Kind::ServiceAccount => through::<core::v1::ServiceAccount>(object),
        Kind::ResourceQuota => through::<core::v1::ResourceQuota>(object),
        Kind::Deployment => through::<apps::v1::Deployment>(object),
        Kind::ReplicaSet => through::<apps::v1::ReplicaSet>(object),
        Kind::StatefulSet => through::<apps::v1::StatefulSet>(object),
        Kind::DaemonSet => through::<apps::v1::DaemonSet>(object),
        Kind::Job => through::<batch::v1::Job>(object),
        Kind::CronJob => through::<batch::v1::CronJob>(object),
        Kind::Lease => through::<coordination::v1::Lease>(object),
        Kind::HorizontalPodAutoscaler => {
            through::<autoscaling::v2::HorizontalPodAutoscaler>(object)
        }
        Kind::PodDisruptionBudget => through::<policy::v1::PodDisruptionBudget>(object),
        Kind::Role => through::<rbac::v1::Role>(object),
        Kind::RoleBinding => through::<rbac::v1::RoleBinding>(object),
        Kind::ClusterRole => through::<rbac::v1::ClusterRole>(object),
        Kind::ClusterRoleBinding => through::<rbac::v1::ClusterRoleBinding>(object),
    }
}

fn through<T: DeserializeOwned + Serialize>(object: &Value) -> Result<Value, Mismatch> {
    let mismatch = |error: serde_json::Error| Mismatch(error.to_string());
    let typed = T::deserialize(object).map_err(mismatch)?;
    serde_json::to_value(&typed).map_err(mismatch)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_fields_are_named_and_dropped() {
        let mut deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "annotations": {"free": "text"}},
            "spec": {
                "selector": {}, "replicas": 2,
                "template": {"spec": {"containers": [
                    {"name": "app", "image": "x"},
                    {"name": "side", "image": "x", "imagee": "y", "resources": {"limits": {"example.com/gpu": "1"}}},
                ]}},
            },
            "typo": 1,
        });
        let unknown = decode(Kind::Deployment, &mut deployment).unwrap();
        assert_eq!(unknown, ["spec.template.spec.containers[1].imagee", "typo"]);
        assert_eq!(deployment.get("typo"), None);
        assert_eq!(
            deployment.pointer("/spec/template/spec/containers/1"),
            Some(
                &json!({"name": "side", "image": "x", "resources": {"limits": {"example.com/gpu": "1"}}})
            )
        );
    }

    #[test]
    fn what_stands_for_nothing_is_dropped() {
        let cases = [
            ("null", json!({"minReadySeconds": null}), json!({})),
            (
                "zero",
                json!({"minReadySeconds": 0, "replicas": 0}),
                json!({"replicas": 0}),
            ),
            ("false", json!({"paused": false}), json!({})),
            (
                "empty lists and maps, but not empty structs",
                json!({"template": {"metadata": {"labels": {}}, "spec": {
                    "containers": [{"name": "a", "args": [], "env": [{"name": "E", "value": ""}]}],
                    "securityContext": {}, "volumes": [{"name": "v", "emptyDir": {}}]}}}),
                json!({"template": {"metadata": {}, "spec": {
                    "containers": [{"name": "a", "env": [{"name": "E"}]}],
                    "securityContext": {}, "volumes": [{"name": "v", "emptyDir": {}}]}}}),
            ),
        ];
        for (name, spec, expected) in cases {
            let mut object = json!({"spec": spec});
            assert_eq!(decode(Kind::Deployment, &mut object), Ok(vec![]), "{name}");
            assert_eq!(object["spec"], expected, "{name}");
        }
    }

    #[test]
    fn a_null_annotation_is_an_empty_one() {
        let mut object = json!({"metadata": {"annotations": {"a": null, "b": ""}}});
        decode(Kind::ConfigMap, &mut object).unwrap();
        assert_eq!(object["metadata"]["annotations"], json!({"a": "", "b": ""}));
    }

    #[test]
    fn a_wrong_type_is_a_mismatch() {
        let mut object = json!({"spec": {"replicas": "three"}});
        assert!(decode(Kind::Deployment, &mut object).is_err());
    }
}
