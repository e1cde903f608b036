//! Which kinds can be observed, since when not, and whether this program slept: what is known may
//! be old without anything having said so.

use std::collections::{BTreeMap, BTreeSet};

use crate::rollout::event::Event;
use crate::rollout::{Moment, Patience, Watched};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Contact {
    lost: BTreeMap<Watched, Loss>,
    forbidden: BTreeMap<Watched, String>,
    /// Kinds of which a complete list was seen.
    listed: BTreeSet<Watched>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Loss {
    since: Moment,
    /// When the kind was heard of last, in spite of the loss.
    heard: Moment,
    why: String,
    is_told: bool,
}

impl Contact {
    pub(super) fn lost(&mut self, kind: Watched, why: String, now: Moment) {
        let loss = self.lost.entry(kind).or_insert_with(|| Loss {
            since: now,
            heard: now,
            why: String::new(),
            is_told: false,
        });
        loss.why = why;
    }

    /// Notes that the kind is observed again.
    pub(super) fn restored(&mut self, kind: Watched, now: Moment) -> Option<Event> {
        let loss = self.lost.remove(&kind)?;
        loss.is_told.then(|| Event::RegainedContact {
            kind,
            lost: now.since(loss.since),
        })
    }

    /// Notes that something was heard of the kind, be it by a read beside the broken watch.
    pub(super) fn heard(&mut self, kind: Watched, now: Moment) {
        if let Some(loss) = self.lost.get_mut(&kind) {
            loss.heard = now;
        }
    }

    pub(super) fn listed(&mut self, kind: Watched) {
        self.listed.insert(kind);
    }

    pub(super) fn has_listed(&self, kind: Watched) -> bool {
        self.listed.contains(&kind)
    }

    /// Notes that the kind may not be read, and returns what to say the first time.
    pub(super) fn forbidden(&mut self, kind: Watched, why: String) -> Option<Event> {
        self.lost.remove(&kind);
        let before = self.forbidden.insert(kind, why.clone());
        before.is_none().then_some(Event::Degraded { kind, why })
    }

    /// Returns whether nothing can be said of the kind now.
    pub(super) fn is_blind(&self, kind: Watched) -> bool {
        self.forbidden.contains_key(&kind) || self.lost.contains_key(&kind)
    }

    /// Returns why the kind cannot be observed and since when nothing was heard of it.
    pub(super) fn silence(&self, kind: Watched) -> Option<(&str, Moment)> {
        let loss = self.lost.get(&kind)?;
        Some((&loss.why, loss.heard))
    }

    /// Returns the losses that have lasted long enough to be told, once each.
    pub(super) fn tell(&mut self, patience: &Patience, now: Moment) -> Vec<Event> {
        let mut told = Vec::new();
        for (kind, loss) in &mut self.lost {
            if !loss.is_told && now.since(loss.since) >= patience.hiccup {
                loss.is_told = true;
                told.push(Event::LostContact {
                    kind: *kind,
                    why: loss.why.clone(),
                });
            }
        }
        told
    }

    /// Returns when `tell` will have something to say.
    pub(super) fn due(&self, patience: &Patience) -> impl Iterator<Item = Moment> {
        self.lost
            .values()
            .filter(|loss| !loss.is_told)
            .map(|loss| loss.since.plus(patience.hiccup))
    }
}
