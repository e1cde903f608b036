//! Parses the names and places of git repositories: `owner/name`, URLs, scp-like addresses, paths.
//!
//! Only transports that run nothing on this machine are known: `ext::` and other helpers are
//! refused, wherever they are written.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::percent::decoded;
use crate::error::{Error, Kind};

/// The host of a repository that is written without one.
pub(crate) const GITHUB: &str = "github.com";

const SHOWN: usize = 120;

/// A repository by its host, owner, and name; an owner may have parts, as on GitLab.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Repository {
    host: String,
    owner: String,
    name: String,
}

impl Repository {
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns `owner/name`, without the host.
    pub(crate) fn slug(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// Tells whether both are one repository; hosts of git do not tell cases apart.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.host.eq_ignore_ascii_case(&other.host)
            && self.owner.eq_ignore_ascii_case(&other.owner)
            && self.name.eq_ignore_ascii_case(&other.name)
    }

    /// Returns the address at which its host serves it over HTTPS.
    pub(crate) fn https_url(&self) -> RemoteUrl {
        RemoteUrl {
            text: format!("https://{}/{}/{}.git", self.host, self.owner, self.name),
            credentials: None,
            repository: Some(self.clone()),
        }
    }

    /// Parses `owner/name`, which is on github.com; for text that may not choose a host.
    pub(crate) fn parse_slug(text: &str) -> Result<Self, RepositoryError> {
        match text.split('/').collect::<Vec<_>>().as_slice() {
            [owner, name] => Self::from_parts(GITHUB, owner, name, text),
            _ => Err(malformed(text)),
        }
    }

    fn from_path(host: &str, path: &str, text: &str) -> Result<Self, RepositoryError> {
        let path = path.trim_start_matches('/');
        let path = path.strip_suffix('/').unwrap_or(path);
        match path.rsplit_once('/') {
            Some((owner, name)) => {
                Self::from_parts(host, owner, name.strip_suffix(".git").unwrap_or(name), text)
            }
            None => Err(malformed(text)),
        }
    }

    fn from_parts(
        host: &str,
        owner: &str,
        name: &str,
        text: &str,
    ) -> Result<Self, RepositoryError> {
        // GitHub serves ssh on port 443 under a name of its own.
        let host = match host.to_ascii_lowercase() {
            host if host == "ssh.github.com" || host == "www.github.com" => GITHUB.to_owned(),
            host => host,
        };
        if owner.split('/').all(is_part) && is_part(name) && !host.is_empty() {
            Ok(Self {
                host,
                owner: owner.to_owned(),
                name: name.to_owned(),
            })
        } else {
            Err(malformed(text))
        }
    }
}

fn is_part(part: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'~');
    !part.is_empty()
        && part.len() <= 100
        && !part.starts_with(['-', '.'])
        && part.bytes().all(is_allowed)
}

impl FromStr for Repository {
    type Err = RepositoryError;

    /// Parses `owner/name`, `host/owner/name`, and every URL of a repository on a host.
    fn from_str(text: &str) -> Result<Self, RepositoryError> {
        if text.contains(':') {
            return match text.parse()? {
                Location::Url(RemoteUrl {
                    repository: Some(repository),
                    ..
                }) => Ok(repository),
                Location::Url(_) | Location::Path(_) => Err(malformed(text)),
            };
        }
        match text.split('/').collect::<Vec<_>>().as_slice() {
            [owner, name] => Self::from_parts(
                GITHUB,
                owner,
                name.strip_suffix(".git").unwrap_or(name),
                text,
            ),
            [host, .., _] if host.contains('.') => {
                Self::from_path(host, text.get(host.len()..).unwrap_or_default(), text)
            }
            _ => Err(malformed(text)),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host != GITHUB {
            write!(formatter, "{}/", self.host)?;
        }
        write!(formatter, "{}/{}", self.owner, self.name)
    }
}

/// Where a repository can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// A folder, or a `file://` address.
    Path(PathBuf),
    /// A server that speaks git.
    Url(RemoteUrl),
}

/// The address of a git server's repository, without the credentials that it may have held.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RemoteUrl {
    text: String,
    credentials: Option<Credentials>,
    repository: Option<Repository>,
}

#[derive(Clone, PartialEq, Eq)]
struct Credentials {
    user: String,
    password: String,
}

impl RemoteUrl {
    /// Returns the address as git takes it, fit to be seen in a list of processes.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the user and password that were written into the address.
    pub(crate) fn credentials(&self) -> Option<(&str, &str)> {
        self.credentials
            .as_ref()
            .map(|held| (held.user.as_str(), held.password.as_str()))
    }

    /// Tells whether the transport proves that the host is the one it says.
    pub(crate) fn is_authenticated(&self) -> bool {
        match self.text.split_once("://") {
            Some((scheme, _)) => matches!(scheme, "https" | "ssh"),
            None => true,
        }
    }

    pub(crate) fn repository(&self) -> Option<&Repository> {
        self.repository.as_ref()
    }
}

impl fmt::Debug for RemoteUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("RemoteUrl")
            .field(&self.text)
            .finish()
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl FromStr for Location {
    type Err = RepositoryError;

    fn from_str(text: &str) -> Result<Self, RepositoryError> {
        if text.is_empty() || text.starts_with('-') || text.chars().any(char::is_control) {
            return Err(malformed(text));
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return match scheme.to_ascii_lowercase().as_str() {
                "file" => {
                    let path = rest.strip_prefix("localhost").unwrap_or(rest);
                    if path.starts_with('/') {
                        Ok(Self::Path(PathBuf::from(path)))
                    } else {
                        Err(malformed(text))
                    }
                }
                scheme @ ("https" | "http" | "ssh" | "git") => url(scheme, rest, text),
                other => Err(RepositoryError::Transport(shown(other))),
            };
        }
        let before_slash = text.split('/').next().unwrap_or_default();
        if let Some((helper, _)) = before_slash.split_once("::") {
            return Err(RepositoryError::Transport(shown(helper)));
        }
        match before_slash.split_once(':') {
            Some((host, _)) => scp_like(host, text),
            None => Ok(Self::Path(PathBuf::from(text))),
        }
    }
}

/// `scheme://[user[:password]@]host[:port]/path`
fn url(scheme: &str, rest: &str, text: &str) -> Result<Location, RepositoryError> {
    let malformed = || malformed(text);
    let (authority, path) = rest.split_once('/').ok_or_else(malformed)?;
    let (user_info, host_and_port) = match authority.rsplit_once('@') {
        Some((user_info, host)) => (Some(user_info), host),
        None => (None, authority),
    };
    let host = match host_and_port.strip_prefix('[') {
        Some(address) => address.split_once(']').ok_or_else(malformed)?.0,
        None => host_and_port.split(':').next().unwrap_or_default(),
    };
    if host.is_empty() || host.starts_with('-') || path.is_empty() {
        return Err(malformed());
    }
    let (user, credentials) = match (scheme, user_info) {
        ("https" | "http", Some(held)) => {
            let (user, password) = held.split_once(':').unwrap_or((held, ""));
            let credentials = Credentials {
                user: decoded(user),
                password: decoded(password),
            };
            (String::new(), Some(credentials))
        }
        (_, Some(held)) => {
            let user = held.split(':').next().unwrap_or_default();
            if user.starts_with('-') {
                return Err(malformed());
            }
            (format!("{user}@"), None)
        }
        (_, None) => (String::new(), None),
    };
    Ok(Location::Url(RemoteUrl {
        text: format!("{scheme}://{user}{host_and_port}/{path}"),
        credentials,
        repository: Repository::from_path(host, path, text).ok(),
    }))
}

/// `[user@]host:path`, which git takes for ssh.
fn scp_like(user_and_host: &str, text: &str) -> Result<Location, RepositoryError> {
    let host = user_and_host
        .rsplit_once('@')
        .map_or(user_and_host, |(_, host)| host);
    let path = text.get(user_and_host.len() + 1..).unwrap_or_default();
    if host.is_empty() || host.starts_with('-') || path.is_empty() {
        return Err(malformed(text));
    }
    Ok(Location::Url(RemoteUrl {
        text: text.to_owned(),
        credentials: None,
        repository: Repository::from_path(host, path, text).ok(),
    }))
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(formatter),
            Self::Url(url) => url.fmt(formatter),
        }
    }
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

/// Never repeats what stands before an `@`, where a password may be.
fn malformed(text: &str) -> RepositoryError {
    RepositoryError::Malformed(match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => shown(&format!("{scheme}://…@{rest}")),
        _ => shown(text),
    })
}

/// A text that names no repository.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RepositoryError {
    #[error("\"{0}\" names no git repository")]
    Malformed(String),
    /// The address would make git run a helper program.
    #[error("git repositories over \"{0}\" are not asked")]
    Transport(String),
}

impl From<RepositoryError> for Error {
    fn from(error: RepositoryError) -> Self {
        let hint = match error {
            RepositoryError::Malformed(_) => "Write owner/name, or the URL that git clone takes.",
            RepositoryError::Transport(_) => "Use https, http, ssh, git, file, or a path.",
        };
        Self::new(Kind::Usage, error).hint(hint)
    }
}

#[cfg(test)]
#[path = "repository_tests.rs"]
mod tests;
