//! The Deployment controller: makes ReplicaSets, moves replicas from the old ones to the new one, reports progress.
//!
//! [`sync()`] follows the upstream controller write by write, because clients see each of them: which status arrives
//! with which generation, which write loses a race, which condition stays although it is no longer true.

mod draft;
mod fenceposts;
mod history;
mod progress;
mod replica_set;
mod revision;
mod rolling;
mod scaling;
mod status;
mod sync;
#[cfg(test)]
mod tables;

use draft::Draft;
use replica_set::ReplicaSet;
pub(crate) use sync::{owner_of, sync};

/// The label that tells the pods of a Deployment's ReplicaSets apart.
const TEMPLATE_HASH: &str = "pod-template-hash";

const AVAILABLE: &str = "Available";
const PROGRESSING: &str = "Progressing";
const REPLICA_FAILURE: &str = "ReplicaFailure";

const REVISION: &str = "deployment.kubernetes.io/revision";
const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
const DESIRED_REPLICAS: &str = "deployment.kubernetes.io/desired-replicas";
const MAX_REPLICAS: &str = "deployment.kubernetes.io/max-replicas";
