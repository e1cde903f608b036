//! kubectl against the sandbox: the commands that a person would try.
//!
//! The variable `KUBECTL` names the program; a test never passes without having run it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends when something is not as it has to be"
)]

mod changes;
mod looking;
mod rollouts;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use kube_sandbox::api::User;
use kube_sandbox::clock::Clock as _;
use kube_sandbox::server::{Options, RealClock, Server};
use kube_sandbox::world::{World, WorldOptions};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

/// No command takes this long; it only ends tests that would hang.
const DEADLINE: Duration = Duration::from_secs(60);

/// A server of its own with a kubectl that knows it and nothing else.
struct Bench {
    server: Server,
    home: TempDir,
}

/// What a command printed.
#[derive(Debug)]
struct Output {
    succeeded: bool,
    stdout: String,
    stderr: String,
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the variable"
)]
fn program() -> PathBuf {
    std::env::var_os("KUBECTL")
        .expect("the variable KUBECTL has to name kubectl")
        .into()
}

impl Bench {
    async fn new() -> Self {
        // kubectl computes ages with its own clock, so that the world has to have the same time.
        let mut clock = RealClock::default();
        let world = World::new(WorldOptions {
            start: clock.now(),
            ..WorldOptions::default()
        });
        let options = Options {
            clock: Box::new(clock),
            ..Options::on_loopback(world)
        };
        let server = Server::start(options).await.unwrap();
        let home = TempDir::new().unwrap();
        std::fs::write(home.path().join("config"), server.kubeconfig().to_string()).unwrap();
        Self { server, home }
    }

    /// Makes a server that has the Deployment `web`, complete.
    async fn with_web() -> Self {
        let bench = Self::new().await;
        bench.apply(WEB).await;
        bench.done(&["rollout", "status", "deployment/web"]).await;
        bench
    }

    /// Lets kubectl be another user from now on.
    fn become_user(&self, name: &str) {
        self.server
            .with(|cluster, _| cluster.admit("other", User::named(name)))
            .unwrap();
        let config = self.server.kubeconfig_of("other").to_string();
        std::fs::write(self.home.path().join("config"), config).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("KUBECONFIG", self.home.path().join("config"))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let output = tokio::time::timeout(DEADLINE, self.command(arguments).output());
        let output = output
            .await
            .unwrap_or_else(|_| panic!("{arguments:?} hangs"))
            .unwrap();
        Output {
            succeeded: output.status.success(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a command that succeeds, and returns what it printed.
    async fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(output.succeeded, "{arguments:?}: {output:?}");
        output.stdout
    }

    /// Runs a command that fails, and returns its complaint.
    async fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(!output.succeeded, "{arguments:?}: {output:?}");
        output.stderr
    }

    /// Runs a command that prints JSON.
    async fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["-o", "json"]].concat();
        serde_json::from_str(&self.done(&arguments).await).unwrap()
    }

    /// Writes a manifest to a file and returns its name.
    fn file(&self, manifest: &str) -> String {
        let path = self.home.path().join("manifest.yaml");
        std::fs::write(&path, manifest).unwrap();
        path.to_str().unwrap().to_owned()
    }

    async fn apply(&self, manifest: &str) -> String {
        let file = self.file(manifest);
        self.done(&["apply", "-f", &file]).await
    }
}

/// Returns the first word of each line but the first.
fn names(table: &str) -> Vec<&str> {
    table
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .collect()
}

const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations: {example.com/owner: team}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: app
        image: registry.sandbox/web:v1
        readinessProbe: {httpGet: {path: /, port: 80}}
";
