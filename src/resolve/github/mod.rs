//! Asks GitHub's API what a ref means and what lies between two commits, through octocrab.
//!
//! Reads only. It decides nothing about the answers, never waits out a rate limit, and sends a
//! token to no other host than the one it was made for.

mod compare;
mod error;
mod gh;
mod questions;
mod reply;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http::header::{ACCEPT, HeaderMap, HeaderValue, USER_AGENT};
use http_body_util::{BodyExt, Limited};
use jiff::tz::TimeZone;
use octocrab::service::middleware::auth_header::AuthHeaderLayer;
use octocrab::service::middleware::base_uri::BaseUriLayer;
use octocrab::service::middleware::extra_headers::ExtraHeadersLayer;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use serde::de::DeserializeOwned;

pub(crate) use error::GithubError;
pub(crate) use gh::token_of_gh;
use reply::{Asker, Reply, judge};

use super::percent::encoded;
use super::{GITHUB, Repository, Token};
use crate::https::Https;

const JSON: &str = "application/vnd.github+json";

/// The most that is read of one answer; a compare names files with their whole patches.
const LARGEST: usize = 16 << 20;

/// How often an address is followed.
const FOLLOWED: usize = 3;

/// A host whose API is GitHub's, and where that API is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GithubHost {
    host: String,
    api: Uri,
}

impl GithubHost {
    /// Returns the host with the API where GitHub puts it.
    pub(crate) fn new(host: &str) -> Result<Self, GithubError> {
        let host = host.to_ascii_lowercase();
        let api = if host == GITHUB || host.ends_with(".ghe.com") {
            format!("https://api.{host}")
        } else {
            format!("https://{host}/api/v3")
        };
        Self::with_api(&host, &api)
    }

    /// Returns the host with the API at an address of its own.
    pub(crate) fn with_api(host: &str, api: &str) -> Result<Self, GithubError> {
        let wrong = || GithubError::Address(api.to_owned());
        let uri: Uri = api.parse().map_err(|_| wrong())?;
        let is_here = uri.host().is_some_and(|name| {
            name == "localhost"
                || name
                    .parse()
                    .is_ok_and(|address: std::net::IpAddr| address.is_loopback())
        });
        let is_safe = match uri.scheme_str() {
            Some("https") => uri.host().is_some(),
            Some("http") => is_here,
            _ => false,
        };
        let has_credentials = uri
            .authority()
            .is_some_and(|part| part.as_str().contains('@'));
        if is_safe && !has_credentials && uri.query().is_none() {
            Ok(Self {
                host: host.to_ascii_lowercase(),
                api: uri,
            })
        } else {
            Err(wrong())
        }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }
}

/// How patient one question to GitHub is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GithubPatience {
    /// For one question with all its tries.
    pub(crate) total: Duration,
    /// How often a request is tried that fails for a passing reason.
    pub(crate) tries: u32,
    /// Between the first two tries; it doubles.
    pub(crate) pause: Duration,
}

impl Default for GithubPatience {
    fn default() -> Self {
        Self {
            total: Duration::from_secs(20),
            tries: 3,
            pause: Duration::from_millis(500),
        }
    }
}

/// One host's API, with one token.
pub(crate) struct Github {
    octocrab: Octocrab,
    asker: Asker,
    token_kind: &'static str,
    api: Uri,
    patience: GithubPatience,
}

impl Github {
    /// Sends nothing yet; `zone` is for the times in errors. Must run inside a tokio runtime.
    pub(crate) fn new(
        https: &Https,
        host: &GithubHost,
        token: &Token,
        zone: TimeZone,
        patience: GithubPatience,
    ) -> Result<Self, GithubError> {
        let bad_token = |_| GithubError::BadToken {
            host: host.host.clone(),
            source_of_token: token.source,
        };
        let bearer = format!("Bearer {}", token.secret.expose());
        let mut bearer = HeaderValue::try_from(bearer).map_err(bad_token)?;
        bearer.set_sensitive(true);
        let agent = HeaderValue::from_static(concat!("kube-deploy/", env!("CARGO_PKG_VERSION")));
        let client = https.client::<OctoBody>().map_err(GithubError::Https)?;
        let built = OctocrabBuilder::new_empty()
            .with_service(client)
            .with_layer(&ExtraHeadersLayer::new(Arc::new(vec![(USER_AGENT, agent)])))
            .with_layer(&BaseUriLayer::new(host.api.clone()))
            .with_layer(&AuthHeaderLayer::new(
                Some(bearer),
                host.api.clone(),
                host.api.clone(),
            ))
            .with_auth(AuthState::None)
            .build();
        let octocrab = match built {
            Ok(octocrab) => octocrab,
            Err(impossible) => match impossible {},
        };
        Ok(Self {
            octocrab,
            asker: Asker {
                host: host.host.clone(),
                source: token.source,
                zone,
            },
            token_kind: token.kind(),
            api: host.api.clone(),
            patience,
        })
    }

    /// Returns `None` where GitHub has nothing at `path`, or shows nothing.
    async fn json<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, GithubError> {
        match self.get(path, JSON).await? {
            Reply::Found(body) => serde_json::from_slice(&body)
                .map(Some)
                .map_err(|_| self.not_github()),
            Reply::NoCommit | Reply::Hidden { .. } => Ok(None),
            Reply::Elsewhere(_) => Err(self.other_host()),
        }
    }

    /// Gets `path`, follows addresses on the same host, and tries again what may pass.
    async fn get(&self, path: &str, accept: &'static str) -> Result<Reply, GithubError> {
        let mut path = path.to_owned();
        for _ in 0..=FOLLOWED {
            match self.patiently(&path, accept).await? {
                Reply::Elsewhere(address) => path = self.path_on_host(&address)?,
                reply @ (Reply::Found(_) | Reply::Hidden { .. } | Reply::NoCommit) => {
                    return Ok(reply);
                }
            }
        }
        Err(self.not_github())
    }

    async fn patiently(&self, path: &str, accept: &'static str) -> Result<Reply, GithubError> {
        let mut pause = self.patience.pause;
        for _ in 1..self.patience.tries {
            match self.once(path, accept).await {
                Err(error) if error.is_passing() => tokio::time::sleep(pause).await,
                decided => return decided,
            }
            pause *= 2;
        }
        self.once(path, accept).await
    }

    async fn once(&self, path: &str, accept: &'static str) -> Result<Reply, GithubError> {
        let headers: HeaderMap = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
        let response = self
            .octocrab
            ._get_with_headers(path, Some(headers))
            .await
            .map_err(|error| self.transport(error))?;
        let (parts, body) = response.into_parts();
        let body: Bytes = Limited::new(body, LARGEST)
            .collect()
            .await
            .map_err(|source| GithubError::Transport {
                host: self.asker.host.clone(),
                source,
            })?
            .to_bytes();
        judge(&self.asker, parts.status, &parts.headers, body)
    }

    /// Returns the part of `address` to ask for, if it is on the API's own host.
    fn path_on_host(&self, address: &Uri) -> Result<String, GithubError> {
        let is_same = match address.authority() {
            Some(authority) => {
                Some(authority) == self.api.authority() && address.scheme() == self.api.scheme()
            }
            None => true,
        };
        match address.path_and_query() {
            Some(path) if is_same => Ok(path.to_string()),
            _ => Err(self.other_host()),
        }
    }

    async fn within<T>(
        &self,
        question: impl Future<Output = Result<T, GithubError>>,
    ) -> Result<T, GithubError> {
        let limit = self.patience.total;
        tokio::time::timeout(limit, question)
            .await
            .unwrap_or_else(|_| {
                Err(GithubError::Timeout {
                    host: self.asker.host.clone(),
                    limit,
                })
            })
    }

    fn transport(&self, error: octocrab::Error) -> GithubError {
        let host = self.asker.host.clone();
        match error {
            // Its own text repeats the one of its source.
            octocrab::Error::Service { source, .. } => GithubError::Transport { host, source },
            other => GithubError::Transport {
                host,
                source: Box::new(other),
            },
        }
    }

    fn not_github(&self) -> GithubError {
        GithubError::NotGithub {
            host: self.asker.host.clone(),
        }
    }

    fn other_host(&self) -> GithubError {
        GithubError::OtherHost {
            host: self.asker.host.clone(),
        }
    }
}

fn base(repository: &Repository) -> String {
    format!(
        "/repos/{}/{}",
        encoded(repository.owner()),
        encoded(repository.name())
    )
}

#[cfg(test)]
mod compare_tests;
#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod tests;
