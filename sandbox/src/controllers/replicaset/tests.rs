//! Which pods go first, how many are tried, and what the status says, one rule at a time.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::status::{Count, compute, next_available};
use super::{Expectations, ranking, sync};
use crate::client::{Client, Writer};
use crate::clock::Time;
use crate::controllers::Again;
use crate::object::{Key, Kind, View, uid};
use crate::store::{Objects, Store};

const NOW: Time = Time(1_795_244_821_000);

fn ago(seconds: u64) -> String {
    NOW.minus(Duration::from_secs(seconds)).rfc3339()
}

fn pod(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop", "uid": name, "creationTimestamp": ago(1000)},
        "spec": {"nodeName": "node-1"},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": ago(900)}],
            "containerStatuses": [{"restartCount": 0}],
        },
    })
}

fn with(mut pod: Value, pointer: &str, value: Value) -> Value {
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    pod.pointer_mut(parent).unwrap()[field] = value;
    pod
}

#[test]
fn the_least_useful_pods_go_first() {
    let cost = json!({"controller.kubernetes.io/pod-deletion-cost": "-5"});
    let cases = [
        (
            "one without a node",
            with(pod("a"), "/spec/nodeName", json!("")),
        ),
        (
            "a pending one",
            with(pod("a"), "/status/phase", json!("Pending")),
        ),
        (
            "an unknown one",
            with(pod("a"), "/status/phase", json!("Unknown")),
        ),
        (
            "one that is not ready",
            with(pod("a"), "/status/conditions/0/status", json!("False")),
        ),
        (
            "one that costs less",
            with(pod("a"), "/metadata/annotations", cost),
        ),
        (
            "one that has been ready for less",
            with(
                pod("a"),
                "/status/conditions/0/lastTransitionTime",
                json!(ago(5)),
            ),
        ),
        (
            "one that was restarted",
            with(
                pod("a"),
                "/status/containerStatuses/0/restartCount",
                json!(3),
            ),
        ),
        (
            "a younger one",
            with(pod("a"), "/metadata/creationTimestamp", json!(ago(10))),
        ),
    ];
    for (name, worse) in cases {
        let (worse, better) = (Arc::new(worse), Arc::new(pod("b")));
        for mut pods in [
            [worse.clone(), better.clone()],
            [better.clone(), worse.clone()],
        ] {
            ranking::sort(&mut pods, &[], NOW);
            assert_eq!(uid(&pods[0]), "a", "{name}");
        }
    }
}

#[test]
fn a_crowded_node_gives_up_a_pod_before_a_lonely_one() {
    let lonely = Arc::new(with(pod("a"), "/spec/nodeName", json!("node-2")));
    let crowded = Arc::new(pod("b"));
    let neighbour = Arc::new(pod("c"));
    let mut pods = [lonely.clone(), crowded.clone()];
    ranking::sort(&mut pods, &[lonely, crowded, neighbour], NOW);
    assert_eq!(uid(&pods[0]), "b");
}

#[test]
fn times_of_one_magnitude_are_decided_by_uid() {
    let since = |uid: &str, seconds| {
        with(
            pod(uid),
            "/status/conditions/0/lastTransitionTime",
            json!(ago(seconds)),
        )
    };
    let mut pods = [Arc::new(since("b", 600)), Arc::new(since("a", 700))];
    ranking::sort(&mut pods, &[], NOW);
    assert_eq!(uid(&pods[0]), "a");
}

fn replica_set(status: Value) -> Value {
    json!({
        "metadata": {"name": "web", "namespace": "shop", "uid": "set", "generation": 1},
        "spec": {
            "replicas": 7,
            "minReadySeconds": 10,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}},
        },
        "status": status,
    })
}

fn count<'a>(replica_set: &'a Value, active: &'a [Arc<Value>], failure: Option<&str>) -> Count<'a> {
    Count {
        replica_set,
        active,
        terminating: 2,
        failure: failure.map(str::to_owned),
        now: NOW,
    }
}

#[test]
fn ready_is_not_yet_available() {
    let set = replica_set(json!({}));
    let ready = |seconds| {
        with(
            pod("a"),
            "/status/conditions/0/lastTransitionTime",
            json!(ago(seconds)),
        )
    };
    let pods = [
        Arc::new(ready(9)),
        Arc::new(ready(10)),
        Arc::new(with(pod("c"), "/status/conditions", json!([]))),
    ];
    let status = compute(&count(&set, &pods, None)).unwrap();
    assert_eq!(
        status,
        json!({
            "replicas": 3, "readyReplicas": 2, "availableReplicas": 1, "terminatingReplicas": 2,
            "observedGeneration": 1,
        })
    );
    assert_eq!(
        next_available(&set, &pods, NOW),
        Some(Duration::from_secs(1))
    );
}

#[test]
fn a_status_that_holds_is_not_written() {
    let status = compute(&count(&replica_set(json!({})), &[], None)).unwrap();
    assert_eq!(compute(&count(&replica_set(status), &[], None)), None);
}

#[test]
fn the_first_failure_keeps_its_message_until_there_is_none() {
    let message = |status: &Value| {
        status["conditions"][0]["message"]
            .as_str()
            .map(str::to_owned)
    };
    let first = compute(&count(&replica_set(json!({})), &[], Some("one"))).unwrap();
    assert_eq!(first["conditions"][0]["reason"], "FailedCreate");
    let second = compute(&count(&replica_set(first.clone()), &[], Some("two")));
    assert_eq!((second, message(&first).as_deref()), (None, Some("one")));
    let third = compute(&count(&replica_set(first), &[], None)).unwrap();
    assert_eq!(third.get("conditions"), None);
}

/// Lets a ReplicaSet that wants seven pods create them under a quota, and returns how many it made and tried.
fn create_under(quota: i64) -> (usize, usize) {
    let mut store = Store::new(1);
    store
        .create(Kind::Namespace, json!({"metadata": {"name": "shop"}}), NOW)
        .unwrap();
    let quota = json!({
        "metadata": {"name": "small", "namespace": "shop"},
        "spec": {"hard": {"pods": quota.to_string()}},
    });
    store.create(Kind::ResourceQuota, quota, NOW).unwrap();
    let set = store
        .create(Kind::ReplicaSet, replica_set(json!({})), NOW)
        .unwrap();
    let key = Key::named_in(Kind::ReplicaSet, &set);
    let mut seen = Objects::default();
    seen.insert(&key, set);
    let writer = Writer {
        component: "test",
        manager: "test",
        has_events: true,
        sign: None,
    };
    let mut client = Client::new(&mut store, NOW, writer);
    let mut expectations = Expectations::default();
    let result = sync(&seen, &mut expectations, &mut client, &key);
    let made = store.list(Kind::Pod, None).count();
    assert_eq!(result.is_ok(), made == 7);
    assert_eq!(
        expectations.are_met(&key, NOW),
        made == 0,
        "only what was made is waited for"
    );
    let events = store
        .list(Kind::Event, None)
        .map(|event| View(event).number("/count").unwrap_or(0))
        .sum::<i64>();
    (made, usize::try_from(events).unwrap())
}

#[test]
fn pods_are_tried_in_batches_that_double_until_one_fails() {
    for (quota, expected) in [
        (7, (7, 7)),
        (0, (0, 1)),
        (2, (2, 3)),
        (3, (3, 7)),
        (5, (5, 7)),
    ] {
        assert_eq!(create_under(quota), expected, "{quota}");
    }
}

#[test]
fn what_was_done_is_not_done_again_before_it_is_seen() {
    let (mut expectations, key) = (
        Expectations::default(),
        Key::new(Kind::ReplicaSet, "shop", "web"),
    );
    expectations.expect_created(&key, 2, NOW);
    expectations.see_created(&key);
    assert!(!expectations.are_met(&key, NOW));
    expectations.see_created(&key);
    assert!(expectations.are_met(&key, NOW));
    expectations.expect_deleted(&key, ["a".to_owned()].into(), NOW);
    expectations.see_deleted(&key, "b");
    assert!(!expectations.are_met(&key, NOW));
    assert!(
        expectations.are_met(&key, NOW.plus(Duration::from_secs(301))),
        "after five minutes it counts anyway"
    );
    expectations.see_deleted(&key, "a");
    assert!(expectations.are_met(&key, NOW));
}

#[test]
fn a_replica_set_that_is_gone_needs_nothing() {
    let mut store = Store::new(1);
    let writer = Writer {
        component: "test",
        manager: "test",
        has_events: true,
        sign: None,
    };
    let mut client = Client::new(&mut store, NOW, writer);
    let key = Key::new(Kind::ReplicaSet, "shop", "web");
    let result = sync(
        &Objects::default(),
        &mut Expectations::default(),
        &mut client,
        &key,
    );
    assert_eq!(result, Ok(Again::OnChange));
}
