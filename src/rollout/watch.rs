//! Turns watches, reads, timers, and signals into the inputs of the watch, one after the other, and
//! fetches what it asks for. Decides nothing about the rollout.
//!
//! One watch a kind serves all Deployments of the run. When it is over, open streams are dropped
//! without waiting for the other end, which may hold them for minutes.

mod decode;
mod feed;
mod reads;
mod signals;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::observed::{DeploymentSeen, EventSeen};
use super::{Input, Moment, Patience, Seen, Want, Watched};
use crate::cluster::Cluster;
use crate::cluster::listing::Selection;
use crate::cluster::reader::Access;
use decode::Selections;
use feed::{Feed, Start};
use reads::Deployments;
pub(crate) use signals::Signals;

/// Inputs on their way; a stream that is faster than its reader waits.
const QUEUE: usize = 256;

/// How often the clocks are compared.
const PULSE: Duration = Duration::from_secs(1);

/// When our clock, which counts sleep, is this much ahead of the timers, which do not, the machine
/// slept.
const SLEPT: Duration = Duration::from_secs(5);

/// Objects whose cluster events are asked for one by one, at most.
const EVENT_QUERIES: usize = 12;

/// What is watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// As they were stored by our writes, or read.
    pub(crate) deployments: &'a [Value],
    pub(crate) patience: &'a Patience,
}

/// What the watch wants after an input.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Next {
    pub(crate) wants: Vec<Want>,
    /// When to send [`Input::Tick`] if nothing else comes before.
    pub(crate) wake: Option<Moment>,
    pub(crate) is_over: bool,
}

/// What decides which objects of the namespace are of interest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Scope {
    names: BTreeSet<String>,
    uids: BTreeSet<String>,
    /// Pods and ReplicaSets come from a selector that fits the Deployments.
    is_selected: bool,
}

/// Feeds `step` until it says that the watch is over.
///
/// The first inputs are the Deployments themselves, as they are known.
pub(crate) async fn run(
    cluster: &Cluster,
    subject: Subject<'_>,
    signals: &mut Signals,
    mut step: impl FnMut(Input, Moment) -> Next,
) {
    let (sender, mut inputs) = mpsc::channel(QUEUE);
    let (slept, _) = watch::channel(());
    let mut tasks = JoinSet::new();
    let selections = Selections::of(subject.deployments);
    let scope = Arc::new(selections.scope(subject.deployments));
    let deployments = Deployments::new(cluster, &scope);
    let feed = |kind, selection: &Selection, start| Feed {
        cluster: cluster.clone(),
        kind,
        selection: selection.clone(),
        start,
        scope: Arc::clone(&scope),
        deployments: deployments.clone(),
        idle: subject.patience.idle_watch,
        sender: sender.clone(),
    };
    let version = decode::oldest_version(subject.deployments);
    let feeds = [
        feed(
            Watched::Deployments,
            &selections.deployments,
            version.map_or(Start::List, Start::At),
        ),
        feed(Watched::ReplicaSets, &selections.owned, Start::List),
        feed(Watched::Pods, &selections.owned, Start::List),
        // Old ones are told as if they were new: one request instead of two.
        feed(Watched::Events, &Selection::default(), Start::Any),
    ];
    for feed in feeds {
        tasks.spawn(feed.run(slept.subscribe()));
    }
    tasks.spawn(deployments.read_now_and_then(subject.patience.safety_read, sender.clone()));

    let mut pulse = Pulse::begin(cluster.now());
    let mut known: Vec<Input> = subject
        .deployments
        .iter()
        .filter_map(|object| DeploymentSeen::deserialize(object).ok())
        .map(|seen| Input::Changed(Seen::Deployment(Box::new(seen))))
        .rev()
        .collect();
    let mut wake = None;
    loop {
        let input = match known.pop() {
            Some(input) => input,
            None => {
                let is_due = wake.is_some_and(|wake| wake <= cluster.now());
                tokio::select! {
                    biased;
                    signal = signals.next() => Input::Signal(signal),
                    () = std::future::ready(()), if is_due => Input::Tick,
                    Some(input) = inputs.recv() => input,
                    () = pulse.wait(wake, cluster.now()) => {
                        if pulse.has_slept(cluster.now()) {
                            cluster.forget_connections();
                            slept.send_replace(());
                        }
                        continue;
                    }
                }
            }
        };
        let next = step(input, cluster.now());
        for want in next.wants {
            tasks.spawn(fetch(cluster.clone(), want, sender.clone()));
        }
        if next.is_over {
            return;
        }
        wake = next.wake;
    }
}

/// Fetches one thing and sends what became of it.
async fn fetch(cluster: Cluster, want: Want, sender: mpsc::Sender<Input>) {
    let reader = cluster.reader();
    let input = match want {
        Want::Log {
            pod,
            container,
            previous,
            tail_lines,
        } => {
            let lines = reader.log(&pod, &container, previous, tail_lines).await;
            Input::Log {
                lines: match lines {
                    Ok(Access::Granted(lines)) => Ok(lines),
                    Ok(Access::Forbidden { why }) => Err(why),
                    Err(fault) => Err(fault.to_string()),
                },
                pod,
                container,
                previous,
            }
        }
        Want::Events { deployment, uids } => {
            let reads = uids
                .iter()
                .take(EVENT_QUERIES)
                .map(|uid| reader.events(uid));
            let events = futures::future::join_all(reads)
                .await
                .into_iter()
                .filter_map(|read| match read {
                    Ok(Access::Granted(events)) => Some(events),
                    Ok(Access::Forbidden { .. }) | Err(_) => None,
                })
                .flatten()
                .filter_map(|event| EventSeen::deserialize(event).ok())
                .collect();
            Input::Evidence { deployment, events }
        }
    };
    // Nobody listens any more when the watch is over.
    let _ = sender.send(input).await;
}

/// Wakes the loop up, and notices when the machine slept: timers stand still meanwhile.
struct Pulse {
    clock: Moment,
    timers: Instant,
}

impl Pulse {
    fn begin(now: Moment) -> Self {
        Self {
            clock: now,
            timers: Instant::now(),
        }
    }

    /// Waits for the time to wake up, but not for longer than a pulse.
    async fn wait(&self, wake: Option<Moment>, now: Moment) {
        let until = wake.map_or(PULSE, |wake| wake.since(now).min(PULSE));
        // Timers are exact to a millisecond; a shorter wait would spin.
        tokio::time::sleep(until.max(Duration::from_millis(1))).await;
    }

    fn has_slept(&mut self, now: Moment) -> bool {
        let timers = Instant::now();
        let by_clock = now.since(self.clock);
        let by_timers = timers.duration_since(self.timers);
        self.clock = now;
        self.timers = timers;
        by_clock > by_timers + SLEPT
    }
}

#[cfg(test)]
mod tests;
