//! Trouble on demand: which request meets which, how often, and what the trouble is.
//!
//! Only decisions; the server carries them out.

mod rules;
mod trouble;

pub use rules::{Faults, Match, Rule};
pub use trouble::{Fault, WatchTrouble};

use std::time::Duration;

use crate::api::Circumstances;

/// What happens to one request because of all the rules that it matched.
#[derive(Clone, Debug, Default)]
pub struct Fate {
    /// The answer waits this long.
    pub delay: Duration,
    /// What the API server finds different.
    pub circumstances: Circumstances,
    /// What becomes of the request or its answer.
    pub delivery: Delivery,
    /// What is wrong with the events of a watch.
    pub watch: Option<WatchTrouble>,
    /// How many seconds the `Date` header is off.
    pub clock_skew: i64,
}

/// What becomes of a request or its answer on their way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// Both arrive.
    #[default]
    Whole,
    /// The request is answered by somebody before the API server.
    Intercepted {
        /// The HTTP status.
        status: u16,
        /// The `Content-Type`.
        content_type: String,
        /// The body.
        body: Vec<u8>,
        /// The `Retry-After` header, in seconds.
        retry_after: Option<u64>,
    },
    /// The connection is closed and the request is not carried out.
    Refused,
    /// The connection is held and nothing ever comes.
    Swallowed,
    /// The request is carried out and the connection is closed without an answer.
    Lost,
    /// The request is carried out and the answer breaks off after so many bytes of its body.
    Cut(usize),
}
