//! Commands that change objects.

use crate::{Bench, WEB, names};

#[tokio::test]
async fn manifests_are_created_applied_and_compared() {
    let bench = Bench::new().await;
    let file = bench.file(WEB);
    assert_eq!(
        bench.done(&["create", "-f", &file]).await,
        "deployment.apps/web created\n"
    );
    let refusal = bench.refused(&["create", "-f", &file]).await;
    assert!(
        refusal.contains("deployments.apps \"web\" already exists"),
        "{refusal}"
    );
    bench.apply(WEB).await;
    assert_eq!(bench.apply(WEB).await, "deployment.apps/web unchanged\n");
    let larger = WEB.replace("replicas: 2", "replicas: 3");
    assert_eq!(
        bench.apply(&larger).await,
        "deployment.apps/web configured\n"
    );
    assert_eq!(
        bench.json(&["get", "deployment", "web"]).await["spec"]["replicas"],
        3
    );
    let misspelt = WEB.replace("replicas:", "replica:");
    let refusal = bench
        .refused(&["apply", "-f", &bench.file(&misspelt)])
        .await;
    assert!(
        refusal.contains("unknown field \"spec.replica\""),
        "{refusal}"
    );
}

#[tokio::test]
async fn dry_runs_change_nothing() {
    let bench = Bench::with_web().await;
    let before = bench.json(&["get", "deployment", "web"]).await;
    let preview = bench
        .json(&[
            "set",
            "image",
            "deployment/web",
            "app=registry.sandbox/web:v2",
            "--dry-run=server",
        ])
        .await;
    assert_eq!(preview["metadata"]["generation"], 2);
    bench
        .done(&["delete", "deployment", "web", "--dry-run=server"])
        .await;
    bench
        .done(&[
            "scale",
            "deployment/web",
            "--replicas=9",
            "--dry-run=server",
        ])
        .await;
    assert_eq!(bench.json(&["get", "deployment", "web"]).await, before);
}

#[tokio::test]
async fn objects_are_patched_in_three_ways() {
    let bench = Bench::with_web().await;
    let strategic = r#"{"spec":{"template":{"spec":{"containers":[{"name":"app","env":[{"name":"A","value":"1"}]}]}}}}"#;
    bench
        .done(&["patch", "deployment", "web", "-p", strategic])
        .await;
    bench
        .done(&[
            "patch",
            "deployment",
            "web",
            "--type=merge",
            "-p",
            r#"{"spec":{"minReadySeconds":1}}"#,
        ])
        .await;
    let tested = r#"[{"op":"test","path":"/spec/replicas","value":2},{"op":"replace","path":"/spec/replicas","value":1}]"#;
    bench
        .done(&["patch", "deployment", "web", "--type=json", "-p", tested])
        .await;
    let refusal = bench
        .refused(&["patch", "deployment", "web", "--type=json", "-p", tested])
        .await;
    assert!(
        refusal.contains("the server rejected our request due to an error in our request"),
        "{refusal}"
    );
    let spec = &bench.json(&["get", "deployment", "web"]).await["spec"];
    assert_eq!(
        (&spec["replicas"], &spec["minReadySeconds"]),
        (&1.into(), &1.into())
    );
    assert_eq!(
        spec["template"]["spec"]["containers"][0]["env"][0]["name"],
        "A"
    );
    let warned = bench
        .run(&[
            "patch",
            "deployment",
            "web",
            "--type=merge",
            "-p",
            r#"{"spec":{"typo":1}}"#,
        ])
        .await;
    assert_eq!(warned.stderr, "Warning: unknown field \"spec.typo\"\n");
}

#[tokio::test]
async fn annotations_labels_and_sizes_are_set() {
    let bench = Bench::with_web().await;
    bench
        .done(&[
            "annotate",
            "deployment/web",
            "example.com/note=hello",
            "example.com/owner-",
        ])
        .await;
    bench.done(&["label", "deployment/web", "tier=front"]).await;
    bench
        .done(&["scale", "deployment/web", "--replicas=4"])
        .await;
    bench.done(&["rollout", "status", "deployment/web"]).await;
    let object = bench.json(&["get", "deployment", "web"]).await;
    assert_eq!(
        object["metadata"]["annotations"]["example.com/note"],
        "hello"
    );
    assert_eq!(
        object["metadata"]["annotations"].get("example.com/owner"),
        None
    );
    assert_eq!(object["metadata"]["labels"]["tier"], "front");
    assert_eq!(object["status"]["availableReplicas"], 4);
    let refusal = bench
        .refused(&[
            "scale",
            "deployment/web",
            "--current-replicas=1",
            "--replicas=2",
        ])
        .await;
    assert!(
        refusal.contains("Expected replicas to be 1, was 4"),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_deleted_pod_is_replaced() {
    let bench = Bench::with_web().await;
    let before = bench.done(&["get", "pods"]).await;
    let gone = names(&before)[0];
    // Newer versions of kubectl name the namespace, too.
    let said = bench.done(&["delete", "pod", gone]).await;
    assert!(
        said.starts_with(&format!("pod \"{gone}\" deleted")),
        "{said}"
    );
    bench.done(&["rollout", "status", "deployment/web"]).await;
    let after = bench.done(&["get", "pods"]).await;
    let left = names(&after);
    assert!(left.len() == 2 && !left.contains(&gone), "{after}");
}

#[tokio::test]
async fn a_deleted_deployment_takes_everything_with_it() {
    let bench = Bench::with_web().await;
    bench
        .done(&["delete", "deployment", "web", "--cascade=foreground"])
        .await;
    let left = bench.run(&["get", "deployments,replicasets,pods"]).await;
    assert!(left.stderr.contains("No resources found"), "{left:?}");
}

#[tokio::test]
async fn simple_objects_are_created_by_commands() {
    let bench = Bench::new().await;
    for arguments in [
        vec!["create", "namespace", "shop"],
        vec![
            "create",
            "deployment",
            "api",
            "--image=registry.sandbox/api:v1",
            "--replicas=2",
            "--port=80",
        ],
        vec!["create", "configmap", "c", "--from-literal=a=b"],
        vec!["create", "secret", "generic", "s", "--from-literal=a=b"],
        vec!["create", "quota", "q", "--hard=pods=10"],
        vec![
            "create",
            "clusterrole",
            "r",
            "--verb=get",
            "--resource=nodes",
        ],
        vec![
            "create",
            "poddisruptionbudget",
            "p",
            "--selector=app=api",
            "--min-available=50%",
        ],
        vec!["expose", "deployment", "api", "--port=80"],
    ] {
        bench.done(&arguments).await;
    }
    bench
        .done(&["wait", "--for=condition=Available", "deployment/api"])
        .await;
    assert_eq!(
        bench.json(&["get", "secret", "s"]).await["data"]["a"],
        "Yg=="
    );
    assert_eq!(
        bench.json(&["get", "pdb", "p"]).await["spec"]["minAvailable"],
        "50%"
    );
    bench.done(&["delete", "namespace", "shop"]).await;
    bench.refused(&["get", "namespace", "shop"]).await;
}
