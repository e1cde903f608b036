//! Diffs and contract lines, as they are read.

use serde_json::json;
use snapbox::{assert_data_eq, str};

use super::render::{Run, contract, unified};
use super::*;
use crate::plan::testing::{Case, NEW, OLD, deployment, plan, prefix, with};
use crate::plan::{Plan, Wanted};
use crate::ui::{Line, Style};

fn text(lines: &[Line]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The first Deployment of the plan against what the API server would answer.
fn diff(plan: &Plan, answer: impl FnOnce(Value) -> Value) -> String {
    let deployment = &plan.deployments[0];
    let local = Preview::local(deployment, WhyLocal::Asked).unwrap();
    let preview = Preview {
        object: answer(local.object),
        strength: Strength::Server,
    };
    let hunks = compare(&deployment.deployment.raw, &preview.object, &prefix());
    text(&unified(deployment.name(), &preview, &hunks))
}

#[test]
fn the_contract_lines_are_those_of_the_old_tool() {
    let plan = plan([deployment("rails", OLD)]);
    let expected = str![[r#"
[dry-run] deploy to (deployment: "rails", container: "rails")
[dry-run]   before: wantedly/rails:d1cb608ee61cb18f8c397c2e27576573879b2fcf
[dry-run]   after:  wantedly/rails:cb19269526f946222110fbdfb3d107c4b5a18fe7

"#]];
    assert_data_eq!(text(&contract(&plan, Run::Dry)), expected);
}

#[test]
fn a_real_run_drops_the_mark_and_keeps_the_indentation() {
    let loose = "/spec/strategy/rollingUpdate/maxUnavailable";
    let plan = plan([
        with(deployment("rails", OLD), loose, json!("25%")),
        deployment("web", NEW),
    ]);
    assert_data_eq!(
        text(&contract(&plan, Run::Real)),
        str![[r#"
deploy to (deployment: "rails", container: "rails")
  before: wantedly/rails:d1cb608ee61cb18f8c397c2e27576573879b2fcf
  after:  wantedly/rails:cb19269526f946222110fbdfb3d107c4b5a18fe7
unchanged (deployment: "web", container: "web"): wantedly/web:cb19269526f946222110fbdfb3d107c4b5a18fe7
also set (deployment: "rails"): maxUnavailable: 25% -> 0 (else from 4 replicas on, pods might be missing meanwhile)

"#]]
    );
}

#[test]
fn a_target_beside_one_that_changes_may_be_unchanged() {
    let containers = json!([
        {"name": "rails", "image": format!("wantedly/rails:{OLD}")},
        {"name": "cron", "image": format!("wantedly/rails:{NEW}")},
    ]);
    let raw = with(
        deployment("rails", OLD),
        "/spec/template/spec/containers",
        containers,
    );
    let key = "/metadata/annotations/wantedly.com~1deploy-target-container";
    let plan = plan([with(raw, key, json!("rails,cron"))]);
    let lines = text(&contract(&plan, Run::Dry));
    let unchanged: Vec<&str> = lines
        .lines()
        .filter(|line| line.contains("unchanged"))
        .collect();
    assert_eq!(
        unchanged,
        [format!(
            "[dry-run] unchanged (deployment: \"rails\", container: \"cron\"): wantedly/rails:{NEW}"
        )]
    );
}

#[test]
fn the_diff_is_of_the_servers_own_answer() {
    let loose = "/spec/strategy/rollingUpdate/maxUnavailable";
    let raw = with(deployment("rails", OLD), loose, json!("25%"));
    let server = |answer| {
        let answer = with(answer, "/kind", json!("Deployment"));
        let answer = with(answer, "/apiVersion", json!("apps/v1"));
        let answer = with(answer, "/metadata/generation", json!(5));
        let answer = with(
            answer,
            "/metadata/managedFields",
            json!([{"manager": "kube-deploy"}]),
        );
        with(
            answer,
            "/spec/template/spec/dnsPolicy",
            json!("ClusterFirst"),
        )
    };
    assert_data_eq!(
        diff(&plan([raw]), server),
        str![[r#"
--- Deployment rails, as it is
+++ Deployment rails, as the API server would store it
@@ -1,5 +1,7 @@
 metadata:
   annotations:
+    kubernetes.io/change-cause: kube qa deploy master (cb19269) by alice
+    wantedly.com/deploy-*: "release 1: deploy master by alice (id 000000000000002a)"
     wantedly.com/deploy-target: "true"
     wantedly.com/deploy-target-container: rails
     wantedly.com/github: rails=wantedly/shop
@@ -12,7 +14,7 @@
   strategy:
     rollingUpdate:
       maxSurge: 1
-      maxUnavailable: 25%
+      maxUnavailable: 0
     type: RollingUpdate
   template:
     metadata:
@@ -23,7 +25,7 @@
       - env:
         - name: SECRET
           value: "***"
-        image: wantedly/rails:d1cb608ee61cb18f8c397c2e27576573879b2fcf
+        image: wantedly/rails:cb19269526f946222110fbdfb3d107c4b5a18fe7
         lifecycle:
           preStop:
             sleep:
@@ -33,3 +35,4 @@
           httpGet:
             path: /
             port: 80
+      dnsPolicy: ClusterFirst

"#]]
    );
}

#[test]
fn our_record_is_one_line() {
    let first = plan([deployment("rails", "v1")]);
    let raw = &first.deployments[0].deployment.raw;
    let recorded = first.deployments[0].patch.apply_locally(raw).unwrap();
    let mut second = Case::of([recorded]);
    second.wanted = Wanted::Tag("v2".parse().unwrap());
    second.signature.deploy_id = crate::rollout::history::DeployId::from_bits(0x2b);
    second.signature.user = "bob".to_owned();
    assert_data_eq!(
        diff(&second.plan(), |answer| answer),
        str![[r#"
--- Deployment rails, as it is
+++ Deployment rails, as the API server would store it
@@ -1,7 +1,7 @@
 metadata:
   annotations:
-    kubernetes.io/change-cause: kube qa deploy master (cb19269) by alice
-    wantedly.com/deploy-*: "release 1: deploy master by alice (id 000000000000002a)"
+    kubernetes.io/change-cause: kube qa deploy --tag v2 by bob
+    wantedly.com/deploy-*: "release 2: deploy by bob (id 000000000000002b)"
     wantedly.com/deploy-target: "true"
     wantedly.com/deploy-target-container: rails
     wantedly.com/github: rails=wantedly/shop
@@ -25,7 +25,7 @@
       - env:
         - name: SECRET
           value: "***"
-        image: wantedly/rails:cb19269526f946222110fbdfb3d107c4b5a18fe7
+        image: wantedly/rails:v2
         lifecycle:
           preStop:
             sleep:

"#]]
    );
}

#[test]
fn a_secret_is_seen_to_change_and_not_what_it_is() {
    let environment = |values: &[(&str, &str)]| {
        let variables: Vec<Value> = values
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .chain([
                json!({"name": "REF", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}}),
            ])
            .collect();
        json!({"spec": {"template": {"spec": {
            "containers": [{"name": "web", "env": variables}],
            "initContainers": [{"name": "migrate", "env": variables}],
        }}}})
    };
    let before = environment(&[
        ("SAME", "s3cret-1"),
        ("CHANGED", "s3cret-2"),
        ("GONE", "s3cret-3"),
    ]);
    let after = environment(&[
        ("SAME", "s3cret-1"),
        ("CHANGED", "s3cret-4"),
        ("NEW", "s3cret-5"),
    ]);
    let preview = Preview {
        object: after.clone(),
        strength: Strength::Local {
            why: WhyLocal::Unavailable("admission webhook does not support dry run".to_owned()),
        },
    };
    let lines = text(&unified(
        "web",
        &preview,
        &compare(&before, &after, &prefix()),
    ));
    assert!(!lines.contains("s3cret"));
    assert_data_eq!(
        lines,
        str![[r#"
--- Deployment web, as it is
+++ Deployment web, computed here, without the API server's defaults and admission: admission webhook does not support dry run
@@ -6,8 +6,8 @@
         - name: SAME
           value: "***"
         - name: CHANGED
-          value: "*** (before)"
-        - name: GONE
+          value: "*** (after)"
+        - name: NEW
           value: "***"
         - name: REF
           valueFrom:
@@ -20,8 +20,8 @@
         - name: SAME
           value: "***"
         - name: CHANGED
-          value: "*** (before)"
-        - name: GONE
+          value: "*** (after)"
+        - name: NEW
           value: "***"
         - name: REF
           valueFrom:

"#]]
    );
}

#[test]
fn the_last_applied_configuration_is_not_shown() {
    let key = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";
    let raw = with(
        deployment("rails", OLD),
        key,
        json!("{\"env\": \"s3cret\"}"),
    );
    let plan = plan([raw]);
    let changed = diff(&plan, |answer| {
        with(answer, key, json!("{\"env\": \"another\"}"))
    });
    assert!(!changed.contains("s3cret") && !changed.contains("another"));
}

#[test]
fn equal_objects_have_no_diff() {
    let raw = deployment("rails", OLD);
    let hunks = compare(&raw, &with(raw.clone(), "/status", json!({})), &prefix());
    assert_eq!(hunks, []);
    let preview = Preview {
        object: raw,
        strength: Strength::Server,
    };
    assert_eq!(unified("rails", &preview, &hunks), []);
}

#[test]
fn what_differs_within_a_line_is_marked() {
    let hunks = compare(
        &json!({"spec": {"image": "web:1"}}),
        &json!({"spec": {"image": "web:2"}}),
        &prefix(),
    );
    let preview = Preview {
        object: Value::Null,
        strength: Strength::Server,
    };
    let lines = unified("web", &preview, &hunks);
    assert_eq!(
        lines[lines.len() - 1],
        Line::new()
            .with(Style::Added, "+")
            .with(Style::Added, "  image: ")
            .with(Style::AddedPart, "web:2")
    );
}

#[test]
fn long_lines_and_scripts_stay_readable() {
    let script = "set -e\nexec rails server\n";
    let image = format!("{}@sha256:{}", "registry.example.com/a/b", "a".repeat(64));
    let yaml =
        as_yaml(&json!({"image": image, "args": ["-c", script], "enabled": "true", "port": "80"}));
    assert_data_eq!(
        yaml,
        str![[r#"
args:
- -c
- |
  set -e
  exec rails server
enabled: "true"
image: registry.example.com/a/b@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
port: "80"

"#]]
    );
}
