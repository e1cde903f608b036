//! Tells what the connection to the cluster has to say meanwhile: waits, warnings, and with
//! `--verbose` each request.

use std::sync::Arc;
use std::time::Duration;

use super::Run;
use crate::cluster::record::{Record, Recorder};
use crate::cluster::{Hooks, Notice};
use crate::process::random;
use crate::ui::{Line, Style, Ui};

/// Connects a cluster's needs and news to this process.
pub(crate) fn hooks(run: &Run) -> Hooks {
    let clock = run.process.clock;
    let ui = run.ui.clone();
    let verbose = run.global.verbose;
    let recorder = (verbose > 0).then(|| {
        let ui = run.ui.clone();
        Recorder {
            wants_bodies: verbose > 1,
            write: Arc::new(move |record| tell_request(&ui, &record)),
        }
    });
    Hooks {
        clock: Arc::new(move || clock.now()),
        random: Arc::new(random),
        notice: Arc::new(move |notice| tell(&ui, notice)),
        recorder,
    }
}

fn tell(ui: &Ui, notice: Notice) {
    match notice {
        Notice::Throttled { wait } => ui.say(format!(
            "the API server has too much to do and asked to wait {}",
            seconds(wait)
        )),
        Notice::Retrying { why, wait } => {
            ui.say(format!("{why}; trying again in {}", seconds(wait)));
        }
        Notice::WaitingForLogin { command } => {
            ui.say(format!("waiting for `{command}` to log you in"));
        }
        Notice::NotWatchable { why, every } => ui.say(format!(
            "watching is not possible ({why}); reading every {} instead",
            seconds(every)
        )),
        Notice::Warning(text) => ui.warn(&format!("the API server says: {text}")),
    }
}

fn tell_request(ui: &Ui, record: &Record) {
    let status = match (record.status, &record.fault) {
        (Some(status), None) => status.to_string(),
        (Some(status), Some(fault)) => format!("{status}, {fault}"),
        (None, Some(fault)) => fault.clone(),
        (None, None) => "no answer".to_owned(),
    };
    let faint = |text: String| ui.say(Line::new().with(Style::Faint, text));
    faint(format!(
        "> {} {}  {status}  {} ms, {} bytes",
        record.method,
        record.path,
        record.took.as_millis(),
        record.received
    ));
    for body in [&record.request, &record.answer].into_iter().flatten() {
        faint(format!("  {body}"));
    }
}

fn seconds(wait: Duration) -> String {
    format!("{:.0} s", wait.as_secs_f64().ceil())
}
