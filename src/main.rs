//! Parses, runs one command, and turns its result into an exit code.

mod cli;
mod commands;
mod error;
mod exit_code;
mod plan;
mod process;
mod report;
mod rollout;
mod surroundings;
mod ui;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
