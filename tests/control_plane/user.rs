//! A user of one namespace: a service account with a token, the rights of one Role, and kubeconfig files.
//!
//! Service accounts are used because they exist on every cluster, so that a given one needs no special case.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::cluster::{Cluster, Request};
use crate::kubeconfig::{self, Credentials};
use crate::namespace::{Namespace, Resource};

/// Somebody who is not the administrator.
pub(crate) struct User<'c> {
    cluster: &'c Cluster,
    namespace: String,
    name: String,
    token: String,
    client: Client,
}

impl<'c> User<'c> {
    /// Creates the user; without `rules` nothing is allowed to them.
    #[track_caller]
    pub(crate) fn create(namespace: &Namespace<'c>, name: &str, rules: &Value) -> Self {
        let cluster = namespace.cluster();
        namespace.put(
            Resource::ServiceAccounts,
            &json!({"metadata": {"name": name}}),
        );
        let path = namespace.path(Resource::ServiceAccounts, Some(name)) + "/token";
        let request = json!({"spec": {"expirationSeconds": 7200}});
        let answer = cluster.admin().create(&path, &request).accepted();
        let token = answer["status"]["token"]
            .as_str()
            .expect("a token")
            .to_owned();
        let file = cluster
            .folder()
            .join(format!("{}-{name}.kubeconfig", namespace.name()));
        kubeconfig::write(
            &file,
            cluster.endpoint(),
            &Credentials::Token(&token),
            "control-plane",
            namespace.name(),
        );
        let user = Self {
            cluster,
            namespace: namespace.name().to_owned(),
            name: format!("system:serviceaccount:{}:{name}", namespace.name()),
            token,
            client: cluster.client(&file),
        };
        if let Some(last) = rules.as_array().and_then(|rules| rules.last()) {
            user.bind(namespace, name, rules, last);
        }
        user
    }

    fn bind(&self, namespace: &Namespace<'_>, name: &str, rules: &Value, last: &Value) {
        namespace.put(
            Resource::Roles,
            &json!({"metadata": {"name": name}, "rules": rules}),
        );
        let binding = json!({
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace.name()}],
        });
        namespace.put(Resource::RoleBindings, &binding);
        // The authorizer learns of Roles and bindings by watches of its own.
        namespace.wait_for("the user's rights", Duration::from_secs(30), |_| {
            let review = json!({"spec": {"namespace": namespace.name()}});
            let answer = self.client.create(
                "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
                &review,
            );
            let known = answer.object["status"]["resourceRules"].as_array()?;
            known
                .iter()
                .any(|rule| rule["resources"] == last["resources"])
                .then_some(())
        });
    }

    /// Returns the name that the API server knows the user by, as it stands in refusals.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Writes a kubeconfig with one context of that name, in the user's namespace, and returns its path.
    pub(crate) fn kubeconfig(&self, context: &str) -> PathBuf {
        let account = self.name.rsplit(':').next().unwrap_or_default();
        let file = self
            .cluster
            .folder()
            .join(format!("{}-{account}-{context}.kubeconfig", self.namespace));
        let credentials = Credentials::Token(&self.token);
        kubeconfig::write(
            &file,
            self.cluster.endpoint(),
            &credentials,
            context,
            &self.namespace,
        );
        file
    }

    /// Returns what the user has asked the API server for so far, by the server's own log.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.cluster.requests_of(&self.name)
    }

    /// Asks for something in the user's name.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.client.get(path)
    }
}
