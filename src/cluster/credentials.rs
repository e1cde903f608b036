//! Holds what goes into the `Authorization` header, and fetches it anew when it is refused.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use kube::config::AuthInfo;
use secrecy::{ExposeSecret, SecretString};

use super::fault::Fault;
use super::plugin::{Identity, Issued, Plugin};
use crate::surroundings::Variables;

/// Where the credentials come from.
enum Source {
    /// None, a password, or a token written in the kubeconfig: there are no newer ones.
    Fixed,
    TokenFile(PathBuf),
    Plugin(Plugin),
}

/// How long to wait for a plugin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PluginLimits {
    /// Where nobody can be asked.
    pub(crate) alone: Duration,
    /// Where a person may have to log in.
    pub(crate) with_person: Duration,
    /// After this, say what is waited for.
    pub(crate) quiet: Duration,
}

/// The header to send, and which edition it is.
#[derive(Clone)]
pub(crate) struct Pass {
    pub(crate) header: Option<HeaderValue>,
    edition: u64,
}

/// What became of the attempt to get better credentials.
pub(crate) enum Renewal {
    /// There is nothing to fetch, or it could not be fetched.
    Unchanged,
    /// The next [`Credentials::pass`] is another one.
    Header,
    /// There is a new client certificate, which needs a new client.
    Identity(Identity),
}

pub(crate) struct Credentials {
    source: Source,
    current: Mutex<Pass>,
    /// One renewal at a time: twenty requests that are refused together need one new token.
    renewing: tokio::sync::Mutex<()>,
    limits: PluginLimits,
    waiting: Box<dyn Fn(&str) + Send + Sync>,
}

impl Credentials {
    /// Gets the first credentials, and the client certificate if a plugin issues one.
    ///
    /// `waiting` is called with the plugin's command when it takes long.
    pub(crate) async fn open(
        user: &AuthInfo,
        variables: &Variables,
        can_ask: bool,
        limits: PluginLimits,
        waiting: Box<dyn Fn(&str) + Send + Sync>,
    ) -> Result<(Self, Option<Identity>), Fault> {
        // The order is kube's, which is client-go's.
        let (source, header) = if user.auth_provider.is_some() {
            (Source::Fixed, None)
        } else if let (Some(name), Some(password)) = (&user.username, &user.password) {
            (Source::Fixed, Some(basic(name, password)?))
        } else if let Some(token) = &user.token {
            (Source::Fixed, Some(bearer(token.expose_secret())?))
        } else if let Some(path) = &user.token_file {
            let path = PathBuf::from(path);
            let header = read_token(&path)?;
            (Source::TokenFile(path), Some(header))
        } else if let Some(exec) = &user.exec {
            (Source::Plugin(Plugin::of(exec, variables, can_ask)?), None)
        } else {
            (Source::Fixed, None)
        };
        let credentials = Self {
            source,
            current: Mutex::new(Pass { header, edition: 0 }),
            renewing: tokio::sync::Mutex::new(()),
            limits,
            waiting,
        };
        let identity = match &credentials.source {
            Source::Plugin(plugin) => {
                let issued = credentials.run(plugin).await?;
                credentials.take(issued)?
            }
            Source::Fixed | Source::TokenFile(_) => None,
        };
        Ok((credentials, identity))
    }

    pub(crate) fn pass(&self) -> Pass {
        self.current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Fetches credentials to replace the refused ones, unless somebody did so meanwhile.
    pub(crate) async fn renew(&self, refused: &Pass) -> Result<Renewal, Fault> {
        let _one_at_a_time = self.renewing.lock().await;
        if self.pass().edition != refused.edition {
            return Ok(Renewal::Header);
        }
        match &self.source {
            Source::Fixed => Ok(Renewal::Unchanged),
            Source::TokenFile(path) => {
                let header = read_token(path)?;
                self.replace(Some(header));
                Ok(Renewal::Header)
            }
            Source::Plugin(plugin) => {
                let issued = self.run(plugin).await?;
                Ok(match self.take(issued)? {
                    Some(identity) => Renewal::Identity(identity),
                    None => Renewal::Header,
                })
            }
        }
    }

    /// Returns what a person can do about refused credentials.
    pub(crate) fn hint(&self) -> String {
        match &self.source {
            Source::Fixed => {
                "The kubeconfig's credentials are fixed: fetch a new kubeconfig or log in again."
                    .to_owned()
            }
            Source::TokenFile(path) => {
                format!("The token is read from {}.", path.display())
            }
            Source::Plugin(plugin) => {
                format!("Log in again with {}.", plugin.command())
            }
        }
    }

    async fn run(&self, plugin: &Plugin) -> Result<Issued, Fault> {
        let limit = if plugin.is_interactive() {
            self.limits.with_person
        } else {
            self.limits.alone
        };
        let mut running = std::pin::pin!(plugin.run(limit));
        let issued = tokio::select! {
            issued = &mut running => issued,
            () = tokio::time::sleep(self.limits.quiet) => {
                (self.waiting)(plugin.command());
                running.await
            }
        };
        Ok(issued?)
    }

    fn take(&self, issued: Issued) -> Result<Option<Identity>, Fault> {
        let header = issued
            .token
            .as_ref()
            .map(|token| bearer(token.expose_secret()))
            .transpose()?;
        self.replace(header);
        Ok(issued.identity)
    }

    fn replace(&self, header: Option<HeaderValue>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.header = header;
        current.edition += 1;
    }
}

fn read_token(path: &PathBuf) -> Result<HeaderValue, Fault> {
    let token = std::fs::read_to_string(path).map_err(|error| {
        Fault::Settings(format!("cannot read the token {}: {error}", path.display()))
    })?;
    bearer(token.trim())
}

fn bearer(token: &str) -> Result<HeaderValue, Fault> {
    secret_header(format!("Bearer {token}"))
}

fn basic(name: &str, password: &SecretString) -> Result<HeaderValue, Fault> {
    let pair = format!("{name}:{}", password.expose_secret());
    secret_header(format!("Basic {}", STANDARD.encode(pair)))
}

fn secret_header(value: String) -> Result<HeaderValue, Fault> {
    let mut header = HeaderValue::try_from(value).map_err(|_| {
        Fault::Settings("the credentials hold characters that no header may have".to_owned())
    })?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
#[path = "credentials_tests.rs"]
mod tests;
