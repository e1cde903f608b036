//! Parses, runs one command, and turns its result into an exit code.

mod cli;
mod cluster;
mod commands;
mod environment;
mod error;
mod https;
mod image;
mod plan;
mod process;
mod resolve;
mod rollout;
mod surroundings;
#[cfg(test)]
mod test_servers;
mod ui;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
