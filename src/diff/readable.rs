//! Leaves out of two objects what nobody wants to read, and what nobody may.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::environment::prefix::Prefix;
use crate::rollout::history::log::Log;
use crate::rollout::history::{Key, Record};

/// What the API server and the controllers count by themselves, and what lists leave out.
const NOISE: [&str; 10] = [
    "/apiVersion",
    "/kind",
    "/status",
    "/metadata/managedFields",
    "/metadata/resourceVersion",
    "/metadata/generation",
    "/metadata/uid",
    "/metadata/creationTimestamp",
    "/metadata/annotations/deployment.kubernetes.io~1revision",
    // Holds the whole object once more, secrets included.
    "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration",
];

const MASK: &str = "***";

/// Returns both objects as they may be shown side by side.
pub(super) fn pair(before: &Value, after: &Value, prefix: &Prefix) -> (Value, Value) {
    let values = [before, after].map(environment_values);
    let [known_before, known_after] = &values;
    let readable = |object: &Value, others: &Values, changed: &str| {
        let mut object = object.clone();
        for pointer in NOISE {
            remove(&mut object, pointer);
        }
        fold_record(&mut object, prefix);
        mask(&mut object, others, changed);
        object
    };
    (
        readable(before, known_after, "*** (before)"),
        readable(after, known_before, "*** (after)"),
    )
}

fn remove(object: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else {
        return;
    };
    if let Some(Value::Object(map)) = object.pointer_mut(parent) {
        map.remove(&key.replace("~1", "/"));
    }
}

/// Puts one line in place of the twelve annotations of our record.
fn fold_record(object: &mut Value, prefix: &Prefix) {
    let Some(Value::Object(annotations)) = object.pointer_mut("/metadata/annotations") else {
        return;
    };
    let texts: BTreeMap<String, String> = annotations
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect();
    let Some(record) = Record::read(&texts, prefix) else {
        return;
    };
    let log = texts.get(&prefix.key(Key::Log.name()));
    let number = log.and_then(|log| Log::parse(log).entry(&record.id).map(|entry| entry.number));
    for key in Key::ALL {
        annotations.remove(&prefix.key(key.name()));
    }
    annotations.insert(prefix.key("deploy-*"), summary(&record, number).into());
}

/// `release 42: deploy master by alice (id 3f…)`
fn summary(record: &Record, number: Option<u32>) -> String {
    let release = number.map(|number| format!("release {number}:"));
    let action = record.action.map(|action| action.as_str().to_owned());
    let by = record.user.as_ref().map(|user| format!("by {user}"));
    let id = format!("(id {})", record.id);
    let words = [release, action, record.reference.clone(), by, Some(id)];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Where an environment variable is set: list of containers, container, variable, and which of that
/// name.
type Place = (&'static str, String, String, usize);

type Values = BTreeMap<Place, Value>;

/// Returns the plain values of all environment variables.
fn environment_values(object: &Value) -> Values {
    let mut object = object.clone();
    let mut values = Values::new();
    each_value(&mut object, |place, value| {
        values.insert(place, value.clone());
    });
    values
}

/// Replaces the values, so that it shows whether they differ and not what they are.
fn mask(object: &mut Value, others: &Values, changed: &str) {
    each_value(object, |place, value| {
        let is_changed = others.get(&place).is_some_and(|other| other != value);
        *value = if is_changed { changed } else { MASK }.into();
    });
}

fn each_value(object: &mut Value, mut act: impl FnMut(Place, &mut Value)) {
    for list in ["containers", "initContainers"] {
        let pointer = format!("/spec/template/spec/{list}");
        let containers = object.pointer_mut(&pointer).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            let container_name = name_of(container);
            let variables = container.get_mut("env").and_then(Value::as_array_mut);
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            for variable in variables.into_iter().flatten() {
                let name = name_of(variable);
                let count = seen.entry(name.clone()).or_default();
                let place = (list, container_name.clone(), name, *count);
                *count += 1;
                if let Some(value) = variable.as_object_mut().and_then(value_of) {
                    act(place, value);
                }
            }
        }
    }
}

fn value_of(variable: &mut Map<String, Value>) -> Option<&mut Value> {
    variable.get_mut("value")
}

fn name_of(value: &Value) -> String {
    let name = value.get("name").and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}
