//! Asks a git server with the user's own git, which knows their keys, helpers, and proxies.
//!
//! `git ls-remote` runs outside of every checkout, so that only the user's and the machine's
//! configuration count, never a hostile `.git/config`. It asks nobody anything.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::program::{Program, ProgramError, last_words};
use super::{Answer, Commit, GitRef, RefName, RemoteUrl};
use crate::error::{Error, Kind};

/// Takes the value of a header to git without showing it in the list of processes.
const AUTHORIZATION: &str = "KUBE_GIT_AUTHORIZATION";

/// How ssh is started for git.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum SshProgram {
    /// As `ssh`.
    #[default]
    Default,
    /// By the command in `GIT_SSH_COMMAND` or the user's `core.sshCommand`.
    Command(String),
    /// By the program in `GIT_SSH`, which takes no options of ours.
    Own,
}

/// Asks by `git ls-remote`.
#[derive(Clone, Debug)]
pub(crate) struct LsRemote {
    git: Program,
    limit: Duration,
}

impl LsRemote {
    /// Takes the user's git and how it starts ssh.
    pub(crate) fn new(git: Program, ssh: &SshProgram, limit: Duration) -> Self {
        let directing = [
            "GIT_DIR",
            "GIT_COMMON_DIR",
            "GIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_NAMESPACE",
            "GIT_OBJECT_DIRECTORY",
            "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            "GIT_TRACE",
            "GIT_TRACE_CURL",
            "GIT_TRACE_PACKET",
            "GIT_CURL_VERBOSE",
        ];
        let git = directing.into_iter().fold(git, Program::without);
        // An empty GIT_ASKPASS keeps git from the other programs that could ask.
        let git = git
            .with("GIT_TERMINAL_PROMPT", "0")
            .with("GIT_ASKPASS", "")
            .with("SSH_ASKPASS_REQUIRE", "never")
            .with("GCM_INTERACTIVE", "never")
            .with("GIT_ALLOW_PROTOCOL", "https:http:ssh:git:file")
            .with("LC_ALL", "C");
        let git = match ssh_command(ssh) {
            Some(command) => git.with("GIT_SSH_COMMAND", command),
            None => git,
        };
        Self { git, limit }
    }

    /// Returns what the server says about `reference`; a SHA cannot be asked for.
    pub(crate) async fn answer(
        &self,
        url: &RemoteUrl,
        reference: &GitRef,
    ) -> Result<Answer, LsRemoteError> {
        let mut answer = Answer::default();
        match reference {
            GitRef::Branch(name) => answer.branch = self.named(url, name).await?.0,
            GitRef::Tag(name) => answer.tag = self.named(url, name).await?.1,
            GitRef::Name(name) => (answer.branch, answer.tag) = self.named(url, name).await?,
            GitRef::Pull(number) => {
                let name = format!("refs/pull/{number}/head");
                let refs = self.refs(url, &[], &[&name]).await?;
                answer.pull = find(&refs, &name);
            }
            GitRef::Commit(commit) => {
                // Only to see whether a branch or tag is spelt like the SHA.
                let refs = self
                    .refs(url, &["--heads", "--tags"], &[commit.as_str()])
                    .await?;
                answer.branch = find(&refs, &format!("refs/heads/{commit}"));
                answer.tag = find(&refs, &format!("refs/tags/{commit}"));
            }
            GitRef::Head => {}
        }
        Ok(answer)
    }

    /// Returns all branches and tags with their commits.
    pub(crate) async fn tips(
        &self,
        url: &RemoteUrl,
    ) -> Result<Vec<(String, Commit)>, LsRemoteError> {
        let refs = self.refs(url, &["--heads", "--tags"], &[]).await?;
        Ok(refs
            .into_iter()
            .filter_map(|(name, commit)| {
                let short = name
                    .strip_prefix("refs/heads/")
                    .or_else(|| name.strip_prefix("refs/tags/"))?;
                Some((
                    short.strip_suffix("^{}").unwrap_or(short).to_owned(),
                    commit,
                ))
            })
            .collect())
    }

    async fn named(
        &self,
        url: &RemoteUrl,
        name: &RefName,
    ) -> Result<(Option<Commit>, Option<Commit>), LsRemoteError> {
        let peeled = format!("{name}^{{}}");
        let refs = self
            .refs(url, &["--heads", "--tags"], &[name.as_str(), &peeled])
            .await?;
        // A pattern also matches names that merely end like it.
        let branch = find(&refs, &format!("refs/heads/{name}"));
        let tag = find(&refs, &format!("refs/tags/{peeled}"))
            .or_else(|| find(&refs, &format!("refs/tags/{name}")));
        Ok((branch, tag))
    }

    async fn refs(
        &self,
        url: &RemoteUrl,
        kinds: &[&str],
        patterns: &[&str],
    ) -> Result<Vec<(String, Commit)>, LsRemoteError> {
        let mut arguments: Vec<String> = [
            "-c",
            "core.fsmonitor=",
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "protocol.ext.allow=never",
            "--no-replace-objects",
        ]
        .map(str::to_owned)
        .to_vec();
        let mut git = self.git.clone();
        if let Some((user, password)) = url.credentials() {
            let login = BASE64_STANDARD.encode(format!("{user}:{password}"));
            git = git.with(AUTHORIZATION, format!("Authorization: Basic {login}"));
            arguments.push(format!(
                "--config-env=http.{url}.extraHeader={AUTHORIZATION}"
            ));
        }
        arguments.push("ls-remote".to_owned());
        arguments.extend(kinds.iter().map(|kind| (*kind).to_owned()));
        arguments.extend(["--".to_owned(), url.as_str().to_owned()]);
        arguments.extend(patterns.iter().map(|pattern| (*pattern).to_owned()));
        let finished = git.run(&arguments, self.limit).await?;
        if !finished.is_success {
            let words = last_words(&finished.errors);
            return Err(LsRemoteError::Failed {
                trouble: trouble(&words),
                words,
            });
        }
        String::from_utf8_lossy(&finished.output)
            .lines()
            .map(|line| {
                let (commit, name) = line.split_once('\t')?;
                Some((name.to_owned(), commit.parse().ok()?))
            })
            .collect::<Option<Vec<_>>>()
            .ok_or(LsRemoteError::Nonsense)
    }
}

fn find(refs: &[(String, Commit)], name: &str) -> Option<Commit> {
    refs.iter()
        .find(|(found, _)| found == name)
        .map(|(_, commit)| commit.clone())
}

/// Returns the command that starts ssh without letting it ask, if it takes such an option.
fn ssh_command(ssh: &SshProgram) -> Option<String> {
    let command = match ssh {
        SshProgram::Default => "ssh",
        SshProgram::Command(command) => command,
        SshProgram::Own => return None,
    };
    let program = command.split_whitespace().next().unwrap_or_default();
    let is_openssh = program.rsplit('/').next() == Some("ssh");
    Some(if is_openssh {
        format!("{command} -oBatchMode=yes")
    } else {
        command.to_owned()
    })
}

/// What kept git from answering, as far as its words tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Credentials,
    Absent,
    HostKey,
    Certificate,
    Network,
}

/// Recognises the words of git, curl, and ssh, which are not translated because `LC_ALL` is `C`.
fn trouble(words: &str) -> Trouble {
    let table: [(&[&str], Trouble); 4] = [
        (
            &[
                "Host key verification failed",
                "REMOTE HOST IDENTIFICATION HAS CHANGED",
            ],
            Trouble::HostKey,
        ),
        (
            &[
                "SSL certificate problem",
                "certificate verification failed",
                "server certificate",
            ],
            Trouble::Certificate,
        ),
        (
            &[
                "could not read Username",
                "could not read Password",
                "Authentication failed",
                "Permission denied",
                "returned error: 401",
                "returned error: 403",
                "Invalid username or",
            ],
            Trouble::Credentials,
        ),
        (
            &[
                "ot found",
                "does not exist",
                "does not appear to be a git repository",
            ],
            Trouble::Absent,
        ),
    ];
    table
        .into_iter()
        .find(|(signs, _)| signs.iter().any(|sign| words.contains(sign)))
        .map_or(Trouble::Network, |(_, trouble)| trouble)
}

/// Why `git ls-remote` gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LsRemoteError {
    /// Git could not be run, or not to its end.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// Git failed, in its own words.
    #[error("{words}")]
    Failed { trouble: Trouble, words: String },
    /// Git succeeded, and its output is not a list of refs.
    #[error("git printed something else than refs")]
    Nonsense,
}

impl From<LsRemoteError> for Error {
    fn from(error: LsRemoteError) -> Self {
        let (kind, hint) = match &error {
            LsRemoteError::Program(ProgramError::Missing { .. }) => (
                Kind::Unreachable,
                Some("Install git, or set GH_TOKEN so that GitHub's API can be asked."),
            ),
            LsRemoteError::Failed { trouble, .. } => match trouble {
                Trouble::Credentials => (
                    Kind::Denied,
                    Some(
                        "Set GH_TOKEN, log in with gh auth login, or let git have a key or a credential helper for this host.",
                    ),
                ),
                Trouble::Absent => (
                    Kind::NotFound,
                    Some("A repository that may not be seen looks as if it did not exist."),
                ),
                Trouble::HostKey => (
                    Kind::Unreachable,
                    Some("Connect once with ssh, to check and keep the host's key."),
                ),
                Trouble::Certificate => (
                    Kind::Unreachable,
                    Some("Tell git whom to trust: git config --global http.sslCAInfo FILE"),
                ),
                Trouble::Network => (Kind::Unreachable, None),
            },
            LsRemoteError::Program(ProgramError::Broken { .. } | ProgramError::Timeout { .. })
            | LsRemoteError::Nonsense => (Kind::Unreachable, None),
        };
        let error = Self::new(kind, error);
        match hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

#[cfg(test)]
#[path = "ls_remote_tests.rs"]
mod tests;
