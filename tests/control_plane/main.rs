//! The program on a real control plane: kube-apiserver, kube-controller-manager, and etcd on this machine.
//!
//! Needs Go once, to build them (`build` beside this file, which names the variables that it reads); nodes are played
//! by the sandbox's stories. `KUBE_DEPLOY_TEST_KUBECONFIG` names a disposable cluster to use instead.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the lints' exception for tests does not reach helpers outside of test functions"
)]

mod certificates;
#[path = "../support/client.rs"]
mod client;
mod cluster;
mod harness;
mod kubeconfig;
mod kubelet;
mod namespace;
#[path = "../support/patch_rules.rs"]
mod patch_rules;
mod process;
#[path = "../support/recording.rs"]
mod recording;
#[path = "../support/roles.rs"]
mod roles;
mod scenario_tests;
#[path = "../support/scenarios.rs"]
mod scenarios;
mod servers;
mod user;
#[path = "../support/wait.rs"]
mod wait;
