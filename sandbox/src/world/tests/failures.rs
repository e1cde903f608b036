//! Rollouts that go wrong, and what the Deployment says about them.

use super::*;
use crate::kubelet::Story;

fn quota(pods: i64) -> Value {
    json!({"metadata": {"name": "small", "namespace": "shop"}, "spec": {"hard": {"pods": pods.to_string()}}})
}

fn restart_counts(bench: &Bench) -> i64 {
    bench
        .pods()
        .iter()
        .filter_map(|pod| View(pod).number("/status/containerStatuses/0/restartCount"))
        .sum()
}

#[test]
fn new_pods_that_fail_are_told_by_their_state() {
    for (story, state) in [
        ("not-found", "ImagePullBackOff"),
        ("unauthorized", "ImagePullBackOff"),
        ("registry-down", "ImagePullBackOff"),
        ("crash", "CrashLoopBackOff"),
        ("out-of-memory", "CrashLoopBackOff"),
        ("exits", "CrashLoopBackOff"),
        ("config-error", "CreateContainerConfigError"),
    ] {
        let mut bench = Bench::running(&Shape::default());
        bench.set_image(&format!("x/web:v2-{story}"));
        bench.run_until(state, |bench| {
            let waiting = |pod: &Arc<Value>| {
                text(pod, "/status/containerStatuses/0/state/waiting/reason") == state
            };
            bench.pods().iter().any(waiting)
        });
        bench.run(Duration::from_secs(60));
        assert_eq!(bench.sizes(), (1, 3), "{story}");
        assert_eq!(bench.count("availableReplicas"), 3, "{story}");
        assert_eq!(
            bench.reason("Available"),
            "MinimumReplicasAvailable",
            "{story}"
        );
    }
}

#[test]
fn a_pod_that_fits_nowhere_says_so() {
    let mut bench = Bench::running(&Shape::default());
    bench.set_image("x/web:v2-unschedulable");
    bench.settle();
    let pods = bench.pods();
    let pending = pods
        .iter()
        .find(|pod| image_of(pod).ends_with("unschedulable"))
        .unwrap();
    let condition = &View(pending).list("/status/conditions")[0];
    assert_eq!(
        (
            text(condition, "/type"),
            text(condition, "/status"),
            text(condition, "/reason")
        ),
        ("PodScheduled", "False", "Unschedulable")
    );
    assert!(
        text(condition, "/message").starts_with("0/3 nodes are available: "),
        "{condition}"
    );
    assert!(bench.has_event("Pod", "FailedScheduling"));
    bench.set_image("x/web:v1");
    bench.settle();
    assert_eq!(bench.pods().len(), 3, "a pod without a node goes at once");
}

/// FACTS 7: the condition comes a deadline and up to a second after the last progress.
#[test]
fn the_deadline_passes_without_progress() {
    let mut bench = Bench::running(&Shape {
        deadline: 20,
        ..Shape::default()
    });
    bench.set_image("x/web:v2-never-ready");
    let waited = bench.run_until("the deadline", |bench| {
        bench.reason("Progressing") == "ProgressDeadlineExceeded"
    });
    assert!(
        (milliseconds(20_000)..milliseconds(21_500)).contains(&waited),
        "{waited:?}"
    );
    assert_eq!(bench.condition("Progressing")["status"], "False");
    assert_eq!(bench.sizes(), (1, 3));
    assert!(!bench.world.is_rolling());
    // FACTS 2: the next deploy begins with the failure of the one before.
    let before = bench.world.store.revision();
    bench.set_image("x/web:v3");
    bench.run_until("the end", |bench| {
        bench.is_complete() && bench.count("observedGeneration") == 3
    });
    let watched = bench.watched(before);
    assert!(
        watched[0].starts_with("gen=3 og=2 ") && watched[0].ends_with("ProgressDeadlineExceeded")
    );
}

/// FACTS 5: a rollout past its deadline still goes on, and completes when its pods get ready.
#[test]
fn a_failed_rollout_is_still_running() {
    let mut bench = Bench::running(&Shape {
        deadline: 5,
        replicas: 2,
        ..Shape::default()
    });
    bench.set_image("x/web:v2-ready-after-8s");
    bench.run_until("the deadline", |bench| {
        bench.reason("Progressing") == "ProgressDeadlineExceeded"
    });
    bench.run_until("progress", |bench| {
        bench.reason("Progressing") == "ReplicaSetUpdated"
    });
    bench.run_until("the end", Bench::is_complete);
}

#[test]
fn pods_that_crash_after_the_end_of_a_rollout_are_no_rollout() {
    let mut bench = Bench::running(&Shape {
        has_probe: false,
        ..Shape::default()
    });
    bench.set_image("x/web:v2-crash-after-2s");
    assert!(bench.world.is_rolling());
    bench.run_until("the end", Bench::is_complete);
    bench.run(Duration::from_secs(60));
    assert!(bench.count("availableReplicas") < 3, "{}", bench.status());
    assert_eq!(bench.reason("Progressing"), "NewReplicaSetAvailable");
    assert!(!bench.world.is_rolling());
}

#[test]
fn no_deadline_means_no_progressing_condition() {
    let mut bench = Bench::running(&Shape::default());
    bench.set("/spec/progressDeadlineSeconds", json!(i32::MAX));
    bench.settle();
    assert_eq!(bench.condition("Progressing"), Value::Null);
}

/// FACTS 6: without a readiness probe every restart is Ready for a moment, so that good pods are replaced by bad ones.
#[test]
fn crashing_pods_without_a_probe_take_the_place_of_good_ones() {
    let mut bench = Bench::running(&Shape {
        replicas: 10,
        has_probe: false,
        ..Shape::default()
    });
    bench.set_image("x/web:v2-crash");
    let mut least = 10;
    for _ in 0..600 {
        bench.run(milliseconds(50));
        least = least.min(bench.count("availableReplicas"));
    }
    assert!(least < 9, "{least}");
    assert!(bench.sizes().1 < 8, "{:?}", bench.sizes());
    assert_ne!(bench.reason("Progressing"), "ProgressDeadlineExceeded");
    assert!(restart_counts(&bench) > 0);

    let mut bench = Bench::running(&Shape {
        replicas: 10,
        ..Shape::default()
    });
    bench.set_image("x/web:v2-crash");
    bench.run(Duration::from_secs(30));
    assert_eq!(
        (bench.count("availableReplicas"), bench.sizes()),
        (10, (1, 10)),
        "a probe keeps the good ones"
    );
}

/// FACTS 8: quota. The failure stays beside the condition Progressing, and the controller notices that there is room
/// again only when it tries the next time.
#[test]
fn a_quota_without_room_is_a_replica_failure() {
    let mut bench = Bench::running(&Shape {
        replicas: 4,
        deadline: 20,
        ..Shape::default()
    });
    bench.add(Kind::ResourceQuota, quota(4));
    bench.set_image("x/web:v2");
    bench.run_until("the failure", |bench| {
        bench.reason("ReplicaFailure") == "FailedCreate"
    });
    let message = text(&bench.condition("ReplicaFailure"), "/message").to_owned();
    let ending =
        "is forbidden: exceeded quota: small, requested: pods=1, used: pods=4, limited: pods=4";
    assert!(
        message.starts_with("pods \"web-") && message.ends_with(ending),
        "{message}"
    );
    assert_eq!(bench.reason("Progressing"), "NewReplicaSetCreated");
    assert_eq!(
        (bench.count("replicas"), bench.count("updatedReplicas")),
        (4, 0)
    );
    assert!(bench.has_event("ReplicaSet", "FailedCreate"));
    bench.run_until("the deadline", |bench| {
        bench.reason("Progressing") == "ProgressDeadlineExceeded"
    });
    assert_eq!(bench.condition("ReplicaFailure")["status"], "True");

    let stored = Arc::clone(
        bench
            .world
            .store
            .find(Kind::ResourceQuota, "shop", "small")
            .unwrap(),
    );
    let mut raised = Value::clone(&stored);
    raised["spec"]["hard"]["pods"] = json!("9");
    bench
        .world
        .store
        .replace(Kind::ResourceQuota, raised, Scope::Main)
        .unwrap();
    let waited = bench.run_until("the failure to go", |bench| {
        bench.condition("ReplicaFailure") == Value::Null
    });
    assert!(waited > milliseconds(100), "{waited:?}");
    bench.run_until("the end", Bench::is_complete);
    let quota = bench
        .world
        .store
        .find(Kind::ResourceQuota, "shop", "small")
        .unwrap();
    assert_eq!(text(quota, "/status/hard/pods"), "9");
}

/// FACTS 19: blanks around an image are found when the pod is made.
#[test]
fn an_image_with_blanks_is_a_replica_failure() {
    let mut bench = Bench::running(&Shape::default());
    bench.set_image(" x/web:v4");
    bench.run_until("the failure", |bench| {
        bench.reason("ReplicaFailure") == "FailedCreate"
    });
    let message = text(&bench.condition("ReplicaFailure"), "/message").to_owned();
    let ending = "is invalid: spec.containers[0].image: Invalid value: \" x/web:v4\": must not have leading or trailing \
                  whitespace";
    assert!(
        message.starts_with("Pod \"web-") && message.ends_with(ending),
        "{message}"
    );
}

/// `kubernetes.md` finding 3: a ReplicaSet that cannot be made keeps the observed generation where it was.
#[test]
fn a_replica_set_that_cannot_be_made_is_never_observed() {
    let mut bench = Bench::running(&Shape::default());
    let hard = json!({"count/replicasets.apps": "1"});
    bench.add(
        Kind::ResourceQuota,
        json!({"metadata": {"name": "sets", "namespace": "shop"}, "spec": {"hard": hard}}),
    );
    bench.set_image("x/web:v2");
    bench.run_until("the error", |bench| {
        bench.reason("Progressing") == "ReplicaSetCreateError"
    });
    bench.run(Duration::from_secs(700));
    assert_eq!(
        (
            bench.count("observedGeneration"),
            bench.replica_sets().len()
        ),
        (1, 1)
    );
    assert_eq!(bench.condition("Progressing")["status"], "False");
    let message = text(&bench.condition("Progressing"), "/message").to_owned();
    assert!(
        message.starts_with("Failed to create new replica set \"web-"),
        "{message}"
    );
    assert!(
        message.contains("is forbidden: exceeded quota: sets, requested: count/replicasets.apps=1"),
        "{message}"
    );
    assert!(bench.has_event("Deployment", "ReplicaSetCreateError"));
}

/// `kubernetes.md` finding 2: after a success the deadline never fires on the way back.
#[test]
fn the_deadline_never_fires_on_the_way_back_after_a_success() {
    let mut bench = Bench::running(&Shape {
        deadline: 10,
        ..Shape::default()
    });
    bench.set_image("x/web:v2");
    bench.settle();
    bench.add(Kind::ResourceQuota, quota(3));
    bench.set_image("x/web:v1");
    bench.run(Duration::from_secs(60));
    assert!(!bench.is_complete());
    assert_eq!(bench.reason("Progressing"), "NewReplicaSetAvailable");
    assert_eq!(bench.reason("ReplicaFailure"), "FailedCreate");
}

/// `kubernetes.md` finding 1: on the way back after a deadline, one status carries the new generation and the failure
/// of the rollout before. kubectl calls that a failure.
#[test]
fn the_way_back_carries_the_failure_of_the_rollout_before() {
    let mut bench = Bench::running(&Shape {
        replicas: 1,
        deadline: 5,
        ..Shape::default()
    });
    bench.set_image("x/web:v2-never-ready");
    bench.run_until("the deadline", |bench| {
        bench.reason("Progressing") == "ProgressDeadlineExceeded"
    });
    let before = bench.world.store.revision();
    bench.set_image("x/web:v1");
    bench.run_until("the end", Bench::is_complete);
    let watched = bench.watched(before);
    let is_misleading = |line: &&String| {
        line.starts_with("gen=3 og=3") && line.ends_with("ProgressDeadlineExceeded")
    };
    assert!(
        watched.iter().any(|line| is_misleading(&line)),
        "{watched:#?}"
    );
}

#[test]
fn a_story_told_later_is_followed_from_then_on() {
    let mut bench = Bench::running(&Shape {
        image: "x/web:3f2a".to_owned(),
        ..Shape::default()
    });
    bench.world.tell("3f2a", Story::parse("crash").unwrap());
    bench.run_until("a crash", |bench| restart_counts(bench) > 0);
    bench.world.tell("3f2a", Story::default());
    bench.run_until("the recovery", |bench| {
        bench.count("availableReplicas") == 3
    });
}

#[test]
fn a_registry_that_recovers_lets_the_rollout_finish() {
    let mut bench = Bench::running(&Shape {
        replicas: 1,
        ..Shape::default()
    });
    bench.set_image("x/web:v2-registry-down-2-times");
    let waited = bench.run_until("the end", |bench| {
        bench.is_complete() && bench.count("observedGeneration") == 2
    });
    assert!(waited > milliseconds(25_000), "{waited:?}");
}

#[test]
fn logs_of_both_lives_can_be_read() {
    let mut bench = Bench::running(&Shape::default());
    bench.set_image("x/web:v2-crash");
    bench.run_until("a restart", |bench| restart_counts(bench) > 1);
    let pods = bench.pods();
    let pod = pods
        .iter()
        .find(|pod| image_of(pod).ends_with("crash"))
        .unwrap();
    let key = Key::named_in(Kind::Pod, pod);
    let last = |previous: bool| {
        bench
            .world
            .logs(&key, "app", previous)
            .unwrap()
            .last()
            .unwrap()
            .text
            .clone()
    };
    assert!(last(true).starts_with("fatal: "), "{}", last(true));
    assert_eq!(bench.world.logs(&key, "other", false), None);
}
