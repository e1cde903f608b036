//! Strategic merge patch: a merge patch that knows which lists merge item by item.
//!
//! Follows upstream's algorithm with its options on a server: lists in parallel, unmatched nulls
//! ignored. See `staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go`.

use serde_json::{Map, Value};

use crate::schema::lists::{self, PatchList};

mod order;

const DIRECTIVE: &str = "$patch";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList/";
const ELEMENT_ORDER: &str = "$setElementOrder/";
const RETAIN_KEYS: &str = "$retainKeys";

/// Why a patch was not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// The patch, or one of its directives, has the wrong form.
    #[error("{0}")]
    Malformed(String),
    /// An item of a list lacks the member that tells which one it is.
    #[error("map: {item} does not contain declared merge key: {key}")]
    KeyMissing { item: String, key: &'static str },
}

type Object = Map<String, Value>;

/// Returns `document` changed by `patch`.
pub(crate) fn apply(document: &Value, patch: &Value) -> Result<Value, Error> {
    match (document, patch) {
        (Value::Object(document), Value::Object(patch)) => {
            merge_objects("", document.clone(), patch.clone()).map(Value::Object)
        }
        _ => Err(Error::Malformed("invalid JSON document".to_owned())),
    }
}

/// Merges `patch` into `original`, which is the object called `name` in its parent.
fn merge_objects(name: &str, mut original: Object, mut patch: Object) -> Result<Object, Error> {
    match patch.remove(DIRECTIVE) {
        None => {}
        Some(Value::String(directive)) if directive == "replace" => return Ok(patch),
        Some(Value::String(directive)) if directive == "delete" => return Ok(Object::new()),
        Some(other) => {
            return Err(Error::Malformed(format!(
                "unknown patch type: {} in map: {}",
                crate::go::printed(&other),
                crate::go::printed(&Value::Object(patch))
            )));
        }
    }
    retain_keys(&mut original, &mut patch)?;
    reorder(name, &mut original, &mut patch)?;
    for (field, value) in patch {
        if let Some(field) = field.strip_prefix(DELETE_FROM_LIST) {
            delete_scalars(&mut original, field, &value)?;
            continue;
        }
        if value.is_null() {
            original.remove(&field);
            continue;
        }
        let merged = match (original.remove(&field), value) {
            (Some(Value::Object(before)), Value::Object(value)) => {
                Value::Object(merge_objects(&field, before, value)?)
            }
            (Some(Value::Array(before)), Value::Array(value)) => {
                Value::Array(merge_lists(name, &field, before, value)?)
            }
            (_, value) => without_directives(value),
        };
        original.insert(field, merged);
    }
    Ok(original)
}

fn merge_lists(
    parent: &str,
    field: &str,
    original: Vec<Value>,
    patch: Vec<Value>,
) -> Result<Vec<Value>, Error> {
    match lists::patched(parent, field) {
        PatchList::Replaced => Ok(patch.into_iter().map(without_directives).collect()),
        PatchList::Set => {
            let mut merged = Vec::with_capacity(original.len() + patch.len());
            for item in original.iter().chain(&patch) {
                if !merged.contains(item) {
                    merged.push(item.clone());
                }
            }
            Ok(order::arrange(merged, &patch, &original, order::same))
        }
        PatchList::MergedBy(key) => {
            let (kept, patch) = apply_list_directives(original, patch, key)?;
            let before = kept.clone();
            let merged = merge_items(field, kept, &patch, key)?;
            Ok(order::arrange(
                merged,
                &patch,
                &before,
                order::same_member(key),
            ))
        }
    }
}

/// Takes `$patch` items out of a list's patch and does what they say.
fn apply_list_directives(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    key: &'static str,
) -> Result<(Vec<Value>, Vec<Value>), Error> {
    let mut items = Vec::with_capacity(patch.len());
    let mut is_replaced = false;
    for item in patch {
        match item.get(DIRECTIVE).map(|directive| directive.as_str()) {
            None => items.push(item),
            Some(Some("delete")) => {
                let wanted = member(&item, key)?;
                original.retain(|existing| existing.get(key) != Some(wanted));
            }
            Some(Some("replace")) => is_replaced = true,
            Some(Some("merge")) => {
                return Err(Error::Malformed(
                    "merging lists cannot yet be specified in the patch".to_owned(),
                ));
            }
            Some(_) => {
                return Err(Error::Malformed(format!(
                    "unknown patch type in map: {}",
                    crate::go::printed(&item)
                )));
            }
        }
    }
    Ok(if is_replaced {
        (items, Vec::new())
    } else {
        (original, items)
    })
}

fn merge_items(
    field: &str,
    mut original: Vec<Value>,
    patch: &[Value],
    key: &'static str,
) -> Result<Vec<Value>, Error> {
    for item in patch {
        let wanted = member(item, key)?;
        match original
            .iter_mut()
            .find(|existing| existing.get(key) == Some(wanted))
        {
            Some(existing) => {
                let (Value::Object(before), Value::Object(change)) = (&*existing, item) else {
                    return Err(Error::Malformed("expected a list of maps".to_owned()));
                };
                *existing = Value::Object(merge_objects(field, before.clone(), change.clone())?);
            }
            None => original.push(without_directives(item.clone())),
        }
    }
    Ok(original)
}

/// Merges each list that comes with `$setElementOrder` and puts it into that order.
fn reorder(name: &str, original: &mut Object, patch: &mut Object) -> Result<(), Error> {
    let directives: Vec<String> = patch
        .keys()
        .filter(|field| field.starts_with(ELEMENT_ORDER))
        .cloned()
        .collect();
    for directive in directives {
        let Some(Value::Array(wanted)) = patch.remove(&directive) else {
            return Err(Error::Malformed(
                "invalid patch format of setElementOrder list".to_owned(),
            ));
        };
        let field = directive.trim_start_matches(ELEMENT_ORDER);
        let before = match original.remove(field) {
            Some(Value::Array(items)) => Some(items),
            Some(other) => {
                original.insert(field.to_owned(), other);
                continue;
            }
            None => None,
        };
        let change = match patch.remove(field) {
            Some(Value::Array(items)) => Some(items),
            Some(other) => {
                patch.insert(field.to_owned(), other);
                original.extend(before.map(|items| (field.to_owned(), Value::Array(items))));
                continue;
            }
            None => None,
        };
        let live = before.clone().unwrap_or_default();
        let merged = match (before, change) {
            (None, None) => continue,
            (Some(before), None) => before,
            (None, Some(change)) => merge_lists(name, field, Vec::new(), change)?,
            (Some(before), Some(change)) => merge_lists(name, field, before, change)?,
        };
        let ordered = match lists::patched(name, field) {
            PatchList::MergedBy(key) => {
                order::arrange(merged, &wanted, &live, order::same_member(key))
            }
            PatchList::Set | PatchList::Replaced => {
                order::arrange(merged, &wanted, &live, order::same)
            }
        };
        original.insert(field.to_owned(), Value::Array(ordered));
    }
    Ok(())
}

/// Drops what is not named by `$retainKeys`, for unions such as a volume's source.
fn retain_keys(original: &mut Object, patch: &mut Object) -> Result<(), Error> {
    let Some(directive) = patch.remove(RETAIN_KEYS) else {
        return Ok(());
    };
    let Value::Array(keys) = directive else {
        return Err(Error::Malformed(
            "invalid patch format of retainKeys".to_owned(),
        ));
    };
    let is_kept = |field: &String| keys.iter().any(|key| key.as_str() == Some(field));
    let fits = patch
        .iter()
        .all(|(field, value)| value.is_null() || field.starts_with('$') || is_kept(field));
    if !fits {
        return Err(Error::Malformed(
            "invalid patch format of retainKeys".to_owned(),
        ));
    }
    original.retain(|field, _| is_kept(field));
    Ok(())
}

fn delete_scalars(original: &mut Object, field: &str, gone: &Value) -> Result<(), Error> {
    let Value::Array(gone) = gone else {
        return Err(Error::Malformed(
            "invalid patch format of primitive list".to_owned(),
        ));
    };
    if let Some(Value::Array(items)) = original.get_mut(field) {
        items.retain(|item| !gone.contains(item));
    }
    Ok(())
}

fn member<'a>(item: &'a Value, key: &'static str) -> Result<&'a Value, Error> {
    item.get(key).ok_or_else(|| Error::KeyMissing {
        item: crate::go::printed(item),
        key,
    })
}

/// Returns a value that is new to the document, without directives and nulls.
fn without_directives(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter(|(name, value)| {
                    !value.is_null()
                        && name != DIRECTIVE
                        && name != RETAIN_KEYS
                        && !name.starts_with(ELEMENT_ORDER)
                        && !name.starts_with(DELETE_FROM_LIST)
                })
                .map(|(name, value)| (name, without_directives(value)))
                .collect(),
        ),
        Value::Array(items) => items
            .into_iter()
            .filter(|item| item.get(DIRECTIVE).is_none())
            .map(without_directives)
            .collect(),
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests;
