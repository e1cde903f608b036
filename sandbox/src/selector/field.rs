//! Field selectors: each kind can be asked for a handful of fields and no others.

use serde_json::Value;

use crate::object::Kind;

/// A list of comparisons that all have to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSelector(Vec<Comparison>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Comparison {
    pointer: String,
    value: String,
    is_equal: bool,
}

impl FieldSelector {
    pub(crate) fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the one name that is asked for, which authorization may be narrowed to.
    pub(crate) fn name(&self) -> Option<&str> {
        self.0
            .iter()
            .find(|comparison| comparison.is_equal && comparison.pointer == "/metadata/name")
            .map(|comparison| comparison.value.as_str())
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|comparison| {
            let value = object.pointer(&comparison.pointer);
            let is_same = match value {
                Some(Value::String(text)) => *text == comparison.value,
                Some(Value::Bool(flag)) => flag.to_string() == comparison.value,
                Some(Value::Number(number)) => number.to_string() == comparison.value,
                Some(Value::Null | Value::Array(_) | Value::Object(_)) => false,
                // Go's zero value stands for what is absent.
                None => matches!(comparison.value.as_str(), "" | "false" | "0"),
            };
            is_same == comparison.is_equal
        })
    }

    /// Parses the text of a `fieldSelector`; the error is the message of a 400.
    pub(crate) fn parse(kind: Kind, text: &str) -> Result<Self, String> {
        let mut comparisons = Vec::new();
        for part in split(text) {
            let (field, value, is_equal) = if let Some((field, value)) = part.split_once("!=") {
                (field, value, false)
            } else if let Some((field, value)) = part.split_once("==") {
                (field, value, true)
            } else if let Some((field, value)) = part.split_once('=') {
                (field, value, true)
            } else {
                return Err(format!(
                    "invalid selector: '{text}'; can't understand '{part}'"
                ));
            };
            if !is_known(kind, field) {
                return Err(unknown(kind, field));
            }
            comparisons.push(Comparison {
                pointer: pointer(kind, field),
                value: unescape(value),
                is_equal,
            });
        }
        Ok(Self(comparisons))
    }
}

fn is_known(kind: Kind, field: &str) -> bool {
    let own: &[&str] = match kind {
        Kind::Pod => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        Kind::Event => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        Kind::Node => &["spec.unschedulable"],
        Kind::Namespace => &["status.phase"],
        Kind::Secret => &["type"],
        Kind::ReplicaSet => &["status.replicas"],
        Kind::Job => &["status.successful"],
        Kind::Service => &["spec.clusterIP", "spec.type"],
        Kind::ConfigMap
        | Kind::ServiceAccount
        | Kind::ResourceQuota
        | Kind::Deployment
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::CronJob
        | Kind::Lease
        | Kind::HorizontalPodAutoscaler
        | Kind::PodDisruptionBudget
        | Kind::Role
        | Kind::RoleBinding
        | Kind::ClusterRole
        | Kind::ClusterRoleBinding => &[],
    };
    field == "metadata.name" || field == "metadata.namespace" || own.contains(&field)
}

/// Words the refusal as the kind's own conversion does upstream, or as the common one.
fn unknown(kind: Kind, field: &str) -> String {
    match kind {
        Kind::Pod | Kind::Event | Kind::Node | Kind::Namespace | Kind::Secret | Kind::Service => {
            format!("field label not supported: {field}")
        }
        Kind::ReplicaSet => {
            format!("field label {field:?} not supported for appsv1.ReplicaSet")
        }
        Kind::Job => format!("field label {field:?} not supported for batchv1.Job"),
        Kind::ConfigMap
        | Kind::ServiceAccount
        | Kind::ResourceQuota
        | Kind::Deployment
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::CronJob
        | Kind::Lease
        | Kind::HorizontalPodAutoscaler
        | Kind::PodDisruptionBudget
        | Kind::Role
        | Kind::RoleBinding
        | Kind::ClusterRole
        | Kind::ClusterRoleBinding => format!(
            "{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        ),
    }
}

fn pointer(kind: Kind, field: &str) -> String {
    match (kind, field) {
        (Kind::Event, "source") => "/source/component".to_owned(),
        (Kind::Job, "status.successful") => "/status/succeeded".to_owned(),
        (_, field) => format!("/{}", field.replace('.', "/")),
    }
}

/// Splits at commas that no backslash protects.
fn split(text: &str) -> Vec<&str> {
    let mut is_escaped = false;
    let parts = text.split(|character| {
        let is_end = character == ',' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        is_end
    });
    parts.filter(|part| !part.is_empty()).collect()
}

fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => out.extend(characters.next()),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_select_by_fields() {
        let pod = json!({
            "metadata": {"name": "a", "namespace": "n"},
            "spec": {"nodeName": "node-1"}, "status": {"phase": "Running"},
        });
        let event = json!({
            "metadata": {"name": "e"}, "reason": "Failed", "source": {"component": "kubelet"},
            "involvedObject": {"kind": "Pod", "name": "a", "uid": "u", "fieldPath": "spec.containers{a,b}"},
        });
        let cases = [
            (Kind::Pod, &pod, "", true),
            (Kind::Pod, &pod, "metadata.name=a", true),
            (Kind::Pod, &pod, "metadata.name==b", false),
            (
                Kind::Pod,
                &pod,
                "metadata.name!=b,metadata.namespace=n",
                true,
            ),
            (
                Kind::Pod,
                &pod,
                "status.phase=Running,spec.nodeName=node-1",
                true,
            ),
            (Kind::Pod, &pod, "status.phase!=Running", false),
            (Kind::Pod, &pod, "spec.hostNetwork=false", true),
            (Kind::Pod, &pod, "spec.nodeName=", false),
            (
                Kind::Event,
                &event,
                "involvedObject.uid=u,involvedObject.name=a",
                true,
            ),
            (
                Kind::Event,
                &event,
                "involvedObject.fieldPath=spec.containers{a\\,b}",
                true,
            ),
            (Kind::Event, &event, "source=kubelet,reason!=Killing", true),
            (Kind::Event, &event, "involvedObject.namespace=", true),
        ];
        for (kind, object, text, expected) in cases {
            let selector = FieldSelector::parse(kind, text).unwrap();
            assert_eq!(selector.matches(object), expected, "{text}");
        }
    }

    #[test]
    fn fields_that_a_kind_cannot_be_asked_for_are_refused() {
        let cases = [
            (
                Kind::Deployment,
                "spec.replicas=0",
                "\"spec.replicas\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
            ),
            (
                Kind::Pod,
                "spec.image=x",
                "field label not supported: spec.image",
            ),
            (
                Kind::Pod,
                "nonsense",
                "invalid selector: 'nonsense'; can't understand 'nonsense'",
            ),
        ];
        for (kind, text, expected) in cases {
            assert_eq!(FieldSelector::parse(kind, text), Err(expected.to_owned()));
        }
    }

    #[test]
    fn the_one_name_asked_for_is_known() {
        let name = |text| {
            let selector = FieldSelector::parse(Kind::Pod, text).unwrap();
            selector.name().map(str::to_owned)
        };
        assert_eq!(name("metadata.name=a"), Some("a".to_owned()));
        assert_eq!(name("metadata.name!=a"), None);
        assert_eq!(name("status.phase=Running"), None);
    }
}
