//! Identity, generations, conflicts, and deletion, as the store keeps them.

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::clock::Time;
use crate::object::{View, uid};

const NOW: Time = Time(1_795_244_821_000);

fn deployment(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop", "annotations": {"a": "1"}, "labels": {"app": name}},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "app", "image": "x:1"}]}}},
    })
}

fn store_with_deployment() -> (Store, Value) {
    let mut store = Store::new(1);
    let object = store
        .create(Kind::Deployment, deployment("web"), NOW)
        .unwrap();
    (store, Value::clone(&object))
}

fn edit(object: &Value, pointer: &str, value: Value) -> Value {
    let mut object = object.clone();
    *object.pointer_mut(pointer).unwrap() = value;
    object
}

#[test]
fn a_new_object_gets_its_identity_here() {
    let (store, object) = store_with_deployment();
    assert_eq!(object["apiVersion"], "apps/v1");
    assert_eq!(object["kind"], "Deployment");
    assert_eq!(object["metadata"]["generation"], 1);
    assert_eq!(
        object["metadata"]["creationTimestamp"],
        "2026-11-21T07:07:01Z"
    );
    assert_eq!(
        object["metadata"]["resourceVersion"],
        store.revision().to_string()
    );
    assert_eq!(uid(&object).len(), 36);
}

#[test]
fn a_name_can_be_generated() {
    let mut store = Store::new(1);
    let pod = json!({"metadata": {"generateName": "web-", "namespace": "shop"}});
    let one = store.create(Kind::Pod, pod.clone(), NOW).unwrap();
    let two = store.create(Kind::Pod, pod, NOW).unwrap();
    assert!(View(&one).name().starts_with("web-") && View(&one).name().len() == 9);
    assert_ne!(View(&one).name(), View(&two).name());
    let nameless = json!({"metadata": {"namespace": "shop"}});
    assert_eq!(
        store.create(Kind::Pod, nameless, NOW),
        Err(StoreError::NameMissing)
    );
}

#[test]
fn generations_count_edits_of_the_spec_and_of_a_deployments_annotations() {
    let cases = [
        ("spec", "/spec/replicas", json!(2), Scope::Main, 2),
        (
            "annotations",
            "/metadata/annotations/a",
            json!("2"),
            Scope::Main,
            2,
        ),
        (
            "labels",
            "/metadata/labels/app",
            json!("shop"),
            Scope::Main,
            1,
        ),
        (
            "annotations through the status",
            "/metadata/annotations/a",
            json!("2"),
            Scope::Status,
            1,
        ),
        ("an equal spec", "/spec/replicas", json!(1), Scope::Main, 1),
    ];
    for (name, pointer, value, scope, expected) in cases {
        let (mut store, object) = store_with_deployment();
        let object = store
            .replace(
                Kind::Deployment,
                edit(&object, pointer, value.clone()),
                scope,
            )
            .unwrap();
        assert_eq!(View(&object).generation(), expected, "{name}");
        assert_eq!(object.pointer(pointer), Some(&value), "{name}");
    }
}

#[test]
fn a_replica_sets_annotations_do_not_count() {
    let mut store = Store::new(1);
    let object = store
        .create(Kind::ReplicaSet, deployment("web"), NOW)
        .unwrap();
    let edited = edit(&object, "/metadata/annotations/a", json!("2"));
    assert_eq!(
        View(
            &store
                .replace(Kind::ReplicaSet, edited, Scope::Main)
                .unwrap()
        )
        .generation(),
        1
    );
}

#[test]
fn each_scope_keeps_the_other_part() {
    let (mut store, object) = store_with_deployment();
    let mut both = edit(&object, "/spec/replicas", json!(5));
    both["status"] = json!({"replicas": 3});
    both["metadata"]["labels"]["app"] = json!("other");
    let after_status = store
        .replace(Kind::Deployment, both.clone(), Scope::Status)
        .unwrap();
    assert_eq!(after_status["spec"]["replicas"], 1);
    assert_eq!(after_status["status"]["replicas"], 3);
    assert_eq!(after_status["metadata"]["labels"]["app"], "web");
    let mut later = Value::clone(&after_status);
    later["spec"]["replicas"] = json!(7);
    later["status"] = json!({"replicas": 9});
    let after_main = store.replace(Kind::Deployment, later, Scope::Main).unwrap();
    assert_eq!(after_main["spec"]["replicas"], 7);
    assert_eq!(after_main["status"]["replicas"], 3);
}

#[test]
fn a_write_that_changes_nothing_is_none() {
    let (mut store, object) = store_with_deployment();
    let before = store.revision();
    let stored = store
        .replace(Kind::Deployment, object, Scope::Main)
        .unwrap();
    assert_eq!(store.revision(), before);
    assert_eq!(View(&stored).generation(), 1);
}

#[test]
fn the_writer_must_have_seen_the_stored_object() {
    let (mut store, object) = store_with_deployment();
    store
        .replace(
            Kind::Deployment,
            edit(&object, "/spec/replicas", json!(2)),
            Scope::Main,
        )
        .unwrap();
    let stale = edit(&object, "/spec/replicas", json!(3));
    let key = Key::new(Kind::Deployment, "shop", "web");
    assert_eq!(
        store.replace(Kind::Deployment, stale, Scope::Main),
        Err(StoreError::Conflict(key.clone()))
    );
    let mut other = edit(&object, "/metadata/uid", json!("other"));
    other["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("resourceVersion");
    assert!(matches!(
        store.replace(Kind::Deployment, other, Scope::Main),
        Err(StoreError::UidMismatch { .. })
    ));
    assert_eq!(
        store.create(Kind::Deployment, deployment("web"), NOW),
        Err(StoreError::AlreadyExists(key))
    );
}

#[test]
fn a_preview_stores_nothing() {
    let (store, object) = store_with_deployment();
    let preview = store
        .preview_replace(
            Kind::Deployment,
            edit(&object, "/spec/replicas", json!(2)),
            Scope::Main,
        )
        .unwrap();
    assert_eq!(preview["metadata"]["generation"], 2);
    assert_eq!(
        preview["metadata"]["resourceVersion"],
        object["metadata"]["resourceVersion"]
    );
    let stored = store.find(Kind::Deployment, "shop", "web").unwrap();
    assert_eq!(stored["spec"]["replicas"], 1);
}

#[test]
fn a_bound_pod_is_given_time_to_stop() {
    let mut store = Store::new(1);
    let pod = json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"nodeName": "node-1", "terminationGracePeriodSeconds": 20},
    });
    let key = Key::named_in(Kind::Pod, &store.create(Kind::Pod, pod, NOW).unwrap());
    let Deletion::Pending(marked) = store.delete(&key, &DeleteOptions::default(), NOW).unwrap()
    else {
        panic!("the pod is gone at once");
    };
    assert_eq!(
        marked["metadata"]["deletionTimestamp"],
        NOW.plus(Duration::from_secs(20)).rfc3339()
    );
    assert_eq!(marked["metadata"]["generation"], 2);
    let again = store.delete(&key, &DeleteOptions::default(), NOW).unwrap();
    assert_eq!(again, Deletion::Pending(marked));
    let shorter = DeleteOptions {
        grace_period: Some(Duration::from_secs(5)),
        ..DeleteOptions::default()
    };
    let Deletion::Pending(marked) = store.delete(&key, &shorter, NOW).unwrap() else {
        panic!("the pod is gone at once");
    };
    assert_eq!(
        marked["metadata"]["deletionTimestamp"],
        NOW.plus(Duration::from_secs(5)).rfc3339()
    );
    let at_once = DeleteOptions {
        grace_period: Some(Duration::ZERO),
        ..DeleteOptions::default()
    };
    assert!(matches!(
        store.delete(&key, &at_once, NOW).unwrap(),
        Deletion::Removed(_)
    ));
    assert!(store.read(&key).is_none());
}

#[test]
fn a_finalizer_holds_an_object_until_it_is_removed() {
    let (mut store, object) = store_with_deployment();
    let key = Key::of(&object).unwrap();
    let options = DeleteOptions {
        propagation: Propagation::Foreground,
        ..DeleteOptions::default()
    };
    let Deletion::Pending(marked) = store.delete(&key, &options, NOW).unwrap() else {
        panic!("the Deployment is gone at once");
    };
    assert_eq!(
        marked["metadata"]["finalizers"],
        json!(["foregroundDeletion"])
    );
    let freed = edit(&marked, "/metadata/finalizers", json!([]));
    store.replace(Kind::Deployment, freed, Scope::Main).unwrap();
    assert!(store.read(&key).is_none());
    let verbs: Vec<Verb> = store
        .changes_since(Kind::Deployment, 1)
        .unwrap()
        .map(|change| change.verb)
        .collect();
    assert_eq!(verbs, [Verb::Added, Verb::Modified, Verb::Deleted]);
}

#[test]
fn preconditions_protect_a_newer_object() {
    let (mut store, object) = store_with_deployment();
    let key = Key::of(&object).unwrap();
    let with = |preconditions| DeleteOptions {
        preconditions,
        ..DeleteOptions::default()
    };
    let other = with(Preconditions {
        uid: Some("other".to_owned()),
        resource_version: None,
    });
    assert!(matches!(
        store.delete(&key, &other, NOW),
        Err(StoreError::UidMismatch { .. })
    ));
    let stale = with(Preconditions {
        uid: None,
        resource_version: Some("1".to_owned()),
    });
    assert_eq!(
        store.delete(&key, &stale, NOW),
        Err(StoreError::Conflict(key.clone()))
    );
    let right = with(Preconditions {
        uid: Some(uid(&object).to_owned()),
        resource_version: None,
    });
    assert!(matches!(
        store.delete(&key, &right, NOW),
        Ok(Deletion::Removed(_))
    ));
}

#[test]
fn watches_resume_until_the_log_is_compacted() {
    let (mut store, object) = store_with_deployment();
    let start = store.revision();
    store
        .replace(
            Kind::Deployment,
            edit(&object, "/spec/replicas", json!(2)),
            Scope::Main,
        )
        .unwrap();
    let changes: Vec<&Change> = store
        .changes_since(Kind::Deployment, start)
        .unwrap()
        .collect();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].previous.as_ref().unwrap()["spec"]["replicas"], 1);
    assert_eq!(store.changes_since(Kind::Pod, start).unwrap().count(), 0);
    store.compact(store.revision());
    assert_eq!(
        store.changes_since(Kind::Deployment, start).err(),
        Some(Expired {
            asked: start,
            oldest: store.revision()
        })
    );
    assert_eq!(
        store
            .changes_since(Kind::Deployment, store.revision())
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn a_list_can_be_read_as_it_was() {
    let (mut store, object) = store_with_deployment();
    let revision = store.revision();
    store
        .create(Kind::Deployment, deployment("api"), NOW)
        .unwrap();
    store
        .delete(&Key::of(&object).unwrap(), &DeleteOptions::default(), NOW)
        .unwrap();
    let names = |objects: Vec<Arc<Value>>| -> Vec<String> {
        objects
            .iter()
            .map(|object| View(object).name().to_owned())
            .collect()
    };
    assert_eq!(
        names(
            store
                .list_at(Kind::Deployment, Some("shop"), revision)
                .unwrap()
        ),
        ["web"]
    );
    assert_eq!(
        names(store.list(Kind::Deployment, None).cloned().collect()),
        ["api"]
    );
}

#[test]
fn owned_objects_are_found_by_their_owner() {
    let (mut store, object) = store_with_deployment();
    let owned = json!({
        "metadata": {"name": "web-1", "namespace": "shop", "ownerReferences": [{"uid": uid(&object), "controller": true}]},
    });
    let owned = store.create(Kind::ReplicaSet, owned, NOW).unwrap();
    store
        .create(
            Kind::ReplicaSet,
            json!({"metadata": {"name": "free", "namespace": "shop"}}),
            NOW,
        )
        .unwrap();
    let names = |found: Vec<&Arc<Value>>| -> Vec<String> {
        found
            .into_iter()
            .map(|object| View(object).name().to_owned())
            .collect()
    };
    assert_eq!(names(store.dependents(uid(&object)).collect()), ["web-1"]);
    assert_eq!(
        names(store.orphans(Kind::ReplicaSet, "shop").collect()),
        ["free"]
    );
    let released = edit(&owned, "/metadata/ownerReferences", json!([]));
    store
        .replace(Kind::ReplicaSet, released, Scope::Main)
        .unwrap();
    assert_eq!(store.dependents(uid(&object)).count(), 0);
    assert_eq!(store.orphans(Kind::ReplicaSet, "shop").count(), 2);
}

#[test]
fn a_saved_store_goes_on_where_it_was() {
    let (mut store, _) = store_with_deployment();
    let text = serde_json::to_string(&store).unwrap();
    let mut restored: Store = serde_json::from_str(&text).unwrap();
    assert_eq!(restored.revision(), store.revision());
    let pod = json!({"metadata": {"generateName": "web-", "namespace": "shop"}});
    let one = store.create(Kind::Pod, pod.clone(), NOW).unwrap();
    let two = restored.create(Kind::Pod, pod, NOW).unwrap();
    assert_eq!(one, two);
    assert_eq!(
        restored.changes_since(Kind::Pod, 1).err(),
        Some(Expired {
            asked: 1,
            oldest: 2
        })
    );
}
