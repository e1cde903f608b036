//! The defaults that are filled in, as a real server's objects show them.

use serde_json::{Value, json};

use super::fill;
use crate::object::Kind;

#[test]
fn a_deployment_is_filled_as_a_real_server_fills_it() {
    let mut deployment = json!({
        "metadata": {"name": "app", "labels": {"app": "app"}},
        "spec": {
            "replicas": 10,
            "selector": {"matchLabels": {"app": "app"}},
            "progressDeadlineSeconds": 20,
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
    fill(Kind::Deployment, &mut deployment);
    // The spec of a Deployment in a recording of version 1.36.2.
    assert_eq!(
        deployment["spec"],
        json!({"replicas": 10, "selector": {"matchLabels": {"app": "app"}}, "template": {"metadata": {"labels": {"app": "app"}}, "spec": {"containers": [{"name": "app", "image": "registry.example/app:v1", "resources": {}, "readinessProbe": {"httpGet": {"path": "/", "port": 80, "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent"}], "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "securityContext": {}, "schedulerName": "default-scheduler"}}, "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 20})
    );
}

#[test]
fn filling_twice_changes_nothing_more() {
    for kind in Kind::ALL {
        let mut once = json!({"metadata": {"name": "x", "namespace": "y"}, "spec": {"containers": [{"name": "a"}]}});
        fill(*kind, &mut once);
        let mut twice = once.clone();
        fill(*kind, &mut twice);
        assert_eq!(once, twice, "{kind:?}");
    }
}

fn pod(container: Value) -> Value {
    let mut pod = json!({"spec": {"containers": [container]}});
    fill(Kind::Pod, &mut pod);
    pod
}

#[test]
fn the_tag_decides_the_pull_policy() {
    let cases = [
        ("app", "Always"),
        ("app:latest", "Always"),
        ("host:5000/app", "Always"),
        ("host:5000/app:v1", "IfNotPresent"),
        ("app@sha256:abc", "IfNotPresent"),
        ("UPPER/App:bad tag!!", "IfNotPresent"),
    ];
    for (image, policy) in cases {
        let pod = pod(json!({"name": "a", "image": image}));
        assert_eq!(
            pod["spec"]["containers"][0]["imagePullPolicy"], policy,
            "{image}"
        );
    }
}

#[test]
fn what_a_writer_gave_stays() {
    let pod = pod(json!({
        "name": "a", "image": "x:1", "imagePullPolicy": "Never",
        "resources": {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "1"}},
        "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}],
        "livenessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 3},
    }));
    let container = &pod["spec"]["containers"][0];
    assert_eq!(container["imagePullPolicy"], "Never");
    assert_eq!(
        container["resources"]["requests"],
        json!({"cpu": "1", "memory": "1Gi"})
    );
    assert_eq!(
        container["ports"],
        json!([{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}])
    );
    assert_eq!(
        container["livenessProbe"],
        json!({"exec": {"command": ["true"]}, "timeoutSeconds": 1, "periodSeconds": 3, "successThreshold": 1, "failureThreshold": 3})
    );
}

#[test]
fn both_names_of_the_service_account_agree() {
    let mut pod = json!({"spec": {"serviceAccountName": "deployer", "serviceAccount": "default", "containers": []}});
    fill(Kind::Pod, &mut pod);
    assert_eq!(pod["spec"]["serviceAccount"], "deployer");
}

#[test]
fn secrets_are_stored_encoded() {
    let mut secret = json!({"metadata": {"name": "s"}, "stringData": {"key": "value"}});
    fill(Kind::Secret, &mut secret);
    assert_eq!(
        secret,
        json!({"metadata": {"name": "s"}, "type": "Opaque", "data": {"key": "dmFsdWU="}})
    );
}
