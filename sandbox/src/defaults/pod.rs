//! Defaults of pods and pod templates.

use serde_json::{Value, json};

use super::{Fields, absent, child, items};

/// Fills a pod's spec as its type says.
pub(super) fn fill(spec: &mut Fields) {
    absent(spec, "restartPolicy", json!("Always"));
    absent(spec, "terminationGracePeriodSeconds", json!(30));
    absent(spec, "dnsPolicy", json!("ClusterFirst"));
    absent(spec, "securityContext", json!({}));
    absent(spec, "schedulerName", json!("default-scheduler"));
    mirror_service_account(spec);
    for list in ["initContainers", "containers"] {
        for item in items(spec, list) {
            container(item);
        }
    }
    for item in items(spec, "volumes") {
        volume(item);
    }
}

/// Fills what only a pod itself has, and no template.
pub(super) fn fill_bare(spec: &mut Fields) {
    absent(spec, "enableServiceLinks", json!(true));
    for list in ["initContainers", "containers"] {
        for item in items(spec, list) {
            requests(child(item, "resources"));
        }
    }
}

/// Keeps the deprecated name of the field beside the new one.
fn mirror_service_account(spec: &mut Fields) {
    let name = spec
        .get("serviceAccountName")
        .or_else(|| spec.get("serviceAccount"));
    if let Some(name) = name.cloned() {
        spec.insert("serviceAccountName".to_owned(), name.clone());
        spec.insert("serviceAccount".to_owned(), name);
    }
}

fn container(container: &mut Fields) {
    let image = container.get("image").and_then(Value::as_str).unwrap_or("");
    let policy = if is_latest(image) {
        "Always"
    } else {
        "IfNotPresent"
    };
    absent(container, "imagePullPolicy", json!(policy));
    absent(
        container,
        "terminationMessagePath",
        json!("/dev/termination-log"),
    );
    absent(container, "terminationMessagePolicy", json!("File"));
    child(container, "resources");
    for port in items(container, "ports") {
        absent(port, "protocol", json!("TCP"));
    }
    for variable in items(container, "env") {
        if let Some(Value::Object(source)) = variable.get_mut("valueFrom")
            && source.contains_key("fieldRef")
        {
            absent(child(source, "fieldRef"), "apiVersion", json!("v1"));
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(Value::Object(found)) = container.get_mut(name) {
            probe(found);
        }
    }
    if let Some(Value::Object(lifecycle)) = container.get_mut("lifecycle") {
        for name in ["postStart", "preStop"] {
            if let Some(Value::Object(hook)) = lifecycle.get_mut(name) {
                http_get(hook);
            }
        }
    }
}

/// A pod, unlike a template, asks for as much as it is limited to where it asks for nothing.
fn requests(resources: &mut Fields) {
    if let Some(Value::Object(limits)) = resources.get("limits").cloned() {
        let requests = child(resources, "requests");
        for (name, amount) in limits {
            absent(requests, &name, amount);
        }
    }
}

fn probe(probe: &mut Fields) {
    absent(probe, "timeoutSeconds", json!(1));
    absent(probe, "periodSeconds", json!(10));
    absent(probe, "successThreshold", json!(1));
    absent(probe, "failureThreshold", json!(3));
    http_get(probe);
    if let Some(Value::Object(call)) = probe.get_mut("grpc") {
        absent(call, "service", json!(""));
    }
}

fn http_get(handler: &mut Fields) {
    if let Some(Value::Object(request)) = handler.get_mut("httpGet") {
        absent(request, "path", json!("/"));
        absent(request, "scheme", json!("HTTP"));
    }
}

fn volume(volume: &mut Fields) {
    if volume.keys().all(|field| field == "name") {
        volume.insert("emptyDir".to_owned(), json!({}));
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(Value::Object(source)) = volume.get_mut(source) {
            absent(source, "defaultMode", json!(420));
        }
    }
    if let Some(Value::Object(path)) = volume.get_mut("hostPath") {
        absent(path, "type", json!(""));
    }
}

/// Returns whether an image has the tag `latest`, which no tag at all stands for.
///
/// What is no image reference has no tag for upstream's parser, and a digest needs none.
fn is_latest(image: &str) -> bool {
    let is_reference = !image.is_empty()
        && image.bytes().all(|byte| {
            byte.is_ascii_lowercase()
                || byte.is_ascii_digit()
                || b"._-/:@".contains(&byte)
                || byte.is_ascii_uppercase()
        });
    if !is_reference || image.contains('@') {
        return false;
    }
    let last = image.rsplit('/').next().unwrap_or(image);
    match last.rsplit_once(':') {
        Some((_, tag)) => tag == "latest",
        None => !last.bytes().any(|byte| byte.is_ascii_uppercase()),
    }
}
