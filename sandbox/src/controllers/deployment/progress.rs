//! The conditions Progressing and ReplicaFailure, and when to look again for a deadline that has passed.

use std::time::Duration;

use super::status::{self, Status};
use super::{Draft, PROGRESSING, REPLICA_FAILURE, ReplicaSet};
use crate::clock::Time;
use crate::controllers::Again;
use crate::controllers::conditions::Condition;

const COMPLETE: &str = "NewReplicaSetAvailable";
const TIMED_OUT: &str = "ProgressDeadlineExceeded";

/// Computes the status of a Deployment that is being rolled out, with its progress.
pub(super) fn compute(
    draft: &Draft,
    all: &[ReplicaSet],
    new: Option<&ReplicaSet>,
    now: Time,
) -> Status {
    let mut next = status::compute(draft, all, new, now);
    let current = draft.status.conditions.find(PROGRESSING);
    match draft.deadline {
        None => next.conditions.remove(PROGRESSING),
        // A single ReplicaSet with pods is no rollout, if the last one was a success: nothing to estimate.
        Some(_)
            if next.replicas == next.updated
                && current.is_some_and(|current| current.reason == COMPLETE) => {}
        Some(deadline) => judge(draft, &mut next, new, deadline, now),
    }
    match failure(all, new) {
        Some(condition) => next.conditions.set(condition),
        None => next.conditions.remove(REPLICA_FAILURE),
    }
    next
}

fn judge(
    draft: &Draft,
    next: &mut Status,
    new: Option<&ReplicaSet>,
    deadline: Duration,
    now: Time,
) {
    let subject = match new {
        Some(new) => format!("ReplicaSet \"{}\"", new.view().name()),
        None => format!("Deployment \"{}\"", draft.view().name()),
    };
    let condition = |status: &str, reason: &str, what: &str| {
        Condition::new(
            PROGRESSING,
            status,
            reason,
            format!("{subject} {what}."),
            now,
        )
    };
    if draft.is_complete(next) {
        next.conditions
            .set(condition("True", COMPLETE, "has successfully progressed"));
    } else if next.is_progress_since(&draft.status) {
        let mut condition = condition("True", "ReplicaSetUpdated", "is progressing");
        if let Some(current) = draft.status.conditions.find(PROGRESSING) {
            if current.status == "True" {
                condition.last_transition = current.last_transition;
            }
            // Taking it away first makes the time of the last update move although status and reason stay.
            next.conditions.remove(PROGRESSING);
        }
        next.conditions.set(condition);
    } else if is_timed_out(next, deadline, now) {
        next.conditions
            .set(condition("False", TIMED_OUT, "has timed out progressing"));
    }
}

/// Returns whether the deadline has passed since the last progress. It never has after a rollout that succeeded, nor
/// without a condition to count from; and it stays so until there is progress.
pub(super) fn is_timed_out(status: &Status, deadline: Duration, now: Time) -> bool {
    match status.conditions.find(PROGRESSING) {
        None => false,
        Some(condition) if condition.reason == COMPLETE => false,
        Some(condition) if condition.reason == TIMED_OUT => true,
        Some(condition) => condition.last_update.unwrap_or_default().plus(deadline) < now,
    }
}

/// Returns the failure of the new ReplicaSet, else of any.
fn failure(all: &[ReplicaSet], new: Option<&ReplicaSet>) -> Option<Condition> {
    let of = |replica_set: &ReplicaSet| {
        let condition = replica_set.conditions().find(REPLICA_FAILURE).cloned()?;
        Some(Condition {
            last_update: Some(condition.last_transition),
            ..condition
        })
    };
    new.and_then(of).or_else(|| all.iter().find_map(of))
}

/// Returns when to look whether the deadline has passed, for a Deployment about which nothing changes.
pub(super) fn again(draft: &Draft, next: &Status, now: Time) -> Again {
    let current = draft.status.conditions.find(PROGRESSING);
    let (Some(deadline), Some(current)) = (draft.deadline, current) else {
        return Again::OnChange;
    };
    if draft.is_complete(next) || current.reason == TIMED_OUT {
        return Again::OnChange;
    }
    let left = current
        .last_update
        .unwrap_or_default()
        .plus(deadline)
        .since(now);
    if left < Duration::from_secs(1) {
        Again::Soon
    } else {
        Again::After(left + Duration::from_secs(1))
    }
}
