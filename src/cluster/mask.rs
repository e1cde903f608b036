//! Hides what is secret in bodies and messages before they reach a log or a screen.

use serde_json::{Map, Value};

/// Stands where a secret was.
pub(crate) const MASK: &str = "[masked]";

/// Bodies are shown up to here.
const LONGEST: usize = 64 * 1024;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Members whose text is a credential wherever they stand.
const CREDENTIALS: &[&str] = &[
    "token",
    "password",
    "clientKeyData",
    "clientCertificateData",
];

/// Returns a body as text: JSON without values of environment variables, credentials, Secrets,
/// and managedFields; of anything else, pod logs above all, only the size.
pub(crate) fn body(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return String::new();
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else {
        return format!("({} bytes that are not JSON)", bytes.len());
    };
    mask(&mut value);
    let text = value.to_string();
    if text.len() <= LONGEST {
        return text;
    }
    let cut = (0..=LONGEST)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or_default();
    format!("{}… ({} bytes more)", &text[..cut], text.len() - cut)
}

/// Returns the message of a validation error without the value that it quotes, where that is more
/// than a word: whole templates are quoted with everything in them.
pub(crate) fn message(text: &str) -> String {
    const QUOTES: &str = "Invalid value: ";
    let Some(at) = text.find(QUOTES) else {
        return text.to_owned();
    };
    let (before, rest) = text.split_at(at + QUOTES.len());
    let is_composite = rest.contains(['{', '[']) && !rest.starts_with('"');
    if is_composite {
        let reason = rest.rsplit_once(": ").map_or("", |(_, reason)| reason);
        format!("{before}{MASK}: {reason}")
    } else {
        text.to_owned()
    }
}

fn mask(value: &mut Value) {
    match value {
        Value::Object(members) => mask_object(members),
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn mask_object(members: &mut Map<String, Value>) {
    members.remove("managedFields");
    let is_secret = members.get("kind").and_then(Value::as_str) == Some("Secret");
    let is_env_operation = members.contains_key("op")
        && members
            .get("path")
            .and_then(Value::as_str)
            .is_some_and(|path| path.contains("/env/") || path.ends_with("/env"));
    for (name, value) in members {
        match name.as_str() {
            LAST_APPLIED => hide(value),
            "env" => mask_variables(value),
            "data" | "stringData" if is_secret => hide(value),
            "value" if is_env_operation => mask_variables(value),
            name if CREDENTIALS.contains(&name) && value.is_string() => hide(value),
            _ => mask(value),
        }
    }
}

/// Hides the values of one or of several environment variables; their names stay.
fn mask_variables(value: &mut Value) {
    match value {
        Value::Array(variables) => variables.iter_mut().for_each(mask_variables),
        Value::Object(variable) => {
            if let Some(value) = variable.get_mut("value") {
                hide(value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => hide(value),
    }
}

fn hide(value: &mut Value) {
    *value = Value::String(MASK.to_owned());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn masked(value: Value) -> Value {
        serde_json::from_str(&body(value.to_string().as_bytes())).expect("still JSON")
    }

    #[test]
    fn values_of_environment_variables_are_hidden_and_their_names_are_not() {
        let container = json!({"name": "web", "env": [
            {"name": "PASSWORD", "value": "hunter2"},
            {"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}},
        ]});
        let expected = json!({"name": "web", "env": [
            {"name": "PASSWORD", "value": MASK},
            {"name": "FROM", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}},
        ]});
        assert_eq!(masked(json!([container])), json!([expected]));
    }

    #[test]
    fn operations_on_environment_variables_are_hidden() {
        let cases = [
            (
                json!({"op": "test", "path": "/spec/template/spec/containers/0/env/0/value", "value": "hunter2"}),
                json!(MASK),
            ),
            (
                json!({"op": "add", "path": "/spec/template/spec/containers/0/env/-", "value": {"name": "A", "value": "hunter2"}}),
                json!({"name": "A", "value": MASK}),
            ),
            (
                json!({"op": "add", "path": "/spec/template/spec/containers/0/env", "value": [{"name": "A", "value": "hunter2"}]}),
                json!([{"name": "A", "value": MASK}]),
            ),
            (
                json!({"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "app:v2"}),
                json!("app:v2"),
            ),
        ];
        for (operation, expected) in cases {
            assert_eq!(masked(json!([operation]))[0]["value"], expected);
        }
    }

    #[test]
    fn credentials_secrets_and_copies_of_manifests_are_hidden() {
        let object = json!({
            "kind": "Secret",
            "data": {"key": "aHVudGVyMg=="},
            "metadata": {
                "annotations": {LAST_APPLIED: "{\"env\": \"hunter2\"}", "team": "shop"},
                "managedFields": [{"manager": "kubectl"}],
            },
            "status": {"token": "hunter2"},
        });
        let text = body(object.to_string().as_bytes());
        assert!(
            !text.contains("hunter2") && !text.contains("aHVu"),
            "{text}"
        );
        assert!(!text.contains("managedFields"), "{text}");
        assert!(text.contains("shop"), "{text}");
    }

    #[test]
    fn what_is_not_json_is_told_by_its_size() {
        assert_eq!(body(b"password=hunter2\n"), "(17 bytes that are not JSON)");
        assert_eq!(body(b""), "");
    }

    #[test]
    fn long_bodies_are_cut() {
        let text = body(json!({"a": "é".repeat(LONGEST)}).to_string().as_bytes());
        assert!(text.len() < LONGEST + 64);
        assert!(text.ends_with(" bytes more)"), "{}", &text[LONGEST - 10..]);
    }

    #[test]
    fn a7_causes_do_not_quote_whole_objects() {
        let cases = [
            (
                "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
                "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
            ),
            (
                r#"Invalid value: "a b": a lowercase RFC 1123 label"#,
                r#"Invalid value: "a b": a lowercase RFC 1123 label"#,
            ),
            (
                "Invalid value: v1.LabelSelector{Env: \"hunter2\"}: field is immutable",
                "Invalid value: [masked]: field is immutable",
            ),
            ("Required value", "Required value"),
        ];
        for (text, expected) in cases {
            assert_eq!(message(text), expected);
        }
    }
}
