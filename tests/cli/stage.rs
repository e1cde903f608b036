//! A stage for one test: a cluster in this process, a git repository, a home, and the real binary.
//!
//! Nothing of the machine's own settings reaches the program, and nothing leaves the loopback.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use kube_sandbox::api::{self, Body, Circumstances, Request, User};
use kube_sandbox::clock::Time;
use kube_sandbox::faults::{Fault, Match, Rule};
use kube_sandbox::object::Kind;
use kube_sandbox::server::{Cluster, Options, RealClock, Server};
use kube_sandbox::world::{World, WorldOptions};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Nothing here takes that long unless it hangs.
const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) const WEB: &str = "/apis/apps/v1/namespaces/shop/deployments/web";

/// Short, so that no test waits for what a person would be given.
const PATIENCE: &str = "\
patience:
  observe: 2s
  replica-set-create: 1s
  pod-create: 1s
  second-sighting: 300ms
  paused: 1s
  progress: 1s
  min-ready-margin: 1s
  stable: 200ms
  heartbeat: 1s
  safety-read: 1s
  idle-watch: 2s
  controller-margin: 1s
  evidence: 1s
  hiccup: 1s
  lost-contact: 3s
";

pub(crate) struct Stage {
    runtime: tokio::runtime::Runtime,
    pub(crate) server: Server,
    pub(crate) home: TempDir,
    /// The commits of `master`, oldest first; the first one runs.
    pub(crate) commits: Vec<String>,
}

/// How one run of the program ended.
#[derive(Debug)]
pub(crate) struct Run {
    /// As a shell would have it: 128 and the signal's number for one that was killed.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A Deployment that takes part, as the tests' namespace has them.
pub(crate) fn deployment(name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {
            "name": name, "namespace": "shop",
            "annotations": {
                "wantedly.com/deploy-target": "true",
                "wantedly.com/deploy-target-container": "app",
                "wantedly.com/github": "app=wantedly/shop",
            },
        },
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{
                    "name": "app", "image": image,
                    "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1},
                }]},
            },
        },
    })
}

fn send(world: &mut World, method: http::Method, path: &str, body: &Value, now: Time) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let request = Request {
        method: method.clone(),
        path: path.to_owned(),
        query: query
            .split_once('=')
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect(),
        headers: vec![(
            "content-type".to_owned(),
            match method {
                http::Method::PATCH => "application/merge-patch+json".to_owned(),
                _ => "application/json".to_owned(),
            },
        )],
        body: Bytes::from(body.to_string()),
        user: User::admin(),
    };
    let response = api::apply(world, &request, &Circumstances::default(), now);
    let Body::Whole(bytes) = &response.body else {
        panic!("{method} {path} is answered by a watch");
    };
    assert!(
        response.status < 300,
        "{method} {path}: {}",
        String::from_utf8_lossy(bytes)
    );
    serde_json::from_slice(bytes).unwrap()
}

impl Stage {
    /// A namespace with one Deployment, `web`, that runs the first commit.
    pub(crate) fn new() -> Stage {
        Stage::with(|_| {})
    }

    /// The same, with something about the Deployment changed before it is made.
    pub(crate) fn with(change: impl FnOnce(&mut Value)) -> Stage {
        let mut web = Vec::new();
        Stage::of(|first| {
            let mut object = deployment("web", &format!("registry.example/shop:{first}"));
            change(&mut object);
            web.push(object);
            web
        })
    }

    /// A namespace with Deployments made from the commit that runs.
    pub(crate) fn of(objects: impl FnOnce(&str) -> Vec<Value>) -> Stage {
        let home = TempDir::new().unwrap();
        let commits = repository(&home.path().join("shop.git"));
        let now = Time(
            i64::try_from(
                SystemTime::now()
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .unwrap()
                    .as_millis(),
            )
            .unwrap(),
        );
        let mut options = WorldOptions {
            start: now.minus(Duration::from_secs(3600)),
            ..WorldOptions::default()
        };
        options.timings = options.timings.scaled(5);
        options.timings.notice = Duration::from_millis(5);
        options.timings.pull = Duration::from_millis(10);
        let start = options.start;
        let mut world = World::new(options);
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
        let post = http::Method::POST;
        send(
            &mut world,
            post.clone(),
            "/api/v1/namespaces",
            &namespace,
            start,
        );
        for object in objects(&commits[0]) {
            let path = match object["kind"].as_str().unwrap() {
                "Deployment" => "/apis/apps/v1/namespaces/shop/deployments",
                "ResourceQuota" => "/api/v1/namespaces/shop/resourcequotas",
                "Role" => "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles",
                "RoleBinding" => "/apis/rbac.authorization.k8s.io/v1/namespaces/shop/rolebindings",
                other => panic!("no path for {other}"),
            };
            send(&mut world, post.clone(), path, &object, start);
        }
        world.run_to(now);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let server = runtime
            .block_on(Server::start(Options {
                clock: Box::new(RealClock::default()),
                ..Options::on_loopback(world)
            }))
            .unwrap();
        let stage = Stage {
            runtime,
            server,
            home,
            commits,
        };
        stage.write("kubeconfig", &stage.kubeconfig("admin"));
        stage.configure("");
        stage
    }

    /// Returns a kubeconfig with the context `qa` for the user of a token.
    pub(crate) fn kubeconfig(&self, token: &str) -> String {
        self.kubeconfig_to(&format!("http://{}", self.server.address().unwrap()), token)
    }

    pub(crate) fn kubeconfig_to(&self, server: &str, token: &str) -> String {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "other",
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": {"token": token}}],
            "contexts": [{"name": "qa", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
        })
        .to_string()
    }

    /// Writes the configuration, with more keys after the usual ones.
    pub(crate) fn configure(&self, more: &str) {
        let repository = self.home.path().join("shop.git");
        let text = format!(
            "repositories:\n  wantedly/shop: {}\n{PATIENCE}{more}",
            repository.display()
        );
        self.write("config.yaml", &text);
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, private).unwrap();
        path
    }

    pub(crate) fn fault(&self, rule: Rule) {
        self.cluster(|cluster, _| cluster.faults.add(rule));
    }

    pub(crate) fn fault_at(&self, verb: &str, path: &str, fault: Fault) {
        self.fault(Rule::new(Match::verb(verb, path), fault));
    }

    pub(crate) fn without_faults(&self) {
        self.cluster(|cluster, _| cluster.faults.clear());
    }

    pub(crate) fn cluster<T>(&self, act: impl FnOnce(&mut Cluster, Time) -> T) -> T {
        let _entered = self.runtime.enter();
        self.server.with(act).unwrap()
    }

    /// Changes an object as somebody else does, by a merge patch.
    pub(crate) fn edit(&self, path: &str, change: &Value) -> Value {
        self.cluster(|cluster, now| {
            send(&mut cluster.world, http::Method::PATCH, path, change, now)
        })
    }

    pub(crate) fn object(&self, kind: Kind, name: &str) -> Value {
        self.cluster(|cluster, _| {
            let found = cluster.world.store.find(kind, "shop", name);
            found.unwrap().as_ref().clone()
        })
    }

    pub(crate) fn image_of(&self, name: &str) -> String {
        let object = self.object(Kind::Deployment, name);
        let containers = &object["spec"]["template"]["spec"]["containers"];
        containers[0]["image"].as_str().unwrap().to_owned()
    }

    /// Returns the requests that changed a Deployment, as far as the program sent them.
    pub(crate) fn writes(&self) -> Vec<String> {
        self.cluster(|cluster, _| {
            let written = cluster
                .log
                .entries()
                .filter(|entry| entry.has_written && !entry.path.contains("/leases"));
            written
                .map(|entry| format!("{} {}", entry.method, entry.path))
                .collect()
        })
    }

    /// Returns how many requests were like that.
    pub(crate) fn asked(&self, verb: &str, path: &str) -> usize {
        self.cluster(|cluster, _| {
            let is_like = |entry: &&kube_sandbox::server::Entry| {
                entry.verb == Some(verb) && entry.path == path
            };
            cluster.log.entries().filter(is_like).count()
        })
    }

    pub(crate) fn old(&self) -> &str {
        &self.commits[0]
    }

    pub(crate) fn new_commit(&self) -> &str {
        self.commits.last().unwrap()
    }

    /// Returns the program in a clean environment, with the stage's own files.
    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kube"));
        command
            .args(words.split_whitespace())
            .env_clear()
            .env("HOME", self.home.path())
            .env("KUBECONFIG", self.home.path().join("kubeconfig"))
            .env("KUBE_DEPLOY_CONFIG", self.home.path().join("config.yaml"))
            .env("PATH", "/usr/bin:/bin")
            .current_dir(self.home.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn kube(&self, words: &str) -> Run {
        self.run(&mut self.command(words))
    }

    pub(crate) fn run(&self, command: &mut Command) -> Run {
        Running::start(command).end(self)
    }

    /// Waits until something holds of the cluster.
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Stage) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            assert!(start.elapsed() < DEADLINE, "{what} did not come true");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Takes what differs from run to run out of a text.
    fn settle(&self, text: &str) -> String {
        let address = self.server.address().unwrap().to_string();
        text.replace(&address, "ADDRESS")
            .replace(&self.home.path().display().to_string(), "HOME")
    }
}

/// A run of the program that has not ended.
pub(crate) struct Running {
    pub(crate) child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Running {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().map(collect);
        let stderr = child.stderr.take().map(collect);
        Running {
            child,
            stdout,
            stderr,
        }
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    pub(crate) fn end(mut self, stage: &Stage) -> Run {
        let status = ended(&mut self.child);
        let text = |reader: Option<JoinHandle<String>>| {
            reader.map_or_else(String::new, |reader| stage.settle(&reader.join().unwrap()))
        };
        Run {
            code: code(status),
            stdout: text(self.stdout),
            stderr: text(self.stderr),
        }
    }
}

/// Waits for the end of a process, and ends it when that takes too long.
pub(crate) fn ended(child: &mut Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > DEADLINE {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap()
}

fn collect(mut from: impl std::io::Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    })
}

impl Run {
    /// Checks the exit code and that stderr has all the pieces.
    #[track_caller]
    pub(crate) fn tells(&self, code: i32, pieces: &[&str]) -> &Run {
        assert_eq!(self.code, code, "{self}");
        for piece in pieces {
            assert!(self.stderr.contains(piece), "no `{piece}` in:\n{self}");
        }
        self
    }

    /// Returns the last line of stdout, which is the result in both JSON forms.
    pub(crate) fn document(&self) -> Value {
        let line = self.stdout.lines().last().unwrap_or_default();
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}:\n{self}"))
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "exit code {}\n--- stdout\n{}--- stderr\n{}",
            self.code, self.stdout, self.stderr
        )
    }
}

/// Makes a bare repository with three commits on `master` and returns them.
fn repository(path: &Path) -> Vec<String> {
    let repository = git2::Repository::init_bare(path).unwrap();
    let time = git2::Time::new(1_790_000_000, 0);
    let author = git2::Signature::new("A. Author", "author@example.com", &time).unwrap();
    let tree = repository.treebuilder(None).unwrap().write().unwrap();
    let tree = repository.find_tree(tree).unwrap();
    let mut commits: Vec<git2::Oid> = Vec::new();
    for subject in ["First", "Second", "\u{1b}[2J::error::Third"] {
        let parent = commits
            .last()
            .map(|id| repository.find_commit(*id).unwrap());
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        let id = repository
            .commit(
                Some("refs/heads/master"),
                &author,
                &author,
                subject,
                &tree,
                &parents,
            )
            .unwrap();
        commits.push(id);
    }
    commits.iter().map(ToString::to_string).collect()
}
