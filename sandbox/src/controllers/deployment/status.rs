//! A Deployment's status: read, computed from its ReplicaSets, written.

use serde_json::{Map, Value, json};

use super::{AVAILABLE, Draft, ReplicaSet};
use crate::clock::Time;
use crate::controllers::conditions::{Condition, Conditions};
use crate::object::View;

/// The status of a Deployment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Status {
    pub(crate) observed_generation: i64,
    pub(crate) replicas: i64,
    pub(crate) updated: i64,
    pub(crate) ready: i64,
    pub(crate) available: i64,
    pub(crate) unavailable: i64,
    pub(crate) terminating: Option<i64>,
    pub(crate) collisions: Option<i64>,
    pub(crate) conditions: Conditions,
}

impl Status {
    pub(super) fn read(deployment: &Value) -> Status {
        let number = |field: &str| View(deployment).number(&format!("/status/{field}"));
        Status {
            observed_generation: number("observedGeneration").unwrap_or(0),
            replicas: number("replicas").unwrap_or(0),
            updated: number("updatedReplicas").unwrap_or(0),
            ready: number("readyReplicas").unwrap_or(0),
            available: number("availableReplicas").unwrap_or(0),
            unavailable: number("unavailableReplicas").unwrap_or(0),
            terminating: number("terminatingReplicas"),
            collisions: number("collisionCount"),
            conditions: Conditions::read(deployment.get("status")),
        }
    }

    /// Writes the status as the API shows it: counts of 0 are absent.
    pub(super) fn write(&self) -> Value {
        let mut status = Map::new();
        for (field, count) in [
            ("observedGeneration", self.observed_generation),
            ("replicas", self.replicas),
            ("updatedReplicas", self.updated),
            ("readyReplicas", self.ready),
            ("availableReplicas", self.available),
            ("unavailableReplicas", self.unavailable),
        ] {
            if count != 0 {
                status.insert(field.to_owned(), json!(count));
            }
        }
        for (field, count) in [
            ("terminatingReplicas", self.terminating),
            ("collisionCount", self.collisions),
        ] {
            if let Some(count) = count {
                status.insert(field.to_owned(), json!(count));
            }
        }
        if !self.conditions.is_empty() {
            status.insert("conditions".to_owned(), self.conditions.write());
        }
        Value::Object(status)
    }

    /// Returns whether a rollout with this status has come to its end.
    pub(super) fn is_complete(&self, wanted: i64, generation: i64) -> bool {
        self.updated == wanted
            && self.replicas == wanted
            && self.available == wanted
            && self.observed_generation >= generation
    }

    /// Returns whether something got better since `before`.
    pub(super) fn is_progress_since(&self, before: &Status) -> bool {
        self.updated > before.updated
            || self.replicas - self.updated < before.replicas - before.updated
            || self.ready > before.ready
            || self.available > before.available
    }
}

/// Computes the status from what the ReplicaSets report. `unavailable` counts against their wanted sizes, as they were
/// before this sync changed any; the condition Available against all pods, old ones included.
pub(super) fn compute(
    draft: &Draft,
    all: &[ReplicaSet],
    new: Option<&ReplicaSet>,
    now: Time,
) -> Status {
    let sum = |count: fn(&ReplicaSet) -> i64| all.iter().map(count).sum::<i64>();
    let available = sum(ReplicaSet::available);
    let mut status = Status {
        observed_generation: draft.generation(),
        replicas: sum(ReplicaSet::actual),
        updated: new.map_or(0, ReplicaSet::actual),
        ready: sum(ReplicaSet::ready),
        available,
        unavailable: (sum(ReplicaSet::replicas) - available).max(0),
        terminating: terminating(all),
        collisions: draft.status.collisions,
        conditions: draft.status.conditions.clone(),
    };
    let condition = if available >= draft.replicas - draft.max_unavailable() {
        let message = "Deployment has minimum availability.";
        Condition::new(AVAILABLE, "True", "MinimumReplicasAvailable", message, now)
    } else {
        let message = "Deployment does not have minimum availability.";
        Condition::new(
            AVAILABLE,
            "False",
            "MinimumReplicasUnavailable",
            message,
            now,
        )
    };
    status.conditions.set(condition);
    status
}

/// Returns how many pods are on their way out; unknown if a ReplicaSet that was synced does not say.
pub(super) fn terminating(all: &[ReplicaSet]) -> Option<i64> {
    all.iter()
        .try_fold(0, |sum, replica_set| match replica_set.terminating() {
            Some(count) => Some(sum + count),
            None => (replica_set.observed_generation() == 0).then_some(sum),
        })
}
