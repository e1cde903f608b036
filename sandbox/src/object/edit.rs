//! Changing parts of an object, where the part need not be there yet.

use serde_json::{Map, Value};

/// Returns the fields of a map; what is no map becomes an empty one.
pub fn fields(object: &mut Value) -> &mut Map<String, Value> {
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    match object {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            unreachable!("it was made a map above")
        }
    }
}

/// Returns the fields of `metadata`, which are made if there are none.
pub fn metadata(object: &mut Value) -> &mut Map<String, Value> {
    fields(fields(object).entry("metadata").or_insert(Value::Null))
}

/// Returns the fields of `status`, which are made if there are none.
pub fn status(object: &mut Value) -> &mut Map<String, Value> {
    fields(fields(object).entry("status").or_insert(Value::Null))
}

/// Sets a field, or removes it.
pub fn put(fields: &mut Map<String, Value>, field: &str, value: Option<Value>) {
    match value {
        Some(value) => fields.insert(field.to_owned(), value),
        None => fields.remove(field),
    };
}
