//! How the world's actors write: admission first, then the store, and cluster events about what they did.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::admission::{self, Denial};
use crate::clock::Time;
use crate::events::ClusterEvent;
use crate::object::{Key, Kind, metadata, name, text};
use crate::store::{DeleteOptions, Deletion, Scope, Store, StoreError};

/// An actor's access to the store, at one moment.
pub(crate) struct Client<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) now: Time,
    writer: Writer,
}

/// Who writes, and what is kept of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer {
    /// The name under which it reports.
    pub(crate) component: &'static str,
    /// The name under which fields are entered as its own.
    pub(crate) manager: &'static str,
    /// Whether cluster events are kept at all.
    pub(crate) has_events: bool,
    /// How writes are entered into managed fields, if they are.
    pub(crate) sign: Option<Sign>,
}

/// Enters a write into the `managedFields` of the object that is about to be stored.
pub type Sign = fn(&Writing<'_>, &mut Value);

/// A write that is to be signed.
#[derive(Clone, Copy, Debug)]
pub struct Writing<'a> {
    /// The kind of the object.
    pub kind: Kind,
    /// The stored object, if there is one.
    pub before: Option<&'a Value>,
    /// Who writes.
    pub manager: &'a str,
    /// The part that is written: empty for the object, or `status`.
    pub subresource: &'a str,
    /// When.
    pub now: Time,
}

/// Why a write was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    Store(StoreError),
    Denied(Denial),
}

impl Refused {
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Refused::Store(StoreError::NotFound(_)))
    }

    /// Returns whether the namespace is being deleted, so that trying again is no use.
    pub(crate) fn is_hopeless(&self) -> bool {
        matches!(self, Refused::Denied(Denial::NamespaceTerminating { .. }))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Store(error) => error.fmt(formatter),
            Refused::Denied(denial) => denial.fmt(formatter),
        }
    }
}

impl<'a> Client<'a> {
    /// Opens the store to an actor.
    pub(crate) fn new(store: &'a mut Store, now: Time, writer: Writer) -> Client<'a> {
        Client { store, now, writer }
    }

    /// Stores a new object, if admission lets it.
    pub(crate) fn create(&mut self, kind: Kind, mut object: Value) -> Result<Arc<Value>, Refused> {
        if name(&object).is_empty() {
            let made = self
                .store
                .generate_name(text(&object, "/metadata/generateName"));
            metadata(&mut object).insert("name".to_owned(), json!(made));
        }
        if kind == Kind::Pod {
            admission::complete_pod(&mut object);
        }
        admission::check_create(self.store, kind, &object).map_err(Refused::Denied)?;
        self.sign(kind, None, "", &mut object);
        self.store
            .create(kind, object, self.now)
            .map_err(Refused::Store)
    }

    /// Puts another version of an object in place of the stored one.
    pub(crate) fn replace(
        &mut self,
        kind: Kind,
        mut object: Value,
        scope: Scope,
    ) -> Result<Arc<Value>, Refused> {
        let before = self
            .store
            .read(&Key::named_in(kind, &object))
            .filter(|_| self.writer.sign.is_some())
            .cloned();
        match scope {
            Scope::Main => self.sign(kind, before.as_deref(), "", &mut object),
            Scope::Status => self.sign(kind, before.as_deref(), "status", &mut object),
            // Binding goes past the managed fields, upstream too.
            Scope::Whole => {}
        }
        self.store
            .replace(kind, object, scope)
            .map_err(Refused::Store)
    }

    fn sign(&self, kind: Kind, before: Option<&Value>, subresource: &str, object: &mut Value) {
        if let Some(sign) = self.writer.sign {
            let (manager, now) = (self.writer.manager, self.now);
            sign(
                &Writing {
                    kind,
                    before,
                    manager,
                    subresource,
                    now,
                },
                object,
            );
        }
    }

    /// Deletes an object.
    pub(crate) fn delete(
        &mut self,
        key: &Key,
        options: &DeleteOptions,
    ) -> Result<Deletion, Refused> {
        self.store
            .delete(key, options, self.now)
            .map_err(Refused::Store)
    }

    /// Deletes a pod at once: its containers have ended.
    pub(crate) fn remove_pod(&mut self, key: &Key) -> Result<Deletion, Refused> {
        self.delete(
            key,
            &DeleteOptions {
                grace_period: Some(Duration::ZERO),
                ..DeleteOptions::default()
            },
        )
    }

    /// Says something ordinary about an object.
    pub(crate) fn tell(&mut self, about: &Value, reason: &str, message: &str) {
        self.report(&self.event(about, false, reason, message));
    }

    /// Says something worrying about an object.
    pub(crate) fn warn(&mut self, about: &Value, reason: &str, message: &str) {
        self.report(&self.event(about, true, reason, message));
    }

    /// Keeps a cluster event. That it could not be kept, in a namespace that is going, hinders nobody.
    pub(crate) fn report(&mut self, event: &ClusterEvent<'_>) {
        if !self.writer.has_events {
            return;
        }
        let key = Key::new(Kind::Event, event.namespace(), &event.name());
        let _ = match self.store.read(&key).map(Arc::clone) {
            Some(seen) => self.replace(Kind::Event, event.again(&seen, self.now), Scope::Main),
            None => self.create(Kind::Event, event.first(self.now)),
        };
    }

    fn event<'e>(
        &self,
        about: &'e Value,
        is_warning: bool,
        reason: &'e str,
        message: &'e str,
    ) -> ClusterEvent<'e> {
        let (component, host, field_path) = (self.writer.component, None, None);
        ClusterEvent {
            about,
            field_path,
            is_warning,
            reason,
            message,
            component,
            host,
        }
    }
}
