//! What happens when a rollout is in the way: it is waited for, deployed over, or left alone.

use super::super::Run;
use super::super::session::Session;
use super::super::watching::{self, Watched};
use crate::cli::{Busy as Flag, DeployArgs};
use crate::environment::values::Busy;
use crate::error::{Error, Kind};
use crate::plan::Plan;
use crate::plan::busy::{BusyError, BusyTarget, Decision, LONGEST_WAIT};
use crate::plan::words;
use crate::rollout::history::Past;
use crate::rollout::verdict::{Answer, Doubt, Missing, Outcome, Verdict};
use crate::rollout::watch::Signals;
use crate::ui::prompt;

/// Sees to the rollouts that are in the way; `true` if they were waited for, so that the plan has
/// to be made anew.
pub(crate) async fn wait(
    run: &Run,
    session: &Session,
    args: &DeployArgs,
    plan: &Plan,
) -> Result<bool, Error> {
    let decision = match decide(session, args, plan, run.is_interactive()) {
        Decision::Ask(targets) => ask(run, targets).await?,
        decided => decided,
    };
    match decision {
        Decision::Free => Ok(false),
        Decision::Supersede(targets) => {
            run.ui.warn(&format!(
                "{}; deploying over it",
                words::busy(&targets, false)
            ));
            Ok(false)
        }
        Decision::Refuse(targets) | Decision::Ask(targets) => Err(BusyError {
            targets,
            is_waited_for: false,
        }
        .into()),
        Decision::Wait(targets) => {
            run.ui.say(format!(
                "{}; waiting for its end",
                words::busy(&targets, false)
            ));
            watch_to_the_end(run, session, plan, targets).await
        }
    }
}

/// Says in a dry run what the real run would do, or refuses as it would.
pub(crate) fn foretell(
    run: &Run,
    session: &Session,
    args: &DeployArgs,
    plan: &Plan,
) -> Result<(), Error> {
    match decide(session, args, plan, false) {
        Decision::Free => Ok(()),
        Decision::Supersede(targets) => {
            let busy = words::busy(&targets, false);
            run.ui.warn(&format!("{busy}; it would be deployed over"));
            Ok(())
        }
        Decision::Wait(targets) | Decision::Ask(targets) => {
            let busy = words::busy(&targets, false);
            run.ui.warn(&format!("{busy}; it would be waited for"));
            Ok(())
        }
        Decision::Refuse(targets) => Err(BusyError {
            targets,
            is_waited_for: false,
        }
        .into()),
    }
}

fn decide(session: &Session, args: &DeployArgs, plan: &Plan, is_interactive: bool) -> Decision {
    let flag = args.busy.map(|flag| match flag {
        Flag::Wait => Busy::Wait,
        Flag::Supersede => Busy::Supersede,
        Flag::Refuse => Busy::Refuse,
    });
    let policy = session.environment.policy.busy.value;
    Decision::of(plan, flag, policy, is_interactive)
}

async fn ask(run: &Run, targets: Vec<BusyTarget>) -> Result<Decision, Error> {
    run.ui.say(words::busy(&targets, false));
    let choices = [
        "wait for its end",
        "deploy over it",
        "leave it alone and stop here",
    ];
    let items: Vec<String> = choices.iter().map(|&choice| choice.to_owned()).collect();
    let said = match prompt::choose("What now?", &items).await? {
        Some(0) => Busy::Wait,
        Some(1) => Busy::Supersede,
        Some(_) | None => Busy::Refuse,
    };
    Ok(Decision::as_said(said, targets))
}

async fn watch_to_the_end(
    run: &Run,
    session: &Session,
    plan: &Plan,
    targets: Vec<BusyTarget>,
) -> Result<bool, Error> {
    let now = session.now(run);
    let waited: Vec<_> = plan
        .deployments
        .iter()
        .filter(|own| targets.iter().any(|target| target.deployment == own.name()))
        .collect();
    let prefix = &session.environment.prefix;
    let watched = Watched {
        applied: waited
            .iter()
            .map(|own| {
                let seen = &own.deployment.seen;
                Past::read(seen, &[], prefix).baseline(seen, now)
            })
            .collect(),
        objects: waited
            .iter()
            .map(|own| own.deployment.raw.as_ref().clone())
            .collect(),
        missing: Missing::default(),
        timeout: LONGEST_WAIT,
        wait_for_drain: false,
    };
    let mut signals = Signals::listen().map_err(|error| Error::new(Kind::Internal, error))?;
    let verdict = watching::watch(run, session, watched, &mut signals).await;
    match verdict.answer {
        // Succeeded, failed, or replaced by another: the next plan sees what is there now.
        Answer::Succeeded | Answer::Failed | Answer::Overtaken | Answer::Partial => Ok(true),
        Answer::Unknown => Err(out_of_sight(&verdict).unwrap_or_else(|| {
            BusyError {
                targets,
                is_waited_for: true,
            }
            .into()
        })),
        Answer::Interrupted(signal) => Err(Error::new(
            Kind::Interrupted(signal.number()),
            "interrupted before anything was sent; nothing was changed",
        )),
    }
}

/// Returns why waiting ended before its time, where the cluster went out of sight.
fn out_of_sight(verdict: &Verdict) -> Option<Error> {
    verdict
        .conclusions
        .iter()
        .find_map(|conclusion| match &conclusion.outcome {
            Outcome::Unknown(Doubt::LostContact { why, .. }) => {
                Some(Error::new(Kind::Unreachable, why.clone()))
            }
            Outcome::Unknown(Doubt::Expelled { why }) => {
                Some(Error::new(Kind::Denied, why.clone()))
            }
            Outcome::Unknown(Doubt::TimedOut | Doubt::Paused | Doubt::ControllerSilent { .. })
            | Outcome::Complete
            | Outcome::Failed(_)
            | Outcome::Overtaken(_)
            | Outcome::Interrupted(_) => None,
        })
}
