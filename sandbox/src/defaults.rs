//! Fills in what a writer left out, as the API server does before it validates and stores.

mod pod;

use serde_json::{Map, Value, json};

use crate::object::{Kind, fields};

/// Fills the defaults of a new or changed object.
pub(crate) fn fill(kind: Kind, object: &mut Value) {
    if kind.has_status() {
        map_in(object, "status");
    }
    match kind {
        Kind::Deployment => deployment(spec_of(object)),
        Kind::ReplicaSet => {
            let spec = spec_of(object);
            absent(spec, "replicas", json!(1));
            template(spec);
        }
        Kind::StatefulSet => stateful_set(spec_of(object)),
        Kind::DaemonSet => daemon_set(spec_of(object)),
        Kind::Job => job(spec_of(object)),
        Kind::CronJob => cron_job(spec_of(object)),
        Kind::Pod => {
            pod::fill(spec_of(object));
            pod::fill_bare(spec_of(object));
            absent(map_in(object, "status"), "phase", json!("Pending"));
        }
        Kind::Namespace => namespace(object),
        Kind::Service => service(object),
        Kind::Secret => secret(object),
        Kind::HorizontalPodAutoscaler => absent(spec_of(object), "minReplicas", json!(1)),
        Kind::RoleBinding | Kind::ClusterRoleBinding => binding(object),
        Kind::Node
        | Kind::Event
        | Kind::ConfigMap
        | Kind::ServiceAccount
        | Kind::ResourceQuota
        | Kind::Lease
        | Kind::PodDisruptionBudget
        | Kind::Role
        | Kind::ClusterRole => {}
    }
}

type Fields = Map<String, Value>;

/// Sets a field that is not there.
fn absent(fields: &mut Fields, field: &str, value: Value) {
    if !fields.contains_key(field) {
        fields.insert(field.to_owned(), value);
    }
}

/// Returns the map at a field, which is made if there is none.
fn map_in<'a>(object: &'a mut Value, field: &str) -> &'a mut Fields {
    child(fields(object), field)
}

fn child<'a>(parent: &'a mut Fields, field: &str) -> &'a mut Fields {
    fields(parent.entry(field).or_insert_with(|| json!({})))
}

fn spec_of(object: &mut Value) -> &mut Fields {
    map_in(object, "spec")
}

/// Fills a pod template, which gets only what a type says, and nothing that admission adds to a pod.
fn template(spec: &mut Fields) {
    let template = child(spec, "template");
    child(template, "metadata");
    pod::fill(child(template, "spec"));
}

fn deployment(spec: &mut Fields) {
    absent(spec, "replicas", json!(1));
    absent(spec, "revisionHistoryLimit", json!(10));
    absent(spec, "progressDeadlineSeconds", json!(600));
    let strategy = child(spec, "strategy");
    absent(strategy, "type", json!("RollingUpdate"));
    if strategy.get("type") == Some(&json!("RollingUpdate")) {
        let limits = child(strategy, "rollingUpdate");
        absent(limits, "maxUnavailable", json!("25%"));
        absent(limits, "maxSurge", json!("25%"));
    }
    template(spec);
}

fn stateful_set(spec: &mut Fields) {
    absent(spec, "replicas", json!(1));
    absent(spec, "revisionHistoryLimit", json!(10));
    absent(spec, "podManagementPolicy", json!("OrderedReady"));
    let strategy = child(spec, "updateStrategy");
    absent(strategy, "type", json!("RollingUpdate"));
    if strategy.get("type") == Some(&json!("RollingUpdate")) {
        absent(child(strategy, "rollingUpdate"), "partition", json!(0));
    }
    template(spec);
}

fn daemon_set(spec: &mut Fields) {
    absent(spec, "revisionHistoryLimit", json!(10));
    let strategy = child(spec, "updateStrategy");
    absent(strategy, "type", json!("RollingUpdate"));
    if strategy.get("type") == Some(&json!("RollingUpdate")) {
        let limits = child(strategy, "rollingUpdate");
        absent(limits, "maxUnavailable", json!(1));
        absent(limits, "maxSurge", json!(0));
    }
    template(spec);
}

fn job(spec: &mut Fields) {
    if !spec.contains_key("completions") && !spec.contains_key("parallelism") {
        absent(spec, "completions", json!(1));
    }
    absent(spec, "parallelism", json!(1));
    absent(spec, "backoffLimit", json!(6));
    absent(spec, "completionMode", json!("NonIndexed"));
    absent(spec, "suspend", json!(false));
    absent(spec, "podReplacementPolicy", json!("TerminatingOrFailed"));
    template(spec);
}

fn cron_job(spec: &mut Fields) {
    absent(spec, "concurrencyPolicy", json!("Allow"));
    absent(spec, "suspend", json!(false));
    absent(spec, "successfulJobsHistoryLimit", json!(3));
    absent(spec, "failedJobsHistoryLimit", json!(1));
    template(child(child(spec, "jobTemplate"), "spec"));
}

fn namespace(object: &mut Value) {
    let name = Value::from(crate::object::name(object));
    absent(spec_of(object), "finalizers", json!(["kubernetes"]));
    absent(map_in(object, "status"), "phase", json!("Active"));
    let labels = child(map_in(object, "metadata"), "labels");
    absent(labels, "kubernetes.io/metadata.name", name);
}

fn service(object: &mut Value) {
    let address = cluster_ip(object);
    let spec = spec_of(object);
    absent(spec, "type", json!("ClusterIP"));
    absent(spec, "sessionAffinity", json!("None"));
    absent(spec, "internalTrafficPolicy", json!("Cluster"));
    absent(spec, "clusterIP", json!(address));
    let addresses = json!([spec.get("clusterIP")]);
    absent(spec, "clusterIPs", addresses);
    absent(spec, "ipFamilies", json!(["IPv4"]));
    absent(spec, "ipFamilyPolicy", json!("SingleStack"));
    for port in items(spec, "ports") {
        absent(port, "protocol", json!("TCP"));
        if let Some(number) = port.get("port").cloned() {
            absent(port, "targetPort", number);
        }
    }
    absent(map_in(object, "status"), "loadBalancer", json!({}));
}

/// Returns an address of the service network that depends on nothing but the Service's name.
fn cluster_ip(object: &Value) -> String {
    let names = [
        crate::object::namespace(object),
        crate::object::name(object),
    ];
    let hash = names.join("/").bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("10.96.{}.{}", (hash >> 8) & 0xff, hash & 0xff)
}

fn secret(object: &mut Value) {
    use base64::Engine as _;
    let secret = fields(object);
    absent(secret, "type", json!("Opaque"));
    if let Some(Value::Object(texts)) = secret.remove("stringData") {
        let data = child(secret, "data");
        for (name, text) in texts {
            let encoded =
                base64::engine::general_purpose::STANDARD.encode(text.as_str().unwrap_or(""));
            data.insert(name, Value::from(encoded));
        }
    }
}

fn binding(object: &mut Value) {
    const RBAC: &str = "rbac.authorization.k8s.io";
    absent(map_in(object, "roleRef"), "apiGroup", json!(RBAC));
    for subject in items(fields(object), "subjects") {
        if subject.get("kind") != Some(&json!("ServiceAccount")) {
            absent(subject, "apiGroup", json!(RBAC));
        }
    }
}

/// Returns the items of a list that are maps.
fn items<'a>(parent: &'a mut Fields, field: &str) -> impl Iterator<Item = &'a mut Fields> {
    parent
        .get_mut(field)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
}

#[cfg(test)]
mod tests;
