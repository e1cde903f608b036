//! The garbage collector and the namespace controller: what has lost its owner goes, and so does what a namespace
//! holds that goes itself.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Actor, World};
use crate::object::{Key, Kind, View, fields, metadata, put, status, text, uid};
use crate::store::{Change, DeleteOptions, FOREGROUND, ORPHAN, Propagation, Scope, Verb};

impl World {
    pub(super) fn see_for_collector(&mut self, key: &Key, change: &Change) {
        let view = View(&change.object);
        if change.verb == Verb::Deleted {
            let uid = view.uid().to_owned();
            let dependents: Vec<Key> = self
                .store
                .dependents(&uid)
                .filter_map(|object| Key::of(object))
                .collect();
            let owners = self.owners(&change.object);
            for concerned in dependents.iter().chain(&owners) {
                self.enqueue(Actor::GarbageCollector, concerned);
            }
            let home = Key::new(Kind::Namespace, "", view.namespace());
            if self
                .store
                .read(&home)
                .is_some_and(|home| View(home).is_terminating())
            {
                self.enqueue(Actor::GarbageCollector, &home);
            }
        } else if view.is_terminating()
            || (change.verb == Verb::Added && has_owners(&change.object))
        {
            self.enqueue(Actor::GarbageCollector, key);
        }
    }

    /// Does what is to be done about an object: that of a namespace or a deletion that is on its way, or deleting it
    /// because its owners are gone.
    pub(super) fn collect(&mut self, key: &Key) {
        let Some(object) = self.store.read(key).cloned() else {
            return;
        };
        if key.kind == Kind::Namespace && View(&object).is_terminating() {
            self.empty_namespace(&object);
            return;
        }
        let finalizers = View(&object).list("/metadata/finalizers");
        let has = |finalizer: &str| {
            finalizers
                .iter()
                .any(|present| present.as_str() == Some(finalizer))
        };
        if View(&object).is_terminating() && has(ORPHAN) {
            self.orphan_dependents(&object);
            self.remove_finalizer(key.kind, &object, ORPHAN);
        } else if View(&object).is_terminating() && has(FOREGROUND) {
            self.delete_dependents(key.kind, &object);
        } else if has_owners(&object)
            && !View(&object).is_terminating()
            && self.owners(&object).is_empty()
        {
            // Nobody owns it any more; that it may be gone already is as well.
            let _ = self
                .client(Actor::GarbageCollector)
                .delete(key, &DeleteOptions::default());
        }
    }

    /// Returns the owners of an object that exist.
    fn owners(&self, object: &Value) -> Vec<Key> {
        let exists = |owner: &Value| {
            let kind = Kind::find(text(owner, "/apiVersion"), text(owner, "/kind"))?;
            let namespace = if kind.is_namespaced() {
                View(object).namespace()
            } else {
                ""
            };
            let key = Key::new(kind, namespace, text(owner, "/name"));
            self.store
                .read(&key)
                .filter(|found| uid(found) == text(owner, "/uid"))
                .map(|_| key)
        };
        View(object)
            .list("/metadata/ownerReferences")
            .iter()
            .filter_map(exists)
            .collect()
    }

    fn delete_dependents(&mut self, kind: Kind, owner: &Value) {
        let is_blocking = |dependent: &&Arc<Value>| {
            View(dependent)
                .list("/metadata/ownerReferences")
                .iter()
                .any(|reference| {
                    text(reference, "/uid") == uid(owner)
                        && View(reference).is_true("/blockOwnerDeletion")
                })
        };
        let blocking: Vec<Arc<Value>> = self
            .store
            .dependents(uid(owner))
            .filter(is_blocking)
            .cloned()
            .collect();
        if blocking.is_empty() {
            self.remove_finalizer(kind, owner, FOREGROUND);
            return;
        }
        for dependent in blocking
            .iter()
            .filter(|dependent| !View(dependent).is_terminating())
        {
            let has_dependents = self.store.dependents(uid(dependent)).next().is_some();
            let propagation = if has_dependents {
                Propagation::Foreground
            } else {
                Propagation::Background
            };
            if let Some(key) = Key::of(dependent) {
                let options = DeleteOptions {
                    propagation,
                    ..DeleteOptions::default()
                };
                let _ = self.client(Actor::GarbageCollector).delete(&key, &options);
            }
        }
    }

    fn orphan_dependents(&mut self, owner: &Value) {
        let dependents: Vec<Arc<Value>> = self.store.dependents(uid(owner)).cloned().collect();
        for dependent in dependents {
            let mut orphan = Value::clone(&dependent);
            let mut references = View(&dependent).list("/metadata/ownerReferences").to_vec();
            references.retain(|reference| text(reference, "/uid") != uid(owner));
            let references = (!references.is_empty()).then_some(Value::Array(references));
            put(metadata(&mut orphan), "ownerReferences", references);
            if let Some(key) = Key::of(&dependent) {
                let _ = self
                    .client(Actor::GarbageCollector)
                    .replace(key.kind, orphan, Scope::Main);
            }
        }
    }

    fn remove_finalizer(&mut self, kind: Kind, object: &Value, finalizer: &str) {
        let mut freed = object.clone();
        let mut finalizers = View(object).list("/metadata/finalizers").to_vec();
        finalizers.retain(|present| present.as_str() != Some(finalizer));
        put(
            metadata(&mut freed),
            "finalizers",
            (!finalizers.is_empty()).then_some(Value::Array(finalizers)),
        );
        let _ = self
            .client(Actor::GarbageCollector)
            .replace(kind, freed, Scope::Main);
    }

    /// Deletes what a namespace holds, and lets the namespace go when that is gone.
    fn empty_namespace(&mut self, namespace: &Value) {
        let name = View(namespace).name();
        let kinds = Kind::ALL
            .iter()
            .copied()
            .filter(|kind| kind.is_namespaced());
        let content: Vec<Key> = kinds
            .flat_map(|kind| {
                self.store
                    .list(kind, Some(name))
                    .map(move |object| Key::named_in(kind, object))
            })
            .collect();
        let mut next = namespace.clone();
        status(&mut next).insert("phase".to_owned(), json!("Terminating"));
        if content.is_empty() {
            let spec = fields(fields(&mut next).entry("spec").or_insert(Value::Null));
            spec.remove("finalizers");
            let _ =
                self.client(Actor::GarbageCollector)
                    .replace(Kind::Namespace, next, Scope::Main);
            return;
        }
        let _ = self
            .client(Actor::GarbageCollector)
            .replace(Kind::Namespace, next, Scope::Status);
        for key in content {
            if self
                .store
                .read(&key)
                .is_some_and(|object| !View(object).is_terminating())
            {
                let _ = self
                    .client(Actor::GarbageCollector)
                    .delete(&key, &DeleteOptions::default());
            }
        }
    }
}

fn has_owners(object: &Value) -> bool {
    !View(object).list("/metadata/ownerReferences").is_empty()
}
