//! Who wrote which field last: keeps `metadata.managedFields` as the API server does for updates.
//!
//! Server-side apply is not among the operations; what an Apply manager owns is kept and taken away.

mod compare;
mod field_set;

use serde_json::{Map, Value, json};

use crate::client::Writing;
use crate::clock::Time;
use crate::object::{Kind, metadata, put, text};
use compare::compare;
use field_set::FieldSet;

/// Who writes, and through which door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Manager<'a> {
    pub name: &'a str,
    /// Empty, `status`, or `scale`.
    pub subresource: &'a str,
}

/// Enters what `manager` changed from `before` to `after` into the managed fields of `after`.
///
/// Fields that did not change keep their managers and times.
pub(crate) fn record(
    kind: Kind,
    before: Option<&Value>,
    after: &mut Value,
    manager: Manager<'_>,
    now: Time,
) {
    let empty = crate::schema::skeleton(kind);
    let is_main = manager.subresource.is_empty();
    let difference = compare(
        before.unwrap_or(&empty),
        after,
        is_main && kind.has_status(),
    );
    let known = before.and_then(|before| before.pointer("/metadata/managedFields"));
    if difference.is_nothing() {
        put(metadata(after), "managedFields", known.cloned());
        return;
    }
    let mut entries: Vec<Entry> = known
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Entry::read)
        .collect();
    let api_version = text(after, "/apiVersion").to_owned();
    let api_version = if api_version.is_empty() {
        kind.api_version()
    } else {
        api_version
    };
    for entry in &mut entries {
        entry.fields.subtract(&difference.removed);
        if !entry.is_of(manager, &api_version) {
            entry.fields.subtract(&difference.written);
        }
    }
    match entries
        .iter_mut()
        .find(|entry| entry.is_of(manager, &api_version))
    {
        Some(own) if !difference.written.is_empty() => {
            own.fields.merge(&difference.written);
            own.rest.insert("time".to_owned(), json!(now.rfc3339()));
        }
        Some(_) => {}
        None => entries.push(Entry::new(manager, &api_version, difference.written, now)),
    }
    entries.retain(|entry| !entry.fields.is_empty());
    entries.sort_by(|one, other| one.rank().cmp(&other.rank()));
    let entries: Vec<Value> = entries.into_iter().map(Entry::into_value).collect();
    let entries = (!entries.is_empty()).then(|| Value::from(entries));
    put(metadata(after), "managedFields", entries);
}

/// Signs a write of one of the world's own actors.
pub(crate) fn sign(writing: &Writing<'_>, object: &mut Value) {
    let manager = Manager {
        name: writing.manager,
        subresource: writing.subresource,
    };
    record(writing.kind, writing.before, object, manager, writing.now);
}

/// One manager's line; all but the fields stays as it was read.
struct Entry {
    rest: Map<String, Value>,
    fields: FieldSet,
}

impl Entry {
    fn new(manager: Manager<'_>, api_version: &str, fields: FieldSet, now: Time) -> Self {
        let mut rest = Map::new();
        let mut set = |field: &str, text: &str| {
            if !text.is_empty() {
                rest.insert(field.to_owned(), Value::from(text));
            }
        };
        set("manager", manager.name);
        set("operation", "Update");
        set("apiVersion", api_version);
        set("time", &now.rfc3339());
        set("fieldsType", "FieldsV1");
        set("subresource", manager.subresource);
        Self { rest, fields }
    }

    fn read(value: &Value) -> Option<Self> {
        let mut rest = value.as_object()?.clone();
        let fields = FieldSet::read(&rest.remove("fieldsV1")?);
        Some(Self { rest, fields })
    }

    fn into_value(mut self) -> Value {
        self.rest
            .insert("fieldsV1".to_owned(), self.fields.to_value());
        Value::Object(self.rest)
    }

    fn text(&self, field: &str) -> &str {
        self.rest.get(field).and_then(Value::as_str).unwrap_or("")
    }

    fn is_of(&self, manager: Manager<'_>, api_version: &str) -> bool {
        self.text("manager") == manager.name
            && self.text("operation") == "Update"
            && self.text("apiVersion") == api_version
            && self.text("subresource") == manager.subresource
    }

    /// Apply managers come first, then older writes.
    fn rank(&self) -> (bool, &str) {
        (self.text("operation") != "Apply", self.text("time"))
    }
}

#[cfg(test)]
mod tests;
