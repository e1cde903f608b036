//! Whether a rollout moves: the clock behind our own deadline.
//!
//! The controller's definition without the rise of ready pods (every restart of a crashing one is
//! such a rise), plus stages that containers of new pods reach for the first time. Counts are not
//! monotonic, so only a new best is progress.

use std::time::Duration;

use jiff::Timestamp;

use crate::rollout::Moment;
use crate::rollout::observed::{DeploymentSeen, PodSeen};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// When the last progress was seen, or watching began.
    last: Moment,
    /// How long there was none before watching began.
    before: Duration,
    best: Option<Best>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Best {
    wanted: i32,
    updated: i32,
    old: i32,
    available: i32,
}

impl Progress {
    pub(super) fn new(now: Moment) -> Self {
        Self {
            last: now,
            before: Duration::ZERO,
            best: None,
        }
    }

    /// Says how long there was no progress before watching began.
    pub(super) fn set_before(&mut self, before: Duration) {
        self.before = before;
    }

    pub(super) fn made(&mut self, now: Moment) {
        self.last = now;
        self.before = Duration::ZERO;
    }

    pub(super) fn without(&self, now: Moment) -> Duration {
        now.since(self.last).saturating_add(self.before)
    }

    /// Returns when it will have been `limit` without progress.
    pub(super) fn due(&self, limit: Duration) -> Moment {
        self.last.plus(limit.saturating_sub(self.before))
    }

    /// Takes in counts of this rollout and returns whether they are better than all before.
    pub(super) fn note(&mut self, deployment: &DeploymentSeen) -> bool {
        let status = &deployment.status;
        let now = Best {
            wanted: deployment.spec.replicas,
            updated: status.updated_replicas,
            old: status.replicas.saturating_sub(status.updated_replicas),
            available: status.available_replicas,
        };
        let before = self.best.filter(|best| best.wanted == now.wanted);
        let Some(before) = before else {
            self.best = Some(now);
            return true;
        };
        let best = Best {
            wanted: now.wanted,
            updated: before.updated.max(now.updated),
            old: before.old.min(now.old),
            available: before.available.max(now.available),
        };
        self.best = Some(best);
        best != before
    }
}

/// Returns how long the rollout has stood still, by the times in its objects against the server's
/// own time; at most its age. For one who attaches and has seen nothing of it.
pub(super) fn quiet(
    deployment: Option<&DeploymentSeen>,
    new_pods: &[&PodSeen],
    server_time: Timestamp,
    age: Duration,
) -> Duration {
    let updated = deployment
        .and_then(|deployment| deployment.status.condition("Progressing"))
        .and_then(|condition| condition.last_update_time.as_deref());
    let of_pods = new_pods.iter().flat_map(|pod| {
        let created = pod.metadata.creation_timestamp.as_deref();
        let scheduled = pod
            .status
            .conditions
            .iter()
            .find(|condition| condition.kind == "PodScheduled" && condition.status == "True")
            .and_then(|condition| condition.last_transition_time.as_deref());
        let started = pod
            .status
            .container_statuses
            .iter()
            .filter(|status| status.restart_count == 0)
            .filter_map(|status| status.state.running.as_ref()?.started_at.as_deref());
        created.into_iter().chain(scheduled).chain(started)
    });
    updated
        .into_iter()
        .chain(of_pods)
        .filter_map(|text| text.parse::<Timestamp>().ok())
        .max()
        .map_or(age, |newest| {
            let quiet = Duration::try_from(server_time.duration_since(newest));
            quiet.unwrap_or(Duration::ZERO).min(age)
        })
}
