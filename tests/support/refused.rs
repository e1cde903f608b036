//! Deploys that are refused before anything is written, and how little a user may be allowed.

use serde_json::json;

use crate::roles;
use crate::scenarios::backend::Backend;
use crate::scenarios::program::Program;
use crate::scenarios::sizes::Observed;

pub(crate) fn no_right_to_list_deployments(backend: &dyn Backend) {
    refused_without(backend, "deployments", "list");
}

pub(crate) fn no_right_to_patch_deployments(backend: &dyn Backend) {
    refused_without(backend, "deployments", "patch");
}

pub(crate) fn no_right_to_get_deployments(backend: &dyn Backend) {
    refused_without(backend, "deployments", "get");
}

/// A right that deploying cannot do without: the refusal names it.
fn refused_without(backend: &dyn Backend, resource: &str, verb: &str) {
    let before = backend.run_web(1, &json!({}));
    let program = Program::of_user(backend, "lacking", &roles::without(resource, verb));
    let ended = program.deploy(&["--tag", "v2"]);
    ended.must_be(12, "");
    ended.must_have_changed(false);
    let text = ended.document["error"].to_string();
    assert!(text.contains(resource) && text.contains(verb), "{text}");
    assert_eq!(
        backend.web()["metadata"]["generation"],
        before["metadata"]["generation"]
    );
}

/// Rights without which less is seen: the rollout and its verdict do not depend on them.
pub(crate) fn only_the_essential_rights(backend: &dyn Backend) {
    let rules = json!([
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "patch"]},
    ]);
    backend.run_web(2, &json!({}));
    let observed = Observed::start(backend, 2);
    let ended = Program::of_user(backend, "essential", &rules).deploy(&["--tag", "v2"]);
    ended.must_be(0, "complete");
    ended.must_have_changed(true);
    for kind in ["replicasets", "pods", "events"] {
        let mut told = ended.events.iter();
        let is_told = told.any(|event| event["event"] == "degraded" && event["kind"] == kind);
        assert!(is_told, "{kind}: {ended:#?}");
    }
    observed.must_not_exceed(3);
    observed.must_not_fall_below(2);
}

pub(crate) fn stale_expectation(backend: &dyn Backend) {
    const SEEN: &str = "1111111111111111111111111111111111111111";
    const OTHER: &str = "2222222222222222222222222222222222222222";
    const WANTED: &str = "3333333333333333333333333333333333333333";
    backend.run_web(1, &json!({}));
    let program = Program::of_deployer(backend);
    backend.set_image(&format!("registry.example/web:{SEEN}"));
    backend.wait_until_complete(1);
    let expectation = format!("{SEEN}..{WANTED}");
    let arguments = ["--tag", WANTED, "--expect", &expectation];
    // Somebody else is quicker.
    backend.set_image(&format!("registry.example/web:{OTHER}"));
    let before = backend.wait_until_complete(1);
    let ended = program.deploy(&arguments);
    ended.must_be(10, "");
    ended.must_have_changed(false);
    assert_eq!(
        backend.web()["metadata"]["generation"],
        before["metadata"]["generation"]
    );
    backend.set_image(&format!("registry.example/web:{SEEN}"));
    backend.wait_until_complete(1);
    program.deploy(&arguments).must_be(0, "complete");
}
