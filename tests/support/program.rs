//! The program as a user starts it: a process of its own with an empty home, and what it told, line by line.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rexpect::process::WaitStatus;
use rexpect::session::spawn_command;
use serde_json::{Value, json};

use crate::roles;
use crate::scenarios::backend::{Backend, LIMIT, WEB};
use crate::wait;

/// Grace periods that keep a scenario quick; their order is that of the defaults.
const CONFIG: &str = "\
patience:
  pod-create: 3s
  second-sighting: 1s
  paused: 3s
  evidence: 2s
";

/// One user who deploys.
pub(crate) struct Program {
    home: PathBuf,
    kubeconfig: PathBuf,
}

/// A run in progress; it is killed if nobody waits for its end.
pub(crate) struct Running {
    child: Child,
    told: Arc<Mutex<Vec<Value>>>,
    out: Option<JoinHandle<()>>,
    err: Option<JoinHandle<String>>,
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) events: Vec<Value>,
    /// The last line of stdout.
    pub(crate) document: Value,
    pub(crate) stderr: String,
}

impl Program {
    /// A user who may do exactly what deploying needs.
    pub(crate) fn of_deployer(backend: &dyn Backend) -> Self {
        Self::of_user(backend, "deployer", &roles::deployer())
    }

    pub(crate) fn of_user(backend: &dyn Backend, name: &str, rules: &Value) -> Self {
        let home = backend
            .folder()
            .join(format!("{}-{name}", backend.namespace()));
        fs::create_dir_all(&home).expect("a folder that can be written to");
        fs::write(home.join("kube-deploy.yaml"), CONFIG).expect("a folder that can be written to");
        let kubeconfig = backend.user(name, rules);
        Self { home, kubeconfig }
    }

    /// Deploys to `web` and waits for the end.
    #[track_caller]
    pub(crate) fn deploy(&self, arguments: &[&str]) -> Ended {
        self.start(arguments).end()
    }

    /// Deploys to `web` at a terminal, and says yes after something else has happened.
    ///
    /// Returns the exit code and all that the terminal showed.
    #[track_caller]
    pub(crate) fn confirm_after(&self, arguments: &[&str], act: impl FnOnce()) -> (i32, String) {
        let mut command = self.command();
        command.args(arguments).env("TERM", "dumb");
        let limit = LIMIT.as_millis().try_into().expect("a small number");
        let mut terminal = spawn_command(command, Some(limit)).expect("the program starts");
        let before = terminal.exp_string("Change 1 Deployment in qa?").unwrap();
        act();
        terminal.send("y").and_then(|_| terminal.flush()).unwrap();
        let after = terminal.exp_eof().unwrap();
        match terminal.process().wait() {
            Ok(WaitStatus::Exited(_, code)) => (code, before + &after),
            other => panic!("{other:?}: {before}{after}"),
        }
    }

    /// Starts a deploy to `web`.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut child = self
            .command()
            .args(["--yes", "--no-input", "-o", "ndjson"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut stderr = child.stderr.take().expect("a pipe");
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let out = thread::spawn(move || {
            for line in stdout.lines() {
                let line = line.expect("text");
                let value = serde_json::from_str(&line).unwrap_or_else(|_| json!(line));
                heard.lock().unwrap().push(value);
            }
        });
        let err = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("text");
            text
        });
        Running {
            child,
            told,
            out: Some(out),
            err: Some(err),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kube"));
        command
            .args(["qa", "deploy", "--target", WEB])
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .arg("--config")
            .arg(self.home.join("kube-deploy.yaml"))
            .env_clear()
            .env("HOME", &self.home)
            .env("USER", "tester")
            .current_dir(&self.home);
        command
    }
}

impl Running {
    /// Waits until the run has told an event of that name.
    #[track_caller]
    pub(crate) fn wait_for_event(&mut self, name: &str) -> Value {
        let told = Arc::clone(&self.told);
        let found = wait::until(LIMIT, || {
            let told = told.lock().unwrap();
            told.iter().find(|line| line["event"] == name).cloned()
        });
        found.unwrap_or_else(|| panic!("no event {name} came: {:#?}", told.lock().unwrap()))
    }

    /// Waits for the end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        let status: Option<ExitStatus> =
            wait::until(LIMIT, || self.child.try_wait().expect("a child"));
        let is_late = status.is_none();
        if is_late {
            // It may end by itself just now.
            let _ = self.child.kill();
        }
        self.out.take().expect("ended once").join().unwrap();
        let stderr = self.err.take().expect("ended once").join().unwrap();
        let mut events = self.told.lock().unwrap().clone();
        assert!(!is_late, "the program does not end: {events:#?}\n{stderr}");
        let document = events.pop().unwrap_or_default();
        Ended {
            code: status.and_then(|status| status.code()),
            events,
            document,
            stderr,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended, or a test failed and nobody is interested any longer.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// Checks how the run ended: its exit code, the same code in its document, and the verdict of its one Deployment
    /// as kind and reason, such as `failed/pod`; empty where nothing was watched.
    #[track_caller]
    pub(crate) fn must_be(&self, code: i32, outcome: &str) {
        let seen = (
            self.code,
            self.document["exit_code"].as_i64(),
            self.outcome(),
        );
        let wanted = (Some(code), Some(i64::from(code)), outcome.to_owned());
        assert_eq!(seen, wanted, "{self:#?}");
    }

    /// Checks the kinds of the causes of the verdict.
    #[track_caller]
    pub(crate) fn must_blame(&self, kinds: &[&str]) {
        let causes = self.conclusion()["causes"].as_array();
        let seen: Vec<_> = causes
            .into_iter()
            .flatten()
            .map(|cause| &cause["kind"])
            .collect();
        assert_eq!(seen, kinds, "{self:#?}");
    }

    /// Checks the names of the events, heartbeats and repeats left out: how often progress is told is a matter of luck.
    #[track_caller]
    pub(crate) fn must_tell(&self, names: &[&str]) {
        let mut seen = Vec::new();
        for name in self
            .events
            .iter()
            .filter_map(|event| event["event"].as_str())
        {
            if name != "heartbeat" && !seen.contains(&name) {
                seen.push(name);
            }
        }
        assert_eq!(seen, names, "{self:#?}");
    }

    /// Checks whether the run says that it changed something.
    #[track_caller]
    pub(crate) fn must_have_changed(&self, changed: bool) {
        assert_eq!(self.document["changed"], changed, "{self:#?}");
    }

    /// Returns the document's words about the one Deployment.
    pub(crate) fn conclusion(&self) -> &Value {
        &self.document["verdict"]["deployments"][0]
    }

    fn outcome(&self) -> String {
        let outcome = &self.conclusion()["outcome"];
        let words = [&outcome["kind"], &outcome["reason"]];
        words
            .map(Value::as_str)
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("/")
    }
}
