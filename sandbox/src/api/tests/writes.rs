//! What writes do, and what they leave alone.

use serde_json::json;

use super::*;

const IMAGE: &str = "/spec/template/spec/containers/0/image";

fn set_image(image: &str) -> Value {
    json!([{"op": "replace", "path": IMAGE, "value": image}])
}

#[test]
fn a_new_object_is_complete() {
    let mut bench = Bench::new();
    let object = bench.post(DEPLOYMENTS, &app()).expect(201);
    assert_eq!(object["metadata"]["namespace"], "api");
    assert_eq!(object["metadata"]["generation"], 1);
    assert_eq!(object["spec"]["progressDeadlineSeconds"], 600);
    assert_eq!(object["status"], json!({}));
    assert_eq!(object["metadata"]["managedFields"][0]["manager"], "tests");
    assert_eq!(bench.get(APP).expect(200), object);
}

#[test]
fn a_dry_run_shows_the_generation_and_stores_nothing() {
    let mut bench = Bench::with_app();
    let stored = bench.get(APP).expect(200);
    let before = bench.revision();
    let preview = bench
        .json_patch(
            &format!("{APP}?dryRun=All"),
            &set_image("registry.example/app:v2"),
        )
        .expect(200);
    assert_eq!(
        preview.pointer(IMAGE),
        Some(&json!("registry.example/app:v2"))
    );
    assert_eq!(preview["metadata"]["generation"], 2);
    assert_eq!(
        preview["metadata"]["resourceVersion"],
        stored["metadata"]["resourceVersion"]
    );

    let created = bench
        .post(&format!("{DEPLOYMENTS}?dryRun=All"), &deployment("new"))
        .expect(201);
    assert_eq!(created["metadata"].get("resourceVersion"), None);
    bench
        .send("DELETE", &format!("{APP}?dryRun=All"), "", "")
        .expect(200);
    bench
        .send("DELETE", APP, "application/json", r#"{"dryRun":["All"]}"#)
        .expect(200);
    bench
        .put(
            &format!("{APP}/scale?dryRun=All"),
            &json!({"metadata": {"name": "app"}, "spec": {"replicas": 7}}),
        )
        .expect(200);
    assert_eq!(bench.revision(), before);
    assert_eq!(bench.get(APP).expect(200), stored);
}

#[test]
fn a_write_that_changes_nothing_keeps_the_version() {
    let mut bench = Bench::with_app();
    let stored = bench.get(APP).expect(200);
    for patch in [
        json!({}),
        json!({"spec": {"replicas": 1}}),
        json!({"spec": {"minReadySeconds": 0, "paused": false}}),
    ] {
        assert_eq!(bench.merge(APP, &patch).expect(200), stored, "{patch}");
    }
    assert_eq!(
        bench
            .json_patch(APP, &set_image("registry.example/app:v1"))
            .expect(200),
        stored
    );
    assert_eq!(bench.put(APP, &stored).expect(200), stored);
}

#[test]
fn generations_count_specs_and_annotations_but_not_labels() {
    let cases = [
        (json!({"spec": {"replicas": 2}}), 2),
        (json!({"metadata": {"annotations": {"a": "1"}}}), 2),
        (json!({"metadata": {"labels": {"a": "1"}}}), 1),
        (json!({"status": {"replicas": 7}}), 1),
        (json!({"metadata": {"generation": 9}}), 1),
    ];
    for (patch, generation) in cases {
        let mut bench = Bench::with_app();
        let object = bench.merge(APP, &patch).expect(200);
        assert_eq!(object["metadata"]["generation"], generation, "{patch}");
        assert_eq!(object["status"], json!({}), "{patch}");
    }
}

#[test]
fn what_was_left_out_can_be_tested_for_null() {
    let mut bench = Bench::with_app();
    let test =
        |value: Value| json!([{"op": "test", "path": "/spec/minReadySeconds", "value": value}]);
    bench.json_patch(APP, &test(Value::Null)).expect(200);
    bench.json_patch(APP, &test(json!(0))).expect(422);
    bench
        .merge(APP, &json!({"spec": {"minReadySeconds": 5}}))
        .expect(200);
    bench.json_patch(APP, &test(json!(5))).expect(200);
    bench
        .merge(APP, &json!({"spec": {"minReadySeconds": 0}}))
        .expect(200);
    bench.json_patch(APP, &test(Value::Null)).expect(200);
}

#[test]
fn the_field_manager_owns_what_it_wrote() {
    let mut bench = Bench::with_app();
    let object = bench
        .json_patch(
            &format!("{APP}?fieldManager=kube-deploy"),
            &set_image("registry.example/app:v2"),
        )
        .expect(200);
    let managers = object["metadata"]["managedFields"].as_array().unwrap();
    assert_eq!(managers.len(), 2);
    assert_eq!(managers[1]["manager"], "kube-deploy");
    assert_eq!(
        managers[1]["fieldsV1"],
        json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {"f:image": {}}}}}}})
    );
}

#[test]
fn a_status_is_written_apart() {
    let mut bench = Bench::with_app();
    let patch = json!({"status": {"replicas": 3}, "spec": {"replicas": 9}, "metadata": {"annotations": {"a": "1"}}});
    let object = bench.merge(&format!("{APP}/status"), &patch).expect(200);
    assert_eq!(object["status"]["replicas"], 3);
    assert_eq!(object["spec"]["replicas"], 1);
    assert_eq!(object["metadata"]["annotations"]["a"], "1");
    assert_eq!(object["metadata"]["generation"], 1);
    let managers = object["metadata"]["managedFields"].as_array().unwrap();
    assert_eq!(managers[1]["subresource"], "status");
    assert_eq!(bench.get(&format!("{APP}/status")).expect(200), object);
    bench
        .get("/api/v1/namespaces/api/configmaps/c/status")
        .expect(404);
}

#[test]
fn a_size_is_written_apart() {
    let mut bench = Bench::with_app();
    let url = format!("{APP}/scale");
    let scale = bench.get(&url).expect(200);
    assert_eq!(scale["kind"], "Scale");
    assert_eq!(scale["apiVersion"], "autoscaling/v1");
    assert_eq!(scale["spec"], json!({"replicas": 1}));
    assert_eq!(
        scale["status"],
        json!({"replicas": 0, "selector": "app=app"})
    );

    let mut wanted = scale.clone();
    wanted["spec"]["replicas"] = json!(4);
    assert_eq!(bench.put(&url, &wanted).expect(200)["spec"]["replicas"], 4);
    bench.put(&url, &wanted).expect(409);
    bench
        .merge(&url, &json!({"spec": {"replicas": 5}}))
        .expect(200);
    bench
        .merge(&url, &json!({"spec": {"replicas": -1}}))
        .expect(422);
    bench
        .json_patch(
            &url,
            &json!([{"op": "replace", "path": "/spec/replicas", "value": 6}]),
        )
        .expect(200);
    let object = bench.get(APP).expect(200);
    assert_eq!(
        (
            &object["spec"]["replicas"],
            &object["metadata"]["generation"]
        ),
        (&json!(6), &json!(4))
    );
    let managers = object["metadata"]["managedFields"].as_array().unwrap();
    assert_eq!(managers[1]["subresource"], "scale");
    bench.get(&format!("{DEPLOYMENTS}/nope/scale")).expect(404);
}

#[test]
fn puts_are_checked_against_their_path() {
    let mut bench = Bench::with_app();
    let stored = bench.get(APP).expect(200);
    let changed = |pointer: &str, value: Value| {
        let mut object = stored.clone();
        *object.pointer_mut(pointer).unwrap() = value;
        object
    };
    let cases = [
        (changed("/metadata/name", json!("other")), 400),
        (changed("/metadata/namespace", json!("other")), 400),
        (changed("/kind", json!("ReplicaSet")), 400),
        (changed("/metadata/uid", json!("0")), 409),
        (changed("/metadata/resourceVersion", json!("1")), 409),
        (changed("/spec/replicas", json!(2)), 200),
        (changed("/spec/replicas", json!(3)), 409),
    ];
    for (object, status) in cases {
        assert_eq!(
            bench.put(APP, &object).status,
            status,
            "{}",
            object["metadata"]
        );
    }
    let mut unconditional = stored.clone();
    unconditional["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("resourceVersion");
    bench.put(APP, &unconditional).expect(200);
    bench
        .put(&format!("{DEPLOYMENTS}/app2"), &deployment("app2"))
        .expect(404);
}

#[test]
fn a_patch_cannot_make_another_object() {
    let mut bench = Bench::with_app();
    for patch in [
        json!({"metadata": {"name": "other"}}),
        json!({"metadata": {"namespace": "other"}}),
    ] {
        assert_eq!(bench.merge(APP, &patch).status, 400, "{patch}");
    }
}

#[test]
fn new_objects_are_refused_where_they_cannot_be() {
    let mut bench = Bench::with_app();
    let reply = bench.post(DEPLOYMENTS, &app());
    assert_eq!(
        (reply.status, reply.message()),
        (409, "deployments.apps \"app\" already exists")
    );
    let reply = bench.post("/apis/apps/v1/namespaces/nope/deployments", &app());
    assert_eq!(
        (reply.status, reply.message()),
        (404, "namespaces \"nope\" not found")
    );
    let mut elsewhere = app();
    elsewhere["metadata"]["namespace"] = json!("other");
    bench.post(DEPLOYMENTS, &elsewhere).expect(400);
    bench
        .post(DEPLOYMENTS, &json!({"kind": "Pod", "apiVersion": "v1"}))
        .expect(400);
    bench
        .send("POST", DEPLOYMENTS, "application/yaml", "kind: Deployment")
        .expect(415);
    bench
        .send("POST", DEPLOYMENTS, "application/json", "[1")
        .expect(400);
}

#[test]
fn names_can_be_generated() {
    let mut bench = Bench::new();
    let map = json!({"metadata": {"generateName": "log-"}, "data": {"a": "1"}});
    let object = bench
        .post("/api/v1/namespaces/api/configmaps", &map)
        .expect(201);
    let name = object["metadata"]["name"].as_str().unwrap().to_owned();
    assert!(name.starts_with("log-") && name.len() > 4, "{name}");
    bench
        .get(&format!("/api/v1/namespaces/api/configmaps/{name}"))
        .expect(200);
}

#[test]
fn a_quota_refuses() {
    let mut bench = Bench::new();
    let quota = json!({"metadata": {"name": "small"}, "spec": {"hard": {"count/configmaps": "0"}}});
    bench
        .post("/api/v1/namespaces/api/resourcequotas", &quota)
        .expect(201);
    let reply = bench.post(
        "/api/v1/namespaces/api/configmaps",
        &json!({"metadata": {"name": "c"}}),
    );
    assert_eq!(reply.status, 403);
    assert!(
        reply
            .message()
            .starts_with("configmaps \"c\" is forbidden: exceeded quota: small"),
        "{}",
        reply.message()
    );
}

#[test]
fn leases_are_written_under_a_lock() {
    const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/api/leases";
    let mut bench = Bench::new();
    let mut lease = json!({"metadata": {"name": "lock"}, "spec": {"holderIdentity": "a", "leaseDurationSeconds": 15}});
    let url = format!("{LEASES}/lock");
    // A Lease may come to be by being replaced, but not be replaced blindly.
    let stored = bench.put(&url, &lease).expect(201);
    bench.put(&url, &lease).expect(422);
    lease["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"].clone();
    lease["spec"]["holderIdentity"] = json!("b");
    bench.put(&url, &lease).expect(200);
    bench.put(&url, &lease).expect(409);
    lease["spec"]["leaseDurationSeconds"] = json!(0);
    lease["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("resourceVersion");
    bench
        .merge(&url, &json!({"spec": {"leaseDurationSeconds": 0}}))
        .expect(422);
}

#[test]
fn deletions_mind_their_preconditions() {
    let mut bench = Bench::with_app();
    let uid = bench.get(APP).expect(200)["metadata"]["uid"].clone();
    let reply = bench.send(
        "DELETE",
        APP,
        "application/json",
        r#"{"preconditions": {"uid": "other"}}"#,
    );
    assert_eq!(reply.status, 409);
    let reply = bench.send(
        "DELETE",
        &format!("{APP}?propagationPolicy=Sideways"),
        "",
        "",
    );
    assert_eq!(reply.status, 422);
    let body = json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}, "propagationPolicy": "Background"});
    let status = bench
        .send("DELETE", APP, "application/json", &body.to_string())
        .expect(200);
    assert_eq!(
        status,
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
               "details": {"name": "app", "group": "apps", "kind": "deployments", "uid": uid}})
    );
    bench.get(APP).expect(404);
    bench.send("DELETE", APP, "", "").expect(404);
}

#[test]
fn a_foreground_deletion_leaves_the_object_and_it_can_still_be_patched() {
    let mut bench = Bench::with_app();
    let object = bench
        .send(
            "DELETE",
            &format!("{APP}?propagationPolicy=Foreground"),
            "",
            "",
        )
        .expect(200);
    assert_eq!(
        object["metadata"]["finalizers"],
        json!(["foregroundDeletion"])
    );
    assert_eq!(
        object["metadata"]["deletionTimestamp"],
        "2026-11-21T07:07:01Z"
    );
    let object = bench
        .json_patch(APP, &set_image("registry.example/app:v2"))
        .expect(200);
    assert!(object["metadata"].get("deletionTimestamp").is_some());
}

#[test]
fn a_selection_can_be_deleted() {
    let mut bench = Bench::new();
    for name in ["a", "b", "c"] {
        bench.post(DEPLOYMENTS, &deployment(name)).expect(201);
    }
    let list = bench
        .send(
            "DELETE",
            &format!("{DEPLOYMENTS}?labelSelector=app!=b"),
            "",
            "",
        )
        .expect(200);
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    let left = bench.get(DEPLOYMENTS).expect(200);
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    assert_eq!(left["items"][0]["metadata"]["name"], "b");
}
