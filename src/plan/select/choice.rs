//! Decides which repository a run is about, where the targets are of several.

use super::faults::Fault;
use super::{Candidate, Note, Request, Source, Targeted};
use crate::resolve::Repository;

/// The repository of a run, and which targets it leaves in.
pub(super) struct Choice {
    pub(super) repository: Option<Repository>,
    /// Targets that say another repository are left out.
    is_narrowing: bool,
}

/// Leaves only what runs an image of `--image`'s name, unless targets were named by hand.
pub(super) fn of_image(
    request: &Request<'_>,
    mut candidates: Vec<Candidate>,
    faults: &mut Vec<Fault>,
) -> Vec<Candidate> {
    let Source::Image(image) = request.source else {
        return candidates;
    };
    if !request.targets.is_empty() || candidates.is_empty() || !faults.is_empty() {
        return candidates;
    }
    let mut running: Vec<String> = Vec::new();
    for candidate in &mut candidates {
        candidate.containers.retain(|(container, _)| {
            running.push(container.image.name().to_string());
            container.image.name().is_same_as(image.name())
        });
    }
    candidates.retain(|candidate| !candidate.containers.is_empty());
    if candidates.is_empty() {
        running.sort();
        running.dedup();
        faults.push(Fault::OtherImage {
            image: image.to_string(),
            running,
        });
    }
    candidates
}

/// Chooses the repository: `--repo`, else what all targets agree on, else the checkout's.
pub(super) fn choose(
    request: &Request<'_>,
    candidates: &[Candidate],
    faults: &mut Vec<Fault>,
    notes: &mut Vec<Note>,
) -> Choice {
    let choice = |repository: Option<&Repository>, is_narrowing| Choice {
        repository: repository.cloned(),
        is_narrowing,
    };
    let groups = match request.source {
        Source::Image(_) => return choice(None, false),
        Source::Commit | Source::Tag => groups(candidates),
    };
    let is_among = |wanted: &Repository| groups.iter().any(|(own, _)| is_same(own, wanted));
    if let Some(wanted) = request.repository {
        if !is_among(wanted) {
            let is_named = !request.targets.is_empty();
            match groups.as_slice() {
                [] => {}
                [(annotated, _)] => notes.push(replaced(annotated, wanted)),
                several if is_named => {
                    notes.extend(
                        several
                            .iter()
                            .map(|(annotated, _)| replaced(annotated, wanted)),
                    );
                }
                several => faults.push(Fault::NoTargetOf {
                    repository: wanted.clone(),
                    present: several.iter().map(|(own, _)| own.clone()).collect(),
                }),
            }
        }
        return choice(Some(wanted), is_among(wanted));
    }
    // The annotation's own words count: a checkout may not choose the host that is asked.
    let of_checkout = request
        .checkout
        .and_then(|checkout| groups.iter().find(|(own, _)| is_same(own, checkout)));
    match (groups.as_slice(), of_checkout, request.source) {
        ([], _, Source::Commit) if request.checkout.is_some() => choice(request.checkout, false),
        ([], _, _) => choice(None, false),
        ([(agreed, _)], _, _) => choice(Some(agreed), false),
        (_, Some((own, _)), _) => choice(Some(own), true),
        (_, None, _) => {
            faults.push(Fault::Disagreement {
                repositories: groups,
            });
            choice(None, false)
        }
    }
}

impl Choice {
    /// Returns the candidate as a target, unless none of its containers is of the repository.
    pub(super) fn targeted(&self, candidate: Candidate, notes: &mut Vec<Note>) -> Option<Targeted> {
        let name = candidate.deployment.name().to_owned();
        let mut containers = Vec::new();
        for (container, repository) in candidate.containers {
            match (repository, &self.repository) {
                (Some(own), Some(chosen)) if self.is_narrowing && !is_same(&own, chosen) => {
                    notes.push(Note::LeftOut {
                        deployment: name.clone(),
                        container: container.name,
                        repository: own.to_string(),
                    });
                }
                (_, _) => containers.push(container),
            }
        }
        (!containers.is_empty()).then_some(Targeted {
            deployment: candidate.deployment,
            containers,
            is_annotated: candidate.is_annotated,
            strategy: candidate.strategy,
        })
    }
}

/// Repositories, each with its targets as deployment and container.
type Groups = Vec<(Repository, Vec<(String, String)>)>;

fn groups(candidates: &[Candidate]) -> Groups {
    let mut groups: Groups = Vec::new();
    for candidate in candidates {
        for (container, repository) in &candidate.containers {
            let Some(repository) = repository else {
                continue;
            };
            let target = (
                candidate.deployment.name().to_owned(),
                container.name.clone(),
            );
            match groups.iter_mut().find(|(own, _)| is_same(own, repository)) {
                Some((_, targets)) => targets.push(target),
                None => groups.push((repository.clone(), vec![target])),
            }
        }
    }
    groups
}

/// Compares by owner and name: an annotation names no host, which is the user's to configure.
fn is_same(one: &Repository, other: &Repository) -> bool {
    one.slug().eq_ignore_ascii_case(&other.slug())
}

fn replaced(annotated: &Repository, used: &Repository) -> Note {
    Note::RepositoryReplaced {
        annotated: annotated.to_string(),
        used: used.to_string(),
    }
}
