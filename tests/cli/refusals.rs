//! When a deploy is refused, by whom, and that nothing is changed then.

use kube_sandbox::api::Webhook;
use kube_sandbox::faults::{Fault, Match, Rule};
use serde_json::{Value, json};

use crate::stage::{Run, Stage, WEB, deployment};

const NAMESPACE: &str = "/api/v1/namespaces/shop";

fn webhook(hook: Webhook) -> Rule {
    Rule::new(Match::verb("patch", WEB), Fault::Admission(hook))
}

/// Checks the code, the words, and that no write was accepted.
#[track_caller]
fn refused(stage: &Stage, name: &str, words: &str, code: i32, pieces: &[&str]) -> Run {
    let run = stage.kube(words);
    run.tells(code, pieces);
    assert_eq!(stage.writes(), [""; 0], "{name}");
    run
}

#[test]
fn admission_refuses_before_anything_is_written() {
    let cases: Vec<(&str, Rule, i32, &[&str])> = vec![
        (
            "B1",
            webhook(Webhook::Deny {
                message: "\u{1b}[31mno root, please".into(),
                code: 403,
            }),
            10,
            &["no root, please"],
        ),
        (
            "B1 policy",
            webhook(Webhook::Policy {
                policy: "no-latest".into(),
                message: "pin it".into(),
            }),
            10,
            &["no-latest", "pin it"],
        ),
        ("B5", webhook(Webhook::Restore), 10, &["webhook"]),
    ];
    for (name, rule, code, pieces) in cases {
        let stage = Stage::new();
        stage.fault(rule);
        let run = refused(&stage, name, "qa deploy master", code, pieces);
        assert!(!run.stderr.contains('\u{1b}'), "{run}");
    }
}

#[test]
fn admission_that_only_meddles_is_told() {
    let cases: Vec<(&str, Webhook, &[&str])> = vec![
        ("B3", Webhook::RefuseDryRun, &[]),
        (
            "B4",
            Webhook::Rewrite {
                from: "registry.example".into(),
                to: "mirror.example".into(),
            },
            &["mirror.example"],
        ),
    ];
    for (_row, hook, pieces) in cases {
        let stage = Stage::new();
        stage.fault(webhook(hook));
        let run = stage.kube("qa deploy master");
        run.tells(0, pieces);
    }
}

#[test]
fn deployment_as_it_is_can_be_a_reason() {
    type Change = fn(&mut Value);
    let cases: &[(&str, Change, &[&str])] = &[
        (
            "paused",
            |web| web["spec"]["paused"] = true.into(),
            &["paused", "kubectl"],
        ),
        (
            "B16 Recreate",
            |web| web["spec"]["strategy"] = json!({"type": "Recreate"}),
            &["Recreate", "--allow-downtime"],
        ),
    ];
    for (name, change, pieces) in cases {
        let stage = Stage::with(change);
        refused(&stage, name, "qa deploy master", 10, pieces);
        let dry = refused(&stage, name, "qa deploy master --dry-run", 10, pieces);
        assert!(dry.stdout.contains("[dry-run] deploy to"), "{dry}");
    }
}

#[test]
fn recreate_is_deployed_when_the_downtime_is_accepted() {
    let stage = Stage::with(|web| web["spec"]["strategy"] = json!({"type": "Recreate"}));
    let run = stage.kube("qa deploy master --allow-downtime");
    run.tells(0, &[]);
}

#[test]
fn other_managers_are_warned_of_or_refused() {
    let mark = |web: &mut Value| {
        web["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "Helm"});
        web["metadata"]["annotations"]["meta.helm.sh/release-name"] = "shop".into();
        web["metadata"]["annotations"]["meta.helm.sh/release-namespace"] = "shop".into();
    };
    let stage = Stage::with(mark);
    stage.kube("qa deploy master").tells(0, &["Helm"]);

    let stage = Stage::with(|web| {
        mark(web);
        let annotations = web["metadata"]["annotations"].as_object_mut().unwrap();
        annotations.retain(|key, _| key.starts_with("meta."));
    });
    let words = "qa deploy --tag other --target web --container app";
    refused(
        &stage,
        "not annotated",
        words,
        10,
        &["Helm", "--allow-managed"],
    );
    stage
        .kube(&format!("{words} --allow-managed"))
        .tells(0, &["Helm"]);
}

#[test]
fn protected_environment_wants_its_name() {
    let stages: Vec<Stage> = vec![
        {
            let stage = Stage::new();
            stage.edit(
                NAMESPACE,
                &json!({"metadata": {"annotations": {"wantedly.com/deploy-protected": "true"}}}),
            );
            stage
        },
        {
            let stage = Stage::new();
            stage.configure("environments:\n  qa:\n    protected: true\n");
            stage
        },
    ];
    for stage in stages {
        stage.cluster(|cluster, _| cluster.log.clear());
        for words in [
            "qa deploy master",
            "qa deploy master --yes",
            "qa deploy master --confirm qb",
            "qa deploy master --confirm=production --yes",
        ] {
            refused(&stage, "protected", words, 10, &["qa", "--confirm"]);
        }
        stage.kube("qa deploy master --confirm=qa").tells(0, &[]);
        refused_backwards(&stage);
    }
}

fn refused_backwards(stage: &Stage) {
    stage.cluster(|cluster, _| cluster.log.clear());
    let words = format!("qa deploy {} --confirm=qa", stage.old());
    refused(stage, "backwards", &words, 10, &["--allow-backwards"]);
    stage
        .kube(&format!("{words} --allow-backwards"))
        .tells(0, &[]);
}

#[test]
fn environment_named_production_is_protected() {
    let stage = Stage::new();
    stage.configure("environments:\n  shop-production:\n    context: qa\n");
    refused(
        &stage,
        "name",
        "shop-production deploy master",
        10,
        &["--confirm"],
    );
}

#[test]
fn namespace_has_rules() {
    let far = "2999-01-01T00:00:00Z the release is frozen";
    let cases: &[(&str, &str, i32, &[&str])] = &[
        ("deploy-frozen-until", far, 14, &["frozen", "2999"]),
        ("deploy-minimum-version", "99.0.0", 10, &["99.0.0"]),
        (
            "deploy-branches",
            "release, stable/*",
            10,
            &["master", "release"],
        ),
        ("deploy-busy", "nonsense", 10, &["deploy-busy", "nonsense"]),
        ("deploy-frozen-untill", far, 10, &["deploy-frozen-until"]),
    ];
    for (name, value, code, pieces) in cases {
        let stage = Stage::new();
        let key = format!("wantedly.com/{name}");
        stage.edit(
            NAMESPACE,
            &json!({"metadata": {"annotations": {key: value}}}),
        );
        stage.cluster(|cluster, _| cluster.log.clear());
        refused(&stage, name, "qa deploy master", *code, pieces);
        refused(&stage, name, "qa deploy master --dry-run", *code, pieces);
    }
}

#[test]
fn expectation_has_to_hold() {
    let stage = Stage::new();
    let (old, new) = (stage.old().to_owned(), stage.new_commit().to_owned());
    for (expected, code) in [
        (format!("{new}..{new}"), 10),
        (format!("{old}..{old}"), 10),
        ("nonsense".to_owned(), 2),
        (format!("{}..{}", &old[..3], new), 10),
    ] {
        let words = format!("qa deploy master --expect {expected}");
        refused(&stage, "expect", &words, code, &["error: "]);
    }
    let words = format!("qa deploy master --expect {}..{}", &old[..7], &new[..9]);
    stage.kube(&words).tells(0, &[]);
}

#[test]
fn rollout_in_the_way_is_met_as_asked() {
    let stage = Stage::new();
    let slow = json!({"spec": {"template": {"spec": {"containers": [{
        "name": "app", "image": "registry.example/shop:x-ready-after-3s",
        "readinessProbe": {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1},
    }]}}}});
    stage.edit(WEB, &slow);
    stage.cluster(|cluster, _| cluster.log.clear());
    refused(
        &stage,
        "refuse",
        "qa deploy master --busy refuse",
        14,
        &["web"],
    );
    let run = stage.kube("qa deploy master --busy supersede");
    run.tells(0, &["deploying over it"]);
    stage.edit(WEB, &slow);
    let run = stage.kube("qa deploy master");
    run.tells(0, &["waiting for its end"]);
}

#[test]
fn namespace_that_is_being_deleted_takes_nothing() {
    let stage = Stage::new();
    let body = "namespaces \"shop\" is being terminated";
    stage.fault(Rule::new(
        Match::verb("patch", WEB),
        Fault::Answer {
            status: 403,
            message: Some(body.into()),
            retry_after: None,
        },
    ));
    refused(&stage, "B13", "qa deploy master", 12, &["terminated"]);
}

#[test]
fn quota_on_pods_fails_the_rollout_and_says_so() {
    let stage = Stage::of(|first| {
        let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota",
            "metadata": {"name": "two", "namespace": "shop"}, "spec": {"hard": {"pods": "2"}}});
        vec![
            deployment("web", &format!("registry.example/shop:{first}")),
            quota,
        ]
    });
    let run = stage.kube("qa deploy master");
    run.tells(20, &["exceeded quota"]);
    assert_eq!(stage.writes(), [format!("PATCH {WEB}")]);
}
