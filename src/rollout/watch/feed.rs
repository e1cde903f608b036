//! Observes one kind: lists it, watches it, and comes back from everything that can happen to a
//! watch (`kubernetes.md` 2.A). Never ends by itself but where nothing may be read.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use kube::core::params::WatchParams;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::Scope;
use super::decode::{self, News};
use super::reads::Deployments;
use crate::cluster::fault::Fault;
use crate::cluster::lines::Lines;
use crate::cluster::listing::Selection;
use crate::cluster::paths::{Resource, built};
use crate::cluster::retry::{Trouble, back_off, jittered};
use crate::cluster::{Cluster, Notice};
use crate::rollout::{Input, Watched};

/// The API server ends a watch after this, so that forgotten ones do not pile up.
const WATCH_SECONDS: u32 = 290;

/// How often to read what may not be watched.
const POLL: Duration = Duration::from_secs(2);

/// Refused credentials, in a row, after which nothing more is to be expected.
const REFUSALS: u32 = 3;

/// A stream that ends sooner than this, with nothing on it, is no watch to go on with at once.
const SHORT: Duration = Duration::from_secs(1);

/// Where to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// With a list of everything.
    List,
    /// With what happens after this version.
    At(String),
    /// With everything there is, told as if it were new.
    Any,
}

pub(super) struct Feed {
    pub(super) cluster: Cluster,
    pub(super) kind: Watched,
    pub(super) selection: Selection,
    pub(super) start: Start,
    pub(super) scope: Arc<Scope>,
    pub(super) deployments: Deployments,
    pub(super) idle: Duration,
    pub(super) sender: mpsc::Sender<Input>,
}

/// How a watch ended.
enum End {
    /// As the API server wished; go on from where it ended.
    Over { was_useful: bool },
    /// Nothing came for too long; the connection may be dead: list again.
    Idle,
    /// What was missed cannot be had any more: list again.
    Expired { was_useful: bool },
    /// The stream makes no sense: list again.
    Garbled { why: String },
    /// The machine slept; everything may have changed: list again, at once.
    Slept,
    /// It could not be opened, or broke off.
    Fault { fault: Fault, was_useful: bool },
    /// The receiver is gone.
    Unheard,
}

/// What a feed remembers from one watch to the next.
#[derive(Default)]
struct Troubles {
    /// In a row, to wait longer each time.
    failures: u32,
    refusals: u32,
    is_lost: bool,
}

impl Feed {
    /// `slept` changes when the machine slept.
    pub(super) async fn run(mut self, mut slept: watch::Receiver<()>) {
        let mut troubles = Troubles::default();
        loop {
            let end = self.observe(&mut slept, &mut troubles).await;
            let Some(wait) = self.take(end, &mut troubles).await else {
                return;
            };
            tokio::select! {
                () = tokio::time::sleep(wait), if !wait.is_zero() => {}
                _ = slept.changed(), if !wait.is_zero() => self.start = Start::List,
                else => {}
            }
        }
    }

    /// Lists where that is needed, then watches to the end of the stream.
    async fn observe(&mut self, slept: &mut watch::Receiver<()>, troubles: &mut Troubles) -> End {
        if self.start == Start::List {
            let listed = tokio::select! {
                listed = self.list() => listed,
                _ = slept.changed() => return End::Slept,
            };
            match listed {
                Ok((input, version)) => {
                    self.start = Start::At(version);
                    troubles.refusals = 0;
                    troubles.is_lost = false;
                    if self.sender.send(input).await.is_err() {
                        return End::Unheard;
                    }
                }
                Err(fault) => {
                    return End::Fault {
                        fault,
                        was_useful: false,
                    };
                }
            }
        }
        let request = match self.watch_request() {
            Ok(request) => request,
            Err(fault) => {
                return End::Fault {
                    fault,
                    was_useful: false,
                };
            }
        };
        let opened = tokio::select! {
            opened = self.cluster.open(&request) => opened,
            _ = slept.changed() => return End::Slept,
        };
        match opened {
            Ok(lines) => {
                troubles.refusals = 0;
                if std::mem::take(&mut troubles.is_lost) {
                    let restored = Input::Restored { kind: self.kind };
                    if self.sender.send(restored).await.is_err() {
                        return End::Unheard;
                    }
                }
                self.follow(lines, slept).await
            }
            Err(fault) if fault.is_expired() => End::Expired { was_useful: false },
            Err(fault) => End::Fault {
                fault,
                was_useful: false,
            },
        }
    }

    /// Passes on what the stream says until it ends in one of many ways.
    async fn follow(&mut self, mut lines: Lines, slept: &mut watch::Receiver<()>) -> End {
        let opened = Instant::now();
        let mut has_news = false;
        loop {
            let line = tokio::select! {
                line = lines.next() => line,
                () = tokio::time::sleep(self.idle) => return End::Idle,
                _ = slept.changed() => return End::Slept,
            };
            let was_useful = has_news || opened.elapsed() >= SHORT;
            let line = match line {
                Ok(Some(line)) => line,
                Ok(None) => return End::Over { was_useful },
                Err(Fault::Garbled { why, .. }) => return End::Garbled { why },
                Err(fault) => return End::Fault { fault, was_useful },
            };
            let line = match decode::line(self.kind, &self.scope, &line) {
                Ok(line) => line,
                Err(why) => return End::Garbled { why },
            };
            let input = match line.news {
                News::Changed(seen) => Some(Input::Changed(seen)),
                News::Removed(seen) => Some(Input::Removed(seen)),
                News::Nothing => None,
                News::Expired => return End::Expired { was_useful },
                News::Refused { code, message } => {
                    return End::Garbled {
                        why: format!("the watch ended with {code} {message}"),
                    };
                }
            };
            has_news = true;
            self.advance(line.version);
            if let Some(input) = input
                && self.sender.send(input).await.is_err()
            {
                return End::Unheard;
            }
        }
    }

    /// Notes how far the watch has come. What is told as new at its beginning comes in no order.
    fn advance(&mut self, version: String) {
        let number = |version: &str| version.parse::<u64>().ok();
        let is_behind = match &self.start {
            Start::At(known) => number(&version)
                .zip(number(known))
                .is_some_and(|(new, known)| new < known),
            Start::Any | Start::List => false,
        };
        if !version.is_empty() && !is_behind {
            self.start = Start::At(version);
        }
    }

    /// Decides how to go on: from where, and after how long. `None` where that is of no use.
    async fn take(&mut self, end: End, troubles: &mut Troubles) -> Option<Duration> {
        match end {
            End::Unheard => None,
            End::Over { was_useful } => Some(self.after(was_useful, troubles)),
            End::Idle => {
                // A proxy may hold back all that comes, so silence proves nothing: what was missed
                // is seen in a list. Deployments have their safety read, and cluster events only
                // lend their text.
                if matches!(self.kind, Watched::ReplicaSets | Watched::Pods) {
                    self.start = Start::List;
                }
                Some(self.after(true, troubles))
            }
            End::Slept => {
                self.start = Start::List;
                Some(self.after(true, troubles))
            }
            End::Expired { was_useful } => {
                self.start = Start::List;
                // The first time at once. An API server that calls every version too old is asked
                // ever more rarely.
                let is_first = was_useful || troubles.failures == 0;
                let wait = self.after(was_useful, troubles);
                Some(if is_first { Duration::ZERO } else { wait })
            }
            End::Garbled { why } => {
                self.start = Start::List;
                let wait = self.after(false, troubles);
                self.lose(why, troubles).await.then_some(wait)
            }
            End::Fault { fault, .. } if fault.is_forbidden() => {
                if self.start == Start::List {
                    self.forbid(&fault).await;
                } else {
                    self.poll(&fault).await;
                }
                None
            }
            // What breaks off in the middle is opened again at once, and without a word.
            End::Fault {
                was_useful: true, ..
            } => Some(self.after(true, troubles)),
            End::Fault { fault, .. } => {
                if matches!(fault, Fault::Unauthorized { .. } | Fault::Plugin(_)) {
                    troubles.refusals += 1;
                }
                if troubles.refusals >= REFUSALS {
                    let why = fault.to_string();
                    self.send(Input::Expelled { why }).await;
                    return None;
                }
                let wait = self.after(false, troubles).max(asked_for(&fault));
                let is_heard = self.lose(fault.to_string(), troubles).await;
                is_heard.then_some(wait)
            }
        }
    }

    /// Returns how long to wait after an end: not at all after a useful watch.
    fn after(&self, was_useful: bool, troubles: &mut Troubles) -> Duration {
        if was_useful {
            troubles.failures = 0;
            return Duration::ZERO;
        }
        let wait = back_off(&self.cluster.limits().endurance, troubles.failures);
        troubles.failures += 1;
        jittered(wait, self.cluster.random())
    }

    async fn forbid(&self, fault: &Fault) {
        let why = fault.to_string();
        let kind = self.kind;
        self.send(Input::Forbidden { kind, why }).await;
    }

    async fn lose(&self, why: String, troubles: &mut Troubles) -> bool {
        troubles.is_lost = true;
        let kind = self.kind;
        self.send(Input::Lost { kind, why }).await
    }

    async fn send(&self, input: Input) -> bool {
        self.sender.send(input).await.is_ok()
    }

    async fn list(&self) -> Result<(Input, String), Fault> {
        let listed = self
            .cluster
            .list_once(self.resource(), &self.selection, |body| {
                decode::page(self.kind, &self.scope, body)
            })
            .await?;
        let input = Input::Listed {
            kind: self.kind,
            objects: listed.items,
        };
        Ok((input, listed.resource_version))
    }

    /// Reads again and again what may be read but not watched.
    async fn poll(&self, fault: &Fault) {
        let mut notice = Some(Notice::NotWatchable {
            why: fault.to_string(),
            every: POLL,
        });
        let mut troubles = Troubles::default();
        loop {
            let read = if self.kind == Watched::Deployments {
                self.deployments.read().await
            } else {
                self.list().await.map(|(input, _)| vec![input])
            };
            let is_heard = match read {
                Ok(inputs) => {
                    if let Some(notice) = notice.take() {
                        self.cluster.tell(notice);
                    }
                    let was_lost = std::mem::take(&mut troubles.is_lost);
                    let restored = was_lost.then_some(Input::Restored { kind: self.kind });
                    let mut is_heard = true;
                    for input in restored.into_iter().chain(inputs) {
                        is_heard &= self.send(input).await;
                    }
                    is_heard
                }
                Err(fault) if fault.is_forbidden() => return self.forbid(&fault).await,
                Err(fault) => self.lose(fault.to_string(), &mut troubles).await,
            };
            if !is_heard {
                return;
            }
            tokio::time::sleep(jittered(POLL, self.cluster.random())).await;
        }
    }

    fn watch_request(&self) -> Result<Request<Bytes>, Fault> {
        let parameters = WatchParams {
            label_selector: self.selection.labels.clone(),
            field_selector: self.selection.fields.clone(),
            // Spread, so that not all end together.
            timeout: Some(WATCH_SECONDS + spread(self.cluster.random())),
            bookmarks: true,
            send_initial_events: false,
        };
        let version = match &self.start {
            Start::At(version) => version,
            Start::Any | Start::List => "0",
        };
        let requests = self.resource().within(self.cluster.namespace());
        built(requests.watch(&parameters, version))
    }

    fn resource(&self) -> Resource {
        match self.kind {
            Watched::Deployments => Resource::Deployments,
            Watched::ReplicaSets => Resource::ReplicaSets,
            Watched::Pods => Resource::Pods,
            Watched::Events => Resource::Events,
        }
    }
}

/// Returns some seconds below a minute.
fn spread(random: u64) -> u32 {
    u32::try_from(random % 60).unwrap_or_default()
}

/// Returns how long a busy API server wants to be let alone.
fn asked_for(fault: &Fault) -> Duration {
    const LONGEST: Duration = Duration::from_secs(30);
    match Trouble::of(fault) {
        Trouble::Throttled { asked } => asked.unwrap_or_default().min(LONGEST),
        Trouble::NoRoute | Trouble::Unknown | Trouble::Hindered | Trouble::Final => Duration::ZERO,
    }
}
