//! What an object of a kind looks like when nothing is set, as Go's encoder prints the empty struct.

use serde_json::{Value, json};

use crate::object::Kind;

/// Returns the empty object without `kind` and `apiVersion`.
///
/// It is what a bookmark carries, and what a new object's field ownership is measured against.
pub(crate) fn skeleton(kind: Kind) -> Value {
    let template = json!({"metadata": {}, "spec": {"containers": null}});
    let workload = |rest: Value| {
        let mut spec = json!({"selector": null, "template": template});
        if let (Some(spec), Value::Object(rest)) = (spec.as_object_mut(), rest) {
            spec.extend(rest);
        }
        json!({"metadata": {}, "spec": spec, "status": {}})
    };
    match kind {
        Kind::Deployment => workload(json!({"replicas": 0, "strategy": {}})),
        Kind::ReplicaSet => json!({
            "metadata": {},
            "spec": {"replicas": 0, "selector": null, "template": template},
            "status": {"replicas": 0},
        }),
        Kind::StatefulSet => workload(json!({"serviceName": "", "updateStrategy": {}})),
        Kind::DaemonSet => workload(json!({"updateStrategy": {}})),
        Kind::Job => json!({"metadata": {}, "spec": {"template": template}, "status": {}}),
        Kind::CronJob => json!({
            "metadata": {},
            "spec": {"schedule": "", "concurrencyPolicy": "", "jobTemplate": {"metadata": {}, "spec": {"template": template}}},
            "status": {},
        }),
        Kind::Pod => json!({"metadata": {}, "spec": {"containers": null}, "status": {}}),
        Kind::HorizontalPodAutoscaler => json!({
            "metadata": {},
            "spec": {"scaleTargetRef": {"kind": "", "name": ""}, "maxReplicas": 0},
            "status": {"desiredReplicas": 0, "currentMetrics": null},
        }),
        Kind::Event => json!({
            "metadata": {}, "involvedObject": {}, "source": {}, "firstTimestamp": null,
            "lastTimestamp": null, "eventTime": null, "reportingComponent": "", "reportingInstance": "",
        }),
        Kind::Role | Kind::ClusterRole => json!({"metadata": {}, "rules": null}),
        Kind::RoleBinding | Kind::ClusterRoleBinding => {
            json!({"metadata": {}, "roleRef": {"apiGroup": "", "kind": "", "name": ""}})
        }
        Kind::Namespace
        | Kind::Node
        | Kind::Service
        | Kind::ResourceQuota
        | Kind::PodDisruptionBudget => json!({"metadata": {}, "spec": {}, "status": {}}),
        Kind::Lease => json!({"metadata": {}, "spec": {}}),
        Kind::ConfigMap | Kind::Secret | Kind::ServiceAccount => json!({"metadata": {}}),
    }
}
