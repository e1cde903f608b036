//! What the checkout adds to a ref, and what `@` means.

use super::tests::{At, GOOD, Routes, World, sha_of};
use super::*;
use crate::error::Kind;
use crate::resolve::repositories_for_tests::{TestRepository, oid};

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
