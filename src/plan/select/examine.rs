//! Reads one Deployment that takes part: its target containers, their images and repositories.

use std::sync::Arc;

use serde_json::Value;

use super::annotations::{self, Annotations, OddValue, Participation};
use super::faults::Fault;
use super::{Candidate, Collected, Note, Request, Source, TargetContainer, name_of};
use crate::environment::names::nearest;
use crate::environment::values::Strategy;
use crate::plan::deployment::{Container, Deployment};
use crate::resolve::Repository;

/// Reads a Deployment that takes part, with all of its faults.
pub(super) fn examine(
    request: &Request<'_>,
    raw: &Arc<Value>,
    annotations: &Annotations<'_>,
    collected: &mut Collected,
) {
    let name = name_of(raw).to_owned();
    let deployment = match Deployment::read(Arc::clone(raw)) {
        Ok(deployment) => deployment,
        Err(error) => {
            collected.faults.push(Fault::Unreadable {
                deployment: name,
                why: error.to_string(),
            });
            return;
        }
    };
    let mut examination = Examination {
        request,
        name: &name,
        existing: deployment.containers(),
        annotations,
        faults: &mut collected.faults,
        notes: &mut collected.notes,
    };
    examination.look_for_strays();
    let strategy = examination.strategy();
    let containers = examination.containers();
    let containers = examination.with_repositories(containers);
    collected.candidates.push(Candidate {
        is_annotated: annotations.participation() == Participation::Yes,
        strategy,
        containers,
        deployment,
    });
}

/// The reading of one Deployment that takes part.
struct Examination<'a, 'b> {
    request: &'a Request<'a>,
    name: &'a str,
    existing: Vec<Container<'b>>,
    annotations: &'a Annotations<'a>,
    faults: &'a mut Vec<Fault>,
    notes: &'a mut Vec<Note>,
}

impl Examination<'_, '_> {
    fn look_for_strays(&mut self) {
        for stray in self.annotations.strays() {
            let deployment = self.name.to_owned();
            match stray.meant.filter(|meant| !self.annotations.has(meant)) {
                Some(meant) => self.faults.push(Fault::Misspelt {
                    deployment,
                    key: stray.key,
                    meant: self.request.prefix.key(meant),
                }),
                None => self.notes.push(Note::UnknownKey {
                    deployment,
                    key: stray.key,
                }),
            }
        }
    }

    fn strategy(&mut self) -> Option<Strategy> {
        let strategy = self.annotations.strategy();
        self.or_fault(strategy).flatten()
    }

    /// Returns the target containers: those of the flag, of the annotation, or the only one.
    fn containers(&mut self) -> Vec<TargetContainer> {
        let named = match self.request.container {
            Some(name) => Some(vec![name]),
            None => {
                let named = self.annotations.containers();
                match self.or_fault(named) {
                    Some(named) => named,
                    None => return Vec::new(),
                }
            }
        };
        let Some(names) = named else {
            return self.only_container().into_iter().collect();
        };
        let mut seen = Vec::new();
        let mut found = Vec::new();
        for name in names {
            if seen.contains(&name) {
                self.faults.push(Fault::NamedTwice {
                    deployment: self.name.to_owned(),
                    container: name.to_owned(),
                });
                continue;
            }
            seen.push(name);
            match self.existing.iter().copied().find(|own| own.name() == name) {
                Some(container) => found.extend(self.target(container)),
                None => self.no_container(name),
            }
        }
        found
    }

    fn only_container(&mut self) -> Option<TargetContainer> {
        let apps: Vec<Container<'_>> = self
            .existing
            .iter()
            .copied()
            .filter(|container| container.is_app())
            .collect();
        match apps.as_slice() {
            [only] => self.target(*only),
            _ if self.is_container_key_misspelt() => None,
            _ => {
                self.faults.push(Fault::Unnamed {
                    deployment: self.name.to_owned(),
                    key: self.request.prefix.key(annotations::CONTAINER),
                    containers: self.names(),
                });
                None
            }
        }
    }

    fn is_container_key_misspelt(&self) -> bool {
        let strays = self.annotations.strays();
        strays
            .iter()
            .any(|stray| stray.meant == Some(annotations::CONTAINER))
    }

    fn target(&mut self, container: Container<'_>) -> Option<TargetContainer> {
        match container.image().parse() {
            Ok(image) => Some(TargetContainer {
                name: container.name().to_owned(),
                position: container.position,
                image,
            }),
            Err(error) => {
                self.faults.push(Fault::BadImage {
                    deployment: self.name.to_owned(),
                    container: container.name().to_owned(),
                    error,
                });
                None
            }
        }
    }

    fn no_container(&mut self, name: &str) {
        let existing = self.names();
        self.faults.push(Fault::NoContainer {
            deployment: self.name.to_owned(),
            container: name.to_owned(),
            nearest: nearest(name, existing.iter().map(String::as_str)).map(str::to_owned),
            existing,
        });
    }

    fn names(&self) -> Vec<String> {
        let names = self.existing.iter().map(|container| container.name());
        names.map(str::to_owned).collect()
    }

    /// Adds the repository that each container is built from.
    fn with_repositories(
        &mut self,
        containers: Vec<TargetContainer>,
    ) -> Vec<(TargetContainer, Option<Repository>)> {
        let entries = match self.request.source {
            Source::Image(_) => None,
            Source::Commit | Source::Tag => {
                let entries = self.annotations.repositories();
                match self.or_fault(entries) {
                    Some(entries) => entries,
                    None => return Vec::new(),
                }
            }
        };
        let entries = entries.unwrap_or_default();
        for (name, _) in &entries {
            if !self
                .existing
                .iter()
                .any(|container| container.name() == *name)
            {
                self.notes.push(Note::UnusedRepository {
                    deployment: self.name.to_owned(),
                    container: (*name).to_owned(),
                });
            }
        }
        let mut with_repositories = Vec::new();
        for container in containers {
            let claims: Vec<&Repository> = entries
                .iter()
                .filter(|(name, _)| *name == container.name)
                .map(|(_, repository)| repository)
                .collect();
            let repository = match claims.as_slice() {
                [] => {
                    self.check_repository_is_known(&container);
                    None
                }
                [only] => Some((*only).clone()),
                several => {
                    self.faults.push(Fault::ClaimedTwice {
                        deployment: self.name.to_owned(),
                        container: container.name.clone(),
                        repositories: several.iter().map(ToString::to_string).collect(),
                    });
                    None
                }
            };
            with_repositories.push((container, repository));
        }
        with_repositories
    }

    /// A target that was named by hand may be of the checkout's repository; one that takes part by
    /// itself has to say its own.
    fn check_repository_is_known(&mut self, container: &TargetContainer) {
        let is_needed = matches!(self.request.source, Source::Commit);
        let is_named = !self.request.targets.is_empty();
        let is_known =
            self.request.repository.is_some() || (is_named && self.request.checkout.is_some());
        if is_needed && !is_known {
            self.faults.push(Fault::NoRepository {
                deployment: self.name.to_owned(),
                container: container.name.clone(),
                key: self.request.prefix.key(annotations::REPOSITORY),
            });
        }
    }

    fn or_fault<T>(&mut self, read: Result<T, OddValue>) -> Option<T> {
        read.map_err(|odd| {
            self.faults.push(Fault::OddValue {
                deployment: self.name.to_owned(),
                odd,
            });
        })
        .ok()
    }
}
