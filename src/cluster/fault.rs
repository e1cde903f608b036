//! Why a request to the cluster has no usable answer, and what that means for the whole run.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use http::StatusCode;
use kube::core::Status;

use super::mask;
use super::plugin::PluginFault;
use super::tls::{Trouble, causes};
use crate::error::{Error, Kind};

/// What went wrong between us and the API server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// No connection came about, so nothing was sent.
    #[error("cannot reach {server}: {why}")]
    Unreachable { server: String, why: NoRoute },
    /// A connection came about, and one end does not trust the other.
    #[error("cannot talk to {server}: {trouble}")]
    Untrusted { server: String, trouble: Trouble },
    /// The request was sent, or part of it, and no whole answer came back.
    #[error("the connection to {server} broke off: {why}")]
    Broken { server: String, why: String },
    /// The request was sent and the answer was not complete in time.
    #[error("{server} did not answer within {}", seconds(*.after))]
    Silent { server: String, after: Duration },
    /// Something else than an API server answered: a login page, a proxy, a web server.
    #[error("this is not a Kubernetes API (got {found})")]
    NotKubernetes {
        server: String,
        found: String,
        status: StatusCode,
    },
    /// The API server's own answer says no.
    #[error("{}", answer_text(.status))]
    Answered {
        status: Box<Status>,
        retry_after: Option<Duration>,
    },
    /// The credentials are refused, also those fetched anew.
    #[error("{server} does not accept the credentials of {user}")]
    Unauthorized {
        server: String,
        user: String,
        hint: Option<String>,
    },
    /// The answer is longer than anything we would ask for.
    #[error("the answer of {server} is longer than {limit} bytes")]
    Oversized { server: String, limit: usize },
    /// The answer came, and makes no sense.
    #[error("cannot read the answer of {server}: {why}")]
    Garbled { server: String, why: String },
    /// The plugin that the kubeconfig names gave no credentials.
    #[error(transparent)]
    Plugin(#[from] PluginFault),
    /// The kubeconfig says something that cannot be used.
    #[error("{0}")]
    Settings(String),
}

/// Why no connection came about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoRoute {
    #[error("its name cannot be resolved")]
    UnknownHost,
    #[error("connection refused")]
    Refused,
    #[error("no connection within the time limit")]
    TimedOut,
    #[error("{0}")]
    Other(String),
}

impl Fault {
    /// Returns what an error of kube's client means.
    pub(crate) fn of(error: &kube::Error, server: &str) -> Self {
        let server = server.to_owned();
        if causes(error).any(|cause| cause.is::<kube::client::AuthError>()) {
            return Self::auth_provider();
        }
        let is_unconnected = causes(error).any(|cause| {
            cause
                .downcast_ref::<hyper_util::client::legacy::Error>()
                .is_some_and(hyper_util::client::legacy::Error::is_connect)
        });
        match Trouble::find(error) {
            // A server that wants another client certificate says so after the handshake, and
            // looks at nothing that was sent.
            Some(trouble @ Trouble::ClientCertificate { .. }) => {
                return Self::Untrusted { server, trouble };
            }
            Some(trouble) if is_unconnected => return Self::Untrusted { server, trouble },
            Some(_) | None => {}
        }
        if is_unconnected {
            Self::Unreachable {
                server,
                why: NoRoute::of(error),
            }
        } else {
            Self::Broken {
                server,
                why: last_text(error),
            }
        }
    }

    /// The old `auth-provider` is kube's business; its errors may quote what a command printed.
    pub(crate) fn auth_provider() -> Self {
        Self::Settings("the kubeconfig's auth-provider gave no credentials".to_owned())
    }

    /// Returns the API server's own answer, if that is what this is.
    pub(crate) fn status(&self) -> Option<&Status> {
        match self {
            Self::Answered { status, .. } => Some(status),
            Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::Broken { .. }
            | Self::Silent { .. }
            | Self::NotKubernetes { .. }
            | Self::Unauthorized { .. }
            | Self::Oversized { .. }
            | Self::Garbled { .. }
            | Self::Plugin(_)
            | Self::Settings(_) => None,
        }
    }

    fn has_code(&self, code: u16) -> bool {
        self.status().is_some_and(|status| status.code == code)
    }

    pub(crate) fn is_forbidden(&self) -> bool {
        self.has_code(403)
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.has_code(404)
    }

    /// Returns whether the resource version or the continue token is too old to go on from.
    pub(crate) fn is_expired(&self) -> bool {
        self.has_code(410)
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::Broken { .. }
            | Self::Silent { .. }
            | Self::NotKubernetes { .. }
            | Self::Oversized { .. }
            | Self::Garbled { .. } => Kind::Unreachable,
            Self::Unauthorized { .. } | Self::Plugin(_) => Kind::Denied,
            Self::Settings(_) => Kind::NotFound,
            Self::Answered { status, .. } => match status.code {
                401 | 403 => Kind::Denied,
                404 => Kind::NotFound,
                400 | 409 | 413 | 422 => Kind::Refused,
                _ => Kind::Unreachable,
            },
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Unreachable {
                why: NoRoute::UnknownHost,
                ..
            } => "Check the server in the kubeconfig, and that the VPN is up.",
            Self::Unreachable {
                why: NoRoute::Refused,
                ..
            } => "Check that the cluster runs and that the kubeconfig names the right port.",
            Self::Unreachable { .. } | Self::Silent { .. } => {
                "Check that the cluster runs, and that VPN and proxy let you through."
            }
            Self::NotKubernetes { .. } => {
                "A login page or a proxy may have answered: check VPN, proxy, and the server in the kubeconfig."
            }
            Self::Untrusted { trouble, .. } => match trouble {
                Trouble::UnknownIssuer | Trouble::WrongName { .. } => {
                    "Check certificate-authority and server in the kubeconfig; fetch it anew if the cluster was made anew."
                }
                Trouble::NotYetValid { .. } | Trouble::Expired { .. } => {
                    "Check this machine's clock; if it is right, the cluster's certificate has to be renewed."
                }
                Trouble::NotTls => "Check scheme and port of the server in the kubeconfig.",
                Trouble::ClientCertificate { .. } => {
                    "Fetch the credentials anew: client certificates expire."
                }
                Trouble::Other(_) => return Vec::new(),
            },
            Self::Unauthorized { hint, .. } => {
                return hint.iter().cloned().collect();
            }
            Self::Plugin(fault) => return fault.hint().into_iter().collect(),
            Self::Answered { status, .. } if status.code == 403 => {
                "Ask who runs the cluster for this permission, or check that this is the right context and namespace."
            }
            Self::Broken { .. }
            | Self::Answered { .. }
            | Self::Oversized { .. }
            | Self::Garbled { .. }
            | Self::Settings(_) => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let hints = fault.hints();
        let mut error = Error::new(fault.kind(), fault);
        error.hints = hints;
        error
    }
}

impl NoRoute {
    fn of(error: &(dyn StdError + 'static)) -> Self {
        for cause in causes(error) {
            // hyper's connector says this and keeps its type to itself.
            if cause.to_string().starts_with("dns error") {
                return Self::UnknownHost;
            }
            match cause.downcast_ref::<io::Error>().map(io::Error::kind) {
                Some(io::ErrorKind::ConnectionRefused) => return Self::Refused,
                Some(io::ErrorKind::TimedOut) => return Self::TimedOut,
                Some(_) | None => {}
            }
        }
        Self::Other(last_text(error))
    }
}

/// Returns the text of the innermost cause, which is the one that says what happened.
fn last_text(error: &(dyn StdError + 'static)) -> String {
    causes(error)
        .last()
        .map_or_else(|| error.to_string(), ToString::to_string)
}

fn answer_text(status: &Status) -> String {
    match (status.message.is_empty(), status.reason.is_empty()) {
        (false, _) => mask::message(&status.message),
        (true, false) => format!("the API server answered {} {}", status.code, status.reason),
        (true, true) => format!("the API server answered {}", status.code),
    }
}

fn seconds(duration: Duration) -> String {
    if duration.as_millis() < 1000 {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{} s", duration.as_secs())
    }
}
