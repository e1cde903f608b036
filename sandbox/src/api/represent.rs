//! Prints objects, lists, tables, and watch events without copying them first.

use std::sync::Arc;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};

use super::negotiate::{Form, Include};
use crate::clock::Time;
use crate::object::Kind;
use crate::table::{self, Column};

const META: &str = "meta.k8s.io/v1";

/// The metadata of a list.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListMeta {
    pub(super) resource_version: String,
    #[serde(rename = "continue", skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remaining_item_count: Option<usize>,
}

/// Prints one object.
pub(super) fn object(kind: Kind, object: &Value, form: Form, now: Time) -> Vec<u8> {
    match form {
        Form::Full => print(object),
        Form::Partial => print(&Partial(object)),
        Form::Table(include) => {
            let rows = vec![row(kind, object, include, now)];
            let meta = ListMeta {
                resource_version: version_of(object),
                ..ListMeta::default()
            };
            print(&Table {
                kind: "Table",
                api_version: META,
                metadata: meta,
                columns: columns(kind),
                rows,
            })
        }
    }
}

/// Prints a list.
pub(super) fn list(
    kind: Kind,
    objects: &[Arc<Value>],
    metadata: ListMeta,
    form: Form,
    now: Time,
) -> Vec<u8> {
    let name = format!("{}List", kind.kind());
    match form {
        Form::Full => {
            let items: Vec<Untyped<'_>> = objects.iter().map(|object| Untyped(object)).collect();
            print(&List {
                kind: &name,
                api_version: &kind.api_version(),
                metadata,
                items,
            })
        }
        Form::Partial => {
            let items: Vec<Partial<'_>> = objects.iter().map(|object| Partial(object)).collect();
            print(&List {
                kind: "PartialObjectMetadataList",
                api_version: META,
                metadata,
                items,
            })
        }
        Form::Table(include) => {
            let rows = objects
                .iter()
                .map(|object| row(kind, object, include, now))
                .collect();
            print(&Table {
                kind: "Table",
                api_version: META,
                metadata,
                columns: columns(kind),
                rows,
            })
        }
    }
}

/// Prints a watch event with the end of its line; only a table's first event carries the columns.
pub(super) fn event(
    verb: &str,
    kind: Kind,
    object: &Value,
    form: Form,
    is_first: bool,
    now: Time,
) -> Vec<u8> {
    #[derive(Serialize)]
    struct Event<'a, T> {
        #[serde(rename = "type")]
        verb: &'a str,
        object: T,
    }
    let mut line = match form {
        Form::Full => print(&Event { verb, object }),
        Form::Partial => print(&Event {
            verb,
            object: Partial(object),
        }),
        Form::Table(include) => {
            let rows = vec![row(kind, object, include, now)];
            let metadata = ListMeta {
                resource_version: version_of(object),
                ..ListMeta::default()
            };
            let columns = if is_first { columns(kind) } else { Vec::new() };
            print(&Event {
                verb,
                object: Table {
                    kind: "Table",
                    api_version: META,
                    metadata,
                    columns,
                    rows,
                },
            })
        }
    };
    line.push(b'\n');
    line
}

/// Returns the object of a bookmark: nothing but a resource version, in the form of its kind.
pub(super) fn bookmark(kind: Kind, revision: u64, ends_initial: bool) -> Value {
    let mut object = crate::schema::skeleton(kind);
    let mut metadata = json!({"resourceVersion": revision.to_string()});
    if ends_initial && let Some(metadata) = metadata.as_object_mut() {
        metadata.insert(
            "annotations".to_owned(),
            json!({"k8s.io/initial-events-end": "true"}),
        );
    }
    if let Some(members) = object.as_object_mut() {
        members.insert("kind".to_owned(), json!(kind.kind()));
        members.insert("apiVersion".to_owned(), json!(kind.api_version()));
        members.insert("metadata".to_owned(), metadata);
    }
    object
}

fn print(value: &impl Serialize) -> Vec<u8> {
    // All keys are strings, so that this cannot fail.
    serde_json::to_vec(value).unwrap_or_default()
}

fn version_of(object: &Value) -> String {
    crate::object::text(object, "/metadata/resourceVersion").to_owned()
}

fn columns(kind: Kind) -> Vec<Column> {
    table::columns(kind)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a, T> {
    kind: &'a str,
    api_version: &'a str,
    metadata: ListMeta,
    items: Vec<T>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Table<'a> {
    kind: &'a str,
    api_version: &'a str,
    metadata: ListMeta,
    #[serde(rename = "columnDefinitions")]
    columns: Vec<Column>,
    rows: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    cells: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<Beside<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Beside<'a> {
    Metadata(Partial<'a>),
    Object(&'a Value),
}

fn row(kind: Kind, object: &Value, include: Include, now: Time) -> Row<'_> {
    let beside = match include {
        Include::Nothing => None,
        Include::Metadata => Some(Beside::Metadata(Partial(object))),
        Include::Object => Some(Beside::Object(object)),
    };
    Row {
        cells: table::cells(kind, object, now),
        object: beside,
    }
}

/// An object without its `kind` and `apiVersion`, as the items of a list are.
struct Untyped<'a>(&'a Value);

impl Serialize for Untyped<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let members = self.0.as_object().into_iter().flatten();
        let members = members.filter(|(name, _)| *name != "kind" && *name != "apiVersion");
        serializer.collect_map(members)
    }
}

/// An object's metadata as an object of its own.
struct Partial<'a>(&'a Value);

impl Serialize for Partial<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("kind", "PartialObjectMetadata")?;
        map.serialize_entry("apiVersion", META)?;
        map.serialize_entry("metadata", &self.0.get("metadata"))?;
        map.end()
    }
}
