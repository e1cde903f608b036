//! The checkout that the command runs in, if it is one of the repository in question.

use std::path::{Path, PathBuf};

use super::{Place, Sources};
use crate::error::Error;
use crate::resolve::git::{GitError, Head, LocalRepository};
use crate::resolve::{Commit, CommitSummary, Location, Note, RefName, Remote, remote_of};

/// What was found where the command runs.
pub(super) struct Here {
    pub(super) checkout: Option<Checkout>,
    /// There is a checkout, and it is of another repository.
    pub(super) is_other: bool,
    /// There is a checkout that cannot be read.
    pub(super) unreadable: Option<Error>,
}

/// A checkout of the repository in question.
pub(super) struct Checkout {
    folder: PathBuf,
    /// `None` where the checkout itself is the place that the user's configuration names.
    remote: Option<Remote>,
}

impl Here {
    pub(super) async fn find(place: Place<'_>, sources: &Sources) -> Self {
        let mut here = Self {
            checkout: None,
            is_other: false,
            unreadable: None,
        };
        let Some(folder) = place.folder.map(Path::to_owned) else {
            return here;
        };
        let found = blocking(sources, move || {
            let Some(git) = LocalRepository::discover(&folder)? else {
                return Ok(None);
            };
            Ok(Some((git.folder().to_owned(), git.remotes()?)))
        })
        .await;
        match found {
            Ok(Some((folder, remotes))) => {
                let remote = remote_of(place.repository, place.mapped, &remotes).cloned();
                let is_mapped_place = match place.mapped {
                    Some(Location::Path(path)) => is_same_folder(path, &folder),
                    Some(Location::Url(_)) | None => false,
                };
                if is_mapped_place {
                    here.checkout = Some(Checkout {
                        folder,
                        remote: None,
                    });
                } else if remote.is_some() {
                    here.checkout = Some(Checkout { folder, remote });
                } else {
                    here.is_other = true;
                }
            }
            Ok(None) => {}
            Err(error) => here.unreadable = Some(error.into()),
        }
        here
    }

    pub(super) fn notes(&self) -> Vec<Note> {
        self.unreadable
            .iter()
            .map(|error| Note::CheckoutUnreadable(error.to_string()))
            .collect()
    }
}

fn is_same_folder(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Whatever cannot be read is as if the checkout did not know it.
impl Checkout {
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn remote(&self) -> Option<&Remote> {
        self.remote.as_ref()
    }

    /// Returns what is checked out, and whether tracked files differ from it.
    pub(super) async fn head(&self, sources: &Sources) -> Result<(Option<Head>, bool), Error> {
        let head = read(sources, self.folder.clone(), |git| git.head()).await?;
        Ok((head, self.is_dirty(sources).await))
    }

    /// Tells whether the remote is known to have `commit`.
    pub(super) async fn is_pushed(&self, sources: &Sources, commit: &Commit) -> bool {
        let commit = commit.clone();
        let remote = self.remote.as_ref().map(|remote| remote.name.clone());
        read(sources, self.folder.clone(), move |git| match remote {
            Some(remote) => git.is_pushed(&remote, &commit),
            None => git.has(&commit),
        })
        .await
        .unwrap_or(false)
    }

    pub(super) async fn commits_starting_with(
        &self,
        sources: &Sources,
        digits: String,
    ) -> Vec<CommitSummary> {
        read(sources, self.folder.clone(), move |git| {
            git.commits_starting_with(&digits)
        })
        .await
        .unwrap_or_default()
    }

    pub(super) async fn has_branch(&self, sources: &Sources, name: &RefName) -> bool {
        let name = name.to_string();
        read(sources, self.folder.clone(), move |git| git.branch(&name))
            .await
            .is_ok_and(|branch| branch.is_some())
    }

    /// Says where the checkout's own branch differs from the remote's.
    pub(super) async fn compare(
        &self,
        sources: &Sources,
        name: &RefName,
        remote: &Commit,
    ) -> Vec<Note> {
        let (branch, remote) = (name.to_string(), remote.clone());
        let read = read(sources, self.folder.clone(), move |git| {
            let is_checked_out = git
                .head()?
                .is_some_and(|head| head.branch.as_deref() == Some(branch.as_str()));
            let differs = match git.branch(&branch)? {
                Some(local) if local != remote => Some(Note::LocalDiffers {
                    ahead_behind: git.ahead_behind(&local, &remote)?,
                    branch,
                }),
                Some(_) | None => None,
            };
            Ok((differs, is_checked_out))
        });
        let (differs, is_checked_out) = read.await.unwrap_or_default();
        let mut notes: Vec<Note> = differs.into_iter().collect();
        if is_checked_out && self.is_dirty(sources).await {
            notes.push(Note::DirtyTree);
        }
        notes
    }

    async fn is_dirty(&self, sources: &Sources) -> bool {
        read(sources, self.folder.clone(), |git| git.is_dirty())
            .await
            .unwrap_or(false)
    }
}

/// Opens the repository at `path` and reads it, off the async threads and within the time limit.
pub(super) async fn read<T: Send + 'static>(
    sources: &Sources,
    path: PathBuf,
    work: impl FnOnce(&LocalRepository) -> Result<T, GitError> + Send + 'static,
) -> Result<T, GitError> {
    blocking(sources, move || work(&LocalRepository::open(&path)?)).await
}

async fn blocking<T: Send + 'static>(
    sources: &Sources,
    work: impl FnOnce() -> Result<T, GitError> + Send + 'static,
) -> Result<T, GitError> {
    let limit = sources.limits.local;
    match tokio::time::timeout(limit, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => Err(GitError::Unreadable("reading it broke off".to_owned())),
        Err(_) => Err(GitError::Slow { limit }),
    }
}
