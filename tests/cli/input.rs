//! What a user may get wrong, and how it is told: one sentence, a hint, the right code, no change.

use kube_sandbox::api::User;
use serde_json::{Value, json};

use crate::stage::{Stage, deployment};

#[test]
fn wrong_words_are_told() {
    let stage = Stage::new();
    let cases: &[(&str, i32, &[&str])] = &[
        (
            "nowhere deploy master",
            2,
            &["nowhere", "known environments: "],
        ),
        ("qa", 2, &["deploy"]),
        ("qa deply master", 2, &["deply", "deploy"]),
        ("qa deploy", 2, &["REF"]),
        ("qa deploy master --tag v1", 2, &["--tag"]),
        ("qa deploy master --detach --dry-run", 2, &["--detach"]),
        ("qa deploy master --exit-code", 2, &["--dry-run"]),
        ("qa deploy master --timeout soon", 2, &["90s"]),
        ("qa deploy master --busy never", 2, &["supersede"]),
        ("qa deploy mastr", 11, &["mastr", "hint: ", "master"]),
        ("qa deploy 1234567", 11, &["1234567"]),
        ("qa deploy a..b", 2, &["a..b"]),
        ("qa deploy --tag bad:tag", 2, &["bad:tag"]),
        (
            "qa deploy --image registry.example/Shop:v1",
            2,
            &["registry.example/Shop:v1"],
        ),
        (
            "qa deploy --image registry.example/other:v1",
            11,
            &["registry.example/other:v1", "--target"],
        ),
        ("qa deploy master --target wbe", 11, &["wbe", "web"]),
        ("qa deploy master --container ap", 10, &["ap", "app"]),
        (
            "qa -n shp deploy master",
            11,
            &["shp", "hint: Did you mean --namespace shop?"],
        ),
        ("qa --context other deploy master", 11, &["other", "qa"]),
        ("qa --kubeconfig missing deploy master", 11, &["missing"]),
        ("qa --config missing deploy master", 11, &["missing"]),
        ("qa deploy master --repo nonsense", 2, &["nonsense"]),
        ("qa --annotation-prefix a/b/c deploy master", 2, &["a/b/c"]),
        (
            "qa --annotation-prefix other.example deploy master",
            11,
            &["other.example"],
        ),
    ];
    for (words, code, pieces) in cases {
        let run = stage.kube(words);
        run.tells(*code, pieces);
        assert_eq!(stage.writes(), [""; 0], "{words}");
    }
}

#[test]
fn faults_of_all_annotations_are_reported_together() {
    type Change = fn(&mut Value);
    let changes: &[(&str, Change)] = &[
        ("a", |own| {
            own["metadata"]["annotations"] = json!({"wantedly.com/deploy-traget": "true"})
        }),
        ("b", |own| {
            own["metadata"]["annotations"]["wantedly.com/deploy-target-container"] = "rails".into()
        }),
        ("c", |own| {
            own["metadata"]["annotations"]["wantedly.com/deploy-target"] = "yes".into()
        }),
        ("d", |own| {
            own["metadata"]["annotations"]["wantedly.com/github"] = "nonsense".into()
        }),
        ("e", |_| {}),
    ];
    let stage = Stage::of(|first| {
        changes
            .iter()
            .map(|(name, change)| {
                let mut own = deployment(name, &format!("registry.example/shop:{first}"));
                change(&mut own);
                own
            })
            .collect()
    });
    let run = stage.kube("qa deploy master");
    run.tells(
        10,
        &[
            "deploy-traget",
            "deploy-target",
            "rails",
            "deploy-target: yes",
            "nonsense",
        ],
    );
    assert_eq!(stage.writes(), [""; 0]);
}

#[test]
fn broken_files_are_named_with_their_line() {
    let cases: &[(&str, &str, i32, &[&str])] = &[
        (
            "config.yaml",
            "enviroments:\n  qa:\n    context: qa\n",
            2,
            &["enviroments", "hint: Did you mean `environments`?"],
        ),
        ("config.yaml", "user: a\nuser: b\n", 2, &["line 2", "user"]),
        (
            "config.yaml",
            "environments:\n  qa:\n    contexts: [qa, qa]\n",
            2,
            &["twice"],
        ),
        ("config.yaml", "environments: [\n", 2, &["config.yaml"]),
        (
            "config.yaml",
            "patience:\n  stable: soon\n",
            2,
            &["soon", "10s"],
        ),
        ("kubeconfig", "clusters: [\n", 11, &["kubeconfig"]),
        ("kubeconfig", "- a\n- b\n", 11, &["kubeconfig"]),
    ];
    for (file, text, code, pieces) in cases {
        let stage = Stage::new();
        stage.write(file, text);
        let run = stage.kube("qa deploy master");
        run.tells(*code, pieces);
        assert_eq!(stage.writes(), [""; 0], "{file}: {text}");
    }
}

#[test]
fn dead_server_is_told() {
    let stage = Stage::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    stage.write("kubeconfig", &stage.kubeconfig_to(&server, "admin"));
    let run = stage.kube("qa deploy master");
    run.tells(13, &["error: ", "hint: "]);
}

#[test]
fn missing_rights_are_listed_with_a_role() {
    let stage = Stage::of(|first| {
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": {"name": "reader", "namespace": "shop"},
            "rules": [{"apiGroups": ["", "apps"], "resources": ["deployments", "replicasets", "pods"], "verbs": ["get", "list", "watch"]}]});
        let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "reader", "namespace": "shop"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "reader"}]});
        vec![
            deployment("web", &format!("registry.example/shop:{first}")),
            role,
            binding,
        ]
    });
    stage.cluster(|cluster, _| {
        cluster.admit("reader", User::named("reader"));
        cluster.admit("nobody", User::named("nobody"));
    });
    for (token, pieces) in [
        ("reader", &["patch"][..]),
        (
            "nobody",
            &["cannot list resource \"deployments\"", "hint: "],
        ),
        ("wrong", &["hint: "]),
    ] {
        stage.write("kubeconfig", &stage.kubeconfig(token));
        let run = stage.kube("qa deploy master");
        run.tells(12, pieces);
        assert_eq!(stage.writes(), [""; 0], "{token}");
    }
}
