//! What goes when its owner goes, what comes back when it is deleted, and a world that is saved.

use super::*;
use crate::object::metadata;
use crate::world::{Actor, Writing};

fn left(bench: &Bench) -> [usize; 3] {
    [Kind::Deployment, Kind::ReplicaSet, Kind::Pod]
        .map(|kind| bench.world.store.list(kind, Some("shop")).count())
}

#[test]
fn deleting_a_deployment_takes_everything_with_it() {
    let mut bench = Bench::running(&Shape::default());
    bench.set_image("x/web:v2");
    bench.settle();
    bench.delete(Propagation::Background);
    assert_eq!(left(&bench)[0], 0);
    bench.settle();
    assert_eq!(left(&bench), [0, 0, 0]);
}

#[test]
fn foreground_deletion_keeps_the_owner_until_the_end() {
    let mut bench = Bench::running(&Shape {
        image: "x/web:v1-slow-stop-5s".to_owned(),
        ..Shape::default()
    });
    bench.delete(Propagation::Foreground);
    bench.run(Duration::from_secs(3));
    assert_eq!(left(&bench), [1, 1, 3]);
    assert!(View(&bench.deployment()).is_terminating());
    bench.settle();
    assert_eq!(left(&bench), [0, 0, 0]);
}

#[test]
fn orphans_stay_and_can_be_adopted() {
    let mut bench = Bench::running(&Shape::default());
    let pods: Vec<String> = bench.pods().iter().map(|pod| uid(pod).to_owned()).collect();
    bench.delete(Propagation::Orphan);
    bench.settle();
    assert_eq!(left(&bench), [0, 1, 3]);
    bench.add(Kind::Deployment, Shape::default().build());
    bench.settle();
    assert_eq!(left(&bench), [1, 1, 3]);
    let adopted = bench.replica_sets();
    assert_eq!(
        text(&adopted[0], "/metadata/ownerReferences/0/uid"),
        uid(&bench.deployment())
    );
    assert!(bench.is_complete());
    assert!(
        bench
            .pods()
            .iter()
            .all(|pod| pods.contains(&uid(pod).to_owned()))
    );
}

#[test]
fn a_deleted_pod_is_replaced() {
    let mut bench = Bench::running(&Shape::default());
    let gone = Key::named_in(Kind::Pod, &bench.pods()[0]);
    bench
        .world
        .store
        .delete(&gone, &DeleteOptions::default(), bench.world.now())
        .unwrap();
    bench.settle();
    assert_eq!(left(&bench), [1, 1, 3]);
    assert!(bench.world.store.read(&gone).is_none());
    assert_eq!(bench.world.logs(&gone, "app", false), None);
}

#[test]
fn a_pod_that_loses_its_label_is_released_and_replaced() {
    let mut bench = Bench::running(&Shape::default());
    let mut pod = Value::clone(&bench.pods()[0]);
    metadata(&mut pod).insert("labels".to_owned(), json!({"app": "debug"}));
    let key = Key::named_in(Kind::Pod, &pod);
    bench
        .world
        .store
        .replace(Kind::Pod, pod, Scope::Main)
        .unwrap();
    bench.settle();
    assert_eq!(left(&bench), [1, 1, 4]);
    assert_eq!(
        bench
            .world
            .store
            .read(&key)
            .unwrap()
            .pointer("/metadata/ownerReferences"),
        None
    );
}

#[test]
fn a_namespace_takes_what_it_holds_with_it() {
    let mut bench = Bench::running(&Shape::default());
    let key = Key::new(Kind::Namespace, "", "shop");
    bench
        .world
        .store
        .delete(&key, &DeleteOptions::default(), bench.world.now())
        .unwrap();
    bench.run(milliseconds(50));
    assert_eq!(
        text(bench.world.store.read(&key).unwrap(), "/status/phase"),
        "Terminating"
    );
    bench.settle();
    assert!(bench.world.store.read(&key).is_none());
    assert_eq!(left(&bench), [0, 0, 0]);
    assert_eq!(bench.world.store.list(Kind::Event, Some("shop")).count(), 0);
}

#[test]
fn cluster_events_tell_the_story() {
    let mut bench = Bench::running(&Shape::default());
    bench.set_image("x/web:v2");
    bench.settle();
    for reason in [
        "Scheduled",
        "Pulling",
        "Pulled",
        "Created",
        "Started",
        "Killing",
    ] {
        assert!(bench.has_event("Pod", reason), "{reason}");
    }
    for reason in ["SuccessfulCreate", "SuccessfulDelete"] {
        assert!(bench.has_event("ReplicaSet", reason), "{reason}");
    }
    let scaled = bench.events("Deployment");
    assert!(
        scaled
            .iter()
            .any(|(_, message)| message.ends_with(" from 0 to 1")),
        "{scaled:?}"
    );
    bench.run(Duration::from_secs(2 * 3600));
    assert_eq!(
        bench.world.store.list(Kind::Event, None).count(),
        0,
        "they are kept for an hour"
    );
}

#[test]
fn a_saved_world_runs_on() {
    let mut bench = Bench::running(&Shape {
        replicas: 4,
        ..Shape::default()
    });
    bench.set_image("x/web:v2");
    bench.run(milliseconds(2_500));
    let saved = serde_json::to_string(&bench.world).unwrap();
    let mut world: World = serde_json::from_str(&saved).unwrap();
    assert_eq!(world.now(), bench.world.now());
    assert!(world.is_rolling());
    let later = world.now().plus(Duration::from_secs(3600));
    world.run_to(later);
    let mut restored = Bench {
        world,
        key: bench.key.clone(),
    };
    restored.settle();
    assert!(restored.is_complete(), "{}", restored.status());
    assert_eq!(restored.sizes(), (4, 0));
    assert_eq!(restored.pods().len(), 4);
    let key = Key::named_in(Kind::Pod, &restored.pods()[0]);
    assert!(restored.world.logs(&key, "app", false).is_some());
}

#[test]
fn a_world_left_alone_sleeps_through_the_middle() {
    let mut bench = Bench::running(&Shape::default());
    bench.set_image("x/web:v2-crash");
    bench.run(Duration::from_secs(30 * 24 * 3600));
    let pods = bench.pods();
    let crashed = pods
        .iter()
        .find(|pod| image_of(pod).ends_with("crash"))
        .unwrap();
    let restarts = View(crashed)
        .number("/status/containerStatuses/0/restartCount")
        .unwrap();
    assert!((20..40).contains(&restarts), "{restarts}");
    assert_eq!(bench.reason("Progressing"), "ProgressDeadlineExceeded");
    bench.set_image("x/web:v3");
    bench.run_until("the end", |bench| {
        bench.is_complete() && bench.count("observedGeneration") == 3
    });
}

#[test]
fn one_seed_gives_one_world() {
    let run = |seed: u64| {
        let mut bench = Bench::new(
            WorldOptions {
                seed,
                start: START,
                ..WorldOptions::default()
            },
            &Shape::default(),
        );
        bench.settle();
        bench.set_image("x/web:v2-crash");
        bench.run(Duration::from_secs(30));
        serde_json::to_string(&bench.world).unwrap()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn a_controller_that_is_down_catches_up() {
    let mut bench = Bench::running(&Shape::default());
    bench.world.suspend(Actor::DeploymentController);
    bench.set_image("x/web:v2");
    bench.run(Duration::from_secs(60));
    assert_eq!(bench.count("observedGeneration"), 1);
    bench.world.resume(Actor::DeploymentController);
    bench.run_until("the end", |bench| {
        bench.is_complete() && bench.count("observedGeneration") == 2
    });
}

/// Notes who wrote last, and which part.
fn note_writer(writing: &Writing<'_>, object: &mut Value) {
    let entry = json!({"manager": writing.manager, "subresource": writing.subresource});
    metadata(object).insert("managedFields".to_owned(), json!([entry]));
}

#[test]
fn the_actors_sign_what_they_write() {
    let mut bench = Bench::running(&Shape::default());
    bench.world.sign_writes(note_writer);
    bench.set_image("x/web:v2");
    bench.settle();
    let signed = |object: &Value| {
        let entry = &View(object).list("/metadata/managedFields")[0];
        format!(
            "{} {}",
            text(entry, "/manager"),
            text(entry, "/subresource")
        )
    };
    assert_eq!(
        signed(&bench.deployment()),
        "kube-controller-manager status"
    );
    assert_eq!(
        signed(&bench.replica_sets()[1]),
        "kube-controller-manager status"
    );
    assert_eq!(signed(&bench.pods()[0]), "kubelet status");
}

#[test]
fn an_empty_selector_is_refused() {
    let mut bench = Bench::running(&Shape::default());
    let mut object = Shape::default().build();
    object["metadata"]["name"] = json!("all");
    object["spec"]["selector"] = json!({});
    bench.add(Kind::Deployment, object);
    bench.settle();
    assert!(bench.has_event("Deployment", "SelectingAll"));
    let stored = bench
        .world
        .store
        .find(Kind::Deployment, "shop", "all")
        .unwrap();
    assert_eq!(stored["status"]["observedGeneration"], 1);
}
