//! Every trouble, as a client meets it.

use serde_json::{Value, json};
use std::io::ErrorKind;

use crate::{Client, DEPLOYMENTS, WEB, add_fault, admin, json_of, replicas, server_with_web};

/// Returns how many replicas are wanted, asked for in a way that no fault of these tests is for.
async fn wanted(server: &kube_sandbox::server::Server) -> Value {
    json_of(&admin(server).await.get(&format!("{WEB}/scale")).await)["spec"]["replicas"].clone()
}

#[tokio::test]
async fn an_error_comes_instead_of_the_answer() {
    let server = server_with_web().await;
    add_fault(&server, json!([
        {"matches": {"verb": "patch", "path": WEB}, "count": 1, "fault": {"answer": {"status": 429, "retryAfter": 7}}},
        {"matches": {"verb": "get", "path": WEB}, "skip": 1, "fault": {"answer": {"status": 500, "message": "etcdserver: request timed out"}}},
    ]))
    .await;
    let mut client = admin(&server).await;
    let refused = client.send("PATCH", WEB, &replicas(5)).await;
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, Some("7"))
    );
    assert_eq!(json_of(&refused)["reason"], "TooManyRequests");
    assert_eq!(wanted(&server).await, 2);
    assert_eq!(client.send("PATCH", WEB, &replicas(5)).await.status, 200);
    assert_eq!(client.get(WEB).await.status, 200);
    let trouble = client.get(WEB).await;
    assert_eq!(
        (trouble.status, &json_of(&trouble)["message"]),
        (500, &json!("etcdserver: request timed out"))
    );

    assert_eq!(json_of(&client.get("/sandbox/faults").await)[0]["met"], 2);
    client.send("DELETE", "/sandbox/faults", &json!({})).await;
    assert_eq!(client.get(WEB).await.status, 200);
}

#[tokio::test]
async fn a_page_for_people_comes_instead_of_the_answer() {
    let server = server_with_web().await;
    add_fault(&server, json!({"matches": {"path": WEB}, "fault": "html"})).await;
    let page = admin(&server).await.get(WEB).await;
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.text().starts_with("<!DOCTYPE html>"));
}

#[tokio::test]
async fn a_connection_closes_before_or_after_the_write() {
    for (fault, replicas_after) in [("close", 2), ("applyThenDrop", 5)] {
        let server = server_with_web().await;
        add_fault(
            &server,
            json!({"matches": {"verb": "patch"}, "count": 1, "fault": fault}),
        )
        .await;
        let mut client = admin(&server).await;
        let error = client
            .try_send("PATCH", WEB, &replicas(5))
            .await
            .unwrap_err();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset
            ),
            "{fault}: {error}"
        );
        assert_eq!(wanted(&server).await, replicas_after, "{fault}");
        let log = json_of(&admin(&server).await.get("/sandbox/requests").await);
        let entry = log
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["verb"] == "patch")
            .unwrap();
        assert_eq!(
            (&entry["status"], &entry["wrote"]),
            (&Value::Null, &json!(fault == "applyThenDrop"))
        );
    }
}

#[tokio::test]
async fn an_answer_breaks_off() {
    let server = server_with_web().await;
    add_fault(
        &server,
        json!({"matches": {"verb": "patch"}, "count": 1, "fault": {"cut": {"after": 10}}}),
    )
    .await;
    let mut client = admin(&server).await;
    client
        .request(
            "PATCH",
            WEB,
            "application/merge-patch+json",
            replicas(5).to_string().as_bytes(),
        )
        .await
        .unwrap();
    let head = client.head().await.unwrap();
    assert_eq!(head.status, 200);
    assert!(
        head.header("content-length")
            .unwrap()
            .parse::<usize>()
            .unwrap()
            > 10
    );
    assert!(client.chunk().await.is_err());
    assert_eq!(wanted(&server).await, 5);
}

#[tokio::test]
async fn a_clock_is_off() {
    let server = server_with_web().await;
    add_fault(
        &server,
        json!({"matches": {"path": WEB}, "fault": {"clock": {"seconds": -86400}}}),
    )
    .await;
    let mut client = admin(&server).await;
    let right = client.get("/version").await;
    let wrong = client.get(WEB).await;
    // The world begins with the epoch.
    assert!(
        right
            .header("date")
            .unwrap()
            .starts_with("Thu, 01 Jan 1970"),
        "{right:?}"
    );
    assert!(
        wrong
            .header("date")
            .unwrap()
            .starts_with("Wed, 31 Dec 1969"),
        "{wrong:?}"
    );
}

#[tokio::test]
async fn a_webhook_and_a_lagging_cache_are_met() {
    let server = server_with_web().await;
    add_fault(&server, json!({"matches": {"verb": "patch"}, "count": 1, "fault": {"admission": {"deny": {"message": "not today"}}}})).await;
    let mut client = admin(&server).await;
    let denied = client.send("PATCH", WEB, &replicas(5)).await;
    assert_eq!(denied.status, 403);
    assert!(denied.text().contains("not today"));
    client.send("PATCH", WEB, &replicas(5)).await;
    add_fault(
        &server,
        json!({"matches": {"verb": "list"}, "fault": {"lag": {"revisions": 1_000_000}}}),
    )
    .await;
    let list = json_of(&client.get(DEPLOYMENTS).await);
    assert_eq!(list["items"], json!([]));
}

/// Opens a watch of the one Deployment under a trouble.
async fn watch_with(trouble: Value) -> (kube_sandbox::server::Server, Client) {
    let server = server_with_web().await;
    add_fault(
        &server,
        json!({"matches": {"verb": "watch"}, "count": 1, "fault": {"watch": trouble}}),
    )
    .await;
    let mut client = admin(&server).await;
    let head = client.watch(&format!("{DEPLOYMENTS}?watch=1")).await;
    assert_eq!(head.status, 200);
    (server, client)
}

fn added() -> Option<(String, String)> {
    Some(("ADDED".to_owned(), "web".to_owned()))
}

#[tokio::test]
async fn a_watch_ends_early() {
    let (_server, mut watch) = watch_with(json!({"end": {}})).await;
    assert_eq!(watch.event().await, None);
    let (_server, mut watch) = watch_with(json!({"end": {"after": 1}})).await;
    assert_eq!(watch.event().await, added());
    assert_eq!(watch.event().await, None);
}

#[tokio::test]
async fn a_watch_breaks() {
    let (_server, mut watch) = watch_with(json!({"break": {"after": 1}})).await;
    assert_eq!(watch.event().await, added());
    assert!(watch.chunk().await.is_err());
}

#[tokio::test]
async fn a_watch_expires() {
    let (_server, mut watch) = watch_with(json!({"expire": {"after": 1}})).await;
    assert_eq!(watch.event().await, added());
    let line = watch.chunk().await.unwrap().unwrap();
    let event: Value = serde_json::from_slice(&line).unwrap();
    assert_eq!(
        (&event["type"], &event["object"]["code"]),
        (&json!("ERROR"), &json!(410))
    );
    assert_eq!(watch.event().await, None);
}

#[tokio::test]
async fn a_watch_has_lines_that_are_no_events() {
    let (_server, mut watch) = watch_with(json!({"garbage": {"line": "<html>"}})).await;
    assert_eq!(watch.chunk().await.unwrap().unwrap(), b"<html>\n");
    assert_eq!(watch.event().await, added());
    let (_server, mut watch) = watch_with(json!({"longLine": {"bytes": 100_000}})).await;
    let line = watch.chunk().await.unwrap().unwrap();
    assert!(line.len() == 100_000 && !line.contains(&b'\n'));
}

#[tokio::test]
async fn a_watch_tells_everything_twice() {
    let (_server, mut watch) = watch_with(json!("twice")).await;
    assert_eq!(watch.event().await, added());
    assert_eq!(watch.event().await, added());
}
