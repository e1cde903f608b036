//! Which exit code a deploy ends with, once it is past the gate. Pure.

use crate::exit_code::ExitCode;
use crate::plan::standing::Standing;
use crate::rollout::verdict::{Answer, Verdict};

/// Tells whether nothing is left to do where every target is as wanted.
pub(crate) fn has_completed(standings: &[&Standing]) -> bool {
    standings
        .iter()
        .all(|standing| matches!(standing, Standing::Complete { .. }))
}

/// Returns the code of a run that has nothing to write and is not to watch: a rollout that failed
/// is told, one that may still arrive is what a first `--detach` would have left behind.
pub(crate) fn unwatched(standings: &[&Standing]) -> ExitCode {
    let any = |holds: fn(&Standing) -> bool| standings.iter().any(|standing| holds(standing));
    if any(|standing| matches!(standing, Standing::Failed { .. })) {
        ExitCode::Failed
    } else if any(|standing| matches!(standing, Standing::Paused { .. })) {
        ExitCode::Unknown
    } else {
        ExitCode::Done
    }
}

/// Returns the code of a verdict; success is not enough where capacity was required.
pub(crate) fn exit_code(verdict: &Verdict, requires_capacity: bool) -> ExitCode {
    let fell = || {
        verdict.conclusions.iter().any(|conclusion| {
            conclusion
                .capacity
                .is_some_and(|capacity| !capacity.never_fell())
        })
    };
    match verdict.answer {
        Answer::Succeeded if requires_capacity && fell() => ExitCode::CapacityFell,
        _ => ExitCode::from(verdict),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::standing::Failing;
    use crate::rollout::verdict::{
        Capacity, Conclusion, Evidence, Impact, Missing, Outcome, Overtaker,
    };
    use crate::rollout::{Counts, Failure};

    #[test]
    fn what_is_not_watched_ends_with_what_is_known_already() {
        let counts = Counts::default();
        let complete = Standing::Complete { counts };
        let degraded = Standing::Degraded { counts };
        let unfinished = Standing::Unfinished { counts };
        let paused = Standing::Paused { counts };
        let failed = Standing::Failed {
            failing: Failing::Deadline,
            counts,
        };
        for (standings, is_over, code) in [
            (vec![], true, ExitCode::Done),
            (vec![&complete, &complete], true, ExitCode::Done),
            (vec![&complete, &degraded], false, ExitCode::Done),
            (vec![&complete, &unfinished], false, ExitCode::Done),
            (vec![&unfinished, &paused], false, ExitCode::Unknown),
            (vec![&paused, &failed], false, ExitCode::Failed),
        ] {
            assert_eq!(has_completed(&standings), is_over, "{standings:?}");
            assert_eq!(unwatched(&standings), code, "{standings:?}");
        }
    }

    #[test]
    fn lost_capacity_counts_only_after_success_and_where_it_was_required() {
        let conclusion = |outcome, lowest| Conclusion {
            deployment: "web".to_owned(),
            written: true,
            outcome,
            counts: None,
            capacity: Some(Capacity {
                lowest,
                wanted: 10,
                below: Duration::ZERO,
                since_attaching: false,
            }),
            impact: Impact::Unknown,
            causes: Vec::new(),
            evidence: Evidence::default(),
            took: Duration::ZERO,
        };
        let failed = || Outcome::Failed(Failure::Deadline);
        let overtaken = || Outcome::Overtaken(Overtaker::Deleted);
        for (name, outcome, lowest, requires_capacity, code) in [
            ("never below", Outcome::Complete, 10, true, 0),
            ("below and required", Outcome::Complete, 9, true, 26),
            ("below, nobody cares", Outcome::Complete, 9, false, 0),
            ("a failure says more", failed(), 9, true, 20),
            ("so does a successor", overtaken(), 9, true, 25),
        ] {
            let conclusions = vec![conclusion(outcome, lowest)];
            let verdict = Verdict::fold(conclusions, Missing::default(), None);
            assert_eq!(
                exit_code(&verdict, requires_capacity).number(),
                code,
                "{name}"
            );
        }
    }
}
