//! The newest known state of everything that belongs to the followed Deployments.
//!
//! Watches, lists and safety reads arrive in any order, twice, or late: of each uid the greatest
//! resourceVersion wins, and nothing older than the answer to our write counts for the Deployment.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use crate::rollout::observed::{
    DeploymentSeen, EventSeen, Meta, Observed, PodSeen, ReplicaSetSeen, compare_versions,
};
use crate::rollout::template::same_template;
use crate::rollout::{Applied, Seen, Snapshot, Watched};

/// Cluster events kept of one Deployment, and of objects that are not known yet.
const EVENTS_KEPT: usize = 500;

/// One followed Deployment and what belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) applied: Applied,
    pub(super) snapshot: Snapshot,
    /// Whether the Deployment was seen, or seen to be gone, at all.
    pub(super) is_known: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    held: Vec<Held>,
    by_name: BTreeMap<String, usize>,
    by_uid: BTreeMap<String, usize>,
    /// Owned ReplicaSets and their pods, to find whose they are.
    owned: BTreeMap<String, usize>,
    /// ReplicaSets of other Deployments.
    foreign: BTreeSet<String>,
    /// Deleted objects with the resourceVersion they had last: older news of them is no news.
    deleted: BTreeMap<String, String>,
    /// Pods whose ReplicaSet has not been seen yet, by its uid.
    stray_pods: BTreeMap<String, Vec<PodSeen>>,
    /// Cluster events about objects that have not been seen yet.
    stray_events: VecDeque<EventSeen>,
}

/// Which Deployments a piece of news is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touched {
    Nothing,
    One(usize),
    All,
}

impl Objects {
    pub(super) fn new(applied: Vec<Applied>) -> Self {
        let mut objects = Self::default();
        for (index, applied) in applied.into_iter().enumerate() {
            objects.by_name.insert(applied.deployment.clone(), index);
            objects.by_uid.insert(applied.uid.clone(), index);
            objects.held.push(Held {
                applied,
                snapshot: Snapshot::default(),
                is_known: false,
            });
        }
        objects
    }

    pub(super) fn get(&self, index: usize) -> Option<&Held> {
        self.held.get(index)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Held> {
        self.held.get_mut(index)
    }

    pub(super) fn index_of(&self, deployment: &str) -> Option<usize> {
        self.by_name.get(deployment).copied()
    }

    pub(super) fn changed(&mut self, seen: Seen) -> Touched {
        match seen {
            Seen::Deployment(deployment) => self.deployment(*deployment),
            Seen::ReplicaSet(replica_set) => self.replica_set(*replica_set),
            Seen::Pod(pod) => self.pod(*pod),
            Seen::Event(event) => self.event(*event),
        }
    }

    pub(super) fn removed(&mut self, seen: &Seen) -> Touched {
        let meta = match seen {
            Seen::Deployment(deployment) => &deployment.metadata,
            Seen::ReplicaSet(replica_set) => &replica_set.metadata,
            Seen::Pod(pod) => &pod.metadata,
            // An event that expires takes nothing of what it said back.
            Seen::Event(_) => return Touched::Nothing,
        };
        let touched = self.remove(&meta.uid, Some(&meta.resource_version));
        if let Some(strays) = meta
            .controller_uid()
            .and_then(|owner| self.stray_pods.get_mut(owner))
        {
            strays.retain(|stray| stray.metadata.uid != meta.uid);
        }
        // News of its life may still be on the way.
        if touched != Touched::Nothing || self.may_be_ours(seen) {
            let version = meta.resource_version.clone();
            self.deleted.insert(meta.uid.clone(), version);
        }
        touched
    }

    fn may_be_ours(&self, seen: &Seen) -> bool {
        let Some(owner) = seen.meta().controller_uid() else {
            return false;
        };
        match seen {
            Seen::ReplicaSet(_) => self.by_uid.contains_key(owner),
            Seen::Pod(_) => !self.foreign.contains(owner),
            Seen::Deployment(_) | Seen::Event(_) => false,
        }
    }

    /// Takes a complete list of one kind: what it does not hold is gone.
    pub(super) fn listed(&mut self, kind: Watched, objects: Vec<Seen>) -> Touched {
        let listed: BTreeSet<String> = objects.iter().map(|seen| seen.meta().uid.clone()).collect();
        let absent: Vec<(String, String)> = self
            .held
            .iter()
            .flat_map(|held| held.uids(kind))
            .filter(|meta| !listed.contains(&meta.uid))
            .map(|meta| (meta.uid.clone(), meta.resource_version.clone()))
            .collect();
        for (uid, version) in absent {
            self.remove(&uid, None);
            self.deleted.insert(uid, version);
        }
        if kind == Watched::Deployments {
            let names: BTreeSet<&str> = objects
                .iter()
                .map(|seen| seen.meta().name.as_str())
                .collect();
            for held in &mut self.held {
                held.is_known |= !names.contains(held.applied.deployment.as_str());
            }
        }
        if kind == Watched::Pods {
            self.stray_pods.clear();
        }
        for seen in objects {
            self.changed(seen);
        }
        Touched::All
    }

    /// Takes the answer of a read that found no Deployment of that name.
    pub(super) fn missing(&mut self, deployment: &str) -> Touched {
        let Some(index) = self.index_of(deployment) else {
            return Touched::Nothing;
        };
        if let Some(held) = self.held.get_mut(index) {
            held.is_known = true;
            if let Some(gone) = held.snapshot.deployment.take() {
                let meta = gone.metadata;
                self.deleted.insert(meta.uid, meta.resource_version);
            }
        }
        Touched::One(index)
    }

    fn deployment(&mut self, deployment: DeploymentSeen) -> Touched {
        let meta = &deployment.metadata;
        let Some(index) = self.index_of(&meta.name) else {
            return Touched::Nothing;
        };
        let Some(held) = self.held.get_mut(index) else {
            return Touched::Nothing;
        };
        let applied = &held.applied;
        let is_older_than_write = meta.uid.is_empty()
            || is_older(&meta.resource_version, &applied.resource_version)
            || (meta.uid == applied.uid && meta.generation < applied.generation);
        if is_older_than_write || is_outlived(&self.deleted, meta) {
            return Touched::Nothing;
        }
        let is_stale = held.snapshot.deployment.as_ref().is_some_and(|known| {
            is_older(&meta.resource_version, &known.metadata.resource_version)
        });
        if !is_stale {
            held.is_known = true;
            held.snapshot.deployment = Some(deployment);
        }
        Touched::One(index)
    }

    fn replica_set(&mut self, mut replica_set: ReplicaSetSeen) -> Touched {
        let meta = &replica_set.metadata;
        if is_outlived(&self.deleted, meta) {
            return Touched::Nothing;
        }
        let uid = meta.uid.clone();
        let owner = meta
            .controller_uid()
            .and_then(|owner| self.by_uid.get(owner).copied());
        let Some(index) = owner else {
            // The controller releases one whose labels were changed.
            let touched = self.remove(&uid, Some(&meta.resource_version));
            self.stray_pods.remove(&uid);
            self.owned.remove(&uid);
            self.foreign.insert(uid);
            return touched;
        };
        let Some(held) = self.held.get_mut(index) else {
            return Touched::Nothing;
        };
        if !same_template(&replica_set.spec.template, &held.applied.template) {
            // Templates are the bulk of it, and only the new one's is looked at again.
            replica_set.spec.template = Value::Null;
        }
        keep_newest(&mut held.snapshot.replica_sets, replica_set);
        self.foreign.remove(&uid);
        if self.owned.insert(uid.clone(), index).is_none() {
            for pod in self.stray_pods.remove(&uid).unwrap_or_default() {
                self.pod(pod);
            }
            self.adopt_events(&uid, index);
        }
        Touched::One(index)
    }

    fn pod(&mut self, pod: PodSeen) -> Touched {
        let meta = &pod.metadata;
        if meta.uid.is_empty() || is_outlived(&self.deleted, meta) {
            return Touched::Nothing;
        }
        let Some(owner) = meta.controller_uid() else {
            return self.remove(&meta.uid, Some(&meta.resource_version));
        };
        let Some(index) = self.owned.get(owner).copied() else {
            if !self.foreign.contains(owner) {
                keep_newest(self.stray_pods.entry(owner.to_owned()).or_default(), pod);
            }
            return Touched::Nothing;
        };
        let Some(held) = self.held.get_mut(index) else {
            return Touched::Nothing;
        };
        let uid = meta.uid.clone();
        keep_newest(&mut held.snapshot.pods, pod);
        if self.owned.insert(uid.clone(), index).is_none() {
            self.adopt_events(&uid, index);
        }
        Touched::One(index)
    }

    fn event(&mut self, event: EventSeen) -> Touched {
        let about = &event.involved_object.uid;
        let index = self.by_uid.get(about).or_else(|| self.owned.get(about));
        let Some(index) = index.copied() else {
            if self.stray_events.len() >= EVENTS_KEPT {
                self.stray_events.pop_front();
            }
            self.stray_events.push_back(event);
            return Touched::Nothing;
        };
        if let Some(held) = self.held.get_mut(index) {
            held.keep_event(event);
        }
        Touched::One(index)
    }

    fn adopt_events(&mut self, uid: &str, index: usize) {
        let strays = std::mem::take(&mut self.stray_events);
        let (adopted, strays): (VecDeque<_>, _) = strays
            .into_iter()
            .partition(|event| event.involved_object.uid == uid);
        self.stray_events = strays;
        if let Some(held) = self.held.get_mut(index) {
            for event in adopted {
                held.keep_event(event);
            }
        }
    }

    /// Drops the object unless what is known of it is newer than `version`.
    fn remove(&mut self, uid: &str, version: Option<&str>) -> Touched {
        let index = self
            .by_uid
            .get(uid)
            .or_else(|| self.owned.get(uid))
            .copied();
        let Some(index) = index else {
            return Touched::Nothing;
        };
        let Some(held) = self.held.get_mut(index) else {
            return Touched::Nothing;
        };
        let goes = |meta: &Meta| {
            let is_older = version.is_some_and(|version| is_older(version, &meta.resource_version));
            meta.uid == uid && !is_older
        };
        let snapshot = &mut held.snapshot;
        snapshot.replica_sets.retain(|set| !goes(&set.metadata));
        snapshot.pods.retain(|pod| !goes(&pod.metadata));
        if held.applied.uid == uid {
            // A namesake may stand there already.
            let is_newer_known = snapshot
                .deployment
                .as_ref()
                .is_some_and(|known| !goes(&known.metadata));
            if !is_newer_known {
                snapshot.deployment = None;
                held.is_known = true;
            }
        }
        Touched::One(index)
    }
}

impl Held {
    fn uids(&self, kind: Watched) -> Vec<&Meta> {
        let snapshot = &self.snapshot;
        match kind {
            Watched::Deployments => snapshot.deployment.iter().map(Observed::meta).collect(),
            Watched::ReplicaSets => snapshot.replica_sets.iter().map(Observed::meta).collect(),
            Watched::Pods => snapshot.pods.iter().map(Observed::meta).collect(),
            Watched::Events => Vec::new(),
        }
    }

    /// Keeps an event, or the newer state of one: the API server counts repetitions in place.
    pub(super) fn keep_event(&mut self, event: EventSeen) {
        let events = &mut self.snapshot.events;
        if event.metadata.uid.is_empty() {
            events.push(event);
        } else {
            keep_newest(events, event);
        }
        if events.len() > EVENTS_KEPT {
            events.remove(0);
        }
    }
}

impl Seen {
    fn meta(&self) -> &Meta {
        match self {
            Seen::Deployment(deployment) => &deployment.metadata,
            Seen::ReplicaSet(replica_set) => &replica_set.metadata,
            Seen::Pod(pod) => &pod.metadata,
            Seen::Event(event) => &event.metadata,
        }
    }
}

fn keep_newest<T: Observed>(known: &mut Vec<T>, seen: T) {
    let meta = seen.meta();
    match known.iter_mut().find(|known| known.meta().uid == meta.uid) {
        Some(known) if is_older(&meta.resource_version, &known.meta().resource_version) => {}
        Some(known) => *known = seen,
        None => known.push(seen),
    }
}

fn is_older(version: &str, than: &str) -> bool {
    compare_versions(version, than) == Some(Ordering::Less)
}

/// Returns whether the object was deleted after this state of it. One that only left a selector may
/// come back, and then it is newer.
fn is_outlived(deleted: &BTreeMap<String, String>, meta: &Meta) -> bool {
    deleted.get(&meta.uid).is_some_and(|version| {
        compare_versions(&meta.resource_version, version) != Some(Ordering::Greater)
    })
}
