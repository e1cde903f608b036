//! Strategic merges: lists by their keys, directives, and nulls.

use serde_json::json;

use super::*;

fn deployment() -> Value {
    json!({
        "metadata": {
            "labels": {"app": "web", "tier": "front"},
            "finalizers": ["a", "b"],
            "ownerReferences": [{"uid": "1", "name": "one"}],
        },
        "spec": {
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
            "template": {"spec": {
                "containers": [
                    {"name": "app", "image": "r/app:v1",
                     "args": ["a", "b"],
                     "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                     "ports": [{"containerPort": 80, "name": "http"}],
                     "volumeMounts": [{"mountPath": "/data", "name": "data"}]},
                    {"name": "side", "image": "r/side:v1"},
                ],
                "tolerations": [{"key": "x"}],
                "volumes": [{"name": "data", "emptyDir": {}}, {"name": "conf", "configMap": {"name": "c"}}],
            }},
        },
    })
}

fn patched(patch: Value) -> Value {
    apply(&deployment(), &patch).unwrap()
}

fn of_pod(spec: Value) -> Value {
    json!({"spec": {"template": {"spec": spec}}})
}

#[test]
fn lists_and_maps_merge_as_their_types_say() {
    let app = "/spec/template/spec/containers/0";
    let pod = "/spec/template/spec";
    let cases = [
        (
            "a container is found by its name",
            of_pod(json!({"containers": [{"name": "app", "image": "r/app:v2"}]})),
            "/spec/template/spec/containers/0/image".to_owned(),
            json!("r/app:v2"),
        ),
        (
            "an unknown container is added, and comes first",
            of_pod(json!({"containers": [{"name": "typo", "image": "x"}]})),
            "/spec/template/spec/containers/0".to_owned(),
            json!({"name": "typo", "image": "x"}),
        ),
        (
            "the order directive keeps the order of what is there",
            of_pod(
                json!({"$setElementOrder/containers": [{"name": "side"}, {"name": "app"}],
                          "containers": [{"name": "app", "image": "r/app:v2"}]}),
            ),
            "/spec/template/spec/containers/0/name".to_owned(),
            json!("side"),
        ),
        (
            "the order directive alone reorders",
            of_pod(json!({"$setElementOrder/volumes": [{"name": "conf"}, {"name": "data"}]})),
            format!("{pod}/volumes/0/name"),
            json!("conf"),
        ),
        (
            "an item that the directive does not name stays where it was",
            of_pod(json!({"$setElementOrder/containers": [{"name": "app"}],
                          "containers": [{"name": "app", "image": "r/app:v2"}]})),
            "/spec/template/spec/containers/1/name".to_owned(),
            json!("side"),
        ),
        (
            "a container is deleted by a directive",
            of_pod(json!({"containers": [{"name": "app", "$patch": "delete"}]})),
            format!("{pod}/containers"),
            json!([{"name": "side", "image": "r/side:v1"}]),
        ),
        (
            "a list is replaced by a directive",
            of_pod(json!({"containers": [{"$patch": "replace"}, {"name": "only", "image": "x"}]})),
            format!("{pod}/containers"),
            json!([{"name": "only", "image": "x"}]),
        ),
        (
            "environment variables merge by name",
            of_pod(
                json!({"containers": [{"name": "app", "env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]}]}),
            ),
            format!("{app}/env"),
            json!([{"name": "A", "value": "1"}, {"name": "B", "value": "3"}, {"name": "C", "value": "4"}]),
        ),
        (
            "ports merge by number",
            of_pod(
                json!({"containers": [{"name": "app", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]}),
            ),
            format!("{app}/ports"),
            json!([{"containerPort": 80, "name": "http", "protocol": "TCP"}]),
        ),
        (
            "mounts merge by path",
            of_pod(
                json!({"containers": [{"name": "app", "volumeMounts": [{"mountPath": "/data", "readOnly": true}]}]}),
            ),
            format!("{app}/volumeMounts"),
            json!([{"mountPath": "/data", "name": "data", "readOnly": true}]),
        ),
        (
            "arguments are replaced",
            of_pod(json!({"containers": [{"name": "app", "args": ["c"]}]})),
            format!("{app}/args"),
            json!(["c"]),
        ),
        (
            "tolerations are replaced",
            of_pod(json!({"tolerations": [{"key": "y"}]})),
            format!("{pod}/tolerations"),
            json!([{"key": "y"}]),
        ),
        (
            "a volume changes its source by retainKeys",
            of_pod(
                json!({"volumes": [{"$retainKeys": ["name", "emptyDir"], "name": "conf", "emptyDir": {}}]}),
            ),
            format!("{pod}/volumes/1"),
            json!({"name": "conf", "emptyDir": {}}),
        ),
        (
            "the strategy changes by retainKeys",
            json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
            "/spec/strategy".to_owned(),
            json!({"type": "Recreate"}),
        ),
        (
            "a map is replaced by a directive",
            json!({"metadata": {"labels": {"$patch": "replace", "x": "y"}}}),
            "/metadata/labels".to_owned(),
            json!({"x": "y"}),
        ),
        (
            "a map is emptied by a directive",
            json!({"metadata": {"labels": {"$patch": "delete"}}}),
            "/metadata/labels".to_owned(),
            json!({}),
        ),
        (
            "null removes",
            json!({"metadata": {"labels": {"tier": null, "absent": null}}}),
            "/metadata/labels".to_owned(),
            json!({"app": "web"}),
        ),
        (
            "a new map loses its nulls",
            json!({"metadata": {"annotations": {"a": "1", "b": null}}}),
            "/metadata/annotations".to_owned(),
            json!({"a": "1"}),
        ),
        (
            "finalizers are a set",
            json!({"metadata": {"finalizers": ["b", "c"]}}),
            "/metadata/finalizers".to_owned(),
            json!(["a", "b", "c"]),
        ),
        (
            "a finalizer is taken away by a directive",
            json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}),
            "/metadata/finalizers".to_owned(),
            json!(["b"]),
        ),
        (
            "owners merge by uid",
            json!({"metadata": {"ownerReferences": [{"uid": "2", "name": "two"}]}}),
            "/metadata/ownerReferences".to_owned(),
            json!([{"uid": "2", "name": "two"}, {"uid": "1", "name": "one"}]),
        ),
    ];
    for (name, patch, pointer, expected) in cases {
        assert_eq!(patched(patch).pointer(&pointer), Some(&expected), "{name}");
    }
}

#[test]
fn kubectl_set_image_changes_one_image_only() {
    let patch = of_pod(json!({
        "$setElementOrder/containers": [{"name": "app"}, {"name": "side"}],
        "containers": [{"image": "r/app:v3", "name": "app"}],
    }));
    let mut expected = deployment();
    expected["spec"]["template"]["spec"]["containers"][0]["image"] = json!("r/app:v3");
    assert_eq!(patched(patch), expected);
}

#[test]
fn a_patch_that_cannot_be_understood_is_an_error() {
    let cases = [
        ("no name", of_pod(json!({"containers": [{"image": "x"}]}))),
        (
            "unknown directive",
            json!({"metadata": {"$patch": "mangle"}}),
        ),
        (
            "order that is no list",
            of_pod(json!({"$setElementOrder/containers": "app"})),
        ),
        (
            "retainKeys that forgets a key",
            json!({"spec": {"strategy": {"$retainKeys": ["type"], "rollingUpdate": {}}}}),
        ),
        ("no object", json!([])),
    ];
    for (name, patch) in cases {
        assert!(apply(&deployment(), &patch).is_err(), "{name}");
    }
}
