//! The commits that go out, and who can list them.

use serde_json::json;

use super::tests::{At, GOOD, Routes, World, repository, somewhere};
use super::*;
use crate::resolve::CommitSummary;
use crate::resolve::repositories_for_tests::TestRepository;

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
