//! One namespace of the cluster, and what a scenario does in it: create, read, patch, wait, and be another user.
//!
//! It is created for one test and deleted when that test ends, however it ends.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Answer, PatchKind};
use crate::cluster::Cluster;
use crate::recording::Recording;
use crate::user::User;
use crate::wait;

/// The scheduler that story pods name. No scheduler of a real cluster has this name, so all leave them alone.
pub(crate) const SCHEDULER_NAME: &str = "kube-deploy-stories";

const QUOTA: &str = "quota";
const ADMISSION_LIMIT: Duration = Duration::from_secs(60);

/// A kind of object that scenarios touch, with its place in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Deployments,
    ReplicaSets,
    Pods,
    Events,
    Quotas,
    ServiceAccounts,
    Roles,
    RoleBindings,
}

impl Resource {
    /// Returns the path of the collection in a namespace.
    pub(crate) fn path(self, namespace: &str) -> String {
        let (group, plural) = match self {
            Self::Deployments => ("apis/apps/v1", "deployments"),
            Self::ReplicaSets => ("apis/apps/v1", "replicasets"),
            Self::Pods => ("api/v1", "pods"),
            Self::Events => ("api/v1", "events"),
            Self::Quotas => ("api/v1", "resourcequotas"),
            Self::ServiceAccounts => ("api/v1", "serviceaccounts"),
            Self::Roles => ("apis/rbac.authorization.k8s.io/v1", "roles"),
            Self::RoleBindings => ("apis/rbac.authorization.k8s.io/v1", "rolebindings"),
        };
        format!("/{group}/namespaces/{namespace}/{plural}")
    }
}

/// A namespace as the administrator sees it.
pub(crate) struct Namespace<'c> {
    cluster: &'c Cluster,
    name: String,
}

impl<'c> Namespace<'c> {
    /// Creates the namespace and waits until pods can be created in it.
    pub(crate) fn create(cluster: &'c Cluster, name: String) -> Self {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        cluster
            .admin()
            .create("/api/v1/namespaces", &object)
            .accepted();
        let namespace = Self { cluster, name };
        // Admission refuses pods until the controller has made their service account.
        namespace.wait_for(
            "its default service account",
            Duration::from_secs(60),
            |namespace| namespace.find(Resource::ServiceAccounts, "default"),
        );
        namespace
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn cluster(&self) -> &'c Cluster {
        self.cluster
    }

    /// Returns the path of a collection, or with a name of one object in it.
    pub(crate) fn path(&self, resource: Resource, name: Option<&str>) -> String {
        let collection = resource.path(&self.name);
        match name {
            Some(name) => format!("{collection}/{name}"),
            None => collection,
        }
    }

    /// Creates an object as it is given.
    #[track_caller]
    pub(crate) fn put(&self, resource: Resource, object: &Value) -> Value {
        self.cluster
            .admin()
            .create(&self.path(resource, None), object)
            .accepted()
    }

    /// Creates a Deployment whose pods are played by stories.
    #[track_caller]
    pub(crate) fn put_deployment(&self, mut deployment: Value) -> Value {
        deployment["spec"]["template"]["spec"]["schedulerName"] = json!(SCHEDULER_NAME);
        self.put(Resource::Deployments, &deployment)
    }

    /// Lets the namespace have so many pods, and waits until admission has heard of it.
    #[track_caller]
    pub(crate) fn limit_pods(&self, count: u32) {
        if self.find(Resource::Quotas, QUOTA).is_none() {
            // Admission learns of a quota by a watch of its own. Only one that refuses everything shows that it has.
            let quota = json!({
                "metadata": {"name": QUOTA},
                "spec": {"hard": {"pods": "0"}},
            });
            self.put(Resource::Quotas, &quota);
            self.wait_for(
                "the quota to refuse all pods",
                ADMISSION_LIMIT,
                |namespace| (!namespace.has_room_for_a_pod()).then_some(()),
            );
        }
        let hard = json!(count.to_string());
        let patch = json!({"spec": {"hard": {"pods": hard}}}).to_string();
        self.patch(Resource::Quotas, QUOTA, PatchKind::Merge, &patch)
            .accepted();
        self.wait_for("the quota to be counted", ADMISSION_LIMIT, |namespace| {
            let status = &namespace.find(Resource::Quotas, QUOTA)?["status"];
            let used = status["used"]["pods"].as_str()?.parse::<u32>().ok()?;
            let is_heard = used >= count || namespace.has_room_for_a_pod();
            (status["hard"]["pods"] == hard && is_heard).then_some(())
        });
    }

    fn has_room_for_a_pod(&self) -> bool {
        let pod = json!({
            "metadata": {"name": "probe"},
            "spec": {"containers": [{"name": "app", "image": "registry.example/app:v1"}]},
        });
        let path = self.path(Resource::Pods, None) + "?dryRun=All";
        self.cluster.admin().create(&path, &pod).status == 201
    }

    /// Returns the object of that name, which must be there.
    #[track_caller]
    pub(crate) fn read(&self, resource: Resource, name: &str) -> Value {
        self.cluster
            .admin()
            .get(&self.path(resource, Some(name)))
            .accepted()
    }

    /// Returns the object of that name, if it is there.
    pub(crate) fn find(&self, resource: Resource, name: &str) -> Option<Value> {
        let answer = self.cluster.admin().get(&self.path(resource, Some(name)));
        (answer.status == 200).then_some(answer.object)
    }

    /// Returns all objects of a kind.
    #[track_caller]
    pub(crate) fn list(&self, resource: Resource) -> Vec<Value> {
        let list = self
            .cluster
            .admin()
            .get(&self.path(resource, None))
            .accepted();
        list["items"].as_array().cloned().unwrap_or_default()
    }

    pub(crate) fn patch(
        &self,
        resource: Resource,
        name: &str,
        kind: PatchKind,
        body: &str,
    ) -> Answer {
        self.cluster
            .admin()
            .patch(&self.path(resource, Some(name)), kind, body)
    }

    /// Begins to write down all that a watch on this kind tells.
    pub(crate) fn record(&self, resource: Resource) -> Recording {
        Recording::start(self.cluster.admin(), &self.path(resource, None))
    }

    /// Changes the image of a Deployment's first container, as somebody else would.
    #[track_caller]
    pub(crate) fn set_image(&self, deployment: &str, image: &str) -> Value {
        let patch = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]);
        self.patch(
            Resource::Deployments,
            deployment,
            PatchKind::Json,
            &patch.to_string(),
        )
        .accepted()
    }

    /// Changes how many replicas a Deployment wants, as an autoscaler would.
    #[track_caller]
    pub(crate) fn scale(&self, deployment: &str, replicas: u32) -> Value {
        let patch = json!({"spec": {"replicas": replicas}}).to_string();
        self.patch(Resource::Deployments, deployment, PatchKind::Merge, &patch)
            .accepted()
    }

    #[track_caller]
    pub(crate) fn delete(&self, resource: Resource, name: &str) -> Value {
        self.cluster
            .admin()
            .delete(&self.path(resource, Some(name)))
            .accepted()
    }

    /// Waits until `condition` answers; a panic says what was waited for and what the namespace holds instead.
    #[track_caller]
    pub(crate) fn wait_for<T>(
        &self,
        what: &str,
        limit: Duration,
        mut condition: impl FnMut(&Self) -> Option<T>,
    ) -> T {
        match wait::until(limit, || condition(self)) {
            Some(answer) => answer,
            None => panic!(
                "waited {} s for {what}; {}",
                limit.as_secs(),
                self.summary()
            ),
        }
    }

    /// Returns one line per Deployment and pod, for the message of a test that failed.
    fn summary(&self) -> String {
        let mut lines = vec![format!("namespace {} holds:", self.name)];
        for deployment in self.list(Resource::Deployments) {
            lines.push(format!(
                "Deployment {} {}",
                deployment["metadata"]["name"], deployment["status"]
            ));
        }
        for pod in self.list(Resource::Pods) {
            lines.push(format!("Pod {} {}", pod["metadata"]["name"], pod["status"]));
        }
        lines.extend(self.cluster.kubelet().troubles(&self.name));
        lines.join("\n")
    }

    /// Waits until the controller says that the Deployment has completed its rollout.
    #[track_caller]
    pub(crate) fn wait_until_complete(&self, deployment: &str, limit: Duration) -> Value {
        self.wait_for(&format!("{deployment} to complete"), limit, |namespace| {
            let object = namespace.find(Resource::Deployments, deployment)?;
            let (spec, status) = (&object["spec"], &object["status"]);
            let is_complete = status["observedGeneration"] == object["metadata"]["generation"]
                && ["updatedReplicas", "availableReplicas", "replicas"]
                    .iter()
                    .all(|count| {
                        status[*count].as_u64().unwrap_or(0)
                            == spec["replicas"].as_u64().unwrap_or(1)
                    });
            is_complete.then_some(object)
        })
    }

    /// Creates a user who may do what `rules` allow in this namespace, and nothing anywhere else.
    #[track_caller]
    pub(crate) fn user(&self, name: &str, rules: &Value) -> User<'c> {
        User::create(self, name, rules)
    }
}

impl Drop for Namespace<'_> {
    fn drop(&mut self) {
        // The answer does not matter: the cluster itself goes away soon after.
        let _ = self
            .cluster
            .admin()
            .try_delete(&format!("/api/v1/namespaces/{}", self.name));
    }
}
