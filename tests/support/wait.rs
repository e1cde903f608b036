//! Waiting for a condition under a deadline; the only clock of these tests.

use std::thread;
use std::time::{Duration, Instant};

/// Asks `condition` again and again until it answers or `limit` has passed.
#[expect(
    clippy::disallowed_methods,
    reason = "tests wait in real time, and nothing is decided by it"
)]
pub(crate) fn until<T>(limit: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        if let Some(answer) = condition() {
            return Some(answer);
        }
        if began.elapsed() >= limit {
            return None;
        }
        thread::sleep(Duration::from_millis(20));
    }
}
