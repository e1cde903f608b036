//! Pausing and scaling in the middle of a rollout.

use super::*;

/// FACTS 9: a paused Deployment takes the change, and nothing comes of it until it is resumed.
#[test]
fn a_paused_deployment_waits() {
    let mut bench = Bench::running(&Shape {
        deadline: 10,
        ..Shape::default()
    });
    bench.set("/spec/paused", json!(true));
    bench.settle();
    bench.set_image("x/web:v2");
    bench.run(Duration::from_secs(60));
    assert_eq!(bench.count("observedGeneration"), 3);
    assert_eq!(
        (bench.count("updatedReplicas"), bench.replica_sets().len()),
        (0, 1)
    );
    assert_eq!(bench.condition("Progressing")["status"], "Unknown");
    assert_eq!(bench.reason("Progressing"), "DeploymentPaused");

    let before = bench.world.store.revision();
    bench.set("/spec/paused", json!(false));
    bench.run_until("the end", Bench::is_complete);
    let watched = bench.watched(before);
    assert!(
        watched
            .iter()
            .any(|line| line.ends_with("DeploymentResumed")),
        "{watched:#?}"
    );
    assert_eq!(revision(&bench.deployment()), 2);
}

#[test]
fn a_paused_deployment_can_be_scaled() {
    let mut bench = Bench::running(&Shape::default());
    bench.set("/spec/paused", json!(true));
    bench.set("/spec/replicas", json!(5));
    bench.run_until("five pods", |bench| bench.count("availableReplicas") == 5);
}

#[test]
fn a_rollout_paused_in_the_middle_stops_there() {
    let mut bench = Bench::running(&Shape {
        replicas: 6,
        ..Shape::default()
    });
    bench.set_image("x/web:v2");
    bench.run_until("two new pods", |bench| bench.sizes().0 == 2);
    bench.set("/spec/paused", json!(true));
    bench.settle();
    let sizes = bench.sizes();
    bench.run(Duration::from_secs(100));
    assert_eq!((bench.sizes(), sizes.0), (sizes, 2));
    bench.set("/spec/paused", json!(false));
    bench.run_until("the end", Bench::is_complete);
}

/// FACTS 30: pods are added in proportion, and the rollout goes on from there.
#[test]
fn scaling_up_in_mid_rollout_is_spread() {
    let mut bench = Bench::running(&Shape {
        replicas: 6,
        surge: json!(2),
        ..Shape::default()
    });
    bench.set_image("x/web:v2-ready-after-5s");
    bench.run_until("the first step", |bench| bench.sizes() == (2, 6));
    bench.set("/spec/replicas", json!(12));
    bench.run_until("the scaling", |bench| bench.sizes().1 > 6);
    // 2 and 6 of at most 8 become 2·14/8 and 6·14/8: the larger is rounded up first, and leaves 3 for the other.
    assert_eq!(bench.sizes(), (3, 11));
    bench.run_until("the end", |bench| {
        bench.is_complete() && bench.sizes() == (12, 0)
    });
}

#[test]
fn scaling_down_in_mid_rollout_is_spread() {
    let mut bench = Bench::running(&Shape {
        replicas: 10,
        surge: json!(2),
        ..Shape::default()
    });
    bench.set_image("x/web:v2-ready-after-5s");
    bench.run_until("the first step", |bench| bench.sizes() == (2, 10));
    bench.set("/spec/replicas", json!(5));
    bench.run_until("the scaling", |bench| bench.sizes().1 < 10);
    assert_eq!(bench.sizes().0 + bench.sizes().1, 7);
    bench.run_until("the end", |bench| {
        bench.is_complete() && bench.sizes() == (5, 0)
    });
}

#[test]
fn a_deployment_without_replicas_completes_at_once() {
    let mut bench = Bench::running(&Shape {
        replicas: 0,
        ..Shape::default()
    });
    let before = bench.world.store.revision();
    bench.set_image("x/web:v2");
    bench.settle();
    let watched = bench.watched(before);
    let empty = "replicas=0 upd=0 ready=0 avail=0 unav=0 term=0";
    assert_eq!(
        watched,
        [
            format!("gen=2 og=1 rev=1 {empty} NewReplicaSetAvailable"),
            format!("gen=2 og=1 rev=2 {empty} NewReplicaSetCreated"),
            format!("gen=2 og=2 rev=2 {empty} NewReplicaSetAvailable"),
        ]
    );
}

#[test]
fn scaling_to_nothing_and_back_keeps_the_current_version() {
    let mut bench = Bench::running(&Shape::default());
    bench.set_image("x/web:v2");
    bench.settle();
    bench.set("/spec/replicas", json!(0));
    bench.settle();
    assert_eq!(bench.pods().len(), 0);
    bench.set("/spec/replicas", json!(4));
    bench.settle();
    assert_eq!(bench.pods().len(), 4);
    assert!(bench.pods().iter().all(|pod| image_of(pod) == "x/web:v2"));
}
