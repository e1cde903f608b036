//! Writes an approved plan: all Deployments at once, again where only the status had moved, and
//! never a plan that shows anything else than what was approved.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::super::Run;
use super::super::session::Session;
use super::planning::Planner;
use super::refused;
use crate::cli::DeployArgs;
use crate::cluster::writer::{Outcome, Writer, Written as Answered};
use crate::error::{Error, Kind};
use crate::exit_code::ExitCode;
use crate::plan::approve::{Approved, approve_again};
use crate::plan::receipt::{Receipt, receive};
use crate::plan::{Plan, Unchanged, words};
use crate::rollout::Signal;
use crate::rollout::watch::Signals;

/// How often a plan is made anew because the cluster moved under the write.
const TRIES: u32 = 5;

/// What became of the writes of a run.
#[derive(Default)]
pub(crate) struct Written {
    /// What was accepted, with the Deployments as they are stored.
    pub(crate) receipts: Vec<(Receipt, Value)>,
    /// Deployments whose planned write was not made.
    pub(crate) missing: Vec<String>,
    /// Why they are missing.
    pub(crate) failures: Vec<Error>,
    /// Targets that were as wanted all along, or that somebody else made so meanwhile.
    pub(crate) unchanged: Vec<Unchanged>,
    /// Whether one write was stored cannot be told.
    pub(crate) is_unresolved: bool,
}

impl Written {
    /// Returns the code of a run that wrote nothing of what it wanted to.
    pub(crate) fn code_of_nothing(&self) -> ExitCode {
        match self.failures.first() {
            // The other codes promise that nothing was changed.
            Some(_) | None if self.is_unresolved => ExitCode::Unknown,
            Some(failure) => ExitCode::from(failure),
            None => ExitCode::Internal,
        }
    }

    /// Returns the signal that ended the writing.
    pub(crate) fn signal(&self) -> Option<u8> {
        self.failures.iter().find_map(|failure| match failure.kind {
            Kind::Interrupted(signal) => Some(signal),
            _ => None,
        })
    }
}

/// Sends the writes of the plan; a signal lets those under way end and sends no more.
pub(crate) async fn write(
    run: &Run,
    session: &mut Session,
    planner: &mut Planner,
    args: &DeployArgs,
    mut approved: Approved<Plan>,
    signals: &mut Signals,
) -> Written {
    let mut written = Written::default();
    for attempt in 1.. {
        let have_only_moved = send(session, &approved, signals, &mut written).await;
        if written.missing.is_empty() || !have_only_moved || attempt >= TRIES {
            break;
        }
        let planned = tokio::select! {
            biased;
            signal = signals.next() => Err(interrupted(signal)),
            planned = plan_again(run, session, planner, args, &approved) => planned,
        };
        written.failures.clear();
        match planned {
            Ok(anew) => approved = anew,
            Err(error) => {
                written.failures.push(error);
                break;
            }
        }
        if approved.value().deployments.is_empty() {
            // Somebody else made the very change meanwhile: it is judged instead.
            written.missing.clear();
            break;
        }
    }
    let is_ours = |name: &str| {
        let mut receipts = written.receipts.iter();
        receipts.any(|(receipt, _)| receipt.applied.deployment == name)
    };
    let unchanged = approved.value().unchanged.iter();
    written.unchanged = unchanged
        .filter(|own| !is_ours(own.name()))
        .cloned()
        .collect();
    written
}

/// Sends one round; `true` if all that is missing had only moved.
async fn send(
    session: &Session,
    approved: &Approved<Plan>,
    signals: &mut Signals,
    written: &mut Written,
) -> bool {
    let halt = AtomicBool::new(false);
    let writer = Writer::new(&session.cluster, approved);
    let writing = writer.apply(&halt);
    tokio::pin!(writing);
    let mut signal = None;
    let answers = loop {
        // A signal that came before the writes prevents them.
        tokio::select! {
            biased;
            received = signals.next() => {
                halt.store(true, Ordering::SeqCst);
                signal = Some(received);
            }
            answers = &mut writing => break answers,
        }
    };
    written.missing.clear();
    let mut have_only_moved = true;
    for answer in answers {
        have_only_moved &= matches!(
            answer.outcome,
            Outcome::Stored { .. } | Outcome::Moved { .. } | Outcome::NotSent
        );
        take(session, approved.value(), answer, written);
        have_only_moved &= !written.is_unresolved;
    }
    match signal {
        Some(signal) if !written.missing.is_empty() => {
            written.failures.push(interrupted(signal));
            false
        }
        // All was written; the watch is what the signal ends.
        Some(signal) => {
            signals.again(signal);
            have_only_moved
        }
        None => have_only_moved,
    }
}

fn interrupted(signal: Signal) -> Error {
    let text = "interrupted; the writes that were under way have ended, no more were sent";
    Error::new(Kind::Interrupted(signal.number()), text)
}

fn take(session: &Session, plan: &Plan, answer: Answered, written: &mut Written) {
    let name = answer.deployment;
    let failure = match answer.outcome {
        Outcome::Stored { object, .. } => {
            let receipt = plan
                .deployment(&name)
                .map(|own| receive(own, object.as_ref().clone()));
            match receipt {
                Some(Ok(receipt)) => {
                    let Some(refusal) = receipt.refusal() else {
                        written.receipts.push((receipt, *object));
                        return;
                    };
                    // The record was taken and the image was not: neither written nor untouched.
                    written.is_unresolved = true;
                    refusal
                }
                Some(Err(error)) => {
                    written.is_unresolved = true;
                    Error::new(Kind::Unreachable, error)
                }
                None => Error::new(Kind::Internal, format!("{name} is not in the plan")),
            }
        }
        Outcome::Moved { differences, .. } => {
            let moved: Vec<String> = differences
                .iter()
                .map(|difference| format!("\n  {difference}"))
                .collect();
            Error::new(
                Kind::Refused,
                format!(
                    "Deployment `{name}` changed since the plan was made{}",
                    moved.concat()
                ),
            )
            .hint("Run the same command again to see the new plan.")
        }
        Outcome::Refused(refusal) => refused::error(session, &name, &refusal),
        Outcome::Failed(fault) => fault.into(),
        Outcome::Unresolved { why } => {
            written.is_unresolved = true;
            let cause: Error = why.into();
            Error::new(
                Kind::Unreachable,
                format!("whether Deployment `{name}` was changed is not known: {cause}"),
            )
            .hint("Run the same command again: it finds out, and writes only what is missing.")
        }
        Outcome::NotSent => {
            written.missing.push(name);
            return;
        }
    };
    written.missing.push(name);
    written.failures.push(failure);
}

async fn plan_again(
    run: &Run,
    session: &mut Session,
    planner: &mut Planner,
    args: &DeployArgs,
    approved: &Approved<Plan>,
) -> Result<Approved<Plan>, Error> {
    session.reread(&args.target).await?;
    let planned = planner.plan(run, session).await?;
    Ok(approve_again(approved, planned.plan)?)
}

/// Returns what was stored differently than it was sent, in words.
pub(crate) fn findings(written: &Written) -> Vec<String> {
    written
        .receipts
        .iter()
        .flat_map(|(receipt, _)| {
            let name = &receipt.applied.deployment;
            receipt
                .findings
                .iter()
                .map(move |finding| format!("{name}: {}", words::finding(finding)))
        })
        .collect()
}
