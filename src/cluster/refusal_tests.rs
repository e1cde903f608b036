//! The texts of an API server's refusals, as a real one writes them.

use serde_json::{Value, json};

use super::*;

fn status(value: Value) -> Status {
    serde_json::from_value(value).expect("a Status")
}

fn plain(code: u16, reason: &str, message: &str) -> Status {
    status(json!({"code": code, "reason": reason, "message": message}))
}

#[test]
fn a6_a_test_that_failed_and_a_conflict_mean_that_something_moved() {
    let moved = [
        plain(
            422,
            "Invalid",
            "the server rejected our request due to an error in our request",
        ),
        plain(
            409,
            "Conflict",
            "the object has been modified; please apply your changes",
        ),
        status(json!({"code": 422, "reason": "Invalid", "details": {}})),
    ];
    for status in moved {
        assert_eq!(Refusal::of(&status), Some(Refusal::Moved), "{status:?}");
    }
}

#[test]
fn a7_what_is_invalid_is_told_with_its_causes() {
    let refusal = Refusal::of(&status(json!({
        "code": 422, "reason": "Invalid",
        "message": "Deployment.apps \"web\" is invalid: spec.replicas: Invalid value: -1: must be positive",
        "details": {"causes": [
            {"reason": "FieldValueInvalid", "field": "spec.replicas", "message": "Invalid value: -1: must be positive"},
            {"reason": "FieldValueInvalid", "field": "spec.template", "message": "Invalid value: core.PodTemplateSpec{Env: \"hunter2\"}: bad"},
        ]},
    })));
    let expected = Refusal::Invalid {
        message:
            "Deployment.apps \"web\" is invalid: spec.replicas: Invalid value: -1: must be positive"
                .to_owned(),
        causes: vec![
            Cause {
                field: "spec.replicas".to_owned(),
                message: "Invalid value: -1: must be positive".to_owned(),
            },
            Cause {
                field: "spec.template".to_owned(),
                message: "Invalid value: [masked]: bad".to_owned(),
            },
        ],
    };
    assert_eq!(refusal, Some(expected));
}

#[test]
fn the_texts_tell_apart_what_shares_a_code() {
    type Expected = fn(&Refusal) -> bool;
    let cases: &[(&str, Status, Expected)] = &[
        (
            "b1 webhook",
            plain(
                403,
                "Forbidden",
                "admission webhook \"policy.example\" denied the request: no latest tags",
            ),
            |refusal| matches!(refusal, Refusal::Denied { .. }),
        ),
        (
            "b1 webhook with a code of its own",
            plain(
                400,
                "",
                "admission webhook \"policy.example\" denied the request: no",
            ),
            |refusal| matches!(refusal, Refusal::Denied { .. }),
        ),
        (
            "b1 policy",
            plain(
                422,
                "Invalid",
                "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
            ),
            |refusal| matches!(refusal, Refusal::Denied { .. }),
        ),
        (
            "quota on Deployments",
            plain(
                403,
                "Forbidden",
                "deployments.apps \"web\" is forbidden: exceeded quota: q",
            ),
            |refusal| matches!(refusal, Refusal::Denied { .. }),
        ),
        (
            "a3 permission",
            plain(
                403,
                "Forbidden",
                "deployments.apps \"web\" is forbidden: User \"viewer\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"shop\"",
            ),
            |refusal| matches!(refusal, Refusal::Forbidden { .. }),
        ),
        (
            "b3 dry run",
            plain(
                400,
                "BadRequest",
                "admission webhook \"w\" does not support dry run",
            ),
            |refusal| matches!(refusal, Refusal::NoDryRun { .. }),
        ),
        (
            "b13 namespace",
            status(json!({
                "code": 403, "reason": "Forbidden",
                "message": "unable to create new content in namespace shop because it is being terminated",
                "details": {"causes": [{"reason": "NamespaceTerminating", "field": "metadata.namespace"}]},
            })),
            |refusal| matches!(refusal, Refusal::NamespaceTerminating { .. }),
        ),
        (
            "b14 annotations",
            plain(
                422,
                "Invalid",
                "Deployment.apps \"web\" is invalid: metadata.annotations: Too long: must have at most 262144 bytes",
            ),
            |refusal| matches!(refusal, Refusal::TooLarge { .. }),
        ),
        (
            "b14 body",
            plain(413, "RequestEntityTooLarge", "limit is 3145728"),
            |refusal| matches!(refusal, Refusal::TooLarge { .. }),
        ),
        (
            "b14 etcd",
            plain(500, "", "etcdserver: request is too large"),
            |refusal| matches!(refusal, Refusal::TooLarge { .. }),
        ),
        (
            "a5 gone",
            plain(404, "NotFound", "deployments.apps \"web\" not found"),
            |refusal| matches!(refusal, Refusal::Absent { .. }),
        ),
        (
            "unknown field",
            status(json!({
                "code": 422, "reason": "Invalid", "message": "\" \"\" is invalid: patch: strict decoding error",
                "details": {"causes": [{"field": "patch", "message": "strict decoding error: unknown field \"spec.x\""}]},
            })),
            |refusal| matches!(refusal, Refusal::Invalid { causes, .. } if causes.len() == 1),
        ),
    ];
    for (name, status, expected) in cases {
        let refusal = Refusal::of(status).unwrap_or_else(|| panic!("{name}: no refusal"));
        assert!(expected(&refusal), "{name}: {refusal:?}");
    }
}

#[test]
fn trouble_is_no_refusal() {
    let trouble = [
        plain(401, "Unauthorized", "Unauthorized"),
        plain(429, "TooManyRequests", "too many"),
        plain(
            500,
            "InternalError",
            "failed calling webhook \"w\": context deadline exceeded",
        ),
        plain(500, "", "etcdserver: leader changed"),
        plain(503, "ServiceUnavailable", ""),
        plain(504, "Timeout", ""),
    ];
    for status in trouble {
        assert_eq!(Refusal::of(&status), None, "{status:?}");
    }
}
