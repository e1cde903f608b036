//! What is wrong with the smaller kinds that clients of a sandbox write.

use serde_json::Value;

use super::workload::check_number_or_percent;
use super::{check_given, check_not_negative};
use crate::object::View;
use crate::status::Fault;

pub(super) fn autoscaler(object: &Value, faults: &mut Vec<Fault>) {
    check_given(object, "/spec/scaleTargetRef/kind", faults);
    check_given(object, "/spec/scaleTargetRef/name", faults);
    let view = View(object);
    let greatest = view.number("/spec/maxReplicas").unwrap_or(0);
    if greatest < 1 {
        let why = "must be greater than 0";
        faults.push(Fault::invalid(
            "spec.maxReplicas",
            &Value::from(greatest),
            why,
        ));
    }
    if view.number("/spec/minReplicas").unwrap_or(1) > greatest {
        let why = "must be greater than or equal to `minReplicas`";
        faults.push(Fault::invalid(
            "spec.maxReplicas",
            &Value::from(greatest),
            why,
        ));
    }
}

pub(super) fn disruption_budget(object: &Value, faults: &mut Vec<Fault>) {
    let spec = object.get("spec").unwrap_or(&Value::Null);
    let (least, most) = (spec.get("minAvailable"), spec.get("maxUnavailable"));
    if least.is_some() && most.is_some() {
        let why = "minAvailable and maxUnavailable cannot be both set";
        faults.push(Fault::invalid("spec", spec, why));
    }
    for (name, value) in [("minAvailable", least), ("maxUnavailable", most)] {
        if let Some(value) = value {
            check_number_or_percent(&format!("spec.{name}"), value, faults);
        }
    }
}

pub(super) fn lease(object: &Value, faults: &mut Vec<Fault>) {
    if let Some(seconds) = object.pointer("/spec/leaseDurationSeconds")
        && seconds.as_i64().is_some_and(|seconds| seconds <= 0)
    {
        faults.push(Fault::invalid(
            "spec.leaseDurationSeconds",
            seconds,
            "must be greater than 0",
        ));
    }
    check_not_negative(object, "/spec/leaseTransitions", faults);
}

pub(super) fn binding(object: &Value, before: Option<&Value>, faults: &mut Vec<Fault>) {
    check_given(object, "/roleRef/name", faults);
    match crate::object::text(object, "/roleRef/kind") {
        "Role" | "ClusterRole" => {}
        other => {
            let known = ["ClusterRole", "Role"];
            faults.push(Fault::not_supported(
                "roleRef.kind",
                &Value::from(other),
                &known,
            ));
        }
    }
    if before.is_some_and(|before| before.get("roleRef") != object.get("roleRef")) {
        let value = object.get("roleRef").unwrap_or(&Value::Null);
        faults.push(Fault::invalid("roleRef", value, "cannot change roleRef"));
    }
}

pub(super) fn service(object: &Value, faults: &mut Vec<Fault>) {
    let view = View(object);
    let is_external = crate::object::text(object, "/spec/type") == "ExternalName";
    let is_headless = crate::object::text(object, "/spec/clusterIP") == "None";
    if view.list("/spec/ports").is_empty() && !is_external && !is_headless {
        faults.push(Fault::required("spec.ports", ""));
    }
}
