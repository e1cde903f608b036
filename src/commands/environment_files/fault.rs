//! What can be wrong with a file, in words.

use std::io;
use std::path::PathBuf;

use super::read::LARGEST;
use super::text::BadText;
use crate::error::{Error, Kind};

/// Something about a file that its owner should know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FileWarning {
    /// It holds a credential.
    #[error("{} holds a credential and can be read by everybody: chmod go-rwx {}", .0.display(), .0.display())]
    WorldReadable(PathBuf),
    /// One of several, as for kubectl no error.
    #[error("KUBECONFIG names {}, which does not exist", .0.display())]
    Missing(PathBuf),
    #[error("{} is empty", .0.display())]
    Empty(PathBuf),
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("{} does not exist ({named_by})", .path.display())]
    Missing { path: PathBuf, named_by: NamedBy },
    #[error("{} is a directory ({named_by})", .path.display())]
    Directory { path: PathBuf, named_by: NamedBy },
    #[error("{} is empty ({named_by})", .path.display())]
    Empty { path: PathBuf, named_by: NamedBy },
    #[error("{} could not be read", .path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is no text: {why}", .path.display())]
    NotText { path: PathBuf, why: BadText },
    /// Nobody writes that much by hand.
    #[error("{} is larger than {} MiB", .path.display(), LARGEST >> 20)]
    TooLarge { path: PathBuf },
    /// A checkout's file that leads somewhere else.
    #[error("{} is a link or no file, and a checkout's configuration has to be a file", .path.display())]
    NotAFile { path: PathBuf },
    #[error("{} could not be written", .path.display())]
    Unwritable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Between the reading and the writing.
    #[error("{} was changed by somebody else in the meantime", .path.display())]
    Changed { path: PathBuf },
    /// `--context in-cluster` where there is nothing of a cluster.
    #[error("the credentials of a pod were asked for, and this is none")]
    NotInCluster,
}

/// What led to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamedBy {
    Flag(&'static str),
    Variable(&'static str),
    /// Nobody named it.
    Convention,
    /// A cluster in a kubeconfig.
    Kubeconfig,
}

impl std::fmt::Display for NamedBy {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(flag) => write!(formatter, "named by {flag}"),
            Self::Variable(name) => write!(formatter, "named by {name}"),
            Self::Convention => formatter.write_str("the usual place"),
            Self::Kubeconfig => formatter.write_str("named by a kubeconfig"),
        }
    }
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        let (kind, hint) = match &error {
            FileError::Missing { named_by, .. }
            | FileError::Directory { named_by, .. }
            | FileError::Empty { named_by, .. } => {
                let hint = match named_by {
                    NamedBy::Flag(flag) => Some(format!("Correct the path after {flag}.")),
                    NamedBy::Variable(name) => Some(format!("Correct {name}, or unset it.")),
                    NamedBy::Convention | NamedBy::Kubeconfig => None,
                };
                (Kind::NotFound, hint)
            }
            FileError::Unreadable { .. }
            | FileError::NotText { .. }
            | FileError::TooLarge { .. } => (Kind::NotFound, None),
            FileError::NotInCluster => (
                Kind::NotFound,
                Some(
                    "In a pod, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are set."
                        .to_owned(),
                ),
            ),
            FileError::NotAFile { .. } => (
                Kind::Refused,
                Some("Somebody may want to have another file shown; look at it.".to_owned()),
            ),
            FileError::Unwritable { .. } => (Kind::Refused, None),
            FileError::Changed { .. } => (
                Kind::Refused,
                Some("Run the same command again.".to_owned()),
            ),
        };
        hint.into_iter().fold(Self::new(kind, error), Self::hint)
    }
}
