//! What a run is to change: all targets with their images before and after, and what goes with
//! them. Shown, approved, and applied as one value.

pub(crate) mod approve;
pub(crate) mod build;
pub(crate) mod busy;
pub(crate) mod checks;
pub(crate) mod deployment;
pub(crate) mod managers;
pub(crate) mod numbers;
pub(crate) mod patch;
pub(crate) mod receipt;
mod report;
pub(crate) mod select;
pub(crate) mod standing;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod words;

use std::fmt;

use crate::image::{Image, Tag};
use crate::resolve::Commit;
use crate::rollout::Applied;
use crate::rollout::history::{Action, DeployId, Record};
use checks::{Setting, Warning};
use deployment::{Deployment, Position};
use managers::Manager;
use patch::Patch;
use standing::Standing;

/// All changes of one run and the targets that already are as wanted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) deploy_id: DeployId,
    /// The release's number: one more than any target remembers.
    pub(crate) number: u32,
    pub(crate) action: Action,
    pub(crate) environment: String,
    pub(crate) namespace: String,
    pub(crate) wanted: Wanted,
    /// Deployments that change, by name.
    pub(crate) deployments: Vec<DeploymentPlan>,
    /// Deployments all of whose targets are as wanted, by name.
    pub(crate) unchanged: Vec<Unchanged>,
    /// Why the gate will not let this plan through.
    pub(crate) refusals: Vec<Refusal>,
}

impl Plan {
    /// Returns the writes, one per Deployment.
    pub(crate) fn patches(&self) -> impl Iterator<Item = &Patch> {
        self.deployments.iter().map(|deployment| &deployment.patch)
    }

    /// Returns the plan of the Deployment of this name, if it changes.
    pub(crate) fn deployment(&self, name: &str) -> Option<&DeploymentPlan> {
        self.deployments.iter().find(|own| own.name() == name)
    }
}

#[cfg(test)]
impl Plan {
    /// A plan of nothing but these writes, for tests of what comes after the gate.
    pub(crate) fn of_patches(namespace: &str, patches: Vec<Patch>) -> Self {
        let deployment = |patch: Patch| {
            let raw = serde_json::json!({"metadata": {"name": patch.deployment}});
            let deployment = Deployment::read(raw.into()).expect("a Deployment's name");
            let counts = crate::rollout::Counts::default();
            DeploymentPlan {
                deployment,
                changes: Vec::new(),
                kept: Vec::new(),
                settings: Vec::new(),
                record: Record::of_id(DeployId::from_bits(1)),
                previous: None,
                warnings: Vec::new(),
                standing: Standing::Complete { counts },
                patch,
            }
        };
        Self {
            deploy_id: DeployId::from_bits(1),
            number: 1,
            action: Action::Deploy,
            environment: "test".to_owned(),
            namespace: namespace.to_owned(),
            wanted: Wanted::Tag("v2".parse().expect("a tag")),
            deployments: patches.into_iter().map(deployment).collect(),
            unchanged: Vec::new(),
            refusals: Vec::new(),
        }
    }
}

/// What the targets are to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The image that was built from a commit.
    Commit {
        /// As the user typed it.
        reference: String,
        commit: Commit,
        tag: Tag,
    },
    /// `--tag`
    Tag(Tag),
    /// `--image`
    Image(Image),
}

impl Wanted {
    /// Returns what a container that runs `before` is to run.
    pub(crate) fn image_after(&self, before: &Image) -> Image {
        match self {
            Self::Commit { tag, .. } | Self::Tag(tag) => before.with_tag(tag.clone()),
            Self::Image(image) => image.clone(),
        }
    }

    pub(crate) fn commit(&self) -> Option<&Commit> {
        match self {
            Self::Commit { commit, .. } => Some(commit),
            Self::Tag(_) | Self::Image(_) => None,
        }
    }
}

/// Prints what a command line says to want this: `master (cb19269)`, `--tag v3`.
impl fmt::Display for Wanted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Commit {
                reference, commit, ..
            } if commit.as_str().starts_with(reference.as_str()) => {
                formatter.write_str(commit.short())
            }
            Self::Commit {
                reference, commit, ..
            } => write!(formatter, "{reference} ({})", commit.short()),
            Self::Tag(tag) => write!(formatter, "--tag {tag}"),
            Self::Image(image) => write!(formatter, "--image {image}"),
        }
    }
}

/// The change of one Deployment: one PATCH.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DeploymentPlan {
    /// As it was when the plan was made.
    pub(crate) deployment: Deployment,
    /// At least one.
    pub(crate) changes: Vec<Change>,
    /// Its targets that are as wanted.
    pub(crate) kept: Vec<Kept>,
    /// What is set outside the pod template.
    pub(crate) settings: Vec<Setting>,
    pub(crate) record: Record,
    /// The deploy that brought what runs now, if it was one of ours.
    pub(crate) previous: Option<Record>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) standing: Standing,
    pub(crate) patch: Patch,
}

impl DeploymentPlan {
    pub(crate) fn name(&self) -> &str {
        self.deployment.name()
    }

    pub(crate) fn uid(&self) -> &str {
        &self.deployment.seen.metadata.uid
    }
}

/// A target with its image before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) container: String,
    pub(crate) position: Position,
    pub(crate) before: Image,
    pub(crate) after: Image,
}

/// A target that already runs what it is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) container: String,
    pub(crate) image: Image,
}

/// A Deployment that is not written but judged.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unchanged {
    pub(crate) deployment: Deployment,
    pub(crate) kept: Vec<Kept>,
    pub(crate) standing: Standing,
    /// The deploy that brought it there, if it was one of ours.
    pub(crate) record: Option<Record>,
    /// What its rollout is judged by.
    pub(crate) baseline: Applied,
}

impl Unchanged {
    pub(crate) fn name(&self) -> &str {
        self.deployment.name()
    }
}

/// Why a Deployment must not be changed as planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// All pods would stop before the first new one starts, and `--allow-downtime` was not given.
    Downtime { deployment: String },
    /// No pod would be replaced until somebody resumes it.
    Paused { deployment: String },
    /// Another tool manages it, it does not say that it takes part, and `--allow-managed` was not
    /// given.
    Managed {
        deployment: String,
        manager: Manager,
    },
    /// It is being deleted.
    Terminating { deployment: String },
    /// The record would not fit beside its other annotations.
    AnnotationsFull { deployment: String, bytes: usize },
}
