//! Parses what the user typed for a commit: a branch, a tag, a SHA, a pull request, or `@`.
//!
//! Names follow `git check-ref-format`, so nothing here can become an option or a glob of git's.

use std::fmt;
use std::str::FromStr;

use super::Commit;
use crate::error::{Error, Kind};

/// The fewest digits that git takes for a short SHA.
const SHORTEST_SHA: usize = 4;

/// The longest name: file systems that hold refs allow no more.
const LONGEST_NAME: usize = 250;

/// What the user typed, by the form in which it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GitRef {
    /// `@`, the commit that is checked out.
    Head,
    /// `pull/123`, the newest commit of a pull request.
    Pull(u64),
    /// 40 or 64 hexadecimal digits, which mean a commit and nothing else.
    Commit(Commit),
    /// `heads/x`, a branch and nothing else.
    Branch(RefName),
    /// `tags/x`, a tag and nothing else.
    Tag(RefName),
    /// `x`, which may be a branch, a tag, or the first digits of a SHA.
    Name(RefName),
}

impl FromStr for GitRef {
    type Err = RefError;

    fn from_str(text: &str) -> Result<Self, RefError> {
        match text {
            "@" => return Ok(Self::Head),
            "HEAD" => return Err(RefError::RemoteHead),
            _ => {}
        }
        let short = text.strip_prefix("refs/").unwrap_or(text);
        if let Some(name) = short.strip_prefix("heads/") {
            return RefName::parse(name).map(Self::Branch);
        }
        if let Some(name) = short.strip_prefix("tags/") {
            return RefName::parse(name).map(Self::Tag);
        }
        if let Some(number) = short.strip_prefix("pull/") {
            let number = number.strip_suffix("/head").unwrap_or(number);
            let is_plain = number.bytes().all(|b| b.is_ascii_digit());
            if let Ok(number @ 1..) = number.parse()
                && is_plain
            {
                return Ok(Self::Pull(number));
            }
        }
        if short != text {
            return Err(RefError::OtherNamespace);
        }
        match text.parse() {
            Ok(commit) => Ok(Self::Commit(commit)),
            Err(_) => RefName::parse(text).map(Self::Name),
        }
    }
}

impl fmt::Display for GitRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => formatter.write_str("@"),
            Self::Pull(number) => write!(formatter, "pull/{number}"),
            Self::Commit(commit) => write!(formatter, "{commit}"),
            Self::Branch(name) => write!(formatter, "heads/{name}"),
            Self::Tag(name) => write!(formatter, "tags/{name}"),
            Self::Name(name) => write!(formatter, "{name}"),
        }
    }
}

/// The name of a branch or tag, without `refs/heads/` or `refs/tags/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RefName(String);

impl RefName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the name in lower case if it could be the first digits of a SHA.
    pub(crate) fn as_short_sha(&self) -> Option<String> {
        let is_short = (SHORTEST_SHA..64).contains(&self.0.len());
        let is_hex = self.0.bytes().all(|b| b.is_ascii_hexdigit());
        (is_short && is_hex).then(|| self.0.to_ascii_lowercase())
    }

    /// Checks the rules of `git check-ref-format --branch`.
    pub(crate) fn parse(text: &str) -> Result<Self, RefError> {
        let wrong = |fault| {
            Err(RefError::Name {
                name: text.chars().take(LONGEST_NAME).collect(),
                fault,
            })
        };
        if text.is_empty() {
            return Err(RefError::Empty);
        }
        if text.len() > LONGEST_NAME {
            return wrong(Fault::Length);
        }
        if text.starts_with('-') {
            return wrong(Fault::Dash);
        }
        if text.chars().any(char::is_control) {
            return wrong(Fault::Control);
        }
        if let Some(character) = text.chars().find(|c| " ~^:?*[\\".contains(*c)) {
            return wrong(Fault::Character(character));
        }
        if text == "@" || text.contains("@{") {
            return wrong(Fault::At);
        }
        if text.contains("..") || text.ends_with('.') {
            return wrong(Fault::Dots);
        }
        let is_component =
            |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
        if text.split('/').all(is_component) {
            Ok(Self(text.to_owned()))
        } else {
            wrong(Fault::Component)
        }
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A text that cannot name a commit.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RefError {
    #[error("the ref is empty")]
    Empty,
    #[error("\"HEAD\" means one commit here and another one on the remote")]
    RemoteHead,
    #[error("only refs/heads/, refs/tags/, and refs/pull/ hold what can be deployed")]
    OtherNamespace,
    #[error("\"{name}\" is no name of a branch or tag: {fault}")]
    Name { name: String, fault: Fault },
}

/// The rule of git that a name breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("it is too long")]
    Length,
    #[error("it starts with \"-\"")]
    Dash,
    #[error("it has control characters")]
    Control,
    #[error("it has the character \"{0}\"")]
    Character(char),
    #[error("it has \"@{{\" or is \"@\"")]
    At,
    #[error("it has \"..\" or ends with \".\"")]
    Dots,
    #[error("a part of it is empty, starts with \".\", or ends with \".lock\"")]
    Component,
}

impl From<RefError> for Error {
    fn from(error: RefError) -> Self {
        let hint = match &error {
            RefError::RemoteHead => {
                "Write @ for the commit that is checked out, or the branch's name."
            }
            RefError::Name {
                fault: Fault::Character('~' | '^' | ':'),
                ..
            } => "Give the commit itself, as `git rev-parse` prints it.",
            RefError::Empty | RefError::OtherNamespace | RefError::Name { .. } => {
                "A ref is a branch, a tag, a SHA, pull/123, or @ for the commit that is checked out."
            }
        };
        Self::new(Kind::Usage, error).hint(hint)
    }
}

#[cfg(test)]
#[path = "reference_tests.rs"]
mod tests;
