//! Revisions: their numbers, what is copied to them, how many are kept.

use super::*;

fn revisions(bench: &Bench) -> Vec<i64> {
    bench
        .replica_sets()
        .iter()
        .map(|set| revision(set))
        .collect()
}

fn history(set: &Value) -> Option<&str> {
    annotation(set, "deployment.kubernetes.io/revision-history")
}

/// Deploys an image with a note, and waits for the end.
fn deploy(bench: &mut Bench, image: &str, note: &str) {
    bench.edit(|object| {
        object["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image);
        object["metadata"]["annotations"]["kubernetes.io/change-cause"] = json!(note);
    });
    bench.settle();
}

/// FACTS 12: a template that becomes current again takes a new number, and remembers its old ones.
#[test]
fn going_back_takes_a_new_number() {
    let mut bench = Bench::running(&Shape::default());
    for (image, number) in [
        ("x/web:v2", 2),
        ("x/web:v3", 3),
        ("x/web:v2", 4),
        ("x/web:v1", 5),
    ] {
        deploy(&mut bench, image, image);
        assert_eq!(revision(&bench.deployment()), number);
    }
    assert_eq!(revisions(&bench), [3, 4, 5]);
    deploy(&mut bench, "x/web:v2", "again");
    assert_eq!(revisions(&bench), [3, 5, 6]);
    let sets = bench.replica_sets();
    assert_eq!(
        sets.iter().map(|set| history(set)).collect::<Vec<_>>(),
        [None, Some("1"), Some("2,4")]
    );
}

/// FACTS 13: the Deployment's annotations go to its current ReplicaSet; none is ever taken away there.
#[test]
fn annotations_travel_to_the_current_replica_set() {
    let mut bench = Bench::running(&Shape::default());
    deploy(&mut bench, "x/web:v2", "two");
    bench.set(
        "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration",
        json!("{}"),
    );
    bench.edit(|object| {
        let annotations = object["metadata"]["annotations"].as_object_mut().unwrap();
        annotations.remove("kubernetes.io/change-cause");
        annotations.insert("added".to_owned(), json!("later"));
    });
    bench.settle();
    let sets = bench.replica_sets();
    let cause = |set: &Value| annotation(set, "kubernetes.io/change-cause").map(str::to_owned);
    assert_eq!(
        (cause(&sets[0]), cause(&sets[1])),
        (None, Some("two".to_owned()))
    );
    assert_eq!(annotation(&sets[1], "added"), Some("later"));
    assert_eq!(
        annotation(&sets[1], "kubectl.kubernetes.io/last-applied-configuration"),
        None
    );
    assert_eq!(
        annotation(&sets[1], "deployment.kubernetes.io/desired-replicas"),
        Some("3")
    );
    assert_eq!(
        annotation(&sets[1], "deployment.kubernetes.io/max-replicas"),
        Some("4")
    );
}

#[test]
fn a_revision_written_by_hand_is_put_right() {
    let mut bench = Bench::running(&Shape::default());
    bench.set(
        "/metadata/annotations/deployment.kubernetes.io~1revision",
        json!("99"),
    );
    bench.edit(|object| {
        object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!("99")
    });
    bench.settle();
    assert_eq!(revision(&bench.deployment()), 1);
}

#[test]
fn only_so_many_old_replica_sets_are_kept() {
    let mut bench = Bench::running(&Shape {
        replicas: 1,
        ..Shape::default()
    });
    bench.set("/spec/revisionHistoryLimit", json!(2));
    for number in 2..=6 {
        deploy(&mut bench, &format!("x/web:v{number}"), "");
    }
    assert_eq!(revisions(&bench), [4, 5, 6]);
    bench.set("/spec/revisionHistoryLimit", json!(0));
    bench.settle();
    assert_eq!(revisions(&bench), [6]);
}

#[test]
fn a_name_that_is_taken_is_counted_as_a_collision() {
    let mut bench = Bench::running(&Shape::default());
    let mut probe = bench.world.clone();
    let mut object = Value::clone(&bench.deployment());
    object["spec"]["template"]["spec"]["containers"][0]["image"] = json!("x/web:v2");
    probe
        .store
        .replace(Kind::Deployment, object, Scope::Main)
        .unwrap();
    probe.run_to(probe.now());
    probe.run_to(probe.now().plus(milliseconds(2_000)));
    let made = probe
        .store
        .list(Kind::ReplicaSet, Some("shop"))
        .max_by_key(|set| revision(set))
        .unwrap();
    let name = View(made).name().to_owned();

    let stranger = json!({
        "metadata": {"name": name, "namespace": "shop", "labels": {"other": "x"}},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"other": "x"}},
            "template": {"metadata": {"labels": {"other": "x"}}},
        },
    });
    bench.add(Kind::ReplicaSet, stranger);
    bench.set_image("x/web:v2");
    bench.run_until("the end", |bench| {
        bench.is_complete() && bench.count("observedGeneration") == 2
    });
    assert_eq!(bench.count("collisionCount"), 1);
    assert_eq!(bench.replica_sets().len(), 2);
}
