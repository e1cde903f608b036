//! Patches: their bytes, what they test, and what they do to an object.

use proptest::prelude::*;
use snapbox::{assert_data_eq, str};

use super::*;

fn object() -> Value {
    json!({
        "metadata": {"uid": "u1", "annotations": {"example.com/deploy-id": "1", "a~b/c": "old"}},
        "spec": {
            "strategy": {"rollingUpdate": {"maxUnavailable": "25%"}},
            "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}},
        },
    })
}

fn build(object: &Value, steps: impl FnOnce(&mut Builder<'_>)) -> Patch {
    let mut builder = Builder::new(object);
    steps(&mut builder);
    builder.build("web")
}

fn annotation(key: &str, value: &str) -> Vec<(String, String)> {
    vec![(key.to_owned(), value.to_owned())]
}

#[test]
fn tests_come_first_and_an_absent_member_is_tested_with_null() {
    let object = object();
    let patch = build(&object, |patch| {
        patch.test(Pointer::of("/metadata/uid"));
        patch.replace(
            Pointer::of("/spec/template/spec/containers/0/image"),
            json!("web:2"),
        );
        patch.replace(Pointer::of("/spec/minReadySeconds"), json!(10));
        patch.annotate(
            annotation("example.com/deploy-id", "2"),
            "example.com/deploy-id",
        );
    });
    let body = String::from_utf8(patch.body()).unwrap();
    assert_data_eq!(
        body.replace("},", "},\n"),
        str![[r#"
[{"op":"test","path":"/metadata/uid","value":"u1"},
{"op":"test","path":"/spec/template/spec/containers/0/image","value":"web:1"},
{"op":"test","path":"/spec/minReadySeconds","value":null},
{"op":"test","path":"/metadata/annotations/example.com~1deploy-id","value":"1"},
{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"web:2"},
{"op":"add","path":"/spec/minReadySeconds","value":10},
{"op":"add","path":"/metadata/annotations/example.com~1deploy-id","value":"2"}]
"#]]
    );
}

#[test]
fn the_map_of_annotations_is_made_only_where_none_is() {
    let bare = json!({"metadata": {"uid": "u1"}});
    let patch = build(&bare, |patch| patch.annotate(annotation("k", "v"), "k"));
    let body = String::from_utf8(patch.body()).unwrap();
    assert_data_eq!(
        body.replace("},", "},\n"),
        str![[r#"
[{"op":"test","path":"/metadata/annotations","value":null},
{"op":"add","path":"/metadata/annotations","value":{}},
{"op":"add","path":"/metadata/annotations/k","value":"v"}]
"#]]
    );

    let meanwhile = json!({"metadata": {"uid": "u1", "annotations": {"x": "y"}}});
    assert!(patch.apply_locally(&meanwhile).is_err());
    let applied = patch.apply_locally(&bare).unwrap();
    assert_eq!(applied["metadata"]["annotations"], json!({"k": "v"}));
}

#[test]
fn a_patch_says_all_that_moved() {
    let planned = object();
    let patch = build(&planned, |patch| {
        patch.test(Pointer::of("/metadata/uid"));
        patch.test(Pointer::of("/spec/paused"));
        patch.replace(
            Pointer::of("/spec/template/spec/containers/0/image"),
            json!("web:2"),
        );
    });
    assert_eq!(patch.moved(&planned), []);

    let mut now = planned;
    now["spec"]["paused"] = json!(true);
    now["spec"]["template"]["spec"]["containers"] = json!([]);
    let moved: Vec<String> = patch
        .moved(&now)
        .iter()
        .map(|mismatch| match mismatch {
            Mismatch::Moved {
                path,
                expected,
                found,
            } => format!("{path}: {expected} {found:?}"),
            Mismatch::Absent { path } => format!("{path}: absent"),
        })
        .collect();
    assert_eq!(
        moved,
        [
            "/spec/paused: null Some(Bool(true))",
            "/spec/template/spec/containers/0/image: \"web:1\" None",
        ]
    );
}

#[test]
fn operations_act_as_on_the_api_server() {
    let at = Pointer::of;
    let add = |path, value| Operation::Add {
        path: at(path),
        value,
    };
    let replace = |path, value| Operation::Replace {
        path: at(path),
        value,
    };
    let absent = |path| Err(Mismatch::Absent { path: at(path) });
    let cases = [
        (
            "add sets what is there",
            add("/metadata/uid", json!(2)),
            Ok(("/metadata/uid", json!(2))),
        ),
        (
            "add makes a member",
            add("/metadata/x", json!(2)),
            Ok(("/metadata/x", json!(2))),
        ),
        (
            "add below an absent map",
            add("/status/x", json!(2)),
            absent("/status/x"),
        ),
        (
            "replace makes a member",
            replace("/spec/x", json!(2)),
            Ok(("/spec/x", json!(2))),
        ),
        (
            "replace below an absent map",
            replace("/status/x", json!(2)),
            absent("/status/x"),
        ),
        (
            "replace of an absent item",
            replace("/spec/template/spec/containers/1/image", json!(2)),
            absent("/spec/template/spec/containers/1/image"),
        ),
        (
            "an escaped key",
            add("/metadata/annotations/a~0b~1c", json!("new")),
            Ok(("/metadata/annotations/a~0b~1c", json!("new"))),
        ),
    ];
    for (case, operation, expected) in cases {
        let patch = Patch {
            deployment: "web".to_owned(),
            operations: vec![operation],
        };
        let applied = patch.apply_locally(&object());
        match expected {
            Ok((path, value)) => {
                let applied = applied.unwrap();
                assert_eq!(
                    at(path).find(&applied).unwrap_or(&Value::Null),
                    &value,
                    "{case}"
                );
            }
            Err(mismatch) => assert_eq!(applied, Err(mismatch), "{case}"),
        }
    }
}

#[test]
fn one_value_is_tested_once() {
    let object = object();
    let patch = build(&object, |patch| {
        patch.test(Pointer::of("/metadata/uid"));
        patch.test(Pointer::of("/metadata/uid"));
    });
    assert_eq!(patch.operations.len(), 1);
}

/// encoding/json of Go, written from its rules for strings: `"` and `\` escaped, five short
/// escapes, other controls as `\u00xx`, and what could end a script element or a line of
/// JavaScript.
fn go_string(text: &str) -> String {
    let mut written = String::from("\"");
    for unit in text.chars() {
        let short = match unit {
            '"' => Some('"'),
            '\\' => Some('\\'),
            '\u{8}' => Some('b'),
            '\u{c}' => Some('f'),
            '\n' => Some('n'),
            '\r' => Some('r'),
            '\t' => Some('t'),
            _ => None,
        };
        match short {
            Some(letter) => written.extend(['\\', letter]),
            None if unit < ' ' || "<>&\u{2028}\u{2029}".contains(unit) => {
                written.push_str(&format!("\\u{:04x}", u32::from(unit)));
            }
            None => written.push(unit),
        }
    }
    written.push('"');
    written
}

fn go(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => go_string(text),
        Value::Array(items) => format!("[{}]", items.iter().map(go).collect::<Vec<_>>().join(",")),
        Value::Object(map) => {
            let members: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{}:{}", go_string(key), go(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>(),
        "[<>&\u{2028}\u{2029}\u{7f}\\\\\"\\x00-\\x1f]{0,12}"
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(text.clone(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn values_are_written_byte_by_byte_as_go_writes_them(value in any_json()) {
        prop_assert_eq!(as_go_writes(&value), go(&value));
    }

    #[test]
    fn a_body_is_json_with_the_same_meaning(value in any_json(), key in any::<String>()) {
        let path = Pointer::of("/metadata/annotations").member(&key);
        let operation = Operation::Test { path: path.clone(), value: value.clone() };
        let patch = Patch { deployment: "web".to_owned(), operations: vec![operation] };
        let read: Value = serde_json::from_slice(&patch.body()).unwrap();
        prop_assert_eq!(&read[0]["value"], &value);
        prop_assert_eq!(Pointer::of(read[0]["path"].as_str().unwrap()), path);
    }
}
