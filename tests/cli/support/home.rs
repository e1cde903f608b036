//! A user's home in a temporary folder, and the real binary run from there.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::until;

/// A home with nothing in it. Its sandbox's server ends with it.
pub(crate) struct Home {
    folder: TempDir,
    variables: BTreeMap<String, String>,
}

/// What a run left.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    /// The exit code, or 128 and the number of the signal that ended it, as shells say.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A run that goes on.
pub(crate) struct Running {
    child: Child,
    stdout: Stream,
    stderr: Stream,
}

/// What a run writes, read as it comes.
struct Stream {
    text: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let variables = [
            ("HOME", path("")),
            ("XDG_CONFIG_HOME", path("config")),
            ("XDG_STATE_HOME", path("state")),
            ("USER", "tester".to_owned()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value));
        Self {
            variables: variables.into_iter().collect(),
            folder,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the sandbox is kept.
    pub(crate) fn sandbox(&self) -> PathBuf {
        self.path().join("state/kube-deploy/sandbox")
    }

    /// What the running server of the sandbox says of itself.
    pub(crate) fn server(&self) -> Option<Value> {
        serde_json::from_slice(&fs::read(self.sandbox().join("server.json")).ok()?).ok()
    }

    /// Sets a variable for all runs.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Writes the kubeconfig that kubectl would read.
    pub(crate) fn write_kubeconfig(&self, text: &str) {
        let folder = self.path().join(".kube");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("config"), text).expect("written");
    }

    /// Returns the binary with arguments that are separated by blanks, and no variable but ours.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kube"));
        command
            .args(line.split_whitespace())
            .env_clear()
            .envs(&self.variables)
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    #[track_caller]
    pub(crate) fn kube(&self, line: &str) -> Output {
        self.spawn(line).wait()
    }

    /// Starts the binary, in a process group of its own as a shell does.
    pub(crate) fn spawn(&self, line: &str) -> Running {
        Running::start(self.command(line).process_group(0))
    }

    /// Replaces what differs from run to run, the home's path and deploy ids, by their names.
    pub(crate) fn normalize(&self, text: &str) -> String {
        let text = text.replace(&*self.path().to_string_lossy(), "[HOME]");
        let mut parts = text.split("(id ");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| {
            let (_, rest) = part.split_once(')').expect("an id in brackets");
            format!("{text}(id [ID]){rest}")
        })
    }

    /// Tells whether no server has the sandbox's world.
    pub(crate) fn is_unserved(&self) -> bool {
        let lock = File::open(self.sandbox().join("world.lock"));
        lock.is_ok_and(|lock| lock.try_lock().is_ok()) || !self.sandbox().exists()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let server = self.server().and_then(|server| server["pid"].as_i64());
        if self.sandbox().exists() {
            // Without assertions: the test may be failing already.
            let mut stop = self.command("builtin stop");
            let _ended = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
        let is_left = !self.is_unserved();
        if let Some(pid) = server
            .filter(|_| is_left)
            .and_then(|pid| Pid::from_raw(pid as i32))
        {
            let _ended = kill_process(pid, Signal::KILL);
        }
        if !thread::panicking() {
            assert!(!is_left, "the sandbox's server did not end");
        }
    }
}

impl Output {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Returns the JSON document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Fails unless stderr has each of the texts.
    #[track_caller]
    pub(crate) fn says(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.stderr.contains(text), "{text:?} in:\n{}", self.stderr);
        }
    }
}

impl Running {
    fn start(command: &mut Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        Self {
            stdout: Stream::read(child.stdout.take().expect("piped")),
            stderr: Stream::read(child.stderr.take().expect("piped")),
            child,
        }
    }

    pub(crate) fn process(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends what a terminal sends on Ctrl-C: to the whole process group.
    pub(crate) fn interrupt(&self) {
        rustix::process::kill_process_group(self.process(), Signal::INT).expect("it still runs");
    }

    /// Waits until stdout has the text, and returns all of it so far.
    #[track_caller]
    pub(crate) fn until_stdout(&self, text: &str) -> String {
        until(text, || {
            Some(self.stdout.text()).filter(|all| all.contains(text))
        })
    }

    /// Waits until stderr has the text, and returns all of it so far.
    #[track_caller]
    pub(crate) fn until_stderr(&self, text: &str) -> String {
        until(text, || {
            Some(self.stderr.text()).filter(|all| all.contains(text))
        })
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Output {
        use std::os::unix::process::ExitStatusExt;
        let status = until("the end of the run", || {
            self.child.try_wait().expect("a child")
        });
        let code = status.code().or(status.signal().map(|signal| 128 + signal));
        // Whoever still holds them would keep a pipeline waiting.
        let is_read = || self.stdout.reader.is_finished() && self.stderr.reader.is_finished();
        until("the end of its streams", || is_read().then_some(()));
        Output {
            code: code.expect("an end"),
            stdout: self.stdout.text(),
            stderr: self.stderr.text(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl Stream {
    fn read(mut pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&text);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                into.lock().expect("one reader").extend(&buffer[..count]);
            }
        });
        Self { text, reader }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().expect("one reader")).into_owned()
    }
}
