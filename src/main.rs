//! Parses, runs one command, and turns its result into an exit code.

mod cli;
mod commands;
mod error;
mod https;
mod image;
mod plan;
mod process;
mod resolve;
mod rollout;
mod surroundings;
mod ui;
#[cfg(test)]
mod test_servers;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
