//! What has been told of a rollout already, so that each change is said once and nothing flickers.

use std::collections::BTreeMap;

use super::View;
use crate::rollout::diagnose::{Blame, Identity, Sightings};
use crate::rollout::event::Event;
use crate::rollout::{Counts, Moment, Patience, Status, Waiting};

#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    is_silent: bool,
    is_paused: bool,
    wanted: Option<i32>,
    progress: Option<(Waiting, Counts)>,
    troubles: BTreeMap<Identity, Trouble>,
}

#[derive(Clone, Debug)]
struct Trouble {
    blame: Blame,
    /// A crashing container is well between two crashes; that is no recovery.
    absent_since: Option<Moment>,
}

impl Told {
    pub(super) fn tell(
        &mut self,
        deployment: &str,
        status: &Status,
        counts: Option<Counts>,
        view: View<'_>,
    ) -> Vec<Event> {
        let deployment = || deployment.to_owned();
        let mut events = Vec::new();
        if let Some(counts) = counts {
            let from = self.wanted.replace(counts.wanted).unwrap_or(counts.wanted);
            if from != counts.wanted {
                events.push(Event::Rescaled {
                    deployment: deployment(),
                    from,
                    to: counts.wanted,
                });
            }
        }
        let is_silent = matches!(status, Status::Pending { silent: true });
        if is_silent && !self.is_silent {
            events.push(Event::Silent {
                deployment: deployment(),
                unobserved: view.options.patience.observe,
            });
        }
        self.is_silent = is_silent;
        match (self.is_paused, status) {
            (false, Status::Paused { counts }) => {
                self.is_paused = true;
                events.push(Event::Paused {
                    deployment: deployment(),
                    counts: *counts,
                });
            }
            (true, Status::Pending { .. } | Status::Progressing { .. }) => {
                self.is_paused = false;
                events.push(Event::Resumed {
                    deployment: deployment(),
                });
            }
            (
                _,
                Status::Pending { .. }
                | Status::Progressing { .. }
                | Status::Complete { .. }
                | Status::Failed { .. }
                | Status::Paused { .. }
                | Status::Superseded { .. }
                | Status::Gone(_)
                | Status::TimedOut { .. },
            ) => {}
        }
        events
    }

    pub(super) fn tell_troubles(
        &mut self,
        deployment: &str,
        blames: &[Blame],
        sightings: &Sightings,
        view: View<'_>,
    ) -> Vec<Event> {
        let now = view.now;
        let patience = &view.options.patience;
        let mut events = Vec::new();
        for blame in blames {
            let identity = blame.identity();
            if let Some(trouble) = self.troubles.get_mut(&identity) {
                trouble.absent_since = None;
                continue;
            }
            let is_young = sightings
                .first_seen(&identity)
                .is_some_and(|first| now.since(first) < patience.heartbeat);
            if blame.cause.is_ordinary() && is_young {
                continue;
            }
            let trouble = Trouble {
                blame: blame.clone(),
                absent_since: None,
            };
            self.troubles.insert(identity, trouble);
            events.push(Event::Trouble {
                deployment: deployment.to_owned(),
                blame: blame.clone(),
            });
        }
        self.troubles.retain(|identity, trouble| {
            if blames.iter().any(|blame| blame.identity() == *identity) {
                return true;
            }
            let since = *trouble.absent_since.get_or_insert(now);
            let is_over = now.since(since) >= patience.stable;
            if is_over {
                events.push(Event::Recovered {
                    deployment: deployment.to_owned(),
                    blame: trouble.blame.clone(),
                });
            }
            !is_over
        });
        events
    }

    pub(super) fn tell_progress(
        &mut self,
        deployment: &str,
        status: &Status,
        trouble: Option<&Blame>,
    ) -> Option<Event> {
        let Status::Progressing { waiting, counts } = status else {
            return None;
        };
        let progress = (*waiting, *counts);
        if self.progress.replace(progress) == Some(progress) {
            return None;
        }
        Some(Event::Progress {
            deployment: deployment.to_owned(),
            waiting: *waiting,
            counts: *counts,
            trouble: trouble.filter(|blame| !blame.cause.is_ordinary()).cloned(),
        })
    }

    /// Returns when there will be something to tell even if nothing happens.
    pub(super) fn due(
        &self,
        sightings: &Sightings,
        patience: &Patience,
    ) -> impl Iterator<Item = Moment> {
        let recoveries = self
            .troubles
            .values()
            .filter_map(|trouble| trouble.absent_since)
            .map(|since| since.plus(patience.stable));
        let ordinary = sightings
            .ordinary()
            .map(|first| first.plus(patience.heartbeat));
        recoveries.chain(ordinary)
    }
}
