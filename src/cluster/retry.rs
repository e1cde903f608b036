//! Decides whether a request that may be repeated is repeated, and after how long.
//!
//! Pure: what failed, since when, and a random number come in; a wait goes out.

use std::time::Duration;

use http::StatusCode;

use super::fault::{Fault, NoRoute};
use crate::rollout::Moment;

/// How long to bear with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Endurance {
    /// The first wait after a failure (0.5 s); each further one is twice as long.
    pub(crate) first_wait: Duration,
    /// The longest wait after a failure (8 s).
    pub(crate) longest_wait: Duration,
    /// How long to look for a cluster that has not answered in this run yet (8 s).
    pub(crate) unseen: Duration,
    /// How long to bear with one that has (30 s).
    pub(crate) outage: Duration,
    /// How long to bear with an API server that is hindered by a webhook of its own (30 s).
    pub(crate) hindrance: Duration,
    /// The longest single wait that a busy API server may ask for (30 s).
    pub(crate) throttled_once: Duration,
    /// The longest such wait in all (2 min).
    pub(crate) throttled: Duration,
}

impl Default for Endurance {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            first_wait: Duration::from_millis(500),
            longest_wait: seconds(8),
            unseen: seconds(8),
            outage: seconds(30),
            hindrance: seconds(30),
            throttled_once: seconds(30),
            throttled: seconds(120),
        }
    }
}

/// What kind of trouble a fault is, for somebody who might try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The API server has too much to do, and did nothing of what was asked.
    Throttled { asked: Option<Duration> },
    /// Nothing was sent.
    NoRoute,
    /// It is not known whether the server acted on the request.
    Unknown,
    /// The server says that it, or something behind it, is in trouble, and did nothing.
    Hindered,
    /// Trying again would not help.
    Final,
}

impl Trouble {
    pub(crate) fn of(fault: &Fault) -> Self {
        match fault {
            Fault::Unreachable { .. } => Self::NoRoute,
            Fault::Broken { .. } | Fault::Silent { .. } => Self::Unknown,
            Fault::NotKubernetes { status, .. } => match *status {
                StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => Self::Unknown,
                StatusCode::SERVICE_UNAVAILABLE => Self::Unknown,
                _ => Self::Final,
            },
            Fault::Answered {
                status,
                retry_after,
            } => match status.code {
                429 => Self::Throttled {
                    asked: *retry_after,
                },
                500 if status.message.contains("failed calling webhook") => Self::Hindered,
                500 if status.message.contains("etcdserver:") => Self::Unknown,
                502..=504 => Self::Unknown,
                _ => Self::Final,
            },
            // An answer that was cut and looked whole to HTTP, a proxy's garbage.
            Fault::Garbled { .. } => Self::Unknown,
            Fault::Untrusted { .. }
            | Fault::Unauthorized { .. }
            | Fault::Oversized { .. }
            | Fault::Plugin(_)
            | Fault::Settings(_) => Self::Final,
        }
    }
}

/// The tries of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tries {
    began: Moment,
    failures: u32,
    throttled: Duration,
}

/// What surrounds a failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Circumstances {
    pub(crate) now: Moment,
    /// The API server has answered something in this run.
    pub(crate) was_seen: bool,
    /// Spreads the waits of many clients; any number.
    pub(crate) random: u64,
}

impl Tries {
    pub(crate) fn begin(now: Moment) -> Self {
        Self {
            began: now,
            failures: 0,
            throttled: Duration::ZERO,
        }
    }

    pub(crate) fn began(&self) -> Moment {
        self.began
    }

    /// Returns how long to wait before the next try, or `None` when it is enough.
    pub(crate) fn after(
        &mut self,
        fault: &Fault,
        endurance: &Endurance,
        around: Circumstances,
    ) -> Option<Duration> {
        let doubled = back_off(endurance, self.failures);
        self.failures += 1;
        match Trouble::of(fault) {
            Trouble::Final => None,
            Trouble::Throttled { asked } => {
                let wait = asked.unwrap_or(doubled).min(endurance.throttled_once);
                self.throttled += wait;
                (self.throttled <= endurance.throttled).then(|| jittered(wait, around.random))
            }
            trouble @ (Trouble::NoRoute | Trouble::Unknown | Trouble::Hindered) => {
                let is_unknown_name = matches!(
                    fault,
                    Fault::Unreachable {
                        why: NoRoute::UnknownHost,
                        ..
                    }
                );
                if is_unknown_name && !around.was_seen {
                    // A typing error or a VPN that is down: neither passes within seconds.
                    return None;
                }
                let limit = match (trouble, around.was_seen) {
                    (Trouble::Hindered, _) => endurance.hindrance,
                    (_, true) => endurance.outage,
                    (_, false) => endurance.unseen,
                };
                let wait = jittered(doubled, around.random);
                (around.now.since(self.began) + wait <= limit).then_some(wait)
            }
        }
    }
}

/// Returns the wait after that many failures in a row: 0.5, 1, 2, 4, 8, 8, … seconds.
pub(crate) fn back_off(endurance: &Endurance, failures: u32) -> Duration {
    endurance
        .first_wait
        .saturating_mul(2_u32.saturating_pow(failures))
        .min(endurance.longest_wait)
}

/// Returns the wait, longer by up to a fifth.
pub(crate) fn jittered(wait: Duration, random: u64) -> Duration {
    let fifth = wait / 5;
    let share = u32::try_from(random % 1000).unwrap_or_default();
    wait + fifth * share / 1000
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
