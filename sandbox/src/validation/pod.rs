//! What is wrong with a pod, or with the pod inside a template.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::names;
use crate::object::View;
use crate::status::Fault;

const PORT: &str = "must be between 1 and 65535, inclusive";
const UPDATE: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

pub(super) fn pod(object: &Value, before: Option<&Value>, faults: &mut Vec<Fault>) {
    let Some(spec) = object.get("spec") else {
        faults.push(Fault::required("spec", ""));
        return;
    };
    self::spec(spec, "spec", faults);
    for list in ["initContainers", "containers"] {
        for (index, container) in items(spec, list).enumerate() {
            let image = text(container, "image");
            if image != image.trim() {
                faults.push(Fault::invalid(
                    format!("spec.{list}[{index}].image"),
                    &json!(image),
                    "must not have leading or trailing whitespace",
                ));
            }
        }
    }
    if let Some(before) = before.and_then(|before| before.get("spec"))
        && fixed_part(before) != fixed_part(spec)
    {
        faults.push(Fault::forbidden("spec", UPDATE));
    }
}

/// Returns the part of a spec that may not change while the pod lives.
fn fixed_part(spec: &Value) -> Value {
    let mut fixed = spec.clone();
    if let Some(fields) = fixed.as_object_mut() {
        for field in [
            "activeDeadlineSeconds",
            "tolerations",
            "terminationGracePeriodSeconds",
        ] {
            fields.remove(field);
        }
        for list in ["initContainers", "containers"] {
            let containers = fields.get_mut(list).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten() {
                if let Some(container) = container.as_object_mut() {
                    container.remove("image");
                }
            }
        }
    }
    fixed
}

/// Reports the faults that a template and a pod can both have; `path` is where the spec stands.
pub(super) fn spec(spec: &Value, path: &str, faults: &mut Vec<Fault>) {
    let volumes = check_volumes(spec, path, faults);
    if items(spec, "containers").next().is_none() {
        faults.push(Fault::required(format!("{path}.containers"), ""));
    }
    let mut names = HashSet::new();
    for list in ["containers", "initContainers"] {
        for (index, container) in items(spec, list).enumerate() {
            let path = format!("{path}.{list}[{index}]");
            check_name(container, &path, &mut names, faults);
            check_container(container, &path, &volumes, faults);
        }
    }
    match text(spec, "restartPolicy") {
        "Always" | "OnFailure" | "Never" => {}
        other => faults.push(Fault::not_supported(
            format!("{path}.restartPolicy"),
            &json!(other),
            &["Always", "OnFailure", "Never"],
        )),
    }
}

fn check_volumes<'a>(spec: &'a Value, path: &str, faults: &mut Vec<Fault>) -> HashSet<&'a str> {
    let mut names = HashSet::new();
    for (index, volume) in items(spec, "volumes").enumerate() {
        check_name(
            volume,
            &format!("{path}.volumes[{index}]"),
            &mut names,
            faults,
        );
    }
    names
}

/// Reports a name that is missing, malformed, or taken, and takes it.
fn check_name<'a>(
    item: &'a Value,
    path: &str,
    taken: &mut HashSet<&'a str>,
    faults: &mut Vec<Fault>,
) {
    let name = text(item, "name");
    let field = format!("{path}.name");
    if name.is_empty() {
        faults.push(Fault::required(field, ""));
    } else if let Some(why) = names::label_fault(name) {
        faults.push(Fault::invalid(field, &json!(name), why));
    } else if !taken.insert(name) {
        faults.push(Fault::duplicate(field, &json!(name)));
    }
}

fn check_container(
    container: &Value,
    path: &str,
    volumes: &HashSet<&str>,
    faults: &mut Vec<Fault>,
) {
    if text(container, "image").is_empty() {
        faults.push(Fault::required(format!("{path}.image"), ""));
    }
    for (index, port) in items(container, "ports").enumerate() {
        let path = format!("{path}.ports[{index}]");
        match port.get("containerPort") {
            None => faults.push(Fault::required(format!("{path}.containerPort"), "")),
            Some(number) => {
                if !number
                    .as_i64()
                    .is_some_and(|number| (1..=65535).contains(&number))
                {
                    faults.push(Fault::invalid(
                        format!("{path}.containerPort"),
                        number,
                        PORT,
                    ));
                }
            }
        }
    }
    for (index, variable) in items(container, "env").enumerate() {
        if text(variable, "name").is_empty() {
            faults.push(Fault::required(format!("{path}.env[{index}].name"), ""));
        } else if variable.get("value").is_some() && variable.get("valueFrom").is_some() {
            faults.push(Fault::invalid(
                format!("{path}.env[{index}].valueFrom"),
                &json!(""),
                "may not be specified when `value` is not empty",
            ));
        }
    }
    check_mounts(container, path, volumes, faults);
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get(name) {
            check_probe(probe, name, &format!("{path}.{name}"), faults);
        }
    }
    check_resources(container, path, faults);
}

fn check_mounts(container: &Value, path: &str, volumes: &HashSet<&str>, faults: &mut Vec<Fault>) {
    let mut paths = HashSet::new();
    for (index, mount) in items(container, "volumeMounts").enumerate() {
        let path = format!("{path}.volumeMounts[{index}]");
        let (name, target) = (text(mount, "name"), text(mount, "mountPath"));
        if name.is_empty() {
            faults.push(Fault::required(format!("{path}.name"), ""));
        } else if !volumes.contains(name) {
            faults.push(Fault::not_found(format!("{path}.name"), &json!(name)));
        }
        if target.is_empty() {
            faults.push(Fault::required(format!("{path}.mountPath"), ""));
        } else if !paths.insert(target) {
            let why = "must be unique";
            faults.push(Fault::invalid(
                format!("{path}.mountPath"),
                &json!(target),
                why,
            ));
        }
    }
}

fn check_probe(probe: &Value, name: &str, path: &str, faults: &mut Vec<Fault>) {
    let handlers = ["exec", "httpGet", "tcpSocket", "grpc"];
    match handlers
        .iter()
        .filter(|handler| probe.get(handler).is_some())
        .count()
    {
        0 => faults.push(Fault::required(path, "must specify a handler type")),
        1 => {}
        _ => faults.push(Fault::forbidden(
            path,
            "may not specify more than 1 handler type",
        )),
    }
    for field in [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "failureThreshold",
    ] {
        if let Some(value) = probe.get(field)
            && value.as_i64().is_some_and(|number| number < 0)
        {
            faults.push(Fault::invalid(
                format!("{path}.{field}"),
                value,
                super::NEGATIVE,
            ));
        }
    }
    if name != "readinessProbe"
        && let Some(threshold) = probe.get("successThreshold")
        && threshold.as_i64() != Some(1)
    {
        faults.push(Fault::invalid(
            format!("{path}.successThreshold"),
            threshold,
            "must be 1",
        ));
    }
}

fn check_resources(container: &Value, path: &str, faults: &mut Vec<Fault>) {
    for list in ["limits", "requests"] {
        let amounts = container
            .get("resources")
            .and_then(|resources| resources.get(list));
        for (name, amount) in amounts.and_then(Value::as_object).into_iter().flatten() {
            if crate::semantic::quantity(amount).is_none() {
                let why = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
                faults.push(Fault::invalid(
                    format!("{path}.resources.{list}[{name}]"),
                    amount,
                    why,
                ));
            }
        }
    }
    let requests = View(container)
        .0
        .pointer("/resources/requests")
        .and_then(Value::as_object);
    for (name, amount) in requests.into_iter().flatten() {
        let limit = container
            .get("resources")
            .and_then(|resources| resources.get("limits")?.get(name));
        let Some(limit) = limit else { continue };
        if crate::semantic::quantity(amount) > crate::semantic::quantity(limit) {
            let shown = limit
                .as_str()
                .map_or_else(|| limit.to_string(), str::to_owned);
            faults.push(Fault::invalid(
                format!("{path}.resources.requests"),
                amount,
                format!("must be less than or equal to {name} limit of {shown}"),
            ));
        }
    }
}

fn items<'a>(parent: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    parent
        .get(field)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn text<'a>(parent: &'a Value, field: &str) -> &'a str {
    parent.get(field).and_then(Value::as_str).unwrap_or("")
}
