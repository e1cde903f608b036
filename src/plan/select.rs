//! Decides which containers of which Deployments a run concerns: by annotation, or as flags say.
//!
//! Either all targets, or all the faults of all Deployments in one report.

pub(crate) mod annotations;
mod choice;
mod examine;
pub(crate) mod faults;

use std::sync::Arc;

use serde_json::Value;

use super::deployment::{Deployment, Position};
use crate::environment::names::nearest;
use crate::environment::prefix::Prefix;
use crate::environment::values::Strategy;
use crate::image::Image;
use crate::resolve::Repository;
use annotations::{Annotations, Participation};
use examine::examine;
use faults::{Fault, Faults};

/// What the selection is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// Everything that was listed, Deployments and, where they were listed, other kinds.
    pub(crate) listed: &'a [Arc<Value>],
    pub(crate) prefix: &'a Prefix,
    pub(crate) source: Source<'a>,
    /// `--target`: these, annotated or not.
    pub(crate) targets: &'a [String],
    /// `--container`
    pub(crate) container: Option<&'a str>,
    /// `--repo`
    pub(crate) repository: Option<&'a Repository>,
    /// The repository of the checkout that the program runs in.
    pub(crate) checkout: Option<&'a Repository>,
}

/// Where the new images come from, as far as that narrows the selection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'a> {
    /// A commit: each target has to say of which repository.
    Commit,
    /// `--tag`
    Tag,
    /// `--image`: what runs an image of the same name.
    Image(&'a Image),
}

/// The targets of a run, not empty.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Selection {
    /// Where the targets are built from; `None` where nothing says it and nobody has to know.
    pub(crate) repository: Option<Repository>,
    /// One per Deployment, by name.
    pub(crate) targets: Vec<Targeted>,
    pub(crate) notes: Vec<Note>,
}

/// A Deployment that takes part, with those of its containers that do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Targeted {
    pub(crate) deployment: Deployment,
    /// At least one, in the order in which they were named.
    pub(crate) containers: Vec<TargetContainer>,
    /// The Deployment itself says that it takes part.
    pub(crate) is_annotated: bool,
    /// What `deploy-strategy` says.
    pub(crate) strategy: Option<Strategy>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TargetContainer {
    pub(crate) name: String,
    pub(crate) position: Position,
    /// What it runs now.
    pub(crate) image: Image,
}

/// What the user should know of a selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// A key that looks like one of ours and is none.
    UnknownKey { deployment: String, key: String },
    /// `github` speaks of a container that does not exist.
    UnusedRepository {
        deployment: String,
        container: String,
    },
    /// A target of another repository than the one that was chosen.
    LeftOut {
        deployment: String,
        container: String,
        repository: String,
    },
    /// `--repo` took the place of what the annotations say.
    RepositoryReplaced { annotated: String, used: String },
}

/// Selects the targets.
pub(crate) fn select(request: &Request<'_>) -> Result<Selection, Faults> {
    let mut collected = Collected::default();
    if request.targets.is_empty() {
        select_annotated(request, &mut collected);
    } else {
        select_named(request, &mut collected);
    }
    let Collected {
        candidates,
        mut faults,
        mut notes,
    } = collected;
    let candidates = choice::of_image(request, candidates, &mut faults);
    let choice = choice::choose(request, &candidates, &mut faults, &mut notes);
    if !faults.is_empty() {
        return Err(Faults::new(faults));
    }
    let mut targets: Vec<Targeted> = candidates
        .into_iter()
        .filter_map(|candidate| choice.targeted(candidate, &mut notes))
        .collect();
    targets.sort_by(|one, other| one.deployment.name().cmp(other.deployment.name()));
    Ok(Selection {
        repository: choice.repository,
        targets,
        notes,
    })
}

/// What was found so far.
#[derive(Default)]
struct Collected {
    candidates: Vec<Candidate>,
    faults: Vec<Fault>,
    notes: Vec<Note>,
}

/// A Deployment that takes part unless the repository or the image says otherwise.
struct Candidate {
    deployment: Deployment,
    is_annotated: bool,
    strategy: Option<Strategy>,
    containers: Vec<(TargetContainer, Option<Repository>)>,
}

fn select_annotated(request: &Request<'_>, collected: &mut Collected) {
    let mut deployments = 0;
    for raw in request.listed {
        let annotations = Annotations::of(raw, request.prefix);
        let participation = annotations.participation();
        if let Some(kind) = other_kind(raw) {
            if participation == Participation::Yes {
                collected.faults.push(Fault::OtherKind {
                    kind: kind.to_owned(),
                    name: name_of(raw).to_owned(),
                    key: request.prefix.key(annotations::TARGET),
                });
            }
            continue;
        }
        deployments += 1;
        match participation {
            Participation::Yes => examine(request, raw, &annotations, collected),
            Participation::No => {}
            Participation::Odd(odd) => collected.faults.push(Fault::OddValue {
                deployment: name_of(raw).to_owned(),
                odd,
            }),
            Participation::Absent => look_for_intent(request, raw, &annotations, collected),
        }
    }
    if collected.candidates.is_empty() && collected.faults.is_empty() {
        collected.faults.push(Fault::NothingAnnotated {
            key: request.prefix.key(annotations::TARGET),
            deployments,
            elsewhere: prefixes_elsewhere(request),
        });
    }
}

fn select_named(request: &Request<'_>, collected: &mut Collected) {
    let mut names: Vec<&String> = request.targets.iter().collect();
    names.sort();
    names.dedup();
    let deployments = || {
        request
            .listed
            .iter()
            .filter(|raw| other_kind(raw).is_none())
    };
    for name in names {
        match deployments().find(|raw| name_of(raw) == name) {
            Some(raw) => {
                let annotations = Annotations::of(raw, request.prefix);
                examine(request, raw, &annotations, collected);
            }
            None => {
                let existing = || deployments().map(|raw| name_of(raw));
                collected.faults.push(Fault::NoSuchDeployment {
                    name: name.clone(),
                    nearest: nearest(name, existing()).map(str::to_owned),
                    existing: existing().map(str::to_owned).collect(),
                });
            }
        }
    }
}

/// Finds a Deployment that was meant to take part and says so in the wrong way.
fn look_for_intent(
    request: &Request<'_>,
    raw: &Value,
    annotations: &Annotations<'_>,
    collected: &mut Collected,
) {
    let deployment = name_of(raw).to_owned();
    for stray in annotations.strays() {
        if stray.meant == Some(annotations::TARGET) {
            collected.faults.push(Fault::Misspelt {
                deployment: deployment.clone(),
                key: stray.key,
                meant: request.prefix.key(annotations::TARGET),
            });
        }
    }
    let template = raw.pointer("/spec/template").unwrap_or(&Value::Null);
    if Annotations::of(template, request.prefix).participation() == Participation::Yes {
        collected.faults.push(Fault::Misplaced {
            deployment,
            key: request.prefix.key(annotations::TARGET),
        });
    }
}

fn name_of(raw: &Value) -> &str {
    raw.pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or("")
}

/// Returns the kind of what is no Deployment. The items of a list do not say theirs.
fn other_kind(raw: &Value) -> Option<&str> {
    raw.get("kind")
        .and_then(Value::as_str)
        .filter(|kind| *kind != "Deployment")
}

/// Returns the prefixes under which the same annotation stands here.
fn prefixes_elsewhere(request: &Request<'_>) -> Vec<String> {
    let mut prefixes: Vec<String> = request
        .listed
        .iter()
        .filter_map(|raw| raw.pointer("/metadata/annotations")?.as_object())
        .flat_map(serde_json::Map::keys)
        .filter_map(|key| key.strip_suffix(annotations::TARGET)?.strip_suffix('/'))
        .filter(|prefix| *prefix != request.prefix.as_str())
        .map(str::to_owned)
        .collect();
    prefixes.sort();
    prefixes.dedup();
    prefixes
}

#[cfg(test)]
mod tests;
