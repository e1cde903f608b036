//! Reads repositories on this machine with git2: the checkout, and remotes that are folders.
//!
//! Reads only, runs no program and no hook, and blocks: callers keep it off the async threads.
//! Whatever `.git/config` says can at worst be wrong.

mod history;

use std::path::{Path, PathBuf};
use std::time::Duration;

use git2::{ErrorCode, ObjectType, Oid, RepositoryOpenFlags, StatusOptions};

use super::{Answer, Commit, CommitSummary, GitRef, Location, Remote};
use crate::error::{Error, Kind};

/// How many commits an ambiguous short SHA is listed with.
const CANDIDATES: usize = 20;

/// A repository on this machine.
pub(crate) struct LocalRepository {
    repository: git2::Repository,
}

/// What is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) commit: Commit,
    /// The branch, unless HEAD is detached.
    pub(crate) branch: Option<String>,
}

impl LocalRepository {
    /// Finds the repository that `folder` is in; `None` if it is in none.
    pub(crate) fn discover(folder: &Path) -> Result<Option<Self>, GitError> {
        let none: [&Path; 0] = [];
        match git2::Repository::open_ext(folder, RepositoryOpenFlags::empty(), none) {
            Ok(repository) => Ok(Some(Self { repository })),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(GitError::opening(folder, &error)),
        }
    }

    /// Opens the repository at exactly `path`.
    pub(crate) fn open(path: &Path) -> Result<Self, GitError> {
        let none: [&Path; 0] = [];
        match git2::Repository::open_ext(path, RepositoryOpenFlags::NO_SEARCH, none) {
            Ok(repository) => Ok(Self { repository }),
            Err(error) => Err(GitError::opening(path, &error)),
        }
    }

    /// Returns the folder that is checked out, or that of a bare repository.
    pub(crate) fn folder(&self) -> &Path {
        self.repository
            .workdir()
            .unwrap_or_else(|| self.repository.path())
    }

    /// Returns the remotes whose addresses can be asked; others are left out.
    pub(crate) fn remotes(&self) -> Result<Vec<Remote>, GitError> {
        let names = self.repository.remotes()?;
        let folder = self.folder();
        let remotes = names.iter().filter_map(|name| {
            let name = name.ok()??;
            let remote = self.repository.find_remote(name).ok()?;
            let location = match remote.url().ok()?.parse().ok()? {
                Location::Path(path) => Location::Path(folder.join(path)),
                url @ Location::Url(_) => url,
            };
            Some(Remote {
                name: name.to_owned(),
                location,
            })
        });
        Ok(remotes.collect())
    }

    /// Returns what is checked out; `None` where there is no commit yet.
    pub(crate) fn head(&self) -> Result<Option<Head>, GitError> {
        let head = match self.repository.head() {
            Ok(head) => head,
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let branch = head
            .name_bytes()
            .strip_prefix(b"refs/heads/")
            .map(|name| String::from_utf8_lossy(name).into_owned());
        let commit = commit_of(head.peel_to_commit()?.id());
        Ok(commit.map(|commit| Head { commit, branch }))
    }

    /// Tells whether tracked files differ from what is checked out.
    pub(crate) fn is_dirty(&self) -> Result<bool, GitError> {
        if self.repository.is_bare() {
            return Ok(false);
        }
        let mut options = StatusOptions::new();
        options.include_untracked(false).exclude_submodules(true);
        Ok(!self.repository.statuses(Some(&mut options))?.is_empty())
    }

    /// Returns what this repository's own branches, tags, and commits say about `reference`.
    pub(crate) fn answer(&self, reference: &GitRef) -> Result<Answer, GitError> {
        let mut answer = Answer::default();
        match reference {
            GitRef::Branch(name) => answer.branch = self.branch(name.as_str())?,
            GitRef::Tag(name) => answer.tag = self.exact(&format!("refs/tags/{name}"))?,
            GitRef::Pull(number) => {
                answer.pull = self.exact(&format!("refs/pull/{number}/head"))?;
            }
            GitRef::Name(name) => {
                answer.branch = self.branch(name.as_str())?;
                answer.tag = self.exact(&format!("refs/tags/{name}"))?;
                if let Some(digits) = name.as_short_sha() {
                    answer.commits = self.commits_starting_with(&digits)?;
                }
            }
            GitRef::Commit(commit) => {
                answer.branch = self.branch(commit.as_str())?;
                answer.tag = self.exact(&format!("refs/tags/{commit}"))?;
                answer.commits = self.commits_starting_with(commit.as_str())?;
            }
            GitRef::Head => {}
        }
        Ok(answer)
    }

    /// Returns the commit of the branch of this name.
    pub(crate) fn branch(&self, name: &str) -> Result<Option<Commit>, GitError> {
        self.exact(&format!("refs/heads/{name}"))
    }

    /// Returns the commits whose SHA, or that of their tag object, starts with `digits`.
    ///
    /// Files and folders with such a SHA are not candidates.
    pub(crate) fn commits_starting_with(
        &self,
        digits: &str,
    ) -> Result<Vec<CommitSummary>, GitError> {
        // Longer ones are of another kind of repository than git2 reads.
        let Ok(prefix) = Oid::from_str(digits) else {
            return Ok(Vec::new());
        };
        let odb = self.repository.odb()?;
        let found = match odb.exists_prefix(prefix, digits.len()) {
            Ok(id) => vec![id],
            Err(error) if error.code() == ErrorCode::Ambiguous => {
                let mut found = Vec::new();
                odb.foreach(|id| {
                    if id.to_string().starts_with(digits) {
                        found.push(*id);
                    }
                    true
                })?;
                found
            }
            Err(error) if error.code() == ErrorCode::NotFound => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let mut commits: Vec<CommitSummary> = Vec::new();
        for id in found {
            let Ok(object) = self.repository.find_object(id, None) else {
                continue;
            };
            let summary = match object.kind() {
                Some(ObjectType::Commit | ObjectType::Tag) => object
                    .peel_to_commit()
                    .ok()
                    .and_then(|commit| summary_of(&commit)),
                Some(_) | None => None,
            };
            if let Some(summary) = summary
                && !commits.contains(&summary)
            {
                commits.push(summary);
            }
        }
        commits.sort_by(|one, other| one.commit.cmp(&other.commit));
        commits.truncate(CANDIDATES);
        Ok(commits)
    }

    /// Tells whether the repository has this very commit.
    pub(crate) fn has(&self, commit: &Commit) -> Result<bool, GitError> {
        let found = self.repository.find_commit(id_of(commit)?);
        Ok(found.is_ok())
    }

    /// Tells whether a branch of `remote` holds `commit`, as far as it was fetched.
    pub(crate) fn is_pushed(&self, remote: &str, commit: &Commit) -> Result<bool, GitError> {
        // A walk would take the SHA of a tag object for its commit.
        if !self.has(commit)? {
            return Ok(false);
        }
        let mut walk = self.repository.revwalk()?;
        walk.push(id_of(commit)?)?;
        walk.hide_glob(&format!("refs/remotes/{remote}/*"))?;
        Ok(walk.next().is_none())
    }

    /// Returns the names of this repository's own branches and tags.
    pub(crate) fn names(&self) -> Result<Vec<String>, GitError> {
        self.names_under(&["refs/heads/", "refs/tags/"])
    }

    /// Returns the names of this repository's own branches.
    pub(crate) fn branch_names(&self) -> Result<Vec<String>, GitError> {
        self.names_under(&["refs/heads/"])
    }

    fn names_under(&self, folders: &[&str]) -> Result<Vec<String>, GitError> {
        let mut names = Vec::new();
        for reference in self.repository.references()?.flatten() {
            let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
            let short = folders.iter().find_map(|folder| name.strip_prefix(folder));
            names.extend(short.filter(|short| *short != "HEAD").map(str::to_owned));
        }
        Ok(names)
    }

    fn exact(&self, name: &str) -> Result<Option<Commit>, GitError> {
        match self.repository.find_reference(name) {
            Ok(reference) => match reference.peel_to_commit() {
                Ok(commit) => Ok(commit_of(commit.id())),
                // A tag of a file or folder is no commit.
                Err(error) if matches!(error.code(), ErrorCode::Peel | ErrorCode::InvalidSpec) => {
                    Ok(None)
                }
                Err(error) => Err(error.into()),
            },
            Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::InvalidSpec) => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Returns the command by which the user's own configuration starts ssh.
///
/// A repository's configuration is not read: it may name any command.
pub(crate) fn user_ssh_command() -> Option<String> {
    git2::Config::open_default()
        .and_then(|mut config| config.snapshot())
        .and_then(|config| config.get_string("core.sshCommand"))
        .ok()
        .filter(|command| !command.is_empty())
}

/// Returns the name that the user's own configuration signs commits with.
pub(crate) fn user_name() -> Option<String> {
    git2::Config::open_default()
        .and_then(|mut config| config.snapshot())
        .and_then(|config| config.get_string("user.name"))
        .ok()
        .filter(|name| !name.is_empty())
}

fn commit_of(id: Oid) -> Option<Commit> {
    id.to_string().parse().ok()
}

fn id_of(commit: &Commit) -> Result<Oid, GitError> {
    Ok(Oid::from_str(commit.as_str())?)
}

fn summary_of(commit: &git2::Commit<'_>) -> Option<CommitSummary> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(CommitSummary {
        commit: commit_of(commit.id())?,
        subject: commit.summary_bytes().map(text).unwrap_or_default(),
        author: text(commit.author().name_bytes()),
    })
}

/// Why a repository could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    /// There is no repository at that place.
    #[error("{} is no git repository", .path.display())]
    Absent { path: PathBuf },
    /// Another user owns the folder, so its configuration is not trusted.
    #[error("{} belongs to another user", .path.display())]
    NotOwned { path: PathBuf },
    /// It took longer than it may.
    #[error("reading the git repository took longer than {} s", .limit.as_secs_f32())]
    Slow { limit: Duration },
    /// The repository is damaged, or of a kind that git2 does not read.
    #[error("git repository: {0}")]
    Unreadable(String),
}

impl GitError {
    fn opening(path: &Path, error: &git2::Error) -> Self {
        let path = path.to_owned();
        match error.code() {
            ErrorCode::NotFound => Self::Absent { path },
            ErrorCode::Owner => Self::NotOwned { path },
            _ => Self::Unreadable(error.message().to_owned()),
        }
    }
}

impl From<git2::Error> for GitError {
    fn from(error: git2::Error) -> Self {
        Self::Unreadable(error.message().to_owned())
    }
}

impl From<GitError> for Error {
    fn from(error: GitError) -> Self {
        match &error {
            GitError::Absent { .. } => Self::new(Kind::NotFound, error),
            GitError::NotOwned { path } => {
                let quoted = path.display().to_string().replace('\'', "'\\''");
                let hint =
                    format!("If you trust it: git config --global --add safe.directory '{quoted}'");
                Self::new(Kind::Denied, error).hint(hint)
            }
            GitError::Unreadable(_) | GitError::Slow { .. } => Self::new(Kind::Unreachable, error),
        }
    }
}

#[cfg(test)]
mod tests;
