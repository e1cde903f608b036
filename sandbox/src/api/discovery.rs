//! Describes which resources there are, in the plain and in the aggregated form.

use serde_json::{Value, json};

use super::route::{self, Page, Review};
use super::{Request, Response};
use crate::object::Kind;

/// The version of Kubernetes whose behaviour is followed.
pub(crate) const VERSION: &str = "v1.36.2";
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const VERBS: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];
const PART_VERBS: &[&str] = &["get", "patch", "update"];

/// Returns the body of `/version`.
pub(super) fn version() -> Vec<u8> {
    print(&json!({
        "major": "1",
        "minor": "36",
        "emulationMajor": "1",
        "emulationMinor": "36",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35",
        "gitVersion": VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "sandbox",
    }))
}

/// Answers with a page of the description.
pub(super) fn answer(request: &Request, page: &Page) -> Response {
    let is_aggregated = request.header("accept").split(',').any(|range| {
        range.contains("as=APIGroupDiscoveryList")
            && range.split(';').any(|part| part.trim() == "v=v2")
    });
    match page {
        Page::Core if is_aggregated => aggregated(&[""]),
        Page::Groups if is_aggregated => aggregated(&groups()),
        Page::Core => Response::json(
            200,
            print(&json!({
                "kind": "APIVersions",
                "versions": ["v1"],
                "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": request.header("host")}],
            })),
        ),
        Page::Groups => {
            let groups: Vec<Value> = groups().into_iter().map(group).collect();
            let body = json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups});
            Response::json(200, print(&body))
        }
        Page::Group(name) => {
            let mut body = group(name);
            if let Some(body) = body.as_object_mut() {
                body.insert("kind".to_owned(), json!("APIGroup"));
                body.insert("apiVersion".to_owned(), json!("v1"));
            }
            Response::json(200, print(&body))
        }
        Page::Version { group, version } => Response::json(200, print(&resources(group, version))),
    }
}

/// Returns all groups but the core one, each once.
fn groups() -> Vec<&'static str> {
    let mut groups = Vec::new();
    let kinds = Kind::ALL.iter().map(|kind| kind.group());
    for group in kinds.chain(Review::ALL.iter().map(|review| review.group())) {
        if !group.is_empty() && !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

/// Returns the versions of a group, each once.
fn versions(group: &str) -> Vec<&'static str> {
    let mut versions: Vec<&str> = kinds_of(group)
        .map(Kind::version)
        .chain(reviews_of(group).map(|_| "v1"))
        .collect();
    versions.dedup();
    versions
}

fn kinds_of(group: &str) -> impl Iterator<Item = Kind> {
    Kind::ALL
        .iter()
        .copied()
        .filter(move |kind| kind.group() == group)
}

fn reviews_of(group: &str) -> impl Iterator<Item = Review> {
    Review::ALL
        .iter()
        .copied()
        .filter(move |review| review.group() == group)
}

fn group(name: &str) -> Value {
    let versions: Vec<Value> = versions(name)
        .into_iter()
        .map(|version| json!({"groupVersion": format!("{name}/{version}"), "version": version}))
        .collect();
    json!({"name": name, "versions": versions, "preferredVersion": versions.first()})
}

/// Returns the plain list of a version's resources and their parts.
fn resources(group: &str, version: &str) -> Value {
    let mut resources = Vec::new();
    for kind in kinds_of(group).filter(|kind| kind.version() == version) {
        let entry = |name: String, shown: &str, verbs: &[&str]| json!({"name": name, "singularName": "", "namespaced": kind.is_namespaced(), "kind": shown, "verbs": verbs});
        let mut own = entry(kind.plural().to_owned(), kind.kind(), VERBS);
        describe(kind, &mut own, "singularName");
        resources.push(own);
        for (part, shown, verbs) in parts(kind) {
            let mut part = entry(format!("{}/{part}", kind.plural()), shown, verbs);
            if shown == "Scale"
                && let Some(part) = part.as_object_mut()
            {
                part.insert("group".to_owned(), json!("autoscaling"));
                part.insert("version".to_owned(), json!("v1"));
            }
            resources.push(part);
        }
    }
    for review in reviews_of(group) {
        resources.push(json!({
            "name": review.plural(), "singularName": review.kind().to_lowercase(),
            "namespaced": false, "kind": review.kind(), "verbs": ["create"],
        }));
    }
    let group_version = match group {
        "" => version.to_owned(),
        group => format!("{group}/{version}"),
    };
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources})
}

/// Adds the other names of a resource.
fn describe(kind: Kind, entry: &mut Value, singular: &str) {
    let Some(entry) = entry.as_object_mut() else {
        return;
    };
    entry.insert(singular.to_owned(), json!(kind.singular()));
    if !kind.short_names().is_empty() {
        entry.insert("shortNames".to_owned(), json!(kind.short_names()));
    }
    if is_in_all(kind) {
        entry.insert("categories".to_owned(), json!(["all"]));
    }
}

/// Returns whether `kubectl get all` shows the kind.
fn is_in_all(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Pod
            | Kind::Service
            | Kind::Deployment
            | Kind::ReplicaSet
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::Job
            | Kind::CronJob
            | Kind::HorizontalPodAutoscaler
    )
}

/// Returns the parts of a resource: name, kind, verbs.
fn parts(kind: Kind) -> Vec<(&'static str, &'static str, &'static [&'static str])> {
    let mut parts = Vec::new();
    if kind == Kind::Pod {
        parts.push(("log", kind.kind(), &["get"][..]));
    }
    if route::has_scale(kind) {
        parts.push(("scale", "Scale", PART_VERBS));
    }
    if kind.has_status() {
        parts.push(("status", kind.kind(), PART_VERBS));
    }
    parts
}

fn aggregated(groups: &[&str]) -> Response {
    let items: Vec<Value> = groups
        .iter()
        .map(|group| {
            let versions: Vec<Value> = versions(group)
                .into_iter()
                .map(|version| aggregated_version(group, version))
                .collect();
            json!({"metadata": {"name": group, "creationTimestamp": null}, "versions": versions})
        })
        .collect();
    let body = json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    });
    Response::typed(200, AGGREGATED, print(&body))
}

fn aggregated_version(group: &str, version: &str) -> Value {
    let of_kind = |group: &str, version: &str, kind: &str| json!({"group": group, "version": version, "kind": kind});
    let kinds = kinds_of(group).filter(|kind| kind.version() == version);
    let kinds = kinds.map(|kind| {
        let parts: Vec<Value> = parts(kind)
            .into_iter()
            .map(|(part, shown, verbs)| {
                let shown = match shown {
                    "Scale" => of_kind("autoscaling", "v1", shown),
                    shown => of_kind(group, version, shown),
                };
                json!({"subresource": part, "responseKind": shown, "verbs": verbs})
            })
            .collect();
        let mut entry = json!({
            "resource": kind.plural(),
            "responseKind": of_kind(group, version, kind.kind()),
            "scope": if kind.is_namespaced() { "Namespaced" } else { "Cluster" },
            "verbs": VERBS,
        });
        describe(kind, &mut entry, "singularResource");
        if !parts.is_empty()
            && let Some(entry) = entry.as_object_mut()
        {
            entry.insert("subresources".to_owned(), Value::from(parts));
        }
        entry
    });
    let reviews = reviews_of(group).map(|review| {
        json!({
            "resource": review.plural(),
            "responseKind": of_kind(group, version, review.kind()),
            "scope": "Cluster",
            "singularResource": review.kind().to_lowercase(),
            "verbs": ["create"],
        })
    });
    let resources: Vec<Value> = kinds.chain(reviews).collect();
    json!({"version": version, "resources": resources, "freshness": "Current"})
}

fn print(value: &Value) -> Vec<u8> {
    // A Value always prints.
    serde_json::to_vec(value).unwrap_or_default()
}
