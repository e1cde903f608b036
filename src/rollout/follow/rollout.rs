//! One Deployment's rollout while it is followed: what is remembered of it, where it stands now, and
//! when there is an outcome. The newest state decides; memory only says for how long.

use std::collections::BTreeSet;
use std::time::Duration;

use super::capacity::CapacityGauge;
use super::evidence::Collection;
use super::objects::Held;
use super::progress::{self, Progress};
use super::settle::Stale;
use super::told::Told;
use super::{Options, View};
use crate::rollout::assess::{
    self, Clocks, NewReplicaSet, Presence, Sight, Terms, assess, own_deadline,
};
use crate::rollout::diagnose::{
    Blame, Cause, Examination, Past, Sightings, diagnose, is_alive, newest_message,
};
use crate::rollout::event::Event;
use crate::rollout::observed::{DeploymentSeen, PodSeen, ReplicaSetSeen};
use crate::rollout::verdict::Conclusion;
use crate::rollout::{Applied, Counts, Moment, ProgressingStamp, Status, Want, Watched};

#[derive(Clone, Debug)]
pub(super) struct Rollout {
    pub(super) started: Moment,
    pub(super) status: Status,
    pub(super) counts: Option<Counts>,
    pub(super) past: Past,
    pub(super) sightings: Sightings,
    pub(super) blames: Vec<Blame>,
    pub(super) progress: Progress,
    /// Whether what was there when watching began has been told from what came later.
    pub(super) has_baseline: bool,
    pub(super) capacity: CapacityGauge,
    pub(super) has_new_served: bool,
    pub(super) since: Since,
    /// Set while what is known may be from before a sleep of this machine.
    pub(super) stale: Option<Stale>,
    pub(super) collection: Option<Collection>,
    pub(super) told: Told,
    pub(super) conclusion: Option<Conclusion>,
    /// When to look again, if nothing happens before.
    pub(super) due: Option<Moment>,
}

/// Since when things stand as they are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Since {
    pub(super) unobserved: Option<Moment>,
    pub(super) replica_set_refused: Option<Moment>,
    pub(super) pods_refused: Option<Moment>,
    pub(super) paused: Option<Moment>,
}

impl Rollout {
    pub(super) fn new(applied: &Applied, now: Moment) -> Self {
        let is_attached = !applied.age.is_zero() || !applied.written;
        Self {
            started: now,
            status: Status::Pending { silent: false },
            counts: None,
            past: Past::default(),
            sightings: Sightings::default(),
            blames: Vec::new(),
            progress: Progress::new(now),
            has_baseline: !is_attached,
            capacity: CapacityGauge::new(is_attached),
            has_new_served: false,
            since: Since::default(),
            stale: None,
            collection: None,
            told: Told::default(),
            conclusion: None,
            due: None,
        }
    }

    /// Looks at the newest state, and settles on an outcome if there is one.
    pub(super) fn evaluate(&mut self, view: View<'_>) -> (Vec<Event>, Vec<Want>) {
        let mut events = Vec::new();
        let mut wants = Vec::new();
        if self.conclusion.is_some() {
            return (events, wants);
        }
        self.clear_doubt(view);
        let new = assess::new_replica_set(&view.held.applied, &view.held.snapshot);
        let pods = pods_of(view.held, new);
        self.note(view, new, &pods);
        self.status = self.judge(view, new);
        let deployment = &view.held.applied.deployment;
        events.extend(self.told.tell(deployment, &self.status, self.counts, view));
        let blames = self.all_blames(view, new);
        events.extend(
            self.told
                .tell_troubles(deployment, &blames, &self.sightings, view),
        );
        self.blames = Blame::telling(blames);
        events.extend(
            self.told
                .tell_progress(deployment, &self.status, self.blames.first()),
        );
        if let Some(outcome) = self.settle(view, &pods, &mut wants) {
            let conclusion = self.conclude(view, outcome);
            events.push(Event::Finished(Box::new(conclusion)));
            self.due = None;
        } else {
            self.due = self.next_due(view);
        }
        (events, wants)
    }

    /// Updates what is remembered.
    fn note(&mut self, view: View<'_>, new: Option<&ReplicaSetSeen>, pods: &[&PodSeen]) {
        let now = view.now;
        let patience = &view.options.patience;
        let old = self.old_pods(view, pods);
        let mut advanced = self.past.note(pods, patience, now);
        self.has_new_served |= self.past.ever_ready();
        self.has_new_served |= new.is_some_and(|new| new.status.ready_replicas > 0);
        let deployment = ours(view.held);
        if let Some(deployment) = deployment {
            let applied = &view.held.applied;
            self.capacity.note(deployment, now);
            if deployment.status.observed_generation >= applied.generation {
                advanced |= self.progress.note(deployment);
            }
            // The controller's own clock stands still while paused.
            advanced |= deployment.spec.paused;
            self.counts = Some(assess::counts(deployment, view.new_replica_set(new)));
        }
        if !self.has_baseline {
            self.take_baseline(view, pods);
        } else if advanced {
            self.progress.made(now);
        }
        let is_stuck = deployment.is_some_and(|deployment| {
            let new = view.new_replica_set(new);
            assess::replica_failure(deployment, new).is_some() && !is_underway(deployment, new)
        });
        let applied = &view.held.applied;
        let holds = |since: &mut Option<Moment>, holds: bool| {
            *since = holds.then(|| since.unwrap_or(now));
        };
        let since = &mut self.since;
        if advanced {
            since.pods_refused = None;
        }
        holds(&mut since.pods_refused, is_stuck);
        holds(
            &mut since.unobserved,
            deployment.is_some_and(|deployment| {
                deployment.status.observed_generation < deployment.metadata.generation
            }),
        );
        holds(
            &mut since.replica_set_refused,
            deployment
                .is_some_and(|deployment| assess::is_replica_set_refused(applied, deployment)),
        );
        holds(
            &mut since.paused,
            deployment.is_some_and(|deployment| deployment.spec.paused),
        );

        let min_ready = deployment.map_or(0, |deployment| deployment.spec.min_ready_seconds);
        let min_ready = Duration::from_secs(u64::try_from(min_ready).unwrap_or(0));
        let findings = diagnose(Examination {
            pods,
            events: &view.held.snapshot.events,
            past: &self.past,
            steady: patience.stable.max(min_ready),
        });
        let alive: BTreeSet<&str> = pods
            .iter()
            .filter(|pod| is_alive(pod))
            .map(|pod| pod.metadata.uid.as_str())
            .collect();
        self.sightings.note(findings, &alive, &old, now);
    }

    /// Returns the pods that are so old, when somebody attaches, that what they suffer from then
    /// has lasted.
    fn old_pods<'p>(&self, view: View<'_>, pods: &[&'p PodSeen]) -> BTreeSet<&'p str> {
        let Some(now) = view.options.server_time.filter(|_| !self.has_baseline) else {
            return BTreeSet::new();
        };
        let is_old = |pod: &PodSeen| {
            let created = pod.metadata.creation_timestamp.as_deref();
            created
                .and_then(|time| time.parse::<jiff::Timestamp>().ok())
                .and_then(|created| Duration::try_from(now.duration_since(created)).ok())
                .is_some_and(|age| age >= view.options.patience.second_sighting)
        };
        pods.iter()
            .filter(|pod| !view.held.applied.written && is_old(pod))
            .map(|pod| pod.metadata.uid.as_str())
            .collect()
    }

    /// Tells what an attaching watcher finds from what happens from now on.
    fn take_baseline(&mut self, view: View<'_>, pods: &[&PodSeen]) {
        let age = view.held.applied.age;
        if let Some(server_time) = view.options.server_time {
            let before = progress::quiet(ours(view.held), pods, server_time, age);
            self.progress.set_before(before);
        }
        // Deployments may be known without a list of them.
        self.has_baseline =
            view.held.is_known && view.is_seen(Watched::ReplicaSets) && view.is_seen(Watched::Pods);
    }

    fn judge(&self, view: View<'_>, new: Option<&ReplicaSetSeen>) -> Status {
        let held = view.held;
        let now = view.now;
        let presence = match &held.snapshot.deployment {
            Some(deployment) => Presence::Present(deployment),
            None if held.is_known => Presence::Gone,
            None => Presence::Unseen,
        };
        let can_tell = self.can_tell(view);
        let blames = self.sightings.blames(&view.options.patience, now);
        let is_doomed = blames.iter().any(|blame| blame.doomed);
        let sight = Sight {
            presence,
            new_replica_set: view.new_replica_set(new),
            terminating: terminating(held),
            is_doomed: is_doomed && can_tell && view.is_heard(Watched::Pods),
            refusal: refusal(held, new),
        };
        let for_how_long = |since: Option<Moment>| since.map_or(Duration::ZERO, |at| now.since(at));
        let standing = Clocks {
            elapsed: Duration::ZERO,
            unobserved: for_how_long(self.since.unobserved),
            replica_set_refused: for_how_long(self.since.replica_set_refused),
            pods_refused: for_how_long(self.since.pods_refused),
            without_progress: self.progress.without(now),
        };
        let clocks = Clocks {
            elapsed: now.since(self.started),
            ..if can_tell {
                standing
            } else {
                Clocks::default()
            }
        };
        assess(&held.applied, &sight, &clocks, &view.options.terms())
    }

    fn all_blames(&self, view: View<'_>, new: Option<&ReplicaSetSeen>) -> Vec<Blame> {
        let mut blames = self.sightings.blames(&view.options.patience, view.now);
        let refused = ours(view.held)
            .and_then(|deployment| assess::replica_failure(deployment, view.new_replica_set(new)));
        if let Some(condition) = refused {
            let message = refusal(view.held, new).or(condition.message.as_deref());
            blames.push(Blame {
                cause: Cause::PodsRefused {
                    message: message.unwrap_or_default().to_owned(),
                },
                container: None,
                pods: 0,
                pod: None,
                doomed: false,
            });
        }
        blames
    }

    fn next_due(&self, view: View<'_>) -> Option<Moment> {
        let patience = &view.options.patience;
        let since = &self.since;
        let after = |since: Option<Moment>, wait: Duration| since.map(|since| since.plus(wait));
        let mut dues: Vec<Moment> = [
            view.options
                .timeout
                .map(|timeout| self.started.plus(timeout)),
            after(since.unobserved, patience.observe),
            after(since.replica_set_refused, patience.replica_set_create),
            after(since.pods_refused, patience.pod_create),
            after(since.paused, patience.paused),
            self.collection
                .as_ref()
                .map(|collection| collection.due(patience)),
            self.blind_since(view)
                .map(|(since, _)| since.plus(patience.lost_contact)),
            self.stale
                .map(|stale| stale.since.plus(patience.idle_watch)),
        ]
        .into_iter()
        .flatten()
        .collect();
        if let Some(deployment) = ours(view.held) {
            let limit = own_deadline(&view.held.applied, deployment, patience);
            dues.push(self.progress.due(limit));
        }
        dues.extend(self.sightings.second_looks(patience));
        dues.extend(self.past.ready_for(patience.stable));
        dues.extend(self.told.due(&self.sightings, patience));
        dues.into_iter().filter(|due| *due > view.now).min()
    }
}

impl<'a> View<'a> {
    /// Returns whether all there is of the kind was seen, or cannot be.
    pub(super) fn is_seen(self, kind: Watched) -> bool {
        self.contact.has_listed(kind) || self.contact.is_blind(kind)
    }

    /// Returns whether the kind can be observed, or was heard of just now in spite of that.
    pub(super) fn is_heard(self, kind: Watched) -> bool {
        self.contact
            .silence(kind)
            .is_none_or(|(_, heard)| self.now.since(heard) < self.options.patience.hiccup)
    }

    fn new_replica_set(self, new: Option<&'a ReplicaSetSeen>) -> NewReplicaSet<'a> {
        match new {
            Some(new) => NewReplicaSet::Visible(new),
            None if self.contact.is_blind(Watched::ReplicaSets) => NewReplicaSet::Unreadable,
            None => NewReplicaSet::NotVisible,
        }
    }
}

impl Options {
    fn terms(&self) -> Terms<'_> {
        Terms {
            patience: &self.patience,
            timeout: self.timeout,
            wait_for_drain: self.wait_for_drain,
            annotation_prefix: &self.annotation_prefix,
        }
    }
}

/// Marks a missed deadline that the controller reported before it saw our change as a leftover.
pub(super) fn note_leftover(held: &mut Held) {
    let Some(deployment) = ours(held) else {
        return;
    };
    if deployment.status.observed_generation >= held.applied.generation {
        return;
    }
    let leftover = deployment
        .status
        .condition("Progressing")
        .filter(|condition| condition.reason.as_deref() == Some("ProgressDeadlineExceeded"))
        .map(ProgressingStamp::of);
    if leftover.is_some() {
        held.applied.progressing_before = leftover;
    }
}

pub(super) fn ours(held: &Held) -> Option<&DeploymentSeen> {
    held.snapshot
        .deployment
        .as_ref()
        .filter(|deployment| deployment.metadata.uid == held.applied.uid)
}

pub(super) fn pods_of<'a>(held: &'a Held, new: Option<&ReplicaSetSeen>) -> Vec<&'a PodSeen> {
    let Some(new) = new else {
        return Vec::new();
    };
    held.snapshot
        .pods
        .iter()
        .filter(|pod| pod.metadata.controller_uid() == Some(new.metadata.uid.as_str()))
        .collect()
}

/// Returns whether pods of the new version exist that may still become available; when they do,
/// they make room for those that are refused now.
fn is_underway(deployment: &DeploymentSeen, new: NewReplicaSet<'_>) -> bool {
    match new {
        NewReplicaSet::Visible(new) => new.status.replicas > new.status.available_replicas,
        NewReplicaSet::NotVisible => false,
        NewReplicaSet::Unreadable => {
            deployment.status.replicas > deployment.status.available_replicas
        }
    }
}

fn terminating(held: &Held) -> i32 {
    let reported = ours(held).and_then(|deployment| deployment.status.terminating_replicas);
    reported.unwrap_or_else(|| {
        let pods = held.snapshot.pods.iter();
        let terminating = pods.filter(|pod| pod.metadata.deletion_timestamp.is_some());
        i32::try_from(terminating.count()).unwrap_or(i32::MAX)
    })
}

/// Returns the newest cluster event's word on why pods, or the ReplicaSet, cannot be created.
fn refusal<'a>(held: &'a Held, new: Option<&ReplicaSetSeen>) -> Option<&'a str> {
    let events = &held.snapshot.events;
    match new {
        Some(new) => newest_message(events, &new.metadata.uid, |event| {
            event.reason.as_deref() == Some("FailedCreate")
        }),
        None => newest_message(events, &held.applied.uid, |event| {
            event.reason.as_deref() == Some("ReplicaSetCreateError")
        }),
    }
}
