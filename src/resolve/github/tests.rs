//! The client against a GitHub on 127.0.0.1 that remembers what it was asked.

use std::collections::HashMap;

use http::Response;
use serde_json::{Value, json};

use super::*;
use crate::error::{Error, Kind};
use crate::https::Proxies;
use crate::resolve::program::Program;
use crate::resolve::repositories_for_tests::script;
use crate::resolve::{Answer, Clues, Commit, GitRef, Merged, RefName, Secret, TokenSource};
use crate::servers_for_tests::{Server, reply};

pub(super) const A: &str = "aaaaaaa526f946222110fbdfb3d107c4b5a18fe7";
pub(super) const B: &str = "bbbbbbb526f946222110fbdfb3d107c4b5a18fe7";
const T: &str = "7777777526f946222110fbdfb3d107c4b5a18fe7";
const LIMIT: Duration = Duration::from_secs(60);

pub(super) const QUICK: GithubPatience = GithubPatience {
    total: LIMIT,
    tries: 3,
    pause: Duration::from_millis(1),
};

/// What a path answers: a status and a body.
pub(super) type Routes = Vec<(&'static str, u16, Value)>;

/// Serves `routes` as GitHub does: unknown commits are 422, and all else that is unknown 404.
pub(super) async fn serve(routes: Routes) -> Server {
    let routes: HashMap<&str, (u16, Value)> = routes
        .into_iter()
        .map(|(path, status, body)| (path, (status, body)))
        .collect();
    Server::http(move |request| {
        let path = request.uri().to_string();
        let answer = routes.get(path.as_str()).cloned();
        async move {
            match answer {
                Some((status, Value::String(text))) => reply(status, &[], text),
                Some((status, value)) => json_reply(status, &value),
                None if path.starts_with("/repos/o/app/commits/") => {
                    json_reply(422, &json!({"message": "No commit found for SHA: x"}))
                }
                None => json_reply(404, &json!({"message": "Not Found"})),
            }
        }
    })
    .await
}

pub(super) fn json_reply(status: u16, value: &Value) -> Response<Bytes> {
    let kind = [("content-type", "application/json; charset=utf-8")];
    reply(status, &kind, value.to_string())
}

pub(super) fn client_at(api: &str, patience: GithubPatience) -> Github {
    let https = Https::new(Proxies::default(), LIMIT);
    let host = GithubHost::with_api("github.com", api).unwrap();
    let token = Token {
        source: TokenSource::GhToken,
        secret: Secret::new("ghp_secret"),
    };
    Github::new(&https, &host, &token, TimeZone::UTC, patience).unwrap()
}

pub(super) fn client(server: &Server) -> Github {
    client_at(&format!("http://{}", server.address), QUICK)
}

pub(super) fn repository() -> Repository {
    "o/app".parse().unwrap()
}

pub(super) async fn ask(server: &Server, reference: &str) -> Result<Answer, GithubError> {
    let reference: GitRef = reference.parse().unwrap();
    client(server).answer(&repository(), &reference).await
}

pub(super) fn commit(sha: &str) -> Commit {
    sha.parse().unwrap()
}

pub(super) fn reference(name: &str, kind: &str, sha: &str) -> Value {
    json!({"ref": name, "node_id": "x", "object": {"type": kind, "sha": sha, "url": "x"}})
}

fn sorted(server: &Server) -> Vec<String> {
    let mut targets = server.targets();
    targets.sort();
    targets
}

#[tokio::test]
async fn a_branch_takes_two_requests_at_once() {
    let server = serve(vec![(
        "/repos/o/app/git/ref/heads/master",
        200,
        reference("refs/heads/master", "commit", A),
    )])
    .await;
    let expected = Answer {
        branch: Some(commit(A)),
        ..Answer::default()
    };
    assert_eq!(ask(&server, "master").await.unwrap(), expected);
    assert_eq!(
        sorted(&server),
        [
            "/repos/o/app/git/ref/heads/master",
            "/repos/o/app/git/ref/tags/master"
        ]
    );
}

#[tokio::test]
async fn every_request_names_the_program_and_carries_the_token() {
    let server = serve(vec![]).await;
    ask(&server, "master").await.unwrap();
    assert_eq!(server.seen().len(), 3);
    for seen in server.seen() {
        let header = |name: &str| seen.headers.get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(header("authorization"), "Bearer ghp_secret");
        assert!(header("user-agent").starts_with("kube-deploy/"));
        assert!(header("accept").starts_with("application/vnd.github"));
        assert_eq!(header("x-github-api-version"), "2022-11-28");
    }
}

#[tokio::test]
async fn what_was_typed_decides_what_is_asked() {
    let pull = json!({"number": 7, "head": {"sha": A, "repo": {"full_name": "O/App"}}});
    let server = serve(vec![
        (
            "/repos/o/app/git/ref/heads/x",
            200,
            reference("refs/heads/x", "commit", A),
        ),
        (
            "/repos/o/app/git/ref/tags/x",
            200,
            reference("refs/tags/x", "commit", B),
        ),
        (
            "/repos/o/app/git/ref/tags/v1",
            200,
            reference("refs/tags/v1", "tag", T),
        ),
        (
            "/repos/o/app/git/tags/7777777526f946222110fbdfb3d107c4b5a18fe7",
            200,
            json!({"tag": "v1", "object": {"type": "commit", "sha": B}}),
        ),
        (
            "/repos/o/app/git/ref/tags/file",
            200,
            reference("refs/tags/file", "blob", B),
        ),
        ("/repos/o/app/pulls/7", 200, pull),
        (
            "/repos/o/app/commits/aaaaaaa526f946222110fbdfb3d107c4b5a18fe7",
            200,
            json!(A),
        ),
        ("/repos/o/app/commits/aaaaaaa", 200, json!(A)),
    ])
    .await;
    let (a, b) = (Some(commit(A)), Some(commit(B)));
    let table = [
        ("x", a.clone(), b.clone(), None, 2),
        ("heads/x", a.clone(), None, None, 1),
        ("tags/x", None, b.clone(), None, 1),
        ("v1", None, b.clone(), None, 3),
        ("tags/v1", None, b, None, 2),
        ("tags/file", None, None, None, 2),
        ("pull/7", None, None, a, 1),
    ];
    let mut asked = 0;
    for (reference, branch, tag, pull, requests) in table {
        let answer = ask(&server, reference).await.unwrap();
        assert_eq!(
            (answer.branch, answer.tag, answer.pull),
            (branch, tag, pull),
            "{reference}"
        );
        assert_eq!(answer.fork, None, "{reference}");
        asked += requests;
        assert_eq!(
            server.seen().len(),
            asked,
            "{reference}: {:?}",
            server.targets()
        );
    }
    for reference in [A, "aaaaaaa", "AAAAAAA"] {
        let answer = ask(&server, reference).await.unwrap();
        let commits: Vec<Commit> = answer
            .commits
            .into_iter()
            .map(|found| found.commit)
            .collect();
        assert_eq!(commits, [commit(A)], "{reference}");
    }
}

#[tokio::test]
async fn names_are_percent_encoded_by_segment() {
    let server = serve(vec![(
        "/repos/o/app/git/ref/heads/feature/gr%C3%B6%C3%9Fe%231%25%2B",
        200,
        reference("refs/heads/feature/größe#1%+", "commit", A),
    )])
    .await;
    let answer = ask(&server, "heads/feature/größe#1%+").await.unwrap();
    assert_eq!(answer.branch, Some(commit(A)));
}

#[tokio::test]
async fn a_ref_of_another_name_is_no_answer() {
    let server = serve(vec![(
        "/repos/o/app/git/ref/heads/mast",
        200,
        reference("refs/heads/master", "commit", A),
    )])
    .await;
    assert_eq!(ask(&server, "heads/mast").await.unwrap(), Answer::default());
}

#[tokio::test]
async fn a_name_like_a_sha_is_asked_as_branch_tag_and_commit() {
    let deadbee = "deadbee526f946222110fbdfb3d107c4b5a18fe7";
    let server = serve(vec![
        (
            "/repos/o/app/git/ref/heads/deadbee",
            200,
            reference("refs/heads/deadbee", "commit", A),
        ),
        ("/repos/o/app/commits/deadbee", 200, json!(deadbee)),
        // Taken for something else than the first digits of a SHA.
        ("/repos/o/app/commits/cafe", 200, json!(B)),
    ])
    .await;
    let answer = ask(&server, "deadbee").await.unwrap();
    assert_eq!(answer.branch, Some(commit(A)));
    assert_eq!(answer.commits[0].commit, commit(deadbee));
    assert_eq!(ask(&server, "cafe").await.unwrap(), Answer::default());
}

#[tokio::test]
async fn a_ref_that_is_not_there_is_told_from_a_repository_that_is_hidden() {
    let server = serve(vec![
        (
            "/repos/o/secret/commits/x",
            404,
            json!({"message": "Not Found"}),
        ),
        (
            "/repos/o/empty/commits/x",
            409,
            json!({"message": "Git Repository is empty."}),
        ),
    ])
    .await;
    assert_eq!(ask(&server, "x").await.unwrap(), Answer::default());
    assert_eq!(ask(&server, "pull/9").await.unwrap(), Answer::default());
    assert_eq!(ask(&server, B).await.unwrap(), Answer::default());
    let reference: GitRef = "x".parse().unwrap();
    let empty: Repository = "o/empty".parse().unwrap();
    let answer = client(&server).answer(&empty, &reference).await.unwrap();
    assert_eq!(answer, Answer::default());
    let secret: Repository = "o/secret".parse().unwrap();
    let hidden = client(&server)
        .answer(&secret, &reference)
        .await
        .expect_err("hidden");
    assert_eq!(
        hidden.to_string(),
        "o/secret does not exist, or a classic token in GH_TOKEN may not see it"
    );
    assert_eq!(Error::from(hidden).kind, Kind::NotFound);
}

#[tokio::test]
async fn the_fork_of_a_pull_request_is_named() {
    let from = |repo: Value| json!({"head": {"sha": A, "repo": repo}});
    let server = serve(vec![
        (
            "/repos/o/app/pulls/1",
            200,
            from(json!({"full_name": "mallory/app"})),
        ),
        ("/repos/o/app/pulls/2", 200, from(Value::Null)),
    ])
    .await;
    assert_eq!(
        ask(&server, "pull/1").await.unwrap().fork.as_deref(),
        Some("mallory/app")
    );
    let deleted = ask(&server, "pull/2").await.unwrap();
    assert_eq!((deleted.pull, deleted.fork), (Some(commit(A)), None));
}

#[tokio::test]
async fn an_enterprise_server_is_asked_below_its_own_path() {
    let server = serve(vec![(
        "/api/v3/repos/o/app/git/ref/heads/x",
        200,
        reference("refs/heads/x", "commit", A),
    )])
    .await;
    let github = client_at(&format!("http://{}/api/v3", server.address), QUICK);
    let answer = github
        .answer(&repository(), &"heads/x".parse().unwrap())
        .await;
    assert_eq!(answer.unwrap().branch, Some(commit(A)));
}

#[test]
fn the_api_is_where_github_puts_it_and_never_in_the_clear() {
    for (host, api) in [
        ("github.com", "https://api.github.com/"),
        ("octo.ghe.com", "https://api.octo.ghe.com/"),
        ("GHE.example.com", "https://ghe.example.com/api/v3"),
    ] {
        assert_eq!(GithubHost::new(host).unwrap().api.to_string(), api);
    }
    let address = |api: &str| GithubHost::with_api("ghe.example.com", api);
    for api in [
        "http://127.0.0.1:80",
        "http://localhost/api/v3",
        "https://ghe.example.com",
    ] {
        assert!(address(api).is_ok(), "{api}");
    }
    for api in [
        "http://ghe.example.com",
        "http://127.0.0.1.evil.example",
        "ghe.example.com",
        "ftp://x",
        "",
        "https://user:secret@ghe.example.com",
        "https://ghe.example.com/?x=1",
        "https://",
    ] {
        assert!(
            matches!(address(api), Err(GithubError::Address(_))),
            "{api}"
        );
    }
}

#[tokio::test]
async fn clues_are_a_new_name_a_merge_and_names_that_are_near() {
    let pulls = json!([
        {"number": 11, "merged_at": null, "merge_commit_sha": B},
        {"number": 12, "merged_at": "2026-11-20T10:00:00Z", "merge_commit_sha": A},
    ]);
    let server = Server::http(move |request| {
        let path = request.uri().to_string();
        let pulls = pulls.clone();
        async move {
            match path.as_str() {
                "/repos/o/app/branches/master" => {
                    reply(301, &[("location", "/repositories/1/branches/ma%C3%AFn/x")], "{}")
                }
                "/repos/o/app/branches?per_page=100" => {
                    json_reply(200, &json!([{"name": "maste"}, {"name": "other"}]))
                }
                "/repos/o/app/tags?per_page=100" => json_reply(200, &json!([{"name": "Master"}])),
                "/repos/o/app/pulls?state=closed&sort=updated&direction=desc&per_page=5&head=o:master" => {
                    json_reply(200, &pulls)
                }
                _ => reply(500, &[], ""),
            }
        }
    })
    .await;
    let github = client(&server);
    let name = RefName::parse("master").unwrap();
    let expected = Clues {
        near: vec!["Master".to_owned(), "maste".to_owned()],
        renamed_to: Some("maïn/x".to_owned()),
        merged: Some(Merged {
            pull: 12,
            commit: commit(A),
        }),
        ..Clues::default()
    };
    assert_eq!(github.clues(&repository(), &name).await, expected);
    let names = github.branch_names(&repository()).await.unwrap();
    assert_eq!(names, ["maste", "other"]);
    let broken: Repository = "o/broken".parse().unwrap();
    assert_eq!(github.clues(&broken, &name).await, Clues::default());
}

fn gh(folder: &std::path::Path, text: &str) -> Program {
    Program::new(script(&folder.join("gh"), text))
        .with("GH_TOKEN", "refused")
        .with("GITHUB_TOKEN", "refused")
}

#[tokio::test]
async fn gh_is_asked_for_the_token_that_it_keeps_itself() {
    let folder = tempfile::tempdir().unwrap();
    let table = [
        (
            "echo \"gho_$1$2$3$4$GH_TOKEN$GITHUB_TOKEN\"",
            Some("gho_authtoken--hostnameghe.example.com"),
        ),
        ("echo no oauth token >&2; exit 1", None),
        ("echo", None),
        ("echo two words", None),
    ];
    for (script, expected) in table {
        let gh = gh(folder.path(), script);
        let token = token_of_gh(&gh, "ghe.example.com", LIMIT).await.unwrap();
        assert_eq!(
            token.as_ref().map(|token| token.secret.expose()),
            expected,
            "{script}"
        );
    }
    let absent = Program::new("no-such-gh-here");
    assert_eq!(
        token_of_gh(&absent, "github.com", LIMIT).await.unwrap(),
        None
    );
    let slow = gh(folder.path(), "sleep 600");
    let limit = Duration::from_millis(50);
    assert!(token_of_gh(&slow, "github.com", limit).await.is_err());
}
