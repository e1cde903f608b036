//! Reads the lines of a watch and the pages of a list into what was observed, and nothing of what
//! does not concern this run.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Scope;
use crate::cluster::listing::{Page, Selection};
use crate::cluster::selector::common_selector;
use crate::rollout::observed::{DeploymentSeen, EventSeen, Meta, PodSeen, ReplicaSetSeen};
use crate::rollout::{Seen, Watched};

/// What to ask the API server for, by kind.
pub(super) struct Selections {
    pub(super) deployments: Selection,
    /// ReplicaSets and pods.
    pub(super) owned: Selection,
}

impl Selections {
    pub(super) fn of(deployments: &[Value]) -> Self {
        let objects: Vec<&Value> = deployments.iter().collect();
        let deployments = match objects.as_slice() {
            [only] => name(only).map(Selection::named).unwrap_or_default(),
            _ => Selection::default(),
        };
        Self {
            deployments,
            owned: Selection::labelled(common_selector(&objects)),
        }
    }

    pub(super) fn scope(&self, deployments: &[Value]) -> Scope {
        let all = |path: &str| {
            deployments
                .iter()
                .filter_map(|object| object.pointer(path)?.as_str())
                .map(ToOwned::to_owned)
                .collect()
        };
        Scope {
            names: all("/metadata/name"),
            uids: all("/metadata/uid"),
            is_selected: self.owned.labels.is_some(),
        }
    }
}

fn name(deployment: &Value) -> Option<&str> {
    deployment.pointer("/metadata/name")?.as_str()
}

/// Returns the version from which on everything is news about these objects.
pub(super) fn oldest_version(deployments: &[Value]) -> Option<String> {
    let versions: Option<Vec<u64>> = deployments
        .iter()
        .map(|object| {
            let version = object.pointer("/metadata/resourceVersion")?.as_str()?;
            version.parse().ok()
        })
        .collect();
    versions?
        .into_iter()
        .min()
        .map(|version| version.to_string())
}

/// What a line of a watch says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum News {
    /// An object was added or changed.
    Changed(Seen),
    /// It was deleted, or left the selection.
    Removed(Seen),
    /// Nothing that concerns this run, or only how far the watch has come.
    Nothing,
    /// The version to go on from is too old.
    Expired,
    /// The API server ends the watch for another reason.
    Refused { code: u16, message: String },
}

/// A line, and how far the watch has come with it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) news: News,
    pub(super) version: String,
}

/// What every line is looked at for first.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    object: Head,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Head {
    metadata: Meta,
    involved_object: InvolvedHead,
    // Of a Status.
    code: u16,
    message: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct InvolvedHead {
    name: String,
}

/// Reads one line; an error means that the stream makes no sense.
pub(super) fn line(kind: Watched, scope: &Scope, line: &[u8]) -> Result<Line, String> {
    let envelope: Envelope<'_> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let head = envelope.object;
    let is_wanted = || scope.concerns(kind, &head.metadata, &head.involved_object.name);
    let news = match envelope.kind.as_ref() {
        "ADDED" | "MODIFIED" if is_wanted() => News::Changed(object(kind, line)?),
        "DELETED" if is_wanted() => News::Removed(object(kind, line)?),
        "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" => News::Nothing,
        "ERROR" if head.code == 410 => News::Expired,
        "ERROR" => News::Refused {
            code: head.code,
            message: head.message,
        },
        other => return Err(format!("an event of the type `{other}`")),
    };
    Ok(Line {
        news,
        version: head.metadata.resource_version,
    })
}

fn object(kind: Watched, line: &[u8]) -> Result<Seen, String> {
    fn inner<T: DeserializeOwned>(line: &[u8]) -> Result<Box<T>, String> {
        #[derive(Deserialize)]
        struct Event<T> {
            object: Box<T>,
        }
        let event: Event<T> = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        Ok(event.object)
    }
    Ok(match kind {
        Watched::Deployments => Seen::Deployment(inner::<DeploymentSeen>(line)?),
        Watched::ReplicaSets => Seen::ReplicaSet(inner::<ReplicaSetSeen>(line)?),
        Watched::Pods => Seen::Pod(inner::<PodSeen>(line)?),
        Watched::Events => Seen::Event(inner::<EventSeen>(line)?),
    })
}

/// Reads a page of a list.
pub(super) fn page(kind: Watched, scope: &Scope, body: &[u8]) -> serde_json::Result<Page<Seen>> {
    fn read<T: DeserializeOwned>(
        body: &[u8],
        is_wanted: impl Fn(&T) -> bool,
        seen: impl Fn(Box<T>) -> Seen,
    ) -> serde_json::Result<Page<Seen>> {
        let page: Page<T> = serde_json::from_slice(body)?;
        let items = page.items.unwrap_or_default().into_iter();
        let items = items.filter(is_wanted).map(|item| seen(Box::new(item)));
        Ok(Page {
            metadata: page.metadata,
            items: Some(items.collect()),
        })
    }
    let wants = |meta: &Meta| scope.concerns(kind, meta, "");
    match kind {
        Watched::Deployments => read(
            body,
            |item: &DeploymentSeen| wants(&item.metadata),
            Seen::Deployment,
        ),
        Watched::ReplicaSets => read(
            body,
            |item: &ReplicaSetSeen| wants(&item.metadata),
            Seen::ReplicaSet,
        ),
        Watched::Pods => read(body, |item: &PodSeen| wants(&item.metadata), Seen::Pod),
        Watched::Events => read(
            body,
            |item: &EventSeen| scope.concerns(kind, &item.metadata, &item.involved_object.name),
            Seen::Event,
        ),
    }
}

impl Scope {
    /// Returns whether an object may have to do with the Deployments. Owners decide later; this
    /// keeps a namespace full of other things out.
    fn concerns(&self, kind: Watched, meta: &Meta, involved: &str) -> bool {
        match kind {
            Watched::Deployments => self.names.contains(&meta.name),
            Watched::ReplicaSets | Watched::Pods => {
                self.is_selected
                    || self.begins(&meta.name)
                    || meta
                        .owner_references
                        .iter()
                        .any(|owner| self.uids.contains(&owner.uid) || self.begins(&owner.name))
            }
            Watched::Events => self.names.contains(involved) || self.begins(involved),
        }
    }

    /// Returns whether a name is a Deployment's with something behind it, as those of its
    /// ReplicaSets and their pods are.
    fn begins(&self, name: &str) -> bool {
        name.match_indices('-')
            .any(|(at, _)| self.names.contains(&name[..at]))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope(is_selected: bool) -> Scope {
        Scope {
            names: ["web".to_owned()].into(),
            uids: ["uid-web".to_owned()].into(),
            is_selected,
        }
    }

    fn read(kind: Watched, event: &Value) -> Result<Line, String> {
        line(kind, &scope(false), event.to_string().as_bytes())
    }

    #[test]
    fn lines_are_told_apart() {
        let pod = json!({"metadata": {"name": "web-1-x", "resourceVersion": "7"}, "status": {"phase": "Running"}});
        let line = |kind: &str, object: &Value| {
            read(Watched::Pods, &json!({"type": kind, "object": object}))
        };
        for kind in ["ADDED", "MODIFIED"] {
            let line = line(kind, &pod).expect("a line");
            assert_eq!(line.version, "7");
            assert!(
                matches!(&line.news, News::Changed(Seen::Pod(pod)) if pod.status.phase == "Running"),
                "{line:?}"
            );
        }
        let removed = line("DELETED", &pod).expect("a line");
        assert!(matches!(removed.news, News::Removed(Seen::Pod(_))));
        let bookmark =
            json!({"kind": "Pod", "metadata": {"resourceVersion": "9", "creationTimestamp": null}});
        assert_eq!(
            line("BOOKMARK", &bookmark),
            Ok(Line {
                news: News::Nothing,
                version: "9".to_owned()
            })
        );
        let expired =
            json!({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"});
        assert_eq!(line("ERROR", &expired).expect("a line").news, News::Expired);
        let other = json!({"kind": "Status", "code": 500, "message": "etcd"});
        assert_eq!(
            line("ERROR", &other).expect("a line").news,
            News::Refused {
                code: 500,
                message: "etcd".to_owned()
            }
        );
    }

    #[test]
    fn a16_what_makes_no_sense_is_an_error() {
        let scope = scope(false);
        for garbage in [
            &b"{"[..],
            b"[]",
            b"\xff\xfe",
            b"<html>",
            br#"{"type":"ADDED"}"#,
            br#"{"type":"ADDED","object":7}"#,
            br#"{"type":"SOMETHING","object":{}}"#,
            br#"{"type":"ADDED","object":{"metadata":{"name":"web-1"},"status":{"phase":[]}}}"#,
        ] {
            assert!(line(Watched::Pods, &scope, garbage).is_err(), "{garbage:?}");
        }
    }

    #[test]
    fn a33_what_is_unknown_is_no_obstacle() {
        let event = json!({"type": "ADDED", "x": 1, "object": {
            "metadata": {"name": "web", "newField": {"a": [1]}},
            "spec": {"replicas": 3, "template": {"spec": {"brandNew": true}}, "other": null},
            "status": {"conditions": [{"type": "Available", "status": "True", "since": 7}]},
        }});
        let line = read(Watched::Deployments, &event).expect("a line");
        let News::Changed(Seen::Deployment(seen)) = line.news else {
            panic!("{:?}", line.news);
        };
        assert_eq!(seen.spec.template, json!({"spec": {"brandNew": true}}));
    }

    #[test]
    fn what_belongs_to_others_is_left_out() {
        let named = |name: &str| json!({"metadata": {"name": name}});
        let owned = |uid: &str, name: &str| json!({"metadata": {"name": "x", "ownerReferences": [{"uid": uid, "name": name, "controller": true}]}});
        let about =
            |name: &str| json!({"metadata": {"name": "e"}, "involvedObject": {"name": name}});
        let cases = [
            (Watched::Deployments, named("web"), true),
            (Watched::Deployments, named("web-2"), false),
            (Watched::ReplicaSets, named("web-7d9"), true),
            (Watched::ReplicaSets, named("website-7d9"), false),
            (Watched::ReplicaSets, owned("uid-web", "web"), true),
            (Watched::Pods, named("web-7d9-abc"), true),
            (Watched::Pods, named("worker-7d9-abc"), false),
            (Watched::Pods, owned("uid", "web-7d9"), true),
            (Watched::Events, about("web"), true),
            (Watched::Events, about("web-7d9-abc"), true),
            (Watched::Events, about("node-1"), false),
        ];
        for (kind, object, expected) in cases {
            let event = json!({"type": "ADDED", "object": object});
            let line = read(kind, &event).expect("a line");
            assert_eq!(line.news != News::Nothing, expected, "{kind:?} {object}");
            let body = json!({"items": [object], "metadata": {"resourceVersion": "3"}}).to_string();
            let page = page(kind, &scope(false), body.as_bytes()).expect("a page");
            assert_eq!(page.items.expect("items").len(), usize::from(expected));
            assert_eq!(page.metadata.resource_version, "3");
        }
    }

    #[test]
    fn what_a_selector_chose_is_taken() {
        let event = json!({"type": "ADDED", "object": {"metadata": {"name": "adopted"}}});
        let line = line(Watched::Pods, &scope(true), event.to_string().as_bytes());
        assert_ne!(line.expect("a line").news, News::Nothing);
    }

    #[test]
    fn one_deployment_is_watched_by_name_and_selector() {
        let deployment = |name: &str, version: &str| {
            json!({
                "metadata": {"name": name, "uid": format!("uid-{name}"), "resourceVersion": version},
                "spec": {"selector": {"matchLabels": {"app": name}}},
            })
        };
        let one = [deployment("web", "9")];
        let selections = Selections::of(&one);
        assert_eq!(selections.deployments, Selection::named("web"));
        assert_eq!(selections.owned.labels.as_deref(), Some("app=web"));
        assert_eq!(selections.scope(&one), scope(true));
        assert_eq!(oldest_version(&one).as_deref(), Some("9"));

        let two = [deployment("web", "10"), deployment("worker", "9")];
        let selections = Selections::of(&two);
        assert_eq!(selections.deployments, Selection::default());
        assert_eq!(
            selections.owned.labels.as_deref(),
            Some("app in (web,worker)")
        );
        assert_eq!(oldest_version(&two).as_deref(), Some("9"));
        assert_eq!(oldest_version(&[deployment("web", "x")]), None);
        assert_eq!(oldest_version(&[]), None);
    }
}
