//! Who is asked, in which order, and what their answers make of a ref.

use std::sync::Mutex;

use serde_json::json;

use super::tests::{At, GOOD, Routes, World, head_of, sha_of, somewhere};
use super::*;
use crate::error::Kind;
use crate::resolve::github::GithubHost;
use crate::resolve::program::Program;
use crate::resolve::repositories_for_tests::script;
use crate::servers_for_tests::{Server, reply};

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

#[tokio::test]
async fn the_sha_of_a_tag_object_is_refused_with_its_commit() {
    let world = World::without_token().await;
    let shared = world.shared("master", &["One"]);
    let tag_object = world.remote.annotate("v1", &shared[0]);
    assert_eq!(world.checkout.annotate("v1", &shared[0]), tag_object);
    world
        .checkout
        .point("refs/remotes/origin/master", &shared[0]);
    for at in [At::Checkout, At::Mapped] {
        let error = world
            .resolve(tag_object.as_str(), at)
            .await
            .expect_err("a tag object");
        assert_eq!(error.kind, Kind::NotFound);
        assert_eq!(error.hints, [format!("Its commit is {}", shared[0])]);
    }
}

#[tokio::test]
async fn gh_is_run_once_for_all_questions() {
    let mut world = World::new(&[], Routes::from([head_of("master", &somewhere())])).await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let text = format!("echo run >>{}\necho good", log.display());
    world.sources.gh = Program::new(script(&folder.path().join("gh"), &text));
    for _ in 0..2 {
        let resolved = world.resolve("master", At::Nowhere).await.unwrap();
        assert_eq!(resolved.commit, somewhere());
    }
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "run\n");
}
