//! The world that the tests ask: servers and repositories on this machine.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::json;

use super::*;
use crate::resolve::github::GithubHost;
use crate::resolve::program::Program;
use crate::resolve::repositories_for_tests::TestRepository;
use crate::servers_for_tests::{Authority, Server, git_server, reply};
use crate::surroundings::Variables;

const LIMIT: Duration = Duration::from_secs(60);

/// A remote repository `o/app`, served by git over HTTPS in place of github.com, a GitHub, and a
/// checkout.
pub(super) struct World {
    pub(super) remote: TestRepository,
    pub(super) checkout: TestRepository,
    pub(super) git_server: Server,
    pub(super) github: Server,
    files: tempfile::TempDir,
    pub(super) sources: Sources,
}

pub(super) type Routes = BTreeMap<String, (u16, String)>;

impl World {
    /// `tokens` are variables; `routes` are what GitHub answers to their good ones.
    pub(super) async fn new(tokens: &[(&str, &str)], routes: Routes) -> Self {
        let remote = TestRepository::bare();
        let files = tempfile::tempdir().unwrap();
        let folder = files.path().join("served/o");
        std::fs::create_dir_all(&folder).unwrap();
        std::os::unix::fs::symlink(remote.path(), folder.join("app.git")).unwrap();
        let authority = Authority::new();
        let git_server = git_server(&authority, &files.path().join("served"), None).await;
        std::fs::write(
            files.path().join("gitconfig"),
            format!(
                "[url \"https://{}/\"]\ninsteadOf = https://github.com/\n",
                git_server.address
            ),
        )
        .unwrap();
        let github = Server::http(move |request| {
            let token = request.headers().get("authorization").cloned();
            let is_good = token.is_some_and(|token| token.to_str().unwrap().contains("good"));
            let path = request.uri().path().to_owned();
            let answer = match routes.get(&path) {
                _ if !is_good => (401, "{}".to_owned()),
                Some((status, body)) => (*status, body.clone()),
                None if path.contains("/commits/") => (422, "{}".to_owned()),
                None => (404, "{}".to_owned()),
            };
            async move { reply(answer.0, &[], answer.1) }
        })
        .await;
        let variables = tokens
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let host = GithubHost::with_api("github.com", &format!("http://{}", github.address));
        let mut sources = Sources::new(&Variables(variables), vec![host.unwrap()], TimeZone::UTC);
        sources.gh = Program::new("no-such-gh-here");
        let proxies = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
        sources.git = proxies
            .into_iter()
            .fold(Program::new("git"), Program::without)
            .with("HOME", files.path())
            .with("GIT_CONFIG_GLOBAL", files.path().join("gitconfig"))
            .with("GIT_CONFIG_NOSYSTEM", "1")
            .with("GIT_SSL_CAINFO", authority.write_to(files.path()));
        sources.limits.github.pause = Duration::from_millis(1);
        sources.limits.local = LIMIT;
        sources.limits.existence = LIMIT;
        let checkout = TestRepository::new();
        checkout
            .git
            .remote("origin", "https://github.com/o/app")
            .unwrap();
        Self {
            remote,
            checkout,
            git_server,
            github,
            files,
            sources,
        }
    }

    /// Without a token GitHub is not asked.
    pub(super) async fn without_token() -> Self {
        Self::new(&[], Routes::new()).await
    }

    /// Makes the same commits on a branch of the remote and of the checkout.
    pub(super) fn shared(&self, branch: &str, subjects: &[&str]) -> Vec<Commit> {
        let make = |repository: &TestRepository| -> Vec<Commit> {
            let commit = |subject: &&str| repository.commit(branch, subject);
            subjects.iter().map(commit).collect()
        };
        let commits = make(&self.remote);
        assert_eq!(make(&self.checkout), commits);
        commits
    }

    pub(super) async fn resolve(&self, reference: &str, at: At) -> Result<Resolved, Error> {
        self.resolve_waiting(reference, at, &|_, _| {}).await
    }

    pub(super) async fn resolve_waiting(
        &self,
        reference: &str,
        at: At,
        waiting: &(dyn Fn(&Failure, Duration) + Send + Sync),
    ) -> Result<Resolved, Error> {
        let mapped = Location::Path(self.remote.path().to_owned());
        let repository = repository();
        let request = ResolveRequest {
            reference: &reference.parse().unwrap(),
            place: self.place(at, &repository, &mapped),
            sources: &self.sources,
            waiting,
        };
        resolve_ref(request).await
    }

    pub(super) async fn outgoing(&self, at: At, from: &Commit, to: &Commit) -> Outgoing {
        let mapped = Location::Path(self.remote.path().to_owned());
        let repository = repository();
        let place = self.place(at, &repository, &mapped);
        outgoing(place, &self.sources, from, to).await
    }

    pub(super) fn place<'a>(
        &'a self,
        at: At,
        repository: &'a Repository,
        mapped: &'a Location,
    ) -> Place<'a> {
        Place {
            repository,
            mapped: (at == At::Mapped).then_some(mapped),
            folder: match at {
                At::Checkout => Some(self.checkout.path()),
                At::Nowhere | At::Mapped => Some(self.files.path()),
            },
        }
    }
}

/// Where the command runs, and whether the configuration maps the repository to a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Nowhere,
    Checkout,
    Mapped,
}

pub(super) fn repository() -> Repository {
    "o/app".parse().unwrap()
}

pub(super) fn head_of(name: &str, commit: &Commit) -> (String, (u16, String)) {
    let body = json!({"ref": format!("refs/heads/{name}"), "object": {"type": "commit", "sha": commit.as_str()}});
    let path = format!("/repos/o/app/git/ref/heads/{name}");
    (path, (200, body.to_string()))
}

pub(super) fn sha_of(text: &str, commit: &Commit) -> (String, (u16, String)) {
    let path = format!("/repos/o/app/commits/{text}");
    (path, (200, commit.to_string()))
}

pub(super) fn somewhere() -> Commit {
    "ab".repeat(20).parse().unwrap()
}

pub(super) const GOOD: [(&str, &str); 1] = [("GH_TOKEN", "good")];

#[test]
fn asking_may_move_between_threads() {
    fn is_send<T: Send>(_: T) {}
    fn check(request: ResolveRequest<'_>, sources: &Sources, commit: &Commit) {
        is_send(resolve_ref(request));
        is_send(outgoing(request.place, sources, commit, commit));
        is_send(branch_names(request.place, sources));
    }
    let _ = check;
}

#[test]
fn variables_are_taken_by_their_names() {
    let variables = Variables(BTreeMap::from(
        [
            ("GH_TOKEN", "one"),
            ("GITHUB_TOKEN", ""),
            ("https_proxy", "http://proxy"),
            ("GIT_SSH", "plink"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    ));
    let sources = Sources::new(&variables, vec![], TimeZone::UTC);
    assert!(sources.tokens.gh_token.is_some());
    assert!(sources.tokens.github_token.is_none());
    assert_eq!(sources.ssh, crate::resolve::ls_remote::SshProgram::Own);
    assert!(!format!("{sources:?}").contains("one\""));
}
