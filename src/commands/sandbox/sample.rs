//! The sample team's Deployments, and what their images do: the cluster as its manifests say.
//!
//! Values only. `web` is what most teams have: probes, a preStop hook, and the defaults of a rolling
//! update, which let a pod be missing. `worker` is the one that shows why minReadySeconds matters:
//! nothing but its process tells whether it works.

use std::time::Duration;

use kube_sandbox::kubelet::{Stories, Story, Timings};
use serde_json::{Value, json};

use super::NAMESPACE;
use super::repository::{BRANCHES, Commits, NAME, UNBUILT};
use crate::error::{Error, Kind};

/// The prefix of the team's annotations.
pub(super) const PREFIX: &str = "example.com";

/// The Deployments, and how many pods each has.
pub(super) const DEPLOYMENTS: &[(&str, i32)] = &[("web", 4), ("worker", 2)];

/// Returns the image of a commit.
pub(super) fn image(commit: &str) -> String {
    format!("registry.{NAME}:{commit}")
}

pub(super) fn namespace() -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
}

/// Returns the manifests of the Deployments with the image of a commit.
pub(super) fn deployments(commit: &str) -> Vec<Value> {
    let [web, worker] = [web(commit), worker(commit)];
    vec![web, worker]
}

fn web(commit: &str) -> Value {
    deployment(
        "web",
        4,
        &json!({"maxUnavailable": "25%", "maxSurge": "25%"}),
        &json!({
            "name": "web",
            "image": image(commit),
            "ports": [{"name": "http", "containerPort": 8080}],
            "env": [
                {"name": "CART_DAYS", "value": "7"},
                {"name": "DATABASE_PASSWORD", "value": "not-a-real-one"},
            ],
            "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}, "periodSeconds": 2},
            "lifecycle": {"preStop": {"sleep": {"seconds": 3}}},
            "resources": {
                "requests": {"cpu": "100m", "memory": "128Mi"},
                "limits": {"memory": "256Mi"},
            },
        }),
    )
}

fn worker(commit: &str) -> Value {
    deployment(
        "worker",
        2,
        &json!({"maxUnavailable": 0, "maxSurge": "100%"}),
        &json!({
            "name": "worker",
            "image": image(commit),
            "args": ["send-mails"],
            "env": [{"name": "MAIL_TOKEN", "value": "not-a-real-one-either"}],
            "resources": {
                "requests": {"cpu": "50m", "memory": "64Mi"},
                "limits": {"memory": "128Mi"},
            },
        }),
    )
}

fn deployment(name: &str, replicas: i32, rolling_update: &Value, container: &Value) -> Value {
    let labels = json!({"app": name});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": labels,
            "annotations": {
                format!("{PREFIX}/deploy-target"): "true",
                format!("{PREFIX}/deploy-target-container"): name,
                format!("{PREFIX}/github"): format!("{name}={NAME}"),
            },
        },
        "spec": {
            "replicas": replicas,
            "progressDeadlineSeconds": 60,
            "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling_update},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container]},
            },
        },
    })
}

/// Returns what the images do that do not simply work.
pub(super) fn stories(commits: &Commits) -> Result<Stories, Error> {
    let mut stories = Stories::default();
    let told = commits
        .branches
        .iter()
        .zip(BRANCHES.iter().map(|branch| branch.story));
    let unbuilt = commits
        .master
        .get(UNBUILT)
        .map(|commit| (commit, "not-found"));
    for (commit, text) in told.chain(unbuilt) {
        let story = Story::parse(text)
            .ok_or_else(|| Error::new(Kind::Internal, format!("`{text}` is no story")))?;
        stories.tell(&image(commit), story);
    }
    Ok(stories)
}

/// Returns the pace of the nodes: first back-offs are shorter than real ones, so that a crash loop
/// shows within seconds. They double up to the real longest one, and messages name the ones that are
/// played.
pub(super) fn timings() -> Timings {
    Timings {
        crash_back_off: Duration::from_secs(3),
        pull_back_off: Duration::from_secs(5),
        ..Timings::default()
    }
}
