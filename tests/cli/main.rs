//! The real binary against the sandbox, and against clusters in the tests' own process.
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
mod context;
mod input;
mod output;
#[path = "../support/patch_rules.rs"]
mod patch_rules;
mod readme;
#[path = "../support/recording.rs"]
mod recording;
mod refusals;
#[path = "../support/roles.rs"]
mod roles;
mod sandbox;
mod scenario_tests;
#[path = "../support/scenarios.rs"]
mod scenarios;
#[expect(
    clippy::disallowed_methods,
    reason = "the stage waits for real processes, under a deadline"
)]
mod stage;
mod support;
mod transport;
#[path = "../support/wait.rs"]
mod wait;
