//! Makes what the sandbox has on disk: the repository and the world.
//!
//! The world is there once its state is saved, which is the last step: a first use that was
//! interrupted is made again from the start.

use std::fs;
use std::io;

use jiff::Timestamp;
use kube_sandbox::server::StateFile;

use super::folder::{Folder, Held};
use super::repository::Commits;
use super::{past, repository};
use crate::error::Error;

/// Whether everything is there.
pub(super) fn is_made(folder: &Folder) -> bool {
    folder.state().exists() && folder.repository().exists()
}

/// Makes what is not there.
pub(super) fn complete(
    folder: &Folder,
    held: &Held,
    state: &StateFile,
    now: Timestamp,
) -> Result<(), Error> {
    if !folder.state().exists() {
        return anew(folder, held, state, now);
    }
    if !folder.repository().exists() {
        make_repository(folder)?;
    }
    Ok(())
}

/// Makes everything anew, whatever there was before.
pub(super) fn anew(
    folder: &Folder,
    _held: &Held,
    state: &StateFile,
    now: Timestamp,
) -> Result<(), Error> {
    let unusable = |error| folder.unusable(error);
    // First, so that an interruption leaves no world without its repository.
    absent(fs::remove_file(folder.state())).map_err(unusable)?;
    let commits = make_repository(folder)?;
    let world = past::live(&commits, now)?;
    state.save(&world).map_err(unusable)
}

/// Makes the repository beside its place and moves it there as a whole. Its commits are always the
/// same, so one that was made again fits the world.
fn make_repository(folder: &Folder) -> Result<Commits, Error> {
    let unusable = |error| folder.unusable(error);
    let aside = folder.repository().with_extension("new");
    absent(fs::remove_dir_all(&aside)).map_err(unusable)?;
    let commits = repository::make(&aside)?;
    absent(fs::remove_dir_all(folder.repository())).map_err(unusable)?;
    fs::rename(&aside, folder.repository()).map_err(unusable)?;
    Ok(commits)
}

/// Takes it for done that something is removed that was not there.
fn absent(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
