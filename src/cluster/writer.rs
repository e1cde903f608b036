//! Writes an approved plan, one PATCH a Deployment, and finds out what became of each.
//!
//! A PATCH whose end is not known (a cut connection, a timeout, a change of etcd's leader) is
//! looked for by our deploy id, and sent again if it is not there: its `test`s make that safe.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use http::Request;
use kube::core::params::GetParams;
use serde_json::Value;

use super::Cluster;
use super::fault::Fault;
use super::paths::{Resource, built};
use super::preview::{Effect, patch_request};
use super::refusal::Refusal;
use super::retry::{Endurance, Tries, Trouble};
use super::wire::Wire;
use crate::plan::Plan;
use crate::plan::approve::Approved;
use crate::plan::patch::{Mismatch, Operation, Patch};

/// The client speaks HTTP/1.1: each write at the same time is a connection.
const AT_ONCE: usize = 8;

/// What became of the PATCH of one Deployment.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) deployment: String,
    pub(crate) outcome: Outcome,
}

/// What became of a PATCH.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It was accepted; the Deployment as it is stored.
    Stored { object: Box<Value> },
    /// What was planned on is not there any more: plan anew. The differences may have gone again,
    /// or could not be read.
    Moved { differences: Vec<Mismatch> },
    /// It was refused.
    Refused(Refusal),
    /// It did not get through; nothing was stored.
    Failed(Fault),
    /// It may have been stored, and there is no way to tell.
    Unresolved { why: Fault },
    /// It was not sent, since another one was not accepted or the run is to end.
    NotSent,
}

impl Outcome {
    pub(crate) fn is_stored(&self) -> bool {
        matches!(self, Self::Stored { .. })
    }
}

/// Writes one approved plan, and can do nothing else.
pub(crate) struct Writer<'a> {
    wire: Arc<Wire>,
    plan: &'a Approved<Plan>,
}

/// What a look at the Deployment says about our PATCH.
enum Sight {
    Ours(Box<Value>),
    /// The PATCH would still apply.
    AsBefore,
    Moved(Vec<Mismatch>),
    /// It was there, and somebody changed the Deployment since.
    Overwritten,
    Gone,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(cluster: &Cluster, plan: &'a Approved<Plan>) -> Self {
        Self {
            wire: Arc::clone(&cluster.wire),
            plan,
        }
    }

    /// Sends all patches of the plan, at most 8 at the same time, and returns what became of each,
    /// in the plan's order.
    ///
    /// After the first that is not accepted, and once `halt` is set, no further one is sent; those
    /// under way are seen to their end.
    pub(crate) async fn apply(&self, halt: &AtomicBool) -> Vec<Written> {
        let is_refused = AtomicBool::new(false);
        let is_refused = &is_refused;
        stream::iter(self.plan.value().patches())
            .map(|patch| async move {
                let is_over = is_refused.load(Ordering::SeqCst) || halt.load(Ordering::SeqCst);
                let outcome = if is_over {
                    Outcome::NotSent
                } else {
                    self.write(patch).await
                };
                if !outcome.is_stored() {
                    is_refused.store(true, Ordering::SeqCst);
                }
                Written {
                    deployment: patch.deployment.clone(),
                    outcome,
                }
            })
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    async fn write(&self, patch: &Patch) -> Outcome {
        let request = match patch_request(&self.plan.value().namespace, patch, Effect::Stored) {
            Ok(request) => request,
            Err(fault) => return Outcome::Failed(fault),
        };
        let limits = self.wire.limits();
        let endurance = Endurance {
            outage: limits.settle,
            unseen: limits.settle,
            ..limits.endurance
        };
        let mut tries = Tries::begin(self.wire.now());
        let mut may_be_stored = false;
        loop {
            let fault = match self.send(&request).await {
                Ok(outcome) => return outcome,
                Err(fault) => fault,
            };
            let refusal = fault.status().and_then(Refusal::of);
            // A read of an answer that is too long is not tried again; a write has to be looked for.
            let is_unknown = refusal.is_none()
                && (Trouble::of(&fault) == Trouble::Unknown
                    || matches!(fault, Fault::Oversized { .. }));
            may_be_stored |= is_unknown;
            let has_to_look = is_unknown
                || refusal == Some(Refusal::Moved)
                || (may_be_stored && refusal.is_some());
            if has_to_look {
                match (self.look(patch).await, refusal) {
                    (Ok(Sight::Ours(object)), _) => {
                        return Outcome::Stored { object };
                    }
                    (Ok(Sight::Moved(differences)), _) => {
                        return Outcome::Moved { differences };
                    }
                    (Ok(Sight::Overwritten), _) => return Outcome::Unresolved { why: fault },
                    (Ok(Sight::Gone), _) => {
                        return Outcome::Refused(Refusal::Absent {
                            message: format!("the Deployment `{}` is gone", patch.deployment),
                        });
                    }
                    (Ok(Sight::AsBefore), Some(Refusal::Moved)) => {
                        return Outcome::Moved {
                            differences: Vec::new(),
                        };
                    }
                    (Ok(Sight::AsBefore), Some(refusal)) => return Outcome::Refused(refusal),
                    (Ok(Sight::AsBefore), None) => {}
                    (Err(_), Some(Refusal::Moved)) if !may_be_stored => {
                        return Outcome::Moved {
                            differences: Vec::new(),
                        };
                    }
                    (Err(_), _) => return Outcome::Unresolved { why: fault },
                }
            } else if let Some(refusal) = refusal {
                return Outcome::Refused(refusal);
            }
            if !self
                .wire
                .is_worth_another(&mut tries, &fault, &endurance)
                .await
            {
                return if may_be_stored {
                    Outcome::Unresolved { why: fault }
                } else {
                    Outcome::Failed(fault)
                };
            }
        }
    }

    async fn send(&self, request: &Request<Bytes>) -> Result<Outcome, Fault> {
        let answer = self.wire.once(request).await?;
        Ok(Outcome::Stored {
            object: self.wire.parse(&answer)?,
        })
    }

    /// Reads the Deployment and compares it with the PATCH.
    async fn look(&self, patch: &Patch) -> Result<Sight, Fault> {
        let deployments = Resource::Deployments.within(&self.plan.value().namespace);
        let request = built(deployments.get(&patch.deployment, &GetParams::default()))?;
        match self.wire.read_json::<Value>(&request).await {
            Ok(now) => Ok(sight(patch, now)),
            Err(fault) if fault.is_not_found() => Ok(Sight::Gone),
            Err(fault) => Err(fault),
        }
    }
}

fn sight(patch: &Patch, now: Value) -> Sight {
    let annotations = now
        .pointer("/metadata/annotations")
        .and_then(Value::as_object);
    let differences = patch.moved(&now);
    let Some((key, id)) = deploy_id(patch) else {
        return if differences.is_empty() {
            Sight::AsBefore
        } else {
            Sight::Moved(differences)
        };
    };
    let values = || annotations.into_iter().flatten();
    if values().any(|(name, value)| *name == key && value == id) {
        Sight::Ours(Box::new(now))
    } else if differences.is_empty() {
        Sight::AsBefore
    } else if values().any(|(_, value)| value.as_str().is_some_and(|value| value.contains(id))) {
        // A later deploy took our record over into its log.
        Sight::Overwritten
    } else {
        Sight::Moved(differences)
    }
}

/// Returns the annotation that tells this PATCH from all others: its key and our deploy id.
fn deploy_id(patch: &Patch) -> Option<(String, &str)> {
    patch.operations.iter().find_map(|operation| {
        let (Operation::Add { path, value } | Operation::Replace { path, value }) = operation
        else {
            return None;
        };
        let path = path.to_string();
        let key = path.strip_prefix("/metadata/annotations/")?;
        let id = value.as_str().filter(|_| key.ends_with("~1deploy-id"))?;
        Some((key.replace("~1", "/").replace("~0", "~"), id))
    })
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
