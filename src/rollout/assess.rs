//! Decides where the rollout of one applied change stands, from the newest state alone.
//!
//! Nothing here talks to a cluster, prints, or reads a clock. The order of the checks is the
//! contract: `tests` holds a row for each of them and for each pair whose order matters.

use std::time::Duration;

use super::observed::{Condition, DeploymentSeen, DeploymentSpec, ReplicaSetSeen};
use super::template::same_template;
use super::{
    Applied, Counts, Departure, FIELD_MANAGER, Failure, Patience, ProgressingStamp, Snapshot,
    Status, Successor, Waiting,
};

/// What is known of the Deployment at this moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight<'a> {
    pub(crate) presence: Presence<'a>,
    pub(crate) new_replica_set: NewReplicaSet<'a>,
    /// Old pods that still terminate.
    pub(crate) terminating: i32,
    /// A pod of the new version is sure not to come up.
    pub(crate) is_doomed: bool,
    /// Why pods or the ReplicaSet are refused, where a cluster event says it better than the
    /// condition, whose message goes stale.
    pub(crate) refusal: Option<&'a str>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Presence<'a> {
    /// Nothing has been seen of it since the change was applied.
    Unseen,
    Gone,
    Present(&'a DeploymentSeen),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum NewReplicaSet<'a> {
    Visible(&'a ReplicaSetSeen),
    NotVisible,
    /// ReplicaSets cannot be read, so the Deployment's word is all there is.
    Unreadable,
}

/// How long things have stood as they are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clocks {
    /// Since watching began.
    pub(crate) elapsed: Duration,
    /// The controller has not observed the present generation.
    pub(crate) unobserved: Duration,
    /// The ReplicaSet cannot be created.
    pub(crate) replica_set_refused: Duration,
    /// Pods cannot be created, and nothing else moves.
    pub(crate) pods_refused: Duration,
    pub(crate) without_progress: Duration,
}

/// What the user asked for, and how patient to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) patience: &'a Patience,
    /// `--timeout`; `None` for no limit.
    pub(crate) timeout: Option<Duration>,
    pub(crate) wait_for_drain: bool,
    /// The prefix of this tool's annotations, to read who deployed over us.
    pub(crate) annotation_prefix: &'a str,
}

/// Returns where the rollout of `applied` stands.
///
/// The first that applies:
///
/// 1. gone, being deleted, or another object of that name: `Gone`
/// 2. the template is not ours: `Superseded`
/// 3. the ReplicaSet cannot be created, for a while, and not since before: `Failed`
/// 4. the generation is not observed yet: `Pending`, silent after a while
/// 5. all wanted pods are new and available, and nothing else is counted: `Complete` (or waiting
///    for old pods to terminate, if that was asked for)
/// 6. paused: `Paused`
/// 7. the controller says that the deadline is over, and did not before the change: `Failed`
/// 8. pods cannot be created, for a while, or one is doomed: `Failed`
/// 9. our own clock: no progress for too long: `Failed`
/// 10. `Progressing`
///
/// Where 4, 5 (waiting) or 10 would have us wait, `--timeout` makes it `TimedOut`. Complete precedes
/// every failure but 3, which cannot be there at the same time.
pub(crate) fn assess(
    applied: &Applied,
    sight: &Sight<'_>,
    clocks: &Clocks,
    terms: &Terms<'_>,
) -> Status {
    let wait = |counts: Counts, status: Status| match terms.timeout {
        Some(timeout) if clocks.elapsed >= timeout => Status::TimedOut { counts },
        Some(_) | None => status,
    };
    let deployment = match sight.presence {
        Presence::Unseen => {
            return wait(Counts::default(), Status::Pending { silent: false });
        }
        Presence::Gone => return Status::Gone(Departure::Deleted),
        Presence::Present(deployment) => deployment,
    };
    if deployment.metadata.uid != applied.uid {
        return Status::Gone(Departure::Recreated);
    }
    if deployment.metadata.deletion_timestamp.is_some() {
        return Status::Gone(Departure::Deleted);
    }
    if !same_template(&deployment.spec.template, &applied.template) {
        let by = successor(applied, deployment, terms.annotation_prefix);
        return Status::Superseded { by };
    }

    let counts = counts(deployment, sight.new_replica_set);
    let failed = |failure: Failure| Status::Failed { failure, counts };
    let progressing = deployment.status.condition("Progressing");
    let refusal = |condition: Option<&Condition>| {
        let stale = condition.and_then(|condition| condition.message.as_deref());
        sight.refusal.or(stale).unwrap_or_default().to_owned()
    };

    if is_replica_set_refused(applied, deployment)
        && clocks.replica_set_refused >= terms.patience.replica_set_create
    {
        let message = refusal(progressing);
        return failed(Failure::ReplicaSetCreate { message });
    }
    // Until then counts and conditions tell of the rollout before.
    if deployment.status.observed_generation < deployment.metadata.generation {
        let silent = clocks.unobserved >= terms.patience.observe;
        return wait(counts, Status::Pending { silent });
    }
    let waiting = match waiting(deployment, &counts, sight.new_replica_set) {
        None if terms.wait_for_drain && sight.terminating > 0 => {
            let waiting = Waiting::Terminating;
            return wait(counts, Status::Progressing { waiting, counts });
        }
        None => return Status::Complete { counts },
        Some(waiting) => waiting,
    };
    if deployment.spec.paused {
        return Status::Paused { counts };
    }
    if is_past_deadline(applied, deployment) {
        return failed(Failure::Deadline);
    }
    let refused = replica_failure(deployment, sight.new_replica_set);
    if refused.is_some() && clocks.pods_refused >= terms.patience.pod_create {
        let message = refusal(refused);
        return failed(Failure::PodCreate { message });
    }
    if sight.is_doomed {
        return failed(Failure::Pod);
    }
    let without_progress = clocks.without_progress;
    if without_progress >= own_deadline(applied, deployment, terms.patience) {
        return failed(Failure::OwnDeadline { without_progress });
    }
    wait(counts, Status::Progressing { waiting, counts })
}

/// Returns the pod counts that the Deployment and its new ReplicaSet report.
pub(crate) fn counts(deployment: &DeploymentSeen, new: NewReplicaSet<'_>) -> Counts {
    let status = &deployment.status;
    let new_available = match new {
        NewReplicaSet::Visible(replica_set) => Some(replica_set.status.available_replicas),
        NewReplicaSet::NotVisible => Some(0),
        NewReplicaSet::Unreadable => None,
    };
    Counts {
        wanted: deployment.spec.replicas,
        updated: status.updated_replicas,
        total: status.replicas,
        available: status.available_replicas,
        // The two objects are not written at the same moment.
        new_available: new_available.map(|new| new.min(status.available_replicas)),
    }
}

/// Returns the ReplicaSet of our template: the oldest owned one, as the controller chooses.
pub(crate) fn new_replica_set<'a>(
    applied: &Applied,
    snapshot: &'a Snapshot,
) -> Option<&'a ReplicaSetSeen> {
    snapshot
        .replica_sets
        .iter()
        .filter(|set| set.metadata.controller_uid() == Some(applied.uid.as_str()))
        .filter(|set| same_template(&set.spec.template, &applied.template))
        .min_by_key(|set| (&set.metadata.creation_timestamp, &set.metadata.name))
}

/// Returns whether the controller says that it cannot create the ReplicaSet, and did not say so
/// before the change. This comes without an observed generation, for as long as it lasts.
pub(crate) fn is_replica_set_refused(applied: &Applied, deployment: &DeploymentSeen) -> bool {
    has_new_reason(applied, deployment, "ReplicaSetCreateError")
}

/// Returns whether the controller says that the deadline is over, and did not before the change: a
/// rollback can carry the old condition along with its own observed generation.
pub(crate) fn is_past_deadline(applied: &Applied, deployment: &DeploymentSeen) -> bool {
    has_new_reason(applied, deployment, "ProgressDeadlineExceeded")
}

fn has_new_reason(applied: &Applied, deployment: &DeploymentSeen, reason: &str) -> bool {
    deployment
        .status
        .condition("Progressing")
        .is_some_and(|condition| {
            condition.reason.as_deref() == Some(reason)
                && applied.progressing_before.as_ref() != Some(&ProgressingStamp::of(condition))
        })
}

/// Returns the condition that says that pods of the new version cannot be created.
///
/// The new ReplicaSet's own word counts: the Deployment copies that of an old one where the new one
/// has none.
pub(crate) fn replica_failure<'a>(
    deployment: &'a DeploymentSeen,
    new: NewReplicaSet<'a>,
) -> Option<&'a Condition> {
    let conditions = match new {
        NewReplicaSet::Visible(replica_set) => &replica_set.status.conditions,
        NewReplicaSet::NotVisible | NewReplicaSet::Unreadable => &deployment.status.conditions,
    };
    conditions
        .iter()
        .find(|condition| condition.kind == "ReplicaFailure" && condition.status == "True")
}

/// Returns after how long without progress our own clock calls the rollout failed.
pub(crate) fn own_deadline(
    applied: &Applied,
    deployment: &DeploymentSeen,
    patience: &Patience,
) -> Duration {
    let spec = &deployment.spec;
    let deadline = deadline(spec).unwrap_or(patience.progress);
    let min_ready = seconds(spec.min_ready_seconds).saturating_add(patience.min_ready_margin);
    let margin = if controller_keeps_deadline(applied, deployment) {
        patience.controller_margin
    } else {
        Duration::ZERO
    };
    deadline.max(min_ready).saturating_add(margin)
}

/// Returns whether the controller will report a missed deadline itself: it never does from the
/// reason `NewReplicaSetAvailable` or without the condition, and a leftover report counts for
/// nothing.
fn controller_keeps_deadline(applied: &Applied, deployment: &DeploymentSeen) -> bool {
    let Some(condition) = deployment.status.condition("Progressing") else {
        return false;
    };
    deadline(&deployment.spec).is_some()
        && condition.reason.as_deref() != Some("NewReplicaSetAvailable")
        && applied.progressing_before.as_ref() != Some(&ProgressingStamp::of(condition))
}

fn deadline(spec: &DeploymentSpec) -> Option<Duration> {
    spec.progress_deadline_seconds
        .filter(|deadline| *deadline != i32::MAX)
        .map(seconds)
}

fn seconds(count: i32) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}

/// Returns what is missing to completeness, or `None`.
fn waiting(
    deployment: &DeploymentSeen,
    counts: &Counts,
    new: NewReplicaSet<'_>,
) -> Option<Waiting> {
    // No ReplicaSet is made while paused, and with zero replicas no count would tell.
    let may_exist = match new {
        NewReplicaSet::Visible(_) => true,
        NewReplicaSet::NotVisible => false,
        NewReplicaSet::Unreadable => !deployment.spec.paused || counts.wanted > 0,
    };
    if counts.updated < counts.wanted || !may_exist {
        Some(Waiting::Updated)
    } else if counts.total > counts.updated {
        Some(Waiting::Old)
    } else if counts.updated > counts.wanted {
        Some(Waiting::ScaleDown)
    } else if counts.available != counts.wanted || counts.total != counts.wanted {
        Some(Waiting::Available)
    } else {
        None
    }
}

/// Returns who replaced our template.
///
/// A deploy id other than ours is not enough: `kubectl rollout undo` brings an old one back.
fn successor(applied: &Applied, deployment: &DeploymentSeen, prefix: &str) -> Successor {
    let annotation = |name: &str| {
        let key = format!("{prefix}/{name}");
        deployment.metadata.annotations.get(&key).cloned()
    };
    let manager = deployment.metadata.template_manager();
    let is_ours = manager.is_none_or(|manager| manager == FIELD_MANAGER);
    if is_ours
        && let Some(id) = annotation("deploy-id")
        && applied.deploy_id.as_ref() != Some(&id)
    {
        let user = annotation("deploy-user");
        return Successor::Deploy { id, user };
    }
    let manager = manager.map(str::to_owned);
    let is_back = applied
        .template_before
        .as_ref()
        .is_some_and(|before| same_template(&deployment.spec.template, before));
    if is_back {
        Successor::Reverted { manager }
    } else {
        Successor::Other { manager }
    }
}

#[cfg(test)]
mod tests;
