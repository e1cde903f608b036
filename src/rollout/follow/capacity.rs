//! The lowest number of serving pods against what was wanted, and for how long it was below.

use std::time::Duration;

use crate::rollout::Moment;
use crate::rollout::observed::DeploymentSeen;
use crate::rollout::verdict::Capacity;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CapacityGauge {
    since_attaching: bool,
    reading: Option<Reading>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reading {
    /// What is to be kept: the wanted number, or, after a scale-up, the one before until the new one
    /// is reached for the first time.
    floor: i32,
    lowest: i32,
    wanted: i32,
    below: Duration,
    below_since: Option<Moment>,
}

impl CapacityGauge {
    pub(super) fn new(since_attaching: bool) -> Self {
        Self {
            since_attaching,
            reading: None,
        }
    }

    pub(super) fn note(&mut self, deployment: &DeploymentSeen, now: Moment) {
        let wanted = deployment.spec.replicas;
        let available = deployment.status.available_replicas;
        let reading = self.reading.get_or_insert(Reading {
            floor: wanted,
            lowest: wanted,
            wanted,
            below: Duration::ZERO,
            below_since: None,
        });
        if wanted < reading.floor || available >= wanted {
            reading.floor = wanted;
        }
        if available < reading.floor {
            let shortfall = reading.floor.saturating_sub(available);
            if shortfall > reading.wanted.saturating_sub(reading.lowest) {
                reading.lowest = available;
                reading.wanted = reading.floor;
            }
            reading.below_since.get_or_insert(now);
        } else if let Some(since) = reading.below_since.take() {
            reading.below = reading.below.saturating_add(now.since(since));
        }
        if reading.lowest == reading.wanted {
            // Never short: what is kept is the number of the day.
            reading.lowest = reading.floor;
            reading.wanted = reading.floor;
        }
    }

    pub(super) fn read(&self, now: Moment) -> Option<Capacity> {
        let reading = self.reading?;
        let open = reading
            .below_since
            .map_or(Duration::ZERO, |since| now.since(since));
        Some(Capacity {
            lowest: reading.lowest,
            wanted: reading.wanted,
            below: reading.below.saturating_add(open),
            since_attaching: self.since_attaching,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is tried, the readings (second, wanted, available), and what must be told of them:
    /// lowest, wanted, seconds below.
    type Row = (&'static str, &'static [(u64, i32, i32)], (i32, i32, u64));

    fn seen(wanted: i32, available: i32) -> DeploymentSeen {
        let mut deployment = DeploymentSeen::default();
        deployment.spec.replicas = wanted;
        deployment.status.available_replicas = available;
        deployment
    }

    #[test]
    fn the_lowest_capacity_and_its_duration_are_kept() {
        let cases: [Row; 7] = [
            ("never below", &[(0, 3, 3), (1, 3, 4), (2, 3, 3)], (3, 3, 0)),
            (
                "one short for two seconds",
                &[(0, 3, 3), (1, 3, 2), (3, 3, 3)],
                (2, 3, 2),
            ),
            (
                "two dips add up, the deeper one is told",
                &[
                    (0, 10, 10),
                    (1, 10, 8),
                    (2, 10, 10),
                    (5, 10, 6),
                    (6, 10, 10),
                ],
                (6, 10, 2),
            ),
            ("still below at the end", &[(0, 3, 3), (1, 3, 1)], (1, 3, 9)),
            (
                "a scale-up is no loss until it was reached once",
                &[(0, 6, 6), (1, 10, 6), (2, 10, 10), (3, 10, 9), (4, 10, 10)],
                (9, 10, 1),
            ),
            (
                "a scale-down lowers what is wanted",
                &[(0, 10, 10), (1, 5, 5), (2, 5, 5)],
                (5, 5, 0),
            ),
            ("below from the start", &[(0, 3, 0), (4, 3, 3)], (0, 3, 4)),
        ];
        for (name, readings, (lowest, wanted, below)) in cases {
            let mut gauge = CapacityGauge::new(false);
            for (second, wanted, available) in readings {
                let now = Moment(Duration::from_secs(*second));
                gauge.note(&seen(*wanted, *available), now);
            }
            let end = Moment(Duration::from_secs(10));
            let capacity = gauge.read(end).unwrap();
            assert_eq!(
                (capacity.lowest, capacity.wanted),
                (lowest, wanted),
                "{name}"
            );
            assert_eq!(capacity.below, Duration::from_secs(below), "{name}");
        }
    }
}
