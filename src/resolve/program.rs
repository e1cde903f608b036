//! Runs git and gh: no terminal, no questions, a time limit, and nothing left running behind.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use crate::error::{Error, Kind};

/// How much of what a program writes is kept.
const KEPT: usize = 16 << 20;

/// How long the error output may stay open after the program has ended: a master connection of
/// ssh inherits it, and lives on for minutes.
const GRACE: Duration = Duration::from_millis(200);

/// How much of a program's last words is repeated.
const SHOWN: usize = 300;

/// A program to run, and what differs in its environment from ours.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    name: OsString,
    variables: Vec<(OsString, Option<OsString>)>,
}

/// What a program wrote, and whether it was content.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) is_success: bool,
    pub(super) output: Vec<u8>,
    pub(super) errors: Vec<u8>,
}

impl Program {
    /// Takes a name to be looked up in `PATH`, or a path.
    pub(crate) fn new(name: impl Into<OsString>) -> Self {
        Self {
            name: name.into(),
            variables: Vec::new(),
        }
    }

    /// Sets a variable for the program.
    #[must_use]
    pub(crate) fn with(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), Some(value.into())));
        self
    }

    /// Keeps one of our variables from the program.
    #[must_use]
    pub(crate) fn without(mut self, name: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), None));
        self
    }

    /// Runs the program in the root folder, where no checkout's configuration applies.
    ///
    /// When the time is up, or the caller loses interest, the program is killed with everything
    /// that it started.
    pub(super) async fn run<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        limit: Duration,
    ) -> Result<Finished, ProgramError> {
        let name = || self.name.to_string_lossy().into_owned();
        let finished = tokio::time::timeout(limit, self.finish(arguments)).await;
        match finished {
            Ok(Ok(finished)) => Ok(finished),
            Ok(Err(source)) if source.kind() == io::ErrorKind::NotFound => {
                Err(ProgramError::Missing { program: name() })
            }
            Ok(Err(source)) => Err(ProgramError::Broken {
                program: name(),
                source,
            }),
            Err(_) => Err(ProgramError::Timeout {
                program: name(),
                limit,
            }),
        }
    }

    async fn finish<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> io::Result<Finished> {
        let mut command = Command::new(&self.name);
        command
            .args(arguments)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        for (name, value) in &self.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let mut child = command.spawn()?;
        let mut group = Group(child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)));
        let output = Kept::default();
        let errors = Kept::default();
        let reading = output.clone().fill(child.stdout.take());
        let listening = tokio::spawn(errors.clone().fill(child.stderr.take()));
        reading.await?;
        let status = child.wait().await?;
        group.0 = None;
        // What was written until now is there, whether or not somebody holds the pipe open.
        let _ = tokio::time::timeout(GRACE, listening).await;
        Ok(Finished {
            is_success: status.success(),
            output: output.take(),
            errors: errors.take(),
        })
    }
}

/// What was read so far; more than is kept is read and dropped.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    async fn fill(self, pipe: Option<impl AsyncRead + Unpin>) -> io::Result<()> {
        let Some(mut pipe) = pipe else {
            return Ok(());
        };
        let mut chunk = vec![0; 64 << 10];
        loop {
            let length = pipe.read(&mut chunk).await?;
            if length == 0 {
                return Ok(());
            }
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let room = KEPT.saturating_sub(kept.len()).min(length);
            kept.extend_from_slice(chunk.get(..room).unwrap_or_default());
        }
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Kills the process group of a program that did not end by itself.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // It may be gone already.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

/// Returns what a program said before it failed, in one line fit for an error's text.
///
/// Control characters and passwords in addresses are taken out.
pub(super) fn last_words(errors: &[u8]) -> String {
    let text = String::from_utf8_lossy(errors);
    let lines: Vec<&str> = text
        .lines()
        .map(|line| {
            let line = line.trim();
            ["fatal: ", "error: ", "remote: "]
                .iter()
                .find_map(|prefix| line.strip_prefix(prefix))
                .unwrap_or(line)
                .trim()
        })
        .filter(|line| !line.is_empty() && !line.starts_with("warning:"))
        .collect();
    let skipped = lines.len().saturating_sub(3);
    let words = lines.get(skipped..).unwrap_or_default().join("; ");
    without_passwords(&words)
        .chars()
        .map(|c| {
            if c.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .take(SHOWN)
        .collect()
}

fn without_passwords(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        clean.push_str(before);
        clean.push_str("://");
        let end = after
            .find(|c: char| c == '/' || c.is_whitespace())
            .unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        clean.push_str(host);
        rest = tail;
    }
    clean.push_str(rest);
    clean
}

impl From<ProgramError> for Error {
    fn from(error: ProgramError) -> Self {
        Self::new(Kind::Unreachable, error)
    }
}

/// Why a program gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    /// There is no such program.
    #[error("there is no program {program}")]
    Missing { program: String },
    /// It could not be started, or its output not be read.
    #[error("failed to run {program}")]
    Broken {
        program: String,
        #[source]
        source: io::Error,
    },
    /// It did not end in time, and was killed.
    #[error("{program} did not answer within {} s", .limit.as_secs_f32())]
    Timeout { program: String, limit: Duration },
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    async fn shell(script: &str, limit: Duration) -> Result<Finished, ProgramError> {
        Program::new("sh").run(["-c", script], limit).await
    }

    #[tokio::test]
    async fn output_and_errors_are_kept_apart() {
        let finished = shell("echo out; echo err >&2; exit 3", LIMIT)
            .await
            .unwrap();
        assert!(!finished.is_success);
        assert_eq!(finished.output, b"out\n");
        assert_eq!(finished.errors, b"err\n");
    }

    #[tokio::test]
    async fn variables_are_set_and_kept_back() {
        let program = Program::new("sh").with("GIVEN", "1").without("HOME");
        let finished = program
            .run(["-c", "echo $GIVEN ${HOME-none}; pwd"], LIMIT)
            .await
            .unwrap();
        assert_eq!(finished.output, b"1 none\n/\n");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let error = Program::new("no-such-program-here")
            .run(["x"], LIMIT)
            .await
            .expect_err("missing");
        assert_eq!(
            error.to_string(),
            "there is no program no-such-program-here"
        );
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_given_up() {
        let error = shell("sleep 600", Duration::from_millis(20))
            .await
            .expect_err("hangs");
        assert!(matches!(error, ProgramError::Timeout { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_program_that_nobody_waits_for_is_killed_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("id");
        let script = format!(
            "sleep 600 & echo $! >{0}.new; mv {0}.new {0}; wait",
            file.display()
        );
        let run = tokio::spawn(async move { shell(&script, Duration::from_secs(600)).await });
        eventually(|| file.exists()).await;
        run.abort();
        let id = std::fs::read_to_string(&file).unwrap();
        let id = Pid::from_raw(id.trim().parse().unwrap()).unwrap();
        eventually(|| !is_running(id)).await;
    }

    async fn eventually(condition: impl Fn() -> bool) {
        tokio::time::timeout(LIMIT, async {
            while !condition() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .expect("the condition holds in time");
    }

    /// A killed orphan may wait for somebody to reap it; then its command line is empty.
    fn is_running(id: Pid) -> bool {
        let line = std::fs::read(format!("/proc/{}/cmdline", id.as_raw_nonzero()));
        rustix::process::test_kill_process(id).is_ok() && line.is_ok_and(|line| !line.is_empty())
    }

    #[tokio::test]
    async fn a_child_that_keeps_the_error_output_open_is_not_waited_for() {
        let finished = shell("sleep 600 >/dev/null & echo err >&2; echo $!", LIMIT)
            .await
            .unwrap();
        assert!(finished.is_success);
        assert_eq!(finished.errors, b"err\n");
        let id = String::from_utf8(finished.output).unwrap();
        let id = Pid::from_raw(id.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(id, Signal::KILL).unwrap();
    }

    #[test]
    fn last_words_are_one_clean_line() {
        let table = [
            ("fatal: no such thing\n", "no such thing"),
            ("", ""),
            (
                "warning: redirecting\nremote: Not found.\nfatal: repository 'https://me:secret@host/a/b' not found\n",
                "Not found.; repository 'https://host/a/b' not found",
            ),
            ("a\nb\nc\nd\n", "b; c; d"),
            ("fatal: \u{1b}[31mred\u{9b}x\n", "\u{fffd}[31mred\u{fffd}x"),
        ];
        for (text, expected) in table {
            assert_eq!(last_words(text.as_bytes()), expected);
        }
        assert!(last_words("x".repeat(10_000).as_bytes()).len() <= SHOWN);
        assert_eq!(last_words(&[0xff, b'a']), "\u{fffd}a");
    }
}
