//! What goes wrong between here and GitHub.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::tests::{
    A, QUICK, ask, client, client_at, commit, json_reply, reference, repository, serve,
};
use super::*;
use crate::error::{Error, Kind};
use crate::resolve::GitRef;
use crate::servers_for_tests::{Server, reply};

#[tokio::test]
async fn a_renamed_repository_is_followed_on_the_same_host_only() {
    let other = serve(vec![]).await;
    let elsewhere = format!("http://{}/repositories/1", other.address);
    let server = Server::http(move |request| {
        let path = request.uri().to_string();
        let elsewhere = elsewhere.clone();
        async move {
            let to = |address: &str| reply(301, &[("location", address)], "{}");
            match path.as_str() {
                "/repos/o/old/git/ref/heads/x" => to("/repositories/1/git/ref/heads/x"),
                "/repositories/1/git/ref/heads/x" => {
                    json_reply(200, &reference("refs/heads/x", "commit", A))
                }
                "/repos/o/loop/git/ref/heads/x" => to("/repos/o/loop/git/ref/heads/x"),
                _ => to(&elsewhere),
            }
        }
    })
    .await;
    let reference: GitRef = "heads/x".parse().unwrap();
    let github = client(&server);
    let asked = async |name: &str| github.answer(&name.parse().unwrap(), &reference).await;
    assert_eq!(asked("o/old").await.unwrap().branch, Some(commit(A)));
    let error = asked("o/moved").await.expect_err("another host");
    assert!(matches!(error, GithubError::OtherHost { .. }), "{error}");
    let error = asked("o/loop").await.expect_err("a loop");
    assert!(matches!(error, GithubError::NotGithub { .. }), "{error}");
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn a_server_that_stumbles_is_asked_three_times() {
    for (failures, expected) in [(2, Some(commit(A))), (3, None)] {
        let count = AtomicUsize::new(0);
        let server = Server::http(move |_| {
            let number = count.fetch_add(1, Ordering::SeqCst);
            async move {
                if number < failures {
                    reply(502, &[("content-type", "text/html")], "<html>")
                } else {
                    json_reply(200, &reference("refs/heads/x", "commit", A))
                }
            }
        })
        .await;
        let answer = ask(&server, "heads/x").await;
        assert_eq!(server.seen().len(), 3);
        match expected {
            Some(found) => assert_eq!(answer.unwrap().branch, Some(found)),
            None => {
                let error = answer.expect_err("down");
                assert_eq!(error.to_string(), "github.com answered with status 502");
                assert_eq!(Error::from(error).kind, Kind::Unreachable);
            }
        }
    }
}

#[tokio::test]
async fn what_will_not_pass_is_asked_once() {
    type Headers = &'static [(&'static str, &'static str)];
    let table: [(u16, Headers, &str, Kind); 6] = [
        (401, &[], "{}", Kind::Denied),
        (
            403,
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", "1795251991"),
            ],
            "{}",
            Kind::Unreachable,
        ),
        (429, &[("retry-after", "3600")], "{}", Kind::Unreachable),
        (
            403,
            &[(
                "x-github-sso",
                "required; url=https://github.com/orgs/o/sso",
            )],
            "{}",
            Kind::Denied,
        ),
        (403, &[], "{}", Kind::Denied),
        (
            200,
            &[("content-type", "text/html")],
            "<html>Log in</html>",
            Kind::Unreachable,
        ),
    ];
    for (status, headers, body, kind) in table {
        let server = Server::http(move |_| async move { reply(status, headers, body) }).await;
        let error = Error::from(ask(&server, "heads/x").await.expect_err(body));
        assert_eq!(error.kind, kind, "{error}");
        assert_eq!(server.seen().len(), 1, "{error}");
        assert!(!format!("{error:?}").contains("ghp_secret"));
    }
}

#[tokio::test]
async fn nonsense_is_not_taken_for_an_answer() {
    let server = serve(vec![
        ("/repos/o/app/git/ref/heads/json", 200, json!([1, 2])),
        ("/repos/o/app/git/ref/heads/text", 200, json!("hello")),
        (
            "/repos/o/app/commits/aaaaaaa526f946222110fbdfb3d107c4b5a18fe7",
            200,
            json!("hello"),
        ),
    ])
    .await;
    for reference in ["heads/json", "heads/text", A] {
        let error = ask(&server, reference).await.expect_err(reference);
        assert!(matches!(error, GithubError::NotGithub { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let server = Server::http(|_| std::future::pending()).await;
    let patience = GithubPatience {
        total: Duration::from_millis(50),
        ..QUICK
    };
    let github = client_at(&format!("http://{}", server.address), patience);
    let error = github
        .answer(&repository(), &"master".parse().unwrap())
        .await
        .expect_err("silence");
    assert_eq!(error.to_string(), "github.com did not answer within 0.05 s");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let address = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = client_at(&format!("http://{address}"), QUICK)
        .answer(&repository(), &"master".parse().unwrap())
        .await
        .expect_err("nobody");
    assert!(matches!(error, GithubError::Transport { .. }), "{error}");
    assert_eq!(Error::from(error).kind, Kind::Unreachable);
}
