//! Faults of objects in upstream's words.

use serde_json::{Value, json};

use super::faults;
use crate::defaults;
use crate::object::Kind;

fn deployment() -> Value {
    let mut deployment = json!({
        "metadata": {"name": "app", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": {"app": "app"}},
            "template": {
                "metadata": {"labels": {"app": "app"}},
                "spec": {"containers": [{"name": "app", "image": "r/app:v1"}]},
            },
        },
    });
    defaults::fill(Kind::Deployment, &mut deployment);
    deployment
}

/// Returns the Deployment with the value at a pointer set, or removed where it is null.
fn changed(pointer: &str, value: Value) -> Value {
    let mut object = deployment();
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = object.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Value::Object(members), Value::Null) => {
            members.remove(field);
        }
        (Value::Object(members), value) => {
            members.insert(field.to_owned(), value);
        }
        (other, _) => panic!("{other}"),
    }
    object
}

fn texts(kind: Kind, object: &Value, before: Option<&Value>) -> Vec<String> {
    faults(kind, object, before)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_defaulted_deployment_has_no_fault() {
    assert_eq!(texts(Kind::Deployment, &deployment(), None), [""; 0]);
    assert_eq!(
        texts(Kind::Deployment, &deployment(), Some(&deployment())),
        [""; 0]
    );
}

#[test]
fn faults_of_deployments_are_worded_as_upstream_words_them() {
    let limits = |unavailable: Value, surge: Value| json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": unavailable, "maxSurge": surge}});
    let container = "/spec/template/spec/containers";
    let cases = [
        (
            "an image that is empty",
            changed(container, json!([{"name": "app", "image": ""}])),
            "spec.template.spec.containers[0].image: Required value",
        ),
        (
            "no containers",
            changed(container, json!([])),
            "spec.template.spec.containers: Required value",
        ),
        (
            "two containers of one name",
            changed(
                container,
                json!([{"name": "a", "image": "x"}, {"name": "a", "image": "x"}]),
            ),
            "spec.template.spec.containers[1].name: Duplicate value: \"a\"",
        ),
        (
            "a mount of no volume",
            changed(
                container,
                json!([{"name": "a", "image": "x", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]),
            ),
            "spec.template.spec.containers[0].volumeMounts[0].name: Not found: \"v\"",
        ),
        (
            "a probe without a handler",
            changed(
                container,
                json!([{"name": "a", "image": "x", "readinessProbe": {"periodSeconds": 1}}]),
            ),
            "spec.template.spec.containers[0].readinessProbe: Required value: must specify a handler type",
        ),
        (
            "requests above limits",
            changed(
                container,
                json!([{"name": "a", "image": "x", "resources": {"limits": {"cpu": "500m"}, "requests": {"cpu": "1"}}}]),
            ),
            "spec.template.spec.containers[0].resources.requests: Invalid value: \"1\": must be less than or equal to cpu limit of 500m",
        ),
        (
            "a negative size",
            changed("/spec/replicas", json!(-1)),
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            "a deadline below minReadySeconds",
            changed("/spec/minReadySeconds", json!(600)),
            "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds",
        ),
        (
            "both limits zero",
            changed("/spec/strategy", limits(json!(0), json!("0%"))),
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
        ),
        (
            "more unavailable than there are",
            changed("/spec/strategy", limits(json!("101%"), json!(1))),
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be greater than 100%",
        ),
        (
            "limits with Recreate",
            changed(
                "/spec/strategy",
                json!({"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}),
            ),
            "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
        ),
        (
            "an unknown strategy",
            changed("/spec/strategy", json!({"type": "BlueGreen"})),
            "spec.strategy: Unsupported value: \"BlueGreen\": supported values: \"Recreate\", \"RollingUpdate\"",
        ),
        (
            "another restart policy",
            changed("/spec/template/spec/restartPolicy", json!("Never")),
            "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"",
        ),
        (
            "annotations that are too long",
            changed(
                "/metadata/annotations",
                json!({"ex/log": "x".repeat(262_144)}),
            ),
            "metadata.annotations: Too long: may not be more than 262144 bytes",
        ),
    ];
    for (name, object, expected) in cases {
        assert_eq!(texts(Kind::Deployment, &object, None), [expected], "{name}");
    }
}

#[test]
fn images_of_deployments_are_hardly_looked_at() {
    for image in [" registry/app:v2", "UPPER/App:bad tag!!"] {
        let object = changed(
            "/spec/template/spec/containers",
            json!([{"name": "app", "image": image}]),
        );
        assert_eq!(texts(Kind::Deployment, &object, None), [""; 0], "{image}");
    }
}

#[test]
fn blanks_around_an_image_are_found_in_the_pod() {
    let mut pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": " x/web:v4"}]}});
    defaults::fill(Kind::Pod, &mut pod);
    assert_eq!(
        texts(Kind::Pod, &pod, None),
        [
            "spec.containers[0].image: Invalid value: \" x/web:v4\": must not have leading or trailing whitespace"
        ]
    );
}

#[test]
fn a_selector_cannot_change_and_has_to_match() {
    let object = changed("/spec/selector", json!({"matchLabels": {"app": "other"}}));
    assert_eq!(
        texts(Kind::Deployment, &object, Some(&deployment())),
        [
            "spec.template.metadata.labels: Invalid value: {\"app\":\"app\"}: `selector` does not match template `labels`",
            "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"other\"}}: field is immutable",
        ]
    );
}

#[test]
fn a_deployment_without_selector_and_labels_says_both() {
    let mut object = changed("/spec/selector", Value::Null);
    object["spec"]["template"]["metadata"] = json!({});
    assert_eq!(
        texts(Kind::Deployment, &object, None),
        [
            "spec.selector: Required value",
            "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`",
        ]
    );
}

#[test]
fn an_empty_selector_is_refused() {
    let object = changed("/spec/selector", json!({}));
    assert_eq!(
        texts(Kind::Deployment, &object, None),
        ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"]
    );
}

#[test]
fn names_have_to_be_names() {
    let cases = [
        (Kind::ConfigMap, json!({"metadata": {"name": "a.b-c"}}), 0),
        (Kind::ConfigMap, json!({"metadata": {"name": "A"}}), 1),
        (Kind::ConfigMap, json!({"metadata": {"name": "-a"}}), 1),
        (
            Kind::ConfigMap,
            json!({"metadata": {"generateName": "a-"}}),
            0,
        ),
        (Kind::ConfigMap, json!({"metadata": {}}), 1),
        (Kind::Namespace, json!({"metadata": {"name": "a.b"}}), 1),
        (Kind::Role, json!({"metadata": {"name": "system:x"}}), 0),
        (
            Kind::ConfigMap,
            json!({"metadata": {"name": "a", "labels": {"x/y": "v", "bad key": "v"}}}),
            1,
        ),
        (
            Kind::ConfigMap,
            json!({"metadata": {"name": "a", "labels": {"x": "no blanks"}}}),
            1,
        ),
        (
            Kind::ConfigMap,
            json!({"metadata": {"name": "a", "annotations": {"x/Y": "any text"}}}),
            0,
        ),
        (
            Kind::ConfigMap,
            json!({"metadata": {"name": "a", "annotations": {"x/y/z": ""}}}),
            1,
        ),
    ];
    for (kind, object, count) in cases {
        assert_eq!(texts(kind, &object, None).len(), count, "{object}");
    }
}

#[test]
fn a_uid_cannot_change_and_both_checks_say_so() {
    let mut before = deployment();
    before["metadata"]["uid"] = json!("1");
    let mut object = deployment();
    object["metadata"]["uid"] = json!("0");
    assert_eq!(
        texts(Kind::Deployment, &object, Some(&before)),
        ["metadata.uid: Invalid value: \"0\": field is immutable"; 2]
    );
}

#[test]
fn only_the_image_of_a_pod_can_change() {
    let pod = |image: &str, command: &str| json!({"metadata": {"name": "p"}, "spec": {"restartPolicy": "Always", "containers": [{"name": "a", "image": image, "command": [command]}]}});
    let before = pod("x:1", "run");
    assert_eq!(texts(Kind::Pod, &pod("x:2", "run"), Some(&before)), [""; 0]);
    assert_eq!(
        texts(Kind::Pod, &pod("x:1", "walk"), Some(&before)).len(),
        1
    );
}
