//! What a Deployment and its ReplicaSets remember: the record in force, whether to believe it, and
//! the log that all copies make up together.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::log::Log;
use super::{DeployId, Key, Record};
use crate::environment::prefix::Prefix;
use crate::image::Image;
use crate::rollout::Applied;
use crate::rollout::observed::{DeploymentSeen, Meta, ReplicaSetSeen};
use crate::rollout::template::same_template;

const REVISION: &str = "deployment.kubernetes.io/revision";

/// How far a record speaks for what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Belief {
    /// Id, image, and ReplicaSet agree.
    Believed,
    /// Nothing speaks against it, but no ReplicaSet carries the id yet, or none may be read.
    Unconfirmed,
    /// Something else runs: `kubectl` or another tool changed the template, or brought an old
    /// record back.
    Contradicted,
}

/// What is remembered of a Deployment's releases.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Past {
    pub(crate) record: Option<Record>,
    /// Of the record; without one there is nothing to believe.
    pub(crate) belief: Belief,
    /// The union of all copies.
    pub(crate) log: Log,
    /// The template that the recorded deploy wrote, as its ReplicaSet has it.
    pub(crate) written: Option<Value>,
}

impl Past {
    /// Reads the past from the Deployment and from those of the ReplicaSets that it owns.
    pub(crate) fn read(
        deployment: &DeploymentSeen,
        replica_sets: &[ReplicaSetSeen],
        prefix: &Prefix,
    ) -> Self {
        let owned: Vec<&ReplicaSetSeen> = replica_sets
            .iter()
            .filter(|set| set.metadata.controller_uid() == Some(&deployment.metadata.uid))
            .collect();
        let log_key = prefix.key(Key::Log.name());
        let copy = |meta: &Meta| meta.annotations.get(&log_key).map(|text| Log::parse(text));
        let copies = owned.iter().map(|set| &set.metadata);
        let log = Log::union(
            [&deployment.metadata]
                .into_iter()
                .chain(copies)
                .filter_map(copy),
        );
        let record = Record::read(&deployment.metadata.annotations, prefix);
        let written = record
            .as_ref()
            .and_then(|record| first_carrier(&record.id, &owned, prefix))
            .map(|set| set.spec.template.clone());
        let belief = record.as_ref().map_or(Belief::Contradicted, |record| {
            belief(deployment, record, &log, written.as_ref())
        });
        Self {
            record,
            belief,
            log,
            written,
        }
    }

    /// Returns the record unless something else runs.
    pub(crate) fn current(&self) -> Option<&Record> {
        self.record
            .as_ref()
            .filter(|_| self.belief != Belief::Contradicted)
    }

    /// Returns the baseline for judging what the Deployment holds now, which this run did not
    /// write. Where a record is believed, it is the baseline that the deploy itself had.
    pub(crate) fn baseline(&self, deployment: &DeploymentSeen, now: Timestamp) -> Applied {
        let record = self.current();
        Applied {
            deployment: deployment.metadata.name.clone(),
            uid: deployment.metadata.uid.clone(),
            generation: deployment.metadata.generation,
            resource_version: deployment.metadata.resource_version.clone(),
            template: deployment.spec.template.clone(),
            template_before: None,
            deploy_id: record.map(|record| record.id.to_string()),
            progressing_before: record.and_then(|record| record.before.clone()),
            written: false,
            age: record
                .and_then(|record| record.at)
                .map_or(Duration::ZERO, |at| elapsed(at, now)),
        }
    }

    /// Returns the baseline for judging the recorded deploy again, whatever came after it.
    ///
    /// `None` without a record. A change since then shows as it did to the first watcher, because
    /// the template is the one that the deploy wrote.
    pub(crate) fn recorded_baseline(
        &self,
        deployment: &DeploymentSeen,
        now: Timestamp,
    ) -> Option<Applied> {
        let record = self.record.as_ref()?;
        let template = match &self.written {
            Some(template) => template.clone(),
            None => deployment.spec.template.clone(),
        };
        Some(Applied {
            template,
            deploy_id: Some(record.id.to_string()),
            progressing_before: record.before.clone(),
            age: record.at.map_or(Duration::ZERO, |at| elapsed(at, now)),
            ..self.baseline(deployment, now)
        })
    }
}

/// The time between two readings of the server's clock; none if they are in the wrong order.
pub(crate) fn elapsed(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

fn belief(
    deployment: &DeploymentSeen,
    record: &Record,
    log: &Log,
    written: Option<&Value>,
) -> Belief {
    let template = &deployment.spec.template;
    let is_image_there = log
        .entry(&record.id)
        .is_none_or(|entry| entry.tag.is_empty() || holds_tag(template, &entry.tag));
    match written {
        _ if !is_image_there => Belief::Contradicted,
        Some(written) if same_template(template, written) => Belief::Believed,
        Some(_) => Belief::Contradicted,
        None => Belief::Unconfirmed,
    }
}

/// Returns the ReplicaSet with the lowest revision that carries the id: the deploy's own. Later
/// ones carry copies, because whoever changes the template next keeps the annotations.
fn first_carrier<'a>(
    id: &DeployId,
    owned: &[&'a ReplicaSetSeen],
    prefix: &Prefix,
) -> Option<&'a ReplicaSetSeen> {
    let key = prefix.key(Key::Id.name());
    owned
        .iter()
        .filter(|set| set.metadata.annotations.get(&key).map(String::as_str) == Some(id.as_str()))
        .min_by_key(|set| revision(&set.metadata))
        .copied()
}

fn revision(meta: &Meta) -> u64 {
    meta.annotations
        .get(REVISION)
        .and_then(|text| text.parse().ok())
        .unwrap_or(u64::MAX)
}

/// Tells whether any container of the template runs an image with this tag or digest.
fn holds_tag(template: &Value, tag: &str) -> bool {
    ["/spec/containers", "/spec/initContainers"]
        .into_iter()
        .filter_map(|list| template.pointer(list)?.as_array())
        .flatten()
        .filter_map(|container| container.get("image")?.as_str()?.parse::<Image>().ok())
        .any(|image| {
            image.tag().is_some_and(|own| own.as_str() == tag)
                || image.digest().is_some_and(|own| own.as_str() == tag)
        })
}
