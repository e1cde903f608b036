//! Requests that were sent to a real API server of version 1.36.2, with its answers.

use serde_json::json;

use super::*;

const STRATEGIC: &str = "application/strategic-merge-patch+json";
const JSON_PATCH: &str = "application/json-patch+json";

fn failure(rest: Value) -> Value {
    let mut whole =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"});
    whole
        .as_object_mut()
        .unwrap()
        .extend(rest.as_object().unwrap().clone());
    whole
}

#[test]
fn refusals_are_those_of_a_real_server() {
    let image_required = json!({"message": "Deployment.apps \"app\" is invalid: spec.template.spec.containers[0].image: Required value", "reason": "Invalid", "details": {"name": "app", "group": "apps", "kind": "Deployment", "causes": [{"reason": "FieldValueRequired", "message": "Required value", "field": "spec.template.spec.containers[0].image"}]}, "code": 422});
    let rejected = json!({"message": "the server rejected our request due to an error in our request", "reason": "Invalid", "details": {}, "code": 422});
    let cases = [
        (
            "2 dryRun with a bad value",
            "PATCH",
            format!("{APP}?dryRun=true"),
            STRATEGIC,
            r#"{"metadata":{"annotations":{"kubernetes.io/change-cause":"kube deploy v2"}}}"#,
            json!({"message": "PatchOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"true\"]: supported values: \"All\"", "reason": "Invalid", "details": {"group": "meta.k8s.io", "kind": "PatchOptions", "causes": [{"reason": "FieldValueNotSupported", "message": "Unsupported value: [\"true\"]: supported values: \"All\"", "field": "dryRun"}]}, "code": 422}),
        ),
        (
            "3 json patch with test op that fails",
            "PATCH",
            APP.to_owned(),
            JSON_PATCH,
            r#"[{"op": "test", "path": "/spec/template/spec/containers/0/image", "value": "other"}, {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "x"}]"#,
            rejected.clone(),
        ),
        (
            "4 stale resourceVersion",
            "PATCH",
            APP.to_owned(),
            STRATEGIC,
            r#"{"metadata": {"resourceVersion": "1"}}"#,
            json!({"message": "Operation cannot be fulfilled on deployments.apps \"app\": the object has been modified; please apply your changes to the latest version and try again", "reason": "Conflict", "details": {"name": "app", "group": "apps", "kind": "deployments"}, "code": 409}),
        ),
        (
            "5 a resourceVersion that is not a number",
            "PATCH",
            APP.to_owned(),
            STRATEGIC,
            r#"{"metadata": {"resourceVersion": "abc"}}"#,
            json!({"message": "strconv.ParseUint: parsing \"abc\": invalid syntax", "code": 500}),
        ),
        (
            "6 a wrong uid",
            "PATCH",
            APP.to_owned(),
            STRATEGIC,
            r#"{"metadata": {"uid": "00000000-0000-0000-0000-000000000000"}}"#,
            json!({"message": "Deployment.apps \"app\" is invalid: metadata.uid: Invalid value: \"00000000-0000-0000-0000-000000000000\": field is immutable", "reason": "Invalid", "details": {"name": "app", "group": "apps", "kind": "Deployment", "causes": [{"reason": "FieldValueInvalid", "message": "Invalid value: \"00000000-0000-0000-0000-000000000000\": field is immutable", "field": "metadata.uid"}, {"reason": "FieldValueInvalid", "message": "Invalid value: \"00000000-0000-0000-0000-000000000000\": field is immutable", "field": "metadata.uid"}]}, "code": 422}),
        ),
        (
            "8 PATCH on a missing Deployment",
            "PATCH",
            format!("{DEPLOYMENTS}/nope"),
            STRATEGIC,
            "{}",
            json!({"message": "deployments.apps \"nope\" not found", "reason": "NotFound", "details": {"name": "nope", "group": "apps", "kind": "deployments"}, "code": 404}),
        ),
        (
            "9 PATCH in a missing namespace",
            "PATCH",
            "/apis/apps/v1/namespaces/nope/deployments/app".to_owned(),
            STRATEGIC,
            "{}",
            json!({"message": "deployments.apps \"app\" not found", "reason": "NotFound", "details": {"name": "app", "group": "apps", "kind": "deployments"}, "code": 404}),
        ),
        (
            "10 GET missing",
            "GET",
            format!("{DEPLOYMENTS}/nope"),
            "",
            "",
            json!({"message": "deployments.apps \"nope\" not found", "reason": "NotFound", "details": {"name": "nope", "group": "apps", "kind": "deployments"}, "code": 404}),
        ),
        (
            "12 PATCH with wrong content type",
            "PATCH",
            APP.to_owned(),
            "application/json",
            "{}",
            json!({"message": "415: Unsupported Media Type", "reason": "UnsupportedMediaType", "details": {}, "code": 415}),
        ),
        (
            "13 PATCH with malformed JSON",
            "PATCH",
            APP.to_owned(),
            STRATEGIC,
            r#"{"spec":"#,
            json!({"message": "unexpected end of JSON input", "reason": "BadRequest", "code": 400}),
        ),
        (
            "14 empty image",
            "PATCH",
            APP.to_owned(),
            STRATEGIC,
            r#"{"spec": {"template": {"spec": {"containers": [{"name": "app", "image": ""}]}}}}"#,
            image_required.clone(),
        ),
        (
            "15 image null",
            "PATCH",
            format!("{APP}?dryRun=All"),
            STRATEGIC,
            r#"{"spec": {"template": {"spec": {"containers": [{"name": "app", "image": null}]}}}}"#,
            image_required.clone(),
        ),
        (
            "19 a new container without an image",
            "PATCH",
            format!("{APP}?dryRun=All"),
            STRATEGIC,
            r#"{"spec": {"template": {"spec": {"containers": [{"name": "typo"}]}}}}"#,
            image_required,
        ),
        (
            "20 json patch of an index that does not exist",
            "PATCH",
            format!("{APP}?dryRun=All"),
            JSON_PATCH,
            r#"[{"op": "replace", "path": "/spec/template/spec/containers/3/image", "value": "x"}]"#,
            rejected,
        ),
        (
            "21 selector change is immutable",
            "PATCH",
            format!("{APP}?dryRun=All"),
            "application/merge-patch+json",
            r#"{"spec": {"selector": {"matchLabels": {"app": "other"}}}}"#,
            json!({"message": "Deployment.apps \"app\" is invalid: [spec.template.metadata.labels: Invalid value: {\"app\":\"app\"}: `selector` does not match template `labels`, spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"other\"}}: field is immutable]", "reason": "Invalid", "details": {"name": "app", "group": "apps", "kind": "Deployment", "causes": [{"reason": "FieldValueInvalid", "message": "Invalid value: {\"app\":\"app\"}: `selector` does not match template `labels`", "field": "spec.template.metadata.labels"}, {"reason": "FieldValueInvalid", "message": "Invalid value: {\"matchLabels\":{\"app\":\"other\"}}: field is immutable", "field": "spec.selector"}]}, "code": 422}),
        ),
        (
            "26 duplicate field, Strict",
            "PATCH",
            format!("{APP}?fieldValidation=Strict&dryRun=All"),
            STRATEGIC,
            r#"{"metadata":{"annotations":{"a":"1","a":"2"}}}"#,
            json!({"message": " \"\" is invalid: patch: Invalid value: \"map[metadata:map[annotations:map[a:2]]]\": strict decoding error: duplicate field \"metadata.annotations.a\"", "reason": "Invalid", "details": {"causes": [{"reason": "FieldValueInvalid", "message": "Invalid value: \"map[metadata:map[annotations:map[a:2]]]\": strict decoding error: duplicate field \"metadata.annotations.a\"", "field": "patch"}]}, "code": 422}),
        ),
        (
            "46 a path that is gone",
            "POST",
            format!("{APP}/rollback"),
            "application/json",
            "{}",
            json!({"message": "the server could not find the requested resource", "reason": "NotFound", "details": {}, "code": 404}),
        ),
        (
            "a field selector on the spec",
            "GET",
            format!("{DEPLOYMENTS}?fieldSelector=spec.replicas=0"),
            "",
            "",
            json!({"message": "\"spec.replicas\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"", "reason": "BadRequest", "code": 400}),
        ),
        (
            "sendInitialEvents without resourceVersionMatch",
            "GET",
            format!("{DEPLOYMENTS}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true"),
            "",
            "",
            json!({"message": "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan", "reason": "Invalid", "details": {"group": "meta.k8s.io", "kind": "ListOptions", "causes": [{"reason": "FieldValueForbidden", "message": "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan", "field": "resourceVersionMatch"}]}, "code": 422}),
        ),
        (
            "a watch from a resourceVersion that is not a number",
            "GET",
            format!("{DEPLOYMENTS}?watch=1&resourceVersion=abc"),
            "",
            "",
            json!({"message": "resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax", "code": 500}),
        ),
    ];
    for (name, method, url, content_type, body, expected) in cases {
        let mut bench = Bench::with_app();
        let before = bench.revision();
        let reply = bench.send(method, &url, content_type, body);
        assert_eq!(reply.body, failure(expected), "{name}");
        assert_eq!(
            u64::from(reply.status),
            reply.body["code"].as_u64().unwrap(),
            "{name}"
        );
        assert_eq!(bench.revision(), before, "{name} wrote something");
    }
}

#[test]
fn unknown_fields_are_dropped_and_named() {
    const BODY: &str = r#"{"spec": {"template": {"spec": {"containers": [{"name": "app", "imagee": "x"}]}}}, "typo": 1}"#;
    const WARNINGS: [&str; 2] = [
        "299 - \"unknown field \\\"spec.template.spec.containers[0].imagee\\\"\"",
        "299 - \"unknown field \\\"typo\\\"\"",
    ];
    let cases: [(&str, &[&str]); 3] = [
        ("", &WARNINGS),
        ("&fieldValidation=Warn", &WARNINGS),
        ("&fieldValidation=Ignore", &[]),
    ];
    for (parameter, warnings) in cases {
        let mut bench = Bench::with_app();
        let reply = bench.send(
            "PATCH",
            &format!("{APP}?dryRun=All{parameter}"),
            STRATEGIC,
            BODY,
        );
        assert_eq!(reply.header("warning"), warnings, "{parameter}");
        let object = reply.expect(200);
        assert_eq!(object["metadata"]["generation"], 1, "{parameter}");
        assert_eq!(object.get("typo"), None, "{parameter}");
    }
    let mut bench = Bench::with_app();
    let reply = bench.send(
        "PATCH",
        &format!("{APP}?fieldValidation=Strict&dryRun=All"),
        STRATEGIC,
        BODY,
    );
    assert_eq!(reply.status, 422);
    assert_eq!(
        reply.message(),
        " \"\" is invalid: patch: Invalid value: \"map[spec:map[template:map[spec:map[containers:[map[imagee:x name:app]]]]] typo:1]\": strict decoding error: unknown field \"spec.template.spec.containers[0].imagee\", unknown field \"typo\""
    );
    assert_eq!(reply.body["details"]["causes"][0]["field"], "patch");
    // A new object is refused as a bad request instead.
    let mut typo = deployment("other");
    typo["spec"]["typo"] = json!(1);
    let reply = bench.post(&format!("{DEPLOYMENTS}?fieldValidation=Strict"), &typo);
    assert_eq!(reply.status, 400);
    assert_eq!(
        reply.message(),
        "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field \"spec.typo\""
    );
}

#[test]
fn odd_images_are_accepted() {
    for image in [" registry.example/app:v2", "UPPER/App:bad tag!!"] {
        let mut bench = Bench::with_app();
        let body = json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": image}]}}}});
        let object = bench
            .send(
                "PATCH",
                &format!("{APP}?dryRun=All"),
                STRATEGIC,
                &body.to_string(),
            )
            .expect(200);
        assert_eq!(
            object["spec"]["template"]["spec"]["containers"][0]["image"],
            image
        );
        assert_eq!(object["metadata"]["generation"], 2);
    }
}

#[test]
fn a_container_name_that_does_not_exist_adds_a_container_in_front() {
    let mut bench = Bench::with_app();
    let body = r#"{"spec": {"template": {"spec": {"containers": [{"name": "typo", "image": "registry.example/app:v2"}]}}}}"#;
    let object = bench
        .send("PATCH", &format!("{APP}?dryRun=All"), STRATEGIC, body)
        .expect(200);
    let containers = object["spec"]["template"]["spec"]["containers"]
        .as_array()
        .unwrap();
    let images: Vec<&str> = containers
        .iter()
        .map(|container| container["image"].as_str().unwrap())
        .collect();
    assert_eq!(
        images,
        ["registry.example/app:v2", "registry.example/app:v1"]
    );
}

#[test]
fn a_list_in_a_namespace_that_does_not_exist_is_empty() {
    let mut bench = Bench::with_app();
    let revision = bench.revision().to_string();
    assert_eq!(
        bench
            .get("/apis/apps/v1/namespaces/nope/deployments")
            .expect(200),
        json!({"kind": "DeploymentList", "apiVersion": "apps/v1", "metadata": {"resourceVersion": revision}, "items": []})
    );
}

#[test]
fn server_side_apply_is_refused_clearly() {
    let mut bench = Bench::with_app();
    let reply = bench.send(
        "PATCH",
        &format!("{APP}?fieldManager=kube"),
        "application/apply-patch+yaml",
        "{}",
    );
    assert_eq!(reply.status, 415);
    assert!(
        reply.message().contains("server-side apply"),
        "{}",
        reply.message()
    );
}
