//! What a container writes, as far as anybody may ask for it.

use serde::{Deserialize, Serialize};

use crate::clock::Time;

/// How many lines of one life are kept.
const KEPT: usize = 200;

/// A line that a container wrote.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LogLine {
    /// When.
    pub time: Time,
    /// What, without the end of the line.
    pub text: String,
}

/// The lines of one life.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Log(Vec<LogLine>);

impl Log {
    pub(super) fn write(&mut self, time: Time, text: impl Into<String>) {
        if self.0.len() >= KEPT {
            self.0.remove(0);
        }
        self.0.push(LogLine {
            time,
            text: text.into(),
        });
    }

    pub(super) fn lines(&self) -> &[LogLine] {
        &self.0
    }
}
