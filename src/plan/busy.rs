//! Decides what to do where a rollout is under way on a Deployment that the plan changes.

use std::time::Duration;

use super::{Plan, words};
use crate::environment::values::Busy;
use crate::error::{Error, Kind};
use crate::rollout::Counts;
use crate::rollout::history::Record;

/// How long a rollout in progress is waited for.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// A Deployment whose healthy rollout has not ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BusyTarget {
    pub(crate) deployment: String,
    pub(crate) counts: Counts,
    /// The deploy that is under way, if it is one of ours.
    pub(crate) record: Option<Record>,
}

/// What to do before the write.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decision {
    /// No rollout is in the way.
    Free,
    /// Nobody said, and somebody can be asked.
    Ask(Vec<BusyTarget>),
    /// Wait for their end, [`LONGEST_WAIT`] at most, and plan anew.
    Wait(Vec<BusyTarget>),
    /// Write over them.
    Supersede(Vec<BusyTarget>),
    /// Leave, and say that the same command may work later.
    Refuse(Vec<BusyTarget>),
}

impl Decision {
    /// Decides for a plan: the flag, else the policy, else the person, else to wait.
    ///
    /// Only what the plan changes counts. A failed rollout is in nobody's way.
    pub(crate) fn of(
        plan: &Plan,
        flag: Option<Busy>,
        policy: Option<Busy>,
        is_interactive: bool,
    ) -> Self {
        let targets: Vec<BusyTarget> = plan
            .deployments
            .iter()
            .filter(|deployment| deployment.standing.is_busy())
            .map(|deployment| BusyTarget {
                deployment: deployment.name().to_owned(),
                counts: deployment.standing.counts(),
                record: deployment.previous.clone(),
            })
            .collect();
        if targets.is_empty() {
            return Self::Free;
        }
        match flag.or(policy) {
            Some(said) => Self::as_said(said, targets),
            None if is_interactive => Self::Ask(targets),
            None => Self::Wait(targets),
        }
    }

    /// Does what a flag, a policy, or the answer to a question said.
    pub(crate) fn as_said(said: Busy, targets: Vec<BusyTarget>) -> Self {
        match said {
            Busy::Wait => Self::Wait(targets),
            Busy::Supersede => Self::Supersede(targets),
            Busy::Refuse => Self::Refuse(targets),
        }
    }
}

/// A rollout is in the way, and nothing was changed.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{}", words::busy(.targets, *.is_waited_for))]
pub(crate) struct BusyError {
    pub(crate) targets: Vec<BusyTarget>,
    /// It was waited for as long as may be.
    pub(crate) is_waited_for: bool,
}

impl From<BusyError> for Error {
    fn from(error: BusyError) -> Self {
        let hint = match error.is_waited_for {
            true => "Try again later, or deploy over it with --busy=supersede.",
            false => "Wait for it with --busy=wait, or deploy over it with --busy=supersede.",
        };
        Self::new(Kind::Busy, error).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Case, NEW, OLD, deployment, plan, with};
    use super::*;

    fn rolling(name: &str, tag: &str) -> serde_json::Value {
        let raw = with(deployment(name, tag), "/status/updatedReplicas", json!(1));
        let raw = with(
            raw,
            "/metadata/annotations/wantedly.com~1deploy-id",
            json!("0000000000000007"),
        );
        let raw = with(
            raw,
            "/metadata/annotations/wantedly.com~1deploy-user",
            json!("bob"),
        );
        with(
            raw,
            "/metadata/annotations/wantedly.com~1deploy-ref",
            json!("feature"),
        )
    }

    fn name(decision: &Decision) -> &'static str {
        match decision {
            Decision::Free => "free",
            Decision::Ask(_) => "ask",
            Decision::Wait(_) => "wait",
            Decision::Supersede(_) => "supersede",
            Decision::Refuse(_) => "refuse",
        }
    }

    #[test]
    fn flag_beats_policy_beats_the_person_beats_waiting() {
        use Busy::{Refuse, Supersede, Wait};
        let plan = plan([rolling("rails", OLD), deployment("web", OLD)]);
        for (flag, policy, is_interactive, expected) in [
            (None, None, true, "ask"),
            (None, None, false, "wait"),
            (None, Some(Refuse), true, "refuse"),
            (None, Some(Supersede), false, "supersede"),
            (Some(Wait), Some(Refuse), true, "wait"),
            (Some(Supersede), None, true, "supersede"),
            (Some(Refuse), None, false, "refuse"),
        ] {
            let decision = Decision::of(&plan, flag, policy, is_interactive);
            assert_eq!(
                name(&decision),
                expected,
                "{flag:?} {policy:?} {is_interactive}"
            );
        }
    }

    #[test]
    fn only_a_healthy_rollout_of_what_changes_is_in_the_way() {
        let decide = |plan: &Plan| name(&Decision::of(plan, None, None, false));
        assert_eq!(decide(&plan([deployment("rails", OLD)])), "free");
        let own = [rolling("rails", NEW), deployment("web", OLD)];
        assert_eq!(decide(&plan(own)), "free", "our version is only watched");
        let mut doomed = Case::of([rolling("rails", OLD)]);
        doomed.doomed.insert("rails".to_owned());
        assert_eq!(decide(&doomed.plan()), "free");
    }

    #[test]
    fn who_is_in_the_way_is_said() {
        let plan = plan([rolling("rails", OLD)]);
        let Decision::Refuse(targets) = Decision::of(&plan, Some(Busy::Refuse), None, true) else {
            panic!("not refused");
        };
        let error = Error::from(BusyError {
            targets,
            is_waited_for: false,
        });
        assert_eq!(error.kind, Kind::Busy);
        assert_eq!(
            error.to_string(),
            "a rollout is in progress: Deployment `rails`, 1 of 3 pods are new (feature by bob)"
        );
    }
}
