//! What a server leaves on disk: its state under a lock, and how to reach it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::world::World;

/// The file of a world's state, locked as long as this lives.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    /// Holds the lock.
    _lock: File,
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
    pub fn load(&self) -> io::Result<Option<World>> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
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
