//! Objects by kind, namespace and name, with the index of who owns what.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::index::Index;
use crate::object::{Key, Kind};

/// The objects of a store, or what an actor has seen of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects {
    kinds: BTreeMap<Kind, BTreeMap<String, BTreeMap<String, Arc<Value>>>>,
    index: Index,
}

impl Objects {
    /// Puts an object in its place and returns the one that was there.
    pub(crate) fn insert(&mut self, key: &Key, object: Arc<Value>) -> Option<Arc<Value>> {
        if let Some(previous) = self.read(key).cloned() {
            self.index.remove(key, &previous);
        }
        self.index.insert(key, &object);
        let namespaces = self.kinds.entry(key.kind).or_default();
        let names = namespaces.entry(key.namespace.clone()).or_default();
        names.insert(key.name.clone(), object)
    }

    /// Takes an object away and returns it.
    pub(crate) fn remove(&mut self, key: &Key) -> Option<Arc<Value>> {
        let removed = self
            .kinds
            .get_mut(&key.kind)?
            .get_mut(&key.namespace)?
            .remove(&key.name)?;
        self.index.remove(key, &removed);
        Some(removed)
    }

    pub(crate) fn read(&self, key: &Key) -> Option<&Arc<Value>> {
        self.find(key.kind, &key.namespace, &key.name)
    }

    pub(crate) fn find(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.kinds.get(&kind)?.get(namespace)?.get(name)
    }

    /// Lists objects by namespace, then name; those of one namespace, or all.
    pub(crate) fn list(
        &self,
        kind: Kind,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = &Arc<Value>> {
        let (one, all) = match (self.kinds.get(&kind), namespace) {
            (Some(objects), Some(namespace)) => (objects.get(namespace), None),
            (Some(objects), None) => (None, Some(objects.values())),
            (None, _) => (None, None),
        };
        one.into_iter()
            .chain(all.into_iter().flatten())
            .flat_map(BTreeMap::values)
    }

    /// Lists everything, by kind, namespace and name.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Kind, &Arc<Value>)> {
        self.kinds.iter().flat_map(|(kind, namespaces)| {
            namespaces
                .values()
                .flat_map(BTreeMap::values)
                .map(move |object| (*kind, object))
        })
    }

    /// Lists the objects that name `uid` among their owners, by kind, namespace, name.
    pub(crate) fn dependents(&self, uid: &str) -> impl Iterator<Item = &Arc<Value>> {
        self.index.dependents(uid).filter_map(|key| self.read(key))
    }

    /// Lists ReplicaSets or Pods that no controller owns, by name.
    pub(crate) fn orphans(&self, kind: Kind, namespace: &str) -> impl Iterator<Item = &Arc<Value>> {
        self.index
            .orphans(kind, namespace)
            .filter_map(|key| self.read(key))
    }
}
