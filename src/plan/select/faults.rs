//! All that can keep a run from knowing its targets, collected over all Deployments.

use super::annotations::OddValue;
use crate::error::{Error, Kind};
use crate::image::ImageError;
use crate::plan::report::Report;
use crate::plan::words;
use crate::resolve::Repository;

/// One reason why targets cannot be told.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No Deployment says that it takes part.
    NothingAnnotated {
        /// The key that was looked for.
        key: String,
        deployments: usize,
        /// Prefixes under which the same key was found.
        elsewhere: Vec<String>,
    },
    /// `--target` names what is not there.
    NoSuchDeployment {
        name: String,
        nearest: Option<String>,
        existing: Vec<String>,
    },
    /// The object of a list is no Deployment that can be read.
    Unreadable {
        deployment: String,
        why: String,
    },
    /// A key that nearly is one of ours.
    Misspelt {
        deployment: String,
        key: String,
        meant: String,
    },
    /// The annotation stands on the pod template.
    Misplaced {
        deployment: String,
        key: String,
    },
    /// The annotation stands on something that is no Deployment.
    OtherKind {
        kind: String,
        name: String,
        key: String,
    },
    OddValue {
        deployment: String,
        odd: OddValue,
    },
    /// Several containers, and nothing says which.
    Unnamed {
        deployment: String,
        key: String,
        containers: Vec<String>,
    },
    NoContainer {
        deployment: String,
        container: String,
        nearest: Option<String>,
        existing: Vec<String>,
    },
    /// One container is named as target twice.
    NamedTwice {
        deployment: String,
        container: String,
    },
    /// One container has two entries in `github`.
    ClaimedTwice {
        deployment: String,
        container: String,
        repositories: Vec<String>,
    },
    /// Nothing says which repository a target is built from.
    NoRepository {
        deployment: String,
        container: String,
        key: String,
    },
    /// The targets are of several repositories, and nothing chooses.
    Disagreement {
        /// Each with its targets, as deployment and container.
        repositories: Vec<(Repository, Vec<(String, String)>)>,
    },
    /// `--repo` names a repository that no target is built from.
    NoTargetOf {
        repository: Repository,
        present: Vec<Repository>,
    },
    /// What a target runs is no image that another tag could be put on.
    BadImage {
        deployment: String,
        container: String,
        error: ImageError,
    },
    /// `--image` is of a repository that no target runs.
    OtherImage {
        image: String,
        running: Vec<String>,
    },
}

impl Fault {
    fn kind(&self) -> Kind {
        match self {
            Self::NothingAnnotated { .. }
            | Self::NoSuchDeployment { .. }
            | Self::Misplaced { .. }
            | Self::NoTargetOf { .. }
            | Self::OtherImage { .. } => Kind::NotFound,
            Self::Unreadable { .. } => Kind::Unreachable,
            Self::Misspelt { .. }
            | Self::OtherKind { .. }
            | Self::OddValue { .. }
            | Self::Unnamed { .. }
            | Self::NoContainer { .. }
            | Self::NamedTwice { .. }
            | Self::ClaimedTwice { .. }
            | Self::NoRepository { .. }
            | Self::Disagreement { .. }
            | Self::BadImage { .. } => Kind::Refused,
        }
    }
}

/// Every fault that was found, at least one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self(faults)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }
}

impl From<Faults> for Error {
    fn from(faults: Faults) -> Self {
        // What is not there outranks what is wrong, so that a report with both reads as "not found".
        let kind = [Kind::NotFound, Kind::Refused]
            .into_iter()
            .find(|kind| faults.iter().any(|fault| fault.kind() == *kind))
            .unwrap_or(Kind::Unreachable);
        let mut hints: Vec<String> = Vec::new();
        for hint in faults.iter().filter_map(words::fault_hint) {
            if !hints.contains(&hint) {
                hints.push(hint);
            }
        }
        let lines = faults.iter().map(words::fault).collect();
        let report = Report::of(lines, "faults keep the targets from being told");
        hints.into_iter().fold(Self::new(kind, report), Self::hint)
    }
}
