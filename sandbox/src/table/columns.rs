//! The columns of each kind, in order.

use super::Column;
use crate::object::Kind;

const NAME: Column = Column {
    format: "name",
    description: "Name must be unique within a namespace.",
    ..text("Name")
};
const AGE: Column = Column {
    description: "CreationTimestamp is the server time when this object was created.",
    ..text("Age")
};

const fn text(name: &'static str) -> Column {
    Column {
        name,
        value_type: "string",
        format: "",
        description: "",
        priority: 0,
    }
}

const fn number(name: &'static str) -> Column {
    Column {
        value_type: "integer",
        ..text(name)
    }
}

const fn wide(name: &'static str) -> Column {
    Column {
        priority: 1,
        ..text(name)
    }
}

/// Returns the columns of a kind's table.
pub(crate) fn columns(kind: Kind) -> Vec<Column> {
    match kind {
        Kind::Pod => vec![
            NAME,
            text("Ready"),
            text("Status"),
            text("Restarts"),
            AGE,
            wide("IP"),
            wide("Node"),
            wide("Nominated Node"),
            wide("Readiness Gates"),
        ],
        Kind::Namespace => vec![NAME, text("Status"), AGE],
        Kind::Node => vec![
            NAME,
            text("Status"),
            text("Roles"),
            AGE,
            text("Version"),
            wide("Internal-IP"),
            wide("External-IP"),
            wide("OS-Image"),
            wide("Kernel-Version"),
            wide("Container-Runtime"),
        ],
        Kind::Event => vec![
            text("Last Seen"),
            text("Type"),
            text("Reason"),
            text("Object"),
            wide("Subobject"),
            wide("Source"),
            text("Message"),
            wide("First Seen"),
            wide("Count"),
            Column {
                priority: 1,
                ..NAME
            },
        ],
        Kind::ConfigMap => vec![NAME, number("Data"), AGE],
        Kind::Secret => vec![NAME, text("Type"), number("Data"), AGE],
        Kind::Service => vec![
            NAME,
            text("Type"),
            text("Cluster-IP"),
            text("External-IP"),
            text("Port(s)"),
            AGE,
            wide("Selector"),
        ],
        Kind::ServiceAccount => vec![NAME, number("Secrets"), AGE],
        Kind::ResourceQuota => vec![NAME, text("Request"), text("Limit"), AGE],
        Kind::Deployment => vec![
            NAME,
            text("Ready"),
            number("Up-to-date"),
            number("Available"),
            AGE,
            wide("Containers"),
            wide("Images"),
            wide("Selector"),
        ],
        Kind::ReplicaSet => vec![
            NAME,
            number("Desired"),
            number("Current"),
            number("Ready"),
            AGE,
            wide("Containers"),
            wide("Images"),
            wide("Selector"),
        ],
        Kind::StatefulSet => vec![NAME, text("Ready"), AGE, wide("Containers"), wide("Images")],
        Kind::DaemonSet => vec![
            NAME,
            number("Desired"),
            number("Current"),
            number("Ready"),
            number("Up-to-date"),
            number("Available"),
            text("Node Selector"),
            AGE,
            wide("Containers"),
            wide("Images"),
            wide("Selector"),
        ],
        Kind::Job => vec![
            NAME,
            text("Status"),
            text("Completions"),
            text("Duration"),
            AGE,
            wide("Containers"),
            wide("Images"),
            wide("Selector"),
        ],
        Kind::CronJob => vec![
            NAME,
            text("Schedule"),
            text("Timezone"),
            text("Suspend"),
            number("Active"),
            text("Last Schedule"),
            AGE,
        ],
        Kind::Lease => vec![NAME, text("Holder"), AGE],
        Kind::HorizontalPodAutoscaler => vec![
            NAME,
            text("Reference"),
            text("Targets"),
            text("MinPods"),
            text("MaxPods"),
            number("Replicas"),
            AGE,
        ],
        Kind::PodDisruptionBudget => vec![
            NAME,
            text("Min Available"),
            text("Max Unavailable"),
            number("Allowed Disruptions"),
            AGE,
        ],
        Kind::Role | Kind::ClusterRole => vec![
            NAME,
            Column {
                value_type: "date",
                ..text("Created At")
            },
        ],
        Kind::RoleBinding | Kind::ClusterRoleBinding => vec![NAME, text("Role"), AGE],
    }
}
