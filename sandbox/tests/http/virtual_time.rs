//! The same server without a network, in a time that stands still while anybody works.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use kube_sandbox::server::{Options, Server};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{DEPLOYMENTS, WEB, web, world};

async fn call(server: &Server, method: &str, path: &str, body: &str) -> (u16, Value) {
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", "Bearer admin")
        .header("content-type", "application/json")
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap();
    let response = server.call(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[tokio::test(start_paused = true)]
async fn a_rollout_takes_no_time() {
    let server = Server::start(Options::in_process(world())).await.unwrap();
    assert!(server.address().is_none());
    let start = Instant::now();
    assert_eq!(
        call(&server, "POST", DEPLOYMENTS, &web().to_string())
            .await
            .0,
        201
    );
    while call(&server, "GET", WEB, "").await.1["status"]["availableReplicas"] != 2 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Pods of the world take about a second to be ready.
    assert!(
        start.elapsed() > Duration::from_millis(200),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_watch_lasts_its_time() {
    let server = Server::start(Options::in_process(world())).await.unwrap();
    let start = Instant::now();
    let path = format!("{DEPLOYMENTS}?watch=1&timeoutSeconds=300&allowWatchBookmarks=true");
    let request = http::Request::get(path)
        .header("authorization", "Bearer admin")
        .body(Bytes::new())
        .unwrap();
    let body = server
        .call(request)
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap()
        .to_bytes();
    assert_eq!(start.elapsed().as_secs(), 300);
    let bookmarks = body
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .count();
    assert_eq!(bookmarks, 5);
}

async fn server_with(fault: Value) -> Server {
    let server = Server::start(Options::in_process(world())).await.unwrap();
    call(&server, "POST", DEPLOYMENTS, &web().to_string()).await;
    let rule = json!({"matches": {"path": format!("{DEPLOYMENTS}*")}, "count": 1, "fault": fault});
    assert_eq!(
        call(&server, "POST", "/sandbox/faults", &rule.to_string())
            .await
            .0,
        200
    );
    server
}

#[tokio::test(start_paused = true)]
async fn an_answer_comes_late() {
    let server = server_with(json!({"delay": {"milliseconds": 80}})).await;
    let start = Instant::now();
    assert_eq!(call(&server, "GET", WEB, "").await.0, 200);
    assert_eq!(start.elapsed().as_millis(), 80);
}

#[tokio::test(start_paused = true)]
async fn an_answer_never_comes() {
    let server = server_with(json!("silence")).await;
    let answer = tokio::time::timeout(Duration::from_secs(3600), call(&server, "DELETE", WEB, ""));
    assert!(answer.await.is_err());
    assert_eq!(call(&server, "GET", WEB, "").await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_watch_falls_silent() {
    let server = server_with(json!({"watch": {"mute": {"after": 1}}})).await;
    let path = format!("{DEPLOYMENTS}?watch=1&timeoutSeconds=5");
    let request = http::Request::get(path)
        .header("authorization", "Bearer admin")
        .body(Bytes::new())
        .unwrap();
    let mut body = server.call(request).await.unwrap().into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"{\"type\":\"ADDED\""));
    let next = tokio::time::timeout(Duration::from_secs(3600), body.frame());
    assert!(next.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_nobody_needs_ends() {
    let options = Options {
        idle_end: Some(Duration::from_secs(300)),
        ..Options::in_process(world())
    };
    let server = Server::start(options).await.unwrap();
    let start = Instant::now();
    tokio::time::sleep(Duration::from_secs(200)).await;
    call(&server, "GET", "/version", "").await;
    server.ended().await;
    let elapsed = start.elapsed().as_secs();
    assert!((500..=520).contains(&elapsed), "{elapsed}");
}

#[tokio::test(start_paused = true)]
async fn a_server_with_a_watch_or_a_rollout_goes_on() {
    let options = Options {
        idle_end: Some(Duration::from_secs(60)),
        ..Options::in_process(world())
    };
    let server = Server::start(options).await.unwrap();
    let start = Instant::now();
    let path = format!("{DEPLOYMENTS}?watch=1&timeoutSeconds=600");
    let request = http::Request::get(path)
        .header("authorization", "Bearer admin")
        .body(Bytes::new())
        .unwrap();
    server
        .call(request)
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap();
    assert_eq!(start.elapsed().as_secs(), 600);

    let mut stuck = web();
    stuck["spec"]["template"]["spec"]["containers"][0]["image"] =
        "registry.sandbox/web:v1-not-found".into();
    call(&server, "POST", DEPLOYMENTS, &stuck.to_string()).await;
    server.ended().await;
    // It was rolling until its progress deadline, which is ten minutes.
    assert!(
        start.elapsed() > Duration::from_secs(1200),
        "{:?}",
        start.elapsed()
    );
}
