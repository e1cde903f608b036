//! How long the kubelet's own doings take; how long a program takes is its story's business.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Delays of the kubelet. The default has the real back-offs, and starts a pod in about a second.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timings {
    /// From binding to the first look at the pod.
    pub notice: Duration,
    /// Pulling an image, whether it works or not.
    pub pull: Duration,
    /// From a failed pull to the words that it backs off, and from a container's end to its restart or back-off.
    pub settle: Duration,
    /// The first pause between two pulls; it doubles.
    pub pull_back_off: Duration,
    /// The first pause between two restarts, after the restart that comes at once; it doubles.
    pub crash_back_off: Duration,
    /// The longest pause of both sorts.
    pub longest_back_off: Duration,
    /// From one attempt to make a container out of an incomplete configuration to the next.
    pub resync: Duration,
    /// The longest pause between two probes, whatever the container asks for.
    pub longest_probe_period: Duration,
}

impl Default for Timings {
    fn default() -> Timings {
        Timings {
            notice: Duration::from_millis(20),
            pull: Duration::from_millis(200),
            settle: Duration::from_millis(400),
            pull_back_off: Duration::from_secs(10),
            crash_back_off: Duration::from_secs(10),
            longest_back_off: Duration::from_secs(300),
            resync: Duration::from_secs(10),
            longest_probe_period: Duration::from_secs(3600),
        }
    }
}

impl Timings {
    /// Returns timings with every back-off, pause and probe period cut to `percent` of its length.
    #[must_use]
    pub fn scaled(&self, percent: u32) -> Timings {
        let scale = |duration: Duration| duration.saturating_mul(percent) / 100;
        Timings {
            notice: self.notice,
            pull: self.pull,
            settle: scale(self.settle),
            pull_back_off: scale(self.pull_back_off),
            crash_back_off: scale(self.crash_back_off),
            longest_back_off: scale(self.longest_back_off),
            resync: scale(self.resync),
            longest_probe_period: scale(Duration::from_secs(10)),
        }
    }

    /// Returns the pause before restart number `level`, counted from 0: none, then doubling.
    pub(super) fn crash_pause(&self, level: u32) -> Duration {
        match level.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => self.doubled(self.crash_back_off, doublings),
        }
    }

    /// Returns the pause after failed pull number `failures`, counted from 1.
    pub(super) fn pull_pause(&self, failures: u32) -> Duration {
        self.doubled(self.pull_back_off, failures.saturating_sub(1))
    }

    fn doubled(&self, first: Duration, doublings: u32) -> Duration {
        first
            .saturating_mul(1u32.checked_shl(doublings.min(16)).unwrap_or(u32::MAX))
            .min(self.longest_back_off)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_offs_double_up_to_the_longest() {
        let timings = Timings::default();
        let crashes: Vec<u64> = (0..8)
            .map(|level| timings.crash_pause(level).as_secs())
            .collect();
        assert_eq!(crashes, [0, 10, 20, 40, 80, 160, 300, 300]);
        let pulls: Vec<u64> = (1..8)
            .map(|failures| timings.pull_pause(failures).as_secs())
            .collect();
        assert_eq!(pulls, [10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(timings.scaled(5).crash_pause(2), Duration::from_secs(1));
    }
}
