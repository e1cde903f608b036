//! The sentences: what statuses, causes, and verdicts are called, and what to do about them. Pure;
//! text of the cluster that goes into them is sanitised where it is written out.
//!
//! A sentence that ends in a name people copy (image, pod, command) has no period.

pub(crate) mod cause;
pub(crate) mod ending;
pub(crate) mod event;
pub(crate) mod outgoing;
pub(crate) mod resolved;

use std::time::Duration;

use crate::rollout::Counts;

/// Returns a duration as people say it: `45 s`, `2 min 5 s`, `1 h 10 min`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes, rest) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// Returns the counts of a rollout: `4 of 10 pods new, 3 of them available; 10 of 10 serving`.
pub(crate) fn counts(counts: &Counts) -> String {
    let Counts {
        wanted,
        updated,
        available,
        new_available,
        total: _,
    } = counts;
    let new = match new_available {
        Some(new) => format!(", {new} of them available"),
        None => String::new(),
    };
    // During a surge more may serve than are wanted; that is nothing to be told.
    let serving = available.min(wanted);
    format!("{updated} of {wanted} pods new{new}; {serving} of {wanted} serving")
}

/// Returns `1 pod`, `2 pods`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

#[cfg(test)]
mod tests;
