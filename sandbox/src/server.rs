//! The sandbox as a server: one world behind a lock, on loopback, in process, or both.
//!
//! Everything here is thin. What a request does is decided in [`crate::api`], what happens by itself in
//! [`crate::world`]; this only moves bytes, keeps the time, and saves.

mod body;
mod clocks;
mod cluster;
mod control;
mod driver;
mod events;
mod files;
mod http1;
mod registry;
mod request_log;
mod uri;

pub use body::Payload;
pub use clocks::{RealClock, TokioClock};
pub use cluster::Cluster;
pub use files::{Access, Locked, StateFile, Unreadable};
pub use request_log::{Entry, RequestLog};

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::{Clock, Time};
use crate::world::World;

/// How much of what happens by itself may be lost in a crash; it happens again when the world runs on.
const UNSAVED_AT_MOST: Duration = Duration::from_secs(1);

/// What a server is started with.
pub struct Options {
    /// The world that it serves.
    pub world: World,
    /// What time it is in that world.
    pub clock: Box<dyn Clock>,
    /// The bearer token of the administrator.
    pub token: String,
    /// The port on 127.0.0.1; zero is any free one, `None` serves [`Server::call`] only.
    pub port: Option<u16>,
    /// Where the world is saved before the answer to a write leaves.
    pub state: Option<StateFile>,
    /// Where address and token are written, for whoever may read the file.
    pub access: Option<PathBuf>,
    /// After how long without requests and rollouts the server ends.
    pub idle_end: Option<Duration>,
}

impl Options {
    /// Serves a world in process, in the time of the runtime, which tests can stop.
    pub fn in_process(world: World) -> Options {
        let start = world.now();
        Options {
            world,
            clock: Box::new(TokioClock::starting_at(start)),
            token: "admin".to_owned(),
            port: None,
            state: None,
            access: None,
            idle_end: None,
        }
    }

    /// Serves a world on a free port of 127.0.0.1, in the time of the runtime.
    pub fn on_loopback(world: World) -> Options {
        Options {
            port: Some(0),
            ..Options::in_process(world)
        }
    }
}

/// A running server; clones are the same one.
#[derive(Clone)]
pub struct Server(Arc<Shared>);

struct Shared {
    inner: Mutex<Inner>,
    address: Option<SocketAddr>,
    token: String,
    /// The newest revision that watches may have missed.
    changed: watch::Sender<u64>,
    stopping: watch::Sender<bool>,
    stopped: watch::Sender<bool>,
    connections: AtomicUsize,
    watches: AtomicUsize,
    access: Option<PathBuf>,
    idle_end: Option<Duration>,
}

struct Inner {
    cluster: Cluster,
    clock: Box<dyn Clock>,
    state: Option<StateFile>,
    last_request: Instant,
    last_save: Instant,
    saved_revision: u64,
}

impl Server {
    /// Starts the server's tasks on the current runtime.
    pub async fn start(options: Options) -> io::Result<Server> {
        let listener = match options.port {
            Some(port) => Some(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?),
            None => None,
        };
        let address = listener.as_ref().map(TcpListener::local_addr).transpose()?;
        let revision = options.world.store.revision();
        let shared = Arc::new(Shared {
            inner: Mutex::new(Inner {
                cluster: Cluster::new(options.world, &options.token),
                clock: options.clock,
                state: options.state,
                last_request: Instant::now(),
                last_save: Instant::now(),
                saved_revision: 0,
            }),
            address,
            token: options.token,
            changed: watch::Sender::new(revision),
            stopping: watch::Sender::new(false),
            stopped: watch::Sender::new(false),
            connections: AtomicUsize::new(0),
            watches: AtomicUsize::new(0),
            access: options.access,
            idle_end: options.idle_end,
        });
        let server = Server(shared);
        server.settle(|_, _| ())?;
        if let Some(path) = &server.0.access {
            files::write_private(path, &server.access())?;
        }
        tokio::spawn(driver::drive(server.clone(), listener));
        Ok(server)
    }

    /// Returns where the server listens, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.address
    }

    /// Returns a kubeconfig with one context, `sandbox`, for the administrator.
    ///
    /// The token is part of the server's URL, since kubectl sends tokens over HTTPS only.
    pub fn kubeconfig(&self) -> Value {
        self.kubeconfig_of(&self.0.token)
    }

    /// Returns a kubeconfig with one context, `sandbox`, for the user of a token.
    pub fn kubeconfig_of(&self, token: &str) -> Value {
        let server = self.0.address.map_or_else(String::new, |address| {
            format!("http://{address}{}{token}", cluster::TOKEN_PATH)
        });
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {"server": server}}],
            "users": [{"name": "sandbox", "user": {}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox"}}],
            "current-context": "sandbox",
        })
    }

    /// Answers a request as over the network, without one.
    ///
    /// An error means that the connection is closed instead.
    pub async fn call(&self, request: http::Request<Bytes>) -> io::Result<http::Response<Payload>> {
        http1::answer(self, request).await
    }

    /// Brings the world up to now and does something with it, its users, faults, or log.
    pub fn with<T>(&self, act: impl FnOnce(&mut Cluster, Time) -> T) -> io::Result<T> {
        self.settle(act)
    }

    /// Ends the server: no new requests, watches end, the state is saved.
    pub fn stop(&self) {
        self.0.stopping.send_replace(true);
    }

    /// Waits until the server has ended, because it was told to or was idle for long enough.
    pub async fn ended(&self) {
        let mut stopped = self.0.stopped.subscribe();
        // The sender lives as long as the server.
        let _ = stopped.wait_for(|is_stopped| *is_stopped).await;
    }

    /// Lets the world run, acts, lets it run again, saves what the act changed, and wakes the watches.
    fn settle<T>(&self, act: impl FnOnce(&mut Cluster, Time) -> T) -> io::Result<T> {
        let mut inner = self.lock();
        let now = inner.clock.now();
        inner.cluster.world.run_to(now);
        let before = inner.cluster.world.store.revision();
        let result = act(&mut inner.cluster, now);
        let has_written = inner.cluster.world.store.revision() != before;
        inner.cluster.world.run_to(now);
        if has_written || inner.last_save.elapsed() >= UNSAVED_AT_MOST {
            inner.save()?;
        }
        let revision = inner.cluster.world.store.revision();
        drop(inner);
        self.0.changed.send_if_modified(|known| {
            let is_new = *known != revision;
            *known = revision;
            is_new
        });
        Ok(result)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn access(&self) -> Access {
        Access {
            address: self.0.address,
            token: self.0.token.clone(),
            pid: std::process::id(),
            ends_when_idle: self.0.idle_end.is_some(),
            version: Access::VERSION.to_owned(),
        }
    }
}

impl Inner {
    /// Saves the world if it has changed since it was saved.
    fn save(&mut self) -> io::Result<()> {
        let revision = self.cluster.world.store.revision();
        if let Some(state) = &self.state
            && revision != self.saved_revision
        {
            state.save(&self.cluster.world)?;
            self.saved_revision = revision;
            self.last_save = Instant::now();
        }
        Ok(())
    }
}
