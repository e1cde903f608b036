//! Pods that a ReplicaSet's controller has created or deleted and not yet seen created or deleted.
//!
//! As long as there are any, it does not count again, or it would make the same pods twice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::clock::Time;
use crate::object::Key;

/// How long it waits to see what it did before it counts again anyway.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is expected, by ReplicaSet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expectations(BTreeMap<Key, Expected>);

#[derive(Clone, Debug)]
struct Expected {
    created: usize,
    deleted: BTreeSet<String>,
    since: Time,
}

impl Expectations {
    /// Returns whether everything was seen that was expected, or waited for long enough.
    pub(crate) fn are_met(&self, key: &Key, now: Time) -> bool {
        self.0.get(key).is_none_or(|expected| {
            (expected.created == 0 && expected.deleted.is_empty())
                || now.since(expected.since) > PATIENCE
        })
    }

    /// Expects to see so many new pods.
    pub(crate) fn expect_created(&mut self, key: &Key, created: usize, now: Time) {
        self.0.insert(
            key.clone(),
            Expected {
                created,
                deleted: BTreeSet::new(),
                since: now,
            },
        );
    }

    /// Expects to see the pods of these uids go.
    pub(crate) fn expect_deleted(&mut self, key: &Key, deleted: BTreeSet<String>, now: Time) {
        self.0.insert(
            key.clone(),
            Expected {
                created: 0,
                deleted,
                since: now,
            },
        );
    }

    /// Notes that a new pod was seen.
    pub(crate) fn see_created(&mut self, key: &Key) {
        if let Some(expected) = self.0.get_mut(key) {
            expected.created = expected.created.saturating_sub(1);
        }
    }

    /// Notes that a pod was seen to go.
    pub(crate) fn see_deleted(&mut self, key: &Key, uid: &str) {
        if let Some(expected) = self.0.get_mut(key) {
            expected.deleted.remove(uid);
        }
    }

    /// Expects nothing any more of a ReplicaSet that is gone.
    pub(crate) fn forget(&mut self, key: &Key) {
        self.0.remove(key);
    }
}
