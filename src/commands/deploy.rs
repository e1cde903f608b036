//! `kube <env> deploy`: from the ref to the verdict, each stage taking the one before.

mod author;
mod busy;
mod document;
mod ending;
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
use crate::environment::policy::confirm::{Asking, Confirmation};
use crate::environment::policy::gates::Connection;
use crate::error::{Error, Kind};
use crate::exit_code::ExitCode;
use crate::plan::Plan;
use crate::plan::approve::{Approved, Expectation, approve, objection};
use crate::plan::standing::Standing;
use crate::report::lines;
use crate::report::words::ending::Commands;
use crate::report::words::plural;
use crate::rollout::verdict::Missing;
use crate::rollout::watch::Signals;
use crate::ui::prompt;
use document::Document;
use planning::{Planned, Planner};
use wish::Wish;
use write::Written;

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
    let (planned, standing_against) = loop {
        let planned = planner.plan(run, &session).await?;
        let standing_against = objection(&planned.plan, expectation.as_ref())
            .map(Error::from)
            .or_else(|| planned.refusal.clone().map(Error::from))
            .or_else(|| gate(run, &session, args, &planned.outgoing).err())
            .or_else(|| unanswerable(run, &session, args, &planned.plan));
        // Nobody waits for what will be refused.
        if is_dry_run
            || standing_against.is_some()
            || !busy::wait(run, &session, args, &planned.plan).await?
        {
            break (planned, standing_against);
        }
        // What ran has ended meanwhile: look again.
        session.reread(&args.target).await?;
    };
    let Planned { plan, outgoing, .. } = planned;
    document.plan(&plan, &outgoing);
    let preview = show::preview(&session, &plan, args.dry_run).await;
    show::plan(run, args, &planner, &plan, &outgoing, &preview);
    document.preview(&preview);
    if let Some(refusal) = standing_against {
        return Err(refusal);
    }
    preview.into_result()?;
    if is_dry_run {
        busy::foretell(run, &session, args, &plan)?;
        let has_changes = !plan.deployments.is_empty();
        if !has_changes {
            show::standings(run, &plan);
        }
        return Ok(Prepared::DryRun(match args.exit_code && has_changes {
            true => ExitCode::Changes,
            false => ExitCode::Done,
        }));
    }
    if !plan.deployments.is_empty() {
        refused::check_access(run, &session).await?;
    }
    let confirmation = confirmation(run, &session, args, &plan);
    let is_confirmed = ask(&session, &confirmation, &plan).await?;
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
        is_interactive: run.is_interactive(),
        yes: args.yes,
        confirm: args.confirm.as_deref(),
    })
}

/// Returns the refusal of a real run whose confirmation cannot be had.
fn unanswerable(run: &Run, session: &Session, args: &DeployArgs, plan: &Plan) -> Option<Error> {
    match confirmation(run, session, args, plan) {
        Confirmation::Refuse(refusal) if args.dry_run.is_none() => Some(refusal.into()),
        Confirmation::Refuse(_)
        | Confirmation::NotNeeded
        | Confirmation::AskEnter
        | Confirmation::AskName => None,
    }
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
    if approved.value().deployments.is_empty() {
        return judge(run, args, document, &session, approved.value(), signals).await;
    }
    let deploy_id = approved.value().deploy_id.clone();
    let written = write::write(run, &mut session, &mut planner, args, approved, signals).await;
    document.written(&written);
    for finding in write::findings(&written) {
        run.ui.warn(&finding);
    }
    for failure in &written.failures {
        run.ui.error(failure);
    }
    if written.receipts.is_empty() && !written.missing.is_empty() {
        let code = written.code_of_nothing();
        run.ui.say(code.words());
        return Ok(code);
    }
    if !written.receipts.is_empty() {
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
    let follow_again = format!(
        "To follow it again: {}",
        watching::commands(run, &session).watch
    );
    if let Some(signal) = written.signal() {
        run.ui.hint(&follow_again);
        run.ui
            .say("Interrupted: the cluster was changed, and the rollout goes on.");
        return Ok(ExitCode::Signal(signal));
    }
    if args.detach {
        if run.global.output == OutputFormat::Text && !written.receipts.is_empty() {
            run.ui.data(deploy_id.to_string());
        }
        run.ui.hint(&follow_again);
        return Ok(match written.missing.is_empty() {
            true => ExitCode::Done,
            false => ExitCode::Partial,
        });
    }
    let back = show::way_back(run, &session, planner.last_plan());
    watch(run, args, document, &session, written, back, signals).await
}

/// Judges targets that all are as wanted: nothing is written.
async fn judge(
    run: &Run,
    args: &DeployArgs,
    document: &mut Document,
    session: &Session,
    plan: &Plan,
    signals: &mut Signals,
) -> Result<ExitCode, Error> {
    let standings: Vec<&Standing> = plan.unchanged.iter().map(|own| &own.standing).collect();
    if ending::has_completed(&standings) {
        show::nothing_to_do(run, session, plan);
        return Ok(ExitCode::Done);
    }
    if args.detach {
        show::standings(run, plan);
        let code = ending::unwatched(&standings);
        run.ui.hint(&format!(
            "To follow it: {}",
            watching::commands(run, session).watch
        ));
        run.ui.say(match code {
            ExitCode::Done => "Nothing to write: the wanted version is on its way.",
            code => code.words(),
        });
        return Ok(code);
    }
    let written = Written {
        unchanged: plan.unchanged.clone(),
        ..Written::default()
    };
    watch(run, args, document, session, written, None, signals).await
}

/// Watches what was written, and what was as wanted, to the verdict.
async fn watch(
    run: &Run,
    args: &DeployArgs,
    document: &mut Document,
    session: &Session,
    written: Written,
    back: Option<String>,
    signals: &mut Signals,
) -> Result<ExitCode, Error> {
    let ours = written
        .receipts
        .into_iter()
        .map(|(receipt, object)| (receipt.applied, object));
    let others = written
        .unchanged
        .into_iter()
        .map(|own| (own.baseline, own.deployment.raw.as_ref().clone()));
    let (applied, objects) = ours.chain(others).unzip();
    let watched = Watched {
        applied,
        objects,
        missing: Missing::named(written.missing),
        timeout: args.timeout,
        wait_for_drain: args.wait_for_drain,
    };
    let verdict = watching::watch(run, session, watched, signals).await;
    document.verdict(&verdict);
    let commands = Commands {
        back,
        ..watching::commands(run, session)
    };
    let is_simulated = session.environment.is_simulated();
    lines::verdict(&run.ui, &verdict, &commands, is_simulated);
    let code = ending::exit_code(&verdict, args.require_capacity);
    if code == ExitCode::CapacityFell {
        run.ui.say(code.words());
    }
    Ok(code)
}
