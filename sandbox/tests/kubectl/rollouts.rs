//! The commands of `kubectl rollout`, and what `kubectl set image` begins.

use crate::Bench;

async fn set_image(bench: &Bench, tag: &str) {
    let image = format!("app=registry.sandbox/web:{tag}");
    bench
        .done(&["set", "image", "deployment/web", &image])
        .await;
}

async fn image(bench: &Bench) -> String {
    let object = bench.json(&["get", "deployment", "web"]).await;
    object["spec"]["template"]["spec"]["containers"][0]["image"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_new_image_is_rolled_out_and_back() {
    let bench = Bench::with_web().await;
    bench
        .done(&[
            "annotate",
            "deployment/web",
            "kubernetes.io/change-cause=first",
        ])
        .await;
    set_image(&bench, "v2").await;
    let status = bench.done(&["rollout", "status", "deployment/web"]).await;
    assert!(
        status.ends_with("deployment \"web\" successfully rolled out\n"),
        "{status}"
    );
    bench
        .done(&[
            "annotate",
            "deployment/web",
            "kubernetes.io/change-cause=second",
        ])
        .await;
    let history = bench.done(&["rollout", "history", "deployment/web"]).await;
    let lines: Vec<Vec<&str>> = history
        .lines()
        .skip(2)
        .map(|line| line.split_whitespace().collect())
        .filter(|words: &Vec<&str>| !words.is_empty())
        .collect();
    assert_eq!(lines, [["1", "first"], ["2", "second"]]);
    let revision = bench
        .done(&["rollout", "history", "deployment/web", "--revision=1"])
        .await;
    assert!(revision.contains("registry.sandbox/web:v1"), "{revision}");

    bench.done(&["rollout", "undo", "deployment/web"]).await;
    bench.done(&["rollout", "status", "deployment/web"]).await;
    assert_eq!(image(&bench).await, "registry.sandbox/web:v1");
    bench
        .done(&["rollout", "undo", "deployment/web", "--to-revision=2"])
        .await;
    bench.done(&["rollout", "status", "deployment/web"]).await;
    assert_eq!(image(&bench).await, "registry.sandbox/web:v2");
    let refusal = bench
        .refused(&["rollout", "undo", "deployment/web", "--to-revision=1"])
        .await;
    assert!(
        refusal.contains("unable to find specified revision 1 in history"),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_paused_deployment_waits() {
    let bench = Bench::with_web().await;
    set_image(&bench, "v2").await;
    bench.done(&["rollout", "status", "deployment/web"]).await;
    bench.done(&["rollout", "pause", "deployment/web"]).await;
    set_image(&bench, "v3").await;
    let refusal = bench
        .refused(&["rollout", "status", "deployment/web", "--timeout=1s"])
        .await;
    assert!(
        refusal.contains("timed out waiting for the condition"),
        "{refusal}"
    );
    let refusal = bench.refused(&["rollout", "undo", "deployment/web"]).await;
    assert!(refusal.contains("paused"), "{refusal}");
    bench.done(&["rollout", "resume", "deployment/web"]).await;
    bench.done(&["rollout", "status", "deployment/web"]).await;
    assert_eq!(image(&bench).await, "registry.sandbox/web:v3");
}

#[tokio::test]
async fn a_restart_replaces_all_pods() {
    let bench = Bench::with_web().await;
    let before = bench.done(&["get", "pods", "-o", "name"]).await;
    bench.done(&["rollout", "restart", "deployment/web"]).await;
    bench.done(&["rollout", "status", "deployment/web"]).await;
    for pod in before.lines() {
        bench.done(&["wait", "--for=delete", pod]).await;
    }
    let after = bench.done(&["get", "pods", "-o", "name"]).await;
    assert_eq!(after.lines().count(), 2);
}

#[tokio::test]
async fn a_rollout_that_fails_says_so() {
    let bench = Bench::with_web().await;
    bench
        .done(&[
            "patch",
            "deployment",
            "web",
            "--type=merge",
            "-p",
            r#"{"spec":{"progressDeadlineSeconds":2}}"#,
        ])
        .await;
    set_image(&bench, "v2-not-found").await;
    let refusal = bench
        .refused(&["rollout", "status", "deployment/web"])
        .await;
    assert!(
        refusal.contains("exceeded its progress deadline"),
        "{refusal}"
    );
    let pods = bench.done(&["get", "pods"]).await;
    assert!(pods.contains("ImagePull"), "{pods}");
    assert!(
        bench
            .done(&["describe", "deployment", "web"])
            .await
            .contains("ProgressDeadlineExceeded")
    );
}
