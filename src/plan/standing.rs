//! Where a Deployment stands by its own status, before anything is written: is a rollout under way,
//! did the last one end, and how.

use std::time::Duration;

use jiff::Timestamp;

use crate::rollout::history::log::Outcome;
use crate::rollout::history::{Past, elapsed};
use crate::rollout::observed::{Condition, DeploymentSeen};
use crate::rollout::{Counts, ProgressingStamp};

/// A Deployment's standing when a plan is made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Standing {
    /// The last rollout ended well and every wanted pod is available.
    Complete { counts: Counts },
    /// The last rollout ended well; since then pods went away or are being added.
    Degraded { counts: Counts },
    /// A rollout is under way and nothing speaks against its end.
    Unfinished { counts: Counts },
    /// The last rollout will not end by itself.
    Failed { failing: Failing, counts: Counts },
    /// `spec.paused`.
    Paused { counts: Counts },
}

/// Why a rollout is called failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failing {
    /// Its progress deadline is over.
    Deadline,
    ReplicaSetCreate {
        message: String,
    },
    PodCreate {
        message: String,
    },
    /// A new pod will not come up, says the diagnosis of its state.
    Doomed,
}

/// What a standing is judged by, beside the Deployment itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Evidence<'a> {
    pub(crate) past: &'a Past,
    /// A diagnosis of the new pods calls the rollout doomed.
    pub(crate) is_doomed: bool,
    /// By the API server's clock.
    pub(crate) now: Timestamp,
    /// How long pods may fail to be created until that counts.
    pub(crate) pod_create: Duration,
}

impl Standing {
    /// Returns where the Deployment stands; the first that applies.
    ///
    /// 1. paused
    /// 2. the ReplicaSet cannot be made: then the generation is never observed
    /// 3. generation not observed: all else speaks of an earlier one
    /// 4. the last rollout ended
    /// 5. its deadline is over, it is doomed, or pods cannot be made
    pub(crate) fn of(deployment: &DeploymentSeen, evidence: &Evidence<'_>) -> Self {
        let counts = counts(deployment);
        if deployment.spec.paused {
            return Self::Paused { counts };
        }
        // A rollback to a ReplicaSet that exists renews no condition: one that stood there before
        // the write says nothing about it.
        let before = evidence
            .past
            .current()
            .and_then(|record| record.before.clone());
        let progressing = deployment.status.condition("Progressing");
        let fresh = progressing.filter(|condition| Some(ProgressingStamp::of(condition)) != before);
        let is_fresh = |reason| fresh.is_some_and(|condition| has_reason(condition, reason));
        if is_fresh("ReplicaSetCreateError") {
            let message = message(fresh);
            return Self::Failed {
                failing: Failing::ReplicaSetCreate { message },
                counts,
            };
        }
        if deployment.status.observed_generation < deployment.metadata.generation {
            return Self::Unfinished { counts };
        }
        if has_ended(deployment, progressing) {
            return if counts.available < counts.wanted {
                Self::Degraded { counts }
            } else {
                Self::Complete { counts }
            };
        }
        let failing = if is_fresh("ProgressDeadlineExceeded") {
            Some(Failing::Deadline)
        } else if evidence.is_doomed {
            Some(Failing::Doomed)
        } else {
            pods_refused(deployment, evidence)
        };
        match failing {
            Some(failing) => Self::Failed { failing, counts },
            None => Self::Unfinished { counts },
        }
    }

    /// Tells whether a rollout is under way that a new write would run into.
    pub(crate) fn is_busy(&self) -> bool {
        match self {
            Self::Unfinished { .. } => true,
            Self::Complete { .. }
            | Self::Degraded { .. }
            | Self::Failed { .. }
            | Self::Paused { .. } => false,
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        match self {
            Self::Complete { counts }
            | Self::Degraded { counts }
            | Self::Unfinished { counts }
            | Self::Failed { counts, .. }
            | Self::Paused { counts } => *counts,
        }
    }

    /// Returns how the deploy that led here ended, once another write takes its place.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Complete { .. } | Self::Degraded { .. } => Outcome::Completed,
            Self::Failed { .. } => Outcome::Failed,
            Self::Unfinished { .. } | Self::Paused { .. } => Outcome::Superseded,
        }
    }
}

/// Tells whether the controller has said that this generation's rollout is over.
///
/// The reason stays when pods are lost or added later, so availability does not count. It also
/// stays for a moment when a next rollout begins (Recreate, undo), when not all pods are new.
fn has_ended(deployment: &DeploymentSeen, progressing: Option<&Condition>) -> bool {
    let status = &deployment.status;
    let wanted = deployment.spec.replicas;
    let are_all_new =
        status.updated_replicas == status.replicas && (status.updated_replicas > 0 || wanted == 0);
    match progressing {
        Some(condition) => are_all_new && has_reason(condition, "NewReplicaSetAvailable"),
        // Without a progress deadline there is no such condition.
        None => are_all_new && status.replicas == wanted && status.available_replicas == wanted,
    }
}

/// Returns why pods cannot be made, if that has been so for long enough.
fn pods_refused(deployment: &DeploymentSeen, evidence: &Evidence<'_>) -> Option<Failing> {
    let refused = deployment
        .status
        .condition("ReplicaFailure")
        .filter(|condition| condition.status == "True")?;
    let since = refused
        .last_transition_time
        .as_deref()
        .and_then(|time| time.parse::<Timestamp>().ok());
    let lasted = since.map_or(evidence.pod_create, |since| elapsed(since, evidence.now));
    (lasted >= evidence.pod_create).then(|| Failing::PodCreate {
        message: message(Some(refused)),
    })
}

fn counts(deployment: &DeploymentSeen) -> Counts {
    Counts {
        wanted: deployment.spec.replicas,
        updated: deployment.status.updated_replicas,
        total: deployment.status.replicas,
        available: deployment.status.available_replicas,
        ..Counts::default()
    }
}

fn has_reason(condition: &Condition, reason: &str) -> bool {
    condition.reason.as_deref() == Some(reason)
}

fn message(condition: Option<&Condition>) -> String {
    condition
        .and_then(|condition| condition.message.clone())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const BEFORE: &str = "2026-11-21T06:00:00Z";
    const DURING: &str = "2026-11-21T06:59:00Z";

    fn condition(kind: &str, status: &str, reason: &str, time: &str) -> Value {
        json!({"type": kind, "status": status, "reason": reason, "message": "why",
            "lastUpdateTime": time, "lastTransitionTime": time})
    }

    fn progressing(reason: &str, time: &str) -> Value {
        condition("Progressing", "True", reason, time)
    }

    /// (generation, observed, wanted, total, updated, available)
    fn deployment(numbers: [i64; 6], conditions: &[Value]) -> DeploymentSeen {
        let [generation, observed, wanted, total, updated, available] = numbers;
        serde_json::from_value(json!({
            "metadata": {"name": "web", "uid": "u", "generation": generation, "annotations": {
                "example.com/deploy-id": "000000000000002a",
                "example.com/deploy-before": format!("ProgressDeadlineExceeded {BEFORE}"),
            }},
            "spec": {"replicas": wanted},
            "status": {"observedGeneration": observed, "replicas": total, "updatedReplicas": updated,
                "availableReplicas": available, "conditions": conditions},
        }))
        .unwrap()
    }

    fn standing(deployment: &DeploymentSeen, is_doomed: bool) -> Standing {
        let past = Past::read(deployment, &[], &"example.com".parse().unwrap());
        Standing::of(
            deployment,
            &Evidence {
                past: &past,
                is_doomed,
                now: "2026-11-21T07:00:00Z".parse().unwrap(),
                pod_create: Duration::from_secs(30),
            },
        )
    }

    fn name(standing: &Standing) -> &'static str {
        match standing {
            Standing::Complete { .. } => "complete",
            Standing::Degraded { .. } => "degraded",
            Standing::Unfinished { .. } => "unfinished",
            Standing::Failed { failing, .. } => match failing {
                Failing::Deadline => "deadline",
                Failing::ReplicaSetCreate { .. } => "replica set",
                Failing::PodCreate { .. } => "pods",
                Failing::Doomed => "doomed",
            },
            Standing::Paused { .. } => "paused",
        }
    }

    #[test]
    fn the_status_of_a_deployment_says_where_it_stands() {
        let done = progressing("NewReplicaSetAvailable", BEFORE);
        let going = progressing("ReplicaSetUpdated", DURING);
        let stuck = progressing("ProgressDeadlineExceeded", DURING);
        let refused = |time| condition("ReplicaFailure", "True", "FailedCreate", time);
        let cases = [
            (
                "all new, all available",
                [4, 4, 3, 3, 3, 3],
                vec![done.clone()],
                "complete",
            ),
            (
                "zero wanted",
                [4, 4, 0, 0, 0, 0],
                vec![done.clone()],
                "complete",
            ),
            (
                "a pod was lost later",
                [4, 4, 3, 3, 3, 2],
                vec![done.clone()],
                "degraded",
            ),
            (
                "being scaled up",
                [4, 4, 5, 3, 3, 3],
                vec![done.clone()],
                "degraded",
            ),
            (
                "being scaled down",
                [4, 4, 3, 5, 5, 5],
                vec![done.clone()],
                "complete",
            ),
            (
                "patched a moment ago: the status is the old one's",
                [5, 4, 3, 3, 3, 3],
                vec![done.clone()],
                "unfinished",
            ),
            (
                "undo or Recreate: the old reason stands, nothing is new",
                [4, 4, 3, 3, 0, 3],
                vec![done.clone()],
                "unfinished",
            ),
            (
                "Recreate between old and new",
                [4, 4, 3, 0, 0, 0],
                vec![done.clone()],
                "unfinished",
            ),
            (
                "in the middle",
                [4, 4, 3, 4, 1, 3],
                vec![going.clone()],
                "unfinished",
            ),
            (
                "all new, the last not available yet",
                [4, 4, 3, 3, 3, 2],
                vec![going.clone()],
                "unfinished",
            ),
            (
                "deadline over",
                [4, 4, 3, 4, 1, 3],
                vec![stuck.clone()],
                "deadline",
            ),
            (
                "deadline of an earlier generation",
                [5, 4, 3, 4, 1, 3],
                vec![stuck.clone()],
                "unfinished",
            ),
            (
                "a deadline from before the recorded deploy is a leftover",
                [4, 4, 3, 4, 1, 3],
                vec![progressing("ProgressDeadlineExceeded", BEFORE)],
                "unfinished",
            ),
            (
                "the ReplicaSet cannot be made, so the generation is never observed",
                [5, 4, 3, 3, 3, 3],
                vec![progressing("ReplicaSetCreateError", DURING)],
                "replica set",
            ),
            (
                "pods are refused, for a minute",
                [4, 4, 3, 3, 0, 3],
                vec![going.clone(), refused("2026-11-21T06:59:00Z")],
                "pods",
            ),
            (
                "pods are refused, since a moment",
                [4, 4, 3, 3, 0, 3],
                vec![going.clone(), refused("2026-11-21T06:59:50Z")],
                "unfinished",
            ),
            (
                "no deadline, complete by counts",
                [4, 4, 3, 3, 3, 3],
                vec![],
                "complete",
            ),
            (
                "no deadline, in the middle",
                [4, 4, 3, 4, 1, 3],
                vec![],
                "unfinished",
            ),
        ];
        for (case, numbers, conditions, expected) in cases {
            let deployment = deployment(numbers, &conditions);
            assert_eq!(name(&standing(&deployment, false)), expected, "{case}");
        }
    }

    #[test]
    fn a_doomed_rollout_is_not_busy() {
        let deployment = deployment(
            [4, 4, 3, 4, 1, 3],
            &[progressing("ReplicaSetUpdated", DURING)],
        );
        assert!(standing(&deployment, false).is_busy());
        let doomed = standing(&deployment, true);
        assert_eq!(name(&doomed), "doomed");
        assert!(!doomed.is_busy());
    }

    #[test]
    fn a_diagnosis_does_not_undo_an_end() {
        let ended = deployment(
            [4, 4, 3, 3, 3, 3],
            &[progressing("NewReplicaSetAvailable", BEFORE)],
        );
        assert_eq!(name(&standing(&ended, true)), "complete");
    }

    #[test]
    fn paused_comes_before_everything() {
        let mut paused = deployment(
            [5, 4, 3, 4, 1, 3],
            &[progressing("ReplicaSetCreateError", DURING)],
        );
        paused.spec.paused = true;
        assert_eq!(name(&standing(&paused, true)), "paused");
    }
}
