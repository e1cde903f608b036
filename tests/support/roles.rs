//! What the users of the scenarios may do, as the rules of a Role. Data only.

use serde_json::{Value, json};

/// Exactly what deploying needs in its namespace, and nothing else.
pub(crate) fn deployer() -> Value {
    json!([
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "watch", "patch"]},
        {"apiGroups": ["apps"], "resources": ["replicasets"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["list", "watch"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
    ])
}

/// The same without one verb on one resource.
pub(crate) fn without(resource: &str, verb: &str) -> Value {
    let mut rules = deployer();
    for rule in rules.as_array_mut().into_iter().flatten() {
        if rule["resources"][0] == resource
            && let Some(verbs) = rule["verbs"].as_array_mut()
        {
            verbs.retain(|own| own != verb);
        }
    }
    if let Some(rules) = rules.as_array_mut() {
        rules.retain(|rule| rule["verbs"] != json!([]));
    }
    rules
}
