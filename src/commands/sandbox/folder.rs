//! Where the sandbox keeps its world, and the lock under which it is made and its server started.
//!
//! Knows paths only: what is in the files is others' business.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Kind};
use crate::surroundings::Variables;

/// How long another process may hold the lock: it makes a world, or waits for a server.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(10);

/// The sandbox's folder, which need not be there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder {
    state_home: PathBuf,
    path: PathBuf,
}

/// The right to make the world, and to start or end its server, as long as this lives.
#[derive(Debug)]
pub(super) struct Held {
    _file: File,
}

impl Folder {
    /// Finds the folder as the XDG specification says.
    pub(super) fn find(variables: &Variables) -> Result<Self, Error> {
        // A relative path does not count, says the specification.
        let absolute = |name| {
            variables
                .filled(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let state_home = absolute("XDG_STATE_HOME")
            .or_else(|| Some(absolute("HOME")?.join(".local").join("state")))
            .ok_or_else(|| {
                Error::new(Kind::Refused, "there is no folder to keep the sandbox in")
                    .hint("Set HOME or XDG_STATE_HOME to a folder that may be written to.")
            })?;
        let path = state_home.join("kube-deploy").join("sandbox");
        Ok(Self { state_home, path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The value of `XDG_STATE_HOME` that leads here.
    pub(super) fn state_home(&self) -> &Path {
        &self.state_home
    }

    /// The team's git repository.
    pub(super) fn repository(&self) -> PathBuf {
        self.path.join("shop.git")
    }

    /// The world of the cluster.
    pub(super) fn state(&self) -> PathBuf {
        self.path.join("world.json")
    }

    /// How to reach the server.
    pub(super) fn access(&self) -> PathBuf {
        self.path.join("server.json")
    }

    /// What the server in the background had to say.
    pub(super) fn log(&self) -> PathBuf {
        self.path.join("server.log")
    }

    /// Makes the folder, and waits for the lock on it.
    pub(super) async fn hold(&self) -> Result<Held, Error> {
        let unusable = |error| self.unusable(error);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.path)
            .map_err(unusable)?;
        let file = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(self.path.join("lock"))
            .map_err(unusable)?;
        let locked = async {
            loop {
                match file.try_lock() {
                    Ok(()) => return Ok(()),
                    Err(TryLockError::WouldBlock) => tokio::time::sleep(LOOK).await,
                    Err(TryLockError::Error(error)) => return Err(unusable(error)),
                }
            }
        };
        match tokio::time::timeout(PATIENCE, locked).await {
            Ok(locked) => locked.map(|()| Held { _file: file }),
            Err(_) => Err(Error::new(
                Kind::Busy,
                "another `kube` has been making or starting the sandbox for a minute",
            )
            .hint("Look for it with `ps`, and run the same command again when it has ended.")),
        }
    }

    /// Turns a failure to use the folder into an error that says where it is and what to do.
    pub(super) fn unusable(&self, source: io::Error) -> Error {
        Error::new(
            Kind::Refused,
            Unusable {
                path: self.path.clone(),
                source,
            },
        )
        .hint("Make it writable, or set XDG_STATE_HOME to a folder that is.")
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the sandbox cannot be kept in {}", path.display())]
struct Unusable {
    path: PathBuf,
    source: io::Error,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn found(variables: &[(&str, &str)]) -> Option<String> {
        let variables: BTreeMap<_, _> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let folder = Folder::find(&Variables(variables)).ok()?;
        Some(folder.path().display().to_string())
    }

    #[test]
    fn the_state_home_counts_then_the_home() {
        for (variables, expected) in [
            (
                &[("XDG_STATE_HOME", "/s"), ("HOME", "/h")][..],
                Some("/s/kube-deploy/sandbox"),
            ),
            (
                &[("XDG_STATE_HOME", ""), ("HOME", "/h")],
                Some("/h/.local/state/kube-deploy/sandbox"),
            ),
            (
                &[("XDG_STATE_HOME", "s"), ("HOME", "/h")],
                Some("/h/.local/state/kube-deploy/sandbox"),
            ),
            (&[("HOME", "h")], None),
            (&[], None),
        ] {
            assert_eq!(found(variables).as_deref(), expected, "{variables:?}");
        }
    }

    #[tokio::test]
    async fn one_at_a_time_holds_a_folder() {
        let home = tempfile::tempdir().expect("folder");
        let path = home.path().to_string_lossy().into_owned();
        let variables = Variables(BTreeMap::from([("XDG_STATE_HOME".to_owned(), path)]));
        let folder = Folder::find(&variables).expect("found");
        let first = folder.hold().await.expect("held");
        let mut second = std::pin::pin!(folder.hold());
        tokio::select! {
            biased;
            _ = &mut second => panic!("two hold it"),
            () = tokio::task::yield_now() => {}
        }
        drop(first);
        second.await.expect("held");
    }
}
