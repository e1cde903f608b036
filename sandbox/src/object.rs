//! The kinds of object the world knows, how they are named, and how to read their metadata.
//!
//! Objects themselves are `serde_json::Value`, as the API server would answer them, so that nothing unknown is lost.

mod edit;
mod kind;
mod view;

pub use edit::{fields, metadata, put, status};
pub use kind::Kind;
pub use view::{
    Lookup, View, annotation, controller_of, label, name, namespace, owner_uids, text, uid,
};

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where an object is stored.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Key {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace, empty for what belongs to the whole cluster.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Key {
    /// Names an object; `namespace` is empty for what belongs to the whole cluster.
    pub fn new(kind: Kind, namespace: &str, name: &str) -> Key {
        Key {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// Returns where an object of that kind belongs by its own metadata.
    pub fn named_in(kind: Kind, object: &Value) -> Key {
        let namespace = if kind.is_namespaced() {
            namespace(object)
        } else {
            ""
        };
        Key::new(kind, namespace, name(object))
    }

    /// Returns where an object belongs, if its `apiVersion` and `kind` are known.
    pub fn of(object: &Value) -> Option<Key> {
        let kind = Kind::find(text(object, "/apiVersion"), text(object, "/kind"))?;
        Some(Key::named_in(kind, object))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(formatter, "{} {}", self.kind.kind(), self.name)
        } else {
            write!(
                formatter,
                "{} {}/{}",
                self.kind.kind(),
                self.namespace,
                self.name
            )
        }
    }
}
