//! One file a verb: its wiring from top to bottom.

mod deploy;
mod environment_files;
mod envs;
mod notices;
mod resolve_ref;
pub(crate) mod sandbox;
mod session;
mod status;
mod watching;

use std::panic::AssertUnwindSafe;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::{self, EnvironmentCommand, GlobalArgs, KnownEnvironment, Request};
use crate::environment::choose::error::shell_word;
use crate::environment::choose::known::{KnownKind, answerable, known};
use crate::error::{Error, Kind};
use crate::exit_code::ExitCode;
use crate::process::Process;
use crate::report::json as report;
use crate::ui::{ColorChoice, Ui, prompt};
use environment_files::{Files, Whereabouts};

/// The words that cannot be environments: what the first word may be besides one, and `help`.
pub(crate) const COMMANDS: &[&str] = &["envs", "help", "version"];

/// What a run has at hand everywhere.
pub(crate) struct Run {
    pub(crate) process: Process,
    pub(crate) global: GlobalArgs,
    pub(crate) files: Files,
    pub(crate) ui: Ui,
}

impl Run {
    /// Whether a person can be asked.
    pub(crate) fn is_interactive(&self) -> bool {
        prompt::is_interactive(
            self.process.terminal,
            &self.process.variables,
            self.global.no_input,
        )
    }

    /// Returns the options that say where this run goes, each after a space, for another command.
    pub(crate) fn place_options(&self) -> String {
        let GlobalArgs {
            namespace,
            context,
            kubeconfig,
            config,
            annotation_prefix,
            ..
        } = &self.global;
        let path = |path: &Option<std::path::PathBuf>| {
            path.as_ref()
                .map(|path| path.to_string_lossy().into_owned())
        };
        [
            ("--namespace", namespace.clone()),
            ("--context", context.clone()),
            ("--kubeconfig", path(kubeconfig)),
            ("--config", path(config)),
            ("--annotation-prefix", annotation_prefix.clone()),
        ]
        .into_iter()
        .filter_map(|(option, value)| Some(format!(" {option} {}", shell_word(&value?))))
        .collect()
    }

    /// Returns the command line as it can be pasted into a shell.
    pub(crate) fn command_line(&self) -> String {
        let words = self.process.arguments.iter().skip(1);
        let words = words.map(|word| shell_word(&word.to_string_lossy()).to_string());
        std::iter::once("kube".to_owned())
            .chain(words)
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// Runs the command line; a panic is told in one sentence, and ends with the code of our own faults.
pub(crate) fn run(process: Process) -> ExitCode {
    let ui = ui(&process);
    let voice = ui.clone();
    // What a panic says may hold data of the cluster, and a backtrace helps nobody at a terminal.
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string);
        voice.panicked(place.as_deref().unwrap_or("a place that is not known"));
    }));
    let ran = std::panic::catch_unwind(AssertUnwindSafe(|| parse_and_run(process, ui.clone())));
    ran.unwrap_or_else(|_| {
        ui.say(ExitCode::Internal.words());
        ExitCode::Internal
    })
}

fn ui(process: &Process) -> Ui {
    let color = cli::early_option(&process.arguments, "color")
        .and_then(|choice| clap::ValueEnum::from_str(&choice.to_string_lossy(), true).ok())
        .unwrap_or(ColorChoice::Auto);
    Ui::new(process.terminal, &process.variables, color)
}

/// Parses the command line and runs what it asks for.
fn parse_and_run(process: Process, ui: Ui) -> ExitCode {
    let config = cli::early_option(&process.arguments, "config");
    let kubeconfig = cli::early_option(&process.arguments, "kubeconfig");
    let files = Files::read(
        &Whereabouts {
            config: config.as_deref(),
            kubeconfig: kubeconfig.as_deref(),
            directory: process.directory.as_deref(),
            variables: &process.variables,
        },
        COMMANDS,
    );
    // A file that cannot be read is told only if the command needs it: `version` does not.
    let (files, unreadable) = match files {
        Ok(files) => (files, None),
        Err(error) => (Files::default(), Some(error)),
    };
    let parsed = parse(&process, &files);
    let (global, request) = match (parsed, unreadable) {
        (Ok((global, Request::Version)), _) => (global, Request::Version),
        (Err(error), _) if !error.use_stderr() => {
            ui.clap(&error);
            return ExitCode::Done;
        }
        (_, Some(error)) => {
            ui.error(&error);
            if cli::wants_json(&process.arguments) {
                ui.json(&report::unstarted(&error));
            }
            return ExitCode::from(&error);
        }
        (Err(error), None) => {
            ui.clap(&error);
            if cli::wants_json(&process.arguments) {
                let text = error.render().to_string();
                let first = text.lines().next().unwrap_or_default();
                let told = first.strip_prefix("error: ").unwrap_or(first).to_owned();
                ui.json(&report::unstarted(&Error::new(Kind::Usage, told)));
            }
            return ExitCode::Usage;
        }
        (Ok(parsed), None) => parsed,
    };
    let run = Run {
        process,
        global,
        files,
        ui,
    };
    for warning in &run.files.warnings {
        run.ui.warn(&warning.to_string());
    }
    let result = execute(&run, request);
    let code = match &result {
        Ok(code) => *code,
        Err(error) => {
            run.ui.error(error);
            ExitCode::from(error)
        }
    };
    if result.is_err() {
        run.ui.say(code.words());
    }
    code
}

fn execute(run: &Run, request: Request) -> Result<ExitCode, Error> {
    let asynchronous = match request {
        Request::Version => {
            run.ui.data(concat!("kube ", env!("CARGO_PKG_VERSION")));
            return Ok(ExitCode::Done);
        }
        Request::Envs => return Ok(envs::run(run)),
        other => other,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::new(Kind::Internal, error))?;
    let result = runtime.block_on(async {
        match asynchronous {
            Request::Version | Request::Envs => Ok(ExitCode::Done),
            Request::Environment { name, command } => match command {
                EnvironmentCommand::Deploy(args) => deploy::run(run, &name, &args).await,
                EnvironmentCommand::Status(args) => status::run(run, &name, &args).await,
            },
            Request::Sandbox { command, .. } => sandbox::run(run, &command).await,
        }
    });
    // A prompt that nobody answered must not keep the process.
    runtime.shutdown_background();
    result
}

fn parse(process: &Process, files: &Files) -> Result<(GlobalArgs, Request), clap::Error> {
    let mut environments = environments(files);
    let first = cli::parse(process.arguments.clone(), &environments);
    let Err(error) = &first else { return first };
    // With --context any word may stand for the environment.
    let is_free = cli::early_option(&process.arguments, "context").is_some()
        && error.kind() == ErrorKind::InvalidSubcommand;
    match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(name)) if is_free => {
            environments.push(KnownEnvironment {
                name: name.clone(),
                about: String::new(),
                is_listed: false,
                is_sandbox: false,
            });
            cli::parse(process.arguments.clone(), &environments)
        }
        _ => first,
    }
}

/// Lists the words that the grammar takes for environments.
fn environments(files: &Files) -> Vec<KnownEnvironment> {
    let listed = known(&files.config, &files.kubeconfig, COMMANDS)
        .into_iter()
        .map(|known| KnownEnvironment {
            about: envs::describe(&known),
            is_sandbox: known.kind == KnownKind::Sandbox,
            is_listed: true,
            name: known.name,
        });
    let others = answerable(&files.config, &files.kubeconfig, COMMANDS)
        .into_iter()
        .map(|name| KnownEnvironment {
            is_sandbox: name == crate::environment::config::BUILTIN,
            about: String::new(),
            is_listed: false,
            name,
        });
    listed.chain(others).collect()
}
