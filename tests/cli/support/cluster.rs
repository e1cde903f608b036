//! A cluster in the test's own process, with trouble on demand and a log of what was asked, which the
//! binary meets as an ordinary context.

use bytes::Bytes;
use http::Request;
use kube_sandbox::clock::Time;
use kube_sandbox::object::{Key, Kind};
use kube_sandbox::server::{Cluster as Served, Entry, Options, Server};
use kube_sandbox::world::{World, WorldOptions};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::until;

/// The namespace that there is from the start.
pub(crate) const NAMESPACE: &str = "shop";

/// A served cluster; it ends with this value.
pub(crate) struct Cluster {
    server: Server,
    runtime: Runtime,
}

impl Cluster {
    /// Starts one with the namespace `shop` and nothing in it, on a free port of this machine.
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let world = World::new(WorldOptions {
            start: Time::parse("2026-11-21T07:00:00Z").expect("a time"),
            ..WorldOptions::default()
        });
        let server = runtime
            .block_on(async { Server::start(Options::on_loopback(world)).await })
            .expect("it listens");
        let cluster = Self { server, runtime };
        cluster.create(&json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE},
        }));
        cluster
    }

    /// Returns a kubeconfig with the context `qa`, which is not the current one, for the administrator.
    pub(crate) fn kubeconfig(&self) -> String {
        self.kubeconfig_of("admin")
    }

    /// Returns a kubeconfig with the context `qa` for the user of a token.
    pub(crate) fn kubeconfig_of(&self, token: &str) -> String {
        let address = self.server.address().expect("it listens");
        // Every JSON text is a YAML text.
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "qa", "cluster": {"server": format!("http://{address}")}}],
            "users": [{"name": "tester", "user": {"token": token}}],
            "contexts": [{
                "name": "qa",
                "context": {"cluster": "qa", "user": "tester", "namespace": NAMESPACE},
            }],
        })
        .to_string()
    }

    /// Creates an object as the administrator.
    #[track_caller]
    pub(crate) fn create(&self, object: &Value) {
        let path = match object["kind"].as_str() {
            Some("Namespace") => "/api/v1/namespaces".to_owned(),
            Some("Deployment") => {
                let namespace = object["metadata"]["namespace"].as_str();
                format!(
                    "/apis/apps/v1/namespaces/{}/deployments",
                    namespace.unwrap_or(NAMESPACE)
                )
            }
            other => panic!("{other:?} is created nowhere yet"),
        };
        self.send("POST", &path, "application/json", object);
    }

    /// Sends a request as the administrator; it has to be accepted.
    #[track_caller]
    pub(crate) fn send(&self, method: &str, path: &str, content_type: &str, body: &Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", "Bearer admin")
            .header("content-type", content_type)
            .body(Bytes::from(body.to_string()))
            .expect("a request");
        let response = self
            .runtime
            .block_on(self.server.call(request))
            .expect("an answer");
        assert!(
            response.status().is_success(),
            "{path}: {}",
            response.status()
        );
    }

    /// Acts on the cluster, its users, faults, and log.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Served) -> T) -> T {
        let _in_runtime = self.runtime.enter();
        self.server
            .with(|cluster, _| act(cluster))
            .expect("nothing is saved")
    }

    /// Returns what was asked so far, oldest first.
    pub(crate) fn requests(&self) -> Vec<Entry> {
        self.with(|cluster| cluster.log.entries().cloned().collect())
    }

    pub(crate) fn forget_requests(&self) {
        self.with(|cluster| cluster.log.clear());
    }

    /// Reads a Deployment of `shop`.
    pub(crate) fn deployment(&self, name: &str) -> Option<Value> {
        let key = Key::new(Kind::Deployment, NAMESPACE, name);
        self.with(|cluster| {
            cluster
                .world
                .store
                .read(&key)
                .map(|object| Value::clone(object))
        })
    }

    /// Waits until nothing rolls and every pod that is wanted is there.
    #[track_caller]
    pub(crate) fn settle(&self) {
        until("a settled cluster", || {
            let is_rolling = self.with(|cluster| cluster.world.is_rolling());
            (!is_rolling).then_some(())
        });
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.server.stop();
        self.runtime.block_on(self.server.ended());
    }
}

/// Returns the manifest of a Deployment that takes part under `example.com`, with one container of
/// its name and a readiness probe.
pub(crate) fn deployment(name: &str, replicas: i32, image: &str) -> Value {
    let labels = json!({"app": name});
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "annotations": {
                "example.com/deploy-target": "true",
                "example.com/deploy-target-container": name,
                "example.com/github": format!("{name}=team/{name}"),
            },
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{
                    "name": name,
                    "image": image,
                    "readinessProbe": {"httpGet": {"path": "/", "port": 8080}},
                    "lifecycle": {"preStop": {"sleep": {"seconds": 1}}},
                }]},
            },
        },
    })
}
