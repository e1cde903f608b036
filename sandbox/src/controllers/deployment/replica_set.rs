//! What the Deployment controller reads of a ReplicaSet.

use std::sync::Arc;

use serde_json::Value;

use super::{MAX_REPLICAS, REVISION};
use crate::controllers::conditions::Conditions;
use crate::object::{Lookup, View, annotation};

/// A ReplicaSet as the controller has seen it.
#[derive(Clone, Debug)]
pub(crate) struct ReplicaSet(pub(crate) Arc<Value>);

impl ReplicaSet {
    pub(crate) fn view(&self) -> View<'_> {
        View(&self.0)
    }

    /// Returns how many pods it should have.
    pub(crate) fn replicas(&self) -> i64 {
        self.view().number("/spec/replicas").unwrap_or(1)
    }

    fn status(&self, field: &str) -> Option<i64> {
        self.0.get("status")?.get(field)?.as_i64()
    }

    /// Returns how many pods it has, as it last said.
    pub(crate) fn actual(&self) -> i64 {
        self.status("replicas").unwrap_or(0)
    }

    pub(crate) fn ready(&self) -> i64 {
        self.status("readyReplicas").unwrap_or(0)
    }

    pub(crate) fn available(&self) -> i64 {
        self.status("availableReplicas").unwrap_or(0)
    }

    pub(crate) fn terminating(&self) -> Option<i64> {
        self.status("terminatingReplicas")
    }

    pub(crate) fn observed_generation(&self) -> i64 {
        self.status("observedGeneration").unwrap_or(0)
    }

    pub(crate) fn min_ready_seconds(&self) -> i64 {
        self.view().number("/spec/minReadySeconds").unwrap_or(0)
    }

    pub(crate) fn conditions(&self) -> Conditions {
        Conditions::read(self.0.get("status"))
    }

    pub(crate) fn template(&self) -> &Value {
        self.0.at("/spec/template").unwrap_or(&Value::Null)
    }

    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        annotation(&self.0, key)
    }

    /// Returns its revision; 0 without one, `None` if it is no number.
    pub(crate) fn revision(&self) -> Option<i64> {
        self.annotation(REVISION)
            .map_or(Some(0), |revision| revision.parse().ok())
    }

    /// Returns the replicas and surge, together, that were in force when it was last sized.
    pub(crate) fn max_replicas(&self) -> Option<i64> {
        let number = self.annotation(MAX_REPLICAS)?.parse::<i64>().ok()?;
        (0..=i64::from(i32::MAX))
            .contains(&number)
            .then_some(number)
    }

    /// Returns what orders ReplicaSets by age, the oldest first.
    pub(crate) fn age(&self) -> (&str, &str) {
        (self.view().created(), self.view().name())
    }
}
