//! The edge to the API server: how to reach it, and what can be read, previewed, and written there.
//!
//! Reading, previewing, and writing are three types, so that who holds one cannot do the other.
//! Nothing here reads variables or clocks, or prints: they arrive as values, and [`Notice`]s leave.

pub(crate) mod access;
mod answer;
pub(crate) mod connect;
mod credentials;
pub(crate) mod fault;
pub(crate) mod kubeconfig;
pub(crate) mod lines;
pub(crate) mod listing;
mod mask;
mod observing;
pub(crate) mod paths;
mod plugin;
pub(crate) mod preview;
mod proxy;
pub(crate) mod reader;
pub(crate) mod record;
pub(crate) mod refusal;
pub(crate) mod retry;
pub(crate) mod selector;
mod settings;
mod slim;
mod tls;
mod wire;
pub(crate) mod writer;

#[cfg(test)]
pub(crate) mod testing;

use std::sync::Arc;
use std::time::Duration;

use crate::rollout::Moment;

use preview::Preview;
use reader::Reader;
use record::Recorder;
use retry::Endurance;
pub(crate) use wire::ServerDate;
use wire::Wire;

/// What a connection needs from outside and tells to outside.
#[derive(Clone)]
pub(crate) struct Hooks {
    /// A clock that counts sleep.
    pub(crate) clock: Arc<dyn Fn() -> Moment + Send + Sync>,
    /// Any numbers, to spread waits.
    pub(crate) random: Arc<dyn Fn() -> u64 + Send + Sync>,
    pub(crate) notice: Arc<dyn Fn(Notice) + Send + Sync>,
    pub(crate) recorder: Option<Recorder>,
}

/// What a person should know while waiting. Texts come from the cluster: sanitise them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The API server has too much to do and asked to wait.
    Throttled { wait: Duration },
    /// The cluster cannot be reached, or is in trouble, and is tried again after the wait.
    Retrying { why: String, wait: Duration },
    /// A credential plugin takes long: it may have opened a browser.
    WaitingForLogin { command: String },
    /// Something may be read but not watched: it is read this often instead.
    NotWatchable { why: String, every: Duration },
    /// A `Warning:` header of the API server; told once.
    Warning(String),
}

/// How long to wait for what, so that tests can shorten it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// For a connection (10 s).
    pub(crate) connect: Duration,
    /// For a whole answer, or for the beginning of a stream (30 s).
    pub(crate) answer: Duration,
    /// For a credential plugin where nobody can be asked (60 s).
    pub(crate) plugin: Duration,
    /// For a credential plugin that may ask a person (5 min).
    pub(crate) login: Duration,
    /// What takes less than this is not worth a word (5 s).
    pub(crate) quiet: Duration,
    /// For finding out what became of a write (60 s).
    pub(crate) settle: Duration,
    /// Bytes of an answer (256 MiB).
    pub(crate) largest_answer: usize,
    /// Bytes of one line of a stream (8 MiB).
    pub(crate) longest_line: usize,
    pub(crate) endurance: Endurance,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(10),
            answer: seconds(30),
            plugin: seconds(60),
            login: seconds(300),
            quiet: seconds(5),
            settle: seconds(60),
            largest_answer: 256 << 20,
            longest_line: 8 << 20,
            endurance: Endurance::default(),
        }
    }
}

/// One namespace of one cluster, as one user sees it.
#[derive(Clone)]
pub(crate) struct Cluster {
    wire: Arc<Wire>,
    namespace: String,
}

impl Cluster {
    pub(crate) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns scheme, host, and port of the API server.
    pub(crate) fn server(&self) -> &str {
        self.wire.server()
    }

    /// Returns the API server's own time when it last answered, and when that was.
    pub(crate) fn server_date(&self) -> Option<ServerDate> {
        self.wire.server_date()
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::new(self)
    }

    pub(crate) fn preview(&self) -> Preview {
        Preview::new(self)
    }
}
