//! What the harness promises to the scenarios, and the rules of the API server that the sandbox must keep as well.

mod pods;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::PatchKind;
use crate::cluster::Cluster;
use crate::namespace::Resource;
use crate::{patch_rules, roles};

const LIMIT: Duration = Duration::from_secs(90);

#[test]
fn the_api_server_is_the_release_that_was_built() {
    let version = Cluster::shared().version();
    assert!(version.starts_with("v1.36."), "{version}");
}

#[test]
fn a_deployment_becomes_available_and_its_pods_go_when_asked() {
    let namespace = Cluster::shared().namespace("available");
    namespace.put_deployment(deployment("web", "registry.example/web:v1", 3));
    let complete = namespace.wait_until_complete("web", LIMIT);
    assert_eq!(complete["status"]["readyReplicas"], 3);
    for pod in namespace.list(Resource::Pods) {
        assert_eq!(pod["spec"]["schedulerName"], "kube-deploy-stories");
        assert_eq!(pod["status"]["phase"], "Running", "{pod}");
    }
    namespace.scale("web", 0);
    namespace.wait_for("its pods to go", LIMIT, |namespace| {
        namespace.list(Resource::Pods).is_empty().then_some(())
    });
    let troubles = namespace.cluster().kubelet().troubles(namespace.name());
    assert_eq!(troubles, Vec::<String>::new());
}

#[test]
fn a_recorded_rollout_stays_within_its_surge_and_above_its_floor() {
    let namespace = Cluster::shared().namespace("surge");
    let mut web = deployment("web", "registry.example/web:v1", 3);
    web["spec"]["strategy"] = json!({"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}});
    namespace.put_deployment(web);
    namespace.wait_until_complete("web", LIMIT);
    let sets = namespace.record(Resource::ReplicaSets);
    namespace.set_image("web", "registry.example/web:v2");
    namespace.wait_until_complete("web", LIMIT);
    let sizes = namespace.wait_for("the last step to be told", LIMIT, |_| {
        let sizes = sizes(&sets.events());
        (sizes.last() == Some(&(3, 0))).then_some(sizes)
    });
    let is_within = |(new, old)| (3..=4).contains(&(new + old));
    assert!(sizes.iter().copied().all(is_within), "{sizes:?}");
}

/// Returns the sizes of the second and the first ReplicaSet after each change.
fn sizes(events: &[Value]) -> Vec<(u64, u64)> {
    let (mut new, mut old) = (0, 3);
    let mut sizes = Vec::new();
    for event in events {
        let set = &event["object"];
        let size = set["spec"]["replicas"].as_u64().unwrap();
        let revision = &set["metadata"]["annotations"]["deployment.kubernetes.io/revision"];
        *(if revision == "2" { &mut new } else { &mut old }) = size;
        sizes.push((new, old));
    }
    sizes.dedup();
    sizes
}

#[test]
fn a_quota_stops_a_rollout_until_it_is_raised() {
    let namespace = Cluster::shared().namespace("quota");
    namespace.limit_pods(2);
    namespace.put_deployment(deployment("web", "registry.example/web:v1", 3));
    namespace.wait_for("the quota to refuse a pod", LIMIT, |namespace| {
        let web = namespace.read(Resource::Deployments, "web");
        let conditions = web["status"]["conditions"].as_array()?;
        let failure = conditions
            .iter()
            .find(|condition| condition["type"] == "ReplicaFailure")?;
        failure["message"]
            .as_str()?
            .contains("exceeded quota")
            .then_some(())
    });
    namespace.limit_pods(10);
    namespace.wait_until_complete("web", LIMIT);
}

#[test]
fn users_may_do_what_their_roles_say_and_nothing_else() {
    let cluster = Cluster::shared();
    let (namespace, elsewhere) = (cluster.namespace("mine"), cluster.namespace("other"));
    namespace.put_deployment(deployment("web", "registry.example/web:v1", 0));
    let deployer = namespace.user("deployer", &roles::deployer());
    let nobody = namespace.user("nobody", &json!([]));
    let deployments = namespace.path(Resource::Deployments, None);
    let web = namespace.path(Resource::Deployments, Some("web"));
    let patch = r#"[{"op":"add","path":"/metadata/annotations/note","value":"x"}]"#;

    assert_eq!(deployer.get(&deployments).status, 200);
    assert_eq!(
        deployer.client().patch(&web, PatchKind::Json, patch).status,
        200
    );
    assert_eq!(
        deployer
            .get(&format!("/api/v1/namespaces/{}", namespace.name()))
            .status,
        200
    );
    let refusals = [
        deployer.client().delete(&web),
        deployer.get(&namespace.path(Resource::Quotas, None)),
        deployer.get(&elsewhere.path(Resource::Deployments, None)),
        deployer.get("/apis/apps/v1/deployments"),
        nobody.get(&deployments),
        nobody.client().patch(&web, PatchKind::Json, patch),
    ];
    for refusal in refusals {
        assert_eq!(
            (refusal.status, &refusal.object["reason"]),
            (403, &json!("Forbidden")),
            "{}",
            refusal.text
        );
    }
    let message = nobody.get(&deployments).object["message"].clone();
    let user = format!(
        "User {:?} cannot list resource \"deployments\"",
        nobody.name()
    );
    assert!(message.as_str().unwrap().contains(&user), "{message}");
    let kubeconfig = fs::read_to_string(nobody.kubeconfig("qa")).unwrap();
    assert!(kubeconfig.contains("current-context: qa"), "{kubeconfig}");
    if cluster.is_own() {
        let verbs: Vec<String> = deployer
            .requests()
            .into_iter()
            .map(|request| request.verb)
            .collect();
        assert!(
            verbs.ends_with(&["get", "delete", "list", "list", "list"].map(str::to_owned)),
            "{verbs:?}"
        );
    }
}

#[test]
fn kubectl_of_the_same_release_works_with_a_users_kubeconfig() {
    let namespace = Cluster::shared().namespace("kubectl");
    namespace.put_deployment(deployment("web", "registry.example/web:v1", 1));
    let deployer = namespace.user("deployer", &roles::deployer());
    let output = Command::new(namespace.cluster().kubectl())
        .env_clear()
        .env("HOME", namespace.cluster().folder())
        .env("KUBECONFIG", deployer.kubeconfig("qa"))
        .args([
            "--context=qa",
            "rollout",
            "status",
            "deployment/web",
            "--timeout=90s",
        ])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.ends_with("deployment \"web\" successfully rolled out\n"),
        "{text} {output:?}"
    );
}

#[test]
fn a_rollout_survives_a_restart_of_the_api_server_and_a_dropped_cluster_leaves_nothing() {
    if is_given("a given cluster is not restarted") {
        return;
    }
    let cluster = Cluster::start().unwrap_or_else(|reason| panic!("{reason}"));
    let namespace = cluster.namespace("restart");
    namespace.put_deployment(deployment("web", "registry.example/web:v1", 2));
    cluster.restart_api_server();
    namespace.wait_until_complete("web", LIMIT);
    let (folder, processes) = (cluster.folder().to_owned(), cluster.processes());
    drop(namespace);
    drop(cluster);
    assert!(!folder.exists(), "{}", folder.display());
    for process in processes {
        assert!(
            !Path::new(&format!("/proc/{process}")).exists(),
            "{process} still runs"
        );
    }
}

#[test]
fn a_deleted_deployment_takes_everything_with_it_and_a_new_one_is_another() {
    let namespace = Cluster::shared().namespace("deleted");
    let first = namespace.put_deployment(deployment("web", "registry.example/web:v1", 1));
    namespace.wait_until_complete("web", LIMIT);
    namespace.delete(Resource::Deployments, "web");
    namespace.wait_for("its ReplicaSets and pods to go", LIMIT, |namespace| {
        let left = [Resource::ReplicaSets, Resource::Pods].map(|resource| namespace.list(resource));
        left.concat().is_empty().then_some(())
    });
    let second = namespace.put_deployment(deployment("web", "registry.example/web:v1", 1));
    assert_ne!(first["metadata"]["uid"], second["metadata"]["uid"]);
}

#[test]
fn json_patches_are_answered_by_the_rules() {
    let namespace = Cluster::shared().namespace("patch");
    patch_rules::check(
        |deployment| {
            namespace.put(Resource::Deployments, deployment);
        },
        |name, body| {
            let answer = namespace.patch(Resource::Deployments, name, PatchKind::Json, body);
            (answer.status, answer.object)
        },
    );
}

/// Returns whether the cluster was not started here; says aloud what is then not tried.
#[expect(clippy::print_stderr, reason = "nothing is skipped silently")]
fn is_given(why: &str) -> bool {
    let is_given = !Cluster::shared().is_own();
    if is_given {
        eprintln!("the rest of this test is not tried: {why}");
    }
    is_given
}

fn deployment(name: &str, image: &str, replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "annotations": {"kept": "yes"}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "containers": [{
                        "name": "app",
                        "image": image,
                        "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1},
                    }],
                },
            },
        },
    })
}
