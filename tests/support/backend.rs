//! What a scenario needs of the cluster that it runs on, and what it does there in the administrator's name.
//!
//! Everything goes over HTTP, so that the sandbox and a real control plane are asked in the same words.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, PatchKind};
use crate::recording::Recording;
use crate::wait;

/// The name of the Deployment of all scenarios.
pub(crate) const WEB: &str = "web";
/// No step of a scenario takes this long; it only ends tests that would hang.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// A namespace of a cluster, for one scenario.
pub(crate) trait Backend {
    fn namespace(&self) -> &str;

    /// Returns the connection of somebody who may do everything.
    fn admin(&self) -> &Client;

    /// Returns a folder of this process for the files of a run.
    fn folder(&self) -> &Path;

    /// Makes a user with a Role of these rules; returns a kubeconfig whose context is named `qa`.
    fn user(&self, name: &str, rules: &Value) -> PathBuf;

    /// Lets the namespace have so many pods; it holds when this returns.
    fn limit_pods(&self, count: u32);

    /// Completes a Deployment, so that its pods are played by stories.
    fn adapt(&self, deployment: &mut Value);

    /// Returns the verbs of what the user has asked for, where the cluster's log is at hand.
    fn verbs_of(&self, user: &str) -> Option<Vec<String>>;
}

impl dyn Backend + '_ {
    /// Creates the Deployment `web` with the image `:v1`, and waits until it is complete.
    #[track_caller]
    pub(crate) fn run_web(&self, replicas: u32, spec: &Value) -> Value {
        self.create_web(replicas, spec);
        self.wait_until_complete(replicas)
    }

    /// Creates the Deployment `web` with the image `:v1`; `spec` is what differs from a plain one.
    #[track_caller]
    pub(crate) fn create_web(&self, replicas: u32, spec: &Value) -> Value {
        let mut web = web(replicas);
        for (field, value) in spec.as_object().expect("a map") {
            web["spec"][field] = value.clone();
        }
        self.create(web)
    }

    /// The same as [`Self::run_web`], but the pods are Ready as soon as they run.
    #[track_caller]
    pub(crate) fn run_web_without_probe(&self, replicas: u32) -> Value {
        let mut web = web(replicas);
        let container = &mut web["spec"]["template"]["spec"]["containers"][0];
        container["readinessProbe"] = Value::Null;
        self.create(web);
        self.wait_until_complete(replicas)
    }

    #[track_caller]
    fn create(&self, mut web: Value) -> Value {
        self.adapt(&mut web);
        let path = self.collection("deployments");
        self.admin().create(&path, &web).accepted()
    }

    pub(crate) fn find_web(&self) -> Option<Value> {
        let answer = self.admin().get(&self.web_path());
        (answer.status == 200).then_some(answer.object)
    }

    #[track_caller]
    pub(crate) fn web(&self) -> Value {
        self.find_web().expect("the Deployment is there")
    }

    /// Changes fields of the Deployment, as somebody else would.
    #[track_caller]
    pub(crate) fn change_web(&self, fields: &Value) -> Value {
        let path = self.web_path();
        let answer = self
            .admin()
            .patch(&path, PatchKind::Merge, &fields.to_string());
        answer.accepted()
    }

    #[track_caller]
    pub(crate) fn set_image(&self, image: &str) -> Value {
        let patch = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]);
        let path = self.web_path();
        let answer = self
            .admin()
            .patch(&path, PatchKind::Json, &patch.to_string());
        answer.accepted()
    }

    #[track_caller]
    pub(crate) fn delete_web(&self) {
        self.admin().delete(&self.web_path()).accepted();
    }

    /// Returns the name of the only ReplicaSet.
    #[track_caller]
    pub(crate) fn replica_set(&self) -> String {
        let list = self.admin().get(&self.collection("replicasets")).accepted();
        match list["items"].as_array().map(Vec::as_slice) {
            Some([set]) => set["metadata"]["name"].as_str().expect("a name").to_owned(),
            other => panic!("not one ReplicaSet: {other:?}"),
        }
    }

    /// Begins to write down all that a watch on a kind tells.
    pub(crate) fn record(&self, plural: &str) -> Recording {
        Recording::start(self.admin(), &self.collection(plural))
    }

    /// Waits until the controller says that the Deployment runs its template with so many pods.
    #[track_caller]
    pub(crate) fn wait_until_complete(&self, replicas: u32) -> Value {
        self.wait_for("web to complete", || {
            let web = self.find_web()?;
            let counts = ["updatedReplicas", "availableReplicas", "replicas"];
            let is_complete = web["status"]["observedGeneration"] == web["metadata"]["generation"]
                && counts.iter().all(|count| {
                    web["status"][*count].as_u64().unwrap_or(0) == u64::from(replicas)
                });
            is_complete.then_some(web)
        })
    }

    /// Waits until `condition` answers; a panic says what was waited for and how the Deployment is instead.
    #[track_caller]
    pub(crate) fn wait_for<T>(&self, what: &str, condition: impl FnMut() -> Option<T>) -> T {
        match wait::until(LIMIT, condition) {
            Some(answer) => answer,
            None => panic!(
                "waited {} s for {what}; {:?}",
                LIMIT.as_secs(),
                self.find_web()
            ),
        }
    }

    /// Returns the path of all objects of a kind in the namespace.
    fn collection(&self, plural: &str) -> String {
        format!("/apis/apps/v1/namespaces/{}/{plural}", self.namespace())
    }

    fn web_path(&self) -> String {
        format!("{}/{WEB}", self.collection("deployments"))
    }
}

fn web(replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": WEB},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": WEB}},
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": {"app": WEB}},
                "spec": {
                    "containers": [{
                        "name": "app",
                        "image": "registry.example/web:v1",
                        "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1},
                    }],
                },
            },
        },
    })
}
