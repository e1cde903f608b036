//! `kube <env> deploy`: from the ref to the verdict, each stage taking the one before.

mod author;
mod busy;
mod document;
mod origin;
mod outgoing;
mod planning;
mod refused;
mod show;
mod wish;
mod write;

use super::Run;
use super::session::{Purpose, Session, USER_AGENT};
use super::watching::{self, Watched};
use crate::cli::{DeployArgs, OutputFormat};
use crate::environment::choose::Intent;
use crate::environment::policy::confirm::{Action, Asking, Confirmation};
use crate::environment::policy::gates::Connection;
use crate::error::{Error, Kind};
use crate::exit_code::ExitCode;
use crate::plan::Plan;
use crate::plan::approve::{Approved, Expectation, approve, objection};
use crate::plan::standing::Standing;
use crate::report::lines;
use crate::report::words::plural;
use crate::rollout::verdict::{Answer, Missing, Verdict};
use crate::rollout::watch::Signals;
use crate::ui::prompt;
use document::Document;
use planning::{Planned, Planner};
use wish::Wish;

/// Runs a deploy; with JSON output the document comes last, also when it fails.
pub(crate) async fn run(run: &Run, name: &str, args: &DeployArgs) -> Result<ExitCode, Error> {
    let mut document = Document::new(args.dry_run.is_some());
    let result = deploy(run, name, args, &mut document).await;
    if run.global.output != OutputFormat::Text {
        run.ui.json(&document.finish(&result));
    }
    result
}

async fn deploy(
    run: &Run,
    name: &str,
    args: &DeployArgs,
    document: &mut Document,
) -> Result<ExitCode, Error> {
    let mut signals = Signals::listen().map_err(|error| Error::new(Kind::Internal, error))?;
    let prepared = tokio::select! {
        biased;
        signal = signals.next() => {
            let error = "interrupted before anything was sent; nothing was changed";
            return Err(Error::new(Kind::Interrupted(signal.number()), error));
        }
        prepared = prepare(run, name, args, document) => prepared?,
    };
    match prepared {
        Prepared::DryRun(code) => Ok(code),
        Prepared::Approved {
            session,
            planner,
            approved,
        } => {
            carry_out(
                run,
                args,
                document,
                *session,
                *planner,
                *approved,
                &mut signals,
            )
            .await
        }
    }
}

/// What became of everything before the first write.
enum Prepared {
    /// It was only to be shown.
    DryRun(ExitCode),
    Approved {
        session: Box<Session>,
        planner: Box<Planner>,
        approved: Box<Approved<Plan>>,
    },
}

/// Reads, resolves, plans, previews, shows, and asks.
async fn prepare(
    run: &Run,
    name: &str,
    args: &DeployArgs,
    document: &mut Document,
) -> Result<Prepared, Error> {
    let expectation: Option<Expectation> = args.expect.as_deref().map(str::parse).transpose()?;
    let wish = Wish::parse(args)?;
    let is_dry_run = args.dry_run.is_some();
    let purpose = Purpose {
        intent: if is_dry_run {
            Intent::Read
        } else {
            Intent::Write
        },
        targets: &args.target,
    };
    let mut session = Session::open(run, name, purpose).await?;
    document.place(&session);
    let mut planner = Planner::new(run, &session, args, wish).await?;
    let planned = loop {
        let planned = planner.plan(run, &session).await?;
        if is_dry_run || !busy::wait(run, &session, args, &planned.plan).await? {
            break planned;
        }
        // What ran has ended meanwhile: look again.
        session.reread(&args.target).await?;
    };
    let Planned {
        plan,
        outgoing,
        refusal,
    } = planned;
    document.plan(&plan, &outgoing);
    let preview = show::preview(&session, &plan, args.dry_run).await;
    show::plan(run, args, &planner, &plan, &outgoing, &preview);
    document.preview(&preview);
    let standing_against = objection(&plan, expectation.as_ref())
        .map(Error::from)
        .or(refusal)
        .or_else(|| gate(run, &session, args, &outgoing).err());
    if let Some(refusal) = standing_against {
        return Err(refusal);
    }
    preview.into_result()?;
    if is_dry_run {
        let has_changes = !plan.deployments.is_empty();
        if !has_changes {
            show::standings(run, &plan);
        }
        return Ok(Prepared::DryRun(match args.exit_code && has_changes {
            true => ExitCode::Changes,
            false => ExitCode::Done,
        }));
    }
    let confirmation = confirmation(run, &session, args, &plan);
    let is_confirmed = ask(&session, &confirmation, &plan).await?;
    if !plan.deployments.is_empty() {
        refused::check_access(run, &session).await?;
    }
    let approved = approve(plan, expectation.as_ref(), &confirmation, is_confirmed)?;
    Ok(Prepared::Approved {
        session: Box::new(session),
        planner: Box::new(planner),
        approved: Box::new(approved),
    })
}

/// What the environment itself has against this run.
fn gate(
    run: &Run,
    session: &Session,
    args: &DeployArgs,
    outgoing: &crate::resolve::Outgoing,
) -> Result<(), Error> {
    let environment = &session.environment;
    let policy = &environment.policy;
    let own = env!("CARGO_PKG_VERSION")
        .parse()
        .map_err(|error: String| Error::new(Kind::Internal, error))?;
    policy.check_minimum_version(own)?;
    policy.check_connection(&Connection {
        environment: &environment.name,
        cluster: &environment.place.identity,
        impersonates: session.impersonates.as_deref(),
        namespace: &environment.namespace,
        namespace_why: environment.namespace_why,
        is_simulated: environment.is_simulated(),
    })?;
    outgoing::check_direction(outgoing, policy.protected.value, args.allow_backwards)?;
    let now = session.now(run);
    policy.check_frozen(now)?;
    Ok(())
}

/// Nothing to change needs no answer.
fn confirmation(run: &Run, session: &Session, args: &DeployArgs, plan: &Plan) -> Confirmation {
    if plan.deployments.is_empty() {
        return Confirmation::NotNeeded;
    }
    session.environment.policy.confirmation(&Asking {
        environment: &session.environment.name,
        action: Action::Deploy,
        is_interactive: run.is_interactive(),
        yes: args.yes,
        confirm: args.confirm.as_deref(),
    })
}

async fn ask(session: &Session, confirmation: &Confirmation, plan: &Plan) -> Result<bool, Error> {
    let name = &session.environment.name;
    match confirmation {
        Confirmation::NotNeeded | Confirmation::Refuse(_) => Ok(false),
        Confirmation::AskEnter => {
            let count = plural(plan.deployments.len(), "Deployment");
            prompt::confirm(&format!("Change {count} in {name}?")).await
        }
        Confirmation::AskName => {
            let question = format!("{name} is protected; type its name to deploy");
            prompt::confirm_name(&question, name).await
        }
    }
}

/// Writes and watches.
async fn carry_out(
    run: &Run,
    args: &DeployArgs,
    document: &mut Document,
    mut session: Session,
    mut planner: Planner,
    approved: Approved<Plan>,
    signals: &mut Signals,
) -> Result<ExitCode, Error> {
    let unchanged = approved.value().unchanged.clone();
    let is_idle = approved.value().deployments.is_empty();
    if is_idle
        && unchanged
            .iter()
            .all(|own| matches!(own.standing, Standing::Complete { .. }))
    {
        show::nothing_to_do(run, &session, approved.value());
        return Ok(ExitCode::Done);
    }
    let deploy_id = approved.value().deploy_id.clone();
    let written = write::write(run, &mut session, &mut planner, args, approved, signals).await;
    document.written(&written);
    for finding in write::findings(&written) {
        run.ui.warn(&finding);
    }
    if let Some(error) = &written.failure {
        run.ui.error(error);
    }
    if written.receipts.is_empty() && !is_idle {
        return written.into_nothing();
    }
    if !is_idle {
        let names: Vec<&str> = written
            .receipts
            .iter()
            .map(|(receipt, _)| receipt.applied.deployment.as_str())
            .collect();
        run.ui.say(format!(
            "written: {} (deploy {deploy_id}, {USER_AGENT})",
            names.join(", ")
        ));
    }
    if let Some(Kind::Interrupted(signal)) = written.failure.as_ref().map(|error| error.kind) {
        run.ui.hint(&format!(
            "To follow it again: {}",
            watching::commands(run, &session).watch
        ));
        run.ui
            .say("Interrupted: the cluster was changed, and the rollout goes on.");
        return Ok(ExitCode::Signal(signal));
    }
    if args.detach {
        if run.global.output == OutputFormat::Text {
            run.ui.data(deploy_id.to_string());
        }
        return Ok(match written.missing.is_empty() {
            true => ExitCode::Done,
            false => ExitCode::Partial,
        });
    }
    let (mut applied, mut objects): (Vec<_>, Vec<_>) = written
        .receipts
        .iter()
        .map(|(receipt, object)| (receipt.applied.clone(), object.clone()))
        .unzip();
    for own in unchanged {
        objects.push(own.deployment.raw.as_ref().clone());
        applied.push(own.baseline);
    }
    let watched = Watched {
        applied,
        objects,
        missing: Missing::named(written.missing.clone()),
        timeout: args.timeout,
        wait_for_drain: args.wait_for_drain,
    };
    let verdict = watching::watch(run, &session, watched, signals).await;
    document.verdict(&verdict);
    let mut commands = watching::commands(run, &session);
    commands.back = show::way_back(run, &session, planner.last_plan());
    lines::verdict(
        &run.ui,
        &verdict,
        &commands,
        session.environment.is_simulated(),
    );
    Ok(exit_code(&verdict, args, written.is_unresolved))
}

fn exit_code(verdict: &Verdict, args: &DeployArgs, is_unresolved: bool) -> ExitCode {
    let fell = verdict.conclusions.iter().any(|conclusion| {
        conclusion
            .capacity
            .is_some_and(|capacity| !capacity.never_fell())
    });
    match verdict.answer {
        Answer::Succeeded if is_unresolved => ExitCode::Unknown,
        Answer::Succeeded if args.require_capacity && fell => ExitCode::CapacityFell,
        _ => ExitCode::from(verdict),
    }
}
