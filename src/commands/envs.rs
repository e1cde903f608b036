//! `kube envs`: the environments and where they lead. Asks nobody.

use serde_json::json;

use super::{COMMANDS, Run};
use crate::cli::OutputFormat;
use crate::environment::choose::known::{Known, KnownKind, known};
use crate::exit_code::ExitCode;

pub(crate) fn run(run: &Run) -> ExitCode {
    let environments = known(&run.files.config, &run.files.kubeconfig, COMMANDS);
    match run.global.output {
        OutputFormat::Text => {
            let width = environments
                .iter()
                .map(|known| known.name.chars().count())
                .max()
                .unwrap_or_default();
            for known in &environments {
                run.ui
                    .data(format!("{:width$}  {}", known.name, describe(known)));
            }
        }
        OutputFormat::Json => run.ui.json(&json!({
            "schema": 1,
            "environments": environments.iter().map(json).collect::<Vec<_>>(),
        })),
        OutputFormat::Ndjson => {
            for known in &environments {
                run.ui.json(&json(known));
            }
        }
    }
    ExitCode::Done
}

/// Says in a few words where an environment leads.
pub(crate) fn describe(known: &Known) -> String {
    match known.kind {
        KnownKind::Sandbox => "a small cluster, simulated on this machine".to_owned(),
        KnownKind::Context => "context of that name".to_owned(),
        KnownKind::Configured if known.contexts.is_empty() => "no context of that name".to_owned(),
        KnownKind::Configured => format!("context {}", known.contexts.join(", ")),
    }
}

fn json(known: &Known) -> serde_json::Value {
    json!({
        "name": known.name,
        "contexts": known.contexts,
        "simulated": known.kind == KnownKind::Sandbox,
    })
}
