//! What a watcher sees of a rollout, write by write.

use super::*;

#[test]
fn a_new_deployment_gets_its_pods() {
    let bench = Bench::running(&Shape::default());
    assert_eq!(bench.pods().len(), 3);
    assert_eq!(
        bench.watched(1).last().unwrap(),
        "gen=1 og=1 rev=1 replicas=3 upd=3 ready=3 avail=3 unav=0 term=0 NewReplicaSetAvailable"
    );
    let set = &bench.replica_sets()[0];
    let hash = text(set, "/metadata/labels/pod-template-hash");
    assert!(
        hash.bytes()
            .all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte)),
        "{hash}"
    );
    assert_eq!(View(set).name(), format!("web-{hash}"));
    assert_eq!(
        text(set, "/spec/selector/matchLabels/pod-template-hash"),
        hash
    );
    for pod in bench.pods() {
        assert!(View(&pod).name().starts_with(&format!("web-{hash}-")));
        assert_eq!(
            text(&pod, "/metadata/ownerReferences/0/name"),
            View(set).name()
        );
        assert_eq!(text(&pod, "/metadata/labels/pod-template-hash"), hash);
    }
}

/// FACTS 1: right after the PATCH the status is that of the rollout before, and then still one of the old generation.
#[test]
fn a_deployment_looks_finished_right_after_the_patch() {
    let mut bench = Bench::running(&Shape {
        replicas: 10,
        ..Shape::default()
    });
    let before = bench.world.store.revision();
    bench.set_image("x/web:v2");
    bench.settle();
    let watched = bench.watched(before);
    let finished = "replicas=10 upd=10 ready=10 avail=10 unav=0 term=0";
    assert_eq!(
        watched[0],
        format!("gen=2 og=1 rev=1 {finished} NewReplicaSetAvailable")
    );
    assert_eq!(
        watched[1],
        format!("gen=2 og=1 rev=2 {finished} NewReplicaSetCreated")
    );
    assert!(watched[2].starts_with("gen=2 og=2 rev=2 "), "{watched:#?}");
    // FACTS 3: one is unavailable all along, though ten serve.
    assert!(
        watched[2].contains("ready=10 avail=10 unav=1"),
        "{watched:#?}"
    );
}

/// FACTS 29: the rollout is over while the last old pod is still on its way out.
#[test]
fn the_end_comes_before_the_last_old_pod_is_gone() {
    let mut bench = Bench::running(&Shape {
        image: "x/web:v1-slow-stop-7s".to_owned(),
        ..Shape::default()
    });
    let before = bench.world.store.revision();
    bench.set_image("x/web:v2");
    bench.settle();
    let watched = bench.watched(before);
    let over = "gen=2 og=2 rev=2 replicas=3 upd=3 ready=3 avail=3 unav=0";
    let first = watched
        .iter()
        .position(|line| line.starts_with(over))
        .unwrap();
    assert_eq!(
        watched[first],
        format!("{over} term=3 NewReplicaSetAvailable")
    );
    assert_eq!(
        *watched.last().unwrap(),
        format!("{over} term=0 NewReplicaSetAvailable")
    );
}

/// `kubernetes.md` 1.13: the sync that makes the ReplicaSet writes the status twice, and the second write loses.
#[test]
fn the_second_status_write_of_the_creating_sync_loses() {
    let mut bench = Bench::running(&Shape::default());
    let before = bench.world.store.revision();
    bench.set_image("x/web:v2");
    bench.run_until("the new ReplicaSet", |bench| {
        bench.replica_sets().len() == 2
    });
    let watched = bench.watched(before);
    assert_eq!(watched.len(), 2, "{watched:#?}");
    assert!(watched[1].starts_with("gen=2 og=1 rev=2 "), "{watched:#?}");
}

/// `kubernetes.md` 1.13: going back to an existing ReplicaSet brings the revision before the generation, and leaves
/// Progressing as it was.
#[test]
fn going_back_leaves_the_progressing_condition_alone() {
    let mut bench = Bench::running(&Shape::default());
    bench.set_image("x/web:v2");
    bench.settle();
    let before = bench.world.store.revision();
    bench.set_image("x/web:v1");
    bench.run_until("the generation", |bench| {
        bench.count("observedGeneration") == 3
    });
    let watched = bench.watched(before);
    let reasons: Vec<&str> = watched
        .iter()
        .filter_map(|line| line.rsplit(' ').next())
        .collect();
    assert!(
        reasons
            .iter()
            .all(|reason| *reason == "NewReplicaSetAvailable"),
        "{watched:#?}"
    );
    assert!(watched[1].starts_with("gen=3 og=2 rev=3 "), "{watched:#?}");
    assert!(watched[2].starts_with("gen=3 og=3 rev=3 "), "{watched:#?}");
}

/// FACTS 10: a second change in mid-rollout makes a third ReplicaSet, and the half-made one goes first.
#[test]
fn a_rollover_gives_up_the_half_made_replica_set() {
    let mut bench = Bench::running(&Shape {
        replicas: 6,
        ..Shape::default()
    });
    bench.set_image("x/web:v2");
    bench.run_until("two new pods", |bench| bench.sizes().0 == 2);
    bench.set_image("x/web:v3");
    bench.run_until("the end", Bench::is_complete);
    let sets = bench.replica_sets();
    assert_eq!(
        sets.iter().map(|set| revision(set)).collect::<Vec<i64>>(),
        [1, 2, 3]
    );
    assert_eq!(bench.sizes(), (6, 0));
    bench.settle();
    assert!(bench.pods().iter().all(|pod| image_of(pod) == "x/web:v3"));
}

/// FACTS 11: going back in mid-rollout keeps the old pods that are still there.
#[test]
fn going_back_in_mid_rollout_reuses_the_old_pods() {
    let mut bench = Bench::running(&Shape {
        replicas: 6,
        ..Shape::default()
    });
    let old: Vec<String> = bench.pods().iter().map(|pod| uid(pod).to_owned()).collect();
    bench.set_image("x/web:v2");
    bench.run_until("two new pods", |bench| bench.sizes() == (2, 5));
    bench.set_image("x/web:v1");
    bench.run_until("the end", |bench| {
        bench.is_complete() && bench.count("observedGeneration") == 3
    });
    bench.settle();
    let kept = bench
        .pods()
        .iter()
        .filter(|pod| old.contains(&uid(pod).to_owned()))
        .count();
    assert!(kept >= 5, "{kept}");
    assert_eq!(
        bench
            .replica_sets()
            .iter()
            .map(|set| revision(set))
            .collect::<Vec<i64>>(),
        [2, 3]
    );
}

/// FACTS 28: with Recreate the first status of the new generation says that the new ReplicaSet is available.
#[test]
fn recreate_lets_the_old_pods_go_first() {
    let mut bench = Bench::running(&Shape::default());
    bench.set("/spec/strategy", json!({"type": "Recreate"}));
    bench.settle();
    let before = bench.world.store.revision();
    bench.set_image("x/web:v2");
    let mut most = 0;
    while let Some(due) = bench
        .world
        .next_due()
        .filter(|due| due.since(bench.world.now()) < QUIET)
    {
        bench.world.run_to(due);
        let images: std::collections::BTreeSet<String> = bench
            .pods()
            .iter()
            .map(|pod| image_of(pod).to_owned())
            .collect();
        most = most.max(images.len());
    }
    assert_eq!(most, 1, "old and new pods at once");
    assert!(bench.is_complete());
    let watched = bench.watched(before);
    let first = watched.iter().find(|line| line.contains("og=3")).unwrap();
    assert!(
        first.contains("upd=0") && first.ends_with("NewReplicaSetAvailable"),
        "{watched:#?}"
    );
}

#[test]
fn min_ready_seconds_are_counted_from_the_pods_own_word() {
    let mut bench = Bench::running(&Shape {
        replicas: 2,
        ..Shape::default()
    });
    bench.set("/spec/minReadySeconds", json!(3));
    bench.settle();
    bench.set_image("x/web:v2");
    bench.run_until("a ready pod", |bench| bench.count("readyReplicas") == 3);
    assert_eq!(bench.count("availableReplicas"), 2);
    let waited = bench.run_until("an available pod", |bench| {
        bench.count("availableReplicas") == 3
    });
    // The pod's word is cut to the second.
    assert!(
        (milliseconds(2_000)..milliseconds(3_100)).contains(&waited),
        "{waited:?}"
    );
    bench.run_until("the end", Bench::is_complete);
}

/// FACTS 27: another Deployment of the same name starts from nothing.
#[test]
fn a_deployment_made_anew_knows_nothing_of_the_one_before() {
    let mut bench = Bench::running(&Shape::default());
    let first = uid(&bench.deployment()).to_owned();
    bench.set_image("x/web:v2");
    bench.run(milliseconds(500));
    bench.delete(Propagation::Background);
    bench.add(
        Kind::Deployment,
        Shape {
            image: "x/web:v3".to_owned(),
            ..Shape::default()
        }
        .build(),
    );
    let deployment = bench.deployment();
    assert_ne!(uid(&deployment), first);
    assert_eq!(deployment.get("status"), None);
    bench.run_until("the end", Bench::is_complete);
    bench.settle();
    assert_eq!(bench.pods().len(), 3);
    assert!(bench.pods().iter().all(|pod| image_of(pod) == "x/web:v3"));
}

#[test]
fn an_annotation_alone_is_a_generation_but_no_rollout() {
    let mut bench = Bench::running(&Shape::default());
    bench.set("/metadata/annotations/note", json!("hello"));
    bench.settle();
    assert_eq!(
        (
            bench.count("observedGeneration"),
            revision(&bench.deployment())
        ),
        (2, 1)
    );
    assert_eq!(annotation(&bench.replica_sets()[0], "note"), Some("hello"));
}

#[test]
fn nothing_happens_in_a_world_that_is_done() {
    let mut bench = Bench::running(&Shape::default());
    let before = bench.world.store.revision();
    bench.run(Duration::from_secs(3000));
    assert_eq!(bench.world.store.revision(), before);
    assert_eq!(bench.world.next_due(), None);
    assert!(!bench.world.is_rolling());
}
