//! Saving a world and letting it run on: what it has stored and what its kubelets know is kept, the rest is what
//! actors find out again when they start.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Actor, Lag, World, WorldOptions};
use crate::clock::Time;
use crate::kubelet::Memory;
use crate::object::{Key, Kind, uid};
use crate::random::Random;
use crate::store::Store;

impl World {
    /// The form of the saved state; one of another form is refused.
    pub const FORM: u32 = 1;
}

/// Returns the form that a saved state says it has.
pub(crate) fn form_of(saved: &[u8]) -> Option<u32> {
    #[derive(Deserialize)]
    struct Formed {
        form: u32,
    }
    serde_json::from_slice::<Formed>(saved)
        .ok()
        .map(|formed| formed.form)
}

#[derive(Serialize)]
struct Saved<'a> {
    form: u32,
    now: Time,
    options: &'a WorldOptions,
    random: &'a Random,
    memories: Vec<(&'a Key, &'a Memory)>,
    lags: &'a BTreeMap<Actor, Lag>,
    suspended: &'a BTreeSet<Actor>,
    store: &'a Store,
}

#[derive(Deserialize)]
struct Restored {
    form: u32,
    now: Time,
    options: WorldOptions,
    random: Random,
    memories: Vec<(Key, Memory)>,
    lags: BTreeMap<Actor, Lag>,
    suspended: BTreeSet<Actor>,
    store: Store,
}

impl Serialize for World {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Saved {
            form: World::FORM,
            now: self.now,
            options: &self.options,
            random: &self.random,
            memories: self
                .memories
                .iter()
                .map(|(key, (_, memory))| (key, memory))
                .collect(),
            lags: &self.lags,
            suspended: &self.suspended,
            store: &self.store,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for World {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<World, D::Error> {
        let saved = Restored::deserialize(deserializer)?;
        if saved.form != World::FORM {
            return Err(D::Error::custom(format!(
                "the state has form {}, not {}",
                saved.form,
                World::FORM
            )));
        }
        let mut world = World::around(saved.store, saved.options, saved.now, saved.random);
        world.lags = saved.lags;
        world.suspended = saved.suspended;
        for (key, memory) in saved.memories {
            if let Some(pod) = world.store.find(Kind::Pod, &key.namespace, &key.name) {
                world.memories.insert(key, (uid(pod).to_owned(), memory));
            }
        }
        for actor in Actor::ALL {
            world.look_after_everything(actor);
        }
        Ok(world)
    }
}
