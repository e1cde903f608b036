//! One Deployment as the API server answered it, with the parts of it that a plan reads.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::numbers::Amount;
use crate::rollout::observed::DeploymentSeen;

/// A Deployment as it was read; its raw form holds also what this program knows nothing of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Deployment {
    pub(crate) raw: Arc<Value>,
    pub(crate) seen: DeploymentSeen,
}

impl Deployment {
    /// Reads an object of a list.
    pub(crate) fn read(raw: Arc<Value>) -> Result<Self, serde_json::Error> {
        let seen = DeploymentSeen::deserialize(raw.as_ref())?;
        Ok(Self { raw, seen })
    }

    pub(crate) fn name(&self) -> &str {
        &self.seen.metadata.name
    }

    pub(crate) fn replicas(&self) -> i32 {
        self.seen.spec.replicas
    }

    /// Returns all containers, init containers last.
    pub(crate) fn containers(&self) -> Vec<Container<'_>> {
        [ContainerKind::App, ContainerKind::Init]
            .into_iter()
            .flat_map(|kind| {
                let list = self
                    .seen
                    .spec
                    .template
                    .pointer(kind.list())
                    .and_then(Value::as_array)
                    .map_or(&[][..], Vec::as_slice);
                list.iter().enumerate().map(move |(index, spec)| Container {
                    position: Position { kind, index },
                    spec,
                })
            })
            .collect()
    }

    /// Returns how the controller replaces pods.
    pub(crate) fn update_strategy(&self) -> UpdateStrategy {
        let strategy = self.raw.pointer("/spec/strategy");
        let kind = strategy
            .and_then(|strategy| strategy.get("type"))
            .and_then(Value::as_str);
        if kind == Some("Recreate") {
            return UpdateStrategy::Recreate;
        }
        let rolling = strategy.and_then(|strategy| strategy.get("rollingUpdate"));
        let amount = |name| Amount::read(rolling?.get(name)?);
        UpdateStrategy::Rolling {
            surge: amount("maxSurge"),
            unavailable: amount("maxUnavailable"),
        }
    }

    /// Returns the seconds after which the controller calls a rollout stuck, if it ever does.
    pub(crate) fn progress_deadline(&self) -> Option<i32> {
        self.seen
            .spec
            .progress_deadline_seconds
            .filter(|seconds| *seconds != i32::MAX)
    }

    /// Returns how many old ReplicaSets are kept.
    pub(crate) fn history_limit(&self) -> Option<i64> {
        self.raw.pointer("/spec/revisionHistoryLimit")?.as_i64()
    }
}

/// How the controller replaces pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpdateStrategy {
    Rolling {
        surge: Option<Amount>,
        unavailable: Option<Amount>,
    },
    /// All old pods stop before the first new one starts.
    Recreate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ContainerKind {
    App,
    Init,
}

impl ContainerKind {
    /// Returns where a pod template has its list of these.
    fn list(self) -> &'static str {
        match self {
            Self::App => "/spec/containers",
            Self::Init => "/spec/initContainers",
        }
    }
}

/// Where in its pod template a container stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Position {
    pub(crate) kind: ContainerKind,
    pub(crate) index: usize,
}

/// Prints the JSON pointer within the Deployment.
impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "/spec/template{}/{}",
            self.kind.list(),
            self.index
        )
    }
}

/// One container of a pod template.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Container<'a> {
    pub(crate) position: Position,
    spec: &'a Value,
}

impl<'a> Container<'a> {
    pub(crate) fn name(self) -> &'a str {
        self.text("name")
    }

    /// Returns the image as it is written there.
    pub(crate) fn image(self) -> &'a str {
        self.text("image")
    }

    pub(crate) fn is_app(self) -> bool {
        self.position.kind == ContainerKind::App
    }

    pub(crate) fn is_always_pulled(self) -> bool {
        self.text("imagePullPolicy") == "Always"
    }

    pub(crate) fn has_readiness_probe(self) -> bool {
        self.has("/readinessProbe")
    }

    pub(crate) fn has_pre_stop(self) -> bool {
        self.has("/lifecycle/preStop")
    }

    fn has(self, pointer: &str) -> bool {
        self.spec
            .pointer(pointer)
            .is_some_and(|found| !found.is_null())
    }

    fn text(self, name: &str) -> &'a str {
        self.spec.get(name).and_then(Value::as_str).unwrap_or("")
    }
}
