//! One Deployment's rollout while it is followed: what is remembered of it, where it stands now, and
//! when there is an outcome. The newest state decides; memory only says for how long.

use std::collections::BTreeSet;
use std::time::Duration;

use super::capacity::CapacityGauge;
use super::evidence::{self, Collection};
use super::objects::Held;
use super::progress::{self, Progress};
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
use crate::rollout::verdict::{Conclusion, Doubt, Evidence, Impact, Outcome, Overtaker};
use crate::rollout::{
    Applied, Counts, Departure, Failure, Moment, ProgressingStamp, Status, Want, Watched,
};

#[derive(Clone, Debug)]
pub(super) struct Rollout {
    started: Moment,
    pub(super) status: Status,
    counts: Option<Counts>,
    past: Past,
    sightings: Sightings,
    pub(super) blames: Vec<Blame>,
    progress: Progress,
    /// Whether what was there when watching began has been told from what came later.
    has_baseline: bool,
    capacity: CapacityGauge,
    has_new_served: bool,
    since: Since,
    /// Set while what is known may be from before a sleep of this machine.
    stale: Option<Stale>,
    pub(super) collection: Option<Collection>,
    told: Told,
    pub(super) conclusion: Option<Conclusion>,
    /// When to look again, if nothing happens before.
    pub(super) due: Option<Moment>,
}

/// Since when things stand as they are.
#[derive(Clone, Copy, Debug, Default)]
struct Since {
    unobserved: Option<Moment>,
    replica_set_refused: Option<Moment>,
    pods_refused: Option<Moment>,
    paused: Option<Moment>,
}

#[derive(Clone, Copy, Debug)]
struct Stale {
    since: Moment,
    is_deployment_fresh: bool,
    are_pods_fresh: bool,
}

/// How long after a sleep news may still be from before it, out of some buffer.
const BUFFERED: Duration = Duration::from_secs(1);

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

    /// Notes that this machine slept: clocks say nothing until the present state is known.
    pub(super) fn doubt(&mut self, now: Moment) {
        self.stale = Some(Stale {
            since: now,
            is_deployment_fresh: false,
            are_pods_fresh: false,
        });
    }

    /// Notes that the present state of a kind was read; `is_list` if all of it.
    pub(super) fn refresh(&mut self, kind: Watched, is_list: bool, now: Moment) {
        let Some(stale) = &mut self.stale else {
            return;
        };
        let is_present = is_list || now.since(stale.since) >= BUFFERED;
        match kind {
            Watched::Deployments => stale.is_deployment_fresh |= is_present,
            Watched::Pods => stale.are_pods_fresh |= is_list,
            Watched::ReplicaSets | Watched::Events => {}
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

    /// Ends the watch of this rollout at once, with what is known.
    pub(super) fn end(&mut self, view: View<'_>, doubt: Option<Doubt>) -> Option<Event> {
        if self.conclusion.is_some() {
            return None;
        }
        let outcome = match (&self.status, doubt) {
            // It was called failed already, only the evidence was not complete.
            (Status::Failed { failure, .. }, _) if self.collection.is_some() => {
                Outcome::Failed(failure.clone())
            }
            (_, Some(doubt)) => Outcome::Unknown(doubt),
            (status, None) => Outcome::Interrupted(status.clone()),
        };
        let conclusion = self.conclude(view, outcome);
        Some(Event::Finished(Box::new(conclusion)))
    }

    /// Updates what is remembered.
    fn note(&mut self, view: View<'_>, new: Option<&ReplicaSetSeen>, pods: &[&PodSeen]) {
        let now = view.now;
        let patience = &view.options.patience;
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
        self.sightings.note(findings, &alive, now);
    }

    /// Tells what an attaching watcher finds from what happens from now on.
    fn take_baseline(&mut self, view: View<'_>, pods: &[&PodSeen]) {
        let age = view.held.applied.age;
        if let Some(server_time) = view.options.server_time {
            let before = progress::quiet(ours(view.held), pods, server_time, age);
            self.progress.set_before(before);
        }
        self.has_baseline = view.is_seen(Watched::Deployments)
            && view.is_seen(Watched::ReplicaSets)
            && view.is_seen(Watched::Pods);
    }

    fn judge(&self, view: View<'_>, new: Option<&ReplicaSetSeen>) -> Status {
        let held = view.held;
        let now = view.now;
        let presence = match &held.snapshot.deployment {
            Some(deployment) => Presence::Present(deployment),
            None if held.is_known => Presence::Gone,
            None => Presence::Unseen,
        };
        let blames = self.sightings.blames(&view.options.patience, now);
        let sight = Sight {
            presence,
            new_replica_set: view.new_replica_set(new),
            terminating: terminating(held),
            is_doomed: blames.iter().any(|blame| blame.doomed),
            refusal: refusal(held, new),
        };
        let for_how_long = |since: Option<Moment>| since.map_or(Duration::ZERO, |at| now.since(at));
        let clocks = Clocks {
            elapsed: now.since(self.started),
            unobserved: for_how_long(self.since.unobserved),
            replica_set_refused: for_how_long(self.since.replica_set_refused),
            pods_refused: for_how_long(self.since.pods_refused),
            without_progress: self.progress.without(now),
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

    /// Returns the outcome if there is one now.
    fn settle(
        &mut self,
        view: View<'_>,
        pods: &[&PodSeen],
        wants: &mut Vec<Want>,
    ) -> Option<Outcome> {
        let outcome = match &self.status {
            Status::Complete { .. } => Some(Outcome::Complete),
            Status::Superseded { by } => Some(Outcome::Overtaken(Overtaker::Change(by.clone()))),
            Status::Gone(Departure::Deleted) => Some(Outcome::Overtaken(Overtaker::Deleted)),
            Status::Gone(Departure::Recreated) => Some(Outcome::Overtaken(Overtaker::Recreated)),
            Status::Failed { failure, .. } => {
                if self.is_current(view, failure) {
                    let failure = failure.clone();
                    return self
                        .collect(view, pods, wants)
                        .then_some(Outcome::Failed(failure));
                }
                None
            }
            Status::TimedOut { .. } if self.stale.is_none() => {
                Some(Outcome::Unknown(Doubt::TimedOut))
            }
            Status::Paused { .. } if self.is_pause_over(view) => {
                Some(Outcome::Unknown(Doubt::Paused))
            }
            Status::Pending { silent: true } if self.is_silence_over(view) => {
                let unobserved = self.since.unobserved.map(|since| view.now.since(since));
                let unobserved = unobserved.unwrap_or_default();
                Some(Outcome::Unknown(Doubt::ControllerSilent { unobserved }))
            }
            Status::TimedOut { .. }
            | Status::Paused { .. }
            | Status::Pending { .. }
            | Status::Progressing { .. } => None,
        };
        self.collection = None;
        outcome.or_else(|| self.lost(view).map(Outcome::Unknown))
    }

    /// Returns whether what the failure rests on is known to be so now.
    fn is_current(&self, view: View<'_>, failure: &Failure) -> bool {
        let is_heard = |kind| {
            view.contact
                .silence(kind)
                .is_none_or(|(_, heard)| view.now.since(heard) < view.options.patience.hiccup)
        };
        let rests_on_pods = matches!(failure, Failure::Pod);
        self.stale.is_none()
            && is_heard(Watched::Deployments)
            && (!rests_on_pods || is_heard(Watched::Pods))
    }

    fn is_pause_over(&self, view: View<'_>) -> bool {
        let options = view.options;
        let paused = self
            .since
            .paused
            .is_some_and(|since| view.now.since(since) >= options.patience.paused);
        let is_timed_out = options
            .timeout
            .is_some_and(|timeout| view.now.since(self.started) >= timeout);
        self.stale.is_none() && (paused || is_timed_out)
    }

    fn is_silence_over(&self, view: View<'_>) -> bool {
        let limit = ours(view.held)
            .map(|deployment| own_deadline(&view.held.applied, deployment, &view.options.patience));
        self.stale.is_none() && limit.is_some_and(|limit| self.progress.without(view.now) >= limit)
    }

    /// Returns whether, why, and for how long the cluster cannot be seen any more.
    fn lost(&self, view: View<'_>) -> Option<Doubt> {
        let silence = view.contact.silence(Watched::Deployments);
        let (since, why) = self.blind_since(view)?;
        let lost = view.now.since(since);
        (lost >= view.options.patience.lost_contact).then(|| Doubt::LostContact {
            lost,
            why: silence.map_or(why, |(why, _)| why).to_owned(),
        })
    }

    fn blind_since<'a>(&self, view: View<'a>) -> Option<(Moment, &'a str)> {
        if let Some((why, heard)) = view.contact.silence(Watched::Deployments) {
            return Some((heard, why));
        }
        let after_sleep = self
            .stale
            .filter(|stale| !stale.is_deployment_fresh)
            .map(|stale| (stale.since, "nothing was heard after this machine slept"));
        let never = (view.held.snapshot.deployment.is_none() && !view.held.is_known)
            .then_some((self.started, "the Deployment could not be read"));
        after_sleep.or(never)
    }

    fn clear_doubt(&mut self, view: View<'_>) {
        let Some(stale) = self.stale else {
            return;
        };
        let waited = view.now.since(stale.since) >= view.options.patience.idle_watch;
        let are_pods_known = stale.are_pods_fresh || waited || view.contact.is_blind(Watched::Pods);
        if stale.is_deployment_fresh && are_pods_known {
            self.stale = None;
        }
    }

    /// Returns whether the evidence is complete, having asked for it first.
    fn collect(&mut self, view: View<'_>, pods: &[&PodSeen], wants: &mut Vec<Want>) -> bool {
        let collection = self.collection.get_or_insert_with(|| {
            let collection = Collection::start(view.now);
            let deployment = &view.held.applied.deployment;
            wants.push(collection.ask_events(deployment, relevant_uids(view.held)));
            collection
        });
        wants.extend(collection.ask_logs(pods, &self.blames));
        // A failure that was there before us is seen before the pods that explain it.
        let are_pods_seen = view.is_seen(Watched::ReplicaSets) && view.is_seen(Watched::Pods);
        (are_pods_seen && collection.is_answered())
            || collection.is_due(&view.options.patience, view.now)
    }

    fn conclude(&mut self, view: View<'_>, outcome: Outcome) -> Conclusion {
        let held = view.held;
        let causes = match outcome {
            Outcome::Complete | Outcome::Overtaken(_) => Vec::new(),
            Outcome::Failed(_) | Outcome::Unknown(_) | Outcome::Interrupted(_) => {
                self.blames.clone()
            }
        };
        let evidence = self
            .collection
            .as_ref()
            .map_or_else(Evidence::default, |collection| {
                collection.finish(&held.snapshot, &relevant_uids(held))
            });
        let conclusion = Conclusion {
            deployment: held.applied.deployment.clone(),
            written: held.applied.written,
            counts: self.counts,
            capacity: self.capacity.read(view.now),
            impact: self.impact(view, &outcome),
            outcome,
            causes,
            evidence,
            took: view.now.since(self.started),
        };
        self.conclusion = Some(conclusion.clone());
        conclusion
    }

    fn impact(&self, view: View<'_>, outcome: &Outcome) -> Impact {
        let Some(counts) = self.counts else {
            return Impact::Unknown;
        };
        if let Outcome::Overtaken(Overtaker::Deleted | Overtaker::Recreated) = outcome {
            return Impact::Unknown;
        }
        let never_fell = self
            .capacity
            .read(view.now)
            .is_some_and(|capacity| capacity.never_fell());
        if counts.new_available == Some(0) && !self.has_new_served && never_fell {
            return Impact::Unaffected {
                old: counts.available,
                wanted: counts.wanted,
            };
        }
        Impact::Serving {
            available: counts.available,
            wanted: counts.wanted,
            new: counts.new_available,
        }
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
    fn is_seen(self, kind: Watched) -> bool {
        self.contact.has_listed(kind) || self.contact.is_blind(kind)
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

fn ours(held: &Held) -> Option<&DeploymentSeen> {
    held.snapshot
        .deployment
        .as_ref()
        .filter(|deployment| deployment.metadata.uid == held.applied.uid)
}

fn pods_of<'a>(held: &'a Held, new: Option<&ReplicaSetSeen>) -> Vec<&'a PodSeen> {
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

fn relevant_uids(held: &Held) -> Vec<String> {
    let new = assess::new_replica_set(&held.applied, &held.snapshot);
    let uid = new.map(|new| new.metadata.uid.as_str());
    evidence::relevant(&held.applied.uid, uid, &pods_of(held, new))
}
