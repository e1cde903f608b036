//! The one file that reads arguments, variables, clocks, and randomness.
//!
//! Everything else gets them as values, so that it can be tested with others.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place where they are allowed"
)]

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

use crate::rollout::Moment;
use crate::surroundings::{Terminal, Variables};

/// What the process was started with.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) arguments: Vec<OsString>,
    /// This program's own file, where the system tells.
    pub(crate) program: Option<PathBuf>,
    pub(crate) variables: Variables,
    /// `None` where the working directory was removed or may not be read.
    pub(crate) directory: Option<PathBuf>,
    pub(crate) terminal: Terminal,
    pub(crate) clock: Clock,
}

impl Process {
    pub(crate) fn read() -> Self {
        Self {
            arguments: std::env::args_os().collect(),
            program: std::env::current_exe().ok(),
            variables: Variables(
                std::env::vars_os()
                    .filter_map(|(name, value)| {
                        Some((name.into_string().ok()?, value.into_string().ok()?))
                    })
                    .collect(),
            ),
            directory: std::env::current_dir().ok(),
            terminal: Terminal {
                stdout: io::stdout().is_terminal(),
                stderr: io::stderr().is_terminal(),
                can_ask: std::fs::OpenOptions::new()
                    .read(true)
                    .write(true)
                    .open("/dev/tty")
                    .is_ok(),
            },
            clock: Clock::start(),
        }
    }
}

/// Reads the time: `Moment`s since the start on a clock that counts sleep, and the time of day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Duration,
}

// CLOCK_MONOTONIC stands still while a Linux machine sleeps; on macOS it does not.
#[cfg(any(target_os = "linux", target_os = "android"))]
const COUNTS_SLEEP: ClockId = ClockId::Boottime;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const COUNTS_SLEEP: ClockId = ClockId::Monotonic;

impl Clock {
    fn start() -> Self {
        Self { start: uptime() }
    }

    pub(crate) fn now(self) -> Moment {
        Moment(uptime().saturating_sub(self.start))
    }

    pub(crate) fn time_of_day(self) -> Timestamp {
        Timestamp::now()
    }
}

fn uptime() -> Duration {
    let time = clock_gettime(COUNTS_SLEEP);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// Returns 64 random bits, for ids and jitter; nothing here is a secret.
pub(crate) fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}

/// Returns 128 random bits that nobody can guess, in hexadecimal digits.
pub(crate) fn secret() -> io::Result<String> {
    let mut bytes = [0; 16];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_differ() {
        assert_ne!(random(), random());
        let secrets = [secret(), secret()].map(|secret| secret.expect("random"));
        assert_ne!(secrets[0], secrets[1]);
        assert_eq!(secrets[0].len(), 32);
    }

    #[test]
    fn clock_does_not_run_backwards() {
        let clock = Clock::start();
        let earlier = clock.now();
        assert!(clock.now() >= earlier);
    }
}
