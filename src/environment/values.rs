//! The values that configuration and annotations are made of: parsed once, from text.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

/// A text that is not a value of its kind; the text of the error says why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadValue(String);

/// Shows a foreign text in an error: escaped, and cut where it is long.
fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.is_empty() {
        return "an empty text".to_owned();
    }
    let shown: String = text.escape_debug().take(LONGEST + 1).collect();
    match shown.chars().count() > LONGEST {
        true => format!("`{}…`", shown.chars().take(LONGEST).collect::<String>()),
        false => format!("`{shown}`"),
    }
}

/// Defines an enum whose variants are words; a later variant is the stricter one.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        #[serde(try_from = "String")]
        pub(crate) enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            pub(crate) const WORDS: &'static [&'static str] = &[$($word),+];
        }

        impl FromStr for $name {
            type Err = BadValue;

            fn from_str(text: &str) -> Result<Self, BadValue> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    other => Err(BadValue(format!(
                        "{} is none of {}",
                        quoted(other),
                        Self::WORDS.join(", ")
                    ))),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadValue;

            fn try_from(text: String) -> Result<Self, BadValue> {
                text.parse()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(match self {
                    $(Self::$variant => $word,)+
                })
            }
        }
    };
}

words! {
    /// What is asked before a deploy.
    Confirm {
        Never = "never",
        /// Enter, on a terminal.
        Ask = "ask",
        /// The environment's name: typed, or given by `--confirm`.
        Name = "name",
    }
}

words! {
    /// What to do about a target whose healthy rollout has not ended.
    Busy {
        Supersede = "supersede",
        Wait = "wait",
        Refuse = "refuse",
    }
}

words! {
    /// How far zero downtime is enforced.
    Strategy {
        Keep = "keep",
        Warn = "warn",
        ZeroDowntime = "zero-downtime",
    }
}

words! {
    /// What to do after a definite failure. None of them is stricter than another.
    OnFailure {
        Keep = "keep",
        Rollback = "rollback",
        Ask = "ask",
    }
}

/// Defines a newtype around a text that was checked when it was made.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $parse:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        #[serde(try_from = "String")]
        pub(crate) struct $name(String);

        impl $name {
            pub(crate) fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadValue;

            fn from_str(text: &str) -> Result<Self, BadValue> {
                let parse: fn(&str) -> Result<String, BadValue> = $parse;
                parse(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadValue;

            fn try_from(text: String) -> Result<Self, BadValue> {
                text.parse()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text! {
    /// What the user types for an environment.
    EnvironmentName, environment_name
}

text! {
    /// A repository as GitHub names it: `owner/name`, or `group/…/name` elsewhere.
    RepositoryName, repository_name
}

text! {
    /// Where git finds a repository: a URL, `user@host:path`, or an absolute path.
    GitLocation, git_location
}

text! {
    /// A host, with a port if it is not the usual one, in lower case.
    Host, host
}

text! {
    /// The base URL of a service: https, or http on this machine; no user, no slash at its end.
    ServiceUrl, service_url
}

text! {
    /// A branch's name, in which `*` stands for any text, slashes included.
    BranchPattern, branch_pattern
}

text! {
    /// A line of text that is not blank.
    Line, line
}

impl BranchPattern {
    pub(crate) fn matches(&self, branch: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = branch.strip_prefix(first) else {
            return false;
        };
        let mut parts = parts.peekable();
        if parts.peek().is_none() {
            return rest.is_empty();
        }
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return rest.ends_with(part);
            }
            match rest.find(part) {
                Some(start) => rest = rest.get(start + part.len()..).unwrap_or_default(),
                None => return false,
            }
        }
        true
    }

    /// Returns the one branch that this pattern means, if it has no `*`.
    pub(crate) fn exact(&self) -> Option<&str> {
        (!self.0.contains('*')).then_some(self.as_str())
    }
}

/// A grace in the `patience:` section: `500ms`, `10s`, `1m 30s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Grace(pub(crate) Duration);

impl TryFrom<String> for Grace {
    type Error = BadValue;

    fn try_from(text: String) -> Result<Self, BadValue> {
        text.parse::<jiff::SignedDuration>()
            .ok()
            .and_then(|duration| Duration::try_from(duration).ok())
            .map(Self)
            .ok_or_else(|| {
                BadValue(format!(
                    "{} is no duration such as 500ms, 10s, or 1m 30s",
                    quoted(&text)
                ))
            })
    }
}

fn environment_name(text: &str) -> Result<String, BadValue> {
    let is_word = |c: char| c.is_alphanumeric() || ".-_/@:".contains(c);
    if text.starts_with(char::is_alphanumeric) && text.chars().all(is_word) {
        return Ok(text.to_owned());
    }
    Err(BadValue(format!(
        "{} cannot be an environment: a name starts with a letter or digit and holds only those and `.-_/@:`",
        quoted(text)
    )))
}

fn repository_name(text: &str) -> Result<String, BadValue> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let is_part = |part: &str| {
        part.chars().all(is_word)
            && part.starts_with(|c: char| c != '-')
            && part != "."
            && part != ".."
    };
    if text.contains('/') && text.split('/').all(is_part) {
        return Ok(text.to_owned());
    }
    Err(BadValue(format!(
        "{} is no repository such as owner/name",
        quoted(text)
    )))
}

fn git_location(text: &str) -> Result<String, BadValue> {
    let bad = |why: &str| {
        Err(BadValue(format!(
            "{} {why}",
            quoted(&without_password(text))
        )))
    };
    if text.chars().any(char::is_control) || text.trim() != text || text.is_empty() {
        return bad("is no place of a repository");
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        if !["https", "http", "ssh", "git", "file"].contains(&scheme) {
            return bad("begins with none of https://, http://, ssh://, git://, file://");
        }
        let authority = rest.split('/').next().unwrap_or_default();
        return match authority.rsplit_once('@') {
            Some((user, _)) if user.contains(':') => {
                bad("holds a password: leave it to git's credential helpers")
            }
            Some(_) | None => Ok(text.to_owned()),
        };
    }
    if text.starts_with('/') {
        return Ok(text.to_owned());
    }
    // `ext::sh -c …` and the like make git run a command.
    match text.split_once(':') {
        Some((host, path))
            if !path.starts_with(':')
                && !path.is_empty()
                && !host.is_empty()
                && !host.starts_with('-')
                && !host.contains('/') =>
        {
            Ok(text.to_owned())
        }
        Some(_) | None => bad("is neither a URL, nor user@host:path, nor an absolute path"),
    }
}

fn without_password(text: &str) -> String {
    match text.split_once("://").zip(text.rsplit_once('@')) {
        Some(((scheme, _), (_, rest))) => format!("{scheme}://…@{rest}"),
        None => text.to_owned(),
    }
}

fn host(text: &str) -> Result<String, BadValue> {
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    if !text.is_empty() && text.chars().all(is_host) && !text.starts_with(['-', ':']) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(BadValue(format!(
        "{} is no host such as ghcr.io or registry:5000",
        quoted(text)
    )))
}

fn service_url(text: &str) -> Result<String, BadValue> {
    let bad = |why: &str| {
        Err(BadValue(format!(
            "{} {why}",
            quoted(&without_password(text))
        )))
    };
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) || text.contains(['?', '#']) {
        return bad("is no URL such as https://github.example.com/api/v3");
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return bad("is no URL such as https://github.example.com/api/v3");
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.is_empty() || authority.contains('@') {
        return bad("has to name a host, and no user");
    }
    if scheme == "https" || is_plain_loopback(text) {
        return Ok(text.trim_end_matches('/').to_owned());
    }
    bad("is not https, which every host but this machine needs")
}

/// Tells whether a URL is plain http to this machine, where nobody can listen in.
pub(crate) fn is_plain_loopback(url: &str) -> bool {
    match url.split_once("://") {
        Some((scheme, rest)) => {
            scheme.eq_ignore_ascii_case("http")
                && is_loopback(rest.split('/').next().unwrap_or_default())
        }
        None => false,
    }
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((address, _)) => address,
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host == "::1" || is_loopback_address(host)
}

/// Tells whether a host is an address of 127.0.0.0/8.
fn is_loopback_address(host: &str) -> bool {
    let parts: Vec<&str> = host.split('.').collect();
    matches!(parts.as_slice(), ["127", rest @ ..] if rest.len() == 3 && rest.iter().all(|part| part.parse::<u8>().is_ok()))
}

fn branch_pattern(text: &str) -> Result<String, BadValue> {
    let is_bad = |c: char| c.is_control() || c.is_whitespace() || "~^:?[\\".contains(c);
    if text.is_empty()
        || text.starts_with(['-', '/'])
        || text.contains("..")
        || text.chars().any(is_bad)
    {
        return Err(BadValue(format!(
            "{} is no branch such as main or release/*",
            quoted(text)
        )));
    }
    Ok(text.to_owned())
}

fn line(text: &str) -> Result<String, BadValue> {
    match text.trim().is_empty() || text.chars().any(char::is_control) {
        true => Err(BadValue(format!("{} is no line of text", quoted(text)))),
        false => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests;
