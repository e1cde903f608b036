//! The order of asking, and what the checkout adds, against servers and repositories on this
//! machine.

use std::collections::BTreeMap;
use std::sync::Mutex;

use jiff::tz::TimeZone;
use serde_json::json;

use super::*;
use crate::error::Kind;
use crate::resolve::CommitSummary;
use crate::resolve::github::GithubHost;
use crate::resolve::program::Program;
use crate::resolve::repositories_for_tests::{TestRepository, oid};
use crate::servers_for_tests::{Authority, Server, git_server, reply};
use crate::surroundings::Variables;

const LIMIT: Duration = Duration::from_secs(60);

/// A remote repository `o/app`, served by git over HTTPS in place of github.com, a GitHub, and a
/// checkout.
struct World {
    remote: TestRepository,
    checkout: TestRepository,
    git_server: Server,
    github: Server,
    files: tempfile::TempDir,
    sources: Sources,
}

type Routes = BTreeMap<String, (u16, String)>;

impl World {
    /// `tokens` are variables; `routes` are what GitHub answers to their good ones.
    async fn new(tokens: &[(&str, &str)], routes: Routes) -> Self {
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
    async fn without_token() -> Self {
        Self::new(&[], Routes::new()).await
    }

    /// Makes the same commits on a branch of the remote and of the checkout.
    fn shared(&self, branch: &str, subjects: &[&str]) -> Vec<Commit> {
        let make = |repository: &TestRepository| -> Vec<Commit> {
            let commit = |subject: &&str| repository.commit(branch, subject);
            subjects.iter().map(commit).collect()
        };
        let commits = make(&self.remote);
        assert_eq!(make(&self.checkout), commits);
        commits
    }

    async fn resolve(&self, reference: &str, at: At) -> Result<Resolved, Error> {
        self.resolve_waiting(reference, at, &|_, _| {}).await
    }

    async fn resolve_waiting(
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

    async fn outgoing(&self, at: At, from: &Commit, to: &Commit) -> Outgoing {
        let mapped = Location::Path(self.remote.path().to_owned());
        let repository = repository();
        let place = self.place(at, &repository, &mapped);
        outgoing(place, &self.sources, from, to).await
    }

    fn place<'a>(&'a self, at: At, repository: &'a Repository, mapped: &'a Location) -> Place<'a> {
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
enum At {
    Nowhere,
    Checkout,
    Mapped,
}

fn repository() -> Repository {
    "o/app".parse().unwrap()
}

fn head_of(name: &str, commit: &Commit) -> (String, (u16, String)) {
    let body = json!({"ref": format!("refs/heads/{name}"), "object": {"type": "commit", "sha": commit.as_str()}});
    let path = format!("/repos/o/app/git/ref/heads/{name}");
    (path, (200, body.to_string()))
}

fn sha_of(text: &str, commit: &Commit) -> (String, (u16, String)) {
    let path = format!("/repos/o/app/commits/{text}");
    (path, (200, commit.to_string()))
}

fn somewhere() -> Commit {
    "ab".repeat(20).parse().unwrap()
}

const GOOD: [(&str, &str); 1] = [("GH_TOKEN", "good")];

#[tokio::test]
async fn with_a_token_the_api_alone_is_asked() {
    let world = World::new(&GOOD, Routes::from([head_of("master", &somewhere())])).await;
    let resolved = world.resolve("master", At::Nowhere).await.unwrap();
    assert_eq!(resolved.commit, somewhere());
    assert_eq!(resolved.branch(), Some("master"));
    assert_eq!(resolved.notes, []);
    let api = Way::GitHub {
        host: "github.com".to_owned(),
    };
    assert_eq!(resolved.found_by, FoundBy::Asked(api));
    assert!(world.git_server.seen().is_empty());
}

#[tokio::test]
async fn without_a_token_git_is_asked() {
    let world = World::without_token().await;
    let commits = world.shared("master", &["One"]);
    world.remote.annotate("v1", &commits[0]);
    world.remote.point("refs/pull/7/head", &commits[0]);
    for at in [At::Nowhere, At::Checkout] {
        for reference in ["master", "heads/master", "v1", "pull/7"] {
            let resolved = world.resolve(reference, at).await.unwrap();
            assert_eq!(resolved.commit, commits[0], "{reference}");
            let FoundBy::Asked(Way::LsRemote(_)) = resolved.found_by else {
                panic!("{:?}", resolved.found_by);
            };
        }
    }
    assert!(world.github.seen().is_empty());
}

#[tokio::test]
async fn a_token_that_is_refused_is_named_and_the_next_one_tried() {
    let tokens = [("GH_TOKEN", "expired"), ("GITHUB_TOKEN", "good")];
    let world = World::new(&tokens, Routes::from([head_of("master", &somewhere())])).await;
    let resolved = world.resolve("master", At::Nowhere).await.unwrap();
    assert_eq!(resolved.commit, somewhere());
    let [Note::Failed(failure)] = resolved.notes.as_slice() else {
        panic!("{:?}", resolved.notes);
    };
    assert_eq!(failure.kind, Kind::Denied);
    assert!(failure.text.contains("GH_TOKEN"), "{failure}");
}

#[tokio::test]
async fn when_every_token_is_refused_git_is_asked() {
    let tokens = [("GH_TOKEN", "expired"), ("GITHUB_ACCESS_TOKEN", "old")];
    let world = World::new(&tokens, Routes::new()).await;
    let commits = world.shared("master", &["One"]);
    let resolved = world.resolve("master", At::Nowhere).await.unwrap();
    assert_eq!(resolved.commit, commits[0]);
    let told: Vec<String> = resolved
        .notes
        .iter()
        .map(|note| format!("{note:?}"))
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("GH_TOKEN") && told[1].contains("GITHUB_ACCESS_TOKEN"));
}

#[tokio::test]
async fn a_repository_that_the_token_may_not_see_is_asked_of_git() {
    let hidden = (
        "/repos/o/app/commits/master".to_owned(),
        (404, "{}".to_owned()),
    );
    let world = World::new(&GOOD, Routes::from([hidden])).await;
    let commits = world.shared("master", &["One"]);
    let resolved = world.resolve("master", At::Nowhere).await.unwrap();
    assert_eq!(resolved.commit, commits[0]);
}

#[tokio::test]
async fn a_ref_that_the_api_does_not_know_is_not_asked_of_git() {
    let world = World::new(&GOOD, Routes::new()).await;
    world.shared("master", &["One"]);
    let error = world
        .resolve("master", At::Nowhere)
        .await
        .expect_err("none");
    assert_eq!(error.kind, Kind::NotFound);
    assert!(world.git_server.seen().is_empty());
}

#[tokio::test]
async fn when_nobody_answers_every_way_is_named_and_a_full_sha_offered() {
    let mut world = World::new(&[("GH_TOKEN", "expired")], Routes::new()).await;
    let commits = world.shared("master", &["One"]);
    world.sources.git = Program::new("no-such-git-here");
    let error = world
        .resolve("master", At::Checkout)
        .await
        .expect_err("nobody");
    assert_eq!(error.kind, Kind::Denied);
    let text = error.to_string();
    for part in ["GH_TOKEN", "ls-remote", "no-such-git-here"] {
        assert!(text.contains(part), "{text}");
    }
    let error = world
        .resolve(commits[0].short(), At::Checkout)
        .await
        .expect_err("nobody");
    let last = error.hints.last().unwrap();
    assert!(last.ends_with(commits[0].as_str()), "{last}");
}

#[tokio::test]
async fn a_short_rate_limit_is_waited_out_only_when_no_other_way_is_left() {
    let limited = Server::http({
        let asked = Mutex::new(0);
        move |_| {
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            let is_first = *asked == 1;
            async move {
                if is_first {
                    reply(429, &[("retry-after", "0")], "{}")
                } else {
                    reply(200, &[], head_of("x", &somewhere()).1.1)
                }
            }
        }
    })
    .await;
    let mut world = World::new(&GOOD, Routes::new()).await;
    let api = format!("http://{}", limited.address);
    world.sources.hosts = vec![GithubHost::with_api("github.com", &api).unwrap()];
    world.sources.git = Program::new("no-such-git-here");
    let waits = Mutex::new(Vec::new());
    let waiting = |failure: &Failure, wait: Duration| {
        waits.lock().unwrap().push((failure.to_string(), wait));
    };
    let resolved = world
        .resolve_waiting("heads/x", At::Nowhere, &waiting)
        .await
        .unwrap();
    assert_eq!(resolved.commit, somewhere());
    let waits = waits.into_inner().unwrap();
    assert_eq!(waits.len(), 1);
    assert!(waits[0].0.contains("fewer requests"), "{waits:?}");
}

#[tokio::test]
async fn a_mapped_folder_is_read_and_nobody_else_asked() {
    let world = World::new(&GOOD, Routes::from([head_of("master", &somewhere())])).await;
    let commits = world.shared("master", &["One", "Two"]);
    for reference in ["master", commits[1].short(), commits[1].as_str()] {
        let resolved = world.resolve(reference, At::Mapped).await.unwrap();
        assert_eq!(resolved.commit, commits[1], "{reference}");
        let path = Way::Path(world.remote.path().to_owned());
        assert_eq!(resolved.found_by, FoundBy::Asked(path), "{reference}");
    }
    let error = world.resolve("mastr", At::Mapped).await.expect_err("none");
    assert_eq!(error.hints, ["There is master"]);
    assert!(world.github.seen().is_empty() && world.git_server.seen().is_empty());
}

#[tokio::test]
async fn the_remotes_branch_counts_and_the_difference_is_said() {
    let world = World::without_token().await;
    let shared = world.shared("master", &["One"]);
    let local = world.checkout.commit("master", "Mine");
    let remote = world.remote.commit("master", "Theirs");
    // As it is after a fetch: the remote's commit is at hand.
    let fetched = world
        .checkout
        .loose_commit("Ada", "Theirs", Some(&shared[0]));
    assert_eq!(fetched, remote);
    assert_ne!(local, remote);
    let resolved = world.resolve("master", At::Checkout).await.unwrap();
    assert_eq!(resolved.commit, remote);
    let differs = Note::LocalDiffers {
        branch: "master".to_owned(),
        ahead_behind: Some((1, 1)),
    };
    let mut notes = resolved.notes.clone();
    notes.retain(|note| *note != Note::DirtyTree);
    assert_eq!(notes, [differs]);

    let newest = world.remote.commit("master", "Not fetched");
    let resolved = world.resolve("master", At::Checkout).await.unwrap();
    assert_eq!(resolved.commit, newest);
    assert!(resolved.notes.contains(&Note::LocalDiffers {
        branch: "master".to_owned(),
        ahead_behind: None,
    }));
}

#[tokio::test]
async fn changes_that_are_not_committed_are_mentioned() {
    let world = World::without_token().await;
    let commits = world.shared("master", &["One"]);
    world.shared("other", &["Two"]);
    world
        .checkout
        .point("refs/remotes/origin/master", &commits[0]);
    world.checkout.check_out();
    for reference in ["@", "master"] {
        let resolved = world.resolve(reference, At::Checkout).await.unwrap();
        assert_eq!(resolved.notes, [], "{reference}");
    }
    std::fs::write(world.checkout.path().join("file"), "changed").unwrap();
    for (reference, expected) in [("@", true), ("master", true), ("other", false)] {
        let resolved = world.resolve(reference, At::Checkout).await.unwrap();
        let is_said = resolved.notes.contains(&Note::DirtyTree);
        assert_eq!(is_said, expected, "{reference}");
    }
}

#[tokio::test]
async fn what_is_checked_out_is_deployed_if_the_remote_has_it() {
    let world = World::without_token().await;
    let shared = world.shared("master", &["One", "Two"]);
    world.checkout.check_out();
    // Not fetched since the push, so the server is asked.
    let resolved = world.resolve("@", At::Checkout).await.unwrap();
    assert_eq!(resolved.commit, shared[1]);
    assert!(matches!(
        resolved.found_by,
        FoundBy::Asked(Way::LsRemote(_))
    ));
    let asked = world.git_server.seen().len();
    world
        .checkout
        .point("refs/remotes/origin/master", &shared[1]);
    let resolved = world.resolve("@", At::Checkout).await.unwrap();
    assert_eq!(resolved.found_by, FoundBy::Checkout);
    assert_eq!(resolved.branch(), Some("master"));
    assert_eq!(world.git_server.seen().len(), asked);

    world
        .checkout
        .git
        .set_head_detached(oid(&shared[0]))
        .unwrap();
    world.checkout.check_out();
    let resolved = world.resolve("@", At::Checkout).await.unwrap();
    assert_eq!(resolved.commit, shared[0]);
    assert_eq!(resolved.notes, [Note::DetachedHead]);
    assert_eq!(resolved.branch(), None);
}

#[tokio::test]
async fn what_is_checked_out_and_not_pushed_is_refused() {
    for (tokens, routes) in [(&GOOD[..], Routes::new()), (&[], Routes::new())] {
        let world = World::new(tokens, routes).await;
        world.shared("master", &["One"]);
        let mine = world.checkout.commit("master", "Mine");
        let error = world.resolve("@", At::Checkout).await.expect_err("mine");
        assert_eq!(error.kind, Kind::Refused);
        assert_eq!(
            error.to_string(),
            format!("{} is not pushed to o/app", mine.short())
        );
        assert!(error.hints[0].ends_with("git push origin master"));
    }
}

#[tokio::test]
async fn the_api_may_know_that_a_commit_is_pushed() {
    let repository = TestRepository::new();
    let commit = repository.commit("master", "Mine");
    let world = World::new(&GOOD, Routes::from([sha_of(commit.as_str(), &commit)])).await;
    assert_eq!(world.checkout.commit("master", "Mine"), commit);
    let resolved = world.resolve("@", At::Checkout).await.unwrap();
    assert!(matches!(
        resolved.found_by,
        FoundBy::Asked(Way::GitHub { .. })
    ));
}

#[tokio::test]
async fn the_checkout_means_nothing_for_another_repository() {
    let world = World::without_token().await;
    let shared = world.shared("master", &["One", "Two"]);
    world
        .checkout
        .git
        .remote_set_url("origin", "git@github.com:somebody/fork.git")
        .unwrap();
    let error = world.resolve("@", At::Checkout).await.expect_err("a fork");
    assert_eq!(error.kind, Kind::Refused);
    let error = world
        .resolve(shared[1].short(), At::Checkout)
        .await
        .expect_err("a fork");
    assert_eq!(error.kind, Kind::NotFound);
    let resolved = world.resolve("master", At::Checkout).await.unwrap();
    assert_eq!(resolved.notes, []);
    let error = world
        .resolve("@", At::Nowhere)
        .await
        .expect_err("no checkout");
    assert_eq!(error.kind, Kind::NotFound);
}

#[tokio::test]
async fn a_checkout_without_commits_has_nothing_to_deploy() {
    let world = World::without_token().await;
    let error = world.resolve("@", At::Checkout).await.expect_err("empty");
    assert_eq!(error.kind, Kind::NotFound);
}

#[tokio::test]
async fn a_checkout_that_cannot_be_read_is_left_out_and_named() {
    let world = World::without_token().await;
    let commits = world.shared("master", &["One"]);
    std::fs::write(
        world.checkout.git.path().join("config"),
        "[core]\nrepositoryformatversion = 1\n[extensions]\nfromTheFuture = true\n",
    )
    .unwrap();
    let resolved = world.resolve("master", At::Checkout).await.unwrap();
    assert_eq!(resolved.commit, commits[0]);
    assert!(matches!(
        resolved.notes.as_slice(),
        [Note::CheckoutUnreadable(_)]
    ));
    let error = world
        .resolve("@", At::Checkout)
        .await
        .expect_err("unreadable");
    assert_eq!(error.kind, Kind::NotFound);
}

#[tokio::test]
async fn a_short_sha_is_completed_by_the_checkout_where_git_cannot_be_asked() {
    let world = World::without_token().await;
    let shared = world.shared("master", &["One", "Two"]);
    world
        .checkout
        .point("refs/remotes/origin/master", &shared[1]);
    let short = shared[0].short();
    let resolved = world.resolve(short, At::Checkout).await.unwrap();
    assert_eq!(resolved.commit, shared[0]);
    assert_eq!(resolved.found_by, FoundBy::Checkout);
    assert_eq!(resolved.notes, [Note::ShortSha(short.to_owned())]);

    let mine = world.checkout.commit("master", "Mine");
    let resolved = world.resolve(mine.short(), At::Checkout).await.unwrap();
    assert!(resolved.notes.contains(&Note::NotPushed));

    let error = world
        .resolve(short, At::Nowhere)
        .await
        .expect_err("unasked");
    assert_eq!(error.kind, Kind::NotFound);
    assert!(error.hints[0].contains("checkout"), "{:?}", error.hints);
}

#[tokio::test]
async fn a_branch_spelt_like_a_commit_of_the_checkout_is_ambiguous() {
    let world = World::without_token().await;
    let shared = world.shared("master", &["One", "Two"]);
    world
        .remote
        .point(&format!("refs/heads/{}", shared[0].short()), &shared[1]);
    let error = world
        .resolve(shared[0].short(), At::Checkout)
        .await
        .expect_err("two meanings");
    assert_eq!(error.kind, Kind::NotFound);
    let text = error.to_string();
    assert!(
        text.contains(shared[0].as_str()) && text.contains(shared[1].as_str()),
        "{text}"
    );
    assert!(text.contains("(One)"), "{text}");
    let explicit = format!("heads/{}", shared[0].short());
    let resolved = world.resolve(&explicit, At::Checkout).await.unwrap();
    assert_eq!(resolved.commit, shared[1]);
}

#[tokio::test]
async fn a_branch_and_a_tag_of_one_name_are_ambiguous() {
    let world = World::without_token().await;
    let shared = world.shared("x", &["One", "Two"]);
    world.remote.point("refs/tags/x", &shared[0]);
    for at in [At::Nowhere, At::Mapped] {
        let error = world.resolve("x", at).await.expect_err("two meanings");
        assert_eq!(error.kind, Kind::NotFound);
        assert_eq!(error.hints, ["Write one of them: heads/x, tags/x"]);
        let resolved = world.resolve("tags/x", at).await.unwrap();
        assert_eq!(resolved.commit, shared[0]);
        assert_eq!(resolved.tag(), Some("x"));
    }
}

#[tokio::test]
async fn what_is_not_found_comes_with_clues() {
    let world = World::without_token().await;
    let error = world
        .resolve("master", At::Nowhere)
        .await
        .expect_err("empty");
    assert!(
        error.hints[0].contains("no branch or tag at all"),
        "{:?}",
        error.hints
    );
    world.shared("master", &["One"]);
    world.checkout.commit("mine", "Mine");
    let error = world.resolve("maste", At::Nowhere).await.expect_err("near");
    assert_eq!(error.hints, ["There is master"]);
    let error = world
        .resolve("mine", At::Checkout)
        .await
        .expect_err("local");
    assert_eq!(
        error.hints,
        ["The branch exists only in this checkout: git push origin mine"]
    );
}

#[tokio::test]
async fn a_full_sha_needs_nobody() {
    let sha = somewhere();
    let note = |notes: &[Note]| notes.to_vec();
    let tag_object: Commit = "cd".repeat(20).parse().unwrap();

    let known = World::new(&GOOD, Routes::from([sha_of(sha.as_str(), &sha)])).await;
    let resolved = known.resolve(sha.as_str(), At::Nowhere).await.unwrap();
    assert_eq!(
        (resolved.commit, note(&resolved.notes)),
        (sha.clone(), vec![])
    );

    let unknown = World::new(&GOOD, Routes::new()).await;
    let resolved = unknown.resolve(sha.as_str(), At::Nowhere).await.unwrap();
    assert_eq!(resolved.notes, [Note::UnknownToRemote]);

    let unasked = World::without_token().await;
    let resolved = unasked.resolve(sha.as_str(), At::Nowhere).await.unwrap();
    assert_eq!(resolved.notes, [Note::ExistenceUnknown]);
    assert_eq!(resolved.found_by, FoundBy::Itself);

    let tagged = World::new(&GOOD, Routes::from([sha_of(tag_object.as_str(), &sha)])).await;
    let error = tagged
        .resolve(tag_object.as_str(), At::Nowhere)
        .await
        .expect_err("a tag object");
    assert_eq!(error.hints, [format!("Its commit is {sha}")]);
}

#[tokio::test]
async fn a_full_sha_that_the_checkout_has_seen_pushed_is_asked_of_nobody() {
    let world = World::new(&GOOD, Routes::new()).await;
    let shared = world.shared("master", &["One"]);
    world
        .checkout
        .point("refs/remotes/origin/master", &shared[0]);
    let resolved = world
        .resolve(shared[0].as_str(), At::Checkout)
        .await
        .unwrap();
    assert_eq!(resolved.found_by, FoundBy::Checkout);
    assert!(world.github.seen().is_empty());
}

#[tokio::test]
async fn the_question_whether_a_full_sha_exists_has_a_budget() {
    let silent = Server::http(|_| std::future::pending()).await;
    let mut world = World::new(&GOOD, Routes::new()).await;
    let api = format!("http://{}", silent.address);
    world.sources.hosts = vec![GithubHost::with_api("github.com", &api).unwrap()];
    world.sources.limits.existence = Duration::from_millis(50);
    let sha = somewhere();
    let resolved = world.resolve(sha.as_str(), At::Nowhere).await.unwrap();
    assert_eq!(resolved.notes, [Note::ExistenceUnknown]);
}

#[tokio::test]
async fn a_pull_request_from_a_fork_is_said_to_be_one() {
    let pull = json!({"head": {"sha": somewhere().as_str(), "repo": {"full_name": "mallory/app"}}});
    let route = ("/repos/o/app/pulls/7".to_owned(), (200, pull.to_string()));
    let world = World::new(&GOOD, Routes::from([route])).await;
    let resolved = world.resolve("pull/7", At::Nowhere).await.unwrap();
    assert_eq!(resolved.commit, somewhere());
    assert_eq!(resolved.notes, [Note::FromFork("mallory/app".to_owned())]);
}

fn comparison(from: &Commit, to: &Commit) -> (String, (u16, String)) {
    let commits =
        json!([{"sha": to.as_str(), "commit": {"message": "Far", "author": {"name": "Grace"}}}]);
    let body = json!({"ahead_by": 1, "behind_by": 0, "commits": commits});
    (
        format!("/repos/o/app/compare/{from}...{to}"),
        (200, body.to_string()),
    )
}

#[tokio::test]
async fn outgoing_commits_come_from_the_checkout_or_the_mapped_folder_first() {
    let world = World::new(&GOOD, Routes::new()).await;
    let shared = world.shared("master", &["One", "Two", "Three"]);
    for at in [At::Checkout, At::Mapped] {
        let outgoing = world.outgoing(at, &shared[0], &shared[2]).await;
        assert_eq!(outgoing.direction, Direction::Forward);
        let subjects: Vec<&str> = outgoing
            .commits
            .iter()
            .map(|c| c.subject.as_str())
            .collect();
        assert_eq!(subjects, ["Three", "Two"]);
        assert_eq!(
            world.outgoing(at, &shared[2], &shared[0]).await.direction,
            Direction::Backward
        );
        assert_eq!(
            world.outgoing(at, &shared[0], &shared[0]).await,
            Outgoing::same()
        );
    }
    assert!(world.github.seen().is_empty());
}

#[tokio::test]
async fn outgoing_commits_come_from_the_api_where_the_checkout_cannot_tell() {
    let near = TestRepository::new().commit("master", "One");
    let far = somewhere();
    let world = World::new(&GOOD, Routes::from([comparison(&near, &far)])).await;
    world.shared("master", &["One"]);
    for at in [At::Checkout, At::Nowhere] {
        let outgoing = world.outgoing(at, &near, &far).await;
        assert_eq!(outgoing.direction, Direction::Forward);
        let summary = CommitSummary {
            commit: far.clone(),
            subject: "Far".to_owned(),
            author: "Grace".to_owned(),
        };
        assert_eq!(outgoing.commits, [summary]);
    }
}

#[tokio::test]
async fn where_nobody_can_tell_the_direction_is_unknown_and_why_is_said() {
    let (near, far) = (somewhere(), "cd".repeat(20).parse().unwrap());
    let unknown = |outgoing: Outgoing| match outgoing.direction {
        Direction::Unknown(why) => why,
        other => panic!("{other:?}"),
    };
    let without_token = World::without_token().await;
    without_token.shared("master", &["One"]);
    for at in [At::Checkout, At::Nowhere, At::Mapped] {
        let outgoing = without_token.outgoing(at, &near, &far).await;
        assert_eq!(unknown(outgoing), WhyUnknown::NotAtHand);
    }
    let shared = without_token.shared("other", &["Two", "Three"]);
    std::fs::create_dir_all(without_token.checkout.git.path().join("info")).unwrap();
    let grafts = without_token.checkout.git.path().join("info/grafts");
    std::fs::write(grafts, format!("{}\n", shared[1])).unwrap();
    let outgoing = without_token
        .outgoing(At::Checkout, &shared[0], &shared[1])
        .await;
    assert_eq!(unknown(outgoing), WhyUnknown::Shallow);

    let refused = World::new(&[("GH_TOKEN", "expired")], Routes::new()).await;
    let why = unknown(refused.outgoing(At::Nowhere, &near, &far).await);
    assert!(
        matches!(&why, WhyUnknown::Unanswered(text) if text.contains("GH_TOKEN")),
        "{why:?}"
    );
    let ignorant = World::new(&GOOD, Routes::new()).await;
    let outgoing = ignorant.outgoing(At::Nowhere, &near, &far).await;
    assert_eq!(unknown(outgoing), WhyUnknown::NotAtHand);
}

#[tokio::test]
async fn branch_names_come_from_whoever_can_tell_them() {
    let list = (
        "/repos/o/app/branches".to_owned(),
        (200, json!([{"name": "far"}]).to_string()),
    );
    for (tokens, at, expected) in [
        (&GOOD[..], At::Nowhere, "far"),
        (&[], At::Nowhere, "master"),
        (&[], At::Mapped, "master"),
    ] {
        let world = World::new(tokens, Routes::from([list.clone()])).await;
        world.shared("master", &["One"]);
        let mapped = Location::Path(world.remote.path().to_owned());
        let repository = repository();
        let place = world.place(at, &repository, &mapped);
        let names = branch_names(place, &world.sources).await.unwrap();
        assert_eq!(names, [expected]);
    }
}

#[test]
fn a_branch_that_moved_since_the_plan_is_said_to_have_moved() {
    let resolved = |sha: &str| Resolved {
        commit: sha.repeat(20).parse().unwrap(),
        named: Named::Commit,
        found_by: FoundBy::Itself,
        notes: vec![],
    };
    let (planned, now) = (resolved("ab"), resolved("cd"));
    assert_eq!(planned.moved_to(&planned), None);
    assert_eq!(
        planned.moved_to(&now),
        Some(Note::Moved {
            from: planned.commit.clone(),
            to: now.commit.clone(),
        })
    );
}

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
