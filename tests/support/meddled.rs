//! Rollouts that somebody else interferes with while they are watched.

use serde_json::json;

use crate::scenarios::backend::Backend;
use crate::scenarios::program::{Program, Running};
use crate::scenarios::sizes::Observed;

/// An image whose rollout takes long enough to be interfered with.
const SLOW: &str = "v2-ready-after-3s";

/// Starts a deploy and waits until its first new pod is there.
fn follow(backend: &dyn Backend, tag: &str) -> Running {
    let mut running = Program::of_deployer(backend).start(&["--tag", tag]);
    running.wait_for_event("progress");
    backend.wait_for("the first new pod", || {
        let updated = backend.find_web()?["status"]["updatedReplicas"].as_u64();
        updated.filter(|&count| count > 0)
    });
    running
}

pub(crate) fn paused_on_the_way(backend: &dyn Backend) {
    const IMAGE: &str = "registry.example/web:v2-never-ready";
    backend.run_web(3, &json!({}));
    let observed = Observed::start(backend, 3);
    let running = follow(backend, "v2-never-ready");
    backend.change_web(&json!({"spec": {"paused": true}}));
    let ended = running.end();
    ended.must_be(21, "unknown/paused");
    ended.must_blame(&["not-ready"]);
    ended.must_tell(&["started", "progress", "paused", "finished"]);
    observed.must_go(backend, IMAGE, &[(1, 3)]);
    observed.must_not_fall_below(3);
}

pub(crate) fn paused_before(backend: &dyn Backend) {
    let before = backend.run_web(2, &json!({}));
    backend.change_web(&json!({"spec": {"paused": true}}));
    let observed = Observed::start(backend, 2);
    let ended = Program::of_deployer(backend).deploy(&["--tag", "v2"]);
    ended.must_be(10, "");
    ended.must_have_changed(false);
    ended.must_tell(&[]);
    assert_eq!(observed.sizes("registry.example/web:v2"), [(0, 2)]);
    assert_eq!(
        backend.web()["spec"]["template"],
        before["spec"]["template"]
    );
}

pub(crate) fn scaled_up_on_the_way(backend: &dyn Backend) {
    scaled_on_the_way(backend, 2, 4);
}

pub(crate) fn scaled_down_on_the_way(backend: &dyn Backend) {
    scaled_on_the_way(backend, 4, 2);
}

fn scaled_on_the_way(backend: &dyn Backend, from: u32, to: u32) {
    backend.run_web(from, &json!({}));
    let observed = Observed::start(backend, u64::from(from));
    let running = follow(backend, SLOW);
    backend.change_web(&json!({"spec": {"replicas": to}}));
    let ended = running.end();
    ended.must_be(0, "complete");
    let has_told = ended
        .events
        .iter()
        .any(|event| event["event"] == "rescaled");
    assert!(has_told, "{ended:#?}");
    observed.must_not_exceed(u64::from(from.max(to)) + 1);
    assert_eq!(backend.web()["status"]["availableReplicas"], to);
}

pub(crate) fn second_deploy_on_the_way(backend: &dyn Backend) {
    backend.run_web(3, &json!({}));
    let observed = Observed::start(backend, 3);
    let first = follow(backend, SLOW);
    let second = Program::of_user(backend, "second", &crate::roles::deployer());
    let second = second.start(&["--tag", "v3", "--busy", "supersede"]);
    let first = first.end();
    first.must_be(25, "overtaken/changed");
    let second = second.end();
    second.must_be(0, "complete");
    observed.must_not_exceed(4);
    observed.must_not_fall_below(3);
    let image = backend.web()["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    assert_eq!(image, "registry.example/web:v3");
}

pub(crate) fn deleted_on_the_way(backend: &dyn Backend) {
    backend.run_web(2, &json!({}));
    let running = follow(backend, SLOW);
    backend.delete_web();
    let ended = running.end();
    ended.must_be(25, "overtaken/deleted");
    assert_eq!(backend.find_web(), None);
}

pub(crate) fn recreated_on_the_way(backend: &dyn Backend) {
    backend.run_web(2, &json!({}));
    let running = follow(backend, SLOW);
    backend.delete_web();
    let again = backend.create_web(2, &json!({}));
    let ended = running.end();
    // Whichever is seen first, the deletion or the new one.
    let reason = &ended.conclusion()["outcome"]["reason"];
    assert!(reason == "deleted" || reason == "recreated", "{ended:#?}");
    ended.must_be(
        25,
        &format!("overtaken/{}", reason.as_str().unwrap_or_default()),
    );
    assert_eq!(backend.web()["metadata"]["uid"], again["metadata"]["uid"]);
}

pub(crate) fn image_changed_before_the_answer(backend: &dyn Backend) {
    const OTHER: &str = "registry.example/web:v9";
    backend.run_web(1, &json!({}));
    let program = Program::of_deployer(backend);
    let (code, text) = program.confirm_after(&["--tag", "v2"], || {
        backend.set_image(OTHER);
    });
    assert_eq!(code, 10, "{text}");
    assert!(text.contains(OTHER), "{text}");
    let image = backend.web()["spec"]["template"]["spec"]["containers"][0]["image"].clone();
    assert_eq!(image, OTHER);
}

pub(crate) fn scaled_before_the_answer(backend: &dyn Backend) {
    backend.run_web(1, &json!({}));
    let program = Program::of_deployer(backend);
    let (code, text) = program.confirm_after(&["--tag", "v2"], || {
        backend.change_web(&json!({"spec": {"replicas": 2}}));
    });
    assert_eq!(code, 0, "{text}");
    let web = backend.web();
    assert_eq!(web["spec"]["replicas"], 2);
    assert_eq!(web["status"]["updatedReplicas"], 2, "{text}");
}

pub(crate) fn recreated_before_the_answer(backend: &dyn Backend) {
    backend.run_web(1, &json!({}));
    let program = Program::of_deployer(backend);
    let mut again = json!(null);
    let (code, text) = program.confirm_after(&["--tag", "v2"], || {
        backend.delete_web();
        again = backend.create_web(1, &json!({}));
    });
    assert_eq!(code, 10, "{text}");
    assert_eq!(backend.web()["spec"]["template"], again["spec"]["template"]);
}
