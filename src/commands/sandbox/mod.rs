//! The built-in environment: a small team's world, simulated on this machine.
//!
//! Its cluster is a server in a process of its own, which is started here when it is not there. What
//! comes after is the same as for any cluster.

mod background;
mod contact;
mod folder;
mod kubeconfig;
mod making;
mod past;
mod repository;
mod sample;
mod serve;

use kube_sandbox::server::{StateFile, Unreadable};
use serde_json::json;

use self::contact::{Contact, state_file};
use self::folder::{Folder, Held};
use super::{COMMANDS, Run};
use crate::cli::{OutputFormat, SandboxCommand};
use crate::environment::choose::known::{KnownKind, known};
use crate::environment::config::BUILTIN;
use crate::environment::values::{GitLocation, RepositoryName};
use crate::error::{Error, Kind};
use crate::exit_code::ExitCode;
use crate::report::json::SCHEMA;

/// The context's name in the sandbox's kubeconfig. It must not have the segment `sandbox`: in
/// somebody's kubeconfig it would take that environment's place.
pub(crate) const CONTEXT: &str = "kube-deploy-simulated";
/// Where the sample team's Deployments are.
pub(crate) const NAMESPACE: &str = "shop";

/// The running sandbox, as an environment needs it.
pub(crate) struct Sandbox {
    pub(crate) kubeconfig: kube::config::Kubeconfig,
    /// The server's URL.
    pub(crate) server: String,
    /// The repository as the annotations name it, and where it is.
    pub(crate) repository: RepositoryName,
    pub(crate) git: GitLocation,
}

/// Returns the running sandbox. What is missing, the world or its server, is made and started.
pub(crate) async fn start(run: &Run) -> Result<Sandbox, Error> {
    let folder = Folder::find(&run.process.variables)?;
    let contact = match Contact::find(&folder).await.filter(is_usable) {
        Some(contact) if making::is_made(&folder) => contact,
        _ => begin(run, &folder).await?,
    };
    let internal = |error| Error::new(Kind::Internal, error);
    let git = folder.repository().to_string_lossy().into_owned();
    Ok(Sandbox {
        kubeconfig: kubeconfig::for_this_program(&contact.url(), &contact.access().token),
        server: contact.url(),
        repository: repository::NAME.parse().map_err(internal)?,
        git: git.parse().map_err(internal)?,
    })
}

/// Runs a command that only the sandbox has.
pub(crate) async fn run(run: &Run, command: &SandboxCommand) -> Result<ExitCode, Error> {
    match command {
        SandboxCommand::Serve(args) => serve::run(run, args).await,
        SandboxCommand::Stop => stop(run).await,
        SandboxCommand::Reset => reset(run).await,
    }
}

/// Makes the world on the first use, and starts its server.
async fn begin(run: &Run, folder: &Folder) -> Result<Contact, Error> {
    let held = folder.hold().await?;
    let found = Contact::find(folder).await;
    // Another first use, or a server that has started meanwhile.
    let state = match found {
        Some(contact) if is_usable(&contact) && making::is_made(folder) => return Ok(contact),
        Some(contact) => contact.end(folder).await?,
        None => state_file(folder).await?,
    };
    let is_new = !folder.state().exists();
    making::complete(folder, &held, &state, run.process.clock.time_of_day())?;
    drop(state);
    if is_new {
        tell_new(run, folder);
    }
    background::start(run, folder, &held).await
}

/// Tells whether a server can be left to do its work. One of another version cannot, unless somebody
/// started it in a terminal.
fn is_usable(contact: &Contact) -> bool {
    contact.is_in_foreground() || !contact.is_outdated()
}

async fn stop(run: &Run) -> Result<ExitCode, Error> {
    let folder = Folder::find(&run.process.variables)?;
    let has_run = folder.path().exists() && {
        let held = folder.hold().await?;
        end(&folder, &held).await?.0
    };
    run.ui.say(match has_run {
        true => "the sandbox's server has ended; its world is kept",
        false => "no server of the sandbox runs",
    });
    if run.global.output != OutputFormat::Text {
        run.ui.json(&json!({
            "schema": SCHEMA, "command": "stop", "simulated": true, "stopped": has_run,
        }));
    }
    Ok(ExitCode::Done)
}

async fn reset(run: &Run) -> Result<ExitCode, Error> {
    let folder = Folder::find(&run.process.variables)?;
    let held = folder.hold().await?;
    let (_, state) = end(&folder, &held).await?;
    making::anew(&folder, &held, &state, run.process.clock.time_of_day())?;
    tell_new(run, &folder);
    if run.global.output != OutputFormat::Text {
        run.ui.json(&json!({
            "schema": SCHEMA, "command": "reset", "simulated": true,
            "folder": folder.path().to_string_lossy(),
        }));
    }
    Ok(ExitCode::Done)
}

/// Ends the server, if one runs, and takes its state.
async fn end(folder: &Folder, _held: &Held) -> Result<(bool, StateFile), Error> {
    match Contact::find(folder).await {
        Some(contact) => Ok((true, contact.end(folder).await?)),
        None => Ok((false, state_file(folder).await?)),
    }
}

/// Says what there is now, and what to do with it.
fn tell_new(run: &Run, folder: &Folder) {
    let say = |line: String| run.ui.say(line);
    say(format!(
        "sandbox: made a small team's cluster, simulated on this machine, and its repository in {}",
        folder.path().display()
    ));
    let pods: Vec<String> = sample::DEPLOYMENTS
        .iter()
        .map(|(name, pods)| format!("{name} ({pods} pods)"))
        .collect();
    say(format!(
        "  namespace {NAMESPACE} has {}",
        pods.join(" and ")
    ));
    say("  branches to deploy:".to_owned());
    say(format!(
        "    master   is {} commits ahead of what runs",
        repository::BEHIND
    ));
    for branch in repository::BRANCHES {
        say(format!("    {:<8} {}", branch.name, branch.about));
    }
}

/// Says what to do about a world that cannot be read.
fn unreadable(run: &Run, error: Unreadable) -> Error {
    let why = match &error {
        Unreadable::OtherForm { .. } | Unreadable::Damaged(_) => {
            "Another version of kube may have made it"
        }
        Unreadable::Unusable(_) => "The file may be somebody else's",
    };
    let reset = command(run, "reset");
    Error::new(Kind::Refused, error).hint(format!("{why}; `{reset}` makes it anew."))
}

/// Returns a command of the sandbox under the name that it has here.
fn command(run: &Run, command: &str) -> String {
    let environments = known(&run.files.config, &run.files.kubeconfig, COMMANDS);
    let name = environments
        .iter()
        .find(|known| known.kind == KnownKind::Sandbox)
        .map_or(BUILTIN, |known| known.name.as_str());
    format!("kube {name} {command}")
}
