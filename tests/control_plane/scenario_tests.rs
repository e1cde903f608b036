//! The scenarios on the real control plane, one namespace each.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::client::Client;
use crate::cluster::Cluster;
use crate::namespace::{Namespace, SCHEDULER_NAME};
use crate::scenarios::backend::Backend;
use crate::scenarios::every_scenario;

every_scenario!(crate::scenario_tests::open);

/// Makes the namespace of a scenario.
fn open(scenario: &str) -> Namespace<'static> {
    let name: String = scenario.replace('_', "-").chars().take(40).collect();
    Cluster::shared().namespace(&name)
}

impl Backend for Namespace<'_> {
    fn namespace(&self) -> &str {
        self.name()
    }

    fn admin(&self) -> &Client {
        self.cluster().admin()
    }

    fn folder(&self) -> &Path {
        self.cluster().folder()
    }

    fn user(&self, name: &str, rules: &Value) -> PathBuf {
        Namespace::user(self, name, rules).kubeconfig("qa")
    }

    fn limit_pods(&self, count: u32) {
        Namespace::limit_pods(self, count);
    }

    fn adapt(&self, deployment: &mut Value) {
        deployment["spec"]["template"]["spec"]["schedulerName"] = json!(SCHEDULER_NAME);
    }

    fn verbs_of(&self, user: &str) -> Option<Vec<String>> {
        let cluster = self.cluster();
        let name = format!("system:serviceaccount:{}:{user}", self.name());
        let requests = cluster.requests_of(&name).into_iter();
        cluster
            .is_own()
            .then(|| requests.map(|request| request.verb).collect())
    }
}
