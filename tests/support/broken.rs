//! Rollouts that do not arrive: the verdict, its cause, and that the old pods go on.

use serde_json::{Value, json};

use crate::roles;
use crate::scenarios::backend::Backend;
use crate::scenarios::program::Program;
use crate::scenarios::sizes::Observed;

pub(crate) fn image_not_found(backend: &dyn Backend) {
    backend.run_web(3, &json!({}));
    let observed = Observed::start(backend, 3);
    let ended = Program::of_deployer(backend).deploy(&["--tag", "v2-not-found"]);
    ended.must_be(20, "failed/pod");
    ended.must_blame(&["image-not-found"]);
    ended.must_tell(&["started", "progress", "trouble", "finished"]);
    observed.must_go(backend, "registry.example/web:v2-not-found", &[(1, 3)]);
    observed.must_not_fall_below(3);
}

pub(crate) fn image_denied(backend: &dyn Backend) {
    fails(
        backend,
        &json!({}),
        "v2-unauthorized",
        "failed/pod",
        "image-denied",
    );
}

pub(crate) fn incomplete_configuration(backend: &dyn Backend) {
    fails(
        backend,
        &json!({}),
        "v2-config-error",
        "failed/pod",
        "config",
    );
}

pub(crate) fn no_room(backend: &dyn Backend) {
    let spec = json!({"progressDeadlineSeconds": 6});
    fails(
        backend,
        &spec,
        "v2-unschedulable",
        "failed/deadline",
        "unschedulable",
    );
}

pub(crate) fn out_of_memory(backend: &dyn Backend) {
    fails(
        backend,
        &json!({}),
        "v2-out-of-memory",
        "failed/pod",
        "crash",
    );
}

/// A rollout whose first new pod does not get ready, which costs nobody anything.
fn fails(backend: &dyn Backend, spec: &Value, tag: &str, outcome: &str, cause: &str) {
    backend.run_web(2, spec);
    let observed = Observed::start(backend, 2);
    let ended = Program::of_deployer(backend).deploy(&["--tag", tag]);
    ended.must_be(20, outcome);
    ended.must_blame(&[cause]);
    observed.must_go(backend, &format!("registry.example/web:{tag}"), &[(1, 2)]);
    observed.must_not_fall_below(2);
    assert_eq!(ended.conclusion()["users_affected"], false, "{ended:#?}");
}

pub(crate) fn crash_loop(backend: &dyn Backend) {
    backend.run_web(3, &json!({}));
    let observed = Observed::start(backend, 3);
    let ended = Program::of_deployer(backend).deploy(&["--tag", "v2-crash"]);
    ended.must_be(20, "failed/pod");
    ended.must_blame(&["crash"]);
    observed.must_not_exceed(4);
    observed.must_not_fall_below(3);
    let log = &ended.conclusion()["evidence"]["logs"][0];
    assert!(log["lines"].is_array(), "{ended:#?}");
}

/// Such pods are Ready for a moment, so the controller goes on and old pods make room for them.
pub(crate) fn crash_loop_without_a_readiness_probe(backend: &dyn Backend) {
    backend.run_web_without_probe(3);
    let observed = Observed::start(backend, 3);
    let ended = Program::of_deployer(backend).deploy(&["--tag", "v2-crash"]);
    ended.must_be(20, "failed/pod");
    ended.must_blame(&["crash"]);
    observed.must_not_exceed(4);
}

pub(crate) fn never_ready_to_the_deadline(backend: &dyn Backend) {
    backend.run_web(3, &json!({"progressDeadlineSeconds": 6}));
    let observed = Observed::start(backend, 3);
    let ended = Program::of_deployer(backend).deploy(&["--tag", "v2-never-ready"]);
    ended.must_be(20, "failed/deadline");
    ended.must_blame(&["not-ready"]);
    ended.must_tell(&["started", "progress", "finished"]);
    observed.must_go(backend, "registry.example/web:v2-never-ready", &[(1, 3)]);
    observed.must_not_fall_below(3);
}

pub(crate) fn quota(backend: &dyn Backend) {
    backend.run_web(2, &json!({}));
    backend.limit_pods(2);
    let observed = Observed::start(backend, 2);
    let ended = Program::of_deployer(backend).deploy(&["--tag", "v2"]);
    ended.must_be(20, "failed/pod-create");
    ended.must_blame(&["pods-refused"]);
    observed.must_not_exceed(3);
    observed.must_not_fall_below(2);
}

pub(crate) fn the_same_line_again_after_a_failure(backend: &dyn Backend) {
    backend.run_web(2, &json!({}));
    let program = Program::of_deployer(backend);
    program
        .deploy(&["--tag", "v2-not-found"])
        .must_be(20, "failed/pod");
    let before = backend.web();
    let again = program.deploy(&["--tag", "v2-not-found"]);
    again.must_be(20, "failed/pod");
    again.must_blame(&["image-not-found"]);
    again.must_have_changed(false);
    again.must_tell(&["started", "progress", "trouble", "finished"]);
    assert_eq!(
        backend.web()["metadata"]["generation"],
        before["metadata"]["generation"]
    );
}

pub(crate) fn no_right_to_read_logs(backend: &dyn Backend) {
    backend.run_web(1, &json!({}));
    let program = Program::of_user(backend, "no-logs", &roles::without("pods/log", "get"));
    let ended = program.deploy(&["--tag", "v2-crash"]);
    ended.must_be(20, "failed/pod");
    ended.must_blame(&["crash"]);
    let log = &ended.conclusion()["evidence"]["logs"][0];
    assert!(
        log["lines"].is_null() && log["error"].is_string(),
        "{ended:#?}"
    );
}
