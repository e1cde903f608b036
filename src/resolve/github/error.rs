//! The faults of GitHub's API, and what the reader can do about each.

use std::error::Error as StdError;
use std::time::Duration;

use crate::error::{Error, Kind};
use crate::https;
use crate::resolve::{Repository, TokenSource};

/// Why GitHub gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GithubError {
    /// The configured address of the API would send the token in the clear, or is none.
    #[error("\"{0}\" cannot be the address of GitHub's API")]
    Address(String),
    /// 401: the token is wrong, or expired.
    #[error("{host} refused the token in {source_of_token}")]
    BadToken {
        host: String,
        source_of_token: TokenSource,
    },
    /// 403: the organisation wants the token to be authorised by single sign-on.
    #[error("{host} wants the token in {source_of_token} to be authorised for single sign-on")]
    SingleSignOn {
        host: String,
        source_of_token: TokenSource,
        url: Option<String>,
    },
    /// 403 for another reason, in GitHub's words.
    #[error("{host} does not allow this to the token in {source_of_token}: {message}")]
    Forbidden {
        host: String,
        source_of_token: TokenSource,
        message: String,
    },
    /// 403 or 429: no requests are left in this hour.
    #[error("the rate limit of {host} for {source_of_token} is used up{}", until(.resets_at))]
    RateLimit {
        host: String,
        source_of_token: TokenSource,
        resets_at: Option<String>,
        wait: Option<Duration>,
    },
    /// 403 or 429: too many requests in a short time.
    #[error("{host} asks for fewer requests")]
    SecondaryLimit {
        host: String,
        wait: Option<Duration>,
    },
    /// 404 for the repository itself; GitHub hides what a token may not see.
    #[error("{repository} does not exist, or {kind} in {source_of_token} may not see it")]
    Hidden {
        repository: Repository,
        source_of_token: TokenSource,
        kind: &'static str,
        scopes: Option<String>,
    },
    /// A redirect that leaves the host.
    #[error("{host} points to another host, which gets no token")]
    OtherHost { host: String },
    /// HTML or other nonsense: a proxy's login page, or the wrong address.
    #[error("{host} did not answer as GitHub's API does")]
    NotGithub { host: String },
    /// 5xx, also after trying again.
    #[error("{host} answered with status {status}")]
    Server { host: String, status: u16 },
    /// A status that is not part of the API.
    #[error("{host} answered with status {status}")]
    Unexpected { host: String, status: u16 },
    /// No answer in time.
    #[error("{host} did not answer within {} s", .limit.as_secs_f32())]
    Timeout { host: String, limit: Duration },
    /// No connection, or it broke.
    #[error("failed to talk to {host}")]
    Transport {
        host: String,
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// No client could be made.
    #[error("failed to prepare HTTPS")]
    Https(#[source] https::HttpsError),
}

fn until(time: &Option<String>) -> String {
    time.as_ref()
        .map(|time| format!(" until {time}"))
        .unwrap_or_default()
}

impl GithubError {
    /// Returns how long GitHub wants to be left alone, if it said so.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimit { wait, .. } | Self::SecondaryLimit { wait, .. } => *wait,
            Self::Address(_)
            | Self::BadToken { .. }
            | Self::SingleSignOn { .. }
            | Self::Forbidden { .. }
            | Self::Hidden { .. }
            | Self::OtherHost { .. }
            | Self::NotGithub { .. }
            | Self::Server { .. }
            | Self::Unexpected { .. }
            | Self::Timeout { .. }
            | Self::Transport { .. }
            | Self::Https(_) => None,
        }
    }

    /// Tells whether another token may have more luck.
    pub(crate) fn is_of_token(&self) -> bool {
        match self {
            Self::BadToken { .. }
            | Self::SingleSignOn { .. }
            | Self::Forbidden { .. }
            | Self::RateLimit { .. }
            | Self::Hidden { .. } => true,
            Self::Address(_)
            | Self::SecondaryLimit { .. }
            | Self::OtherHost { .. }
            | Self::NotGithub { .. }
            | Self::Server { .. }
            | Self::Unexpected { .. }
            | Self::Timeout { .. }
            | Self::Transport { .. }
            | Self::Https(_) => false,
        }
    }

    /// Tells whether the same request may well succeed a moment later.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Server { .. } => true,
            Self::Transport { source, .. } => https::advice(source.as_ref()).is_none(),
            Self::Address(_)
            | Self::BadToken { .. }
            | Self::SingleSignOn { .. }
            | Self::Forbidden { .. }
            | Self::RateLimit { .. }
            | Self::SecondaryLimit { .. }
            | Self::Hidden { .. }
            | Self::OtherHost { .. }
            | Self::NotGithub { .. }
            | Self::Unexpected { .. }
            | Self::Timeout { .. }
            | Self::Https(_) => false,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Address(_) => Kind::Usage,
            Self::BadToken { .. } | Self::SingleSignOn { .. } | Self::Forbidden { .. } => {
                Kind::Denied
            }
            Self::Hidden { .. } => Kind::NotFound,
            Self::RateLimit { .. }
            | Self::SecondaryLimit { .. }
            | Self::OtherHost { .. }
            | Self::NotGithub { .. }
            | Self::Server { .. }
            | Self::Unexpected { .. }
            | Self::Timeout { .. }
            | Self::Transport { .. }
            | Self::Https(_) => Kind::Unreachable,
        }
    }

    fn advice(&self) -> Option<String> {
        match self {
            Self::Address(_) => Some(
                "Use https://; plain http:// is for servers on this machine.".to_owned(),
            ),
            Self::BadToken {
                source_of_token: TokenSource::GhProgram,
                host,
            } => Some(format!("Log in again: gh auth login --hostname {host}")),
            Self::BadToken {
                source_of_token, ..
            } => Some(format!("Renew the token in {source_of_token}, or unset it.")),
            Self::SingleSignOn { url, .. } => url.as_ref().map(|url| format!("Authorise it at {url}")),
            Self::Hidden { scopes, .. } => Some(match scopes {
                Some(scopes) => format!(
                    "The token needs read access to the repository's contents; its scopes are: {scopes}"
                ),
                None => "The token needs read access to the repository's contents.".to_owned(),
            }),
            Self::NotGithub { .. } => Some(
                "A proxy may have answered in its place: check HTTPS_PROXY, and that you are logged in to the network."
                    .to_owned(),
            ),
            Self::Transport { source, .. } => https::advice(source.as_ref()).map(str::to_owned),
            Self::OtherHost { .. }
            | Self::Forbidden { .. }
            | Self::RateLimit { .. }
            | Self::SecondaryLimit { .. }
            | Self::Server { .. }
            | Self::Unexpected { .. }
            | Self::Timeout { .. }
            | Self::Https(_) => None,
        }
    }
}

impl From<GithubError> for Error {
    fn from(error: GithubError) -> Self {
        let (kind, advice) = (error.kind(), error.advice());
        let error = Self::new(kind, error);
        match advice {
            Some(advice) => error.hint(advice),
            None => error,
        }
    }
}
