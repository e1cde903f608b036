//! The requests that a kubelet and a scheduler make; each is one request and decides nothing.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use kube_sandbox::clock::Time;
use kube_sandbox::events::ClusterEvent;
use serde_json::{Value, json};

use super::Shared;
use crate::client::{Answer, Client, PatchKind};

/// The API server as the stand-in sees it.
#[derive(Clone)]
pub(super) struct Api {
    client: Client,
}

pub(super) fn now() -> Time {
    Time(jiff::Timestamp::now().as_millisecond())
}

impl Api {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    pub(super) fn connection(&self) -> kube::Client {
        self.client.connection()
    }

    async fn post(&self, path: &str, object: &Value) -> Result<Answer, String> {
        self.send(Method::POST, path, object.to_string()).await
    }

    async fn patch(&self, path: &str, kind: PatchKind, patch: &Value) -> Result<Answer, String> {
        self.client
            .ask(Method::PATCH, path, kind.content_type(), patch.to_string())
            .await
    }

    /// Creates the Node, or takes it over from a run before; then says that it is ready.
    pub(super) async fn register_node(&self, name: &str, port: u16) -> Result<(), String> {
        let node = json!({
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
            // Pods that are not ours are kept away where there is another scheduler.
            "spec": {"taints": [{"key": "kube-deploy-stories", "effect": "NoSchedule"}]},
        });
        let answer = self.post("/api/v1/nodes", &node).await?;
        if answer.status != 201 && answer.status != 409 {
            return Err(format!("node {name} was refused: {}", answer.text));
        }
        let capacity =
            json!({"cpu": "64", "memory": "256Gi", "pods": "2000", "ephemeral-storage": "1Ti"});
        let time = now().rfc3339();
        let status = json!({
            "addresses": [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status",
                "lastHeartbeatTime": time, "lastTransitionTime": time,
            }],
        });
        let path = format!("/api/v1/nodes/{name}/status");
        let answer = self
            .patch(&path, PatchKind::Merge, &json!({"status": status}))
            .await?;
        if answer.status != 200 {
            return Err(format!(
                "the status of node {name} was refused: {}",
                answer.text
            ));
        }
        Ok(())
    }

    /// Shows that the node's kubelet is alive. Where nobody looks after nodes, nobody misses it.
    async fn renew_lease(&self, node: &str) -> Result<(), String> {
        let spec =
            json!({"holderIdentity": node, "leaseDurationSeconds": 40, "renewTime": now().micro()});
        let path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
        let answer = self
            .patch(
                &format!("{path}/{node}"),
                PatchKind::Merge,
                &json!({"spec": spec}),
            )
            .await?;
        if answer.status == 404 {
            self.post(path, &json!({"metadata": {"name": node}, "spec": spec}))
                .await?;
        }
        Ok(())
    }

    pub(super) async fn bind(&self, pod: &Pod<'_>, node: &str) -> Result<Answered, String> {
        let binding = json!({
            "apiVersion": "v1", "kind": "Binding",
            "metadata": {"name": pod.name, "uid": pod.uid},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        });
        Answered::of(
            self.post(&format!("{}/binding", pod.path()), &binding)
                .await?,
        )
    }

    /// Replaces the whole status, unless the pod is another one by now.
    pub(super) async fn write_status(
        &self,
        pod: &Pod<'_>,
        status: &Value,
    ) -> Result<Answered, String> {
        let patch = json!([
            {"op": "test", "path": "/metadata/uid", "value": pod.uid},
            {"op": "replace", "path": "/status", "value": status},
        ]);
        Answered::of(
            self.patch(&format!("{}/status", pod.path()), PatchKind::Json, &patch)
                .await?,
        )
    }

    /// Takes the pod away for good, unless it is another one by now.
    pub(super) async fn delete(&self, pod: &Pod<'_>) -> Result<Answered, String> {
        let options = json!({"gracePeriodSeconds": 0, "preconditions": {"uid": pod.uid}});
        Answered::of(
            self.send(Method::DELETE, &pod.path(), options.to_string())
                .await?,
        )
    }

    /// Says something about an object; what was said before is counted up instead.
    ///
    /// Cluster events are a courtesy in a real cluster too: one that is refused or gets lost is lost.
    pub(super) async fn report(&self, event: &ClusterEvent<'_>) {
        let collection = format!("/api/v1/namespaces/{}/events", event.namespace());
        let first = self.post(&collection, &event.first(now())).await;
        if !first.is_ok_and(|answer| answer.status == 409) {
            return;
        }
        let path = format!("{collection}/{}", event.name());
        let seen = self.send(Method::GET, &path, String::new()).await;
        if let Ok(seen) = seen {
            let again = event.again(&seen.object, now()).to_string();
            let _ = self.send(Method::PUT, &path, again).await;
        }
    }

    async fn send(&self, method: Method, path: &str, body: String) -> Result<Answer, String> {
        self.client
            .ask(method, path, "application/json", body)
            .await
    }
}

/// What became of a write to a pod.
pub(super) enum Answered {
    /// It was taken; this is the object.
    Done(Value),
    /// The pod or its namespace is gone or going, it is another one by now, or somebody else has bound it.
    Gone,
}

impl Answered {
    fn of(answer: Answer) -> Result<Self, String> {
        match answer.status {
            200..300 => Ok(Self::Done(answer.object)),
            404 | 409 => Ok(Self::Gone),
            403 if has_cause(&answer.object, "NamespaceTerminating") => Ok(Self::Gone),
            status => Err(format!(
                "the kubelet was refused with {status}: {}",
                answer.text
            )),
        }
    }
}

fn has_cause(status: &Value, reason: &str) -> bool {
    let causes = status["details"]["causes"].as_array();
    causes.is_some_and(|causes| causes.iter().any(|cause| cause["reason"] == reason))
}

/// Which pod is meant.
pub(super) struct Pod<'a> {
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) uid: &'a str,
}

impl<'a> Pod<'a> {
    pub(super) fn of(object: &'a Value) -> Self {
        let member = |name: &str| object["metadata"][name].as_str().unwrap_or_default();
        Self {
            namespace: member("namespace"),
            name: member("name"),
            uid: member("uid"),
        }
    }

    fn path(&self) -> String {
        format!("/api/v1/namespaces/{}/pods/{}", self.namespace, self.name)
    }
}

/// Renews the leases of the nodes whose kubelet runs, for as long as the process lives.
pub(super) async fn heartbeats(shared: Arc<Shared>) {
    let mut beat = tokio::time::interval(Duration::from_secs(10));
    loop {
        beat.tick().await;
        let nodes = shared.nodes.read().unwrap().clone();
        for node in nodes.iter().filter(|node| *node.runs.borrow()) {
            // A lost heartbeat is made good by the next one.
            let _ = shared.api.renew_lease(&node.name).await;
        }
    }
}
