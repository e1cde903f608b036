//! What pods have shown before: the stages they reached, how long they were Ready, the last real
//! pull error. Only what the newest state of a pod may have forgotten already.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::pull;
use crate::rollout::observed::{ContainerSpec, ContainerStatus, PodSeen, Terminated};
use crate::rollout::{Moment, Patience};

/// What is remembered of the pods of one new ReplicaSet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Past {
    pods: BTreeMap<String, PodPast>,
    ever_ready: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct PodPast {
    is_scheduled: bool,
    containers: BTreeMap<String, ContainerPast>,
}

/// What is remembered of one container of one pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContainerPast {
    has_started: bool,
    was_stable: bool,
    ready_since: Option<Moment>,
    /// The longest it was Ready at a stretch.
    pub(crate) longest_ready: Duration,
    /// Why the last pull failed, from the kubelet's ErrImagePull.
    pub(crate) pull_error: Option<String>,
}

impl Past {
    /// Takes in the newest state of all pods and returns whether one of their containers reached a
    /// stage that it had not reached: scheduled, started, Ready for a while. A restart is no stage.
    pub(crate) fn note(&mut self, pods: &[&PodSeen], patience: &Patience, now: Moment) -> bool {
        let present: BTreeSet<&str> = pods.iter().map(|pod| pod.metadata.uid.as_str()).collect();
        self.pods.retain(|uid, _| present.contains(uid.as_str()));
        let mut advanced = false;
        for pod in pods {
            self.ever_ready |= has_served(pod);
            let past = self.pods.entry(pod.metadata.uid.clone()).or_default();
            advanced |= past.note(pod, patience, now);
        }
        advanced
    }

    pub(crate) fn container(&self, pod_uid: &str, container: &str) -> Option<&ContainerPast> {
        self.pods.get(pod_uid)?.containers.get(container)
    }

    /// Returns whether any of the pods was ever Ready, or may have been between two looks.
    pub(crate) fn ever_ready(&self) -> bool {
        self.ever_ready
    }

    /// Returns when containers that are Ready now will have been so for `stretch`.
    pub(crate) fn ready_for(&self, stretch: Duration) -> impl Iterator<Item = Moment> {
        self.pods
            .values()
            .flat_map(|pod| pod.containers.values())
            .filter_map(move |container| container.ready_since.map(|since| since.plus(stretch)))
    }
}

impl PodPast {
    fn note(&mut self, pod: &PodSeen, patience: &Patience, now: Moment) -> bool {
        let mut advanced = false;
        if !self.is_scheduled && is_scheduled(pod) {
            self.is_scheduled = true;
            advanced = true;
        }
        let statuses = pod
            .status
            .container_statuses
            .iter()
            .chain(&pod.status.init_container_statuses);
        for status in statuses {
            let container = self.containers.entry(status.name.clone()).or_default();
            advanced |= container.note(status, spec_of(pod, &status.name), patience, now);
        }
        advanced
    }
}

impl ContainerPast {
    fn note(
        &mut self,
        status: &ContainerStatus,
        spec: Option<&ContainerSpec>,
        patience: &Patience,
        now: Moment,
    ) -> bool {
        let mut advanced = false;
        if !self.has_started && has_run(status) {
            self.has_started = true;
            advanced = true;
        }
        self.note_ready(status, spec, now);
        if !self.was_stable && self.longest_ready >= patience.stable {
            self.was_stable = true;
            advanced = true;
        }
        if let Some(waiting) = &status.state.waiting
            && matches!(
                waiting.reason.as_deref(),
                Some("ErrImagePull" | "ImagePullBackOff")
            )
            && let Some(reason) = waiting.message.as_deref().and_then(pull::reason)
        {
            self.pull_error = Some(reason.to_owned());
        }
        advanced
    }

    fn note_ready(&mut self, status: &ContainerStatus, spec: Option<&ContainerSpec>, now: Moment) {
        let ended = status.state.terminated.as_ref();
        let last_run = ended
            .or(status.last_state.terminated.as_ref())
            .and_then(run_length);
        if status.ready {
            let since = *self.ready_since.get_or_insert(now);
            self.longest_ready = self.longest_ready.max(now.since(since));
        } else if let Some(since) = self.ready_since.take() {
            // After a gap in the watch the container may have ended long before this look at it.
            let stretch = now.since(since);
            let stretch = last_run.map_or(stretch, |run| stretch.min(run));
            self.longest_ready = self.longest_ready.max(stretch);
        }
        // Without a readiness probe a container is Ready for as long as it runs.
        let is_unprobed = spec.is_some_and(|spec| spec.readiness_probe.is_none());
        if let (true, Some(run)) = (is_unprobed, last_run) {
            self.longest_ready = self.longest_ready.max(run);
        }
    }
}

fn is_scheduled(pod: &PodSeen) -> bool {
    pod.spec
        .node_name
        .as_deref()
        .is_some_and(|name| !name.is_empty())
}

fn has_run(status: &ContainerStatus) -> bool {
    status.state.running.is_some()
        || status.state.terminated.is_some()
        || status.last_state.terminated.is_some()
}

/// Returns whether the pod is Ready, or all its containers ran and none has a probe that would have
/// kept it from being Ready for a moment.
fn has_served(pod: &PodSeen) -> bool {
    let is_ready = pod
        .status
        .conditions
        .iter()
        .any(|condition| condition.kind == "Ready" && condition.status == "True");
    let statuses = &pod.status.container_statuses;
    let may_have_been = !statuses.is_empty()
        && statuses.iter().all(|status| {
            let is_unprobed =
                spec_of(pod, &status.name).is_some_and(|spec| spec.readiness_probe.is_none());
            status.ready || (is_unprobed && has_run(status))
        });
    is_ready || may_have_been
}

fn spec_of<'a>(pod: &'a PodSeen, container: &str) -> Option<&'a ContainerSpec> {
    pod.spec
        .containers
        .iter()
        .chain(&pod.spec.init_containers)
        .find(|spec| spec.name == container)
}

/// Returns how long a run lasted, by the kubelet's own two times.
fn run_length(run: &Terminated) -> Option<Duration> {
    let started: Timestamp = run.started_at.as_deref()?.parse().ok()?;
    let finished: Timestamp = run.finished_at.as_deref()?.parse().ok()?;
    Duration::try_from(finished.duration_since(started)).ok()
}
