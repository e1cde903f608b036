//! JSON Merge Patch (RFC 7386): `null` removes, objects merge, everything else replaces.

use serde_json::{Map, Value};

/// Returns `document` changed by `patch`.
pub(crate) fn apply(document: &Value, patch: &Value) -> Value {
    match (document, patch) {
        (Value::Object(document), Value::Object(patch)) => {
            let mut merged = document.clone();
            for (name, value) in patch {
                if value.is_null() {
                    merged.remove(name);
                } else {
                    let before = merged.get(name).unwrap_or(&Value::Null);
                    let after = apply(before, value);
                    merged.insert(name.clone(), after);
                }
            }
            Value::Object(merged)
        }
        (_, Value::Object(_)) => apply(&Value::Object(Map::new()), patch),
        (_, replacement) => replacement.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rules_of_rfc_7386() {
        let cases = [
            (
                "sets",
                json!({"a": "b"}),
                json!({"a": "c"}),
                json!({"a": "c"}),
            ),
            (
                "adds",
                json!({"a": "b"}),
                json!({"b": "c"}),
                json!({"a": "b", "b": "c"}),
            ),
            (
                "null removes",
                json!({"a": "b", "b": 1}),
                json!({"a": null}),
                json!({"b": 1}),
            ),
            (
                "null of an absent member",
                json!({"b": 1}),
                json!({"a": null}),
                json!({"b": 1}),
            ),
            (
                "lists are replaced",
                json!({"a": [{"b": "c"}]}),
                json!({"a": [1]}),
                json!({"a": [1]}),
            ),
            (
                "merges deeply",
                json!({"a": {"b": 1, "c": 2}}),
                json!({"a": {"b": null, "d": 3}}),
                json!({"a": {"c": 2, "d": 3}}),
            ),
            (
                "an object over a scalar",
                json!({"a": 1}),
                json!({"a": {"b": null, "c": 1}}),
                json!({"a": {"c": 1}}),
            ),
            (
                "nulls inside a list stay",
                json!({"a": 1}),
                json!({"a": [null]}),
                json!({"a": [null]}),
            ),
            (
                "a new object loses its nulls",
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
        ];
        for (name, document, patch, expected) in cases {
            assert_eq!(apply(&document, &patch), expected, "{name}");
        }
    }
}
