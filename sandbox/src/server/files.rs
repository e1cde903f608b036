//! What a server leaves on disk: its state under a lock, and how to reach it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::world::{World, form_of};

/// The file of a world's state, locked as long as this lives.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    /// Holds the lock.
    _lock: File,
}

/// How to reach a running server, as it says itself in a file that only its owner may read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// Where it listens; `None` if it serves its own process only.
    pub address: Option<SocketAddr>,
    /// The administrator's bearer token.
    pub token: String,
    /// Its process.
    pub pid: u32,
    /// Whether it ends when nobody needs it for a while.
    pub ends_when_idle: bool,
    /// The version of the program that serves.
    pub version: String,
}

impl Access {
    /// The version of the servers that this program starts.
    pub const VERSION: &str = env!("CARGO_PKG_VERSION");

    /// Reads what a server wrote; `None` if there is none, or nothing that makes sense.
    ///
    /// The server may have ended without taking it away: only an answer tells that it is there.
    pub fn read(path: &Path) -> Option<Access> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }
}

/// Why a state could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Another version of the program saved it.
    #[error("the saved state has form {found}, and this version knows form {known}")]
    OtherForm {
        /// The form that it has.
        found: u32,
        /// The form that it should have.
        known: u32,
    },
    /// It is no state, or one of a version that should have called its form another.
    #[error("the saved state cannot be understood")]
    Damaged(#[from] serde_json::Error),
    /// The file cannot be read.
    #[error("the saved state cannot be opened")]
    Unusable(#[from] io::Error),
}

/// Why a state file could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Locked {
    /// Another server has it.
    #[error("another sandbox serves this state")]
    ByAnother,
    /// The file or its lock cannot be used.
    #[error("the state file cannot be used")]
    Unusable(#[from] io::Error),
}

impl StateFile {
    /// Takes the lock on a state, which need not be there yet.
    pub fn lock(path: &Path) -> Result<StateFile, Locked> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let lock = private()
            .truncate(false)
            .open(path.with_extension("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(StateFile {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(Locked::ByAnother),
            Err(TryLockError::Error(error)) => Err(Locked::Unusable(error)),
        }
    }

    /// Reads the world that was saved, if one was.
    pub fn load(&self) -> Result<Option<World>, Unreadable> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| match form_of(&bytes) {
                Some(found) if found != World::FORM => Unreadable::OtherForm {
                    found,
                    known: World::FORM,
                },
                Some(_) | None => Unreadable::Damaged(error),
            })
    }

    /// Saves a world; a crash leaves the state before or this one.
    pub fn save(&self, world: &World) -> io::Result<()> {
        write_private(&self.path, world)
    }
}

/// Writes a file that only its owner may read, in one step.
pub(super) fn write_private(path: &Path, content: &impl Serialize) -> io::Result<()> {
    let bytes = serde_json::to_vec(content)?;
    let aside = path.with_extension("new");
    let mut file = private().truncate(true).open(&aside)?;
    file.write_all(&bytes)?;
    drop(file);
    fs::rename(&aside, path)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::WorldOptions;

    #[test]
    fn a_state_of_another_form_is_told_from_a_damaged_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("world.json");
        let state = StateFile::lock(&path).unwrap();
        state.save(&World::new(WorldOptions::default())).unwrap();
        assert!(state.load().unwrap().is_some());

        fs::write(&path, r#"{"form": 0, "sky": "blue"}"#).unwrap();
        let error = state.load().unwrap_err();
        assert!(matches!(
            error,
            Unreadable::OtherForm {
                found: 0,
                known: World::FORM
            }
        ));
        for text in ["", "{", r#"{"form": 1}"#, "[]"] {
            fs::write(&path, text).unwrap();
            let error = state.load().unwrap_err();
            assert!(matches!(error, Unreadable::Damaged(_)), "{text}");
        }
    }
}
