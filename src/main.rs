//! Parses, runs one command, and turns its result into an exit code.

mod error;
mod image;
mod plan;
mod resolve;
mod rollout;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::SUCCESS
}
