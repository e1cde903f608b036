//! Previews a plan and shows it: the commit, what goes out with it, the contract lines, the diff,
//! and what to think about.

use futures::StreamExt;
use futures::stream;

use super::super::Run;
use super::super::session::Session;
use super::planning::Planner;
use super::refused;
use crate::cli::{DeployArgs, DryRun, OutputFormat};
use crate::cluster::fault::Fault;
use crate::cluster::preview::Previewed;
use crate::diff::{self, Strength, WhyLocal, render};
use crate::error::{Error, Kind};
use crate::image::Tag;
use crate::plan::patch::Mismatch;
use crate::plan::receipt::{Receipt, receive};
use crate::plan::standing::Standing;
use crate::plan::{DeploymentPlan, Plan, words};
use crate::report::lines::SIMULATED;
use crate::report::words::outgoing as commits;
use crate::report::words::resolved as found;
use crate::resolve::{Commit, Note, Outgoing};
use crate::rollout::history::Past;
use crate::ui::{Line, Style};

/// The client speaks HTTP/1.1: each preview at the same time is a connection.
const AT_ONCE: usize = 8;

/// How many commits are listed by their subjects.
const LISTED: usize = 20;

/// What each write of a plan would do, in the plan's order.
pub(crate) struct Previews(pub(crate) Vec<(String, Looked)>);

#[expect(
    clippy::large_enum_variant,
    reason = "one for each Deployment of a plan, and refusals are rare"
)]
pub(crate) enum Looked {
    Seen {
        preview: diff::Preview,
        /// What the answer is not as it was sent.
        receipt: Option<Receipt>,
    },
    /// The real write would be refused, too.
    Refused(Error),
}

impl Previews {
    /// Returns the first refusal.
    pub(crate) fn into_result(self) -> Result<(), Error> {
        for (_, looked) in self.0 {
            match looked {
                Looked::Refused(error) => return Err(error),
                Looked::Seen { receipt, .. } => {
                    if let Some(refusal) = receipt.as_ref().and_then(Receipt::refusal) {
                        return Err(refusal);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Previews all writes of a plan, by the API server unless only this side was asked for.
pub(crate) async fn preview(session: &Session, plan: &Plan, asked: Option<DryRun>) -> Previews {
    let looks = plan.deployments.iter().map(|own| async move {
        let looked = match asked {
            Some(DryRun::Client) => local(own, WhyLocal::Asked),
            Some(DryRun::Server) | None => remote(session, own).await,
        };
        (own.name().to_owned(), looked)
    });
    Previews(stream::iter(looks).buffered(AT_ONCE).collect().await)
}

async fn remote(session: &Session, own: &DeploymentPlan) -> Looked {
    match session.cluster.preview().ask(&own.patch).await {
        Ok(Previewed::Answered { object, .. }) => {
            let receipt = receive(own, object.as_ref().clone());
            Looked::Seen {
                preview: diff::Preview {
                    object: *object,
                    strength: Strength::Server,
                },
                receipt: receipt.ok(),
            }
        }
        Ok(Previewed::Moved) => Looked::Refused(refused::error(
            session,
            own.name(),
            &crate::cluster::refusal::Refusal::Moved,
        )),
        Ok(Previewed::Refused(refusal)) => {
            Looked::Refused(refused::error(session, own.name(), &refusal))
        }
        Ok(Previewed::Unavailable { why }) => local(own, WhyLocal::Unavailable(why)),
        Err(fault) => Looked::Refused(fault_error(fault)),
    }
}

fn fault_error(fault: Fault) -> Error {
    fault.into()
}

fn local(own: &DeploymentPlan, why: WhyLocal) -> Looked {
    match diff::Preview::local(own, why) {
        Ok(preview) => Looked::Seen {
            preview,
            receipt: None,
        },
        Err(mismatch) => Looked::Refused(mismatched(own, mismatch)),
    }
}

fn mismatched(own: &DeploymentPlan, mismatch: Mismatch) -> Error {
    Error::new(Kind::Internal, mismatch).hint(format!(
        "Deployment {} does not have the shape that it had a moment ago.",
        own.name()
    ))
}

/// Shows the plan: narration to stderr, contract lines and diff to stdout.
pub(crate) fn plan(
    run: &Run,
    args: &DeployArgs,
    planner: &Planner,
    plan: &Plan,
    outgoing: &Outgoing,
    previews: &Previews,
) {
    let ui = &run.ui;
    if let Some(resolved) = &planner.meaning.resolved {
        let reference = args.reference.as_deref().unwrap_or_default();
        let repository = planner.origin.repository.as_ref();
        ui.say(found::found(reference, resolved, repository));
        for note in &resolved.notes {
            match note {
                Note::ShortSha(_) => ui.say(found::note(note)),
                _ => ui.warn(&found::note(note)),
            }
        }
        if !plan.deployments.is_empty() {
            commit_lines(run, outgoing);
        }
    }
    if run.global.output == OutputFormat::Text {
        let kind = match args.dry_run {
            Some(_) => render::Run::Dry,
            None => render::Run::Real,
        };
        for line in render::contract(plan, kind) {
            ui.data(line);
        }
        if args.dry_run.is_some() {
            diff_lines(run, planner, plan, previews);
        }
    }
    for own in &plan.deployments {
        for warning in &own.warnings {
            ui.warn(&format!("{}: {}", own.name(), words::warning(warning)));
        }
    }
    for (name, looked) in &previews.0 {
        let Looked::Seen { receipt, .. } = looked else {
            continue;
        };
        for finding in receipt.iter().flat_map(|receipt| &receipt.findings) {
            ui.warn(&format!("{name}: {}", words::finding(finding)));
        }
    }
}

fn commit_lines(run: &Run, outgoing: &Outgoing) {
    run.ui.say(commits::heading(outgoing));
    for summary in outgoing.commits.iter().take(LISTED) {
        run.ui.say(
            Line::new()
                .with(Style::Faint, format!("  {} ", summary.commit.short()))
                .plain(format!("{} ", summary.subject))
                .with(Style::Faint, format!("({})", summary.author)),
        );
    }
    if let Some(more) = outgoing.count.checked_sub(LISTED).filter(|more| *more > 0) {
        run.ui.say(format!("  and {more} more"));
    }
}

fn diff_lines(run: &Run, planner: &Planner, plan: &Plan, previews: &Previews) {
    for (own, (name, looked)) in plan.deployments.iter().zip(&previews.0) {
        let Looked::Seen { preview, .. } = looked else {
            continue;
        };
        let hunks = diff::compare(&own.deployment.raw, &preview.object, planner.prefix());
        for line in render::unified(name, preview, &hunks) {
            run.ui.data(line);
        }
    }
}

/// Says how the targets stand that are as wanted.
pub(crate) fn standings(run: &Run, plan: &Plan) {
    for own in &plan.unchanged {
        let standing = words::standing(&own.standing);
        run.ui.say(format!("{}: {standing}", own.name()));
    }
}

/// Says that nothing is to be done, and how what runs stands.
pub(crate) fn nothing_to_do(run: &Run, session: &Session, plan: &Plan) {
    standings(run, plan);
    let line = Line::new().with(
        Style::Good,
        "Nothing to do: everything runs the wanted version. Nothing was changed.",
    );
    run.ui.say(match session.environment.is_simulated() {
        true => line.plain(SIMULATED),
        false => line,
    });
}

/// Returns the command that brings back what last completed, where the plan knows it.
pub(crate) fn way_back(run: &Run, session: &Session, plan: Option<&Plan>) -> Option<String> {
    let own = plan?.deployments.first()?;
    let past = Past::read(&own.deployment.seen, &[], &session.environment.prefix);
    let has_completed = matches!(own.standing, Standing::Complete { .. });
    let running = own.changes.first()?.before.tag().map(Tag::to_string);
    let completed = past.log.newest_completed().map(|entry| entry.tag.clone());
    let tag = if has_completed { running } else { completed };
    let tag = tag.filter(|tag| !tag.is_empty())?;
    let place = run.place_options();
    let name = &session.environment.name;
    Some(match tag.parse::<Commit>() {
        Ok(commit) => format!("kube {name} deploy {commit}{place}"),
        Err(_) => format!("kube {name} deploy --tag {tag}{place}"),
    })
}
