//! Which fields differ between two versions of an object, in the units in which they are owned.

use serde_json::{Map, Value};

use super::field_set::FieldSet;
use crate::schema::lists::{self, OwnedList};

/// What a write did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Paths that are new or have a new value.
    pub(super) written: FieldSet,
    /// Paths that are gone.
    pub(super) removed: FieldSet,
}

/// Metadata that the API server keeps to itself.
const UNOWNED: &[&str] = &[
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "managedFields",
];

/// Compares two versions; with `ignores_status` only what is outside the status.
pub(super) fn compare(before: &Value, after: &Value, ignores_status: bool) -> Difference {
    let mut difference = Difference::default();
    for field in names(Some(before), Some(after)) {
        let (old, new) = (before.get(field), after.get(field));
        match field {
            "apiVersion" | "kind" => {}
            "status" if ignores_status => {}
            "metadata" => {
                let mut inner = Difference::default();
                for field in names(old, new).filter(|field| !UNOWNED.contains(field)) {
                    let (old, new) = (member(old, field), member(new, field));
                    inner.add(format!("f:{field}"), node("metadata", field, old, new));
                }
                difference.add("f:metadata".to_owned(), inner);
            }
            field => {
                let mut inner = node("", field, old, new);
                if matches!(field, "spec" | "status") {
                    // Go's structs are always there, so nobody owns that they are.
                    inner.written.is_member = false;
                    inner.removed.is_member = false;
                }
                difference.add(format!("f:{field}"), inner);
            }
        }
    }
    difference
}

impl Difference {
    pub(super) fn is_nothing(&self) -> bool {
        self.written.is_empty() && self.removed.is_empty()
    }

    fn add(&mut self, name: String, child: Difference) {
        self.written.insert(name.clone(), child.written);
        self.removed.insert(name, child.removed);
    }

    fn written() -> Self {
        Self {
            written: FieldSet::member(),
            removed: FieldSet::default(),
        }
    }

    fn removed() -> Self {
        Self {
            written: FieldSet::default(),
            removed: FieldSet::member(),
        }
    }

    /// Starts with what a container of fields says about itself: that it came or went.
    fn of_container(before: Option<&Value>, after: Option<&Value>) -> Self {
        match (before, after) {
            (None, Some(_)) => Self::written(),
            (Some(_), None) => Self::removed(),
            (Some(_), Some(_)) | (None, None) => Self::default(),
        }
    }
}

/// Compares the field called `field` inside `parent`.
fn node(parent: &str, field: &str, before: Option<&Value>, after: Option<&Value>) -> Difference {
    match after.or(before) {
        Some(Value::Object(_)) if !lists::is_atomic_map(field) => map(field, before, after),
        Some(Value::Array(_)) => match lists::owned(parent, field) {
            OwnedList::Atomic => whole(before, after),
            OwnedList::Set => set(before, after),
            OwnedList::Keyed(keys) => keyed(field, keys, before, after),
        },
        _ => whole(before, after),
    }
}

fn whole(before: Option<&Value>, after: Option<&Value>) -> Difference {
    let is_nothing = |value: Option<&Value>| value.is_none_or(Value::is_null);
    match (before, after) {
        (before, after) if before == after || (is_nothing(before) && is_nothing(after)) => {
            Difference::default()
        }
        (_, None) => Difference::removed(),
        (_, Some(_)) => Difference::written(),
    }
}

fn map(field: &str, before: Option<&Value>, after: Option<&Value>) -> Difference {
    let mut difference = Difference::of_container(before, after);
    for name in names(before, after) {
        let (old, new) = (member(before, name), member(after, name));
        difference.add(format!("f:{name}"), node(field, name, old, new));
    }
    difference
}

fn keyed(
    field: &str,
    keys: &[(&str, Option<&str>)],
    before: Option<&Value>,
    after: Option<&Value>,
) -> Difference {
    let mut difference = Difference::of_container(before, after);
    let old: Vec<_> = items(before)
        .map(|item| (item_name(keys, item), item))
        .collect();
    let new: Vec<_> = items(after)
        .map(|item| (item_name(keys, item), item))
        .collect();
    let find = |list: &[(String, &Value)], name: &str| {
        list.iter()
            .find(|(other, _)| other == name)
            .map(|(_, item)| item.to_owned().clone())
    };
    for (name, item) in &new {
        let earlier = find(&old, name);
        let child = if lists::is_atomic_map(field) {
            whole(earlier.as_ref(), Some(item))
        } else {
            map(field, earlier.as_ref(), Some(item))
        };
        difference.add(name.clone(), child);
    }
    for (name, item) in &old {
        if find(&new, name).is_none() {
            difference.add(name.clone(), map(field, Some(item), None));
        }
    }
    difference
}

fn set(before: Option<&Value>, after: Option<&Value>) -> Difference {
    let mut difference = Difference::of_container(before, after);
    for item in items(after).filter(|item| !items(before).any(|other| other == *item)) {
        difference.add(format!("v:{item}"), Difference::written());
    }
    for item in items(before).filter(|item| !items(after).any(|other| other == *item)) {
        difference.add(format!("v:{item}"), Difference::removed());
    }
    difference
}

/// Returns an item's path element, such as `k:{"containerPort":80,"protocol":"TCP"}`.
fn item_name(keys: &[(&str, Option<&str>)], item: &Value) -> String {
    let named: Map<String, Value> = keys
        .iter()
        .filter_map(|(key, default)| {
            let value = item
                .get(key)
                .cloned()
                .or_else(|| default.map(Value::from))?;
            Some(((*key).to_owned(), value))
        })
        .collect();
    format!("k:{}", Value::Object(named))
}

fn items(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}

fn member<'a>(map: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    map.and_then(|map| map.get(name))
}

/// Returns the names of both maps, each once.
fn names<'a>(before: Option<&'a Value>, after: Option<&'a Value>) -> impl Iterator<Item = &'a str> {
    let own = |map: Option<&'a Value>| map.and_then(Value::as_object);
    let (before, after) = (own(before), own(after));
    let later = after
        .into_iter()
        .flat_map(Map::keys)
        .filter(move |name| before.is_none_or(|before| !before.contains_key(*name)));
    before
        .into_iter()
        .flat_map(Map::keys)
        .chain(later)
        .map(String::as_str)
}
