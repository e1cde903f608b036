//! The documented exit codes: what each number promises about the cluster, and which one a verdict
//! or an error gets.

use crate::error::{Error, Kind};
use crate::rollout::verdict::{Answer, Verdict};

/// The answer to the first question of every script: was the cluster changed?
///
/// 10 to 14 promise that nothing was; 20 to 26 say that something was, or, for a target that already
/// was as wanted, what became of the rollout that did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// Done, or nothing to do.
    Done,
    /// A fault of this program.
    Internal,
    /// The command line is wrong, or the environment or command does not exist.
    Usage,
    /// A dry run with `--exit-code` found changes.
    Changes,
    /// A check, a confirmation, a conflict, or a guard said no.
    Refused,
    /// A ref, image, target, namespace, or context does not exist or is ambiguous.
    NotFound,
    /// Authentication failed, or a permission is missing.
    Denied,
    /// Cluster, GitHub, git remote, or registry could not be reached.
    Unreachable,
    /// A lock, a freeze, or a rollout in progress: try later.
    Busy,
    /// The rollout failed and was left as it is.
    Failed,
    /// Timed out, lost sight, or paused by somebody: still rolling.
    Unknown,
    /// Only some of the targets were changed.
    Partial,
    /// Somebody's later change, deletion included, took the place of ours.
    Overtaken,
    /// Done, but fewer pods than wanted served at some time (only with `--require-capacity`).
    CapacityFell,
    /// A signal ended the run; the last line says whether something was written.
    Signal(u8),
}

impl ExitCode {
    pub(crate) fn number(self) -> u8 {
        match self {
            ExitCode::Done => 0,
            ExitCode::Internal => 1,
            ExitCode::Usage => 2,
            ExitCode::Changes => 3,
            ExitCode::Refused => 10,
            ExitCode::NotFound => 11,
            ExitCode::Denied => 12,
            ExitCode::Unreachable => 13,
            ExitCode::Busy => 14,
            ExitCode::Failed => 20,
            ExitCode::Unknown => 21,
            ExitCode::Partial => 23,
            ExitCode::Overtaken => 25,
            ExitCode::CapacityFell => 26,
            ExitCode::Signal(number) => number.saturating_add(128),
        }
    }
}

impl ExitCode {
    /// Returns the last line of a run that ended with an error: what became of the cluster.
    pub(crate) fn words(self) -> &'static str {
        match self {
            ExitCode::Done => "Done.",
            ExitCode::Internal => {
                "This is a fault of kube itself; `status` tells what is on the cluster."
            }
            ExitCode::Usage => "Nothing was changed: wrong usage.",
            ExitCode::Changes => "Nothing was changed: there are changes to be made.",
            ExitCode::Refused => "Nothing was changed: refused.",
            ExitCode::NotFound => "Nothing was changed: not found, or not clear which.",
            ExitCode::Denied => "Nothing was changed: no access.",
            ExitCode::Unreachable => "Nothing was changed: not reachable.",
            ExitCode::Busy => "Nothing was changed: busy, try again later.",
            ExitCode::Failed => "The rollout failed and was left as it is.",
            ExitCode::Unknown => "How it ended is not known.",
            ExitCode::Partial => "Only some targets were changed.",
            ExitCode::Overtaken => "Somebody's later change took its place.",
            ExitCode::CapacityFell => "Done, but fewer pods than wanted served meanwhile.",
            ExitCode::Signal(_) => "Nothing was changed: interrupted.",
        }
    }
}

impl From<&Verdict> for ExitCode {
    fn from(verdict: &Verdict) -> Self {
        match verdict.answer {
            Answer::Succeeded => ExitCode::Done,
            Answer::Failed => ExitCode::Failed,
            Answer::Partial => ExitCode::Partial,
            Answer::Overtaken => ExitCode::Overtaken,
            Answer::Unknown => ExitCode::Unknown,
            Answer::Interrupted(signal) => ExitCode::Signal(signal.number()),
        }
    }
}

impl From<&Error> for ExitCode {
    fn from(error: &Error) -> Self {
        match error.kind {
            Kind::Internal => ExitCode::Internal,
            Kind::Usage => ExitCode::Usage,
            Kind::Refused => ExitCode::Refused,
            Kind::NotFound => ExitCode::NotFound,
            Kind::Denied => ExitCode::Denied,
            Kind::Unreachable => ExitCode::Unreachable,
            Kind::Busy => ExitCode::Busy,
            Kind::Interrupted(signal) => ExitCode::Signal(signal),
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::Signal;
    use crate::rollout::verdict::Missing;

    #[test]
    fn errors_have_the_documented_codes() {
        let cases = [
            (Kind::Internal, 1),
            (Kind::Usage, 2),
            (Kind::Refused, 10),
            (Kind::NotFound, 11),
            (Kind::Denied, 12),
            (Kind::Unreachable, 13),
            (Kind::Busy, 14),
            (Kind::Interrupted(15), 143),
        ];
        for (kind, number) in cases {
            let error = Error::new(kind, "it did not work");
            assert_eq!(ExitCode::from(&error).number(), number, "{kind:?}");
        }
    }

    #[test]
    fn verdicts_have_the_documented_codes() {
        let cases = [
            (Answer::Succeeded, 0),
            (Answer::Failed, 20),
            (Answer::Unknown, 21),
            (Answer::Partial, 23),
            (Answer::Overtaken, 25),
            (Answer::Interrupted(Signal::HangUp), 129),
            (Answer::Interrupted(Signal::Interrupt), 130),
            (Answer::Interrupted(Signal::Terminate), 143),
        ];
        for (answer, number) in cases {
            let verdict = Verdict {
                answer,
                conclusions: Vec::new(),
                missing: Missing::default(),
            };
            assert_eq!(ExitCode::from(&verdict).number(), number, "{answer:?}");
        }
    }

    #[test]
    fn a_dry_run_that_found_changes_is_told_apart() {
        assert_eq!(ExitCode::Changes.number(), 3);
    }
}
