//! Creating and replacing objects: which parts a writer may change, and what counts as a change.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Change, Store, StoreError, Verb};
use crate::clock::Time;
use crate::object::{Key, Kind, Lookup, View, fields, metadata, put, uid};
use crate::random::Random;
use crate::semantic;

/// Which part of an object a write may change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// All but the status.
    Main,
    /// The status, and the annotations, as upstream's status strategies let them through; the generation stays.
    Status,
    /// Both at once, as binding a pod to its node does; the generation stays.
    Whole,
}

/// What replacing an object comes to.
enum Replacement {
    Unchanged(Arc<Value>),
    Changed { previous: Arc<Value>, next: Value },
}

impl Store {
    /// Stores a new object. Its uid, creation time, generation and, from `generateName`, its name are set here.
    pub fn create(
        &mut self,
        kind: Kind,
        object: Value,
        now: Time,
    ) -> Result<Arc<Value>, StoreError> {
        let mut random = self.random.clone();
        let object = self.prepare_create(kind, object, &mut random, now)?;
        self.random = random;
        Ok(self.commit(kind, Verb::Added, object, None))
    }

    /// Returns what [`create`](Store::create) would store, without a resource version, and stores nothing.
    pub fn preview_create(
        &self,
        kind: Kind,
        object: Value,
        now: Time,
    ) -> Result<Value, StoreError> {
        self.prepare_create(kind, object, &mut self.random.clone(), now)
    }

    /// Makes up a name as `generateName` does, for a writer that must know it before the object is stored.
    pub fn generate_name(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.random.suffix())
    }

    /// Puts another version of an object in place of the stored one.
    ///
    /// `metadata.resourceVersion` in the object, if there is one, must be the stored one; `metadata.uid` likewise. An
    /// object that equals the stored one is not written and keeps its resource version. An object that is being
    /// deleted goes when its last finalizer does.
    pub fn replace(
        &mut self,
        kind: Kind,
        object: Value,
        scope: Scope,
    ) -> Result<Arc<Value>, StoreError> {
        match self.prepare_replace(kind, object, scope)? {
            Replacement::Unchanged(stored) => Ok(stored),
            Replacement::Changed { previous, next } => {
                let verb = if is_released(&next) {
                    Verb::Deleted
                } else {
                    Verb::Modified
                };
                Ok(self.commit(kind, verb, next, Some(previous)))
            }
        }
    }

    /// Returns what [`replace`](Store::replace) would store, with the stored resource version, and stores nothing.
    pub fn preview_replace(
        &self,
        kind: Kind,
        object: Value,
        scope: Scope,
    ) -> Result<Value, StoreError> {
        match self.prepare_replace(kind, object, scope)? {
            Replacement::Unchanged(stored) => Ok(Value::clone(&stored)),
            Replacement::Changed { next, .. } => Ok(next),
        }
    }

    fn prepare_create(
        &self,
        kind: Kind,
        mut object: Value,
        random: &mut Random,
        now: Time,
    ) -> Result<Value, StoreError> {
        put(
            fields(&mut object),
            "apiVersion",
            Some(Value::from(kind.api_version())),
        );
        put(fields(&mut object), "kind", Some(Value::from(kind.kind())));
        let metadata = metadata(&mut object);
        for field in [
            "resourceVersion",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generation",
            "selfLink",
        ] {
            metadata.remove(field);
        }
        if !kind.is_namespaced() {
            metadata.remove("namespace");
        }
        let given = |field: &str| {
            metadata
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or("")
                .to_owned()
        };
        let (namespace, given_name, prefix) =
            (given("namespace"), given("name"), given("generateName"));
        let name = match (given_name.as_str(), prefix.as_str()) {
            ("", "") => return Err(StoreError::NameMissing),
            ("", prefix) => format!("{prefix}{}", random.suffix()),
            (name, _) => name.to_owned(),
        };
        if self.find(kind, &namespace, &name).is_some() {
            return Err(StoreError::AlreadyExists(Key {
                kind,
                namespace,
                name,
            }));
        }
        metadata.insert("name".to_owned(), Value::from(name));
        metadata.insert("uid".to_owned(), Value::from(random.uuid()));
        metadata.insert("creationTimestamp".to_owned(), Value::from(now.rfc3339()));
        if kind.has_generation() {
            metadata.insert("generation".to_owned(), Value::from(1));
        }
        Ok(object)
    }

    fn prepare_replace(
        &self,
        kind: Kind,
        object: Value,
        scope: Scope,
    ) -> Result<Replacement, StoreError> {
        let key = Key::named_in(kind, &object);
        let Some(stored) = self.read(&key) else {
            return Err(StoreError::NotFound(key));
        };
        match uid(&object) {
            "" => {}
            wanted if wanted == uid(stored) => {}
            wanted => {
                let (wanted, found) = (wanted.to_owned(), uid(stored).to_owned());
                return Err(StoreError::UidMismatch { key, wanted, found });
            }
        }
        match resource_version(&object) {
            "" => {}
            version if version == resource_version(stored) => {}
            _ => return Err(StoreError::Conflict(key)),
        }
        let next = merge(kind, stored, object, scope);
        Ok(if is_same(stored, &next) {
            Replacement::Unchanged(Arc::clone(stored))
        } else {
            Replacement::Changed {
                previous: Arc::clone(stored),
                next,
            }
        })
    }

    /// Writes what the other functions prepared; every write of the store ends here.
    pub(super) fn commit(
        &mut self,
        kind: Kind,
        verb: Verb,
        mut object: Value,
        previous: Option<Arc<Value>>,
    ) -> Arc<Value> {
        self.revision += 1;
        metadata(&mut object).insert(
            "resourceVersion".to_owned(),
            Value::from(self.revision.to_string()),
        );
        let object = Arc::new(object);
        let key = Key::named_in(kind, &object);
        match verb {
            Verb::Added | Verb::Modified => self.objects.insert(&key, Arc::clone(&object)),
            Verb::Deleted => self.objects.remove(&key),
        };
        self.log.push(Change {
            revision: self.revision,
            kind,
            verb,
            object: Arc::clone(&object),
            previous,
        });
        object
    }
}

/// Takes from `object` what `scope` lets through, and the rest from `stored`.
fn merge(kind: Kind, stored: &Value, mut object: Value, scope: Scope) -> Value {
    let mut next = match scope {
        Scope::Status => {
            let mut next = stored.clone();
            let status = fields(&mut object).remove("status");
            put(fields(&mut next), "status", status);
            let written = metadata(&mut object);
            let kept = metadata(&mut next);
            for field in ["annotations", "managedFields"] {
                put(kept, field, written.remove(field));
            }
            return next;
        }
        Scope::Main | Scope::Whole => object,
    };
    if scope == Scope::Main && kind.has_status() {
        put(fields(&mut next), "status", stored.get("status").cloned());
    }
    let is_new_generation =
        scope == Scope::Main && kind.has_generation() && counts_as_edit(kind, stored, &next);
    let generation = View(stored).generation() + i64::from(is_new_generation);
    for field in ["apiVersion", "kind"] {
        put(fields(&mut next), field, stored.get(field).cloned());
    }
    let metadata = metadata(&mut next);
    for field in [
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "generateName",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        put(
            metadata,
            field,
            stored
                .get("metadata")
                .and_then(|metadata| metadata.get(field))
                .cloned(),
        );
    }
    if is_new_generation {
        metadata.insert("generation".to_owned(), Value::from(generation));
    }
    next
}

/// Returns whether the difference makes a new generation: of the spec, and of a Deployment's annotations, which its
/// controller copies to the ReplicaSet.
fn counts_as_edit(kind: Kind, stored: &Value, next: &Value) -> bool {
    let annotations = |object: &Value| {
        object
            .at("/metadata/annotations")
            .cloned()
            .unwrap_or(Value::Null)
    };
    !semantic::equal_options(stored.get("spec"), next.get("spec"))
        || (kind == Kind::Deployment && !semantic::equal(&annotations(stored), &annotations(next)))
}

/// Returns whether a write would change nothing but the times at which field managers last wrote.
fn is_same(stored: &Value, next: &Value) -> bool {
    if stored == next {
        return true;
    }
    let (Some(stored), Some(next)) = (stored.as_object(), next.as_object()) else {
        return false;
    };
    same_fields(stored, next, "metadata", |stored, next| {
        let (Some(stored), Some(next)) = (stored.as_object(), next.as_object()) else {
            return false;
        };
        same_fields(stored, next, "managedFields", |stored, next| {
            let (Some(stored), Some(next)) = (stored.as_array(), next.as_array()) else {
                return false;
            };
            stored.len() == next.len()
                && stored.iter().zip(next).all(|(stored, next)| {
                    match (stored.as_object(), next.as_object()) {
                        (Some(stored), Some(next)) => {
                            same_fields(stored, next, "time", |_, _| true)
                        }
                        _ => stored == next,
                    }
                })
        })
    })
}

/// Compares two maps, with a comparison of its own for one field that both may have.
fn same_fields(
    left: &Map<String, Value>,
    right: &Map<String, Value>,
    special: &str,
    compare: impl Fn(&Value, &Value) -> bool,
) -> bool {
    left.len() == right.len()
        && left.iter().all(|(field, value)| match right.get(field) {
            Some(other) => value == other || (field == special && compare(value, other)),
            None => false,
        })
}

/// Returns whether nothing holds back an object that is being deleted.
pub(super) fn is_released(object: &Value) -> bool {
    let view = View(object);
    view.is_terminating()
        && view.list("/metadata/finalizers").is_empty()
        && view
            .number("/metadata/deletionGracePeriodSeconds")
            .unwrap_or(0)
            == 0
        && view.list("/spec/finalizers").is_empty()
}

pub(super) fn resource_version(object: &Value) -> &str {
    object
        .get("metadata")
        .and_then(|metadata| metadata.get("resourceVersion"))
        .and_then(Value::as_str)
        .unwrap_or("")
}
