//! Which values the API server leaves out because Go's encoder takes them for nothing.
//!
//! It matters beyond looks: a JSON Patch `test` for `null` holds for what was left out.

use serde_json::Value;

/// Fields that map free names to texts; in them a name is kept whatever its value.
const STRING_MAPS: &[&str] = &[
    "annotations",
    "labels",
    "matchLabels",
    "nodeSelector",
    "data",
    "stringData",
    "binaryData",
    "limits",
    "requests",
    "hard",
    "used",
    "capacity",
    "allocatable",
];

/// Flags that are plain booleans, so that `false` is the same as absent.
const FLAGS: &[&str] = &[
    "paused",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "stdin",
    "stdinOnce",
    "tty",
    "readOnly",
    "unschedulable",
    "publishNotReadyAddresses",
];

/// Numbers that are plain integers, so that `0` is the same as absent.
const NUMBERS: &[&str] = &[
    "minReadySeconds",
    "initialDelaySeconds",
    "hostPort",
    "nodePort",
    "observedGeneration",
];

/// Texts of which the empty one is the same as absent.
const TEXTS: &[&str] = &[
    "image",
    "value",
    "subPath",
    "workingDir",
    "namespace",
    "generateName",
    "resourceVersion",
    "uid",
    "selfLink",
    "hostname",
    "subdomain",
    "nodeName",
    "serviceAccountName",
    "serviceAccount",
    "priorityClassName",
    "reason",
    "message",
    "protocol",
    "clusterIP",
];

/// Lists that are printed even when they are empty.
const KEPT_LISTS: &[&str] = &["containers", "rules", "nodeSelectorTerms"];

pub(super) fn is_string_map(field: &str) -> bool {
    STRING_MAPS.contains(&field)
}

/// Returns whether a member with this value is the same as no member.
pub(super) fn is_omitted(field: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag && FLAGS.contains(&field),
        Value::Number(number) => number.as_i64() == Some(0) && NUMBERS.contains(&field),
        Value::String(text) => text.is_empty() && TEXTS.contains(&field),
        Value::Array(items) => items.is_empty() && !KEPT_LISTS.contains(&field),
        Value::Object(members) => members.is_empty() && is_string_map(field),
    }
}
