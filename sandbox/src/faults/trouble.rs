//! The kinds of trouble.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Delivery, Fate};
use crate::api::Webhook;
use crate::status::{Reason, Status};

/// One kind of trouble, in the form in which tests ask for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Fault {
    /// The request is answered with an error instead of being carried out.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The message of the Status; a usual one if none is given.
        #[serde(default)]
        message: Option<String>,
        /// The `Retry-After` header, in seconds.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// The request is answered with a page for people, as a captive portal does.
    Html,
    /// The connection is closed and the request is not carried out.
    Close,
    /// The connection is held and nothing ever comes.
    Silence,
    /// The request is carried out and the connection is closed without an answer.
    ApplyThenDrop,
    /// The request is carried out and the answer breaks off.
    Cut {
        /// After so many bytes of the body.
        after: usize,
    },
    /// The answer comes late.
    Delay {
        /// By so many milliseconds.
        milliseconds: u64,
    },
    /// Something is wrong with the events of a watch.
    Watch(WatchTrouble),
    /// An admission webhook is called.
    Admission(Webhook),
    /// Reads and lists show an older state.
    Lag {
        /// Older by so many revisions.
        revisions: u64,
    },
    /// The `Date` header is off.
    Clock {
        /// By so many seconds.
        seconds: i64,
    },
}

/// What is wrong with the events of a watch, each after so many right ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum WatchTrouble {
    /// The watch ends as if its time were over.
    End {
        /// How many events come before.
        #[serde(default)]
        after: usize,
    },
    /// The connection breaks.
    Break {
        /// How many events come before.
        #[serde(default)]
        after: usize,
    },
    /// No more events come, and no end.
    Mute {
        /// How many events come before.
        #[serde(default)]
        after: usize,
    },
    /// The server has forgotten where the watch is: a 410 as an event.
    Expire {
        /// How many events come before.
        #[serde(default)]
        after: usize,
    },
    /// A line comes that is no event.
    Garbage {
        /// How many events come before.
        #[serde(default)]
        after: usize,
        /// The line.
        line: String,
    },
    /// A line comes that does not seem to end.
    LongLine {
        /// How many events come before.
        #[serde(default)]
        after: usize,
        /// How long it is.
        bytes: usize,
    },
    /// Every event comes twice.
    Twice,
}

const PORTAL: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in to this network</h1></body></html>\n";

impl Fault {
    /// Lets this trouble be part of a request's fate.
    pub(super) fn befall(&self, fate: &mut Fate) {
        let mut deliver = |delivery| {
            if fate.delivery == Delivery::Whole {
                fate.delivery = delivery;
            }
        };
        match self {
            Self::Answer {
                status,
                message,
                retry_after,
            } => {
                deliver(Delivery::Intercepted {
                    status: *status,
                    content_type: "application/json".to_owned(),
                    body: refusal(*status, message.as_deref(), *retry_after).to_json(),
                    retry_after: *retry_after,
                });
            }
            Self::Html => deliver(Delivery::Intercepted {
                status: 200,
                content_type: "text/html; charset=utf-8".to_owned(),
                body: PORTAL.into(),
                retry_after: None,
            }),
            Self::Close => deliver(Delivery::Refused),
            Self::Silence => deliver(Delivery::Swallowed),
            Self::ApplyThenDrop => deliver(Delivery::Lost),
            Self::Cut { after } => deliver(Delivery::Cut(*after)),
            Self::Delay { milliseconds } => fate.delay += Duration::from_millis(*milliseconds),
            Self::Watch(trouble) => fate.watch = Some(trouble.clone()),
            Self::Admission(webhook) => fate.circumstances.webhooks.push(webhook.clone()),
            Self::Lag { revisions } => fate.circumstances.lag = *revisions,
            Self::Clock { seconds } => fate.clock_skew = *seconds,
        }
    }
}

/// Returns the Status that a server in such trouble sends.
fn refusal(status: u16, message: Option<&str>, retry_after: Option<u64>) -> Status {
    let mut refusal = match status {
        401 => Status::unauthorized(),
        429 => Status::too_many_requests(
            retry_after
                .and_then(|seconds| u32::try_from(seconds).ok())
                .unwrap_or(1),
        ),
        code => Status::plain(code, Reason::of_code(code), usual_message(code)),
    };
    if let Some(message) = message {
        message.clone_into(&mut refusal.message);
    }
    refusal
}

fn usual_message(code: u16) -> &'static str {
    match code {
        403 => "forbidden",
        410 => "The resourceVersion for the provided watch is too old.",
        500 => "etcdserver: leader changed",
        503 => "the server is currently unable to handle the request",
        504 => "Timeout: request did not complete within the allotted timeout",
        _ => "the server rejected our request for an unknown reason",
    }
}
