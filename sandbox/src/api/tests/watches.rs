//! Watches: what is told, when, and how they end.

use std::time::Duration;

use serde_json::json;

use super::*;

/// Returns the types of events with the names of their objects.
fn told(bench: &Bench, watch: &mut Watch) -> Vec<String> {
    let events = bench.events(watch);
    events
        .iter()
        .map(|(verb, object)| {
            format!(
                "{verb} {}",
                object["metadata"]["name"].as_str().unwrap_or("")
            )
        })
        .collect()
}

fn label(bench: &mut Bench, name: &str, value: &str) {
    let patch = json!({"metadata": {"labels": {"sel": value}}});
    bench
        .merge(&format!("{DEPLOYMENTS}/{name}"), &patch)
        .expect(200);
}

#[test]
fn changes_are_told_in_their_order() {
    let mut bench = Bench::with_app();
    let mut watch = bench.watch(&format!(
        "{DEPLOYMENTS}?watch=1&resourceVersion={}",
        bench.revision()
    ));
    assert_eq!(told(&bench, &mut watch), [""; 0]);
    bench.post(DEPLOYMENTS, &deployment("b")).expect(201);
    label(&mut bench, "app", "x");
    bench
        .post(
            "/api/v1/namespaces/api/configmaps",
            &json!({"metadata": {"name": "c"}}),
        )
        .expect(201);
    bench
        .send("DELETE", &format!("{DEPLOYMENTS}/b"), "", "")
        .expect(200);
    assert_eq!(
        told(&bench, &mut watch),
        ["ADDED b", "MODIFIED app", "DELETED b"]
    );
    assert_eq!(told(&bench, &mut watch), [""; 0]);
    assert!(!watch.has_ended());
}

#[test]
fn a_deleted_object_comes_in_its_last_state_with_the_deletions_version() {
    let mut bench = Bench::with_app();
    let mut watch = bench.watch(&format!(
        "{DEPLOYMENTS}?watch=1&resourceVersion={}",
        bench.revision()
    ));
    bench.send("DELETE", APP, "", "").expect(200);
    let events = bench.events(&mut watch);
    assert_eq!(events[0].1["spec"]["replicas"], 1);
    assert_eq!(
        events[0].1["metadata"]["resourceVersion"],
        bench.revision().to_string()
    );
}

#[test]
fn without_a_version_all_objects_are_told_first() {
    let mut bench = Bench::with_app();
    bench.post(DEPLOYMENTS, &deployment("b")).expect(201);
    for query in ["watch=1", "watch=true&resourceVersion=0", "watch"] {
        let mut watch = bench.watch(&format!("{DEPLOYMENTS}?{query}"));
        assert_eq!(
            told(&bench, &mut watch),
            ["ADDED app", "ADDED b"],
            "{query}"
        );
    }
    let mut watch = bench.watch(&format!(
        "{DEPLOYMENTS}?watch=1&fieldSelector=metadata.name=b"
    ));
    assert_eq!(told(&bench, &mut watch), ["ADDED b"]);
    let mut watch = bench.watch("/apis/apps/v1/namespaces/other/deployments?watch=1");
    assert_eq!(told(&bench, &mut watch), [""; 0]);
}

#[test]
fn a_streamed_list_has_a_mark_at_its_end() {
    let mut bench = Bench::with_app();
    let query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    let mut watch = bench.watch(&format!("{DEPLOYMENTS}?{query}&allowWatchBookmarks=true"));
    let events = bench.events(&mut watch);
    assert_eq!(events.len(), 2);
    assert_eq!(events[0].0, "ADDED");
    assert_eq!(
        events[1],
        (
            "BOOKMARK".to_owned(),
            json!({"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"resourceVersion": bench.revision().to_string(), "annotations": {"k8s.io/initial-events-end": "true"}}, "spec": {"replicas": 0, "selector": null, "template": {"metadata": {}, "spec": {"containers": null}}, "strategy": {}}, "status": {}})
        )
    );
    let mut watch = bench.watch(&format!("{DEPLOYMENTS}?{query}"));
    assert_eq!(told(&bench, &mut watch), ["ADDED app"]);
}

#[test]
fn what_stops_matching_is_told_as_deleted() {
    let mut bench = Bench::with_app();
    label(&mut bench, "app", "x");
    let mut watch = bench.watch(&format!(
        "{DEPLOYMENTS}?watch=1&labelSelector=sel=x&resourceVersion={}",
        bench.revision()
    ));
    label(&mut bench, "app", "y");
    let gone = bench.events(&mut watch);
    assert_eq!(gone[0].0, "DELETED");
    assert_eq!(gone[0].1["metadata"]["labels"]["sel"], "x");
    assert_eq!(
        gone[0].1["metadata"]["resourceVersion"],
        bench.revision().to_string()
    );
    label(&mut bench, "app", "z");
    assert_eq!(told(&bench, &mut watch), [""; 0]);
    label(&mut bench, "app", "x");
    bench
        .merge(APP, &json!({"spec": {"replicas": 2}}))
        .expect(200);
    bench.send("DELETE", APP, "", "").expect(200);
    assert_eq!(
        told(&bench, &mut watch),
        ["ADDED app", "MODIFIED app", "DELETED app"]
    );
}

#[test]
fn a_version_that_is_forgotten_is_an_error_in_the_stream() {
    let mut bench = Bench::with_app();
    let revision = bench.revision();
    bench.world.store.compact(revision);
    let mut watch = bench.watch(&format!("{DEPLOYMENTS}?watch=1&resourceVersion=1"));
    let events = bench.events(&mut watch);
    assert_eq!(
        events,
        [(
            "ERROR".to_owned(),
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": format!("too old resource version: 1 ({revision})"), "reason": "Expired", "code": 410})
        )]
    );
    assert!(watch.has_ended());
}

#[test]
fn an_open_watch_expires_when_its_place_is_forgotten() {
    let mut bench = Bench::with_app();
    let mut watch = bench.watch(&format!(
        "{DEPLOYMENTS}?watch=1&resourceVersion={}",
        bench.revision()
    ));
    label(&mut bench, "app", "x");
    let revision = bench.revision();
    bench.world.store.compact(revision);
    assert_eq!(bench.events(&mut watch)[0].0, "ERROR");
    assert!(watch.has_ended());
}

#[test]
fn a_version_from_the_future_is_waited_for_in_silence() {
    let mut bench = Bench::with_app();
    let revision = bench.revision();
    let mut watch = bench.watch(&format!(
        "{DEPLOYMENTS}?watch=1&resourceVersion={}",
        revision + 1
    ));
    label(&mut bench, "app", "x");
    assert_eq!(told(&bench, &mut watch), [""; 0]);
    label(&mut bench, "app", "y");
    assert_eq!(told(&bench, &mut watch), ["MODIFIED app"]);
}

#[test]
fn a_watch_ends_in_time_without_an_event() {
    let mut bench = Bench::with_app();
    let mut watch = bench.watch(&format!(
        "{DEPLOYMENTS}?watch=1&resourceVersion={}&timeoutSeconds=2",
        bench.revision()
    ));
    assert_eq!(watch.wakes_at(), START.plus(Duration::from_secs(2)));
    bench.now = START.plus(Duration::from_millis(1999));
    assert_eq!(told(&bench, &mut watch), [""; 0]);
    assert!(!watch.has_ended());
    bench.now = START.plus(Duration::from_secs(2));
    assert_eq!(told(&bench, &mut watch), [""; 0]);
    assert!(watch.has_ended());
}

#[test]
fn bookmarks_come_every_minute_and_before_the_end() {
    let mut bench = Bench::with_app();
    let url = format!(
        "{DEPLOYMENTS}?watch=1&resourceVersion={}&timeoutSeconds=135",
        bench.revision()
    );
    let mut watch = bench.watch(&format!("{url}&allowWatchBookmarks=true"));
    bench
        .post(
            "/api/v1/namespaces/api/configmaps",
            &json!({"metadata": {"name": "c"}}),
        )
        .expect(201);
    let mut marks = Vec::new();
    while !watch.has_ended() {
        bench.now = watch.wakes_at();
        for (verb, object) in bench.events(&mut watch) {
            assert_eq!(verb, "BOOKMARK");
            assert_eq!(
                object["metadata"],
                json!({"resourceVersion": bench.revision().to_string()})
            );
            marks.push(bench.now.since(START).as_secs());
        }
    }
    assert_eq!(marks, [60, 120, 133]);
    assert_eq!(bench.now.since(START).as_secs(), 135);

    bench.now = START;
    let mut silent = bench.watch(&url);
    bench.now = START.plus(Duration::from_secs(134));
    assert_eq!(told(&bench, &mut silent), [""; 0]);
}

#[test]
fn events_have_several_forms() {
    let mut bench = Bench::with_app();
    bench.header(
        "accept",
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    );
    let mut watch = bench.watch(&format!("{DEPLOYMENTS}?watch=1"));
    assert_eq!(
        bench.events(&mut watch)[0].1["kind"],
        "PartialObjectMetadata"
    );

    bench.headers.clear();
    bench.header("accept", "application/json;as=Table;g=meta.k8s.io;v=v1");
    bench.post(DEPLOYMENTS, &deployment("b")).expect(201);
    let mut watch = bench.watch(&format!("{DEPLOYMENTS}?watch=1"));
    let events = bench.events(&mut watch);
    assert_eq!(events[0].1["kind"], "Table");
    assert_eq!(events[0].1["rows"][0]["cells"][0], "app");
    let columns = |event: &(String, Value)| event.1["columnDefinitions"].as_array().unwrap().len();
    assert!(columns(&events[0]) > 0);
    assert_eq!(columns(&events[1]), 0);
}
