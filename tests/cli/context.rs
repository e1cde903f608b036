//! An ordinary context, with a cluster behind it that keeps a log.

use crate::support::{Cluster, Home, deployment};

/// A home with the context `qa`, and the cluster behind it.
fn qa() -> (Home, Cluster) {
    let (home, cluster) = (Home::new(), Cluster::start());
    home.write_kubeconfig(&cluster.kubeconfig());
    cluster.create(&deployment("web", 2, "registry.example/web:v1"));
    cluster.settle();
    cluster.forget_requests();
    (home, cluster)
}

#[test]
fn a_context_is_an_environment_of_its_name() {
    let (home, cluster) = qa();
    let output = home.kube("qa status").expect(0);
    output.says(&[
        "qa: namespace shop",
        "context qa",
        "server http://127.0.0.1:",
    ]);
    assert!(!output.stderr.contains("simulated"), "{}", output.stderr);
    assert!(
        output.stdout.contains("registry.example/web:v1"),
        "{}",
        output.stdout
    );
    let requests = cluster.requests();
    assert!(!requests.is_empty());
    assert!(
        requests.iter().all(|entry| !entry.has_written),
        "{requests:?}"
    );
}

#[test]
fn a_tag_is_deployed_by_one_patch() {
    let (home, cluster) = qa();
    home.kube("qa deploy --tag v2").expect(0);
    let written: Vec<String> = cluster
        .requests()
        .into_iter()
        .filter(|entry| entry.has_written)
        .map(|entry| format!("{} {}", entry.method, entry.path))
        .collect();
    assert_eq!(
        written,
        ["PATCH /apis/apps/v1/namespaces/shop/deployments/web"]
    );
    let web = cluster.deployment("web").unwrap();
    let container = &web["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["image"], "registry.example/web:v2");
}
