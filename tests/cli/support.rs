//! What the tests of the binary stand on: a home with nothing in it, and clusters of their own.

mod cluster;
mod home;

pub(crate) use cluster::{Cluster, deployment};
pub(crate) use home::{Home, Output};

use std::time::Duration;

use crate::wait;

/// Longer than anything takes, also on a machine that does something else.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks again and again until there is an answer; none for very long fails the test.
#[track_caller]
pub(crate) fn until<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    wait::until(PATIENCE, ask).unwrap_or_else(|| panic!("never: {what}"))
}
