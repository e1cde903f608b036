//! Says which commit the user means, how that was found out, and which commits go out with it.
//!
//! The types and decisions are pure. `git`, `github`, and `ls_remote` ask, and know neither each
//! other nor what their answers mean together.

mod decide;
pub(crate) mod git;
pub(crate) mod github;
pub(crate) mod ls_remote;
pub(crate) mod near;
mod outgoing;
mod percent;
pub(crate) mod program;
mod reference;
mod repository;
mod token;
mod ways;

use std::fmt;
use std::str::FromStr;

pub(crate) use decide::{Answer, Clues, Merged, ResolveError, decide};
pub(crate) use near::nearest;
pub(crate) use outgoing::{Direction, Outgoing, WhyUnknown};
pub(crate) use reference::{GitRef, RefName};
pub(crate) use repository::{GITHUB, Location, RemoteUrl, Repository};
pub(crate) use token::{Candidate, Secret, Token, TokenSource, TokenVariables};
pub(crate) use ways::{Failure, Remote, Way, remote_of, ways};

/// The full SHA of a commit, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Commit(String);

impl Commit {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first seven digits, for people.
    pub(crate) fn short(&self) -> &str {
        self.0.get(..7).unwrap_or(&self.0)
    }
}

impl FromStr for Commit {
    type Err = NotACommit;

    fn from_str(text: &str) -> Result<Self, NotACommit> {
        let is_full = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
        if is_full {
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err(NotACommit)
        }
    }
}

impl fmt::Display for Commit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A text that is not 40 or 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a full SHA is 40 or 64 hexadecimal digits")]
pub(crate) struct NotACommit;

/// A commit as one line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommitSummary {
    pub(crate) commit: Commit,
    pub(crate) subject: String,
    pub(crate) author: String,
}

/// What the user's ref turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Branch(RefName),
    Tag(RefName),
    Pull(u64),
    /// A full SHA, or digits that one commit's SHA starts with.
    Commit,
    /// `@`, with the branch that is checked out, if one is.
    Head {
        branch: Option<String>,
    },
}

/// Who said what the ref means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FoundBy {
    /// GitHub's API, or `git ls-remote`, or git2 on a path.
    Asked(Way),
    /// The checkout alone: `@`, or a short SHA that no remote could be asked about.
    Checkout,
    /// Nobody, because a full SHA says it all.
    Itself,
}

/// The commit to deploy; resolved once, and used by its full SHA from here on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) commit: Commit,
    pub(crate) named: Named,
    pub(crate) found_by: FoundBy,
    pub(crate) notes: Vec<Note>,
}

impl Resolved {
    /// Returns the branch's name for a tag template.
    pub(crate) fn branch(&self) -> Option<&str> {
        match &self.named {
            Named::Branch(name) => Some(name.as_str()),
            Named::Head { branch } => branch.as_deref(),
            Named::Tag(_) | Named::Pull(_) | Named::Commit => None,
        }
    }

    /// Returns the git tag's name for a tag template.
    pub(crate) fn tag(&self) -> Option<&str> {
        match &self.named {
            Named::Tag(name) => Some(name.as_str()),
            Named::Branch(_) | Named::Pull(_) | Named::Commit | Named::Head { .. } => None,
        }
    }
}

/// What the reader should know besides the commit; none of it stops a deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// The checkout's branch of this name stands elsewhere; what the remote says counts.
    LocalDiffers {
        branch: String,
        /// Commits that only the local branch has, and only the remote one, if both are at hand.
        ahead_behind: Option<(usize, usize)>,
    },
    /// `@` was asked for, and tracked files have changes that are in no commit.
    DirtyTree,
    /// `@` was asked for, and no branch is checked out.
    DetachedHead,
    /// The digits that were given, which one commit's SHA starts with.
    ShortSha(String),
    /// The checkout knows the commit, and no branch of the remote that it has seen holds it.
    NotPushed,
    /// The remote does not know the full SHA that was given, or does not show it.
    UnknownToRemote,
    /// Whether the full SHA exists could not be asked, or not in time.
    ExistenceUnknown,
    /// The pull request's commit is in this repository, a fork.
    FromFork(String),
    /// A way of asking failed, and the next one was taken.
    Failed(Failure),
    /// The checkout could not be read, so it was left out.
    CheckoutUnreadable(String),
}

#[cfg(test)]
pub(crate) mod repositories_for_tests;
