//! The bodies of refusals and of deletions, beside those recorded from a real server.

use serde_json::{Value, json};

use super::*;

const DEPLOYMENTS: Resource<'_> = Resource {
    group: "apps",
    plural: "deployments",
};
const NAMESPACES: Resource<'_> = Resource {
    group: "",
    plural: "namespaces",
};

fn body(status: &Status) -> Value {
    serde_json::from_slice(&status.to_json()).unwrap()
}

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
fn bodies_are_those_of_a_real_server() {
    let viewer = |verb, namespace, name| Attempt {
        user: "viewer",
        verb,
        resource: DEPLOYMENTS,
        subresource: "",
        namespace,
        name,
    };
    let apps = |name: &str| json!({"name": name, "group": "apps", "kind": "deployments"});
    let cases = [
        (
            "not found",
            Status::not_found(DEPLOYMENTS, "nope"),
            json!({"message": "deployments.apps \"nope\" not found", "reason": "NotFound",
                   "details": apps("nope"), "code": 404}),
        ),
        (
            "a failed test",
            Status::patch_rejected(),
            json!({"message": "the server rejected our request due to an error in our request",
                   "reason": "Invalid", "details": {}, "code": 422}),
        ),
        (
            "a stale resourceVersion",
            Status::conflict(DEPLOYMENTS, "app"),
            json!({"message": "Operation cannot be fulfilled on deployments.apps \"app\": the object has been modified; please apply your changes to the latest version and try again",
                   "reason": "Conflict", "details": apps("app"), "code": 409}),
        ),
        (
            "no right to patch",
            Status::forbidden(&viewer("patch", "api", "app")),
            json!({"message": "deployments.apps \"app\" is forbidden: User \"viewer\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"api\"",
                   "reason": "Forbidden", "details": apps("app"), "code": 403}),
        ),
        (
            "no right to watch",
            Status::forbidden(&viewer("watch", "api", "")),
            json!({"message": "deployments.apps is forbidden: User \"viewer\" cannot watch resource \"deployments\" in API group \"apps\" in the namespace \"api\"",
                   "reason": "Forbidden", "details": {"group": "apps", "kind": "deployments"}, "code": 403}),
        ),
        (
            "no right in the whole cluster",
            Status::forbidden(&Attempt {
                resource: NAMESPACES,
                ..viewer("list", "", "")
            }),
            json!({"message": "namespaces is forbidden: User \"viewer\" cannot list resource \"namespaces\" in API group \"\" at the cluster scope",
                   "reason": "Forbidden", "details": {"kind": "namespaces"}, "code": 403}),
        ),
        (
            "a wrong token",
            Status::unauthorized(),
            json!({"message": "Unauthorized", "reason": "Unauthorized", "code": 401}),
        ),
        (
            "one fault",
            Status::invalid(
                "apps",
                "Deployment",
                "app",
                &[Fault::required(
                    "spec.template.spec.containers[0].image",
                    "",
                )],
            ),
            json!({"message": "Deployment.apps \"app\" is invalid: spec.template.spec.containers[0].image: Required value",
                   "reason": "Invalid", "code": 422,
                   "details": {"name": "app", "group": "apps", "kind": "Deployment", "causes": [
                       {"reason": "FieldValueRequired", "message": "Required value", "field": "spec.template.spec.containers[0].image"}]}}),
        ),
        (
            "two faults",
            Status::invalid(
                "apps",
                "Deployment",
                "app",
                &[
                    Fault::invalid(
                        "spec.template.metadata.labels",
                        &json!({"app": "app"}),
                        "`selector` does not match template `labels`",
                    ),
                    Fault::invalid(
                        "spec.selector",
                        &json!({"matchLabels": {"app": "other"}}),
                        "field is immutable",
                    ),
                ],
            ),
            json!({"message": "Deployment.apps \"app\" is invalid: [spec.template.metadata.labels: Invalid value: {\"app\":\"app\"}: `selector` does not match template `labels`, spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"other\"}}: field is immutable]",
                   "reason": "Invalid", "code": 422,
                   "details": {"name": "app", "group": "apps", "kind": "Deployment", "causes": [
                       {"reason": "FieldValueInvalid", "message": "Invalid value: {\"app\":\"app\"}: `selector` does not match template `labels`", "field": "spec.template.metadata.labels"},
                       {"reason": "FieldValueInvalid", "message": "Invalid value: {\"matchLabels\":{\"app\":\"other\"}}: field is immutable", "field": "spec.selector"}]}}),
        ),
        (
            "the same fault twice",
            Status::invalid(
                "apps",
                "Deployment",
                "app",
                &vec![Fault::invalid("metadata.uid", &json!("0"), "field is immutable"); 2],
            ),
            json!({"message": "Deployment.apps \"app\" is invalid: metadata.uid: Invalid value: \"0\": field is immutable",
                   "reason": "Invalid", "code": 422,
                   "details": {"name": "app", "group": "apps", "kind": "Deployment", "causes": [
                       {"reason": "FieldValueInvalid", "message": "Invalid value: \"0\": field is immutable", "field": "metadata.uid"},
                       {"reason": "FieldValueInvalid", "message": "Invalid value: \"0\": field is immutable", "field": "metadata.uid"}]}}),
        ),
        (
            "a watch from too long ago",
            Status::too_old_resource_version(1, 12855),
            json!({"message": "too old resource version: 1 (12855)", "reason": "Expired", "code": 410}),
        ),
        (
            "a list in the future",
            Status::resource_version_too_large(999_999_999, 15476),
            json!({"message": "Timeout: Too large resource version: 999999999, current: 15476", "reason": "Timeout", "code": 504,
                   "details": {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}], "retryAfterSeconds": 1}}),
        ),
        (
            "an error of a library",
            Status::unclassified("strconv.ParseUint: parsing \"abc\": invalid syntax"),
            json!({"message": "strconv.ParseUint: parsing \"abc\": invalid syntax", "code": 500}),
        ),
        (
            "a webhook that is down",
            Status::internal("failed calling webhook \"w\""),
            json!({"message": "Internal error occurred: failed calling webhook \"w\"", "reason": "InternalError", "code": 500,
                   "details": {"causes": [{"message": "failed calling webhook \"w\""}]}}),
        ),
    ];
    for (name, status, expected) in cases {
        assert_eq!(body(&status), failure(expected), "{name}");
    }
}

#[test]
fn an_expired_page_carries_the_token_to_go_on_with() {
    let status = body(&Status::expired_continue("abc".to_owned()));
    assert_eq!(status["metadata"], json!({"continue": "abc"}));
    assert_eq!(status["code"], 410);
}

#[test]
fn a_deletion_is_a_success_without_code() {
    let status = body(&Status::deleted(DEPLOYMENTS, "app", "u-1"));
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {"name": "app", "group": "apps", "kind": "deployments", "uid": "u-1"},
    });
    assert_eq!(status, expected);
}

#[test]
fn members_come_in_upstreams_order() {
    let text = String::from_utf8(Status::not_found(DEPLOYMENTS, "nope").to_json()).unwrap();
    assert_eq!(
        text,
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"deployments.apps \"nope\" not found","reason":"NotFound","details":{"name":"nope","group":"apps","kind":"deployments"},"code":404}"#
    );
}
