//! What the watch tells its readers while it goes on: values with numbers, no sentences.

use std::time::Duration;

use super::diagnose::Blame;
use super::verdict::Conclusion;
use super::{Counts, Status, Waiting, Watched};

/// One item of the stream that reports read. Nothing flows back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// Watching begins.
    Started {
        deployment: String,
        /// False where the target was found as wanted and is only judged.
        written: bool,
        /// How long ago its rollout began.
        age: Duration,
    },
    /// The counts or what is waited for changed.
    Progress {
        deployment: String,
        waiting: Waiting,
        counts: Counts,
        /// What is wrong right now, if anything.
        trouble: Option<Blame>,
    },
    /// The controller has not taken notice of the change for this long.
    Silent {
        deployment: String,
        unobserved: Duration,
    },
    /// Somebody paused the rollout.
    Paused { deployment: String, counts: Counts },
    /// Somebody resumed it.
    Resumed { deployment: String },
    /// Somebody, or an autoscaler, changed the number of replicas; the new one is followed.
    Rescaled {
        deployment: String,
        from: i32,
        to: i32,
    },
    /// Pods of the new version have a trouble that they did not have.
    Trouble { deployment: String, blame: Blame },
    /// They do not have it any more.
    Recovered { deployment: String, blame: Blame },
    /// A kind cannot be read at all; watching goes on without it.
    Degraded { kind: Watched, why: String },
    /// A kind cannot be observed at the moment.
    LostContact { kind: Watched, why: String },
    /// It is observed again after `lost`.
    RegainedContact { kind: Watched, lost: Duration },
    /// Nothing changed for a while.
    Heartbeat {
        deployment: String,
        status: Status,
        elapsed: Duration,
        trouble: Option<Blame>,
    },
    /// One Deployment's outcome is known.
    Finished(Box<Conclusion>),
}

impl Event {
    /// Returns the Deployment that it is about, if it is about one.
    pub(crate) fn deployment(&self) -> Option<&str> {
        match self {
            Event::Started { deployment, .. }
            | Event::Progress { deployment, .. }
            | Event::Silent { deployment, .. }
            | Event::Paused { deployment, .. }
            | Event::Resumed { deployment }
            | Event::Rescaled { deployment, .. }
            | Event::Trouble { deployment, .. }
            | Event::Recovered { deployment, .. }
            | Event::Heartbeat { deployment, .. } => Some(deployment),
            Event::Finished(conclusion) => Some(&conclusion.deployment),
            Event::Degraded { .. } | Event::LostContact { .. } | Event::RegainedContact { .. } => {
                None
            }
        }
    }
}
