//! What the tests of the binary stand on: a home with nothing in it, and clusters of their own.

mod cluster;
mod home;

pub(crate) use cluster::{Cluster, deployment};
pub(crate) use home::{Home, Output, Running};

use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything takes, also on a machine that does something else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Asks again and again until there is an answer; none within [`PATIENCE`] fails the test.
#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "tests wait in real time, and nothing is decided by it"
)]
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "never: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
