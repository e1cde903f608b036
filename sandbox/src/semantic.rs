//! When two pieces of an object mean the same, although they are written differently.
//!
//! The API server and its controllers compare like this before they call something changed.

use std::hash::Hasher;

use serde_json::{Map, Value};

/// Returns whether both mean the same: what is absent, null, an empty list and an empty map are one, and so are
/// quantities of one value (`0.5` and `500m`).
pub fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => equal_maps(left, right, false),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| equal(left, right))
        }
        _ => left == right || (is_empty(left) && is_empty(right)),
    }
}

/// Returns whether two optional pieces mean the same, see [`equal`].
pub fn equal_options(left: Option<&Value>, right: Option<&Value>) -> bool {
    equal(left.unwrap_or(&Value::Null), right.unwrap_or(&Value::Null))
}

fn equal_maps(left: &Map<String, Value>, right: &Map<String, Value>, quantities: bool) -> bool {
    let has_equal = |(key, value): (&String, &Value)| {
        let other = right.get(key).unwrap_or(&Value::Null);
        match (value, other) {
            // Below `resources`, `requests` and `limits` map names to quantities.
            (Value::Object(value), Value::Object(other)) if is_quantities(key) => {
                equal_maps(value, other, true)
            }
            _ if quantities => equal_quantities(value, other),
            _ => equal(value, other),
        }
    };
    left.iter().all(has_equal)
        && right
            .iter()
            .all(|(key, value)| left.contains_key(key) || is_empty(value))
}

fn is_quantities(key: &str) -> bool {
    matches!(
        key,
        "requests" | "limits" | "hard" | "capacity" | "allocatable"
    )
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn equal_quantities(left: &Value, right: &Value) -> bool {
    left == right
        || match (quantity(left), quantity(right)) {
            (Some(left), Some(right)) => {
                (left - right).abs() <= f64::EPSILON * left.abs().max(right.abs())
            }
            _ => false,
        }
}

/// Reads a Kubernetes quantity such as `2`, `1500m`, `64Mi` or `1e3`.
pub fn quantity(value: &Value) -> Option<f64> {
    let text = match value {
        Value::Number(number) => return number.as_f64(),
        Value::String(text) => text,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    if let Ok(number) = text.parse::<f64>() {
        return Some(number);
    }
    let split = text.find(|character: char| character.is_ascii_alphabetic())?;
    let (number, suffix) = text.split_at(split);
    let factor = match suffix {
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * factor)
}

/// Returns a hash that is the same for all that [`equal`] calls the same but for how quantities are written.
pub fn fingerprint(value: &Value) -> u32 {
    let mut mark = Fingerprint::default();
    mix(value, &mut mark);
    let bits = mark.finish();
    (bits >> 32) as u32 ^ bits as u32
}

fn mix(value: &Value, mark: &mut Fingerprint) {
    match value {
        Value::Object(map) => {
            mark.write_u8(b'{');
            let mut fields: Vec<(&String, &Value)> =
                map.iter().filter(|(_, value)| !is_empty(value)).collect();
            fields.sort_by_key(|(key, _)| *key);
            for (key, value) in fields {
                mark.write(key.as_bytes());
                mark.write_u8(b':');
                mix(value, mark);
            }
        }
        Value::Array(items) => {
            mark.write_u8(b'[');
            for item in items {
                mix(item, mark);
            }
        }
        Value::Null => mark.write_u8(b'0'),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            mark.write(value.to_string().as_bytes())
        }
    }
    mark.write_u8(b',');
}

/// FNV-1a, which is the same on every machine and in every version.
#[derive(Clone, Copy, Debug)]
pub struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Fingerprint {
        Fingerprint(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fingerprint {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_absent_equals_what_is_empty() {
        let cases = [
            ("absent and null", json!({}), json!({"a": null}), true),
            (
                "null and an empty list",
                json!({"a": null}),
                json!({"a": []}),
                true,
            ),
            (
                "an empty map and absent",
                json!({"a": {}, "b": 1}),
                json!({"b": 1}),
                true,
            ),
            ("zero is something", json!({"a": 0}), json!({}), false),
            (
                "an empty text is something",
                json!({"a": ""}),
                json!({}),
                false,
            ),
            (
                "lists keep their order",
                json!([1, 2]),
                json!([2, 1]),
                false,
            ),
            (
                "lists of different length",
                json!([1]),
                json!([1, 2]),
                false,
            ),
            ("only on the right", json!({}), json!({"a": 1}), false),
        ];
        for (name, left, right, expected) in cases {
            assert_eq!(equal(&left, &right), expected, "{name}");
            assert_eq!(equal(&right, &left), expected, "{name}, turned around");
        }
    }

    #[test]
    fn what_is_equal_has_one_fingerprint() {
        let template =
            json!({"labels": {"a": "b"}, "spec": {"containers": [{"name": "app"}], "volumes": []}});
        let same =
            json!({"spec": {"containers": [{"name": "app", "env": null}]}, "labels": {"a": "b"}});
        assert!(equal(&template, &same));
        assert_eq!(fingerprint(&template), fingerprint(&same));
        assert_ne!(
            fingerprint(&template),
            fingerprint(&json!({"labels": {"a": "c"}}))
        );
    }

    #[test]
    fn quantities_are_compared_by_value() {
        let requests = |text: &str| json!({"resources": {"requests": {"cpu": text}}});
        assert!(equal(&requests("0.5"), &requests("500m")));
        assert!(equal(&requests("1Gi"), &requests("1024Mi")));
        assert!(!equal(&requests("1"), &requests("1001m")));
        assert!(!equal(
            &json!({"env": {"cpu": "0.5"}}),
            &json!({"env": {"cpu": "500m"}})
        ));
    }
}
