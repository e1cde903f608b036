//! Requests one by one: faults, credentials, limits, and what is recorded.

use std::collections::HashMap;

use kube::config::{AuthInfo, ExecConfig};
use serde_json::{Value, json};

use super::super::testing::{Piece, Reply, Script};
use super::*;

fn get(path: &str) -> Request<Bytes> {
    Request::get(path).body(Bytes::new()).expect("a request")
}

async fn read(script: &Script) -> Result<Value, Fault> {
    script.cluster().wire.read_json(&get("/x")).await
}

fn too_many(retry_after: &str) -> Reply {
    Reply::status(429, "TooManyRequests", "too many requests").with("retry-after", retry_after)
}

#[tokio::test(start_paused = true)]
async fn a9_throttling_is_waited_out_and_told_when_it_takes_long() {
    let script = Script::new();
    script.on(
        "GET /x",
        [too_many("3"), too_many("3"), Reply::ok(&json!({"a": 1}))],
    );
    let start = tokio::time::Instant::now();
    assert_eq!(read(&script).await.expect("an answer"), json!({"a": 1}));
    assert_eq!(start.elapsed(), Duration::from_secs(6));
    let wait = Duration::from_secs(3);
    assert_eq!(script.notices(), [Notice::Throttled { wait }]);
}

#[tokio::test(start_paused = true)]
async fn a9_a_server_that_is_busy_for_a_day_is_given_up_after_two_minutes() {
    let script = Script::new();
    script.on("GET /x", [too_many("86400")]);
    let start = tokio::time::Instant::now();
    let fault = read(&script).await.expect_err("no answer");
    assert_eq!(fault.status().expect("an answer").code, 429);
    assert_eq!(start.elapsed(), Duration::from_secs(120));
    assert_eq!(script.lines().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a10_a11_reads_are_repeated_over_a_restart_without_a_word_below_five_seconds() {
    let troubles = [
        Reply::status(500, "InternalError", "etcdserver: leader changed"),
        Reply::status(503, "ServiceUnavailable", "shutting down"),
        Reply::Reset,
    ];
    for trouble in troubles {
        let script = Script::new();
        script.on("GET /x", [trouble.clone(), trouble, Reply::ok(&json!({}))]);
        read(&script).await.expect("an answer");
        assert_eq!(script.lines().len(), 3);
        assert!(script.notices().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a11_a_restart_that_takes_longer_is_told() {
    let script = Script::new();
    let seen = Reply::ok(&json!({}));
    let down = Reply::status(503, "ServiceUnavailable", "shutting down");
    let mut replies = vec![seen.clone()];
    replies.extend(vec![down; 4]);
    replies.push(seen);
    script.on("GET /x", replies);
    let cluster = script.cluster();
    for _ in 0..2 {
        let read = cluster.wire.read_json::<Value>(&get("/x")).await;
        read.expect("an answer");
    }
    let why = "shutting down".to_owned();
    let wait = Duration::from_secs(4);
    assert_eq!(script.notices(), [Notice::Retrying { why, wait }]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_cut_off_is_asked_for_again() {
    let cut = Reply::Pieces(vec![Piece::Bytes("{\"a\":".into()), Piece::Reset]);
    let short = Reply::Pieces(vec![Piece::Bytes("{\"a\":".into())]);
    let script = Script::new();
    script.on("GET /x", [cut, short, Reply::ok(&json!({"a": 1}))]);
    assert_eq!(read(&script).await.expect("an answer"), json!({"a": 1}));
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up_after_the_time_limit() {
    let script = Script::new();
    script.on("GET /x", [Reply::Silence]);
    let start = tokio::time::Instant::now();
    let fault = read(&script).await.expect_err("no answer");
    assert_eq!(
        fault.to_string(),
        "https://api.example did not answer within 30 s"
    );
    assert_eq!(start.elapsed(), Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_counts_against_the_time_limit() {
    let script = Script::new();
    script.on(
        "GET /x",
        [Reply::Pieces(vec![
            Piece::Bytes("{".into()),
            Piece::Silence,
        ])],
    );
    let fault = read(&script).await.expect_err("no answer");
    assert!(matches!(fault, Fault::Silent { .. }), "{fault:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_endless_length_is_not_read_to_its_end() {
    let script = Script::new();
    script.on("GET /x", [Reply::ok(&json!("x".repeat(100)))]);
    let cluster = script.cluster_with(Limits {
        largest_answer: 50,
        ..Limits::default()
    });
    let read = cluster.wire.read_json::<Value>(&get("/x")).await;
    let fault = read.expect_err("too long");
    assert!(
        matches!(fault, Fault::Oversized { limit: 50, .. }),
        "{fault:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a23_what_is_no_kubernetes_api_is_named() {
    let html = |status| Reply::text(status, "text/html; charset=utf-8", "<html>Log in</html>");
    let cases = [
        (html(200), "text/html"),
        (html(403), "text/html"),
        (
            html(302).with("location", "https://login.example/?token=x"),
            "a redirect to login.example",
        ),
        (
            Reply::Whole {
                status: 200,
                headers: Vec::new(),
                body: "<html>".into(),
            },
            "an answer of no known type",
        ),
        (Reply::text(200, "text/plain", "It works!"), "text/plain"),
    ];
    for (reply, found) in cases {
        let script = Script::new();
        script.on("GET /x", [reply]);
        let fault = read(&script).await.expect_err("no API");
        assert_eq!(
            fault.to_string(),
            format!("this is not a Kubernetes API (got {found})")
        );
        assert_eq!(script.lines().len(), 1);
        let error = crate::error::Error::from(fault);
        assert_eq!(error.kind, crate::error::Kind::Unreachable);
        assert_eq!(error.hints.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a23_a_stream_of_something_else_is_no_watch() {
    let script = Script::new();
    script.on("GET /x", [Reply::text(200, "text/html", "<html>")]);
    let opened = script.cluster().wire.open(&get("/x?watch=true")).await;
    let fault = opened.err().expect("no stream");
    assert!(matches!(fault, Fault::NotKubernetes { .. }), "{fault:?}");
}

#[tokio::test(start_paused = true)]
async fn the_api_servers_own_words_are_kept() {
    let cases = [
        (
            Reply::status(403, "Forbidden", "pods is forbidden"),
            403,
            "pods is forbidden",
        ),
        (
            Reply::text(404, "text/plain", "404 page not found\n"),
            404,
            "404 page not found",
        ),
        (
            Reply::json(422, &json!({"error": "?"})),
            422,
            "the API server answered 422",
        ),
    ];
    for (reply, code, text) in cases {
        let script = Script::new();
        script.on("GET /x", [reply]);
        let fault = read(&script).await.expect_err("refused");
        assert_eq!(fault.status().expect("an answer").code, code);
        assert_eq!(fault.to_string(), text);
    }
}

/// Returns a user whose plugin prints another token each time it runs.
fn plugin_user(folder: &std::path::Path) -> AuthInfo {
    let runs = folder.join("runs");
    let script = format!(
        r#"echo x >> {0}; printf '{{"kind":"ExecCredential","status":{{"token":"token-%d"}}}}' "$(wc -l < {0})""#,
        runs.display()
    );
    AuthInfo {
        exec: Some(ExecConfig {
            command: Some("sh".to_owned()),
            args: Some(vec!["-c".to_owned(), script]),
            env: Some(vec![HashMap::new()]),
            ..ExecConfig::default()
        }),
        ..AuthInfo::default()
    }
}

fn authorizations(script: &Script) -> Vec<String> {
    script
        .arrived()
        .iter()
        .map(|arrived| {
            arrived.headers["authorization"]
                .to_str()
                .expect("text")
                .to_owned()
        })
        .collect()
}

#[tokio::test]
async fn a1_refused_credentials_are_fetched_anew_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = Script::new();
    let refused = Reply::status(401, "Unauthorized", "Unauthorized");
    script.on("GET /x", [refused, Reply::ok(&json!({}))]);
    let credentials = Credentials::for_tests(&plugin_user(folder.path())).await;
    let cluster = script.cluster_of(script.client(), credentials, Limits::default());
    let read = cluster.wire.read_json::<Value>(&get("/x")).await;
    read.expect("an answer");
    assert_eq!(
        authorizations(&script),
        ["Bearer token-1", "Bearer token-2"]
    );
}

#[tokio::test]
async fn a1_credentials_that_stay_refused_end_it_with_a_hint() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = Reply::status(401, "Unauthorized", "Unauthorized");
    let cases = [
        (
            Credentials::fixed_for_tests(),
            1,
            "The kubeconfig's credentials are fixed: fetch a new kubeconfig or log in again.",
        ),
        (
            Credentials::for_tests(&plugin_user(folder.path())).await,
            2,
            "Log in again with sh.",
        ),
    ];
    for (credentials, requests, hint) in cases {
        let script = Script::new();
        script.on("GET /x", [refused.clone()]);
        let cluster = script.cluster_of(script.client(), credentials, Limits::default());
        let read = cluster.wire.read_json::<Value>(&get("/x")).await;
        let error = crate::error::Error::from(read.expect_err("refused"));
        assert_eq!(
            error.to_string(),
            "https://api.example does not accept the credentials of `dev`"
        );
        assert_eq!(error.kind, crate::error::Kind::Denied);
        assert_eq!(error.hints, [hint]);
        assert_eq!(script.lines().len(), requests);
    }
}

#[tokio::test]
async fn a1_requests_refused_together_share_one_renewal() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = Script::new();
    let refused = Reply::After(
        Duration::from_millis(20),
        Box::new(Reply::status(401, "Unauthorized", "Unauthorized")),
    );
    let mut replies = vec![refused; 5];
    replies.push(Reply::ok(&json!({})));
    script.on("GET /x", replies);
    let credentials = Credentials::for_tests(&plugin_user(folder.path())).await;
    let cluster = script.cluster_of(script.client(), credentials, Limits::default());
    let request = get("/x");
    let reads = (0..5).map(|_| cluster.wire.read_json::<Value>(&request));
    for read in futures::future::join_all(reads).await {
        read.expect("an answer");
    }
    assert!(!authorizations(&script).contains(&"Bearer token-3".to_owned()));
}

#[tokio::test]
async fn a1_a_token_file_is_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("token");
    std::fs::write(&path, "old\n").expect("written");
    let user = AuthInfo {
        token_file: Some(path.display().to_string()),
        ..AuthInfo::default()
    };
    let credentials = Credentials::for_tests(&user).await;
    std::fs::write(&path, "new\n").expect("written");
    let script = Script::new();
    let refused = Reply::status(401, "Unauthorized", "Unauthorized");
    script.on("GET /x", [refused, Reply::ok(&json!({}))]);
    let cluster = script.cluster_of(script.client(), credentials, Limits::default());
    let read = cluster.wire.read_json::<Value>(&get("/x")).await;
    read.expect("an answer");
    assert_eq!(authorizations(&script), ["Bearer old", "Bearer new"]);
}

#[tokio::test(start_paused = true)]
async fn b15_warnings_are_told_once() {
    let script = Script::new();
    let warned = Reply::ok(&json!({}))
        .with("warning", r#"299 - "unknown field \"spec.x\"""#)
        .with(
            "warning",
            r#"299 - "a", 299 - "b" "Sun, 06 Nov 1994 08:49:37 GMT""#,
        );
    script.on("GET /x", [warned]);
    let cluster = script.cluster();
    for _ in 0..2 {
        let read = cluster.wire.read_json::<Value>(&get("/x")).await;
        read.expect("an answer");
    }
    let expected =
        ["unknown field \"spec.x\"", "a", "b"].map(|text| Notice::Warning(text.to_owned()));
    assert_eq!(script.notices(), expected);
}

#[tokio::test(start_paused = true)]
async fn the_servers_date_is_remembered() {
    let script = Script::new();
    let dated = Reply::ok(&json!({})).with("date", "Sat, 21 Nov 2026 07:00:25 GMT");
    script.on("GET /x", [dated]);
    let cluster = script.cluster();
    assert_eq!(cluster.server_date(), None);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let read = cluster.wire.read_json::<Value>(&get("/x")).await;
    read.expect("an answer");
    let date = cluster.server_date().expect("a date");
    assert_eq!(date.date.to_string(), "2026-11-21T07:00:25Z");
    assert_eq!(date.at, Moment(Duration::from_secs(2)));
}

#[tokio::test(start_paused = true)]
async fn requests_are_recorded_without_secrets() {
    let script = Script::new();
    let env = json!({"env": [{"name": "PASSWORD", "value": "hunter2"}]});
    script.on("POST /x", [Reply::ok(&env), Reply::Reset]);
    let cluster = script.cluster();
    let request = Request::post("/x?a=b")
        .body(Bytes::from(env.to_string()))
        .expect("a request");
    cluster.wire.once(&request).await.expect("an answer");
    cluster.wire.once(&request).await.expect_err("cut");
    let records = script.records();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].method, "POST");
    assert_eq!(records[0].path, "/x?a=b");
    assert_eq!(records[0].status, Some(200));
    assert_eq!(records[0].sent, env.to_string().len());
    assert_eq!(records[0].received, env.to_string().len());
    let masked = r#"{"env":[{"name":"PASSWORD","value":"[masked]"}]}"#;
    assert_eq!(records[0].request.as_deref(), Some(masked));
    assert_eq!(records[0].answer.as_deref(), Some(masked));
    assert_eq!(records[1].status, None);
    assert!(records[1].fault.is_some());
    let told = format!("{records:?}");
    assert!(
        !told.contains("hunter2") && !told.contains("first-token"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn a16_lines_have_a_bound() {
    let line = "x".repeat(60);
    let script = Script::new();
    let pieces = vec![
        Piece::Bytes("{\"a\":1}\n\r\n{\"b\"".into()),
        Piece::Bytes(":2}\n".into()),
        Piece::Bytes(Bytes::from(line.clone())),
        Piece::Bytes(Bytes::from(line)),
    ];
    script.on("GET /x", [Reply::Pieces(pieces)]);
    let cluster = script.cluster_with(Limits {
        longest_line: 100,
        ..Limits::default()
    });
    let mut lines = cluster.wire.open(&get("/x")).await.expect("a stream");
    assert_eq!(
        lines.next().await.expect("a line").as_deref(),
        Some(&b"{\"a\":1}"[..])
    );
    assert_eq!(
        lines.next().await.expect("a line").as_deref(),
        Some(&b"{\"b\":2}"[..])
    );
    let fault = lines.next().await.expect_err("too long");
    assert!(matches!(fault, Fault::Garbled { .. }), "{fault:?}");
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_cut_off_by_the_end_is_dropped() {
    let script = Script::new();
    script.on(
        "GET /x",
        [Reply::Pieces(vec![Piece::Bytes("{}\n{\"a\"".into())])],
    );
    let mut lines = script
        .cluster()
        .wire
        .open(&get("/x"))
        .await
        .expect("a stream");
    assert!(lines.next().await.expect("a line").is_some());
    assert!(lines.next().await.expect("the end").is_none());
    let asked = &script.arrived()[0].headers["accept-encoding"];
    assert_eq!(asked, "identity");
}
