//! What is wrong with a Deployment, a ReplicaSet, or a Job.

use serde_json::Value;

use super::{check_immutable, check_not_negative, metadata, pod};
use crate::object::{View, text};
use crate::selector::LabelSelector;
use crate::status::Fault;

pub(super) fn deployment(object: &Value, before: Option<&Value>, faults: &mut Vec<Fault>) {
    check_not_negative(object, "/spec/replicas", faults);
    check_selector(object, "empty selector is invalid for deployment", faults);
    check_template(object, &["Always"], faults);
    check_strategy(object, faults);
    check_not_negative(object, "/spec/minReadySeconds", faults);
    check_not_negative(object, "/spec/revisionHistoryLimit", faults);
    check_not_negative(object, "/spec/progressDeadlineSeconds", faults);
    let view = View(object);
    if let Some(deadline) = object.pointer("/spec/progressDeadlineSeconds")
        && deadline.as_i64() <= view.number("/spec/minReadySeconds").or(Some(0))
    {
        let why = "must be greater than minReadySeconds";
        faults.push(Fault::invalid(
            "spec.progressDeadlineSeconds",
            deadline,
            why,
        ));
    }
    check_immutable(object, before, "/spec/selector", faults);
}

pub(super) fn replica_set(object: &Value, before: Option<&Value>, faults: &mut Vec<Fault>) {
    check_not_negative(object, "/spec/replicas", faults);
    check_not_negative(object, "/spec/minReadySeconds", faults);
    check_selector(object, "empty selector is invalid for deployment", faults);
    check_template(object, &["Always"], faults);
    check_immutable(object, before, "/spec/selector", faults);
}

pub(super) fn job(object: &Value, before: Option<&Value>, faults: &mut Vec<Fault>) {
    check_not_negative(object, "/spec/parallelism", faults);
    check_not_negative(object, "/spec/completions", faults);
    check_not_negative(object, "/spec/backoffLimit", faults);
    let policy = text(object, "/spec/template/spec/restartPolicy");
    if !matches!(policy, "OnFailure" | "Never") {
        faults.push(Fault::required(
            "spec.template.spec.restartPolicy",
            "valid values: \"OnFailure\", \"Never\"",
        ));
    }
    if let Some(template) = object.pointer("/spec/template/spec") {
        pod::spec(template, "spec.template.spec", faults);
    }
    check_immutable(object, before, "/spec/template", faults);
}

fn check_selector(object: &Value, empty: &str, faults: &mut Vec<Fault>) {
    match object.pointer("/spec/selector") {
        None | Some(Value::Null) => faults.push(Fault::required("spec.selector", "")),
        Some(selector) => match LabelSelector::of_object(selector) {
            Ok(selector) if !selector.is_everything() => {}
            Ok(_) => faults.push(Fault::invalid("spec.selector", selector, empty)),
            Err(why) => {
                faults.push(Fault::invalid("spec.selector", selector, why.to_string()));
            }
        },
    }
}

/// Reports a template that the selector does not match, then what is wrong inside it.
fn check_template(object: &Value, policies: &[&'static str], faults: &mut Vec<Fault>) {
    const LABELS: &str = "/spec/template/metadata/labels";
    let labels = object.pointer(LABELS).unwrap_or(&Value::Null);
    let matches = object
        .pointer("/spec/selector")
        .and_then(|selector| LabelSelector::of_object(selector).ok())
        .is_some_and(|selector| selector.matches(labels));
    if !matches {
        let why = "`selector` does not match template `labels`";
        faults.push(Fault::invalid("spec.template.metadata.labels", labels, why));
    }
    metadata::check_labels(object, LABELS, "spec.template.metadata.labels", faults);
    if let Some(spec) = object.pointer("/spec/template/spec") {
        pod::spec(spec, "spec.template.spec", faults);
    }
    let policy = text(object, "/spec/template/spec/restartPolicy");
    if !policies.contains(&policy) {
        let field = "spec.template.spec.restartPolicy";
        faults.push(Fault::not_supported(field, &Value::from(policy), policies));
    }
}

fn check_strategy(object: &Value, faults: &mut Vec<Fault>) {
    match text(object, "/spec/strategy/type") {
        "RollingUpdate" => check_rolling_update(object, faults),
        "Recreate" => {
            if object.pointer("/spec/strategy/rollingUpdate").is_some() {
                faults.push(Fault::forbidden(
                    "spec.strategy.rollingUpdate",
                    "may not be specified when strategy `type` is 'Recreate'",
                ));
            }
        }
        other => {
            let known = ["Recreate", "RollingUpdate"];
            faults.push(Fault::not_supported(
                "spec.strategy",
                &Value::from(other),
                &known,
            ));
        }
    }
}

fn check_rolling_update(object: &Value, faults: &mut Vec<Fault>) {
    let limit = |name: &str| {
        let path = format!("/spec/strategy/rollingUpdate/{name}");
        object.pointer(&path).cloned().unwrap_or(Value::Null)
    };
    let (unavailable, surge) = (limit("maxUnavailable"), limit("maxSurge"));
    for (name, value) in [("maxUnavailable", &unavailable), ("maxSurge", &surge)] {
        check_number_or_percent(
            &format!("spec.strategy.rollingUpdate.{name}"),
            value,
            faults,
        );
    }
    if is_zero(&unavailable) && is_zero(&surge) {
        faults.push(Fault::invalid(
            "spec.strategy.rollingUpdate.maxUnavailable",
            &unavailable,
            "may not be 0 when `maxSurge` is 0",
        ));
    }
    if percent(&unavailable).is_some_and(|percent| percent > 100) {
        faults.push(Fault::invalid(
            "spec.strategy.rollingUpdate.maxUnavailable",
            &unavailable,
            "must not be greater than 100%",
        ));
    }
}

/// Reports what is neither a number from 0 up nor a percentage.
pub(super) fn check_number_or_percent(field: &str, value: &Value, faults: &mut Vec<Fault>) {
    const PERCENT: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
    let why = match value {
        Value::Number(number) if number.as_i64().is_some_and(|number| number < 0) => {
            super::NEGATIVE
        }
        Value::String(_) if percent(value).is_none() => PERCENT,
        _ => return,
    };
    faults.push(Fault::invalid(field, value, why));
}

fn percent(value: &Value) -> Option<u64> {
    let digits = value.as_str()?.strip_suffix('%')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Returns whether a limit is literally nothing; what is absent counts as nothing, too.
fn is_zero(value: &Value) -> bool {
    value
        .as_i64()
        .or_else(|| percent(value).and_then(|number| i64::try_from(number).ok()))
        == Some(0)
        || value.is_null()
}
