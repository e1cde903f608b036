//! Reads a file that a person may have named wrongly: whole, as text, and never without end.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::fault::{FileError, NamedBy};
use super::text::decode;

/// No configuration is larger; a kubeconfig of a thousand clusters is not, either.
pub(super) const LARGEST: u64 = 16 << 20;

pub(super) fn read_text(path: &Path, named_by: NamedBy) -> Result<String, FileError> {
    let bytes = read_bytes(path, named_by)?;
    decode(bytes).map_err(|why| FileError::NotText {
        path: path.to_owned(),
        why,
    })
}

pub(super) fn read_bytes(path: &Path, named_by: NamedBy) -> Result<Vec<u8>, FileError> {
    let fault = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FileError::Missing {
            path: path.to_owned(),
            named_by,
        },
        io::ErrorKind::IsADirectory => FileError::Directory {
            path: path.to_owned(),
            named_by,
        },
        _ => FileError::Unreadable {
            path: path.to_owned(),
            source,
        },
    };
    let file = fs::File::open(path).map_err(fault)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(fault)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST) {
        return Err(FileError::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(bytes)
}
