//! Nodes without machines: registers them, binds pods, and plays each pod by the sandbox's stories.
//!
//! What becomes of a pod is decided by `kube_sandbox::kubelet::step`; here it is only carried to a real API server.
//! It has a thread and runtime of its own, so that no test can starve it.

mod api;
mod logs;
mod pods;
mod scheduler;

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, RwLock};

use kube_sandbox::kubelet::{Memory, Stories, Story, Timings};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::certificates::Identity;
use crate::client::Client;
use api::Api;

/// The nodes that are there from the start; pods that select no node are spread over them.
const NODES: [&str; 2] = ["stories-1", "stories-2"];

/// Which pods without a node are bound to ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// All of them: there is no other scheduler.
    All,
    /// Only those that name our scheduler, so that a given cluster keeps its own pods.
    Ours,
}

/// The running stand-in. Dropping it leaves all pods as they are.
pub(crate) struct Kubelet {
    shared: Arc<Shared>,
    acceptor: TlsAcceptor,
    runtime: Option<Runtime>,
}

/// What the tasks have in common.
struct Shared {
    api: Api,
    takes: Takes,
    stories: RwLock<Stories>,
    timings: Timings,
    nodes: RwLock<Vec<Arc<Node>>>,
    next_node: AtomicUsize,
    /// The pods on our nodes, by namespace and name.
    pods: Mutex<HashMap<(String, String), Arc<Known>>>,
    /// In which namespace the API server refused what, for the message of a test that failed.
    troubles: Mutex<Vec<(String, String)>>,
}

/// A node and whether its kubelet runs.
struct Node {
    name: String,
    address: SocketAddr,
    runs: watch::Sender<bool>,
}

/// What is known of a pod.
struct Known {
    object: watch::Sender<Value>,
    memory: Mutex<Memory>,
}

impl Shared {
    fn node(&self, name: &str) -> Option<Arc<Node>> {
        self.nodes
            .read()
            .unwrap()
            .iter()
            .find(|node| node.name == name)
            .cloned()
    }

    fn note(&self, namespace: &str, trouble: String) {
        self.troubles
            .lock()
            .unwrap()
            .push((namespace.to_owned(), trouble));
    }
}

impl Kubelet {
    /// Registers the nodes and begins to play pods, as the administrator of a kubeconfig file.
    pub(crate) fn start(
        kubeconfig: &Path,
        identity: &Identity,
        takes: Takes,
        timings: Timings,
    ) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("kubelet")
            .enable_all()
            .build()
            .map_err(|error| format!("no runtime for the kubelet: {error}"))?;
        let client = Client::from_file(runtime.handle(), kubeconfig, "kubelet")?;
        let shared = Arc::new(Shared {
            api: Api::new(client),
            takes,
            stories: RwLock::new(Stories::default()),
            timings,
            nodes: RwLock::new(Vec::new()),
            next_node: AtomicUsize::new(0),
            pods: Mutex::new(HashMap::new()),
            troubles: Mutex::new(Vec::new()),
        });
        runtime.spawn(api::heartbeats(Arc::clone(&shared)));
        runtime.spawn(pods::play(Arc::clone(&shared)));
        let acceptor = logs::acceptor(identity)?;
        let kubelet = Self {
            shared,
            acceptor,
            runtime: Some(runtime),
        };
        for name in NODES {
            kubelet.register(name)?;
        }
        Ok(kubelet)
    }

    fn register(&self, name: &str) -> Result<(), String> {
        let Some(runtime) = &self.runtime else {
            return Ok(());
        };
        runtime.block_on(async {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
            let listener = listener.map_err(|error| format!("no port for logs: {error}"))?;
            let address = listener.local_addr().map_err(|error| error.to_string())?;
            let node = Arc::new(Node {
                name: name.to_owned(),
                address,
                runs: watch::Sender::new(true),
            });
            self.shared.nodes.write().unwrap().push(Arc::clone(&node));
            let shared = Arc::clone(&self.shared);
            tokio::spawn(logs::serve(shared, node, listener, self.acceptor.clone()));
            self.shared.api.register_node(name, address.port()).await
        })
    }

    /// Adds a node that takes only pods whose `nodeSelector` has its name as `kubernetes.io/hostname`.
    ///
    /// A test that stops a kubelet uses one of its own, since all tests share the others.
    pub(crate) fn add_node(&self, name: &str) {
        self.register(name)
            .unwrap_or_else(|reason| panic!("{reason}"));
    }

    /// Gives an image its story: a whole reference, or a tag, which then holds for every repository.
    pub(crate) fn tell(&self, image: &str, story: &str) {
        let story = Story::parse(story).unwrap_or_else(|| panic!("no such story: {story}"));
        self.shared.stories.write().unwrap().tell(image, story);
    }

    /// Stops the kubelet of a node: its pods stand still, and their logs cannot be had.
    pub(crate) fn stop(&self, node: &str) {
        self.set_runs(node, false);
    }

    /// Starts the kubelet of a node again; it goes on from what it knew.
    pub(crate) fn restart(&self, node: &str) {
        self.set_runs(node, true);
    }

    fn set_runs(&self, node: &str, runs: bool) {
        let node = self
            .shared
            .node(node)
            .unwrap_or_else(|| panic!("no such node: {node}"));
        node.runs.send_replace(runs);
    }

    /// Returns what the API server has refused in a namespace so far; nothing, if all goes well.
    pub(crate) fn troubles(&self, namespace: &str) -> Vec<String> {
        let troubles = self.shared.troubles.lock().unwrap();
        let here = troubles.iter().filter(|(place, _)| place == namespace);
        here.map(|(_, trouble)| trouble.clone()).collect()
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
