//! How it ended: the outcome of each Deployment, and the one answer of the whole run.

use std::time::Duration;

use super::diagnose::Blame;
use super::{Counts, Failure, Signal, Status, Successor};

/// The final answer of a run that wrote, or that judged what others wrote.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) answer: Answer,
    /// One for each Deployment that was watched, in the order in which they were applied.
    pub(crate) conclusions: Vec<Conclusion>,
    pub(crate) missing: Missing,
}

/// The run's answer in one word; the exit code says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Every Deployment completed the wanted version.
    Succeeded,
    /// A rollout failed and was left as it is.
    Failed,
    /// A planned write was not made.
    Partial,
    /// Somebody's later change took the place of ours.
    Overtaken,
    /// Timed out, lost sight, or paused: it may still arrive.
    Unknown,
    /// A signal ended the watch; the rollout goes on.
    Interrupted(Signal),
}

/// Planned writes that were not made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) count: usize,
    /// Their names, as far as they are known: one who attaches later knows the number only.
    pub(crate) deployments: Vec<String>,
}

impl Missing {
    pub(crate) fn named(deployments: Vec<String>) -> Self {
        let count = deployments.len();
        Self { count, deployments }
    }
}

/// How one Deployment's rollout ended for us, with the numbers of that moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Conclusion {
    pub(crate) deployment: String,
    /// False where the target was only judged.
    pub(crate) written: bool,
    pub(crate) outcome: Outcome,
    /// The last known; `None` if the Deployment was never seen.
    pub(crate) counts: Option<Counts>,
    pub(crate) capacity: Option<Capacity>,
    pub(crate) impact: Impact,
    /// What the new pods suffer from; the same trouble of several pods is one.
    pub(crate) causes: Vec<Blame>,
    pub(crate) evidence: Evidence,
    /// Since watching began.
    pub(crate) took: Duration,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// With `counts.wanted` 0 nothing was started.
    Complete,
    Failed(Failure),
    Overtaken(Overtaker),
    Unknown(Doubt),
    /// A signal came first; the status is the last one seen.
    Interrupted(Status),
}

/// Who or what took our rollout's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Overtaker {
    Change(Successor),
    Deleted,
    Recreated,
}

/// Why nothing definite can be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// `--timeout` was over first.
    TimedOut,
    /// The cluster could not be reached for this long.
    LostContact { lost: Duration, why: String },
    /// The credentials were refused, or Deployments may not be read.
    Expelled { why: String },
    /// Somebody paused the rollout and did not resume it.
    Paused,
    /// The deployment controller does not react.
    ControllerSilent { unobserved: Duration },
}

/// The lowest number of serving pods against what was wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Capacity {
    /// The lowest `available`, and what was wanted at that moment. Equal if it never fell short.
    pub(crate) lowest: i32,
    pub(crate) wanted: i32,
    /// For how long it was below, all times together.
    pub(crate) below: Duration,
    /// True where watching began after the rollout: what was before is not known.
    pub(crate) since_attaching: bool,
}

impl Capacity {
    pub(crate) fn never_fell(&self) -> bool {
        self.lowest >= self.wanted
    }
}

/// Who serves now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Impact {
    /// No new pod was ever Ready and capacity never fell: users see the old version only.
    Unaffected { old: i32, wanted: i32 },
    /// New pods serve or served, or fewer pods than wanted.
    Serving {
        available: i32,
        wanted: i32,
        /// `None` where ReplicaSets cannot be read.
        new: Option<i32>,
    },
    /// Nothing is known of the pods, or they are gone.
    Unknown,
}

/// What the cluster itself said about a failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// Warnings among the cluster events, the same text once, the newest last.
    pub(crate) events: Vec<Remark>,
    pub(crate) logs: Vec<LogTail>,
}

/// A cluster event, reduced to its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remark {
    /// Kind and name of what it is about.
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) count: i32,
}

/// The last lines of a container's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogTail {
    pub(crate) pod: String,
    pub(crate) container: String,
    /// True for the run that ended, false for the one that lasts.
    pub(crate) has_ended: bool,
    /// Or why they cannot be had.
    pub(crate) lines: Result<Vec<String>, String>,
}

impl Verdict {
    /// Folds the conclusions into one answer.
    ///
    /// The first that applies:
    ///
    /// 1. a signal ended the watch before all was known: `Interrupted`
    /// 2. a planned write is missing: `Partial`
    /// 3. one failed: `Failed`
    /// 4. one is in doubt: `Unknown`
    /// 5. one was overtaken: `Overtaken`
    /// 6. `Succeeded`
    pub(crate) fn fold(
        conclusions: Vec<Conclusion>,
        missing: Missing,
        signal: Option<Signal>,
    ) -> Self {
        let answer = answer(&conclusions, &missing, signal);
        Self {
            answer,
            conclusions,
            missing,
        }
    }

    /// Returns whether this run wrote anything.
    pub(crate) fn has_written(&self) -> bool {
        self.conclusions.iter().any(|conclusion| conclusion.written)
    }
}

fn answer(conclusions: &[Conclusion], missing: &Missing, signal: Option<Signal>) -> Answer {
    let any = |holds: fn(&Outcome) -> bool| {
        conclusions
            .iter()
            .any(|conclusion| holds(&conclusion.outcome))
    };
    if let Some(signal) = signal
        && any(|outcome| matches!(outcome, Outcome::Interrupted(_)))
    {
        Answer::Interrupted(signal)
    } else if missing.count > 0 {
        Answer::Partial
    } else if any(|outcome| matches!(outcome, Outcome::Failed(_))) {
        Answer::Failed
    } else if any(|outcome| matches!(outcome, Outcome::Unknown(_))) {
        Answer::Unknown
    } else if any(|outcome| matches!(outcome, Outcome::Overtaken(_))) {
        Answer::Overtaken
    } else {
        Answer::Succeeded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn conclusion(outcome: Outcome) -> Conclusion {
        Conclusion {
            deployment: "web".to_owned(),
            written: true,
            outcome,
            counts: None,
            capacity: None,
            impact: Impact::Unknown,
            causes: Vec::new(),
            evidence: Evidence::default(),
            took: Duration::ZERO,
        }
    }

    #[test]
    fn the_answer_is_the_first_that_applies() {
        let complete = || Outcome::Complete;
        let failed = || Outcome::Failed(Failure::Deadline);
        let doubtful = || Outcome::Unknown(Doubt::TimedOut);
        let overtaken = || Outcome::Overtaken(Overtaker::Deleted);
        let interrupted = || Outcome::Interrupted(Status::Pending { silent: false });
        let cases = [
            ("nothing to do", vec![], 0, None, Answer::Succeeded),
            (
                "all complete",
                vec![complete(), complete()],
                0,
                None,
                Answer::Succeeded,
            ),
            (
                "overtaken precedes success",
                vec![complete(), overtaken()],
                0,
                None,
                Answer::Overtaken,
            ),
            (
                "doubt precedes overtaken",
                vec![overtaken(), doubtful()],
                0,
                None,
                Answer::Unknown,
            ),
            (
                "failure precedes doubt",
                vec![doubtful(), failed()],
                0,
                None,
                Answer::Failed,
            ),
            (
                "a missing write precedes failure",
                vec![failed()],
                1,
                None,
                Answer::Partial,
            ),
            (
                "a signal precedes all while something is open",
                vec![failed(), interrupted()],
                1,
                Some(Signal::Terminate),
                Answer::Interrupted(Signal::Terminate),
            ),
            (
                "a signal that comes when all is known changes nothing",
                vec![failed()],
                0,
                Some(Signal::Interrupt),
                Answer::Failed,
            ),
        ];
        for (name, outcomes, count, signal, expected) in cases {
            let conclusions = outcomes.into_iter().map(conclusion).collect();
            let missing = Missing {
                count,
                deployments: Vec::new(),
            };
            assert_eq!(
                Verdict::fold(conclusions, missing, signal).answer,
                expected,
                "{name}"
            );
        }
    }
}
