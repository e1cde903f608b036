//! What every cluster has from the start: its nodes and its first namespaces.

use serde_json::{Value, json};

use crate::clock::Time;
use crate::object::Kind;
use crate::store::Store;

/// Puts nodes and namespaces into an empty store.
pub(super) fn furnish(store: &mut Store, nodes: &[String], now: Time) {
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        add(store, Kind::Namespace, namespace(name), now);
    }
    for name in nodes {
        add(store, Kind::Node, node(name, now), now);
    }
}

fn add(store: &mut Store, kind: Kind, object: Value, now: Time) {
    // Two nodes of one name are one node.
    let _ = store.create(kind, object, now);
}

fn namespace(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    })
}

fn node(name: &str, now: Time) -> Value {
    let amounts =
        json!({"cpu": "8", "memory": "16Gi", "pods": "110", "ephemeral-storage": "100Gi"});
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastHeartbeatTime": now.rfc3339(),
            "lastTransitionTime": now.rfc3339(),
        })
    };
    json!({
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
            },
        },
        "spec": {},
        "status": {
            "addresses": [{"type": "Hostname", "address": name}],
            "allocatable": amounts,
            "capacity": amounts,
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
            "nodeInfo": {
                "architecture": "amd64",
                "containerRuntimeVersion": "containerd://2.1.0",
                "kernelVersion": "6.12.0",
                "kubeletVersion": "v1.36.2",
                "operatingSystem": "linux",
                "osImage": "Sandbox",
            },
        },
    })
}
