//! The real binary against the sandbox.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the lints' exception for tests does not reach helpers outside of test functions"
)]

mod input;
mod output;
mod refusals;
mod stage;
mod transport;
