//! A Deployment as one sync works on it: what it read at the start, and the status and revision it is about to write.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::fenceposts::{Limit, Limits};
use super::status::Status;
use super::{REVISION, ReplicaSet};
use crate::client::{Client, Refused};
use crate::controllers::ownership::Owner;
use crate::object::{Kind, Lookup, View, annotation, fields, metadata};
use crate::semantic;
use crate::store::Scope;

/// How pods are replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Strategy {
    /// All at once: first the old ones go.
    Recreate,
    /// Step by step within limits.
    RollingUpdate(Limits),
}

/// A Deployment in the hands of a sync. Its resource version stays the one that was read, so that its second write
/// loses against its first.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) object: Arc<Value>,
    pub(crate) replicas: i64,
    pub(crate) strategy: Strategy,
    /// How long a rollout may go without progress.
    pub(crate) deadline: Option<Duration>,
    /// How many old ReplicaSets are kept.
    pub(crate) history_limit: Option<usize>,
    pub(crate) status: Status,
    revision: Option<String>,
}

impl Draft {
    pub(crate) fn of(object: &Arc<Value>) -> Draft {
        let view = View(object);
        let bounded = |pointer: &str| {
            view.number(pointer)
                .filter(|number| *number != i64::from(i32::MAX))
                .and_then(|number| number.try_into().ok())
        };
        let limit = |field: &str| {
            let value = object.at(&format!("/spec/strategy/rollingUpdate/{field}"));
            Limit::read(value).unwrap_or(Limit::Number(0))
        };
        let strategy = match object.at("/spec/strategy/type").and_then(Value::as_str) {
            Some("Recreate") => Strategy::Recreate,
            Some(_) | None => Strategy::RollingUpdate(Limits {
                surge: limit("maxSurge"),
                unavailable: limit("maxUnavailable"),
            }),
        };
        Draft {
            object: Arc::clone(object),
            replicas: view.number("/spec/replicas").unwrap_or(1),
            strategy,
            deadline: bounded("/spec/progressDeadlineSeconds")
                .map(|seconds: u32| Duration::from_secs(seconds.into())),
            history_limit: bounded("/spec/revisionHistoryLimit").map(|limit: u32| limit as usize),
            status: Status::read(object),
            revision: annotation(object, REVISION).map(str::to_owned),
        }
    }

    pub(crate) fn view(&self) -> View<'_> {
        View(&self.object)
    }

    pub(crate) fn generation(&self) -> i64 {
        self.view().generation()
    }

    pub(crate) fn min_ready_seconds(&self) -> i64 {
        self.view().number("/spec/minReadySeconds").unwrap_or(0)
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.view().is_true("/spec/paused")
    }

    pub(crate) fn template(&self) -> &Value {
        self.object.at("/spec/template").unwrap_or(&Value::Null)
    }

    /// Returns how many pods there may be more than wanted.
    pub(crate) fn max_surge(&self) -> i64 {
        match self.strategy {
            Strategy::Recreate => 0,
            Strategy::RollingUpdate(limits) => limits.resolve(self.replicas).0,
        }
    }

    /// Returns how many pods may be missing.
    pub(crate) fn max_unavailable(&self) -> i64 {
        match self.strategy {
            Strategy::Recreate => 0,
            Strategy::RollingUpdate(limits) => limits.max_unavailable(self.replicas),
        }
    }

    /// Returns whether the status that was read says that the rollout is over.
    pub(crate) fn is_complete(&self, status: &Status) -> bool {
        status.is_complete(self.replicas, self.generation())
    }

    pub(crate) fn owner(&self) -> Owner<'_> {
        Owner {
            kind: Kind::Deployment,
            object: &self.object,
            owned: Kind::ReplicaSet,
        }
    }

    /// Returns the oldest ReplicaSet with the Deployment's template; its label of the template's hash does not count.
    pub(crate) fn find_new(&self, by_age: &[ReplicaSet]) -> Option<ReplicaSet> {
        let wanted = self.template();
        by_age
            .iter()
            .find(|candidate| is_same_template(wanted, candidate.template()))
            .cloned()
    }

    /// Sets the revision that the next write of the status carries; returns whether it is another one.
    pub(crate) fn set_revision(&mut self, revision: &str) -> bool {
        let is_other = self.revision.as_deref() != Some(revision);
        self.revision = Some(revision.to_owned());
        is_other
    }

    /// Writes status and revision.
    pub(crate) fn write_status(&self, client: &mut Client<'_>) -> Result<(), Refused> {
        let mut object = Value::clone(&self.object);
        fields(&mut object).insert("status".to_owned(), self.status.write());
        if let Some(revision) = &self.revision {
            let annotations = fields(
                metadata(&mut object)
                    .entry("annotations")
                    .or_insert(Value::Null),
            );
            annotations.insert(REVISION.to_owned(), json!(revision));
        }
        client
            .replace(Kind::Deployment, object, Scope::Status)
            .map(drop)
    }
}

/// Returns whether two pod templates mean the same, but for the label with the template's hash.
pub(crate) fn is_same_template(left: &Value, right: &Value) -> bool {
    if !semantic::equal_options(left.get("spec"), right.get("spec")) {
        return false;
    }
    let metadata = |template: &Value| {
        let mut metadata = template.get("metadata").cloned().unwrap_or_default();
        if let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut) {
            labels.remove(super::TEMPLATE_HASH);
        }
        metadata
    };
    semantic::equal(&metadata(left), &metadata(right))
}
