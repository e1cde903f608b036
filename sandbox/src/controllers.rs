//! The controllers that turn a Deployment into ReplicaSets and those into pods.
//!
//! Each reads what it has seen, which may lag behind the store, and writes with the resource version it saw.

pub(crate) mod conditions;
pub(crate) mod deployment;
pub(crate) mod ownership;
pub(crate) mod replicaset;
pub(crate) mod selector;

use std::time::Duration;

/// When a controller wants to look at an object again, after it did what it could.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Again {
    /// When something about it changes.
    #[default]
    OnChange,
    /// At once, but not too often.
    Soon,
    /// Then, whatever happens before.
    After(Duration),
}
