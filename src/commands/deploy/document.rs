//! The one JSON document of a deploy: filled while the run goes on, printed whatever becomes of it.

use serde_json::{Value, json};

use super::super::session::Session;
use super::show::{Looked, Previews};
use super::write::Written;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::plan::{Plan, words};
use crate::report::json as report;
use crate::report::words::outgoing as commits;
use crate::resolve::{Direction, Outgoing};
use crate::rollout::verdict::Verdict;

pub(crate) struct Document(Value);

impl Document {
    pub(crate) fn new(is_dry_run: bool) -> Self {
        Self(json!({
            "schema": report::SCHEMA,
            "command": "deploy",
            "dry_run": is_dry_run,
            "changed": false,
        }))
    }

    pub(crate) fn place(&mut self, session: &Session) {
        for (key, value) in session.place() {
            self.0[key] = value;
        }
    }

    pub(crate) fn plan(&mut self, plan: &Plan, outgoing: &Outgoing) {
        let changes = plan.deployments.iter().flat_map(|own| {
            own.changes.iter().map(|change| {
                json!({
                    "deployment": own.name(), "container": change.container, "changed": true,
                    "before": change.before.to_string(), "after": change.after.to_string(),
                })
            })
        });
        let kept = plan
            .deployments
            .iter()
            .map(|own| (own.name(), &own.kept))
            .chain(plan.unchanged.iter().map(|own| (own.name(), &own.kept)))
            .flat_map(|(name, kept)| {
                kept.iter().map(move |kept| {
                    json!({
                        "deployment": name, "container": kept.container, "changed": false,
                        "before": kept.image.to_string(), "after": kept.image.to_string(),
                    })
                })
            });
        let settings = plan.deployments.iter().flat_map(|own| {
            own.settings
                .iter()
                .map(|setting| json!({"deployment": own.name(), "text": words::setting(setting)}))
        });
        let warnings = plan.deployments.iter().flat_map(|own| {
            own.warnings
                .iter()
                .map(|warning| json!({"deployment": own.name(), "text": words::warning(warning)}))
        });
        self.0["deploy_id"] = plan.deploy_id.to_string().into();
        self.0["release"] = plan.number.into();
        self.0["commit"] = plan.wanted.commit().map(ToString::to_string).into();
        self.0["targets"] = changes.chain(kept).collect();
        self.0["settings"] = settings.collect();
        self.0["warnings"] = warnings.collect();
        self.0["outgoing"] = json!({
            "direction": direction(&outgoing.direction),
            "text": commits::heading(outgoing),
            "count": outgoing.count,
            "authors": outgoing.authors,
            "commits": outgoing.commits.iter().map(|summary| json!({
                "commit": summary.commit.to_string(), "subject": summary.subject,
                "author": summary.author,
            })).collect::<Vec<_>>(),
        });
    }

    /// Remembers the objects as they would be only by whether they could be previewed.
    pub(crate) fn preview(&mut self, previews: &Previews) {
        let by_server = previews.0.iter().all(|(_, looked)| match looked {
            Looked::Seen { preview, .. } => preview.strength == crate::diff::Strength::Server,
            Looked::Refused(_) => true,
        });
        self.0["preview"] = if by_server { "server" } else { "client" }.into();
    }

    pub(crate) fn written(&mut self, written: &Written) {
        self.0["changed"] = match written.receipts.is_empty() {
            // Nobody knows.
            true if written.is_unresolved => Value::Null,
            is_empty => (!is_empty).into(),
        };
        let names = written
            .receipts
            .iter()
            .map(|(receipt, _)| Value::from(receipt.applied.deployment.clone()));
        self.0["written"] = names.collect();
        self.0["missing"] = written.missing.clone().into();
        if let Some(failure) = written.failures.first() {
            self.0["error"] = report::error(failure);
        }
    }

    pub(crate) fn verdict(&mut self, verdict: &Verdict) {
        self.0["verdict"] = report::verdict(verdict);
    }

    /// Returns the document of a run that ended so.
    pub(crate) fn finish(mut self, result: &Result<ExitCode, Error>) -> Value {
        let code = match result {
            Ok(code) => *code,
            Err(failure) => {
                self.0["error"] = report::error(failure);
                ExitCode::from(failure)
            }
        };
        self.0["exit_code"] = code.number().into();
        self.0
    }
}

fn direction(direction: &Direction) -> &'static str {
    match direction {
        Direction::Same => "same",
        Direction::Forward => "forward",
        Direction::Backward => "backward",
        Direction::Diverged { .. } => "diverged",
        Direction::Unknown(_) => "unknown",
    }
}
