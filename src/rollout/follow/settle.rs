//! When there is an outcome, and which: what a status still has to wait for, what doubts it, and the
//! conclusion with its evidence.

use std::time::Duration;

use super::View;
use super::evidence::Collection;
use super::objects::Held;
use super::rollout::{Rollout, ours, pods_of};
use crate::rollout::assess::{self, own_deadline};
use crate::rollout::diagnose::{Blame, is_alive};
use crate::rollout::event::Event;
use crate::rollout::observed::PodSeen;
use crate::rollout::verdict::{Conclusion, Doubt, Evidence, Impact, Outcome, Overtaker};
use crate::rollout::{Departure, Moment, Status, Want, Watched};

#[derive(Clone, Copy, Debug)]
pub(super) struct Stale {
    pub(super) since: Moment,
    is_deployment_fresh: bool,
    are_pods_fresh: bool,
}

/// How long after a sleep news may still be from before it, out of some buffer.
const BUFFERED: Duration = Duration::from_secs(1);

const PODS_ASKED: usize = 3;

impl Rollout {
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

    /// Returns the outcome if there is one now.
    pub(super) fn settle(
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
            Status::Failed { failure, .. } if self.can_tell(view) => {
                let failure = failure.clone();
                let is_explained = self.collect(view, pods, wants);
                return is_explained.then_some(Outcome::Failed(failure));
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
            Status::Failed { .. }
            | Status::TimedOut { .. }
            | Status::Paused { .. }
            | Status::Pending { .. }
            | Status::Progressing { .. } => None,
        };
        self.collection = None;
        outcome.or_else(|| self.lost(view).map(Outcome::Unknown))
    }

    /// Returns whether what is known of the Deployment is so now; else no clock can tell anything.
    pub(super) fn can_tell(&self, view: View<'_>) -> bool {
        self.stale.is_none() && view.is_heard(Watched::Deployments)
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
        limit.is_some_and(|limit| self.progress.without(view.now) >= limit)
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

    pub(super) fn blind_since<'a>(&self, view: View<'a>) -> Option<(Moment, &'a str)> {
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

    pub(super) fn clear_doubt(&mut self, view: View<'_>) {
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
            let uids = asked_uids(view.held, pods, &self.blames);
            wants.push(collection.ask_events(deployment, uids));
            collection
        });
        wants.extend(collection.ask_logs(pods, &self.blames));
        // A failure that was there before us is seen before the pods that explain it.
        let are_pods_seen = view.is_seen(Watched::ReplicaSets) && view.is_seen(Watched::Pods);
        (are_pods_seen && collection.is_answered())
            || collection.is_due(&view.options.patience, view.now)
    }

    pub(super) fn conclude(&mut self, view: View<'_>, outcome: Outcome) -> Conclusion {
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
        let has_seen_all =
            view.contact.has_listed(Watched::ReplicaSets) && view.contact.has_listed(Watched::Pods);
        let has_new_served = self.has_new_served || counts.new_available != Some(0);
        if has_seen_all && !has_new_served && never_fell {
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
}

/// Returns whose cluster events matter.
fn relevant_uids(held: &Held) -> Vec<String> {
    let new = assess::new_replica_set(&held.applied, &held.snapshot);
    uids(held, &pods_of(held, new))
}

/// Returns whose cluster events are asked for: of the pods only those that are blamed, since each
/// may cost a request.
fn asked_uids(held: &Held, pods: &[&PodSeen], blames: &[Blame]) -> Vec<String> {
    let blamed: Vec<&PodSeen> = blames
        .iter()
        .filter_map(|blame| {
            let name = blame.pod.as_deref()?;
            pods.iter().find(|pod| pod.metadata.name == name).copied()
        })
        .take(PODS_ASKED)
        .collect();
    uids(held, &blamed)
}

fn uids(held: &Held, pods: &[&PodSeen]) -> Vec<String> {
    let new = assess::new_replica_set(&held.applied, &held.snapshot);
    let pods = pods.iter().filter(|pod| is_alive(pod));
    std::iter::once(held.applied.uid.as_str())
        .chain(new.map(|new| new.metadata.uid.as_str()))
        .chain(pods.map(|pod| pod.metadata.uid.as_str()))
        .map(str::to_owned)
        .collect()
}
