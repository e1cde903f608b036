//! Which troubles were seen when and on which pods, so that one bad moment is not called doom.
//!
//! A second sighting is the same trouble some time later, or on a second pod.

use std::collections::{BTreeMap, BTreeSet};

use super::cause::{Blame, Finding, Grade, Identity};
use crate::rollout::{Moment, Patience};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sightings {
    seen: BTreeMap<Identity, Sighting>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Sighting {
    first: Moment,
    /// What the pods show now, one finding a pod.
    showing: BTreeMap<String, Finding>,
    /// Pods that showed it and are gone, by uid: their successors prove that it was no accident.
    gone: BTreeSet<String>,
    /// One who attaches finds it on a pod that is old enough for a second sighting.
    was_there: bool,
}

impl Sightings {
    /// Takes in what a diagnosis found in `pods` (the uids of all that were looked at), those among
    /// them in `old` before anybody watched.
    pub(crate) fn note(
        &mut self,
        findings: Vec<Finding>,
        pods: &BTreeSet<&str>,
        old: &BTreeSet<&str>,
        now: Moment,
    ) {
        for sighting in self.seen.values_mut() {
            let before = std::mem::take(&mut sighting.showing);
            let gone = before
                .into_keys()
                .filter(|uid| !pods.contains(uid.as_str()));
            sighting.gone.extend(gone);
        }
        for finding in findings {
            let sighting = self
                .seen
                .entry(finding.identity())
                .or_insert_with(|| Sighting {
                    first: now,
                    showing: BTreeMap::new(),
                    gone: BTreeSet::new(),
                    was_there: false,
                });
            sighting.was_there |= old.contains(finding.pod_uid.as_str());
            sighting.showing.insert(finding.pod_uid.clone(), finding);
        }
        self.seen
            .retain(|_, sighting| !sighting.showing.is_empty() || !sighting.gone.is_empty());
    }

    /// Returns what the pods suffer from now: the doomed first, then what most pods have.
    pub(crate) fn blames(&self, patience: &Patience, now: Moment) -> Vec<Blame> {
        let mut graded: Vec<(Grade, Blame)> = self
            .seen
            .values()
            .filter_map(|sighting| sighting.blame(patience, now))
            .collect();
        graded.sort_by(|(one_grade, one), (other_grade, other)| {
            other
                .doomed
                .cmp(&one.doomed)
                .then(other_grade.cmp(one_grade))
                .then(other.pods.cmp(&one.pods))
        });
        graded.into_iter().map(|(_, blame)| blame).collect()
    }

    /// Returns since when the trouble of `blame` has been seen.
    pub(crate) fn first_seen(&self, identity: &Identity) -> Option<Moment> {
        self.seen.get(identity).map(|sighting| sighting.first)
    }

    /// Returns since when pods show what every pod shows while it starts.
    pub(crate) fn ordinary(&self) -> impl Iterator<Item = Moment> {
        self.seen
            .values()
            .filter(|sighting| {
                let mut showing = sighting.showing.values();
                showing.any(|finding| finding.cause.is_ordinary())
            })
            .map(|sighting| sighting.first)
    }

    /// Returns when troubles that wait for a second look will have waited long enough.
    pub(crate) fn second_looks(&self, patience: &Patience) -> impl Iterator<Item = Moment> {
        self.seen
            .values()
            .filter(|sighting| sighting.grade() == Some(Grade::SecondSighting))
            .map(|sighting| sighting.first.plus(patience.second_sighting))
    }
}

impl Sighting {
    fn grade(&self) -> Option<Grade> {
        self.showing.values().map(|finding| finding.grade).max()
    }

    fn blame(&self, patience: &Patience, now: Moment) -> Option<(Grade, Blame)> {
        let worst = self.showing.values().reduce(|worst, finding| {
            if finding.grade > worst.grade {
                finding
            } else {
                worst
            }
        })?;
        let doomed = match worst.grade {
            Grade::Doomed => true,
            Grade::SecondSighting => {
                let pods = self.showing.len().saturating_add(self.gone.len());
                let is_lasting = now.since(self.first) >= patience.second_sighting;
                pods > 1 || self.was_there || is_lasting
            }
            Grade::Counting | Grade::Transient => false,
        };
        let blame = Blame {
            cause: worst.cause.clone(),
            container: worst.container.clone(),
            pods: self.showing.len(),
            pod: Some(worst.pod.clone()),
            doomed,
        };
        Some((worst.grade, blame))
    }
}
