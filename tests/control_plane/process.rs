//! The processes of one cluster: each writes its log to a file, and each is ended by its own process id.
//!
//! Nothing here knows what the programs are. What a killed test process leaves behind, its guard clears up.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// Kills the servers and removes their folder once the test process is gone.
///
/// A cluster that all tests share lives in a static, which is never dropped, and a test process can be killed.
/// The guard is a shell that reads the servers' process ids from a pipe; the pipe ends with the test process.
pub(crate) struct Guard {
    shell: Child,
    pipe: Mutex<Option<ChildStdin>>,
}

const GUARD: &str = r#"
servers=" "
while read -r change id; do
    case $change in
    started) servers="$servers$id " ;;
    ended) servers="${servers%% $id *} ${servers#* $id }" ;;
    esac
done
for id in $servers; do kill -KILL "$id" 2>/dev/null; done
for attempt in 1 2 3 4 5; do rm -rf "$1" 2>/dev/null && break; sleep 0.2; done
"#;

impl Guard {
    /// Starts the guard of the servers whose files are all below `folder`.
    pub(crate) fn start(folder: &Path) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Its own group: a Ctrl-C on the terminal must not end the guard before its work is done.
            .process_group(0)
            .spawn()
            .expect("sh, to guard the servers");
        let pipe = Mutex::new(shell.stdin.take());
        Self { shell, pipe }
    }

    fn tell(&self, change: &str, id: u32) {
        if let Some(pipe) = self.pipe.lock().unwrap().as_mut() {
            // A guard that somebody ended is no reason to fail a test.
            let _ = writeln!(pipe, "{change} {id}");
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.pipe.lock().unwrap().take();
        let _ = self.shell.wait();
    }
}

/// What to start, and the file that takes its output.
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) log: PathBuf,
}

impl Program {
    fn name(&self) -> String {
        self.path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }

    /// Returns the last lines of the log under a heading.
    pub(crate) fn log_tail(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let tail = &lines[lines.len().saturating_sub(15)..];
        format!(
            "--- the last lines of {}\n{}\n",
            self.name(),
            tail.join("\n")
        )
    }
}

/// A running server. Dropping it ends it.
pub(crate) struct Server {
    program: Program,
    child: Child,
    guard: Arc<Guard>,
}

impl Server {
    /// How long a server may take to end by itself. The API server would drain its watches for a minute.
    const GRACE: Duration = Duration::from_millis(500);

    pub(crate) fn start(program: Program, guard: Arc<Guard>) -> io::Result<Self> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(&program.log)?;
        let child = Command::new(&program.path)
            .args(&program.arguments)
            .current_dir(program.log.parent().unwrap_or(Path::new("/")))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        guard.tell("started", child.id());
        Ok(Self {
            program,
            child,
            guard,
        })
    }

    /// Ends the server and starts it again with the same arguments and log.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
        self.stop();
        let program = Program {
            path: self.program.path.clone(),
            arguments: self.program.arguments.clone(),
            log: self.program.log.clone(),
        };
        *self = Self::start(program, Arc::clone(&self.guard))?;
        Ok(())
    }

    /// Asks the server to end, and kills it when it does not at once.
    pub(crate) fn stop(&mut self) {
        if let (Ok(None), Some(id)) = (
            self.child.try_wait(),
            Pid::from_raw(self.child.id().cast_signed()),
        ) {
            let _ = kill_process(id, Signal::TERM);
            let ended = wait::until(Self::GRACE, || {
                matches!(self.child.try_wait(), Ok(Some(_))).then_some(())
            });
            if ended.is_none() {
                let _ = self.child.kill();
            }
            let _ = self.child.wait();
        }
        self.guard.tell("ended", self.child.id());
    }

    /// Returns why the server is no longer there, if it is not.
    pub(crate) fn why_ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok()??;
        Some(format!("{} ended with {status}", self.program.name()))
    }

    pub(crate) fn log_tail(&self) -> String {
        self.program.log_tail()
    }

    /// Returns the process id, for measurements.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

#[test]
fn the_guard_ends_what_a_killed_test_process_leaves_behind() {
    let folder = tempfile::tempdir().unwrap().keep();
    fs::write(folder.join("state"), "x").unwrap();
    let [mut left, mut ended] = ["left", "ended"].map(|_| {
        let mut sleep = Command::new("sleep");
        sleep.arg("600").process_group(0).spawn().unwrap()
    });
    let guard = Guard::start(&folder);
    guard.tell("started", ended.id());
    guard.tell("started", left.id());
    guard.tell("ended", ended.id());
    // What happens to the pipe when the process is killed.
    drop(guard);
    assert!(!left.wait().unwrap().success());
    assert!(!folder.exists());
    assert!(ended.try_wait().unwrap().is_none());
    ended.kill().unwrap();
    ended.wait().unwrap();
}
