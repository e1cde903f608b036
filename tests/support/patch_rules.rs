//! What an API server makes of a JSON Patch, as a table, and a runner for anything that answers like one.
//!
//! The same rows are tried on the real control plane and on the sandbox; the real one is right by definition.

use serde_json::{Value, json};

/// What the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 200 and the new object.
    Applied,
    /// 422 with reason `Invalid` and no details: a `test` failed, or an operation does not fit the object.
    Refused,
    /// 422 with details: the patched object breaks the rules of its kind.
    BreaksRules,
    /// 400: the body is not a JSON Patch.
    Malformed,
}

/// One patch of the Deployment that [`deployment`] returns.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    /// The body as it is sent; text, because escapes and the order of members matter.
    pub(crate) patch: &'static str,
    pub(crate) outcome: Outcome,
    /// What stands at a JSON pointer afterwards; `None` is nothing.
    pub(crate) leaves: (&'static str, Option<&'static str>),
}

const fn rule(
    name: &'static str,
    patch: &'static str,
    outcome: Outcome,
    leaves: (&'static str, Option<&'static str>),
) -> Rule {
    Rule {
        name,
        patch,
        outcome,
        leaves,
    }
}

use Outcome::{Applied, BreaksRules, Malformed, Refused};

/// The patches. `minReadySeconds`, the template's annotations, and its nodeSelector are absent at first.
pub(crate) const RULES: &[Rule] = &[
    // test
    rule(
        "a test of an equal value passes",
        r#"[{"op":"test","path":"/spec/revisionHistoryLimit","value":7},
            {"op":"replace","path":"/spec/minReadySeconds","value":5}]"#,
        Applied,
        ("/spec/minReadySeconds", Some("5")),
    ),
    rule(
        "a test of another value is refused without details",
        r#"[{"op":"test","path":"/spec/revisionHistoryLimit","value":8}]"#,
        Refused,
        ("/spec/revisionHistoryLimit", Some("7")),
    ),
    rule(
        "one failed test undoes the operations before it",
        r#"[{"op":"replace","path":"/spec/minReadySeconds","value":5},
            {"op":"test","path":"/spec/revisionHistoryLimit","value":8}]"#,
        Refused,
        ("/spec/minReadySeconds", None),
    ),
    rule(
        "a test sees what the operations before it did",
        r#"[{"op":"replace","path":"/spec/minReadySeconds","value":5},
            {"op":"test","path":"/spec/minReadySeconds","value":5}]"#,
        Applied,
        ("/spec/minReadySeconds", Some("5")),
    ),
    rule(
        "an absent member is tested with null",
        r#"[{"op":"test","path":"/spec/minReadySeconds","value":null},
            {"op":"add","path":"/spec/minReadySeconds","value":5}]"#,
        Applied,
        ("/spec/minReadySeconds", Some("5")),
    ),
    rule(
        "a test without a value is one with null",
        r#"[{"op":"test","path":"/spec/minReadySeconds"}]"#,
        Applied,
        ("/spec/minReadySeconds", None),
    ),
    rule(
        "an absent number is not 0",
        r#"[{"op":"test","path":"/spec/minReadySeconds","value":0}]"#,
        Refused,
        ("/spec/minReadySeconds", None),
    ),
    rule(
        "a member that is there is not null",
        r#"[{"op":"test","path":"/spec/revisionHistoryLimit","value":null}]"#,
        Refused,
        ("/spec/revisionHistoryLimit", Some("7")),
    ),
    rule(
        "a member of an absent map cannot be tested, not even with null",
        r#"[{"op":"test","path":"/spec/template/metadata/annotations/note","value":null}]"#,
        Refused,
        ("/spec/template/metadata/annotations", None),
    ),
    rule(
        "an absent annotation of a map that is there is tested with null",
        r#"[{"op":"test","path":"/metadata/annotations/example.com~1absent","value":null}]"#,
        Applied,
        ("/metadata/annotations/example.com~1absent", None),
    ),
    rule(
        "an element of a list is tested by its index",
        r#"[{"op":"test","path":"/spec/template/spec/containers/0/name","value":"app"}]"#,
        Applied,
        ("/spec/template/spec/containers/0/name", Some(r#""app""#)),
    ),
    rule(
        "the index -1 is the last element",
        r#"[{"op":"test","path":"/spec/template/spec/containers/-1/name","value":"app"}]"#,
        Applied,
        ("/spec/template/spec/containers/0/name", Some(r#""app""#)),
    ),
    rule(
        "an index beyond the end cannot be tested",
        r#"[{"op":"test","path":"/spec/template/spec/containers/1","value":null}]"#,
        Refused,
        ("/spec/template/spec/containers/1", None),
    ),
    rule(
        "the members of an object may be tested in any order and spacing",
        r#"[{"op":"test","path":"/spec/template/spec/containers/0/env/0","value":{ "value" : "1",  "name":"FIRST"}}]"#,
        Applied,
        (
            "/spec/template/spec/containers/0/env/0/value",
            Some(r#""1""#),
        ),
    ),
    rule(
        "a test of an object wants all of its members",
        r#"[{"op":"test","path":"/spec/template/spec/containers/0/env/0","value":{"name":"FIRST"}}]"#,
        Refused,
        (
            "/spec/template/spec/containers/0/env/0/value",
            Some(r#""1""#),
        ),
    ),
    rule(
        "the elements of a list are tested in their order",
        r#"[{"op":"test","path":"/spec/template/spec/containers/0/args","value":["b","a"]}]"#,
        Refused,
        ("/spec/template/spec/containers/0/args/0", Some(r#""a""#)),
    ),
    rule(
        "an equal number in another notation is not equal",
        r#"[{"op":"test","path":"/spec/revisionHistoryLimit","value":7.0}]"#,
        Refused,
        ("/spec/revisionHistoryLimit", Some("7")),
    ),
    // Text: compared as bytes of the JSON that Go writes.
    rule(
        "less-than, greater-than, and ampersand are equal to their escapes",
        r#"[{"op":"test","path":"/metadata/annotations/markup","value":"\u003ca\u003e \u0026 b"}]"#,
        Applied,
        ("/metadata/annotations/markup", Some(r#""<a> & b""#)),
    ),
    rule(
        "less-than, greater-than, and ampersand are not equal to themselves",
        r#"[{"op":"test","path":"/metadata/annotations/markup","value":"<a> & b"}]"#,
        Refused,
        ("/metadata/annotations/markup", Some(r#""<a> & b""#)),
    ),
    rule(
        "an escape in capitals is another text",
        r#"[{"op":"test","path":"/metadata/annotations/markup","value":"\u003Ca\u003E \u0026 b"}]"#,
        Refused,
        ("/metadata/annotations/markup", Some(r#""<a> & b""#)),
    ),
    rule(
        "line separators are equal to their escapes",
        r#"[{"op":"test","path":"/metadata/annotations/lines","value":"a\u2028b\u2029c"}]"#,
        Applied,
        ("/metadata/annotations/lines", Some(r#""a\u2028b\u2029c""#)),
    ),
    rule(
        "line separators are not equal to themselves",
        "[{\"op\":\"test\",\"path\":\"/metadata/annotations/lines\",\"value\":\"a\u{2028}b\u{2029}c\"}]",
        Refused,
        ("/metadata/annotations/lines", Some(r#""a\u2028b\u2029c""#)),
    ),
    rule(
        "other letters are equal to themselves",
        r#"[{"op":"test","path":"/metadata/annotations/letters","value":"größer – 🚢"}]"#,
        Applied,
        ("/metadata/annotations/letters", Some(r#""größer – 🚢""#)),
    ),
    rule(
        "other letters are not equal to their escapes",
        r#"[{"op":"test","path":"/metadata/annotations/letters","value":"gr\u00f6\u00dfer \u2013 🚢"}]"#,
        Refused,
        ("/metadata/annotations/letters", Some(r#""größer – 🚢""#)),
    ),
    rule(
        "line feed, tab, quote, and backslash are equal to their short escapes",
        r#"[{"op":"test","path":"/metadata/annotations/escapes","value":"a\nb\tc\"d\\e/f"}]"#,
        Applied,
        (
            "/metadata/annotations/escapes",
            Some(r#""a\nb\tc\"d\\e/f""#),
        ),
    ),
    rule(
        "a slash is not equal to its escape",
        r#"[{"op":"test","path":"/metadata/annotations/escapes","value":"a\nb\tc\"d\\e\/f"}]"#,
        Refused,
        (
            "/metadata/annotations/escapes",
            Some(r#""a\nb\tc\"d\\e/f""#),
        ),
    ),
    rule(
        "delete is equal to itself",
        "[{\"op\":\"test\",\"path\":\"/metadata/annotations/control\",\"value\":\"a\u{7f}b\\bc\\fd\\u0001\"}]",
        Applied,
        (
            "/metadata/annotations/control",
            Some("\"a\u{7f}b\\bc\\fd\\u0001\""),
        ),
    ),
    // replace, remove, add
    rule(
        "replace sets an absent member",
        r#"[{"op":"replace","path":"/spec/minReadySeconds","value":5}]"#,
        Applied,
        ("/spec/minReadySeconds", Some("5")),
    ),
    rule(
        "replace below an absent map is refused",
        r#"[{"op":"replace","path":"/spec/template/spec/nodeSelector/zone","value":"a"}]"#,
        Refused,
        ("/spec/template/spec/nodeSelector", None),
    ),
    rule(
        "replace beyond the end of a list is refused",
        r#"[{"op":"replace","path":"/spec/template/spec/containers/1/image","value":"x/app:v2"}]"#,
        Refused,
        ("/spec/template/spec/containers/1", None),
    ),
    rule(
        "remove of an absent member is refused",
        r#"[{"op":"remove","path":"/spec/minReadySeconds"}]"#,
        Refused,
        ("/spec/minReadySeconds", None),
    ),
    rule(
        "remove of an absent annotation is refused",
        r#"[{"op":"remove","path":"/metadata/annotations/absent"}]"#,
        Refused,
        ("/metadata/annotations/absent", None),
    ),
    rule(
        "remove takes a member away",
        r#"[{"op":"remove","path":"/metadata/annotations/letters"}]"#,
        Applied,
        ("/metadata/annotations/letters", None),
    ),
    rule(
        "add sets an absent member",
        r#"[{"op":"add","path":"/metadata/annotations/example.com~1note","value":"yes"}]"#,
        Applied,
        ("/metadata/annotations/example.com~1note", Some(r#""yes""#)),
    ),
    rule(
        "add replaces a member that is there",
        r#"[{"op":"add","path":"/metadata/annotations/letters","value":"abc"}]"#,
        Applied,
        ("/metadata/annotations/letters", Some(r#""abc""#)),
    ),
    rule(
        "add below an absent map is refused",
        r#"[{"op":"add","path":"/spec/template/spec/nodeSelector/zone","value":"a"}]"#,
        Refused,
        ("/spec/template/spec/nodeSelector", None),
    ),
    rule(
        "add of a map makes its members possible",
        r#"[{"op":"add","path":"/spec/template/spec/nodeSelector","value":{}},
            {"op":"add","path":"/spec/template/spec/nodeSelector/zone","value":"a"}]"#,
        Applied,
        ("/spec/template/spec/nodeSelector", Some(r#"{"zone":"a"}"#)),
    ),
    rule(
        "add puts an element before that index",
        r#"[{"op":"add","path":"/spec/template/spec/containers/0/args/1","value":"between"}]"#,
        Applied,
        (
            "/spec/template/spec/containers/0/args",
            Some(r#"["a","between","b"]"#),
        ),
    ),
    rule(
        "add puts an element at the end",
        r#"[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"c"}]"#,
        Applied,
        (
            "/spec/template/spec/containers/0/args",
            Some(r#"["a","b","c"]"#),
        ),
    ),
    rule(
        "add of null to an annotation leaves an empty text",
        r#"[{"op":"add","path":"/metadata/annotations/empty","value":null}]"#,
        Applied,
        ("/metadata/annotations/empty", Some(r#""""#)),
    ),
    // move, copy
    rule(
        "move takes a value elsewhere",
        r#"[{"op":"move","from":"/metadata/annotations/letters","path":"/metadata/annotations/words"}]"#,
        Applied,
        ("/metadata/annotations/letters", None),
    ),
    rule(
        "copy of a value leaves it where it was",
        r#"[{"op":"copy","from":"/metadata/annotations/letters","path":"/metadata/annotations/words"}]"#,
        Applied,
        ("/metadata/annotations/words", Some(r#""größer – 🚢""#)),
    ),
    // The result and the body
    rule(
        "a patch without operations changes nothing",
        "[]",
        Applied,
        ("/spec/revisionHistoryLimit", Some("7")),
    ),
    rule(
        "a result that the kind does not allow is refused with details",
        r#"[{"op":"replace","path":"/spec/replicas","value":-1}]"#,
        BreaksRules,
        ("/spec/replicas", Some("0")),
    ),
    rule(
        "a result whose member has the wrong type is refused with details",
        r#"[{"op":"replace","path":"/spec/replicas","value":"many"}]"#,
        BreaksRules,
        ("/spec/replicas", Some("0")),
    ),
    rule(
        "an unknown operation is refused",
        r#"[{"op":"increment","path":"/spec/replicas","value":1}]"#,
        Refused,
        ("/spec/replicas", Some("0")),
    ),
    rule(
        "an operation without a path is refused",
        r#"[{"op":"remove"}]"#,
        Refused,
        ("/spec/replicas", Some("0")),
    ),
    rule(
        "an object is not a patch",
        r#"{"spec":{"replicas":1}}"#,
        Malformed,
        ("/spec/replicas", Some("0")),
    ),
    rule(
        "half a patch is not a patch",
        r#"[{"op":"remove","#,
        Malformed,
        ("/spec/replicas", Some("0")),
    ),
];

/// Returns the Deployment that a rule is tried on. It wants no pods, so no controller is busy with it.
pub(crate) fn deployment(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "annotations": {
                "markup": "<a> & b",
                "lines": "a\u{2028}b\u{2029}c",
                "letters": "größer – 🚢",
                "escapes": "a\nb\tc\"d\\e/f",
                "control": "a\u{7f}b\u{8}c\u{c}d\u{1}",
            },
        },
        "spec": {
            "replicas": 0,
            "revisionHistoryLimit": 7,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "containers": [{
                        "name": "app",
                        "image": "registry.example/app:v1",
                        "args": ["a", "b"],
                        "env": [{"name": "FIRST", "value": "1"}],
                    }],
                },
            },
        },
    })
}

/// Tries every rule and panics with all that were broken.
///
/// `create` creates a Deployment; `patch` sends the body of a JSON Patch for the one of that name, and returns the
/// status code and the object of the answer.
pub(crate) fn check(
    mut create: impl FnMut(&Value),
    mut patch: impl FnMut(&str, &str) -> (u16, Value),
) {
    let mut broken = Vec::new();
    for (index, rule) in RULES.iter().enumerate() {
        let name = format!("rule-{index}");
        create(&deployment(&name));
        let (status, answer) = patch(&name, rule.patch);
        let outcome = outcome(status, &answer);
        if outcome != Some(rule.outcome) {
            broken.push(format!(
                "{}: {status} {answer}, not {:?}",
                rule.name, rule.outcome
            ));
        }
        let (_, object) = patch(&name, "[]");
        let (pointer, expected) = rule.leaves;
        let expected: Option<Value> =
            expected.map(|text| serde_json::from_str(text).expect("the table holds JSON"));
        if object.pointer(pointer) != expected.as_ref() {
            broken.push(format!(
                "{}: it leaves {:?} at {pointer}",
                rule.name,
                object.pointer(pointer)
            ));
        }
    }
    assert!(
        broken.is_empty(),
        "{} rules are broken:\n{}",
        broken.len(),
        broken.join("\n")
    );
}

fn outcome(status: u16, answer: &Value) -> Option<Outcome> {
    let has_causes = !answer["details"]["causes"].is_null();
    match (status, answer["reason"].as_str()) {
        (200, None) => Some(Applied),
        (422, Some("Invalid")) if has_causes => Some(BreaksRules),
        (422, Some("Invalid")) => Some(Refused),
        (400, Some("BadRequest")) => Some(Malformed),
        _ => None,
    }
}
