//! Runs the credential plugin of a kubeconfig (`exec`): once, with a time limit, and without ever
//! repeating what it printed on stdout or was given as variables.

use std::collections::BTreeMap;
use std::io;
use std::process::Stdio;
use std::time::Duration;

use kube::config::{ExecConfig, ExecInteractiveMode};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

use crate::surroundings::Variables;

/// No plugin has more to say than this.
const LONGEST_OUTPUT: u64 = 1024 * 1024;

/// Why a credential plugin gave no credentials.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PluginFault {
    /// The kubeconfig has an `exec` without a command.
    #[error("the kubeconfig names a credential plugin without a command")]
    Nameless,
    /// The program is not there.
    #[error("the credential plugin `{command}` is not installed")]
    Missing {
        command: String,
        install_hint: Option<String>,
    },
    /// The program is there and cannot be run.
    #[error("the credential plugin `{command}` cannot be run: {why}")]
    Unrunnable { command: String, why: io::ErrorKind },
    /// The plugin must talk to a person, and there is none.
    #[error("the credential plugin `{command}` has to ask, and nobody can be asked here")]
    NeedsTerminal { command: String },
    /// It ended with an error; `said` is the last line it wrote to stderr.
    #[error("the credential plugin `{command}` failed ({status}){}", colon(.said))]
    Failed {
        command: String,
        status: String,
        said: Option<String>,
    },
    /// It did not end in time: mostly it waits for a browser or a person.
    #[error("the credential plugin `{command}` did not answer within {} s", .after.as_secs())]
    TimedOut { command: String, after: Duration },
    /// It printed something else than credentials, perhaps a banner before them.
    #[error(
        "the credential plugin `{command}` printed no ExecCredential with a token or a certificate"
    )]
    Unreadable { command: String },
}

fn colon(said: &Option<String>) -> String {
    said.as_ref()
        .map(|said| format!(": {said}"))
        .unwrap_or_default()
}

impl PluginFault {
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { install_hint, .. } => install_hint.clone(),
            Self::NeedsTerminal { command } | Self::TimedOut { command, .. } => Some(format!(
                "Log in with {command} on a terminal first, then run this again."
            )),
            Self::Nameless
            | Self::Unrunnable { .. }
            | Self::Failed { .. }
            | Self::Unreadable { .. } => None,
        }
    }
}

/// What a plugin gave.
pub(crate) struct Issued {
    pub(crate) token: Option<SecretString>,
    pub(crate) identity: Option<Identity>,
}

/// A client certificate and its key, as PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: SecretString,
}

/// A plugin and everything it is started with.
pub(crate) struct Plugin {
    command: String,
    arguments: Vec<String>,
    /// All of them: nothing is inherited.
    variables: BTreeMap<String, String>,
    install_hint: Option<String>,
    is_interactive: bool,
}

impl Plugin {
    /// `can_ask` says whether a person is there to answer.
    pub(crate) fn of(
        exec: &ExecConfig,
        variables: &Variables,
        can_ask: bool,
    ) -> Result<Self, PluginFault> {
        let command = exec.command.clone().ok_or(PluginFault::Nameless)?;
        let is_interactive = match exec.interactive_mode {
            Some(ExecInteractiveMode::Never) => false,
            Some(ExecInteractiveMode::Always) if !can_ask => {
                return Err(PluginFault::NeedsTerminal { command });
            }
            Some(ExecInteractiveMode::IfAvailable | ExecInteractiveMode::Always) | None => can_ask,
        };
        let mut variables = variables.0.clone();
        for variable in exec.env.iter().flatten() {
            if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
                variables.insert(name.clone(), value.clone());
            }
        }
        let cluster = exec
            .cluster
            .as_ref()
            .filter(|_| exec.provide_cluster_info)
            .and_then(|cluster| serde_json::to_value(cluster).ok());
        let mut spec = json!({"interactive": is_interactive});
        if let Some(cluster) = cluster {
            spec["cluster"] = cluster;
        }
        let information =
            json!({"apiVersion": exec.api_version, "kind": "ExecCredential", "spec": spec});
        variables.insert("KUBERNETES_EXEC_INFO".to_owned(), information.to_string());
        Ok(Self {
            command,
            arguments: exec.args.clone().unwrap_or_default(),
            variables,
            install_hint: exec.install_hint.clone(),
            is_interactive,
        })
    }

    pub(crate) fn command(&self) -> &str {
        &self.command
    }

    pub(crate) fn is_interactive(&self) -> bool {
        self.is_interactive
    }

    /// Runs the plugin and reads its credentials.
    pub(crate) async fn run(&self, limit: Duration) -> Result<Issued, PluginFault> {
        let child = self.start()?;
        let output = tokio::time::timeout(limit, output(child))
            .await
            .map_err(|_| PluginFault::TimedOut {
                command: self.command.clone(),
                after: limit,
            })?
            .map_err(|error| self.unrunnable(&error))?;
        if !output.is_success {
            return Err(PluginFault::Failed {
                command: self.command.clone(),
                status: output.status,
                said: last_line(&output.stderr),
            });
        }
        issued(&output.stdout).ok_or_else(|| PluginFault::Unreadable {
            command: self.command.clone(),
        })
    }

    fn start(&self) -> Result<Child, PluginFault> {
        let mut command = Command::new(&self.command);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(&self.variables)
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if self.is_interactive {
            // It talks to the person as it likes, as it does under kubectl.
            command.stdin(Stdio::inherit()).stderr(Stdio::inherit());
        } else {
            command.stdin(Stdio::null()).stderr(Stdio::piped());
        }
        command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => PluginFault::Missing {
                command: self.command.clone(),
                install_hint: self.install_hint.clone(),
            },
            _ => self.unrunnable(&error),
        })
    }

    fn unrunnable(&self, error: &io::Error) -> PluginFault {
        PluginFault::Unrunnable {
            command: self.command.clone(),
            why: error.kind(),
        }
    }
}

struct Output {
    is_success: bool,
    status: String,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

async fn output(mut child: Child) -> io::Result<Output> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr, status) = tokio::join!(read(stdout), read(stderr), child.wait());
    let status = status?;
    Ok(Output {
        is_success: status.success(),
        status: status.to_string(),
        stdout: stdout?,
        stderr: stderr?,
    })
}

async fn read(stream: Option<impl AsyncRead + Unpin>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(LONGEST_OUTPUT).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

fn last_line(stderr: &[u8]) -> Option<String> {
    const LONGEST: usize = 500;
    let text = String::from_utf8_lossy(stderr);
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(line.trim().chars().take(LONGEST).collect())
}

/// Reads an ExecCredential; plugins may print YAML, of which JSON is a part.
fn issued(stdout: &[u8]) -> Option<Issued> {
    #[derive(Deserialize)]
    struct Credential {
        status: Option<CredentialStatus>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct CredentialStatus {
        token: Option<String>,
        client_certificate_data: Option<String>,
        client_key_data: Option<String>,
    }
    let text = std::str::from_utf8(stdout).ok()?;
    let status = serde_yaml::from_str::<Credential>(text).ok()?.status?;
    let identity = match (status.client_certificate_data, status.client_key_data) {
        (Some(certificate), Some(key)) => Some(Identity {
            certificate,
            key: key.into(),
        }),
        (None, _) | (_, None) => None,
    };
    let issued = Issued {
        token: status.token.map(SecretString::from),
        identity,
    };
    (issued.token.is_some() || issued.identity.is_some()).then_some(issued)
}
