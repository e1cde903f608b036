//! Parses, runs one command, and turns its result into an exit code.

mod cli;
mod cluster;
mod commands;
mod diff;
#[cfg(test)]
mod docs_tests;
mod environment;
mod error;
mod exit_code;
mod https;
mod image;
mod plan;
mod process;
mod report;
mod resolve;
mod rollout;
#[cfg(test)]
mod servers_for_tests;
mod surroundings;
mod ui;

use std::process::ExitCode;

fn main() -> ExitCode {
    // With one provider compiled in this cannot fail; without it TLS would.
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    commands::run(process::Process::read()).into()
}
