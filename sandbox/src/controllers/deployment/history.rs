//! Which old ReplicaSets are no longer kept.

use super::ReplicaSet;

/// Returns the old ReplicaSets to delete: of those beyond the limit, by revision and age, the ones without pods whose
/// own status is up to date.
pub(super) fn expired(old: &[ReplicaSet], limit: usize) -> Vec<&ReplicaSet> {
    let mut kept: Vec<&ReplicaSet> = old
        .iter()
        .filter(|old| !old.view().is_terminating())
        .collect();
    let excess = kept.len().saturating_sub(limit);
    kept.sort_by(|left, right| match (left.revision(), right.revision()) {
        (Some(one), Some(other)) if one != other => one.cmp(&other),
        _ => left.age().cmp(&right.age()),
    });
    let is_empty = |old: &&ReplicaSet| {
        old.actual() == 0
            && old.replicas() == 0
            && old.view().generation() <= old.observed_generation()
    };
    kept.into_iter().take(excess).filter(is_empty).collect()
}
