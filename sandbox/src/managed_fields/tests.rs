//! Who owns which fields after which writes.

use serde_json::{Value, json};

use super::*;
use crate::defaults;

const START: Time = Time(1_795_244_821_000);
const LATER: Time = Time(1_795_244_823_000);

fn deployment() -> Value {
    let mut deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "app", "namespace": "shop", "labels": {"app": "app"}},
        "spec": {
            "replicas": 10,
            "selector": {"matchLabels": {"app": "app"}},
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": {"app": "app"}},
                "spec": {"containers": [{
                    "name": "app", "image": "registry.example/app:v1",
                    "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
                }]},
            },
        },
    });
    defaults::fill(Kind::Deployment, &mut deployment);
    deployment
}

fn created_by(name: &str) -> Value {
    let mut object = deployment();
    record(
        Kind::Deployment,
        None,
        &mut object,
        Manager {
            name,
            subresource: "",
        },
        START,
    );
    object
}

fn written(before: &Value, name: &str, subresource: &str, edit: impl FnOnce(&mut Value)) -> Value {
    let mut after = before.clone();
    edit(&mut after);
    record(
        Kind::Deployment,
        Some(before),
        &mut after,
        Manager { name, subresource },
        LATER,
    );
    after
}

fn entries(object: &Value) -> &Vec<Value> {
    object
        .pointer("/metadata/managedFields")
        .unwrap()
        .as_array()
        .unwrap()
}

fn managers(object: &Value) -> Vec<&str> {
    entries(object)
        .iter()
        .map(|entry| entry["manager"].as_str().unwrap())
        .collect()
}

#[test]
fn a_new_object_is_owned_as_on_a_real_server() {
    // The managed fields of a Deployment in a recording of version 1.36.2.
    let expected = json!([{"manager": "python-requests", "operation": "Update", "apiVersion": "apps/v1", "time": "2026-11-21T07:07:01Z", "fieldsType": "FieldsV1", "fieldsV1": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}, "f:spec": {"f:progressDeadlineSeconds": {}, "f:replicas": {}, "f:revisionHistoryLimit": {}, "f:selector": {}, "f:strategy": {"f:rollingUpdate": {".": {}, "f:maxSurge": {}, "f:maxUnavailable": {}}, "f:type": {}}, "f:template": {"f:metadata": {"f:labels": {".": {}, "f:app": {}}}, "f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {".": {}, "f:image": {}, "f:imagePullPolicy": {}, "f:name": {}, "f:readinessProbe": {".": {}, "f:failureThreshold": {}, "f:httpGet": {".": {}, "f:path": {}, "f:port": {}, "f:scheme": {}}, "f:periodSeconds": {}, "f:successThreshold": {}, "f:timeoutSeconds": {}}, "f:resources": {}, "f:terminationMessagePath": {}, "f:terminationMessagePolicy": {}}}, "f:dnsPolicy": {}, "f:restartPolicy": {}, "f:schedulerName": {}, "f:securityContext": {}, "f:terminationGracePeriodSeconds": {}}}}}}]);
    assert_eq!(
        Value::from(entries(&created_by("python-requests")).clone()),
        expected
    );
}

#[test]
fn status_writes_have_a_line_of_their_own() {
    let before = created_by("kubectl-create");
    let after = written(&before, "kube-controller-manager", "status", |object| {
        object["metadata"]["annotations"] = json!({"deployment.kubernetes.io/revision": "1"});
        object["status"] =
            json!({"replicas": 1, "conditions": [{"type": "Available", "status": "True"}]});
    });
    assert_eq!(
        entries(&after)[1],
        json!({"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "apps/v1", "time": "2026-11-21T07:07:03Z", "fieldsType": "FieldsV1", "subresource": "status", "fieldsV1": {
            "f:metadata": {"f:annotations": {".": {}, "f:deployment.kubernetes.io/revision": {}}},
            "f:status": {"f:replicas": {}, "f:conditions": {".": {}, "k:{\"type\":\"Available\"}": {".": {}, "f:status": {}, "f:type": {}}}}}})
    );
}

#[test]
fn a_changed_field_changes_hands() {
    const IMAGE: &str =
        "/fieldsV1/f:spec/f:template/f:spec/f:containers/k:{\"name\":\"app\"}/f:image";
    let before = created_by("kubectl-create");
    let after = written(&before, "kube-deploy", "", |object| {
        object["spec"]["template"]["spec"]["containers"][0]["image"] =
            json!("registry.example/app:v2");
    });
    assert_eq!(managers(&after), ["kubectl-create", "kube-deploy"]);
    assert_eq!(entries(&after)[0].pointer(IMAGE), None);
    assert_eq!(entries(&after)[0]["time"], "2026-11-21T07:07:01Z");
    assert_eq!(
        entries(&after)[1]["fieldsV1"],
        json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {"f:image": {}}}}}}})
    );
}

#[test]
fn a_removed_field_belongs_to_nobody() {
    let before = written(&created_by("one"), "two", "", |object| {
        object["metadata"]["annotations"] = json!({"a": "1", "b": "2"});
    });
    let after = written(&before, "three", "", |object| {
        object["metadata"]["annotations"] = json!({"b": "2"});
    });
    assert_eq!(managers(&after), ["one", "two"]);
    assert_eq!(
        entries(&after)[1]["fieldsV1"],
        json!({"f:metadata": {"f:annotations": {".": {}, "f:b": {}}}})
    );
}

#[test]
fn a_manager_without_fields_disappears() {
    let before = written(&created_by("one"), "two", "", |object| {
        object["spec"]["paused"] = json!(true)
    });
    let after = written(&before, "one", "", |object| {
        object["spec"].as_object_mut().unwrap().remove("paused");
    });
    assert_eq!(managers(&after), ["one"]);
}

#[test]
fn a_write_that_changes_nothing_leaves_no_trace() {
    let before = created_by("one");
    assert_eq!(written(&before, "two", "", |_| {}), before);
    // Nor can a writer edit the list itself.
    let after = written(&before, "two", "", |object| {
        object["metadata"]["managedFields"] = json!([]);
    });
    assert_eq!(after, before);
}

#[test]
fn status_does_not_count_in_a_write_to_the_main_resource() {
    let before = created_by("one");
    let after = written(&before, "two", "", |object| {
        object["status"] = json!({"replicas": 7})
    });
    assert_eq!(managers(&after), ["one"]);
}

#[test]
fn an_apply_manager_stays_first_and_loses_what_others_write() {
    let mut before = created_by("one");
    before["metadata"]["managedFields"].as_array_mut().unwrap().push(json!({
        "manager": "argocd", "operation": "Apply", "apiVersion": "apps/v1", "time": "2026-11-21T09:00:00Z",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:replicas": {}, "f:minReadySeconds": {}}},
    }));
    let after = written(&before, "kubectl", "", |object| {
        object["spec"]["replicas"] = json!(3)
    });
    assert_eq!(managers(&after), ["argocd", "one", "kubectl"]);
    assert_eq!(
        entries(&after)[0]["fieldsV1"],
        json!({"f:spec": {"f:minReadySeconds": {}}})
    );
}

#[test]
fn lists_are_owned_item_by_item_where_their_type_says_so() {
    let before = created_by("one");
    let after = written(&before, "two", "", |object| {
        let container = &mut object["spec"]["template"]["spec"]["containers"][0];
        container["ports"] = json!([{"containerPort": 80, "protocol": "TCP"}]);
        container["args"] = json!(["a"]);
        object["metadata"]["finalizers"] = json!(["x/y"]);
        object["metadata"]["ownerReferences"] = json!([{"uid": "u", "kind": "X", "name": "x"}]);
    });
    assert_eq!(
        entries(&after)[1]["fieldsV1"],
        json!({
            "f:metadata": {
                "f:finalizers": {".": {}, "v:\"x/y\"": {}},
                "f:ownerReferences": {".": {}, "k:{\"uid\":\"u\"}": {}},
            },
            "f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"app\"}": {
                "f:args": {},
                "f:ports": {".": {}, "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}, "f:protocol": {}}},
            }}}}},
        })
    );
}
