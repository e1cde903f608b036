//! The watch log: what happened to the objects, bounded, so that watches can resume for a while.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::Value;

use super::Expired;
use crate::object::Kind;

/// How many changes are kept for watches before the older half is forgotten.
const CAPACITY: usize = 8192;

/// One write.
#[derive(Clone, Debug)]
pub struct Change {
    /// The resource version that the write made.
    pub revision: u64,
    /// The kind of the object.
    pub kind: Kind,
    /// What was done to it.
    pub verb: Verb,
    /// The object after the write; a deleted one in its last state, with the deletion's resource version.
    pub object: Arc<Value>,
    /// The object before the write.
    pub previous: Option<Arc<Value>>,
}

/// What a write did to an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the watch events' own")]
pub enum Verb {
    Added,
    Modified,
    Deleted,
}

#[derive(Clone, Debug)]
pub(super) struct Log {
    changes: VecDeque<Change>,
    /// Changes up to this revision are forgotten.
    compacted: u64,
    news: Vec<Change>,
}

impl Log {
    pub(super) fn starting_at(revision: u64) -> Log {
        Log {
            changes: VecDeque::new(),
            compacted: revision,
            news: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, change: Change) {
        if self.changes.len() >= CAPACITY
            && let Some(middle) = self.changes.get(CAPACITY / 2)
        {
            self.compact(middle.revision);
        }
        self.news.push(change.clone());
        self.changes.push_back(change);
    }

    pub(super) fn since(
        &self,
        kind: Kind,
        revision: u64,
    ) -> Result<impl Iterator<Item = &Change>, Expired> {
        if revision < self.compacted {
            return Err(Expired {
                asked: revision,
                oldest: self.compacted,
            });
        }
        let start = self
            .changes
            .partition_point(|change| change.revision <= revision);
        Ok(self
            .changes
            .range(start..)
            .filter(move |change| change.kind == kind))
    }

    pub(super) fn compact(&mut self, revision: u64) {
        if revision > self.compacted {
            self.compacted = revision;
            self.changes.drain(
                ..self
                    .changes
                    .partition_point(|change| change.revision <= revision),
            );
        }
    }

    pub(super) fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    pub(super) fn take_news(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.news)
    }
}
