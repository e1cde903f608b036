//! What is told about each request: for `-v`, `-vv`, and the log of the run. Secrets are masked
//! before anything leaves this edge.

use std::sync::Arc;
use std::time::Duration;

use crate::rollout::Moment;

/// One request and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// When it was sent.
    pub(crate) at: Moment,
    pub(crate) method: String,
    /// Path and query.
    pub(crate) path: String,
    /// `None` when there was no answer.
    pub(crate) status: Option<u16>,
    /// Until the whole answer was here; of a stream, until it began.
    pub(crate) took: Duration,
    /// Bytes of the request's body.
    pub(crate) sent: usize,
    /// Bytes of the answer's body, decompressed; 0 of a stream.
    pub(crate) received: usize,
    /// The masked bodies, where they were asked for.
    pub(crate) request: Option<String>,
    pub(crate) answer: Option<String>,
    /// Why there was no answer, or no whole one.
    pub(crate) fault: Option<String>,
}

/// Takes a [`Record`] of every request.
#[derive(Clone)]
pub(crate) struct Recorder {
    pub(crate) wants_bodies: bool,
    pub(crate) write: Arc<dyn Fn(Record) + Send + Sync>,
}
