//! What is read, in how many requests, and what an absence means.

use serde_json::json;

use super::*;
use crate::cluster::testing::{DEPLOYMENTS, PODS, Reply, Script};

const NAMESPACE_PATH: &str = "GET /api/v1/namespaces/shop";

fn deployment(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "uid": format!("uid-{name}"), "annotations": {"team/deploy-target": "true"}},
        "spec": {"selector": {"matchLabels": {"app": name}}},
    })
}

fn page(items: &[Value], resource_version: &str, token: &str) -> Reply {
    Reply::ok(&json!({
        "items": items,
        "metadata": {"resourceVersion": resource_version, "continue": token},
    }))
}

fn expired() -> Reply {
    Reply::status(410, "Expired", "The provided continue parameter is too old")
}

fn names(objects: &[Value]) -> Vec<&str> {
    objects
        .iter()
        .filter_map(|object| object["metadata"]["name"].as_str())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a5_b13_an_absent_namespace_is_told_from_one_that_may_not_be_read() {
    let found = json!({"metadata": {"name": "shop"}});
    let dying = json!({"status": {"phase": "Terminating"}});
    let cases = [
        (
            Reply::ok(&found),
            NamespaceAnswer::Found(Box::new(found.clone())),
        ),
        (
            Reply::ok(&dying),
            NamespaceAnswer::Terminating(Box::new(dying.clone())),
        ),
        (
            Reply::status(404, "NotFound", "namespaces \"shop\" not found"),
            NamespaceAnswer::Absent,
        ),
        (
            Reply::status(403, "Forbidden", "namespaces \"shop\" is forbidden"),
            NamespaceAnswer::Hidden {
                why: "namespaces \"shop\" is forbidden".to_owned(),
            },
        ),
    ];
    for (reply, expected) in cases {
        let script = Script::new();
        script.on(NAMESPACE_PATH, [reply]);
        let answer = script.cluster().reader().namespace().await;
        assert_eq!(answer.expect("an answer"), expected);
        assert_eq!(script.lines().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a5_an_absent_deployment_is_none() {
    let script = Script::new();
    script.on(
        &format!("GET {DEPLOYMENTS}/web"),
        [Reply::status(404, "NotFound", "not found")],
    );
    let reader = script.cluster().reader();
    assert_eq!(reader.deployment("web").await.expect("an answer"), None);
    assert_eq!(reader.deployment("../pods").await.expect("an answer"), None);
    assert_eq!(script.lines().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a30_lists_are_read_in_pages() {
    let script = Script::new();
    script.on(
        &format!("GET {DEPLOYMENTS}"),
        [
            page(&[deployment("a"), deployment("b")], "7", "next"),
            page(&[deployment("c")], "7", ""),
        ],
    );
    let deployments = script.cluster().reader().deployments(|_| true).await;
    assert_eq!(names(&deployments.expect("a list")), ["a", "b", "c"]);
    assert_eq!(
        script.lines(),
        [
            format!("GET {DEPLOYMENTS}?&limit=500"),
            format!("GET {DEPLOYMENTS}?&limit=500&continue=next"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a30_paging_that_expires_starts_over() {
    let script = Script::new();
    script.on(
        &format!("GET {DEPLOYMENTS}"),
        [
            page(&[deployment("old")], "7", "next"),
            expired(),
            page(&[deployment("a")], "9", "next"),
            page(&[deployment("b")], "9", ""),
        ],
    );
    let deployments = script.cluster().reader().deployments(|_| true).await;
    assert_eq!(names(&deployments.expect("a list")), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a30_paging_that_expires_for_ever_is_given_up() {
    let script = Script::new();
    script.on(&format!("GET {DEPLOYMENTS}"), [expired()]);
    let deployments = script.cluster().reader().deployments(|_| true).await;
    assert!(deployments.expect_err("no list").is_expired());
    assert_eq!(script.lines().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn replica_sets_are_those_of_the_deployments() {
    let owned = |name: &str, owner: &str| {
        json!({"metadata": {"name": name, "ownerReferences": [
            {"uid": "other", "controller": false},
            {"uid": format!("uid-{owner}"), "controller": true},
        ]}})
    };
    let script = Script::new();
    let orphan = json!({"metadata": {"name": "orphan"}});
    script.on(
        "GET /apis/apps/v1/namespaces/shop/replicasets",
        [page(
            &[
                owned("web-1", "web"),
                owned("x-1", "x"),
                orphan,
                owned("worker-1", "worker"),
            ],
            "7",
            "",
        )],
    );
    let (web, worker) = (deployment("web"), deployment("worker"));
    let reader = script.cluster().reader();
    let replica_sets = reader.replica_sets(&[&web, &worker]).await;
    assert_eq!(names(&replica_sets.expect("a list")), ["web-1", "worker-1"]);
    assert_eq!(
        script.lines(),
        [
            "GET /apis/apps/v1/namespaces/shop/replicasets?&labelSelector=app+in+%28web%2Cworker%29&limit=500"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a4_what_may_not_be_read_is_no_fault() {
    let forbidden = Reply::status(403, "Forbidden", "pods is forbidden");
    let script = Script::new();
    script.on(&format!("GET {PODS}"), [forbidden.clone()]);
    script.on(&format!("GET {PODS}/web-1/log"), [forbidden.clone()]);
    script.on("GET /api/v1/namespaces/shop/events", [forbidden]);
    let reader = script.cluster().reader();
    let web = deployment("web");
    let why = || "pods is forbidden".to_owned();
    assert_eq!(
        reader.pods(&[&web]).await.expect("an answer"),
        Access::Forbidden { why: why() }
    );
    assert_eq!(
        reader.events("uid").await.expect("an answer"),
        Access::Forbidden { why: why() }
    );
    assert_eq!(
        reader
            .log("web-1", "app", true, 20)
            .await
            .expect("an answer"),
        Access::Forbidden { why: why() }
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_log_is_read() {
    let script = Script::new();
    script.on(
        &format!("GET {PODS}/web-1/log"),
        [Reply::text(200, "text/plain", "one\ntwo\r\n\u{fffd}three")],
    );
    let reader = script.cluster().reader();
    let lines = reader
        .log("web-1", "app", true, 20)
        .await
        .expect("an answer");
    let expected = ["one", "two", "\u{fffd}three"].map(ToOwned::to_owned);
    assert_eq!(lines, Access::Granted(expected.to_vec()));
    let line = script.lines().remove(0);
    for part in ["container=app", "previous=true", "tailLines=20"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(reader.log("../x", "app", true, 20).await.is_err());
}
