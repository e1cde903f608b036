//! What becomes of pods on nodes that are only played: pull errors, crash loops, logs, and a kubelet that stands still.

use serde_json::{Value, json};

use super::{LIMIT, deployment, is_given};
use crate::cluster::Cluster;
use crate::namespace::{Namespace, Resource};
use crate::roles;

#[test]
fn an_image_that_is_not_there_is_a_pull_error_and_costs_no_old_pod() {
    let namespace = Cluster::shared().namespace("pull");
    namespace.put_deployment(deployment("web", "registry.example/web:v1", 2));
    namespace.wait_until_complete("web", LIMIT);
    namespace.set_image("web", "registry.example/web:v2-not-found");
    let first = wait_for_waiting(&namespace, &["ErrImagePull", "ImagePullBackOff"]);
    assert!(message(&first).contains("not found"), "{first}");
    wait_for_waiting(&namespace, &["ImagePullBackOff"]);
    wait_for_cluster_event(&namespace, "Failed", "ErrImagePull");
    assert_eq!(
        namespace.read(Resource::Deployments, "web")["status"]["availableReplicas"],
        2
    );
}

#[test]
fn a_crash_loop_shows_its_exit_code_and_the_log_of_the_run_before() {
    let namespace = Cluster::shared().namespace("crash");
    let deployer = namespace.user("deployer", &roles::deployer());
    namespace.put_deployment(deployment("web", "registry.example/web:v2-crash", 1));
    let pod = wait_for_waiting(&namespace, &["CrashLoopBackOff"]);
    let status = &pod["status"]["containerStatuses"][0];
    assert_eq!(status["lastState"]["terminated"]["exitCode"], 1, "{status}");
    namespace.wait_for("a cluster event that counts", LIMIT, |namespace| {
        let events = namespace.list(Resource::Events);
        let mut starts = events.iter().filter(|event| event["reason"] == "Started");
        starts
            .any(|event| event["count"].as_u64() > Some(1))
            .then_some(())
    });
    if is_given("its API server does not reach the kubelet of this process") {
        return;
    }
    let path = namespace.path(Resource::Pods, pod["metadata"]["name"].as_str());
    let log = deployer.get(&format!("{path}/log?previous=true&tailLines=2"));
    assert_eq!(log.status, 200, "{}", log.text);
    assert_eq!(log.text.lines().count(), 2, "{}", log.text);
    let limited = deployer.get(&format!("{path}/log?previous=true&limitBytes=7"));
    assert_eq!(limited.text.len(), 7, "{}", limited.text);
}

#[test]
fn a_container_that_has_not_started_has_no_log() {
    let namespace = Cluster::shared().namespace("log");
    namespace.put_deployment(deployment("web", "registry.example/web:v2-not-found", 1));
    let pod = wait_for_waiting(&namespace, &["ErrImagePull", "ImagePullBackOff"]);
    if is_given("its API server does not reach the kubelet of this process") {
        return;
    }
    let path = namespace.path(Resource::Pods, pod["metadata"]["name"].as_str());
    for query in ["", "?previous=true"] {
        let log = namespace
            .cluster()
            .admin()
            .get(&format!("{path}/log{query}"));
        assert_eq!(log.status, 400, "{}", log.text);
    }
}

#[test]
fn a_pod_that_fits_nowhere_is_unschedulable() {
    let namespace = Cluster::shared().namespace("room");
    namespace.put_deployment(deployment(
        "web",
        "registry.example/web:v2-unschedulable",
        1,
    ));
    namespace.wait_for("an unschedulable pod", LIMIT, |namespace| {
        let pods = namespace.list(Resource::Pods);
        let conditions = pods
            .iter()
            .filter_map(|pod| pod["status"]["conditions"].as_array())
            .flatten();
        let mut reasons = conditions.map(|condition| condition["reason"].as_str());
        reasons
            .any(|reason| reason == Some("Unschedulable"))
            .then_some(())
    });
    wait_for_cluster_event(&namespace, "FailedScheduling", "Insufficient cpu");
}

#[test]
fn a_node_whose_kubelet_is_stopped_stands_still_until_it_runs_again() {
    const NODE: &str = "stories-stopped";
    let namespace = Cluster::shared().namespace("node");
    let kubelet = Cluster::shared().kubelet();
    kubelet.add_node(NODE);
    let mut web = deployment("web", "registry.example/web:v1", 1);
    web["spec"]["template"]["spec"]["nodeSelector"] = json!({"kubernetes.io/hostname": NODE});
    namespace.put_deployment(web);
    namespace.wait_until_complete("web", LIMIT);
    let pods = namespace.list(Resource::Pods);
    let log = namespace.path(Resource::Pods, pods[0]["metadata"]["name"].as_str()) + "/log";

    kubelet.stop(NODE);
    let refused = namespace.wait_for("the log to be out of reach", LIMIT, |namespace| {
        let answer = namespace.cluster().admin().get(&log);
        (answer.status != 200).then_some(answer)
    });
    assert_eq!(refused.status, 500, "{}", refused.text);
    namespace.set_image("web", "registry.example/web:v2");
    let bound = namespace.wait_for("a second pod on the node", LIMIT, |namespace| {
        let pods = namespace.list(Resource::Pods);
        (pods.len() == 2 && pods.iter().all(|pod| pod["spec"]["nodeName"] == NODE)).then_some(pods)
    });
    assert!(
        bound.iter().any(|pod| pod["status"]["phase"] == "Pending"),
        "{bound:?}"
    );

    kubelet.restart(NODE);
    namespace.wait_until_complete("web", LIMIT);
    // A tag that tells no story gets one.
    kubelet.tell("5c0ffee", "crash");
    namespace.set_image("web", "registry.example/web:5c0ffee");
    wait_for_waiting(&namespace, &["CrashLoopBackOff"]);
}

/// Waits for a pod whose first container waits for one of these reasons.
#[track_caller]
fn wait_for_waiting(namespace: &Namespace<'_>, reasons: &[&str]) -> Value {
    namespace.wait_for(
        &format!("a container that waits: {reasons:?}"),
        LIMIT,
        |namespace| {
            let mut pods = namespace.list(Resource::Pods).into_iter();
            pods.find(|pod| {
                let reason =
                    pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].as_str();
                reason.is_some_and(|reason| reasons.contains(&reason))
            })
        },
    )
}

fn message(pod: &Value) -> &str {
    pod["status"]["containerStatuses"][0]["state"]["waiting"]["message"]
        .as_str()
        .unwrap_or_default()
}

#[track_caller]
fn wait_for_cluster_event(namespace: &Namespace<'_>, reason: &str, text: &str) {
    namespace.wait_for(&format!("the cluster event {reason}"), LIMIT, |namespace| {
        let events = namespace.list(Resource::Events);
        let mut told = events.iter().filter(|event| event["reason"] == reason);
        told.any(|event| {
            event["message"]
                .as_str()
                .is_some_and(|message| message.contains(text))
        })
        .then_some(())
    });
}
