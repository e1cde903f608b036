//! Points in time as the world sees them, and where they come from.
//!
//! The world is told the time by its caller; only a [`Clock`], which lives outside of it, looks at one.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Time(pub i64);

/// Something that knows what time it is.
pub trait Clock: Send {
    /// Returns the present, which never lies before an earlier answer.
    fn now(&mut self) -> Time;
}

impl Time {
    /// Reads an RFC 3339 time with or without a fraction; finer than a millisecond is cut off.
    pub fn parse(text: &str) -> Option<Time> {
        text.parse::<Timestamp>()
            .ok()
            .map(|timestamp| Time(timestamp.as_millisecond()))
    }

    /// Writes the time as object metadata and conditions carry it: whole seconds, `Z`.
    pub fn rfc3339(self) -> String {
        self.whole_second().timestamp().to_string()
    }

    /// Writes the time as Leases and new-style cluster events carry it: microseconds, `Z`.
    pub fn micro(self) -> String {
        format!("{:.6}", self.timestamp())
    }

    /// Returns the time `duration` later; what a millisecond cannot hold is cut off.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Time {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Time(self.0.saturating_add(milliseconds))
    }

    /// Returns the time `duration` earlier; what a millisecond cannot hold is cut off.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Time {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Time(self.0.saturating_sub(milliseconds))
    }

    /// Returns how long ago `earlier` was; nothing if it is not earlier.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Returns the time cut to the second, which is all that object metadata keeps of it.
    #[must_use]
    pub fn whole_second(self) -> Time {
        Time(self.0.div_euclid(1000) * 1000)
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_kubernetes_writes_them() {
        let time = Time(1_795_244_821_234);
        assert_eq!(time.rfc3339(), "2026-11-21T07:07:01Z");
        assert_eq!(time.micro(), "2026-11-21T07:07:01.234000Z");
        assert_eq!(Time::parse(&time.micro()), Some(time));
        assert_eq!(Time::parse(&time.rfc3339()), Some(time.whole_second()));
        assert_eq!(Time::parse("yesterday"), None);
    }

    #[test]
    fn a_duration_is_never_negative() {
        let later = Time(5_000).plus(Duration::from_millis(250));
        assert_eq!(later.since(Time(5_000)), Duration::from_millis(250));
        assert_eq!(Time(5_000).since(later), Duration::ZERO);
    }
}
