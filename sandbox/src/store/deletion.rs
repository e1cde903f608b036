//! Deleting: at once, after a grace period, or when the last finalizer is gone.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::write::{is_released, resource_version};
use super::{Store, StoreError, Verb};
use crate::clock::Time;
use crate::object::{Key, Kind, View, metadata, text, uid};

/// What must hold for the object that is to be deleted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Preconditions {
    /// It has this uid.
    pub uid: Option<String>,
    /// It has this resource version.
    pub resource_version: Option<String>,
}

/// What becomes of the objects that the deleted one owns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Propagation {
    /// They are deleted after it.
    #[default]
    Background,
    /// They are deleted first; it stays visible until they are gone.
    Foreground,
    /// They stay, without this owner.
    Orphan,
}

/// How an object is to be deleted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeleteOptions {
    /// What must hold.
    pub preconditions: Preconditions,
    /// How long a pod may take to stop; its own setting if none is given.
    pub grace_period: Option<Duration>,
    /// What becomes of what it owns.
    pub propagation: Propagation,
}

/// How far a deletion got.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Deletion {
    /// The object is gone; this was its last state.
    Removed(Arc<Value>),
    /// The object is marked, and goes when its grace period or its finalizers are over.
    Pending(Arc<Value>),
}

/// The finalizer that keeps an object until what it owns is gone.
pub const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer that keeps an object until what it owns no longer names it.
pub const ORPHAN: &str = "orphan";

impl Store {
    /// Deletes an object, or marks it when something holds it back: a pod's grace period, a finalizer, foreground
    /// propagation.
    pub fn delete(
        &mut self,
        key: &Key,
        options: &DeleteOptions,
        now: Time,
    ) -> Result<Deletion, StoreError> {
        let (previous, next) = self.prepare_delete(key, options, now)?;
        if is_released(&next) {
            return Ok(Deletion::Removed(self.commit(
                key.kind,
                Verb::Deleted,
                next,
                Some(previous),
            )));
        }
        if *previous == next {
            return Ok(Deletion::Pending(previous));
        }
        Ok(Deletion::Pending(self.commit(
            key.kind,
            Verb::Modified,
            next,
            Some(previous),
        )))
    }

    /// Returns what [`delete`](Store::delete) would do, with the stored resource version, and does nothing.
    pub fn preview_delete(
        &self,
        key: &Key,
        options: &DeleteOptions,
        now: Time,
    ) -> Result<Deletion, StoreError> {
        let (_, next) = self.prepare_delete(key, options, now)?;
        let is_gone = is_released(&next);
        let next = Arc::new(next);
        Ok(if is_gone {
            Deletion::Removed(next)
        } else {
            Deletion::Pending(next)
        })
    }

    fn prepare_delete(
        &self,
        key: &Key,
        options: &DeleteOptions,
        now: Time,
    ) -> Result<(Arc<Value>, Value), StoreError> {
        let stored = self
            .read(key)
            .ok_or_else(|| StoreError::NotFound(key.clone()))?;
        check(key, stored, &options.preconditions)?;
        let next = mark(key.kind, stored, options, now);
        Ok((Arc::clone(stored), next))
    }
}

fn check(key: &Key, stored: &Value, preconditions: &Preconditions) -> Result<(), StoreError> {
    if let Some(wanted) = &preconditions.uid
        && wanted != uid(stored)
    {
        let (wanted, found) = (wanted.clone(), uid(stored).to_owned());
        return Err(StoreError::UidMismatch {
            key: key.clone(),
            wanted,
            found,
        });
    }
    match &preconditions.resource_version {
        Some(wanted) if wanted != resource_version(stored) => {
            Err(StoreError::Conflict(key.clone()))
        }
        Some(_) | None => Ok(()),
    }
}

/// Returns the object with the marks of its deletion.
///
/// A pod that was never bound to a node, or whose containers have ended, has nobody to wait for. A grace period that
/// runs already can only be shortened.
fn mark(kind: Kind, stored: &Value, options: &DeleteOptions, now: Time) -> Value {
    let view = View(stored);
    let wanted = match kind {
        Kind::Pod if is_running(stored) => {
            options.grace_period.unwrap_or_else(|| grace_period(stored))
        }
        _ => Duration::ZERO,
    };
    let mut next = stored.clone();
    let fields = metadata(&mut next);
    match Time::parse(text(stored, "/metadata/deletionTimestamp")) {
        None => {
            fields.insert(
                "deletionTimestamp".to_owned(),
                Value::from(now.plus(wanted).rfc3339()),
            );
            fields.insert(
                "deletionGracePeriodSeconds".to_owned(),
                Value::from(wanted.as_secs()),
            );
            if kind.has_generation() {
                fields.insert("generation".to_owned(), Value::from(view.generation() + 1));
            }
        }
        Some(end) => {
            let running = view
                .number("/metadata/deletionGracePeriodSeconds")
                .unwrap_or(0);
            let running = Duration::from_secs(u64::try_from(running).unwrap_or(0));
            if options.grace_period.is_some() && wanted < running {
                let end = end.minus(running.saturating_sub(wanted));
                fields.insert(
                    "deletionTimestamp".to_owned(),
                    Value::from(end.max(now).rfc3339()),
                );
                fields.insert(
                    "deletionGracePeriodSeconds".to_owned(),
                    Value::from(wanted.as_secs()),
                );
            }
        }
    }
    let finalizer = match options.propagation {
        Propagation::Background => return next,
        Propagation::Foreground => FOREGROUND,
        Propagation::Orphan => ORPHAN,
    };
    let mut finalizers = view.list("/metadata/finalizers").to_vec();
    if !finalizers
        .iter()
        .any(|present| present.as_str() == Some(finalizer))
    {
        finalizers.push(Value::from(finalizer));
    }
    fields.insert("finalizers".to_owned(), Value::from(finalizers));
    next
}

fn is_running(pod: &Value) -> bool {
    !text(pod, "/spec/nodeName").is_empty()
        && !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

fn grace_period(pod: &Value) -> Duration {
    let seconds = View(pod)
        .number("/spec/terminationGracePeriodSeconds")
        .unwrap_or(30);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(1))
}
