//! Rollouts that arrive, and deploys that have nothing to do.

use serde_json::{Value, json};

use crate::scenarios::backend::Backend;
use crate::scenarios::program::Program;
use crate::scenarios::sizes::{Observed, Sizes};

pub(crate) fn surge_of_one(backend: &dyn Backend) {
    let way = [(1, 3), (1, 2), (2, 2), (2, 1), (3, 1), (3, 0)];
    succeeds(backend, 3, &json!(1), &way);
}

pub(crate) fn surge_of_a_quarter(backend: &dyn Backend) {
    let way = [
        (1, 4),
        (1, 3),
        (2, 3),
        (2, 2),
        (3, 2),
        (3, 1),
        (4, 1),
        (4, 0),
    ];
    succeeds(backend, 4, &json!("25%"), &way);
}

pub(crate) fn surge_of_all(backend: &dyn Backend) {
    succeeds(backend, 3, &json!("100%"), &[(3, 3), (3, 0)]);
}

fn succeeds(backend: &dyn Backend, replicas: u32, surge: &Value, way: &[Sizes]) {
    let strategy = json!({"rollingUpdate": {"maxSurge": surge, "maxUnavailable": 0}});
    backend.run_web(replicas, &json!({"strategy": strategy}));
    let wanted = u64::from(replicas);
    let observed = Observed::start(backend, wanted);
    let ended = Program::of_deployer(backend).deploy(&["--tag", "v2"]);
    ended.must_be(0, "complete");
    ended.must_have_changed(true);
    ended.must_blame(&[]);
    ended.must_tell(&["started", "progress", "finished"]);
    assert_eq!(
        ended.conclusion()["lowest_available"]["available"],
        wanted,
        "{ended:#?}"
    );
    observed.must_go(backend, "registry.example/web:v2", way);
    observed.must_not_fall_below(wanted);
    assert_eq!(backend.web()["status"]["availableReplicas"], wanted);
}

pub(crate) fn unchanged_and_healthy(backend: &dyn Backend) {
    let before = backend.run_web(2, &json!({}));
    let observed = Observed::start(backend, 2);
    let ended = Program::of_deployer(backend).deploy(&["--tag", "v1"]);
    ended.must_be(0, "");
    ended.must_have_changed(false);
    ended.must_tell(&[]);
    assert!(ended.stderr.contains("Nothing to do"), "{}", ended.stderr);
    assert_eq!(observed.sizes("registry.example/web:v2"), [(0, 2)]);
    assert_eq!(
        backend.web()["metadata"]["generation"],
        before["metadata"]["generation"]
    );
    if let Some(verbs) = backend.verbs_of("deployer") {
        assert!(
            !verbs.is_empty() && !verbs.contains(&"patch".to_owned()),
            "{verbs:?}"
        );
    }
}

pub(crate) fn only_looked_at(backend: &dyn Backend) {
    let before = backend.run_web(1, &json!({}));
    let program = Program::of_deployer(backend);
    let found = program.deploy(&["--tag", "v2", "--dry-run", "--exit-code"]);
    found.must_be(3, "");
    found.must_have_changed(false);
    assert_eq!(found.document["preview"], "server", "{found:#?}");
    let target = &found.document["targets"][0];
    assert_eq!(target["before"], "registry.example/web:v1", "{found:#?}");
    assert_eq!(target["after"], "registry.example/web:v2", "{found:#?}");
    program
        .deploy(&["--tag", "v1", "--dry-run", "--exit-code"])
        .must_be(0, "");
    let after = backend.web();
    assert_eq!(
        after["metadata"]["generation"],
        before["metadata"]["generation"]
    );
    assert_eq!(after["spec"], before["spec"]);
}
