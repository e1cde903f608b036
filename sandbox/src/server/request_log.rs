//! What was asked of the server, and whether it changed anything.

use std::collections::VecDeque;

use serde::Serialize;

use crate::api::{self, Request, User};
use crate::clock::Time;

/// How many requests are remembered.
const KEPT: usize = 20_000;
/// How much of a body is remembered.
const KEPT_BODY: usize = 64 * 1024;

/// One request.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Counts all requests since the server's start or the last clearing.
    pub number: u64,
    /// When it came.
    pub time: String,
    /// Its HTTP method.
    pub method: String,
    /// Its path, decoded.
    pub path: String,
    /// Its parameters, decoded.
    pub query: Vec<(String, String)>,
    /// What it wanted, as roles say it; nothing for what is no resource.
    pub verb: Option<&'static str>,
    /// Its `User-Agent`.
    pub user_agent: String,
    /// Who sent it; nothing for a wrong token.
    pub user: Option<String>,
    /// Its body, cut if it is long.
    pub body: String,
    /// The status of the answer; nothing if there was none.
    pub status: Option<u16>,
    /// Whether it changed what is stored.
    #[serde(rename = "wrote")]
    pub has_written: bool,
}

impl Entry {
    pub(super) fn new(request: &Request, user: Option<&User>, now: Time) -> Entry {
        let body = request.body.get(..KEPT_BODY).unwrap_or(&request.body);
        Entry {
            number: 0,
            time: now.micro(),
            method: request.method.to_string(),
            path: request.path.clone(),
            query: request.query.clone(),
            verb: api::verb_of(request),
            user_agent: request.header("user-agent").to_owned(),
            user: user.map(|user| user.name.clone()),
            body: String::from_utf8_lossy(body).into_owned(),
            status: None,
            has_written: false,
        }
    }
}

/// The requests in their order; the oldest are forgotten when there are too many.
#[derive(Clone, Debug, Default)]
pub struct RequestLog {
    entries: VecDeque<Entry>,
    count: u64,
}

impl RequestLog {
    /// Returns the requests, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// Forgets all requests and counts from one again.
    pub fn clear(&mut self) {
        *self = RequestLog::default();
    }

    pub(super) fn add(&mut self, mut entry: Entry) {
        self.count += 1;
        entry.number = self.count;
        if self.entries.len() >= KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }
}
