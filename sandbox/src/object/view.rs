//! Reading metadata out of an object without taking it apart.

use serde_json::Value;

/// Finding a part of a value by its path.
pub trait Lookup {
    /// Returns what is at `path`, such as `/spec/template` or `/spec/containers/0`.
    ///
    /// Unlike a JSON pointer it knows no escapes, so that it need not build a text for every step.
    fn at(&self, path: &str) -> Option<&Value>;
}

impl Lookup for Value {
    fn at(&self, path: &str) -> Option<&Value> {
        path.split('/')
            .skip(1)
            .try_fold(self, |value, step| match value {
                Value::Object(fields) => fields.get(step),
                Value::Array(items) => items.get(step.parse::<usize>().ok()?),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
            })
    }
}

/// Reads what most callers want to know of an object; what is absent is empty, zero or `None`.
#[derive(Clone, Copy, Debug)]
pub struct View<'a>(pub &'a Value);

impl<'a> View<'a> {
    /// Returns `metadata.name`.
    pub fn name(self) -> &'a str {
        name(self.0)
    }

    /// Returns `metadata.namespace`.
    pub fn namespace(self) -> &'a str {
        namespace(self.0)
    }

    /// Returns `metadata.uid`.
    pub fn uid(self) -> &'a str {
        uid(self.0)
    }

    /// Returns `metadata.generation`.
    pub fn generation(self) -> i64 {
        self.number("/metadata/generation").unwrap_or(0)
    }

    /// Returns `metadata.creationTimestamp`, whose text sorts as the times do.
    pub fn created(self) -> &'a str {
        text(self.0, "/metadata/creationTimestamp")
    }

    /// Returns whether `metadata.deletionTimestamp` is set.
    pub fn is_terminating(self) -> bool {
        self.0
            .at("/metadata/deletionTimestamp")
            .is_some_and(|time| !time.is_null())
    }

    /// Returns the whole number at a path.
    pub fn number(self, path: &str) -> Option<i64> {
        self.0.at(path).and_then(Value::as_i64)
    }

    /// Returns whether the path leads to `true`.
    pub fn is_true(self, path: &str) -> bool {
        self.0.at(path).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Returns the items of the list at a path.
    pub fn list(self, path: &str) -> &'a [Value] {
        self.0
            .at(path)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }
}

/// Returns the text at a path, empty if there is none.
pub fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object.at(path).and_then(Value::as_str).unwrap_or("")
}

/// Returns `metadata.name`.
pub fn name(object: &Value) -> &str {
    metadata_text(object, "name")
}

/// Returns `metadata.namespace`, empty for what belongs to the whole cluster.
pub fn namespace(object: &Value) -> &str {
    metadata_text(object, "namespace")
}

/// Returns `metadata.uid`.
pub fn uid(object: &Value) -> &str {
    metadata_text(object, "uid")
}

/// Returns the value of an annotation.
pub fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object
        .get("metadata")?
        .get("annotations")?
        .get(key)?
        .as_str()
}

/// Returns the value of a label.
pub fn label<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get("metadata")?.get("labels")?.get(key)?.as_str()
}

/// Returns the uids of all owners.
pub fn owner_uids(object: &Value) -> impl Iterator<Item = &str> {
    owners(object)
        .iter()
        .filter_map(|owner| owner.get("uid")?.as_str())
}

/// Returns the uid of the owner that controls the object.
pub fn controller_of(object: &Value) -> Option<&str> {
    owners(object)
        .iter()
        .find(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true))
        .and_then(|owner| owner.get("uid")?.as_str())
}

fn owners(object: &Value) -> &[Value] {
    object
        .get("metadata")
        .and_then(|metadata| metadata.get("ownerReferences"))
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn metadata_text<'a>(object: &'a Value, field: &str) -> &'a str {
    object
        .get("metadata")
        .and_then(|metadata| metadata.get(field))
        .and_then(Value::as_str)
        .unwrap_or("")
}
