//! Asks the API server what a PATCH would make of a Deployment: the very body, with `dryRun=All`.
//! It has nothing else in its power.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::Cluster;
use super::answer::warnings;
use super::fault::Fault;
use super::paths::{Resource, is_name};
use super::refusal::Refusal;
use super::wire::Wire;
use crate::plan::patch::Patch;
use crate::rollout::FIELD_MANAGER;

/// What the API server says about a PATCH that it did not store.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Previewed {
    /// The Deployment as it would be.
    Answered {
        object: Box<Value>,
        warnings: Vec<String>,
    },
    /// What was planned on is not there any more: plan anew.
    Moved,
    /// The real PATCH would be refused as well.
    Refused(Refusal),
    /// A webhook cannot answer for a dry run, or the user may not ask: preview it locally, and say
    /// that this is weaker.
    Unavailable { why: String },
}

/// Previews, and can do nothing else.
#[derive(Clone)]
pub(crate) struct Preview {
    wire: Arc<Wire>,
    namespace: String,
}

impl Preview {
    pub(super) fn new(cluster: &Cluster) -> Self {
        Self {
            wire: Arc::clone(&cluster.wire),
            namespace: cluster.namespace.clone(),
        }
    }

    /// Previews one PATCH. It is repeated like a read, also while a webhook is down: nothing is
    /// stored either way.
    pub(crate) async fn ask(&self, patch: &Patch) -> Result<Previewed, Fault> {
        let request = patch_request(&self.namespace, patch, Effect::None)?;
        let read = self.wire.read_as(&request, |answer| {
            Ok(Previewed::Answered {
                object: self.wire.parse(answer)?,
                warnings: warnings(&answer.headers),
            })
        });
        let fault = match read.await {
            Ok(previewed) => return Ok(previewed),
            Err(fault) => fault,
        };
        match fault.status().and_then(Refusal::of) {
            Some(Refusal::Moved) => Ok(Previewed::Moved),
            Some(Refusal::NoDryRun { message } | Refusal::Forbidden { message }) => {
                Ok(Previewed::Unavailable { why: message })
            }
            Some(refusal) => Ok(Previewed::Refused(refusal)),
            None => Err(fault),
        }
    }
}

/// Whether a PATCH changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    Stored,
}

/// Returns the request for a PATCH; preview and write differ in nothing but `dryRun`.
pub(super) fn patch_request(
    namespace: &str,
    patch: &Patch,
    effect: Effect,
) -> Result<Request<Bytes>, Fault> {
    if !is_name(&patch.deployment) {
        return Err(Fault::Settings(format!(
            "`{}` is no Deployment's name",
            patch.deployment
        )));
    }
    let path = Resource::Deployments.within(namespace).url_path;
    let dry_run = match effect {
        Effect::None => "dryRun=All&",
        Effect::Stored => "",
    };
    let uri = format!(
        "{path}/{}?{dry_run}fieldManager={FIELD_MANAGER}&fieldValidation=Strict",
        patch.deployment
    );
    Request::patch(uri)
        .header(CONTENT_TYPE, "application/json-patch+json")
        .body(Bytes::from(patch.body()))
        .map_err(|error| Fault::Settings(error.to_string()))
}

#[cfg(test)]
#[path = "preview_tests.rs"]
mod tests;
