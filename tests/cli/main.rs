//! The real binary against the sandbox.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the lints' exception for tests does not reach helpers outside of test functions"
)]

#[expect(
    dead_code,
    reason = "the harness of the real control plane needs more of it"
)]
#[path = "../support/client.rs"]
mod client;
#[path = "../support/patch_rules.rs"]
mod patch_rules;
#[path = "../support/recording.rs"]
mod recording;
#[path = "../support/roles.rs"]
mod roles;
mod scenario_tests;
#[path = "../support/scenarios.rs"]
mod scenarios;
#[path = "../support/wait.rs"]
mod wait;
