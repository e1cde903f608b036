//! Commands that only look.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::time::timeout;

use crate::{Bench, DEADLINE, names};

#[tokio::test]
async fn tables_have_the_usual_columns() {
    let bench = Bench::with_web().await;
    let cases = [
        (
            vec!["get", "deployments"],
            "NAME READY UP-TO-DATE AVAILABLE AGE",
        ),
        (
            vec!["get", "deploy", "-o", "wide"],
            "NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR",
        ),
        (vec!["get", "rs"], "NAME DESIRED CURRENT READY AGE"),
        (vec!["get", "pods"], "NAME READY STATUS RESTARTS AGE"),
        (
            vec!["get", "po", "-o", "wide"],
            "NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES",
        ),
        (
            vec!["get", "events"],
            "LAST SEEN TYPE REASON OBJECT MESSAGE",
        ),
        (vec!["get", "nodes"], "NAME STATUS ROLES AGE VERSION"),
        (vec!["get", "namespaces"], "NAME STATUS AGE"),
    ];
    for (arguments, head) in cases {
        let table = bench.done(&arguments).await;
        let first: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
        assert_eq!(first.join(" "), head, "{arguments:?}");
        assert!(table.lines().count() > 1, "{table}");
    }
    let row = bench
        .done(&["get", "deployment", "web", "--no-headers"])
        .await;
    assert_eq!(
        row.split_whitespace().take(4).collect::<Vec<_>>(),
        ["web", "2/2", "2", "2"]
    );
    let all = bench.done(&["get", "all"]).await;
    assert!(
        all.contains("deployment.apps/web") && all.contains("replicaset.apps/web-"),
        "{all}"
    );
}

#[tokio::test]
async fn objects_are_printed_whole() {
    let bench = Bench::with_web().await;
    let object = bench.json(&["get", "deployment", "web"]).await;
    assert_eq!(object["kind"], "Deployment");
    assert_eq!(
        object["metadata"]["annotations"]["example.com/owner"],
        "team"
    );
    assert_eq!(
        bench.json(&["get", "pods", "-l", "app=web"]).await["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let yaml = bench
        .done(&["get", "deployment", "web", "-o", "yaml"])
        .await;
    assert!(yaml.contains("image: registry.sandbox/web:v1"), "{yaml}");
    let running = bench
        .done(&[
            "get",
            "pods",
            "--field-selector=status.phase=Running",
            "-o",
            "name",
        ])
        .await;
    assert_eq!(running.lines().count(), 2);
    let missing = bench.refused(&["get", "deployment", "nope"]).await;
    assert_eq!(
        missing,
        "Error from server (NotFound): deployments.apps \"nope\" not found\n"
    );
}

#[tokio::test]
async fn descriptions_show_relatives_and_events() {
    let bench = Bench::with_web().await;
    let description = bench.done(&["describe", "deployment", "web"]).await;
    for piece in [
        "2 desired | 2 updated | 2 total | 2 available",
        "NewReplicaSetAvailable",
        "NewReplicaSet:   web-",
        "ScalingReplicaSet",
    ] {
        assert!(description.contains(piece), "{piece}: {description}");
    }
    let pods = bench.done(&["get", "pods"]).await;
    let description = bench.done(&["describe", "pod", names(&pods)[0]]).await;
    for piece in [
        "Status:           Running",
        "Image:          registry.sandbox/web:v1",
        "Successfully assigned",
        "QoS Class:",
    ] {
        assert!(description.contains(piece), "{piece}: {description}");
    }
}

#[tokio::test]
async fn changes_are_watched() {
    let bench = Bench::with_web().await;
    let mut watch = bench
        .command(&["get", "pods", "-w"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let head = timeout(DEADLINE, lines.next_line())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(head.starts_with("NAME"), "{head}");
    bench
        .done(&[
            "set",
            "image",
            "deployment/web",
            "app=registry.sandbox/web:v2",
        ])
        .await;
    loop {
        let line = timeout(DEADLINE, lines.next_line())
            .await
            .unwrap()
            .unwrap()
            .unwrap();
        if line.contains("Terminating") {
            break;
        }
    }
    watch.kill().await.unwrap();
}

#[tokio::test]
async fn logs_are_printed() {
    let bench = Bench::with_web().await;
    let pods = bench.done(&["get", "pods"]).await;
    let pod = names(&pods)[0];
    assert!(!bench.done(&["logs", pod]).await.is_empty());
    assert_eq!(
        bench
            .done(&["logs", pod, "--tail=1", "-c", "app"])
            .await
            .lines()
            .count(),
        1
    );
    assert!(
        !bench
            .done(&["logs", "-f", "deployment/web"])
            .await
            .is_empty()
    );
    let refusal = bench.refused(&["logs", pod, "--previous"]).await;
    assert!(
        refusal.contains("previous terminated container \"app\""),
        "{refusal}"
    );
}

#[tokio::test]
async fn the_api_is_described() {
    let bench = Bench::new().await;
    let resources = bench.done(&["api-resources"]).await;
    let line = resources
        .lines()
        .find(|line| line.starts_with("deployments "))
        .unwrap();
    let columns: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(
        columns,
        ["deployments", "deploy", "apps/v1", "true", "Deployment"]
    );
    assert!(
        bench
            .done(&["api-versions"])
            .await
            .lines()
            .any(|line| line == "apps/v1")
    );
    assert!(
        bench
            .done(&["version"])
            .await
            .contains("Server Version: v1.36.2")
    );
}

#[tokio::test]
async fn rights_can_be_asked_for() {
    let bench = Bench::with_web().await;
    assert_eq!(
        bench
            .done(&["auth", "can-i", "delete", "deployments"])
            .await,
        "yes\n"
    );
    bench
        .done(&[
            "create",
            "role",
            "viewer",
            "--verb=get,list",
            "--resource=deployments.apps",
        ])
        .await;
    bench
        .done(&[
            "create",
            "rolebinding",
            "viewer",
            "--role=viewer",
            "--user=ann",
        ])
        .await;
    bench.become_user("ann");
    assert_eq!(
        bench.done(&["auth", "can-i", "get", "deployments"]).await,
        "yes\n"
    );
    assert_eq!(
        bench
            .run(&["auth", "can-i", "patch", "deployments"])
            .await
            .stdout,
        "no\n"
    );
    assert!(
        bench
            .done(&["auth", "can-i", "--list"])
            .await
            .contains("deployments.apps")
    );
    assert!(bench.done(&["auth", "whoami"]).await.contains("ann"));
    assert_eq!(names(&bench.done(&["get", "deployments"]).await), ["web"]);
    let refusal = bench
        .refused(&["scale", "deployment/web", "--replicas=1"])
        .await;
    assert!(
        refusal.contains("User \"ann\" cannot patch resource \"deployments/scale\""),
        "{refusal}"
    );
}
