//! What may be asked: hosts, tokens, programs, and how long each may take.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::Mutex;

use crate::https::{Https, Proxies};
use crate::resolve::github::{GithubHost, GithubPatience, token_of_gh};
use crate::resolve::ls_remote::{LsRemote, SshProgram};
use crate::resolve::program::{Program, ProgramError};
use crate::resolve::{GITHUB, Secret, Token, TokenVariables, git};
use crate::surroundings::Variables;

/// How long each way of asking may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// For the question whether a full SHA exists.
    pub(crate) existence: Duration,
    pub(crate) github: GithubPatience,
    /// For one `git ls-remote`.
    pub(crate) git: Duration,
    /// For one `gh auth token`.
    pub(crate) gh: Duration,
    /// For one reading of a repository on this machine.
    pub(crate) local: Duration,
    /// The longest rate limit that is waited out.
    pub(crate) longest_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            existence: Duration::from_secs(2),
            github: GithubPatience::default(),
            git: Duration::from_secs(30),
            gh: Duration::from_secs(5),
            local: Duration::from_secs(10),
            longest_wait: Duration::from_secs(30),
        }
    }
}

/// All that asking needs, made once for a run.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) https: Https,
    /// The hosts whose API is GitHub's; from the user's configuration, never from a cluster.
    pub(crate) hosts: Vec<GithubHost>,
    pub(crate) tokens: TokenVariables,
    pub(crate) gh: Program,
    pub(crate) git: Program,
    pub(crate) ssh: SshProgram,
    /// For the times in errors.
    pub(crate) zone: TimeZone,
    pub(crate) limits: Limits,
    /// What `gh` said for each host, so that it is run once.
    kept_by_gh: Mutex<BTreeMap<String, Option<Token>>>,
}

impl Sources {
    /// Takes tokens, proxies, and the ssh program from the environment variables.
    ///
    /// github.com is one of the hosts, also where `hosts` does not name it.
    pub(crate) fn new(variables: &Variables, mut hosts: Vec<GithubHost>, zone: TimeZone) -> Self {
        if hosts.iter().all(|host| host.host() != GITHUB) {
            hosts.extend(GithubHost::new(GITHUB));
        }
        let secret = |name: &str| variables.filled(name).map(Secret::new);
        let proxy = |name: &str| {
            let lower = name.to_ascii_lowercase();
            let value = variables.filled(name).or_else(|| variables.filled(&lower));
            value.unwrap_or_default().to_owned()
        };
        let limits = Limits::default();
        let proxies = Proxies {
            https: proxy("HTTPS_PROXY"),
            all: proxy("ALL_PROXY"),
            none: proxy("NO_PROXY"),
        };
        let ssh = match (
            variables.filled("GIT_SSH_COMMAND"),
            variables.filled("GIT_SSH"),
        ) {
            (Some(command), _) => SshProgram::Command(command.to_owned()),
            (None, Some(_)) => SshProgram::Own,
            (None, None) => SshProgram::Default,
        };
        Self {
            https: Https::new(proxies, limits.github.total),
            hosts,
            tokens: TokenVariables {
                gh_token: secret("GH_TOKEN"),
                github_token: secret("GITHUB_TOKEN"),
                gh_enterprise_token: secret("GH_ENTERPRISE_TOKEN"),
                github_enterprise_token: secret("GITHUB_ENTERPRISE_TOKEN"),
                github_access_token: secret("GITHUB_ACCESS_TOKEN"),
                github_server_url: variables.filled("GITHUB_SERVER_URL").map(str::to_owned),
            },
            gh: Program::new("gh"),
            git: Program::new("git"),
            ssh,
            zone,
            limits,
            kept_by_gh: Mutex::default(),
        }
    }

    pub(super) fn host(&self, name: &str) -> Option<&GithubHost> {
        self.hosts.iter().find(|host| host.host() == name)
    }

    /// Returns the token that `gh` keeps for a host.
    pub(super) async fn token_of_gh(&self, host: &str) -> Result<Option<Token>, ProgramError> {
        let mut kept = self.kept_by_gh.lock().await;
        if let Some(token) = kept.get(host) {
            return Ok(token.clone());
        }
        let token = token_of_gh(&self.gh, host, self.limits.gh).await?;
        kept.insert(host.to_owned(), token.clone());
        Ok(token)
    }

    /// Returns the user's git, which starts ssh as their configuration says.
    pub(super) async fn ls_remote(&self) -> LsRemote {
        let configured = match &self.ssh {
            SshProgram::Default => tokio::task::spawn_blocking(git::user_ssh_command)
                .await
                .ok()
                .flatten()
                .map(SshProgram::Command),
            SshProgram::Command(_) | SshProgram::Own => None,
        };
        let ssh = configured.as_ref().unwrap_or(&self.ssh);
        LsRemote::new(self.git.clone(), ssh, self.limits.git)
    }
}
