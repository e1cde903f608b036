//! The rows that kubectl shows.

use serde_json::{Value, json};

use super::*;

const NOW: Time = Time(1_795_244_821_000);

#[test]
fn every_kind_has_as_many_cells_as_columns() {
    for kind in Kind::ALL {
        let cells = cells(*kind, &json!({"metadata": {"name": "x"}}), NOW);
        assert_eq!(cells.len(), columns(*kind).len(), "{kind:?}");
    }
}

/// Returns the columns that are shown without `-o wide`, joined by a bar.
fn narrow(kind: Kind, object: &Value) -> String {
    let shown = columns(kind).into_iter().zip(cells(kind, object, NOW));
    let shown: Vec<String> = shown
        .filter(|(column, _)| column.priority == 0)
        .map(|(_, cell)| {
            cell.as_str()
                .map_or_else(|| cell.to_string(), str::to_owned)
        })
        .collect();
    shown.join("|")
}

fn pod(status: Value) -> Value {
    json!({
        "metadata": {"name": "web", "creationTimestamp": "2026-11-21T07:06:01Z"},
        "spec": {"initContainers": [{"name": "init"}], "containers": [{"name": "a"}, {"name": "b"}]},
        "status": status,
    })
}

#[test]
fn a_pods_status_is_one_word() {
    let running = |name: &str| json!({"name": name, "ready": true, "restartCount": 0, "state": {"running": {}}});
    let waiting = |name: &str, reason: &str| json!({"name": name, "ready": false, "restartCount": 0, "state": {"waiting": {"reason": reason}}});
    let ended = |name: &str, code: i64, reason: &str| json!({"name": name, "restartCount": 0, "state": {"terminated": {"exitCode": code, "reason": reason}}});
    let cases = [
        (
            "pending",
            json!({"phase": "Pending"}),
            "web|0/2|Pending|0|60s",
        ),
        (
            "running",
            json!({"phase": "Running", "containerStatuses": [running("a"), running("b")]}),
            "web|2/2|Running|0|60s",
        ),
        (
            "creating",
            json!({"phase": "Pending", "containerStatuses": [waiting("a", "ContainerCreating"), waiting("b", "ContainerCreating")]}),
            "web|0/2|ContainerCreating|0|60s",
        ),
        (
            "the first trouble is told",
            json!({"phase": "Pending", "containerStatuses": [waiting("a", "ImagePullBackOff"), running("b")]}),
            "web|1/2|ImagePullBackOff|0|60s",
        ),
        (
            "init containers that wait",
            json!({"phase": "Pending", "initContainerStatuses": [waiting("init", "PodInitializing")]}),
            "web|0/2|Init:0/1|0|60s",
        ),
        (
            "init containers that fail",
            json!({"phase": "Pending", "initContainerStatuses": [waiting("init", "CrashLoopBackOff")]}),
            "web|0/2|Init:CrashLoopBackOff|0|60s",
        ),
        (
            "init containers that ended badly",
            json!({"phase": "Pending", "initContainerStatuses": [ended("init", 3, "")]}),
            "web|0/2|Init:ExitCode:3|0|60s",
        ),
        (
            "init containers that are done",
            json!({"phase": "Running", "initContainerStatuses": [ended("init", 0, "Completed")], "containerStatuses": [running("a"), running("b")]}),
            "web|2/2|Running|0|60s",
        ),
        (
            "one container done, one running",
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}],
                   "containerStatuses": [ended("a", 0, "Completed"), running("b")]}),
            "web|1/2|NotReady|0|60s",
        ),
        (
            "restarts with their age",
            json!({"phase": "Running", "containerStatuses": [
                {"name": "a", "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                 "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-11-21T07:06:51Z"}}},
                running("b")]}),
            "web|1/2|CrashLoopBackOff|2 (10s ago)|60s",
        ),
        (
            "evicted",
            json!({"phase": "Failed", "reason": "Evicted"}),
            "web|0/2|Evicted|0|60s",
        ),
    ];
    for (name, status, expected) in cases {
        assert_eq!(narrow(Kind::Pod, &pod(status)), expected, "{name}");
    }
    let mut terminating =
        pod(json!({"phase": "Running", "containerStatuses": [running("a"), running("b")]}));
    terminating["metadata"]["deletionTimestamp"] = json!("2026-11-21T07:07:31Z");
    assert_eq!(narrow(Kind::Pod, &terminating), "web|2/2|Terminating|0|60s");
}

#[test]
fn rows_show_what_kubectl_shows() {
    let template = json!({"spec": {"containers": [{"name": "a", "image": "r/a:1"}, {"name": "b", "image": "r/b:2"}]}});
    let workload = json!({
        "metadata": {"name": "web", "creationTimestamp": "2026-11-21T05:07:01Z"},
        "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}, "template": template},
        "status": {"replicas": 3, "updatedReplicas": 1, "readyReplicas": 2, "availableReplicas": 2},
    });
    assert_eq!(narrow(Kind::Deployment, &workload), "web|2/3|1|2|120m");
    assert_eq!(narrow(Kind::ReplicaSet, &workload), "web|3|3|2|120m");
    let wide = cells(Kind::Deployment, &workload, NOW);
    assert_eq!(
        wide[5..],
        [json!("a,b"), json!("r/a:1,r/b:2"), json!("app=web")]
    );

    let event = json!({
        "metadata": {"name": "web.1"}, "involvedObject": {"kind": "Pod", "name": "web-1"},
        "type": "Warning", "reason": "Failed", "message": " Failed to pull image \n",
        "firstTimestamp": "2026-11-21T07:06:51Z", "lastTimestamp": "2026-11-21T07:07:00Z",
        "source": {"component": "kubelet", "host": "node-1"},
    });
    assert_eq!(
        narrow(Kind::Event, &event),
        "1s|Warning|Failed|pod/web-1|Failed to pull image"
    );
    assert_eq!(cells(Kind::Event, &event, NOW)[5], "kubelet, node-1");

    let node = json!({
        "metadata": {"name": "node-1", "labels": {"node-role.kubernetes.io/worker": ""}},
        "spec": {"unschedulable": true},
        "status": {"conditions": [{"type": "Ready", "status": "True"}], "nodeInfo": {"kubeletVersion": "v1.36.2"}},
    });
    assert_eq!(
        narrow(Kind::Node, &node),
        "node-1|Ready,SchedulingDisabled|worker|<unknown>|v1.36.2"
    );

    let quota = json!({
        "metadata": {"name": "q"}, "spec": {"hard": {"pods": "4", "limits.cpu": "2"}},
        "status": {"hard": {"pods": "4", "limits.cpu": "2"}, "used": {"pods": "3"}},
    });
    assert_eq!(
        narrow(Kind::ResourceQuota, &quota),
        "q|pods: 3/4|limits.cpu: 0/2|<unknown>"
    );
}
