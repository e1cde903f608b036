//! The watch as a state machine: one input after the other in, events, wishes, and in the end a
//! verdict out. Nothing here waits, reads a clock, or talks to a cluster.
//!
//! Each verdict comes from the newest state alone and never from having seen some event, so lost,
//! doubled and late news change at most when it is given.

mod capacity;
mod contact;
mod evidence;
mod objects;
mod progress;
mod rollout;
mod settle;
mod told;

use std::time::Duration;

use jiff::Timestamp;

use self::contact::Contact;
use self::objects::{Held, Objects, Touched};
use self::rollout::Rollout;
use super::diagnose::Blame;
use super::event::Event;
use super::verdict::{Doubt, Missing, Verdict};
use super::{Applied, Input, Moment, Patience, Seen, Signal, Status, Want, Watched};

/// What is known about the run besides what it applied.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    pub(crate) patience: Patience,
    /// `--timeout`; `None` for no limit.
    pub(crate) timeout: Option<Duration>,
    /// `--wait-for-drain`: complete only when old pods are gone.
    pub(crate) wait_for_drain: bool,
    /// The prefix of this tool's annotations.
    pub(crate) annotation_prefix: String,
    /// The server's `Date` when watching begins: for one who attaches, what the times in the
    /// objects are compared with. Never this machine's clock.
    pub(crate) server_time: Option<Timestamp>,
    /// Planned writes that were not made.
    pub(crate) missing: Missing,
}

/// What one input led to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Step {
    pub(crate) events: Vec<Event>,
    pub(crate) wants: Vec<Want>,
    /// When to send [`Input::Tick`] if nothing else comes before.
    pub(crate) wake: Option<Moment>,
    /// Given once; the watch is over.
    pub(crate) verdict: Option<Verdict>,
}

/// Where one Deployment stands, for those who ask without waiting.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    pub(crate) deployment: String,
    pub(crate) status: Status,
    pub(crate) causes: Vec<Blame>,
}

/// The watch of all Deployments of one run.
#[derive(Clone, Debug)]
pub(crate) struct Follow {
    objects: Objects,
    rollouts: Vec<Rollout>,
    contact: Contact,
    options: Options,
    started: Moment,
    has_begun: bool,
    is_over: bool,
    signal: Option<Signal>,
    /// When the last event was told.
    spoke: Moment,
    wake: Option<Moment>,
}

/// What a rollout is looked at with.
#[derive(Clone, Copy, Debug)]
struct View<'a> {
    held: &'a Held,
    contact: &'a Contact,
    options: &'a Options,
    now: Moment,
}

/// A wake-up that comes this much too late means that the machine slept.
const OVERSLEPT: Duration = Duration::from_secs(5);

impl Follow {
    pub(crate) fn new(applied: Vec<Applied>, options: Options, now: Moment) -> Self {
        let rollouts = applied
            .iter()
            .map(|applied| Rollout::new(applied, now))
            .collect();
        Self {
            objects: Objects::new(applied),
            rollouts,
            contact: Contact::default(),
            options,
            started: now,
            has_begun: false,
            is_over: false,
            signal: None,
            spoke: now,
            wake: None,
        }
    }

    /// Takes one input. The first one also begins the events; [`Input::Tick`] will do.
    ///
    /// After the verdict every step is empty.
    pub(crate) fn step(&mut self, input: Input, now: Moment) -> Step {
        let mut step = Step::default();
        if self.is_over {
            return step;
        }
        self.begin(&mut step);
        if self.wake.is_some_and(|wake| now.since(wake) > OVERSLEPT) {
            for rollout in &mut self.rollouts {
                rollout.doubt(now);
            }
        }
        let touched = self.absorb(input, now, &mut step);
        self.evaluate(touched, now, &mut step);
        step.events
            .extend(self.contact.tell(&self.options.patience, now));
        self.keep_talking(now, &mut step);

        if self
            .rollouts
            .iter()
            .all(|rollout| rollout.conclusion.is_some())
        {
            self.is_over = true;
            step.verdict = Some(self.verdict());
        } else {
            step.wake = self.next_wake(now);
        }
        self.wake = step.wake;
        step
    }

    /// Returns where each Deployment stands by what has been seen so far.
    pub(crate) fn standing(&self) -> Vec<Standing> {
        let standing = self
            .rollouts
            .iter()
            .enumerate()
            .filter_map(|(index, rollout)| {
                Some(Standing {
                    deployment: self.objects.get(index)?.applied.deployment.clone(),
                    status: rollout.status.clone(),
                    causes: rollout.blames.clone(),
                })
            });
        standing.collect()
    }

    fn begin(&mut self, step: &mut Step) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        let held = (0..self.rollouts.len()).filter_map(|index| self.objects.get(index));
        step.events.extend(held.map(|held| Event::Started {
            deployment: held.applied.deployment.clone(),
            written: held.applied.written,
            age: held.applied.age,
        }));
    }

    /// Takes the input into what is known and returns whom it concerns.
    fn absorb(&mut self, input: Input, now: Moment, step: &mut Step) -> Touched {
        match input {
            Input::Listed { kind, objects } => {
                self.contact.listed(kind);
                step.events.extend(self.contact.restored(kind, now));
                let touched = self.objects.listed(kind, objects);
                for rollout in &mut self.rollouts {
                    rollout.refresh(kind, true, now);
                }
                touched
            }
            Input::Changed(seen) => {
                let kind = kind_of(&seen);
                self.contact.heard(kind, now);
                let touched = self.objects.changed(seen);
                self.refresh(touched, kind, now);
                touched
            }
            Input::Removed(seen) => {
                self.contact.heard(kind_of(&seen), now);
                self.objects.removed(&seen)
            }
            Input::Missing { deployment } => {
                self.contact.heard(Watched::Deployments, now);
                self.objects.missing(&deployment)
            }
            Input::Lost { kind, why } => {
                self.contact.lost(kind, why, now);
                Touched::All
            }
            Input::Restored { kind } => {
                step.events.extend(self.contact.restored(kind, now));
                Touched::All
            }
            Input::Forbidden { kind, why } => {
                if kind == Watched::Deployments {
                    self.end(&Doubt::Expelled { why }, now, step);
                } else {
                    step.events.extend(self.contact.forbidden(kind, why));
                }
                Touched::All
            }
            Input::Expelled { why } => {
                self.end(&Doubt::Expelled { why }, now, step);
                Touched::Nothing
            }
            Input::Log {
                pod,
                container,
                previous,
                lines,
            } => self.take_log(&pod, &container, previous, &lines),
            Input::Evidence { deployment, events } => {
                let Some(index) = self.objects.index_of(&deployment) else {
                    return Touched::Nothing;
                };
                if let Some(held) = self.objects.get_mut(index) {
                    for event in events {
                        held.keep_event(event);
                    }
                }
                let rollout = self.rollouts.get_mut(index);
                if let Some(collection) = rollout.and_then(|rollout| rollout.collection.as_mut()) {
                    collection.events();
                }
                Touched::One(index)
            }
            Input::Signal(signal) => {
                self.signal = Some(signal);
                self.detach(now, step);
                Touched::Nothing
            }
            Input::Tick => Touched::All,
        }
    }

    fn refresh(&mut self, touched: Touched, kind: Watched, now: Moment) {
        if let Touched::One(index) = touched
            && let Some(rollout) = self.rollouts.get_mut(index)
        {
            rollout.refresh(kind, false, now);
        }
    }

    fn take_log(
        &mut self,
        pod: &str,
        container: &str,
        previous: bool,
        lines: &Result<Vec<String>, String>,
    ) -> Touched {
        let index = self.rollouts.iter_mut().position(|rollout| {
            let collection = rollout.collection.as_mut();
            collection.is_some_and(|asked| asked.log(pod, container, previous, lines))
        });
        index.map_or(Touched::Nothing, Touched::One)
    }

    fn evaluate(&mut self, touched: Touched, now: Moment, step: &mut Step) {
        let concerned = match touched {
            Touched::Nothing => 0..0,
            Touched::One(index) => index..index.saturating_add(1),
            Touched::All => 0..self.rollouts.len(),
        };
        for index in concerned {
            if let Some(held) = self.objects.get_mut(index) {
                rollout::note_leftover(held);
            }
            let (Some(held), Some(rollout)) =
                (self.objects.get(index), self.rollouts.get_mut(index))
            else {
                continue;
            };
            let view = View {
                held,
                contact: &self.contact,
                options: &self.options,
                now,
            };
            let (events, wants) = rollout.evaluate(view);
            step.events.extend(events);
            step.wants.extend(wants);
        }
    }

    /// Ends all that is open because nothing more can be seen.
    fn end(&mut self, doubt: &Doubt, now: Moment, step: &mut Step) {
        self.end_all(Some(doubt), now, step);
    }

    /// Ends all that is open because somebody wants to go; the rollouts go on.
    fn detach(&mut self, now: Moment, step: &mut Step) {
        self.end_all(None, now, step);
    }

    fn end_all(&mut self, doubt: Option<&Doubt>, now: Moment, step: &mut Step) {
        for (index, rollout) in self.rollouts.iter_mut().enumerate() {
            let Some(held) = self.objects.get(index) else {
                continue;
            };
            let view = View {
                held,
                contact: &self.contact,
                options: &self.options,
                now,
            };
            step.events.extend(rollout.end(view, doubt.cloned()));
        }
    }

    /// Says something at least as often as patience demands.
    fn keep_talking(&mut self, now: Moment, step: &mut Step) {
        if step.events.is_empty() && now.since(self.spoke) >= self.options.patience.heartbeat {
            let open = self.rollouts.iter().enumerate();
            let beats = open.filter_map(|(index, rollout)| {
                if rollout.conclusion.is_some() {
                    return None;
                }
                Some(Event::Heartbeat {
                    deployment: self.objects.get(index)?.applied.deployment.clone(),
                    status: rollout.status.clone(),
                    elapsed: now.since(self.started),
                    trouble: rollout.blames.first().cloned(),
                })
            });
            step.events.extend(beats);
        }
        if !step.events.is_empty() {
            self.spoke = now;
        }
    }

    fn next_wake(&self, now: Moment) -> Option<Moment> {
        let patience = &self.options.patience;
        let rollouts = self.rollouts.iter().filter_map(|rollout| rollout.due);
        rollouts
            .chain(self.contact.due(patience))
            .chain([self.spoke.plus(patience.heartbeat)])
            .filter(|due| *due > now)
            .min()
    }

    fn verdict(&self) -> Verdict {
        let conclusions = self
            .rollouts
            .iter()
            .filter_map(|rollout| rollout.conclusion.clone());
        Verdict::fold(
            conclusions.collect(),
            self.options.missing.clone(),
            self.signal,
        )
    }
}

fn kind_of(seen: &Seen) -> Watched {
    match seen {
        Seen::Deployment(_) => Watched::Deployments,
        Seen::ReplicaSet(_) => Watched::ReplicaSets,
        Seen::Pod(_) => Watched::Pods,
        Seen::Event(_) => Watched::Events,
    }
}

#[cfg(test)]
mod tests;
