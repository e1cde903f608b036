//! Texts as Go's libraries write them, since the API server's answers are made by those.
//!
//! Kept together because a client may compare them byte by byte.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Returns `text` as a JSON string the way `encoding/json` escapes it, with `<`, `>`, and `&`.
pub(crate) fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                // Writing into a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// Returns a scalar as `encoding/json` writes it, or `None` for an object or array.
pub(crate) fn json_scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("null".to_owned()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(json_string(text)),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns `text` as `%q` prints it.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            control if control.is_ascii_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(control));
            }
            control if control.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// Returns a value as `field.Invalid` shows it: strings quoted, the rest as JSON.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// Returns a value as `%+v` prints a decoded JSON document: `map[a:1 b:[x y]]`.
pub(crate) fn printed(value: &Value) -> String {
    let mut out = String::new();
    print(value, &mut out);
    out
}

fn print(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => out.push_str(text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                print(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => print_map(members, out),
    }
}

fn print_map(members: &Map<String, Value>, out: &mut String) {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by_key(|(name, _)| name.as_str());
    out.push_str("map[");
    for (index, (name, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(name);
        out.push(':');
        print(value, out);
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn strings_are_escaped_as_encoding_json_does() {
        let cases = [
            ("plain", "\"plain\""),
            ("a<b>&c", "\"a\\u003cb\\u003e\\u0026c\""),
            ("quote\" back\\", "\"quote\\\" back\\\\\""),
            ("tab\tline\nreturn\r", "\"tab\\tline\\nreturn\\r\""),
            ("\u{1}\u{8}\u{c}", "\"\\u0001\\b\\f\""),
            ("\u{2028}\u{2029}", "\"\\u2028\\u2029\""),
            ("käse 🧀", "\"käse 🧀\""),
            ("\u{7f}/", "\"\u{7f}/\""),
        ];
        for (text, expected) in cases {
            assert_eq!(json_string(text), expected, "{text:?}");
        }
    }

    #[test]
    fn quoted_texts_escape_control_characters() {
        let cases = [
            ("a \"b\"", r#""a \"b\"""#),
            ("\0\u{1b}[0m\u{7f}", r#""\x00\x1b[0m\x7f""#),
            ("\u{85}\u{7}\u{b}", r#""\u0085\a\v""#),
        ];
        for (text, expected) in cases {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn documents_print_as_go_maps() {
        let cases = [
            (
                json!({"b": [1, "x"], "a": {"c": null}}),
                "map[a:map[c:<nil>] b:[1 x]]",
            ),
            (json!([]), "[]"),
            (json!({"flag": true}), "map[flag:true]"),
        ];
        for (value, expected) in cases {
            assert_eq!(printed(&value), expected);
        }
    }
}
