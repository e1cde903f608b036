//! Comparisons, page by page.

use serde_json::{Value, json};

use super::tests::{A, B, client, commit, repository, serve};
use crate::resolve::{Direction, Outgoing};
use crate::servers_for_tests::Server;

fn compared(ahead: usize, behind: usize, numbers: std::ops::Range<usize>) -> Value {
    let commits: Vec<Value> = numbers
        .map(|number| {
            json!({
                "sha": format!("{number:040x}"),
                "commit": {"message": format!("Change {number}\n\nBecause."), "author": {"name": "Ada"}},
            })
        })
        .collect();
    json!({"ahead_by": ahead, "behind_by": behind, "commits": commits, "files": [{"patch": "x"}]})
}

async fn outgoing(server: &Server) -> Option<Outgoing> {
    client(server)
        .outgoing(&repository(), &commit(A), &commit(B))
        .await
        .unwrap()
}

/// The page of the comparison from A to B, or back.
fn page(is_back: bool, number: usize) -> &'static str {
    let (from, to) = if is_back { (B, A) } else { (A, B) };
    let path = format!("/repos/o/app/compare/{from}...{to}?per_page=100&page={number}");
    Box::leak(path.into_boxed_str())
}

#[tokio::test]
async fn outgoing_commits_come_newest_first_with_their_direction() {
    let table = [
        (
            vec![(page(false, 1), 200, compared(3, 0, 0..3))],
            Direction::Forward,
            3,
            vec![2, 1, 0],
        ),
        (
            vec![(page(false, 1), 200, compared(0, 0, 0..0))],
            Direction::Same,
            0,
            vec![],
        ),
        (
            vec![(page(false, 1), 200, compared(2, 1, 0..2))],
            Direction::Diverged { lost: 1 },
            2,
            vec![1, 0],
        ),
        (
            vec![
                (page(false, 1), 200, compared(0, 2, 0..0)),
                (page(true, 1), 200, compared(2, 0, 0..2)),
            ],
            Direction::Backward,
            2,
            vec![1, 0],
        ),
    ];
    for (routes, direction, count, numbers) in table {
        let requests = routes.len();
        let server = serve(routes).await;
        let outgoing = outgoing(&server).await.unwrap();
        assert_eq!((outgoing.direction, outgoing.count), (direction, count));
        let subjects: Vec<String> = outgoing.commits.iter().map(|c| c.subject.clone()).collect();
        let expected: Vec<String> = numbers.iter().map(|n| format!("Change {n}")).collect();
        assert_eq!(subjects, expected);
        assert_eq!(server.seen().len(), requests);
    }
}

#[tokio::test]
async fn of_many_commits_only_the_pages_with_the_newest_are_read() {
    let server = serve(vec![
        (page(false, 1), 200, compared(220, 0, 0..100)),
        (page(false, 2), 200, compared(220, 0, 100..200)),
        (page(false, 3), 200, compared(220, 0, 200..220)),
    ])
    .await;
    let outgoing = outgoing(&server).await.unwrap();
    assert_eq!(outgoing.count, 220);
    assert_eq!(outgoing.commits.len(), Outgoing::LISTED);
    assert_eq!(outgoing.commits[0].subject, "Change 219");
    assert_eq!(outgoing.commits[49].subject, "Change 170");
    assert_eq!(
        server.targets(),
        [page(false, 1), page(false, 3), page(false, 2)]
    );
}

#[tokio::test]
async fn commits_that_github_does_not_know_cannot_be_compared() {
    let server = serve(vec![]).await;
    assert_eq!(outgoing(&server).await, None);
}
