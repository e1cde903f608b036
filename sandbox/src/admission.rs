//! What stands between a request for a new object and the store: its namespace, quotas, and a few checks of pods.
//!
//! The API layer and the controllers ask here, so that a ReplicaSet meets the same refusals as a user.

mod quota;

pub(crate) use quota::status as quota_status;

use std::fmt;

use serde_json::{Map, Value, json};

use crate::object::{Kind, View, fields, name, namespace, text};
use crate::store::Store;

/// Why a new object is refused; its text is the API server's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Denial {
    /// Its namespace does not exist.
    NamespaceMissing(String),
    /// Its namespace is being deleted.
    NamespaceTerminating {
        /// The kind of the object.
        kind: Kind,
        /// The name of the object.
        name: String,
        /// The namespace.
        namespace: String,
    },
    /// A quota leaves no room for it.
    QuotaExceeded {
        /// The kind of the object.
        kind: Kind,
        /// The name of the object.
        name: String,
        /// What the quota says.
        message: String,
    },
    /// A field has a value that is not allowed.
    Invalid {
        /// The kind of the object.
        kind: Kind,
        /// The name of the object.
        name: String,
        /// The field.
        field: String,
        /// Its value.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl fmt::Display for Denial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denial::NamespaceMissing(namespace) => {
                write!(formatter, "namespaces \"{namespace}\" not found")
            }
            Denial::NamespaceTerminating {
                kind,
                name,
                namespace,
            } => write!(
                formatter,
                "{} \"{name}\" is forbidden: unable to create new content in namespace {namespace} because it is being \
                 terminated",
                resource(*kind)
            ),
            Denial::QuotaExceeded {
                kind,
                name,
                message,
            } => {
                write!(
                    formatter,
                    "{} \"{name}\" is forbidden: {message}",
                    resource(*kind)
                )
            }
            Denial::Invalid {
                kind,
                name,
                field,
                value,
                why,
            } => {
                write!(
                    formatter,
                    "{} \"{name}\" is invalid: {field}: Invalid value: \"{value}\": {why}",
                    kind.kind()
                )
            }
        }
    }
}

/// Returns a resource as refusals name it: `pods`, `replicasets.apps`.
pub fn resource(kind: Kind) -> String {
    match kind.group() {
        "" => kind.plural().to_owned(),
        group => format!("{}.{group}", kind.plural()),
    }
}

/// Says whether a new object may be stored; it has its name already.
pub fn check_create(store: &Store, kind: Kind, object: &Value) -> Result<(), Denial> {
    if !kind.is_namespaced() {
        return Ok(());
    }
    let namespace = namespace(object);
    let Some(home) = store.find(Kind::Namespace, "", namespace) else {
        return Err(Denial::NamespaceMissing(namespace.to_owned()));
    };
    let name = name(object).to_owned();
    if View(home).is_terminating() {
        return Err(Denial::NamespaceTerminating {
            kind,
            name,
            namespace: namespace.to_owned(),
        });
    }
    if kind == Kind::Pod {
        check_images(object)?;
    }
    quota::check(store, kind, object)
}

/// Refuses images with blanks around them, which a Deployment may carry and a pod may not.
fn check_images(pod: &Value) -> Result<(), Denial> {
    for list in ["initContainers", "containers"] {
        for (index, container) in View(pod).list(&format!("/spec/{list}")).iter().enumerate() {
            let image = text(container, "/image");
            if image.trim() != image {
                return Err(Denial::Invalid {
                    kind: Kind::Pod,
                    name: name(pod).to_owned(),
                    field: format!("spec.{list}[{index}].image"),
                    value: image.to_owned(),
                    why: "must not have leading or trailing whitespace",
                });
            }
        }
    }
    Ok(())
}

/// Adds to a new pod what admission adds: its service account, tolerations, priority, and the status it starts with.
pub fn complete_pod(pod: &mut Value) {
    let quality = crate::kubelet::quality_of_service(pod);
    let tolerate = |condition: &str| {
        json!({
            "key": format!("node.kubernetes.io/{condition}"),
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": 300,
        })
    };
    let spec = fields(fields(pod).entry("spec").or_insert(Value::Null));
    let mut default = |field: &str, value: Value| {
        spec.entry(field).or_insert(value);
    };
    default("serviceAccountName", json!("default"));
    default("serviceAccount", json!("default"));
    default("enableServiceLinks", json!(true));
    default("priority", json!(0));
    default("preemptionPolicy", json!("PreemptLowerPriority"));
    default(
        "tolerations",
        json!([tolerate("not-ready"), tolerate("unreachable")]),
    );
    let status: Map<String, Value> = [
        ("phase".to_owned(), json!("Pending")),
        ("qosClass".to_owned(), json!(quality)),
    ]
    .into_iter()
    .collect();
    fields(pod).insert("status".to_owned(), Value::Object(status));
}
