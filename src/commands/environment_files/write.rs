//! Writes the user's configuration: as a whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::fault::{FileError, NamedBy};
use super::read::read_text;
use crate::environment::keep::Kept;
use crate::error::Error;
use crate::process::random;

/// Puts a chosen context into the user's configuration, which is made if it is not there.
///
/// The file is replaced as a whole or not at all, keeps its permissions, and is readable by its
/// owner only if it is new. A link is followed: what it leads to is replaced.
pub(crate) fn keep(path: &Path, kept: &Kept, commands: &[&str]) -> Result<(), Error> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let before = read_if_there(&path)?;
    let shown = path.display().to_string();
    let after = kept.add_to(&shown, before.as_deref().unwrap_or_default(), commands)?;
    let unwritable = |source| FileError::Unwritable {
        path: path.clone(),
        source,
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(unwritable)?;
    let temporary = folder.join(format!(".config.yaml.{:016x}", random()));
    let result = write_new(&temporary, &path, &after)
        .map_err(unwritable)
        .and_then(|()| match read_if_there(&path)? == before {
            true => fs::rename(&temporary, &path).map_err(unwritable),
            false => Err(FileError::Changed { path: path.clone() }),
        });
    if result.is_err() {
        // It holds nothing that is not in the file already, and it may not exist.
        drop(fs::remove_file(&temporary));
    }
    Ok(result?)
}

fn write_new(temporary: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(temporary)?;
    file.write_all(text.as_bytes())?;
    if let Ok(data) = fs::metadata(path) {
        file.set_permissions(data.permissions())?;
    }
    file.sync_all()
}

fn read_if_there(path: &Path) -> Result<Option<String>, FileError> {
    match read_text(path, NamedBy::Convention) {
        Ok(text) => Ok(Some(text)),
        Err(FileError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
