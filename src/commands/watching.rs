//! Watches rollouts to their verdict and reports on the way: what a deploy does after its writes,
//! and what `status --watch` does later from anywhere.

use std::time::Duration;

use serde_json::Value;

use super::Run;
use super::session::Session;
use crate::cli::OutputFormat;
use crate::report::json;
use crate::report::lines::Narrator;
use crate::report::words::ending::Commands;
use crate::rollout::follow::{Follow, Options};
use crate::rollout::verdict::{Missing, Verdict};
use crate::rollout::watch::{self, Next, Signals, Subject};
use crate::rollout::{Applied, Input};

/// What is watched, and how it ends.
pub(crate) struct Watched {
    pub(crate) applied: Vec<Applied>,
    /// The Deployments, in the same order, as they were stored or read.
    pub(crate) objects: Vec<Value>,
    pub(crate) missing: Missing,
    /// Zero for no limit.
    pub(crate) timeout: Duration,
    pub(crate) wait_for_drain: bool,
}

/// Watches until the verdict is known, telling each event as it comes.
pub(crate) async fn watch(
    run: &Run,
    session: &Session,
    watched: Watched,
    signals: &mut Signals,
) -> Verdict {
    let options = Options {
        patience: session.config.patience.clone(),
        timeout: (!watched.timeout.is_zero()).then_some(watched.timeout),
        wait_for_drain: watched.wait_for_drain,
        annotation_prefix: session.environment.prefix.to_string(),
        server_time: session.server_time(run),
        missing: watched.missing.clone(),
    };
    if watched.applied.is_empty() {
        return Verdict::fold(Vec::new(), watched.missing, None);
    }
    let mut follow = Follow::new(watched.applied, options, run.process.clock.now());
    let mut verdict = None;
    let mut narrator = Narrator::new(&run.ui);
    let subject = Subject {
        deployments: &watched.objects,
        patience: &session.config.patience,
    };
    watch::run(&session.cluster, subject, signals, |input: Input, now| {
        let step = follow.step(input, now);
        for event in &step.events {
            narrator.tell(event);
            if run.global.output == OutputFormat::Ndjson {
                run.ui.json(&json::event(event));
            }
        }
        if step.verdict.is_some() {
            verdict = step.verdict;
        }
        Next {
            wants: step.wants,
            wake: step.wake,
            is_over: verdict.is_some(),
        }
    })
    .await;
    // The loop ends with a verdict only.
    verdict.unwrap_or_else(|| Verdict::fold(Vec::new(), watched.missing, None))
}

/// Returns the commands that a way out may name in this environment.
pub(crate) fn commands(run: &Run, session: &Session) -> Commands {
    let place = run.place_options();
    let name = &session.environment.name;
    let namespace = &session.environment.namespace;
    let context = session.environment.place.source.context_name();
    let kubectl = if session.environment.is_simulated() {
        format!("kubectl -n {namespace}")
    } else {
        format!("kubectl --context {context} -n {namespace}")
    };
    Commands {
        watch: format!("kube {name} status --watch{place}"),
        status: format!("kube {name} status{place}"),
        again: run.command_line(),
        back: None,
        resume: format!("{kubectl} rollout resume deployment/"),
    }
}
