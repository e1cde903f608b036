//! Who owns what, so that controllers and the garbage collector need not look at every object.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::object::{Key, Kind, controller_of, owner_uids};

/// Both sets follow from the objects' `ownerReferences`.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    dependents: HashMap<String, BTreeSet<Key>>,
    orphans: BTreeSet<Key>,
}

impl Index {
    pub(super) fn insert(&mut self, key: &Key, object: &Value) {
        for uid in owner_uids(object) {
            self.dependents
                .entry(uid.to_owned())
                .or_default()
                .insert(key.clone());
        }
        if can_be_adopted(key.kind) && controller_of(object).is_none() {
            self.orphans.insert(key.clone());
        }
    }

    pub(super) fn remove(&mut self, key: &Key, object: &Value) {
        for uid in owner_uids(object) {
            if let Some(keys) = self.dependents.get_mut(uid) {
                keys.remove(key);
                if keys.is_empty() {
                    self.dependents.remove(uid);
                }
            }
        }
        self.orphans.remove(key);
    }

    pub(super) fn dependents(&self, uid: &str) -> impl Iterator<Item = &Key> {
        self.dependents.get(uid).into_iter().flatten()
    }

    pub(super) fn orphans(&self, kind: Kind, namespace: &str) -> impl Iterator<Item = &Key> {
        let first = Key::new(kind, namespace, "");
        self.orphans
            .range(first.clone()..)
            .take_while(move |key| key.kind == first.kind && key.namespace == first.namespace)
    }
}

fn can_be_adopted(kind: Kind) -> bool {
    matches!(kind, Kind::ReplicaSet | Kind::Pod)
}
