//! Starts the sandbox's server as a process of its own, and tells why it would not start.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::contact::{Contact, state_file};
use super::folder::{Folder, Held};
use super::{Run, unreadable};
use crate::environment::config::BUILTIN;
use crate::error::{Error, Kind};

/// How long a server may take to start on a busy machine.
const START: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(5);

/// How much of its log is shown when it would not start.
const TAIL: usize = 12;

/// Starts the server and waits until it answers. The folder is held, so nobody else starts one.
pub(super) async fn start(run: &Run, folder: &Folder, _held: &Held) -> Result<Contact, Error> {
    let mut child = spawn(run, folder)?;
    let started = async {
        loop {
            let contact = Contact::find(folder).await;
            if let Some(contact) = contact.filter(|contact| contact.process() == child.id()) {
                return Ok(contact);
            }
            match child.try_wait() {
                Ok(None) => tokio::time::sleep(LOOK).await,
                Ok(Some(status)) => {
                    return Err(died(run, folder, &format!("ended at its start ({status})")).await);
                }
                Err(error) => return Err(Error::new(Kind::Internal, error)),
            }
        }
    };
    match tokio::time::timeout(START, started).await {
        Ok(started) => started,
        Err(_) => {
            // It may have ended meanwhile; whatever it was, its world is saved.
            let _ended = child.kill().and_then(|()| child.wait());
            Err(died(run, folder, "does not answer").await)
        }
    }
}

fn spawn(run: &Run, folder: &Folder) -> Result<Child, Error> {
    let program = run.process.program.as_deref().ok_or_else(|| {
        Error::new(
            Kind::Internal,
            "this program's own file cannot be found, so it cannot serve the sandbox",
        )
    })?;
    let log = fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(folder.log())
        .map_err(|error| folder.unusable(error))?;
    let error_log = log.try_clone().map_err(|error| folder.unusable(error))?;
    // The server gets nothing of this process but where its world is: neither the variables, which
    // would lead it to kubeconfigs, nor the working directory, which it would keep busy.
    Command::new(program)
        .args([BUILTIN, "serve", "--background"])
        .env_clear()
        .env("XDG_STATE_HOME", folder.state_home())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(error_log)
        .spawn()
        .map_err(|error| {
            Error::new(Kind::Internal, error).hint(format!(
                "The sandbox is served by this program, {}; is it still there?",
                program.display()
            ))
        })
}

/// Says why a server would not start: the state's fault, if it has one, else what its log ends with.
async fn died(run: &Run, folder: &Folder, how: &str) -> Error {
    if let Ok(state) = state_file(folder).await
        && let Err(error) = state.load()
    {
        return unreadable(run, error);
    }
    let log = fs::read_to_string(folder.log()).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    let tail = lines.get(lines.len().saturating_sub(TAIL)..).unwrap_or(&[]);
    let text = std::iter::once(format!("the sandbox's server {how}"))
        .chain(tail.iter().map(|line| (*line).to_owned()))
        .collect::<Vec<_>>()
        .join("\n");
    Error::new(Kind::Internal, text).hint(format!("Its log is {}", folder.log().display()))
}
