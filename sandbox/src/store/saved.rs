//! The saved form of a store: the objects and where its counters stand; the rest is computed from them.

use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::Store;
use super::log::Log;
use crate::object::Key;
use crate::random::Random;

#[derive(Serialize)]
struct Saved<'a> {
    revision: u64,
    random: &'a Random,
    objects: Vec<&'a Value>,
}

#[derive(Deserialize)]
struct Restored {
    revision: u64,
    random: Random,
    objects: Vec<Value>,
}

impl Serialize for Store {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Saved {
            revision: self.revision,
            random: &self.random,
            objects: self
                .objects
                .all()
                .map(|(_, object)| object.as_ref())
                .collect(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Store {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Store, D::Error> {
        let saved = Restored::deserialize(deserializer)?;
        let mut store = Store::new(0);
        for object in saved.objects {
            let key = Key::of(&object)
                .ok_or_else(|| D::Error::custom("a saved object is of no known kind"))?;
            store.objects.insert(&key, Arc::new(object));
        }
        store.random = saved.random;
        store.revision = saved.revision;
        store.log = Log::starting_at(saved.revision);
        Ok(store)
    }
}
