//! Tables: what kubectl shows of a list, with the columns that the API server gives each kind.

mod age;
mod columns;
mod pod;
mod rows;

use serde::Serialize;
use serde_json::Value;

use crate::clock::Time;
use crate::object::Kind;

pub(crate) use columns::columns;

/// The head of a column.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Column {
    name: &'static str,
    #[serde(rename = "type")]
    value_type: &'static str,
    format: &'static str,
    description: &'static str,
    /// Columns above zero are shown by `-o wide` only.
    priority: u8,
}

/// Returns an object's cells, one for each of its kind's [`columns()`].
pub(crate) fn cells(kind: Kind, object: &Value, now: Time) -> Vec<Value> {
    match kind {
        Kind::Pod => pod::cells(object, now),
        Kind::Namespace => rows::namespace(object, now),
        Kind::Node => rows::node(object, now),
        Kind::Event => rows::event(object, now),
        Kind::ConfigMap => rows::config_map(object, now),
        Kind::Secret => rows::secret(object, now),
        Kind::Service => rows::service(object, now),
        Kind::ServiceAccount => rows::service_account(object, now),
        Kind::ResourceQuota => rows::resource_quota(object, now),
        Kind::Deployment => rows::deployment(object, now),
        Kind::ReplicaSet => rows::replica_set(object, now),
        Kind::StatefulSet => rows::stateful_set(object, now),
        Kind::DaemonSet => rows::daemon_set(object, now),
        Kind::Job => rows::job(object, now),
        Kind::CronJob => rows::cron_job(object, now),
        Kind::Lease => rows::lease(object, now),
        Kind::HorizontalPodAutoscaler => rows::autoscaler(object, now),
        Kind::PodDisruptionBudget => rows::disruption_budget(object, now),
        Kind::Role | Kind::ClusterRole => rows::role(object),
        Kind::RoleBinding | Kind::ClusterRoleBinding => rows::binding(object, now),
    }
}

#[cfg(test)]
mod tests;
