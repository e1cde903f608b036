//! JSON patches: what they change, and which are refused in which words.

use serde_json::json;

use super::*;

fn deployment() -> Value {
    json!({
        "metadata": {
            "uid": "u-1",
            "labels": {"app": "web"},
            "annotations": {"ex/target": "true", "ex/cause": "a <b> & c\u{2028}"},
        },
        "spec": {
            "replicas": 3,
            "template": {"spec": {"containers": [
                {"name": "app", "image": "r/app:v1", "resources": {}},
                {"name": "side", "image": "r/side:v1"},
            ]}},
            "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
        },
    })
}

/// What a patch leads to: the changed value at a pointer, or a refusal.
enum Outcome {
    Value(&'static str, Value),
    Gone(&'static str),
    Unchanged,
    Rejected,
}
use Outcome::{Gone, Rejected, Unchanged, Value as Becomes};

#[test]
fn rules_of_the_api_server() {
    const IMAGE: &str = "/spec/template/spec/containers/0/image";
    let cases = [
        (
            "a test on the stored value passes",
            r#"[{"op":"test","path":"/spec/template/spec/containers/0/image","value":"r/app:v1"}]"#,
            Unchanged,
        ),
        (
            "a test on another value fails",
            r#"[{"op":"test","path":"/spec/template/spec/containers/0/image","value":"r/app:v2"}]"#,
            Rejected,
        ),
        (
            "a failed test undoes what came before",
            r#"[{"op":"add","path":"/spec/replicas","value":9},{"op":"test","path":"/metadata/uid","value":"u-2"}]"#,
            Rejected,
        ),
        (
            "an absent member equals null",
            r#"[{"op":"test","path":"/spec/minReadySeconds","value":null}]"#,
            Unchanged,
        ),
        (
            "an absent member does not equal zero",
            r#"[{"op":"test","path":"/spec/minReadySeconds","value":0}]"#,
            Rejected,
        ),
        (
            "a present member does not equal null",
            r#"[{"op":"test","path":"/spec/replicas","value":null}]"#,
            Rejected,
        ),
        (
            "a test without a value is one for null",
            r#"[{"op":"test","path":"/spec/minReadySeconds"}]"#,
            Unchanged,
        ),
        (
            "a test below an absent map fails",
            r#"[{"op":"test","path":"/spec/absent/x","value":null}]"#,
            Rejected,
        ),
        (
            "numbers are compared as texts",
            r#"[{"op":"test","path":"/spec/replicas","value":3.0}]"#,
            Rejected,
        ),
        (
            "a number is not its text",
            r#"[{"op":"test","path":"/spec/replicas","value":"3"}]"#,
            Rejected,
        ),
        (
            "texts with markup pass in Go's spelling",
            r#"[{"op":"test","path":"/metadata/annotations/ex~1cause","value":"a \u003cb\u003e \u0026 c\u2028"}]"#,
            Unchanged,
        ),
        (
            "texts with raw markup fail for ever",
            "[{\"op\":\"test\",\"path\":\"/metadata/annotations/ex~1cause\",\"value\":\"a <b> & c\u{2028}\"}]",
            Rejected,
        ),
        (
            "a letter spelled as an escape is another text",
            r#"[{"op":"test","path":"/metadata/uid","value":"\u0075-1"}]"#,
            Rejected,
        ),
        (
            "objects are compared without regard to order and blanks",
            r#"[{"op":"test","path":"/spec/template/spec/containers/0","value":{ "resources":{}, "image": "r/app:v1", "name":"app"}}]"#,
            Unchanged,
        ),
        (
            "an object with a member less differs",
            r#"[{"op":"test","path":"/spec/template/spec/containers/0","value":{"image":"r/app:v1","name":"app"}}]"#,
            Rejected,
        ),
        (
            "an object with a member more differs",
            r#"[{"op":"test","path":"/metadata/labels","value":{"app":"web","x":null}}]"#,
            Rejected,
        ),
        (
            "replace changes",
            r#"[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"r/app:v2"}]"#,
            Becomes(IMAGE, json!("r/app:v2")),
        ),
        (
            "replace of an absent member sets it",
            r#"[{"op":"replace","path":"/spec/minReadySeconds","value":10}]"#,
            Becomes("/spec/minReadySeconds", json!(10)),
        ),
        (
            "replace of an absent index is refused",
            r#"[{"op":"replace","path":"/spec/template/spec/containers/3/image","value":"x"}]"#,
            Rejected,
        ),
        (
            "add sets a member",
            r#"[{"op":"add","path":"/metadata/annotations/ex~1id","value":"1"}]"#,
            Becomes("/metadata/annotations/ex~1id", json!("1")),
        ),
        (
            "add overwrites a member",
            r#"[{"op":"add","path":"/metadata/annotations/ex~1target","value":"1"}]"#,
            Becomes("/metadata/annotations/ex~1target", json!("1")),
        ),
        (
            "add below an absent map is refused",
            r#"[{"op":"add","path":"/metadata/finalizers/x","value":"1"}]"#,
            Rejected,
        ),
        (
            "add below a scalar is refused",
            r#"[{"op":"add","path":"/spec/replicas/x","value":"1"}]"#,
            Rejected,
        ),
        (
            "add inserts before an index",
            r#"[{"op":"add","path":"/spec/template/spec/containers/0","value":{"name":"first"}}]"#,
            Becomes("/spec/template/spec/containers/0/name", json!("first")),
        ),
        (
            "a dash appends",
            r#"[{"op":"add","path":"/spec/template/spec/containers/-","value":{"name":"last"}}]"#,
            Becomes("/spec/template/spec/containers/2/name", json!("last")),
        ),
        (
            "the length appends too",
            r#"[{"op":"add","path":"/spec/template/spec/containers/2","value":{"name":"last"}}]"#,
            Becomes("/spec/template/spec/containers/2/name", json!("last")),
        ),
        (
            "an index past the end is refused",
            r#"[{"op":"add","path":"/spec/template/spec/containers/3","value":{"name":"last"}}]"#,
            Rejected,
        ),
        (
            "a negative index counts from the end",
            r#"[{"op":"replace","path":"/spec/template/spec/containers/-1/image","value":"x"}]"#,
            Becomes("/spec/template/spec/containers/1/image", json!("x")),
        ),
        (
            "remove takes a member away",
            r#"[{"op":"remove","path":"/metadata/labels/app"}]"#,
            Gone("/metadata/labels/app"),
        ),
        (
            "remove of an absent member is refused",
            r#"[{"op":"remove","path":"/metadata/annotations/ex~1no"}]"#,
            Rejected,
        ),
        (
            "remove takes an item away",
            r#"[{"op":"remove","path":"/spec/template/spec/containers/0"}]"#,
            Becomes("/spec/template/spec/containers/0/name", json!("side")),
        ),
        (
            "move takes away and adds",
            r#"[{"op":"move","from":"/metadata/labels/app","path":"/metadata/labels/name"}]"#,
            Becomes("/metadata/labels", json!({"name": "web"})),
        ),
        (
            "move of an absent member is refused",
            r#"[{"op":"move","from":"/metadata/labels/x","path":"/metadata/labels/y"}]"#,
            Rejected,
        ),
        (
            "copy adds",
            r#"[{"op":"copy","from":"/metadata/labels/app","path":"/metadata/labels/name"}]"#,
            Becomes("/metadata/labels", json!({"app": "web", "name": "web"})),
        ),
        (
            "copy below an absent map is refused",
            r#"[{"op":"copy","from":"/metadata/labels/app","path":"/metadata/nothing/name"}]"#,
            Rejected,
        ),
        (
            "tildes are unescaped after slashes",
            r#"[{"op":"add","path":"/metadata/labels/a~01b","value":"x"}]"#,
            Becomes("/metadata/labels", json!({"app": "web", "a~1b": "x"})),
        ),
        (
            "an unknown operation is refused",
            r#"[{"op":"set","path":"/spec","value":1}]"#,
            Rejected,
        ),
        (
            "a path without a slash is refused",
            r#"[{"op":"add","path":"spec","value":1}]"#,
            Rejected,
        ),
        ("no operations change nothing", "[]", Unchanged),
    ];
    for (name, patch, outcome) in cases {
        let before = deployment();
        let result = apply(&before, patch);
        match outcome {
            Becomes(pointer, expected) => {
                assert_eq!(result.unwrap().pointer(pointer), Some(&expected), "{name}");
            }
            Gone(pointer) => assert_eq!(result.unwrap().pointer(pointer), None, "{name}"),
            Unchanged => assert_eq!(result.unwrap(), before, "{name}"),
            Rejected => assert!(
                matches!(result, Err(Error::Rejected { .. })),
                "{name}: {result:?}"
            ),
        }
    }
}

#[test]
fn what_is_no_list_of_operations_is_malformed() {
    for text in ["{}", "1", "[", r#"{"op":"add"}"#] {
        let result = apply(&deployment(), text);
        assert!(
            matches!(result, Err(Error::Malformed(_))),
            "{text}: {result:?}"
        );
    }
}

#[test]
fn a_patch_may_be_long_but_not_endless() {
    let operation = r#"{"op":"test","path":"/spec/replicas","value":3}"#;
    let list = |length| format!("[{}]", vec![operation; length].join(","));
    assert!(apply(&deployment(), &list(MAX_OPERATIONS)).is_ok());
    assert_eq!(
        apply(&deployment(), &list(MAX_OPERATIONS + 1)),
        Err(Error::TooLong(MAX_OPERATIONS + 1))
    );
}
