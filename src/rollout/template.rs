//! Whether two pod templates are the same to the Deployment controller, which is what makes a
//! rollout ours and a ReplicaSet the new one.

use serde_json::{Map, Value};

/// The label that the controller adds to the template of each ReplicaSet.
const HASH_LABEL: &str = "pod-template-hash";

/// Returns whether the templates are equal, leaving aside the controller's hash label.
///
/// Both must come from the API server, which writes equal quantities and defaults equally. `null`
/// and an empty list equal an absent member; an empty object does so in the metadata only, since
/// `emptyDir: {}` means something.
pub(crate) fn same_template(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => members(one, other, |name, one, other| {
            if name == "metadata" {
                same_metadata(one, other)
            } else {
                same(one, other)
            }
        }),
        (one, other) => one == other,
    }
}

fn same_metadata(one: Option<&Value>, other: Option<&Value>) -> bool {
    let empty = Map::new();
    members(
        fields(one, &empty),
        fields(other, &empty),
        |name, one, other| match name {
            "labels" | "annotations" => members(
                fields(one, &empty),
                fields(other, &empty),
                |name, one, other| name == HASH_LABEL || same(one, other),
            ),
            _ => same(one, other),
        },
    )
}

fn fields<'a>(value: Option<&'a Value>, empty: &'a Map<String, Value>) -> &'a Map<String, Value> {
    value.and_then(Value::as_object).unwrap_or(empty)
}

/// Applies `equal` to each member that either object has.
fn members(
    one: &Map<String, Value>,
    other: &Map<String, Value>,
    equal: impl Fn(&str, Option<&Value>, Option<&Value>) -> bool,
) -> bool {
    one.iter()
        .all(|(name, value)| equal(name, Some(value), other.get(name)))
        && other
            .iter()
            .filter(|(name, _)| !one.contains_key(*name))
            .all(|(name, value)| equal(name, None, Some(value)))
}

fn same(one: Option<&Value>, other: Option<&Value>) -> bool {
    match (present(one), present(other)) {
        (None, None) => true,
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            members(one, other, |_, one, other| same(one, other))
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| same(Some(one), Some(other)))
        }
        (one, other) => one == other,
    }
}

fn present(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => true,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn templates_compare_as_the_controller_does() {
        let plain = json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"image": "x:1"}]}});
        let cases = [
            (
                "hash label and null time are no difference",
                json!({"metadata": {"labels": {"app": "a", "pod-template-hash": "7f"}, "creationTimestamp": null},
                    "spec": {"containers": [{"image": "x:1"}]}}),
                true,
            ),
            (
                "an empty list is no difference",
                json!({"metadata": {"labels": {"app": "a"}, "annotations": {}},
                    "spec": {"containers": [{"image": "x:1", "env": []}], "volumes": []}}),
                true,
            ),
            (
                "another image",
                json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"image": "x:2"}]}}),
                false,
            ),
            (
                "another label",
                json!({"metadata": {"labels": {"app": "b"}}, "spec": {"containers": [{"image": "x:1"}]}}),
                false,
            ),
            (
                "an empty object may mean something",
                json!({"metadata": {"labels": {"app": "a"}},
                    "spec": {"containers": [{"image": "x:1", "securityContext": {}}]}}),
                false,
            ),
            (
                "one container more",
                json!({"metadata": {"labels": {"app": "a"}},
                    "spec": {"containers": [{"image": "x:1"}, {"image": "y:1"}]}}),
                false,
            ),
            ("not an object", json!(null), false),
        ];
        for (name, other, expected) in cases {
            assert_eq!(same_template(&plain, &other), expected, "{name}");
            assert_eq!(
                same_template(&other, &plain),
                expected,
                "{name}, turned round"
            );
        }
    }

    #[test]
    fn templates_without_metadata_compare() {
        let one = json!({"spec": {}});
        let other = json!({"metadata": {"labels": {"pod-template-hash": "1"}}, "spec": {}});
        assert!(same_template(&one, &other));
    }
}
