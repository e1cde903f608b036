//! What admission webhooks do to a write.

use serde_json::json;

use super::*;

fn set_image(bench: &mut Bench, parameters: &str) -> Reply {
    let patch = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "registry.example/app:latest"}]);
    bench.json_patch(&format!("{APP}{parameters}"), &patch)
}

fn image(object: &Value) -> &Value {
    &object["spec"]["template"]["spec"]["containers"][0]["image"]
}

fn bench_with(webhook: Value) -> Bench {
    let mut bench = Bench::with_app();
    bench.circumstances.webhooks = vec![serde_json::from_value(webhook).unwrap()];
    bench
}

#[test]
fn a_webhook_refuses_also_a_dry_run() {
    for parameters in ["", "?dryRun=All"] {
        let mut bench = bench_with(json!({"deny": {"message": "no"}}));
        let reply = set_image(&mut bench, parameters);
        assert_eq!(
            (reply.status, reply.message()),
            (
                403,
                "admission webhook \"check.sandbox.example\" denied the request: no"
            )
        );
    }
}

#[test]
fn a_policy_refuses_as_recorded() {
    let mut bench = bench_with(
        json!({"policy": {"policy": "no-latest", "message": "images must not use the tag latest"}}),
    );
    let reply = set_image(&mut bench, "");
    assert_eq!(
        reply.body,
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "deployments.apps \"app\" is forbidden: ValidatingAdmissionPolicy 'no-latest' with binding 'no-latest' denied request: images must not use the tag latest", "reason": "Invalid", "details": {"name": "app", "group": "apps", "kind": "deployments", "causes": [{"message": "ValidatingAdmissionPolicy 'no-latest' with binding 'no-latest' denied request: images must not use the tag latest"}]}, "code": 422})
    );
}

#[test]
fn a_webhook_that_is_down_is_an_internal_error() {
    let mut bench = bench_with(json!("down"));
    let reply = set_image(&mut bench, "");
    assert_eq!(
        (reply.status, &reply.body["reason"]),
        (500, &json!("InternalError"))
    );
    assert!(
        reply
            .message()
            .starts_with("Internal error occurred: failed calling webhook"),
        "{}",
        reply.message()
    );
}

#[test]
fn a_webhook_may_refuse_the_dry_run_only() {
    let mut bench = bench_with(json!("refuseDryRun"));
    assert_eq!(set_image(&mut bench, "?dryRun=All").status, 400);
    set_image(&mut bench, "").expect(200);
}

#[test]
fn a_webhook_may_change_the_image_or_put_it_back() {
    let mut bench =
        bench_with(json!({"rewrite": {"from": "registry.example/", "to": "mirror.example/"}}));
    assert_eq!(
        image(&set_image(&mut bench, "").expect(200)),
        "mirror.example/app:latest"
    );

    let mut bench = bench_with(json!("restore"));
    let object = set_image(&mut bench, "").expect(200);
    assert_eq!(image(&object), "registry.example/app:v1");
    assert_eq!(object["metadata"]["generation"], 1);
}

#[test]
fn a_webhook_may_warn() {
    let mut bench =
        bench_with(json!({"warn": {"message": "images must not use the tag \"latest\""}}));
    let reply = set_image(&mut bench, "");
    assert_eq!(
        reply.header("warning"),
        ["299 - \"images must not use the tag \\\"latest\\\"\""]
    );
    reply.expect(200);
}

#[test]
fn webhooks_look_at_deployments_only() {
    let mut bench = bench_with(json!("down"));
    bench
        .post(
            "/api/v1/namespaces/api/configmaps",
            &json!({"metadata": {"name": "c"}}),
        )
        .expect(201);
    bench
        .merge(
            &format!("{APP}/status"),
            &json!({"status": {"replicas": 1}}),
        )
        .expect(200);
}
