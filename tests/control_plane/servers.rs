//! etcd, kube-apiserver, and kube-controller-manager: their files, their flags, and the order they start in.
//!
//! Everything listens on 127.0.0.1 (etcd on a socket in the folder) and lives in one temporary folder.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::net::TcpSocket;
use tokio::runtime::Handle;

use crate::certificates::{Authority, Identity, token_keys};
use crate::client::Client;
use crate::kubeconfig::{self, Credentials, Endpoint};
use crate::process::{Guard, Program, Server};
use crate::wait;

/// The three servers of a cluster. Fields are dropped in this order, which is the order they end well in.
pub(crate) struct Servers {
    controller_manager: Server,
    api_server: Server,
    etcd: Server,
    _port: TcpSocket,
}

/// The files that the rest of the harness needs.
pub(crate) struct Files {
    pub(crate) admin_kubeconfig: PathBuf,
    pub(crate) audit_log: PathBuf,
    /// The certificate that the stand-in kubelet serves container logs with; the API server trusts it.
    pub(crate) kubelet: Identity,
}

/// Controllers that a deploy meets, and what they need: a real cluster runs more, none of which would have work here.
const CONTROLLERS: &str = "deployment-controller,replicaset-controller,garbage-collector-controller,\
                           namespace-controller,resourcequota-controller,serviceaccount-controller,job-controller,\
                           disruption-controller,clusterrole-aggregation-controller";

/// Requests of the harness and the controllers are left out of the audit log: it counts what tested programs ask for.
const AUDIT_POLICY: &str = "
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, userGroups: ['system:masters', 'system:serviceaccounts:kube-system']}
- {level: None, users: ['system:apiserver', 'system:kube-controller-manager', 'system:anonymous']}
- {level: Metadata}
";

const START_LIMIT: Duration = Duration::from_secs(120);

/// Returns the folder with the programs, building them first where they are not there.
///
/// The build takes minutes on a cold cache, so it talks on stderr while it runs.
pub(crate) fn programs() -> Result<PathBuf, String> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    BUILT.get_or_init(build).clone()
}

fn build() -> Result<PathBuf, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/control_plane/build");
    let output = Command::new(&script)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{} did not start: {error}", script.display()))?;
    if !output.status.success() {
        return Err(format!("{} failed; its reason is above", script.display()));
    }
    let folder = String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned();
    Ok(PathBuf::from(folder))
}

impl Servers {
    /// Starts all three in `folder` and returns when the API server says that it is ready.
    pub(crate) fn start(
        runtime: &Handle,
        programs: &Path,
        folder: &Path,
        guard: &Arc<Guard>,
    ) -> Result<(Self, Files), String> {
        let reserved = reserve_port().map_err(|error| format!("no free port: {error}"))?;
        let port = reserved
            .local_addr()
            .map_err(|error| error.to_string())?
            .port();
        let (files, endpoint) = write_files(folder, port);
        let launch = |name: &str, arguments: Vec<String>| {
            let program = Program {
                path: programs.join(name),
                arguments,
                log: folder.join(format!("{name}.log")),
            };
            Server::start(program, Arc::clone(guard))
                .map_err(|error| format!("{name} did not start: {error}"))
        };
        let etcd = launch("etcd", etcd_arguments(folder))?;
        let api_server = launch("kube-apiserver", api_server_arguments(folder, port))?;
        let admin = Client::from_file(runtime, &files.admin_kubeconfig, "kubectl")?;
        // It gives up when the API server is not there, so it is started last.
        let mut starting = Starting { etcd, api_server };
        starting.wait_until_ready(&admin, &endpoint)?;
        let controller_manager = launch(
            "kube-controller-manager",
            controller_manager_arguments(folder),
        )?;
        let Starting { etcd, api_server } = starting;
        Ok((
            Self {
                controller_manager,
                api_server,
                etcd,
                _port: reserved,
            },
            files,
        ))
    }

    /// Restarts the API server; open connections break, as they do in an upgrade.
    pub(crate) fn restart_api_server(&mut self, admin: &Client) -> Result<(), String> {
        self.api_server
            .restart()
            .map_err(|error| error.to_string())?;
        wait::until(START_LIMIT, || is_ready(admin).then_some(()))
            .ok_or_else(|| format!("the API server did not come back\n{}", self.log_tails()))
    }

    /// Returns the process ids of etcd, the API server, and the controller manager.
    pub(crate) fn processes(&self) -> [u32; 3] {
        [&self.etcd, &self.api_server, &self.controller_manager].map(Server::id)
    }

    fn log_tails(&self) -> String {
        [&self.etcd, &self.api_server, &self.controller_manager]
            .map(Server::log_tail)
            .concat()
    }
}

struct Starting {
    etcd: Server,
    api_server: Server,
}

impl Starting {
    fn wait_until_ready(&mut self, admin: &Client, endpoint: &Endpoint) -> Result<(), String> {
        let mut ended = None;
        wait::until(START_LIMIT, || {
            ended = self
                .etcd
                .why_ended()
                .or_else(|| self.api_server.why_ended());
            (ended.is_some() || is_ready(admin)).then_some(())
        });
        let reason = match ended {
            Some(reason) => reason,
            None if is_ready(admin) => return Ok(()),
            None => format!(
                "{} was not ready within {} s",
                endpoint.0["server"],
                START_LIMIT.as_secs()
            ),
        };
        Err(format!(
            "{reason}\n{}{}",
            self.etcd.log_tail(),
            self.api_server.log_tail()
        ))
    }
}

fn is_ready(admin: &Client) -> bool {
    admin
        .try_get("/readyz")
        .is_ok_and(|answer| answer.status == 200)
}

/// Takes a free port on loopback and keeps it, so that nobody else gets it before or between the API server's runs.
///
/// The API server cannot be told to choose a port; it shares this one, on which nothing else ever listens.
fn reserve_port() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(socket)
}

fn write_files(folder: &Path, port: u16) -> (Files, Endpoint) {
    let authority = Authority::generate();
    let put = |name: &str, text: &str| {
        fs::write(folder.join(name), text).expect("the folder is writable")
    };
    let put_identity = |name: &str, identity: &Identity| {
        put(&format!("{name}.crt"), &identity.certificate);
        put(&format!("{name}.key"), &identity.key);
    };
    put("authority.crt", authority.certificate());
    put_identity(
        "api-server",
        &authority.server(&["127.0.0.1", "localhost", "kubernetes.default.svc"]),
    );
    put_identity("to-kubelet", &authority.client("kube-apiserver", None));
    let (private, public) = token_keys();
    put("service-accounts.key", &private);
    put("service-accounts.pub", &public);
    put("audit-policy.yaml", AUDIT_POLICY);

    let endpoint = Endpoint::new(
        &format!("https://127.0.0.1:{port}"),
        authority.certificate(),
    );
    let put_kubeconfig = |name: &str, identity: &Identity| {
        let path = folder.join(name);
        kubeconfig::write(
            &path,
            &endpoint,
            &Credentials::Certificate(identity),
            "control-plane",
            "default",
        );
        path
    };
    put_kubeconfig(
        "controller-manager.kubeconfig",
        &authority.client("system:kube-controller-manager", None),
    );
    let admin = authority.client("admin", Some("system:masters"));
    let files = Files {
        admin_kubeconfig: put_kubeconfig("admin.kubeconfig", &admin),
        audit_log: folder.join("audit.jsonl"),
        kubelet: authority.server(&["127.0.0.1"]),
    };
    (files, endpoint)
}

fn etcd_arguments(folder: &Path) -> Vec<String> {
    let socket = etcd_socket(folder);
    // A single member advertises addresses that nobody ever dials.
    arguments(&[
        ("data-dir", &folder.join("etcd").to_string_lossy()),
        ("listen-client-urls", &socket),
        ("advertise-client-urls", "http://127.0.0.1:2379"),
        ("listen-peer-urls", "unix://etcd-peers:0"),
        ("initial-advertise-peer-urls", "http://127.0.0.1:2380"),
        ("initial-cluster", "control-plane=http://127.0.0.1:2380"),
        ("name", "control-plane"),
        ("unsafe-no-fsync", "true"),
        ("log-level", "warn"),
    ])
}

fn etcd_socket(folder: &Path) -> String {
    format!("unix://{}", folder.join("etcd.sock").display())
}

fn api_server_arguments(folder: &Path, port: u16) -> Vec<String> {
    let file = |name: &str| folder.join(name).to_string_lossy().into_owned();
    arguments(&[
        ("bind-address", "127.0.0.1"),
        ("advertise-address", "127.0.0.1"),
        ("secure-port", &port.to_string()),
        ("permit-port-sharing", "true"),
        ("etcd-servers", &etcd_socket(folder)),
        ("tls-cert-file", &file("api-server.crt")),
        ("tls-private-key-file", &file("api-server.key")),
        ("client-ca-file", &file("authority.crt")),
        ("authorization-mode", "RBAC"),
        ("service-account-issuer", "https://kubernetes.default.svc"),
        ("service-account-key-file", &file("service-accounts.pub")),
        (
            "service-account-signing-key-file",
            &file("service-accounts.key"),
        ),
        ("service-cluster-ip-range", "10.0.0.0/24"),
        // The `kubernetes` Service cannot point to a loopback address.
        ("endpoint-reconciler-type", "none"),
        ("kubelet-preferred-address-types", "InternalIP"),
        ("kubelet-certificate-authority", &file("authority.crt")),
        ("kubelet-client-certificate", &file("to-kubelet.crt")),
        ("kubelet-client-key", &file("to-kubelet.key")),
        ("audit-policy-file", &file("audit-policy.yaml")),
        ("audit-log-path", &file("audit.jsonl")),
        ("audit-log-mode", "blocking"),
        ("shutdown-delay-duration", "0s"),
        ("profiling", "false"),
    ])
}

fn controller_manager_arguments(folder: &Path) -> Vec<String> {
    let kubeconfig = folder
        .join("controller-manager.kubeconfig")
        .to_string_lossy()
        .into_owned();
    arguments(&[
        ("kubeconfig", &kubeconfig),
        ("controllers", CONTROLLERS),
        // Each controller is a user of its own, as in real clusters: their names stand in cluster events and refusals.
        ("use-service-account-credentials", "true"),
        ("leader-elect", "false"),
        ("secure-port", "0"),
        ("resource-quota-sync-period", "1s"),
        ("kube-api-qps", "200"),
        ("kube-api-burst", "400"),
        ("profiling", "false"),
    ])
}

fn arguments(flags: &[(&str, &str)]) -> Vec<String> {
    flags
        .iter()
        .map(|(name, value)| format!("--{name}={value}"))
        .collect()
}
