//! One control plane for all tests of the binary: started once, or a given cluster taken instead.
//!
//! `KUBE_DEPLOY_TEST_KUBECONFIG` is read here and nowhere else.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use kube::config::Kubeconfig;
use kube_sandbox::kubelet::Timings;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::certificates::Authority;
use crate::client::Client;
use crate::kubeconfig::Endpoint;
use crate::kubelet::{Kubelet, Takes};
use crate::namespace::Namespace;
use crate::process::Guard;
use crate::servers::{Servers, programs};

/// How long back-offs take, in percent of a kubelet's: a crash loop is one within seconds, and the order stays.
const BACK_OFF_PERCENT: u32 = 10;

/// A request that the API server has logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) verb: String,
    pub(crate) path: String,
    pub(crate) status: u64,
}

/// A running control plane with its stand-in for nodes.
pub(crate) struct Cluster {
    kubelet: Kubelet,
    admin: Client,
    endpoint: Endpoint,
    servers: Option<OwnServers>,
    folder: PathBuf,
    namespaces: AtomicUsize,
    _guard: Arc<Guard>,
    runtime: Runtime,
}

struct OwnServers {
    running: Mutex<Servers>,
    audit_log: PathBuf,
}

impl Cluster {
    /// Returns the cluster that all tests share, starting it first if this is the first one.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Cluster, String>> = OnceLock::new();
        match SHARED.get_or_init(Self::start) {
            Ok(cluster) => cluster,
            Err(reason) => panic!("the control plane did not start: {reason}"),
        }
    }

    /// Starts a cluster of its own, or connects to the one that `KUBE_DEPLOY_TEST_KUBECONFIG` names.
    ///
    /// A given cluster must be disposable: a Node, namespaces, and Roles are made in it, as its administrator. What
    /// needs its API server to reach this process (container logs) works only where both are on one machine.
    pub(crate) fn start() -> Result<Self, String> {
        let folder = tempfile::Builder::new()
            .prefix("kube-deploy-")
            .tempdir()
            .map_err(|error| format!("no temporary folder: {error}"))?
            .keep();
        let guard = Arc::new(Guard::start(&folder));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| format!("no runtime: {error}"))?;
        let (servers, kubeconfig, kubelet) = match given_kubeconfig() {
            Some(kubeconfig) => (
                None,
                kubeconfig,
                Authority::generate().server(&["127.0.0.1"]),
            ),
            None => {
                let (servers, files) =
                    Servers::start(runtime.handle(), &programs()?, &folder, &guard)?;
                let own = OwnServers {
                    running: Mutex::new(servers),
                    audit_log: files.audit_log,
                };
                (Some(own), files.admin_kubeconfig, files.kubelet)
            }
        };
        let takes = if servers.is_some() {
            Takes::All
        } else {
            Takes::Ours
        };
        let timings = Timings::default().scaled(BACK_OFF_PERCENT);
        let kubelet = Kubelet::start(&kubeconfig, &kubelet, takes, timings)?;
        let admin = Client::from_file(runtime.handle(), &kubeconfig, "kubectl")?;
        let endpoint = endpoint_of(&kubeconfig)?;
        let namespaces = AtomicUsize::new(1);
        Ok(Self {
            kubelet,
            admin,
            endpoint,
            servers,
            folder,
            namespaces,
            _guard: guard,
            runtime,
        })
    }

    /// Creates a namespace whose name starts with `prefix` and is not that of any other test.
    pub(crate) fn namespace(&self, prefix: &str) -> Namespace<'_> {
        let number = self.namespaces.fetch_add(1, Ordering::Relaxed);
        Namespace::create(self, format!("{prefix}-{}-{number}", std::process::id()))
    }

    /// Returns what plays the nodes, to tell it stories and to stop it.
    pub(crate) fn kubelet(&self) -> &Kubelet {
        &self.kubelet
    }

    pub(crate) fn admin(&self) -> &Client {
        &self.admin
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the folder of the cluster's files, which goes away with it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Connects with the credentials of a kubeconfig file.
    pub(crate) fn client(&self, kubeconfig: &Path) -> Client {
        Client::from_file(self.runtime.handle(), kubeconfig, "kubectl")
            .expect("a kubeconfig written by this harness")
    }

    /// Returns the release of the API server, such as `v1.36.4`.
    pub(crate) fn version(&self) -> String {
        let version = self.admin.get("/version").accepted();
        version["gitVersion"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Restarts the API server under everybody's connections; a given cluster has none to restart.
    pub(crate) fn restart_api_server(&self) {
        let servers = self
            .servers
            .as_ref()
            .expect("a cluster that was started here");
        let restarted = servers
            .running
            .lock()
            .unwrap()
            .restart_api_server(&self.admin);
        restarted.unwrap_or_else(|reason| panic!("{reason}"));
    }

    /// Returns whether the cluster was started here, so that its log and its processes are at hand.
    pub(crate) fn is_own(&self) -> bool {
        self.servers.is_some()
    }

    /// Returns the process ids of the servers, for measurements; none on a given cluster.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let Some(servers) = &self.servers else {
            return Vec::new();
        };
        servers.running.lock().unwrap().processes().to_vec()
    }

    /// Returns the kubectl that was built with the cluster.
    pub(crate) fn kubectl(&self) -> PathBuf {
        programs()
            .unwrap_or_else(|reason| panic!("{reason}"))
            .join("kubectl")
    }

    /// Returns what a user has asked for so far, in order; nothing on a given cluster, whose log is not at hand.
    pub(crate) fn requests_of(&self, user: &str) -> Vec<Request> {
        let Some(servers) = &self.servers else {
            return Vec::new();
        };
        let log = fs::read_to_string(&servers.audit_log).unwrap_or_default();
        let entries = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        // A watch is logged when it starts and when it ends, everything else once.
        entries
            .filter(|entry| entry["user"]["username"] == user)
            .filter(|entry| entry["verb"] != "watch" || entry["stage"] == "ResponseStarted")
            .map(|entry| Request {
                verb: entry["verb"].as_str().unwrap_or_default().to_owned(),
                path: entry["requestURI"].as_str().unwrap_or_default().to_owned(),
                status: entry["responseStatus"]["code"].as_u64().unwrap_or_default(),
            })
            .collect()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the tests read this variable"
)]
fn given_kubeconfig() -> Option<PathBuf> {
    std::env::var_os("KUBE_DEPLOY_TEST_KUBECONFIG").map(PathBuf::from)
}

fn endpoint_of(kubeconfig: &Path) -> Result<Endpoint, String> {
    let file = Kubeconfig::read_from(kubeconfig).map_err(|error| error.to_string())?;
    let context = file.current_context.as_deref();
    let named = file
        .contexts
        .iter()
        .find(|named| Some(named.name.as_str()) == context);
    let cluster = named
        .and_then(|named| named.context.as_ref())
        .map(|context| context.cluster.as_str());
    let found = file
        .clusters
        .iter()
        .find(|named| Some(named.name.as_str()) == cluster);
    let cluster = found.and_then(|named| named.cluster.as_ref());
    cluster
        .map(|cluster| Endpoint(json!(cluster)))
        .ok_or_else(|| "its current context names no cluster".to_owned())
}
