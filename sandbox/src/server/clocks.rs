//! Where a served world gets its time from.

use std::time::SystemTime;

use tokio::time::Instant;

use crate::clock::{Clock, Time};

/// The time of day, which never goes back.
#[derive(Debug, Default)]
pub struct RealClock(Time);

impl Clock for RealClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that asks for the time"
    )]
    fn now(&mut self) -> Time {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let present = since_epoch.map_or(Time(0), |since| Time(0).plus(since));
        self.0 = self.0.max(present);
        self.0
    }
}

/// The runtime's time, from any start: a paused runtime makes it virtual.
#[derive(Debug)]
pub struct TokioClock {
    start: Time,
    started: Instant,
}

impl TokioClock {
    /// Lets the time begin.
    pub fn starting_at(start: Time) -> TokioClock {
        TokioClock {
            start,
            started: Instant::now(),
        }
    }
}

impl Clock for TokioClock {
    fn now(&mut self) -> Time {
        self.start.plus(self.started.elapsed())
    }
}
