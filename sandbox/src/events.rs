//! Cluster events as actors of a cluster write them: the same one again only counts up.
//!
//! Building them is pure, so that a stand-in for such an actor writes the same to a real API server.

use std::hash::Hasher;

use serde_json::{Map, Value, json};

use crate::clock::Time;
use crate::object::{View, fields, name, namespace, text, uid};
use crate::semantic::Fingerprint;

/// Something that an actor has to say about an object.
#[derive(Clone, Debug)]
pub struct ClusterEvent<'a> {
    /// The object.
    pub about: &'a Value,
    /// The part of it, such as `spec.containers{app}`.
    pub field_path: Option<String>,
    /// Whether it is a warning.
    pub is_warning: bool,
    /// The reason, one word.
    pub reason: &'a str,
    /// The text.
    pub message: &'a str,
    /// Who says it.
    pub component: &'a str,
    /// The node it is said on, if any.
    pub host: Option<&'a str>,
}

impl ClusterEvent<'_> {
    /// Returns the name of the cluster event; the same thing said again has the same.
    pub fn name(&self) -> String {
        let mut mark = Fingerprint::default();
        for part in [
            uid(self.about),
            self.reason,
            self.message,
            self.component,
            self.host.unwrap_or(""),
        ] {
            mark.write(part.as_bytes());
            mark.write_u8(0);
        }
        mark.write(self.field_path.as_deref().unwrap_or("").as_bytes());
        format!("{}.{:016x}", name(self.about), mark.finish())
    }

    /// Returns the namespace it belongs to; what is said about the cluster's own objects goes to `default`.
    pub fn namespace(&self) -> &str {
        match namespace(self.about) {
            "" => "default",
            namespace => namespace,
        }
    }

    /// Builds the object for the first time that this is said.
    pub fn first(&self, now: Time) -> Value {
        let mut about = Map::new();
        for (field, value) in [
            ("kind", text(self.about, "/kind")),
            ("namespace", namespace(self.about)),
            ("name", name(self.about)),
            ("uid", uid(self.about)),
            ("apiVersion", text(self.about, "/apiVersion")),
            (
                "resourceVersion",
                text(self.about, "/metadata/resourceVersion"),
            ),
            ("fieldPath", self.field_path.as_deref().unwrap_or("")),
        ] {
            if !value.is_empty() {
                about.insert(field.to_owned(), json!(value));
            }
        }
        let mut source = json!({"component": self.component});
        if let (Some(host), Value::Object(source)) = (self.host, &mut source) {
            source.insert("host".to_owned(), json!(host));
        }
        json!({
            "metadata": {"name": self.name(), "namespace": self.namespace()},
            "involvedObject": about,
            "reason": self.reason,
            "message": self.message,
            "source": source,
            "firstTimestamp": now.rfc3339(),
            "lastTimestamp": now.rfc3339(),
            "count": 1,
            "type": if self.is_warning { "Warning" } else { "Normal" },
            "eventTime": null,
            "reportingComponent": self.component,
            "reportingInstance": self.host.unwrap_or(""),
        })
    }

    /// Builds the object for a further time; `seen` is the one stored for the times before.
    pub fn again(&self, seen: &Value, now: Time) -> Value {
        let mut object = seen.clone();
        let count = View(seen).number("/count").unwrap_or(1).saturating_add(1);
        let fields = fields(&mut object);
        fields.insert("count".to_owned(), json!(count));
        fields.insert("lastTimestamp".to_owned(), json!(now.rfc3339()));
        object
    }
}

/// Returns the path by which cluster events name a container.
pub fn container_path(container: &str, is_init: bool) -> String {
    let list = if is_init {
        "initContainers"
    } else {
        "containers"
    };
    format!("spec.{list}{{{container}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_said_again_only_counts_up() {
        let pod = json!({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web-1", "namespace": "shop", "uid": "u"}});
        let event = ClusterEvent {
            about: &pod,
            field_path: Some(container_path("app", false)),
            is_warning: true,
            reason: "BackOff",
            message: "Back-off restarting failed container",
            component: "kubelet",
            host: Some("node-1"),
        };
        let first = event.first(Time(0));
        assert_eq!(first["involvedObject"]["fieldPath"], "spec.containers{app}");
        assert_eq!(
            first["source"],
            json!({"component": "kubelet", "host": "node-1"})
        );
        let again = event.again(&first, Time(5_000));
        assert_eq!(
            (&again["count"], &again["lastTimestamp"]),
            (&json!(2), &json!("1970-01-01T00:00:05Z"))
        );
        assert_eq!(again["firstTimestamp"], first["firstTimestamp"]);
        let other = ClusterEvent {
            reason: "Failed",
            ..event.clone()
        };
        assert_ne!(event.name(), other.name());
    }
}
