//! Parses, runs one command, and turns its result into an exit code.

mod cli;
mod commands;
mod diff;
mod environment;
mod error;
mod https;
mod image;
mod plan;
mod process;
mod rollout;
mod surroundings;
mod ui;
mod resolve;
#[cfg(test)]
mod test_servers;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
