//! The scenarios on the sandbox's own server, one server each, in real time.

use std::fs;
use std::path::{Path, PathBuf};

use kube_sandbox::api::User;
use kube_sandbox::clock::Clock;
use kube_sandbox::kubelet::Timings;
use kube_sandbox::server::{Options, RealClock, Server};
use kube_sandbox::world::{World, WorldOptions};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::client::{Client, PatchKind};
use crate::patch_rules;
use crate::scenarios::backend::Backend;
use crate::scenarios::every_scenario;

/// How long back-offs take, in percent of a kubelet's; the same as on the real control plane.
const BACK_OFF_PERCENT: u32 = 10;
const NAMESPACE: &str = "shop";

every_scenario!(crate::scenario_tests::Sandbox::open);

#[test]
fn json_patches_are_answered_by_the_rules() {
    let sandbox = Sandbox::open("json_patches");
    let path = format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments");
    patch_rules::check(
        |deployment| {
            sandbox.admin.create(&path, deployment).accepted();
        },
        |name, body| {
            let path = format!("{path}/{name}");
            let answer = sandbox.admin.patch(&path, PatchKind::Json, body);
            (answer.status, answer.object)
        },
    );
}

/// A server of its own, with its administrator.
struct Sandbox {
    server: Server,
    admin: Client,
    folder: TempDir,
    _runtime: Runtime,
}

impl Sandbox {
    fn open(_scenario: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let mut clock = RealClock::default();
        let world = World::new(WorldOptions {
            start: clock.now(),
            timings: Timings::default().scaled(BACK_OFF_PERCENT),
            ..WorldOptions::default()
        });
        let options = Options {
            clock: Box::new(clock),
            ..Options::on_loopback(world)
        };
        let server = runtime
            .block_on(Server::start(options))
            .expect("a free port");
        let folder = TempDir::new().expect("a temporary folder");
        let kubeconfig = folder.path().join("admin.kubeconfig");
        fs::write(&kubeconfig, server.kubeconfig().to_string()).expect("a folder of our own");
        let admin = Client::from_file(runtime.handle(), &kubeconfig, "kubectl")
            .expect("the sandbox's own kubeconfig");
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        admin.create("/api/v1/namespaces", &namespace).accepted();
        Self {
            server,
            admin,
            folder,
            _runtime: runtime,
        }
    }

    fn put(&self, group: &str, plural: &str, object: &Value) {
        let path = format!("/{group}/namespaces/{NAMESPACE}/{plural}");
        self.admin.create(&path, object).accepted();
    }
}

impl Backend for Sandbox {
    fn namespace(&self) -> &str {
        NAMESPACE
    }

    fn admin(&self) -> &Client {
        &self.admin
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn user(&self, name: &str, rules: &Value) -> PathBuf {
        const RBAC: &str = "apis/rbac.authorization.k8s.io/v1";
        self.put(
            RBAC,
            "roles",
            &json!({"metadata": {"name": name}, "rules": rules}),
        );
        let binding = json!({
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": name}],
        });
        self.put(RBAC, "rolebindings", &binding);
        let admitted = self
            .server
            .with(|cluster, _| cluster.admit(name, User::named(name)));
        admitted.expect("a running server");
        let mut kubeconfig = self.server.kubeconfig_of(name);
        kubeconfig["contexts"][0]["name"] = json!("qa");
        kubeconfig["contexts"][0]["context"]["namespace"] = json!(NAMESPACE);
        kubeconfig["current-context"] = json!("qa");
        let path = self.folder.path().join(format!("{name}.kubeconfig"));
        fs::write(&path, kubeconfig.to_string()).expect("a folder of our own");
        path
    }

    fn limit_pods(&self, count: u32) {
        let quota =
            json!({"metadata": {"name": "quota"}, "spec": {"hard": {"pods": count.to_string()}}});
        self.put("api/v1", "resourcequotas", &quota);
    }

    fn adapt(&self, _deployment: &mut Value) {}

    fn verbs_of(&self, user: &str) -> Option<Vec<String>> {
        let verbs = self.server.with(|cluster, _| {
            let entries = cluster.log.entries();
            let own = entries.filter(|entry| entry.user.as_deref() == Some(user));
            own.filter_map(|entry| entry.verb.map(str::to_owned))
                .collect()
        });
        Some(verbs.expect("a running server"))
    }
}
