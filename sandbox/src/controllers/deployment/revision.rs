//! Revisions: which number a ReplicaSet gets when it becomes the current one, and what is copied to it.

use std::collections::BTreeMap;

use super::{DESIRED_REPLICAS, Draft, MAX_REPLICAS, REVISION, REVISION_HISTORY, ReplicaSet};
use crate::object::{Lookup, View};

/// How long the list of a ReplicaSet's former revisions may get.
pub(super) const HISTORY_LENGTH: usize = 2000;

/// Annotations that are not copied from a Deployment to its ReplicaSets.
const NOT_COPIED: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    REVISION_HISTORY,
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    "deprecated.deployment.rollback.to",
];

/// Annotations of a ReplicaSet.
pub(super) type Annotations = BTreeMap<String, String>;

/// Returns the number after the greatest of the old ReplicaSets'.
pub(super) fn next(old: &[ReplicaSet]) -> i64 {
    old.iter()
        .filter_map(ReplicaSet::revision)
        .max()
        .unwrap_or(0)
        + 1
}

pub(super) fn annotations(view: View<'_>) -> Annotations {
    let annotations = view
        .0
        .at("/metadata/annotations")
        .and_then(serde_json::Value::as_object);
    let text = |(key, value): (&String, &serde_json::Value)| {
        Some((key.clone(), value.as_str()?.to_owned()))
    };
    annotations.into_iter().flatten().filter_map(text).collect()
}

/// Returns whether the Deployment's annotations and the revision have still to be brought to the ReplicaSet.
pub(super) fn is_behind(draft: &Draft, new: &ReplicaSet, revision: i64) -> bool {
    let annotations = draft
        .object
        .at("/metadata/annotations")
        .and_then(serde_json::Value::as_object);
    let is_missing = annotations.into_iter().flatten().any(|(key, value)| {
        !NOT_COPIED.contains(&key.as_str()) && new.annotation(key) != value.as_str()
    });
    match new.revision() {
        Some(own) => is_missing || own < revision,
        None => false,
    }
}

/// Copies the Deployment's annotations, removing none, and gives the revision, unless the present one is as high. The
/// one before goes to the list of former revisions.
pub(super) fn bring(
    annotations: &mut Annotations,
    draft: &Draft,
    revision: i64,
    history_length: usize,
) {
    for (key, value) in self::annotations(draft.view()) {
        if !NOT_COPIED.contains(&key.as_str()) {
            annotations.insert(key, value);
        }
    }
    number(annotations, revision, history_length);
}

/// Gives the revision, see [`bring`].
pub(super) fn number(annotations: &mut Annotations, revision: i64, history_length: usize) {
    let own = annotations.get(REVISION).cloned();
    let own_number = match own.as_deref().map(str::parse::<i64>) {
        Some(Ok(number)) => number,
        None => 0,
        Some(Err(_)) => return,
    };
    if own_number >= revision {
        return;
    }
    annotations.insert(REVISION.to_owned(), revision.to_string());
    let Some(own) = own else {
        return;
    };
    let former = annotations.get(REVISION_HISTORY).map_or("", String::as_str);
    let mut former: Vec<&str> = former
        .split(',')
        .filter(|revision| !revision.is_empty())
        .collect();
    let is_first = former.is_empty();
    former.push(&own);
    let length = |list: &[&str]| {
        list.iter()
            .map(|revision| revision.len() + 1)
            .sum::<usize>()
            .saturating_sub(1)
    };
    while former.len() > 1 && length(&former) > history_length {
        former.remove(0);
    }
    if is_first || length(&former) <= history_length {
        let list = former.join(",");
        annotations.insert(REVISION_HISTORY.to_owned(), list);
    }
}

/// Notes how large the Deployment should be; returns whether that was another size.
pub(super) fn note_size(annotations: &mut Annotations, replicas: i64, max_replicas: i64) -> bool {
    let mut note = |key: &str, number: i64| {
        let number = number.to_string();
        annotations.insert(key.to_owned(), number.clone()) != Some(number)
    };
    let is_other = note(DESIRED_REPLICAS, replicas);
    note(MAX_REPLICAS, max_replicas) || is_other
}
