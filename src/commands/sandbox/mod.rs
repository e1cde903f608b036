//! The built-in environment: a small team's world, simulated on this machine.

pub(crate) mod repository;

use super::Run;
use crate::environment::values::{GitLocation, RepositoryName};
use crate::error::{Error, Kind};

/// The context's name in the sandbox's kubeconfig.
pub(crate) const CONTEXT: &str = "kube-deploy-simulated";
/// Where the sample team's Deployments are.
pub(crate) const NAMESPACE: &str = "shop";

pub(crate) struct Sandbox {
    pub(crate) kubeconfig: kube::config::Kubeconfig,
    pub(crate) server: String,
    pub(crate) repository: RepositoryName,
    pub(crate) git: GitLocation,
}

pub(crate) async fn start(_run: &Run) -> Result<Sandbox, Error> {
    Err(Error::new(Kind::Internal, "not yet"))
}
