//! A whole cluster as a discrete-event world: the store, and actors that see its changes a little later and react.
//!
//! Nothing in it looks at a clock. The caller says what time it is, and everything that is due by then happens, each
//! thing at its own time. One seed and the same calls give the same world.

mod actors;
mod agenda;
mod collector;
mod node_agent;
mod nursery;
mod options;
mod saved;
mod scheduler;
#[cfg(test)]
mod tests;

pub use crate::client::{Sign, Writing};
pub use options::{Lag, WorldOptions};
pub(crate) use saved::form_of;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::client::{Client, Writer};
use crate::clock::Time;
use crate::controllers::replicaset::Expectations;
use crate::kubelet::{LogLine, Memory, Stories, Story};
use crate::object::{Key, Kind, View};
use crate::random::Random;
use crate::store::{Change, DeleteOptions, Objects, Store, Verb};
use agenda::{Agenda, Queue, Task};

/// Somebody who watches the store and acts upon it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Actor {
    /// Makes ReplicaSets of Deployments.
    DeploymentController,
    /// Makes pods of ReplicaSets.
    ReplicaSetController,
    /// Gives pods their nodes.
    Scheduler,
    /// Runs pods on all nodes.
    Kubelet,
    /// Deletes what has lost its owner, and what is in a namespace that goes.
    GarbageCollector,
    /// Counts what quotas limit.
    QuotaController,
}

impl Actor {
    /// All of them.
    pub const ALL: [Actor; 6] = [
        Actor::DeploymentController,
        Actor::ReplicaSetController,
        Actor::Scheduler,
        Actor::Kubelet,
        Actor::GarbageCollector,
        Actor::QuotaController,
    ];

    /// Returns the name under which it reports.
    pub fn component(self) -> &'static str {
        match self {
            Actor::DeploymentController => "deployment-controller",
            Actor::ReplicaSetController => "replicaset-controller",
            Actor::Scheduler => "default-scheduler",
            Actor::Kubelet => "kubelet",
            Actor::GarbageCollector => "generic-garbage-collector",
            Actor::QuotaController => "resourcequota-controller",
        }
    }

    /// Returns the name under which fields are entered as its own.
    fn manager(self) -> &'static str {
        match self {
            Actor::DeploymentController
            | Actor::ReplicaSetController
            | Actor::GarbageCollector
            | Actor::QuotaController => "kube-controller-manager",
            Actor::Scheduler => "kube-scheduler",
            Actor::Kubelet => "kubelet",
        }
    }

    /// Returns whether it watches objects of that kind.
    fn watches(self, kind: Kind) -> bool {
        match self {
            Actor::DeploymentController => {
                matches!(kind, Kind::Deployment | Kind::ReplicaSet | Kind::Pod)
            }
            Actor::ReplicaSetController => matches!(kind, Kind::ReplicaSet | Kind::Pod),
            Actor::Scheduler => matches!(kind, Kind::Pod | Kind::Node),
            Actor::Kubelet => kind == Kind::Pod,
            Actor::GarbageCollector => kind != Kind::Event,
            Actor::QuotaController => kind != Kind::Event && kind.is_namespaced(),
        }
    }
}

/// How long a world that was left alone runs on, and how long before the present it goes on.
const CATCH_UP: Duration = Duration::from_secs(3600);

/// How long cluster events are kept.
const EVENTS_KEPT: Duration = Duration::from_secs(3600);

/// The cluster.
#[derive(Clone, Debug)]
pub struct World {
    /// Its objects. Whoever writes here calls [`run_to`](World::run_to) before, with the time of the write, and after.
    pub store: Store,
    options: WorldOptions,
    now: Time,
    random: Random,
    /// What the kubelets know of their pods, and the uids of these.
    memories: BTreeMap<Key, (String, Memory)>,
    lags: BTreeMap<Actor, Lag>,
    suspended: BTreeSet<Actor>,
    sign: Option<Sign>,
    swept: Time,
    agenda: Agenda,
    queues: BTreeMap<Actor, Queue>,
    /// What the two controllers have seen.
    deployments: Objects,
    replica_sets: Objects,
    expectations: Expectations,
    /// How many pods each node runs.
    load: BTreeMap<String, usize>,
    /// When each actor sees the newest change of a kind that is on its way; changes of a kind do not overtake.
    deliveries: BTreeMap<(Actor, Kind), Time>,
}

impl World {
    /// Makes a world with its nodes and the namespaces that every cluster has.
    pub fn new(options: WorldOptions) -> World {
        let store = Store::new(options.seed);
        let mut random = Random::new(options.seed ^ 0x5eed);
        random.bits();
        let now = options.start;
        let mut world = World::around(store, options, now, random);
        nursery::furnish(&mut world.store, &world.options.nodes, now);
        world
    }

    /// Puts a world around a store; all actors start with what is in it.
    fn around(store: Store, options: WorldOptions, now: Time, random: Random) -> World {
        World {
            store,
            options,
            now,
            random,
            memories: BTreeMap::new(),
            lags: BTreeMap::new(),
            suspended: BTreeSet::new(),
            sign: None,
            swept: now,
            agenda: Agenda::default(),
            queues: Actor::ALL
                .into_iter()
                .map(|actor| (actor, Queue::default()))
                .collect(),
            deployments: Objects::default(),
            replica_sets: Objects::default(),
            expectations: Expectations::default(),
            load: BTreeMap::new(),
            deliveries: BTreeMap::new(),
        }
    }

    /// Returns the time up to which everything has happened.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Lets everything happen that is due at or before `now`.
    ///
    /// A world that was left alone for long sleeps through the middle of that time, so that it wakes quickly: what is
    /// due then happens once, afterwards.
    pub fn run_to(&mut self, now: Time) {
        if now.since(self.now) > CATCH_UP * 2 {
            self.run(self.now.plus(CATCH_UP));
            self.now = now.minus(CATCH_UP);
        }
        self.run(now);
        self.sweep_events();
    }

    fn run(&mut self, now: Time) {
        self.spread_news();
        while let Some((slot, task)) = self.agenda.take_due(now) {
            self.now = self.now.max(slot.0);
            match task {
                Task::See(actor, change) => self.see(actor, &change),
                Task::Tend(actor, key) => {
                    if let Some(queue) = self.queues.get_mut(&actor) {
                        queue.taken(&key, slot);
                    }
                    self.tend(actor, &key);
                    self.spread_news();
                }
            }
        }
        self.now = self.now.max(now);
    }

    /// Returns when something is due next, if nobody writes before; after a write that is now.
    pub fn next_due(&self) -> Option<Time> {
        if self.store.has_news() {
            Some(self.now)
        } else {
            self.agenda.next_due()
        }
    }

    /// Returns what a container of a pod wrote, in its present life or the one before; `None` if there was none.
    pub fn logs(&self, pod: &Key, container: &str, previous: bool) -> Option<Vec<LogLine>> {
        let (_, memory) = self.memories.get(pod)?;
        memory.logs(container, previous).map(<[LogLine]>::to_vec)
    }

    /// Returns the stories of this world's images.
    pub fn stories(&self) -> &Stories {
        &self.options.stories
    }

    /// Gives an image, or every image with a tag, its story; pods that run it already follow it from now on.
    pub fn tell(&mut self, image: &str, story: Story) {
        self.options.stories.tell(image, story);
        self.look_after_everything(Actor::Kubelet);
    }

    /// Returns what the world was made with.
    pub fn options(&self) -> &WorldOptions {
        &self.options
    }

    /// Gives an actor a lag of its own.
    pub fn set_lag(&mut self, actor: Actor, lag: Lag) {
        self.lags.insert(actor, lag);
    }

    /// Enters the actors' writes into managed fields from now on. It is not saved: whoever restores a world says so
    /// again.
    pub fn sign_writes(&mut self, sign: Sign) {
        self.sign = Some(sign);
    }

    /// Stops an actor: it goes on seeing changes and does nothing.
    pub fn suspend(&mut self, actor: Actor) {
        self.suspended.insert(actor);
    }

    /// Lets a stopped actor go on with whatever it has missed.
    pub fn resume(&mut self, actor: Actor) {
        if self.suspended.remove(&actor) {
            self.look_after_everything(actor);
        }
    }

    /// Returns whether some Deployment is on its way to what its spec says, and has not been given up.
    pub fn is_rolling(&self) -> bool {
        self.store
            .list(Kind::Deployment, None)
            .any(|deployment| actors::is_rolling(View(deployment)))
    }

    fn client(&mut self, actor: Actor) -> Client<'_> {
        let writer = self.writer(actor);
        Client::new(&mut self.store, self.now, writer)
    }

    fn writer(&self, actor: Actor) -> Writer {
        Writer {
            component: actor.component(),
            manager: actor.manager(),
            has_events: self.options.has_events,
            sign: self.sign,
        }
    }

    /// Sends what was written since the last time on its way to the actors that watch it.
    fn spread_news(&mut self) {
        for change in self.store.take_news() {
            for actor in Actor::ALL {
                if !actor.watches(change.kind) {
                    continue;
                }
                let arrival = self.now.plus(self.delay(actor));
                let last = self
                    .deliveries
                    .entry((actor, change.kind))
                    .or_insert(arrival);
                *last = arrival.max(*last);
                self.agenda.plan(*last, Task::See(actor, change.clone()));
            }
        }
    }

    fn delay(&mut self, actor: Actor) -> Duration {
        let lag = self.lags.get(&actor).unwrap_or(&self.options.lag);
        let milliseconds = |duration: Duration| {
            u64::try_from(duration.as_millis())
                .unwrap_or(u64::MAX)
                .max(1)
        };
        Duration::from_millis(
            self.random
                .between(milliseconds(lag.shortest), milliseconds(lag.longest)),
        )
    }

    /// Forgets cluster events that are too old.
    fn sweep_events(&mut self) {
        if self.now.since(self.swept) < EVENTS_KEPT / 6 {
            return;
        }
        self.swept = self.now;
        let is_old = |event: &Key, last: &str| {
            (Time::parse(last)?.plus(EVENTS_KEPT) < self.now).then(|| event.clone())
        };
        let old: Vec<Key> = self
            .store
            .list(Kind::Event, None)
            .filter_map(|event| {
                is_old(
                    &Key::named_in(Kind::Event, event),
                    crate::object::text(event, "/lastTimestamp"),
                )
            })
            .collect();
        for key in old {
            // What somebody else has deleted is gone as well.
            let _ = self.store.delete(&key, &DeleteOptions::default(), self.now);
        }
    }
}

/// Brings what an actor has seen up to a change.
fn follow(seen: &mut Objects, change: &Change) {
    let key = Key::named_in(change.kind, &change.object);
    match change.verb {
        Verb::Added | Verb::Modified => seen.insert(&key, change.object.clone()),
        Verb::Deleted => seen.remove(&key),
    };
}
