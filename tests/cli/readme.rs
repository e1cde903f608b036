//! What a reader of the README tries on the sandbox does what it says there.

use rustix::process::Signal;
use snapbox::{assert_data_eq, str};

use crate::support::{Home, Output};

const RUNNING: &str = "registry.sandbox/shop:e678925eef90c5e3ffddb081abecd9fd0fd9d736";
const TIP: &str = "registry.sandbox/shop:5b1b63cb0c046e84b9a88caf22b7f37ed1449bde";

fn last_line(output: &Output) -> &str {
    output.stderr.lines().last().unwrap_or_default()
}

/// The three lines of each target that scripts may rely on.
fn contract(prefix: &str) -> String {
    let target = |name: &str| {
        format!(
            "{prefix}deploy to (deployment: \"{name}\", container: \"{name}\")\n\
             {prefix}  before: {RUNNING}\n\
             {prefix}  after:  {TIP}\n"
        )
    };
    format!("{}{}", target("web"), target("worker"))
}

#[test]
fn a_dry_run_shows_what_would_change_and_changes_nothing() {
    let home = Home::new();
    let output = home.kube("sandbox deploy master --dry-run").expect(0);
    assert!(
        output.stdout.starts_with(&contract("[dry-run] ")),
        "{}",
        output.stdout
    );
    assert_data_eq!(
        home.normalize(&output.stdout),
        str![[r#"
[dry-run] deploy to (deployment: "web", container: "web")
[dry-run]   before: registry.sandbox/shop:e678925eef90c5e3ffddb081abecd9fd0fd9d736
[dry-run]   after:  registry.sandbox/shop:5b1b63cb0c046e84b9a88caf22b7f37ed1449bde
[dry-run] deploy to (deployment: "worker", container: "worker")
[dry-run]   before: registry.sandbox/shop:e678925eef90c5e3ffddb081abecd9fd0fd9d736
[dry-run]   after:  registry.sandbox/shop:5b1b63cb0c046e84b9a88caf22b7f37ed1449bde
[dry-run] also set (deployment: "web"): maxUnavailable: 25% -> 0 (else 1 of 4 pods might be missing meanwhile; 4 steps instead of 2)
[dry-run] also set (deployment: "worker"): minReadySeconds: unset -> 10 (no readinessProbe: else a pod that crashes after a moment counts as ready; 1 step, 10 s more)
--- Deployment web, as it is
+++ Deployment web, as the API server would store it
@@ -1,10 +1,10 @@
 metadata:
   annotations:
-    example.com/deploy-*: "release 4: deploy master by orders-team (id [ID])"
+    example.com/deploy-*: "release 5: deploy master by tester (id [ID])"
     example.com/deploy-target: "true"
     example.com/deploy-target-container: web
     example.com/github: web=sandbox/shop
-    kubernetes.io/change-cause: kube sandbox deploy master (e678925) by orders-team
+    kubernetes.io/change-cause: kube sandbox deploy master (5b1b63c) by tester
   labels:
     app: web
   name: web
@@ -19,7 +19,7 @@
   strategy:
     rollingUpdate:
       maxSurge: 25%
-      maxUnavailable: 25%
+      maxUnavailable: 0
     type: RollingUpdate
   template:
     metadata:
@@ -32,7 +32,7 @@
           value: "***"
         - name: DATABASE_PASSWORD
           value: "***"
-        image: registry.sandbox/shop:e678925eef90c5e3ffddb081abecd9fd0fd9d736
+        image: registry.sandbox/shop:5b1b63cb0c046e84b9a88caf22b7f37ed1449bde
         imagePullPolicy: IfNotPresent
         lifecycle:
           preStop:
--- Deployment worker, as it is
+++ Deployment worker, as the API server would store it
@@ -1,15 +1,16 @@
 metadata:
   annotations:
-    example.com/deploy-*: "release 4: deploy master by orders-team (id [ID])"
+    example.com/deploy-*: "release 5: deploy master by tester (id [ID])"
     example.com/deploy-target: "true"
     example.com/deploy-target-container: worker
     example.com/github: worker=sandbox/shop
-    kubernetes.io/change-cause: kube sandbox deploy master (e678925) by orders-team
+    kubernetes.io/change-cause: kube sandbox deploy master (5b1b63c) by tester
   labels:
     app: worker
   name: worker
   namespace: shop
 spec:
+  minReadySeconds: 10
   progressDeadlineSeconds: 60
   replicas: 2
   revisionHistoryLimit: 10
@@ -32,7 +33,7 @@
         env:
         - name: MAIL_TOKEN
           value: "***"
-        image: registry.sandbox/shop:e678925eef90c5e3ffddb081abecd9fd0fd9d736
+        image: registry.sandbox/shop:5b1b63cb0c046e84b9a88caf22b7f37ed1449bde
         imagePullPolicy: IfNotPresent
         name: worker
         resources:

"#]]
    );
    let (_, narration) = output.stderr.split_once("unready").expect("the first use");
    let (_, narration) = narration.split_once('\n').expect("more lines");
    assert_data_eq!(
        home.normalize(narration),
        str![[r#"
sandbox: namespace shop (built in), simulated on this machine
branch master of sandbox/shop is 5b1b63cb0c046e84b9a88caf22b7f37ed1449bde (says the repository [HOME]/state/kube-deploy/sandbox/shop.git)
3 commits go out, by Web Team, Orders Team:
  5b1b63c Remember the cart for a week (Web Team)
  f07507f Retry mails that bounced (Orders Team)
  9e43cb6 Show prices with tax (Web Team)
warning: worker: no container has a preStop hook: requests may be cut when old pods stop

"#]]
    );

    let again = home
        .kube("sandbox deploy master --dry-run --exit-code")
        .expect(3);
    assert_eq!(
        home.normalize(&again.stdout),
        home.normalize(&output.stdout)
    );
}

#[test]
fn a_deploy_completes_and_a_second_one_has_nothing_to_do() {
    let home = Home::new();
    let output = home.kube("sandbox deploy master").expect(0);
    assert!(
        output.stdout.starts_with(&contract("")),
        "{}",
        output.stdout
    );
    output.says(&["capacity never below 4 of 4", "capacity never below 2 of 2"]);
    assert_eq!(
        last_line(&output),
        "Done: 2 of 2 Deployments complete. (simulated on this machine)"
    );
    let status = home.kube("sandbox status").expect(0);
    assert_eq!(
        status
            .stdout
            .matches("release 5: master (5b1b63c) by tester")
            .count(),
        2,
        "{status:?}"
    );
    let again = home.kube("sandbox deploy master").expect(0);
    assert!(!again.stdout.contains("before:"), "{}", again.stdout);
}

#[test]
fn a_branch_that_crashes_fails_with_its_last_words() {
    let home = Home::new();
    let output = home.kube("sandbox deploy broken").expect(20);
    output.says(&[
        "Users are not affected: 4 of 4 old pods still serve.",
        "Container web crashed 3 times, with exit code 1.",
        "fatal: the database refused the connection: password authentication failed for user \"app\"",
        "kube sandbox deploy e678925",
        "simulated on this machine",
    ]);
    let status = home.kube("sandbox status").expect(20);
    assert!(status.stdout.contains("failed"), "{}", status.stdout);
    // The same line again does not turn red into green.
    home.kube("sandbox deploy broken").expect(20);
    // The way out that was named.
    home.kube("sandbox deploy e678925eef90c5e3ffddb081abecd9fd0fd9d736")
        .expect(0);
}

#[test]
fn a_branch_without_an_image_fails_by_that() {
    let home = Home::new();
    let output = home.kube("sandbox deploy unbuilt -o json").expect(20);
    let document = output.json();
    assert_eq!(
        (&document["exit_code"], &document["simulated"]),
        (&20.into(), &true.into())
    );
    output.says(&["The registry does not have the image registry.sandbox/shop:083ff4a"]);
}

#[test]
fn a_worker_without_a_probe_keeps_its_pods_when_new_ones_run_out_of_memory() {
    let home = Home::new();
    let output = home.kube("sandbox deploy fragile").expect(20);
    output.says(&[
        "Container worker was killed 3 times for using more memory than its limit of 128Mi.",
        "loading the catalogue into memory",
        "(capacity never below 2 of 2)",
    ]);
}

#[test]
fn ctrl_c_ends_the_watching_and_not_the_rollout() {
    let home = Home::new();
    let run = home.spawn("sandbox deploy master");
    run.until_stderr("the rollout begins");
    run.interrupt();
    let output = run.wait().expect(128 + Signal::INT.as_raw());
    output.says(&["kube sandbox status --watch"]);
    // A second terminal sees the same world, and the end that the first would have seen.
    home.kube("sandbox status --watch").expect(0);
    let status = home.kube("sandbox status").expect(0);
    assert_eq!(status.stdout.matches(TIP).count(), 2, "{}", status.stdout);
}

#[test]
fn a_rollout_survives_the_death_of_its_server() {
    let home = Home::new();
    let run = home.spawn("sandbox deploy master");
    run.until_stderr("the rollout begins");
    let server = home.server().expect("a server")["pid"].as_i64().unwrap();
    let server = rustix::process::Pid::from_raw(server as i32).unwrap();
    rustix::process::kill_process(server, Signal::KILL).unwrap();
    // Any command starts it again, and whoever watches finds it there.
    home.kube("sandbox status");
    run.wait().expect(0);
}
