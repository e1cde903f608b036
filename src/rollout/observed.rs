//! What is read of the objects a rollout consists of: only the fields that decisions need.
//!
//! Deserialised straight from the API server's JSON; unknown fields are dropped on the way, and of
//! managedFields only who wrote the template is kept. Absent counts mean zero, as the API server
//! omits them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Meta {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) uid: String,
    pub(crate) resource_version: String,
    pub(crate) generation: i64,
    pub(crate) creation_timestamp: Option<String>,
    pub(crate) deletion_timestamp: Option<String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) owner_references: Vec<OwnerReference>,
    pub(crate) managed_fields: Vec<Manager>,
}

impl Meta {
    /// Returns the uid of the controlling owner.
    pub(crate) fn controller_uid(&self) -> Option<&str> {
        self.owner_references
            .iter()
            .find(|owner| owner.controller)
            .map(|owner| owner.uid.as_str())
    }

    /// Returns who wrote to the pod template last, as far as `managedFields` tell.
    pub(crate) fn template_manager(&self) -> Option<&str> {
        self.managed_fields
            .iter()
            .filter(|manager| manager.fields.spec.template.is_some())
            .max_by(|one, other| one.time.cmp(&other.time))
            .map(|manager| manager.manager.as_str())
    }
}

/// Compares two resourceVersions of one object, or returns `None` where one of them is no number
/// and so says nothing.
pub(crate) fn compare_versions(one: &str, other: &str) -> Option<Ordering> {
    fn digits(text: &str) -> Option<&str> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.trim_start_matches('0'))
    }
    let (one, other) = (digits(one)?, digits(other)?);
    Some(one.len().cmp(&other.len()).then_with(|| one.cmp(other)))
}

/// What every observed kind has.
pub(crate) trait Observed {
    fn meta(&self) -> &Meta;
}

/// One entry of `managedFields`, reduced to the question who wrote the template.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Manager {
    pub(crate) manager: String,
    pub(crate) time: Option<String>,
    #[serde(rename = "fieldsV1")]
    pub(crate) fields: ManagedFields,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct ManagedFields {
    #[serde(rename = "f:spec")]
    pub(crate) spec: ManagedSpec,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct ManagedSpec {
    #[serde(rename = "f:template")]
    pub(crate) template: Option<IgnoredAny>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct OwnerReference {
    pub(crate) uid: String,
    pub(crate) name: String,
    pub(crate) controller: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Condition {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) last_update_time: Option<String>,
    pub(crate) last_transition_time: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct DeploymentSeen {
    pub(crate) metadata: Meta,
    pub(crate) spec: DeploymentSpec,
    pub(crate) status: DeploymentStatus,
}

impl Observed for DeploymentSeen {
    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DeploymentSpec {
    pub(crate) replicas: i32,
    pub(crate) paused: bool,
    pub(crate) min_ready_seconds: i32,
    /// `None` or `i32::MAX` mean that there is no deadline.
    pub(crate) progress_deadline_seconds: Option<i32>,
    /// Kept whole: its equality is what makes a rollout ours.
    pub(crate) template: Value,
}

impl Default for DeploymentSpec {
    fn default() -> Self {
        Self {
            replicas: 1,
            paused: false,
            min_ready_seconds: 0,
            progress_deadline_seconds: None,
            template: Value::Null,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DeploymentStatus {
    pub(crate) observed_generation: i64,
    pub(crate) replicas: i32,
    pub(crate) updated_replicas: i32,
    pub(crate) ready_replicas: i32,
    pub(crate) available_replicas: i32,
    /// Absent where the cluster does not report it.
    pub(crate) terminating_replicas: Option<i32>,
    pub(crate) conditions: Vec<Condition>,
}

impl DeploymentStatus {
    pub(crate) fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions
            .iter()
            .find(|condition| condition.kind == kind)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct ReplicaSetSeen {
    pub(crate) metadata: Meta,
    pub(crate) spec: ReplicaSetSpec,
    pub(crate) status: ReplicaSetStatus,
}

impl Observed for ReplicaSetSeen {
    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ReplicaSetSpec {
    pub(crate) replicas: i32,
    pub(crate) template: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ReplicaSetStatus {
    pub(crate) replicas: i32,
    pub(crate) ready_replicas: i32,
    pub(crate) available_replicas: i32,
    pub(crate) conditions: Vec<Condition>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct PodSeen {
    pub(crate) metadata: Meta,
    pub(crate) spec: PodSpec,
    pub(crate) status: PodStatus,
}

impl Observed for PodSeen {
    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PodSpec {
    pub(crate) node_name: Option<String>,
    pub(crate) containers: Vec<ContainerSpec>,
    pub(crate) init_containers: Vec<ContainerSpec>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ContainerSpec {
    pub(crate) name: String,
    pub(crate) image: String,
    /// `Always` makes an init container a sidecar.
    pub(crate) restart_policy: Option<String>,
    pub(crate) readiness_probe: Option<Value>,
    pub(crate) liveness_probe: Option<Value>,
    pub(crate) startup_probe: Option<Value>,
    pub(crate) resources: Value,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PodStatus {
    pub(crate) phase: String,
    pub(crate) reason: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) container_statuses: Vec<ContainerStatus>,
    pub(crate) init_container_statuses: Vec<ContainerStatus>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ContainerStatus {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) ready: bool,
    pub(crate) started: Option<bool>,
    pub(crate) restart_count: i32,
    pub(crate) state: ContainerState,
    pub(crate) last_state: ContainerState,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct ContainerState {
    pub(crate) waiting: Option<Waiting>,
    pub(crate) running: Option<Running>,
    pub(crate) terminated: Option<Terminated>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Waiting {
    pub(crate) reason: Option<String>,
    pub(crate) message: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Running {
    pub(crate) started_at: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Terminated {
    pub(crate) exit_code: i32,
    pub(crate) signal: Option<i32>,
    pub(crate) reason: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) started_at: Option<String>,
    pub(crate) finished_at: Option<String>,
}

/// A cluster event (core/v1 Event).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EventSeen {
    pub(crate) metadata: Meta,
    pub(crate) involved_object: Involved,
    #[serde(rename = "type")]
    pub(crate) severity: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) count: Option<i32>,
    pub(crate) first_timestamp: Option<String>,
    pub(crate) last_timestamp: Option<String>,
    pub(crate) event_time: Option<String>,
}

impl EventSeen {
    /// Returns when it last happened, as the server wrote it.
    pub(crate) fn happened(&self) -> Option<&str> {
        self.last_timestamp
            .as_deref()
            .or(self.event_time.as_deref())
            .or(self.metadata.creation_timestamp.as_deref())
    }
}

impl Observed for EventSeen {
    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Involved {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) field_path: Option<String>,
}
