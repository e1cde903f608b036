//! JSON Patch with the API server's rules, which differ from RFC 6902 and from other libraries.
//!
//! An absent member tests equal to `null` and can be replaced; removing one is an error. Scalars
//! are compared as texts, with the stored side spelled by Go's encoder. Array indices may be
//! negative. See <https://github.com/evanphx/json-patch>, version 4.

use serde_json::Value;

use crate::go;
use crate::json_text::Raw;

/// Upstream refuses longer patches with 413.
pub(crate) const MAX_OPERATIONS: usize = 10_000;

/// Why a patch was not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// The text is no list of operations.
    #[error("{0}")]
    Malformed(String),
    /// The list is longer than [`MAX_OPERATIONS`].
    #[error("the allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {0}")]
    TooLong(usize),
    /// An operation does not fit the document, a failed `test` among them.
    #[error("operation {index} ({operation} {path}): {why}")]
    Rejected {
        index: usize,
        operation: String,
        path: String,
        why: &'static str,
    },
}

/// Applies the operations in `text` to `document`, all or none.
pub(crate) fn apply(document: &Value, text: &str) -> Result<Value, Error> {
    let operations = match Raw::read(text) {
        Ok(Raw::Array(operations)) => operations,
        Ok(Raw::Object(_) | Raw::Scalar(_)) => {
            return Err(Error::Malformed(
                "json: cannot unmarshal object into Go value of type jsonpatch.Patch".to_owned(),
            ));
        }
        Err(error) => return Err(Error::Malformed(error.to_string())),
    };
    if operations.len() > MAX_OPERATIONS {
        return Err(Error::TooLong(operations.len()));
    }
    let mut patched = document.clone();
    for (index, operation) in operations.iter().enumerate() {
        let text = |name| operation.member(name).and_then(Raw::as_string);
        apply_one(&mut patched, operation).map_err(|why| Error::Rejected {
            index,
            operation: text("op").unwrap_or_default(),
            path: text("path").unwrap_or_default(),
            why,
        })?;
    }
    Ok(patched)
}

fn apply_one(document: &mut Value, operation: &Raw<'_>) -> Result<(), &'static str> {
    let text = |name| operation.member(name).and_then(Raw::as_string);
    let null = Raw::Scalar("null");
    let value = operation.member("value").unwrap_or(&null);
    let path = text("path").ok_or("the path is missing")?;
    match text("op").as_deref() {
        Some("test") => test(document, &path, value),
        Some("add") => add(document, &path, value.to_value()),
        Some("replace") => replace(document, &path, value.to_value()),
        Some("remove") => remove(document, &path).map(drop),
        Some("move") => {
            let from = text("from").ok_or("the member from is missing")?;
            let moved = remove(document, &from)?;
            add(document, &path, moved)
        }
        Some("copy") => {
            let from = text("from").ok_or("the member from is missing")?;
            let (parent, key) = parent(document, &from)?;
            let copied = read(parent, &key)?.cloned().unwrap_or(Value::Null);
            add(document, &path, copied)
        }
        Some(_) | None => Err("the operation is unknown"),
    }
}

fn test(document: &mut Value, path: &str, expected: &Raw<'_>) -> Result<(), &'static str> {
    let found = if path.is_empty() {
        Some(&*document)
    } else {
        let (parent, key) = parent(document, path)?;
        read(parent, &key)?
    };
    let holds = match found {
        None => expected.is_null(),
        Some(found) => equal(found, expected),
    };
    holds.then_some(()).ok_or("the test failed")
}

/// Compares scalars by their spelling, as the API server does.
fn equal(stored: &Value, expected: &Raw<'_>) -> bool {
    match (stored, expected) {
        (Value::Array(stored), Raw::Array(expected)) => {
            stored.len() == expected.len()
                && stored
                    .iter()
                    .zip(expected)
                    .all(|(one, other)| equal(one, other))
        }
        (Value::Object(stored), Raw::Object(members)) => {
            members.iter().all(|(name, _)| stored.contains_key(name))
                && stored.iter().all(|(name, value)| {
                    expected
                        .member(name)
                        .is_some_and(|other| equal(value, other))
                })
        }
        (scalar, Raw::Scalar(text)) => {
            go::json_scalar(scalar).is_some_and(|spelled| spelled == *text)
        }
        _ => false,
    }
}

fn add(document: &mut Value, path: &str, value: Value) -> Result<(), &'static str> {
    let (parent, key) = parent(document, path)?;
    match parent {
        Value::Object(members) => {
            members.insert(key, value);
            Ok(())
        }
        Value::Array(items) => {
            let index = if key == "-" {
                items.len()
            } else {
                position(&key, items.len() + 1)?
            };
            items.insert(index, value);
            Ok(())
        }
        _ => Err("the path does not exist"),
    }
}

fn replace(document: &mut Value, path: &str, value: Value) -> Result<(), &'static str> {
    if path.is_empty() {
        *document = value;
        return Ok(());
    }
    let (parent, key) = parent(document, path)?;
    match parent {
        Value::Object(members) => {
            members.insert(key, value);
            Ok(())
        }
        Value::Array(items) => {
            let index = position(&key, items.len())?;
            let item = items.get_mut(index).ok_or("the index is out of bounds")?;
            *item = value;
            Ok(())
        }
        _ => Err("the path does not exist"),
    }
}

fn remove(document: &mut Value, path: &str) -> Result<Value, &'static str> {
    let (parent, key) = parent(document, path)?;
    match parent {
        Value::Object(members) => members.remove(&key).ok_or("the member does not exist"),
        Value::Array(items) => {
            let index = position(&key, items.len())?;
            Ok(items.remove(index))
        }
        _ => Err("the path does not exist"),
    }
}

/// Returns the object or array that holds what `path` names, and its key there.
fn parent<'a>(
    document: &'a mut Value,
    path: &str,
) -> Result<(&'a mut Value, String), &'static str> {
    let mut parts = path.split('/').skip(1).map(unescape).peekable();
    let mut here = document;
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return Ok((here, part));
        }
        here = match here {
            Value::Object(members) => members.get_mut(&part),
            Value::Array(items) => {
                let index = position(&part, items.len())?;
                items.get_mut(index)
            }
            _ => None,
        }
        .filter(|next| !next.is_null())
        .ok_or("the path does not exist")?;
    }
    Err("the path does not exist")
}

/// Returns the member or item, `None` for an absent member, and an error outside an array.
fn read<'a>(parent: &'a Value, key: &str) -> Result<Option<&'a Value>, &'static str> {
    match parent {
        Value::Object(members) => Ok(members.get(key)),
        Value::Array(items) => {
            let index = position(key, items.len())?;
            Ok(items.get(index))
        }
        _ => Err("the path does not exist"),
    }
}

/// Reads an array index below `length`; negative ones count from the end.
fn position(key: &str, length: usize) -> Result<usize, &'static str> {
    let number: i64 = key.parse().map_err(|_| "the index is not a number")?;
    let index = if number < 0 {
        length.checked_sub(usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX))
    } else {
        usize::try_from(number).ok()
    };
    index
        .filter(|index| *index < length)
        .ok_or("the index is out of bounds")
}

fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests;
