//! The table of kinds: group, version, plural, and what the store must know of each.

use serde::{Deserialize, Serialize};

/// A kind of object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the kinds' own")]
pub enum Kind {
    Namespace,
    Node,
    Pod,
    Event,
    ConfigMap,
    Secret,
    Service,
    ServiceAccount,
    ResourceQuota,
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    CronJob,
    Lease,
    HorizontalPodAutoscaler,
    PodDisruptionBudget,
    Role,
    RoleBinding,
    ClusterRole,
    ClusterRoleBinding,
}

struct Names {
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
    namespaced: bool,
}

impl Kind {
    /// Every kind, in the order that discovery lists them.
    pub const ALL: &'static [Kind] = &[
        Kind::Namespace,
        Kind::Node,
        Kind::Pod,
        Kind::Event,
        Kind::ConfigMap,
        Kind::Secret,
        Kind::Service,
        Kind::ServiceAccount,
        Kind::ResourceQuota,
        Kind::Deployment,
        Kind::ReplicaSet,
        Kind::StatefulSet,
        Kind::DaemonSet,
        Kind::Job,
        Kind::CronJob,
        Kind::Lease,
        Kind::HorizontalPodAutoscaler,
        Kind::PodDisruptionBudget,
        Kind::Role,
        Kind::RoleBinding,
        Kind::ClusterRole,
        Kind::ClusterRoleBinding,
    ];

    /// Returns the API group, empty for the core one.
    pub fn group(self) -> &'static str {
        self.names().group
    }

    /// Returns the version within the group.
    pub fn version(self) -> &'static str {
        self.names().version
    }

    /// Returns what objects carry as `apiVersion`.
    pub fn api_version(self) -> String {
        let Names { group, version, .. } = self.names();
        if group.is_empty() {
            version.to_owned()
        } else {
            format!("{group}/{version}")
        }
    }

    /// Returns what objects carry as `kind`.
    pub fn kind(self) -> &'static str {
        self.names().kind
    }

    /// Returns the resource's name in paths.
    pub fn plural(self) -> &'static str {
        self.names().plural
    }

    /// Returns the resource's name for one object.
    pub fn singular(self) -> String {
        self.kind().to_ascii_lowercase()
    }

    /// Returns the abbreviations that kubectl accepts.
    pub fn short_names(self) -> &'static [&'static str] {
        self.names().short
    }

    /// Returns whether objects of this kind live in a namespace.
    pub fn is_namespaced(self) -> bool {
        self.names().namespaced
    }

    /// Returns the kind that an object of this `apiVersion` and `kind` has.
    pub fn find(api_version: &str, kind: &str) -> Option<Kind> {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        Kind::ALL.iter().copied().find(|candidate| {
            let names = candidate.names();
            names.kind == kind && names.group == group && names.version == version
        })
    }

    /// Returns whether status is written apart from the rest.
    pub fn has_status(self) -> bool {
        match self {
            Kind::Namespace
            | Kind::Node
            | Kind::Pod
            | Kind::Service
            | Kind::ResourceQuota
            | Kind::Deployment
            | Kind::ReplicaSet
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::Job
            | Kind::CronJob
            | Kind::HorizontalPodAutoscaler
            | Kind::PodDisruptionBudget => true,
            Kind::Event
            | Kind::ConfigMap
            | Kind::Secret
            | Kind::ServiceAccount
            | Kind::Lease
            | Kind::Role
            | Kind::RoleBinding
            | Kind::ClusterRole
            | Kind::ClusterRoleBinding => false,
        }
    }

    /// Returns whether the API server counts changes of the spec in `metadata.generation`.
    pub fn has_generation(self) -> bool {
        match self {
            Kind::Pod
            | Kind::Deployment
            | Kind::ReplicaSet
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::Job
            | Kind::CronJob
            | Kind::PodDisruptionBudget => true,
            Kind::Namespace
            | Kind::Node
            | Kind::Event
            | Kind::ConfigMap
            | Kind::Secret
            | Kind::Service
            | Kind::ServiceAccount
            | Kind::ResourceQuota
            | Kind::Lease
            | Kind::HorizontalPodAutoscaler
            | Kind::Role
            | Kind::RoleBinding
            | Kind::ClusterRole
            | Kind::ClusterRoleBinding => false,
        }
    }

    fn names(self) -> Names {
        match self {
            Kind::Namespace => cluster("", "Namespace", "namespaces", &["ns"]),
            Kind::Node => cluster("", "Node", "nodes", &["no"]),
            Kind::Pod => namespaced("", "Pod", "pods", &["po"]),
            Kind::Event => namespaced("", "Event", "events", &["ev"]),
            Kind::ConfigMap => namespaced("", "ConfigMap", "configmaps", &["cm"]),
            Kind::Secret => namespaced("", "Secret", "secrets", &[]),
            Kind::Service => namespaced("", "Service", "services", &["svc"]),
            Kind::ServiceAccount => namespaced("", "ServiceAccount", "serviceaccounts", &["sa"]),
            Kind::ResourceQuota => namespaced("", "ResourceQuota", "resourcequotas", &["quota"]),
            Kind::Deployment => namespaced("apps", "Deployment", "deployments", &["deploy"]),
            Kind::ReplicaSet => namespaced("apps", "ReplicaSet", "replicasets", &["rs"]),
            Kind::StatefulSet => namespaced("apps", "StatefulSet", "statefulsets", &["sts"]),
            Kind::DaemonSet => namespaced("apps", "DaemonSet", "daemonsets", &["ds"]),
            Kind::Job => namespaced("batch", "Job", "jobs", &[]),
            Kind::CronJob => namespaced("batch", "CronJob", "cronjobs", &["cj"]),
            Kind::Lease => namespaced("coordination.k8s.io", "Lease", "leases", &[]),
            Kind::HorizontalPodAutoscaler => Names {
                version: "v2",
                ..namespaced(
                    "autoscaling",
                    "HorizontalPodAutoscaler",
                    "horizontalpodautoscalers",
                    &["hpa"],
                )
            },
            Kind::PodDisruptionBudget => namespaced(
                "policy",
                "PodDisruptionBudget",
                "poddisruptionbudgets",
                &["pdb"],
            ),
            Kind::Role => namespaced(RBAC, "Role", "roles", &[]),
            Kind::RoleBinding => namespaced(RBAC, "RoleBinding", "rolebindings", &[]),
            Kind::ClusterRole => cluster(RBAC, "ClusterRole", "clusterroles", &[]),
            Kind::ClusterRoleBinding => {
                cluster(RBAC, "ClusterRoleBinding", "clusterrolebindings", &[])
            }
        }
    }
}

const RBAC: &str = "rbac.authorization.k8s.io";

fn cluster(
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
) -> Names {
    Names {
        namespaced: false,
        ..namespaced(group, kind, plural, short)
    }
}

fn namespaced(
    group: &'static str,
    kind: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
) -> Names {
    Names {
        group,
        version: "v1",
        kind,
        plural,
        short,
        namespaced: true,
    }
}
