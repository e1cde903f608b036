//! The ReplicaSet controller: creates and deletes pods until there are as many as wanted, and counts them.

mod expectations;
mod ranking;
mod status;
mod sync;
#[cfg(test)]
mod tests;

pub(crate) use expectations::Expectations;
pub(crate) use sync::{owner_of, sync};

use serde_json::Value;

use crate::clock::Time;
use crate::object::{View, text};

/// Returns since when a pod has been ready, if it is.
fn ready_since(pod: &Value) -> Option<Time> {
    let conditions = View(pod).list("/status/conditions");
    let ready = conditions
        .iter()
        .find(|condition| text(condition, "/type") == "Ready")?;
    (text(ready, "/status") == "True")
        .then(|| Time::parse(text(ready, "/lastTransitionTime")).unwrap_or_default())
}

fn has_ended(pod: &Value) -> bool {
    matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

/// Returns whether a pod counts: it has not ended, and is not on its way out.
fn is_active(pod: &Value) -> bool {
    !has_ended(pod) && !View(pod).is_terminating()
}
