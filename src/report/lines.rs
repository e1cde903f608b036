//! The story of a run as plain lines: one per change, and at the end what users feel, the cause,
//! the evidence, and the way out.

use std::collections::BTreeMap;

use crate::rollout::event::Event;
use crate::rollout::verdict::{Answer, Conclusion, Evidence, Outcome, Verdict};
use crate::ui::{Line, Style, Ui};

use super::words;
use super::words::ending::Commands;

/// Follows the last line where the cluster is only played.
pub(crate) const SIMULATED: &str = " (simulated on this machine)";

/// Tells the events of a watch; what would only repeat a Deployment's line before is left out.
pub(crate) struct Narrator<'a> {
    ui: &'a Ui,
    /// The last line about each Deployment; under no name, about the whole.
    last: BTreeMap<Option<String>, String>,
}

impl<'a> Narrator<'a> {
    pub(crate) fn new(ui: &'a Ui) -> Self {
        Self {
            ui,
            last: BTreeMap::new(),
        }
    }

    /// Says what happened, on one line; how it ended is told by [`verdict`].
    pub(crate) fn tell(&mut self, told: &Event) {
        let text = words::event::event(told);
        let whose = told.deployment().map(str::to_owned);
        if self.last.get(&whose) != Some(&text) {
            event(self.ui, told, &text);
            self.last.insert(whose, text);
        }
    }
}

fn event(ui: &Ui, event: &Event, text: &str) {
    match event {
        Event::Trouble { .. } | Event::Silent { .. } | Event::LostContact { .. } => {
            ui.say(Line::new().with(Style::Warning, "! ").plain(text));
        }
        Event::Finished(conclusion) => {
            let (style, mark) = mark(&conclusion.outcome);
            ui.say(Line::new().with(style, mark).plain(format!(" {text}")));
        }
        Event::Started { .. }
        | Event::Progress { .. }
        | Event::Paused { .. }
        | Event::Resumed { .. }
        | Event::Rescaled { .. }
        | Event::Recovered { .. }
        | Event::Degraded { .. }
        | Event::RegainedContact { .. }
        | Event::Heartbeat { .. } => ui.say(format!("  {text}")),
    }
}

fn mark(outcome: &Outcome) -> (Style, &'static str) {
    match outcome {
        Outcome::Complete => (Style::Good, "✓"),
        Outcome::Failed(_) => (Style::Bad, "✗"),
        Outcome::Overtaken(_) | Outcome::Unknown(_) | Outcome::Interrupted(_) => {
            (Style::Warning, "?")
        }
    }
}

/// Tells how the run ended. The last line says what became of the cluster, and whether it is one.
pub(crate) fn verdict(ui: &Ui, verdict: &Verdict, commands: &Commands, is_simulated: bool) {
    for conclusion in &verdict.conclusions {
        if let Outcome::Failed(_) | Outcome::Unknown(_) = conclusion.outcome {
            failure(ui, conclusion);
        }
    }
    for way in words::ending::ways_out(verdict, commands) {
        ui.hint(&way);
    }
    let style = match verdict.answer {
        Answer::Succeeded => Style::Good,
        Answer::Failed | Answer::Partial => Style::Bad,
        Answer::Overtaken | Answer::Unknown | Answer::Interrupted(_) => Style::Warning,
    };
    let line = Line::new().with(style, words::ending::verdict(verdict));
    ui.say(match is_simulated {
        true => line.plain(SIMULATED),
        false => line,
    });
}

/// What users feel, the cause, and what the cluster said about it.
fn failure(ui: &Ui, conclusion: &Conclusion) {
    ui.say("");
    ui.say(Line::new().with(Style::Strong, words::ending::impact(conclusion)));
    for blame in &conclusion.causes {
        let whose =
            words::cause::whose(blame).map_or_else(String::new, |pods| format!(" ({pods})"));
        ui.say(format!("{}{whose}", words::cause::cause(blame)));
        if let Some(remedy) = words::cause::remedy(&blame.cause) {
            ui.say(format!("  {remedy}"));
        }
    }
    evidence(ui, &conclusion.evidence);
    ui.say("");
}

fn evidence(ui: &Ui, evidence: &Evidence) {
    for remark in &evidence.events {
        let times = if remark.count > 1 {
            format!(" (x{})", remark.count)
        } else {
            String::new()
        };
        ui.say(Line::new().with(
            Style::Faint,
            format!(
                "  event  {} {}: {}: {}{times}",
                remark.kind, remark.name, remark.reason, remark.message
            ),
        ));
    }
    for log in &evidence.logs {
        let run = if log.has_ended {
            "the run that ended"
        } else {
            "the running container"
        };
        let whose = format!("  log    {}, container {}, {run}", log.pod, log.container);
        match &log.lines {
            Ok(lines) if lines.is_empty() => ui.say(format!("{whose}: it is empty")),
            Ok(lines) => {
                ui.say(format!("{whose}:"));
                for line in lines {
                    ui.say(Line::new().with(Style::Faint, format!("    | {line}")));
                }
            }
            Err(why) => ui.say(format!("{whose}: not to be had, {why}")),
        }
    }
}
