//! What etcd and the generic part of an API server do: resource versions, generations, uids, deletion, a watch log.
//!
//! No admission, no defaults, no validation; whoever writes here has done that.

mod deletion;
mod index;
mod log;
mod objects;
mod saved;
#[cfg(test)]
mod tests;
mod write;

pub use deletion::{DeleteOptions, Deletion, FOREGROUND, ORPHAN, Preconditions, Propagation};
pub use log::{Change, Verb};
pub(crate) use objects::Objects;
pub use write::Scope;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use thiserror::Error;

use crate::object::{Key, Kind};
use crate::random::Random;
use log::Log;

/// All objects of the world. Saving it loses the watch log, as restarting an API server does.
#[derive(Clone, Debug)]
pub struct Store {
    revision: u64,
    random: Random,
    objects: Objects,
    log: Log,
}

/// Why the store refused.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("{0} not found")]
    NotFound(Key),
    /// A new object has the name of an existing one.
    #[error("{0} already exists")]
    AlreadyExists(Key),
    /// The writer saw an older version of the object than the stored one.
    #[error("{0} has been modified")]
    Conflict(Key),
    /// The writer means an earlier object of the same name.
    #[error("the uid in the precondition ({wanted}) does not match the uid in record ({found})")]
    UidMismatch {
        /// The object of that name.
        key: Key,
        /// The uid that the writer gave.
        wanted: String,
        /// The uid that the object has.
        found: String,
    },
    /// The object has neither `name` nor `generateName`.
    #[error("name or generateName is required")]
    NameMissing,
}

/// What happened since some revision is no longer known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("too old resource version: {asked} ({oldest})")]
pub struct Expired {
    /// The revision that was asked for.
    pub asked: u64,
    /// The oldest revision that can still be continued from.
    pub oldest: u64,
}

impl Store {
    /// Makes an empty store; `seed` decides uids and generated names.
    pub fn new(seed: u64) -> Store {
        Store {
            revision: 1,
            random: Random::new(seed),
            objects: Objects::default(),
            log: Log::starting_at(1),
        }
    }

    /// Returns the newest resource version.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Returns the object stored there.
    pub fn read(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.read(key)
    }

    /// Returns the object of that kind, namespace (empty for the cluster's own) and name.
    pub fn find(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.find(kind, namespace, name)
    }

    /// Lists objects by namespace, then name; those of one namespace, or all.
    pub fn list<'a>(
        &'a self,
        kind: Kind,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Arc<Value>> {
        self.objects.list(kind, namespace)
    }

    /// Lists objects as they were at `revision`, in the order of [`list`](Store::list), so that the pages of one list
    /// agree with each other.
    pub fn list_at(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        revision: u64,
    ) -> Result<Vec<Arc<Value>>, Expired> {
        let mut objects: BTreeMap<(&str, &str), &Arc<Value>> = self
            .list(kind, namespace)
            .map(|object| (place(object), object))
            .collect();
        let changes: Vec<&Change> = self.log.since(kind, revision)?.collect();
        for change in changes.into_iter().rev() {
            let place = place(&change.object);
            if namespace.is_some_and(|namespace| namespace != place.0) {
                continue;
            }
            match &change.previous {
                Some(previous) => objects.insert(place, previous),
                None => objects.remove(&place),
            };
        }
        Ok(objects.into_values().cloned().collect())
    }

    /// Lists the objects that name `uid` among their owners, by kind, namespace, name.
    pub fn dependents<'a>(&'a self, uid: &str) -> impl Iterator<Item = &'a Arc<Value>> {
        self.objects.dependents(uid)
    }

    /// Lists ReplicaSets and Pods that no controller owns, by kind, namespace, name.
    pub fn orphans<'a>(
        &'a self,
        kind: Kind,
        namespace: &'a str,
    ) -> impl Iterator<Item = &'a Arc<Value>> {
        self.objects.orphans(kind, namespace)
    }

    /// Returns what happened to objects of that kind after `revision`, oldest first.
    pub fn changes_since(
        &self,
        kind: Kind,
        revision: u64,
    ) -> Result<impl Iterator<Item = &Change>, Expired> {
        self.log.since(kind, revision)
    }

    /// Forgets what happened up to and including `revision`; who asks for it is told that it expired.
    pub fn compact(&mut self, revision: u64) {
        self.log.compact(revision.min(self.revision));
    }

    /// Returns whether something happened that was not handed over yet.
    pub(crate) fn has_news(&self) -> bool {
        self.log.has_news()
    }

    /// Hands over what happened since the last call, for the world's own actors; compaction does not touch it.
    pub(crate) fn take_news(&mut self) -> Vec<Change> {
        self.log.take_news()
    }
}

fn place(object: &Value) -> (&str, &str) {
    (
        crate::object::namespace(object),
        crate::object::name(object),
    )
}
