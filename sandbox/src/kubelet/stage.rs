//! Where a container stands, how its lives ended, and what a step has to report of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shape::ContainerShape;
use super::{Report, Script};
use crate::clock::Time;

/// Where a container stands.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) enum Stage {
    /// It waits for its turn.
    #[default]
    Created,
    /// Its image is being pulled, until then.
    Pulling { until: Time },
    /// The pull failed just now.
    PullFailed { settled: Time, retry: Time },
    /// It waits before the image is pulled again.
    PullBackOff { retry: Time },
    /// Its image has no valid name.
    InvalidImage,
    /// Its configuration is incomplete; looked at again then.
    NotConfigured { retry: Time },
    /// It runs.
    Running { since: Time },
    /// It has ended, and what follows is decided then.
    Ended { settled: Time },
    /// It waits before it is started again.
    CrashBackOff { until: Time, pause: Duration },
    /// It has ended for good.
    Over,
}

/// How a life ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ended {
    /// When it began.
    pub started: Time,
    /// When it ended.
    pub finished: Time,
    /// The exit code.
    pub code: i32,
    /// The reason in one word.
    pub reason: String,
    /// Which of its lives it was, counted from 0.
    pub life: u32,
}

/// A step in progress: what it looks at, and what it has to report.
pub(super) struct Doing<'a> {
    pub(super) pod: &'a Value,
    pub(super) script: Script<'a>,
    pub(super) now: Time,
    pub(super) reports: Vec<Report>,
}

impl Doing<'_> {
    pub(super) fn tell(
        &mut self,
        shape: &ContainerShape,
        reason: &'static str,
        message: impl Into<String>,
    ) {
        self.report(shape, false, reason, message.into());
    }

    pub(super) fn warn(
        &mut self,
        shape: &ContainerShape,
        reason: &'static str,
        message: impl Into<String>,
    ) {
        self.report(shape, true, reason, message.into());
    }

    fn report(
        &mut self,
        shape: &ContainerShape,
        is_warning: bool,
        reason: &'static str,
        message: String,
    ) {
        let (container, is_init) = (Some(shape.name.clone()), shape.is_init);
        self.reports.push(Report {
            container,
            is_init,
            is_warning,
            reason,
            message,
        });
    }
}
