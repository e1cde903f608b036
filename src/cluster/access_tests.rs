//! Which permissions are asked for, how, and what of them is missing.

use serde_json::{Value, json};

use super::*;
use crate::cluster::testing::{NAMESPACE, Reply, Script};

const RULES: &str = "POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
const ACCESS: &str = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

fn rules(rules: Value) -> Reply {
    Reply::json(
        201,
        &json!({"status": {"resourceRules": rules, "incomplete": false}}),
    )
}

fn allowed(allowed: bool) -> Reply {
    Reply::json(201, &json!({"status": {"allowed": allowed}}))
}

async fn missing(script: &Script, name: Option<&str>) -> Vec<String> {
    let reader = script.cluster().reader();
    let missing = reader.missing(Need::DEPLOY, name).await.expect("an answer");
    missing.iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn a3_what_rules_grant_is_asked_for_once() {
    let script = Script::new();
    script.on(
        RULES,
        [rules(json!([
            {"verbs": ["*"], "apiGroups": ["apps"], "resources": ["*"]},
            {"verbs": ["get", "list", "watch"], "apiGroups": [""], "resources": ["pods", "events", "pods/log", "namespaces"]},
        ]))],
    );
    assert!(missing(&script, None).await.is_empty());
    assert_eq!(script.lines().len(), 1);
    let body: Value = serde_json::from_slice(&script.arrived()[0].body).expect("JSON");
    assert_eq!(body["spec"]["namespace"], NAMESPACE);
}

#[tokio::test(start_paused = true)]
async fn a3_all_that_is_missing_is_listed() {
    let script = Script::new();
    let view = json!({"verbs": ["get", "list", "watch"], "apiGroups": ["", "apps"], "resources": ["deployments", "replicasets", "pods", "namespaces"]});
    script.on(RULES, [rules(json!([view]))]);
    script.on(ACCESS, [allowed(false)]);
    assert_eq!(
        missing(&script, None).await,
        [
            "patch deployments",
            "get pods/log",
            "list events",
            "watch events"
        ]
    );
    let log = script
        .arrived()
        .iter()
        .skip(1)
        .map(|arrived| serde_json::from_slice::<Value>(&arrived.body).expect("JSON"))
        .find(|body| body["spec"]["resourceAttributes"]["subresource"] == "log")
        .expect("asked for the log");
    assert_eq!(log["spec"]["resourceAttributes"]["resource"], "pods");
}

#[tokio::test(start_paused = true)]
async fn a3_what_the_rules_do_not_show_may_be_granted_by_others() {
    let script = Script::new();
    script.on(RULES, [Reply::status(403, "Forbidden", "no")]);
    script.on(ACCESS, [allowed(true)]);
    assert!(missing(&script, None).await.is_empty());
    assert_eq!(script.lines().len(), 1 + Need::DEPLOY.len());
}

#[test]
fn a_rule_may_be_limited_to_names() {
    let rule = ResourceRule {
        verbs: vec!["patch".to_owned()],
        api_groups: Some(vec!["apps".to_owned()]),
        resources: Some(vec!["deployments".to_owned()]),
        resource_names: Some(vec!["web".to_owned()]),
    };
    let patch = need("apps", "deployments", "patch", true);
    assert!(grants(&rule, &patch, Some("web")));
    assert!(!grants(&rule, &patch, Some("worker")));
    assert!(!grants(&rule, &patch, None));
    assert!(!grants(
        &rule,
        &need("apps", "deployments", "get", true),
        Some("web")
    ));
    assert!(!grants(
        &rule,
        &need("", "deployments", "patch", true),
        Some("web")
    ));
}

#[test]
fn a3_the_role_is_ready_to_apply() {
    let needs = [
        need("apps", "deployments", "get", true),
        need("apps", "deployments", "patch", true),
        need("", "pods/log", "get", false),
    ];
    snapbox::assert_data_eq!(
        rbac("shop", &needs),
        snapbox::str![[r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: kube-deploy
  namespace: shop
rules:
- apiGroups: [""]
  resources: ["pods/log"]
  verbs: ["get"]
- apiGroups: ["apps"]
  resources: ["deployments"]
  verbs: ["get", "patch"]

"#]]
    );
    let parsed: Value = serde_yaml::from_str(&rbac("shop", &needs)).expect("YAML");
    assert_eq!(parsed["rules"][1]["verbs"], json!(["get", "patch"]));
}
