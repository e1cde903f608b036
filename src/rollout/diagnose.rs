//! Why a pod of the new ReplicaSet will not come up: from pods and cluster events to causes with
//! numbers, each graded by how sure it is to stay.
//!
//! The state of the pods decides; cluster events only lend their text, since they come late.
//! A new kind of trouble is a [`Cause`], a row in `pod` or `container`, and a sentence in `report`.

mod cause;
mod container;
mod past;
mod pod;
mod pull;
mod sightings;

use std::time::Duration;

pub(crate) use cause::{Blame, Cause, Exit, Finding, Identity, Probe};
pub(crate) use past::Past;
pub(crate) use sightings::Sightings;

use super::observed::{EventSeen, PodSeen, compare_versions};

/// What a diagnosis looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Examination<'a> {
    /// The pods of the new ReplicaSet.
    pub(crate) pods: &'a [&'a PodSeen],
    /// Cluster events about them, among others.
    pub(crate) events: &'a [EventSeen],
    pub(crate) past: &'a Past,
    /// A container that was Ready this long at a stretch is not in a crash loop.
    pub(crate) steady: Duration,
}

/// Returns what is wrong with each pod, at most one finding per container and one for the pod.
///
/// Pods that are going away or have ended as a whole (evicted, preempted, lost with their node) are
/// left out: they are replaced, and are no verdict on the new version.
pub(crate) fn diagnose(examination: Examination<'_>) -> Vec<Finding> {
    examination
        .pods
        .iter()
        .filter(|pod| is_alive(pod))
        .flat_map(|pod| pod::examine(pod, examination))
        .collect()
}

/// Returns whether the pod still counts for its ReplicaSet.
pub(crate) fn is_alive(pod: &PodSeen) -> bool {
    pod.metadata.deletion_timestamp.is_none()
        && pod.status.phase != "Failed"
        && pod.status.phase != "Succeeded"
}

/// Returns the text of the newest cluster event about the object with this uid that `accept` takes.
pub(crate) fn newest_message<'a>(
    events: &'a [EventSeen],
    uid: &str,
    accept: impl Fn(&EventSeen) -> bool,
) -> Option<&'a str> {
    events
        .iter()
        .filter(|event| event.involved_object.uid == uid && accept(event))
        .reduce(|newest, event| {
            if is_newer(event, newest) {
                event
            } else {
                newest
            }
        })
        .and_then(|event| event.message.as_deref())
}

fn is_newer(event: &EventSeen, than: &EventSeen) -> bool {
    let versions = compare_versions(
        &event.metadata.resource_version,
        &than.metadata.resource_version,
    );
    match versions {
        Some(ordering) => ordering.is_gt(),
        None => event.happened() > than.happened(),
    }
}

#[cfg(test)]
mod tests;
