//! Admission webhooks that a real cluster may have, as far as a deploy meets them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::resource_of;
use crate::object::{Kind, name};
use crate::status::{Cause, Reason, Status};

const NAME: &str = "check.sandbox.example";

/// What a webhook does with a write of a Deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Webhook {
    /// It refuses.
    Deny {
        /// What it says.
        message: String,
        /// The HTTP status it refuses with.
        #[serde(default = "forbidden")]
        code: u16,
    },
    /// A ValidatingAdmissionPolicy refuses.
    Policy {
        /// The name of the policy.
        policy: String,
        /// What it says.
        message: String,
    },
    /// It replaces a piece of every container's image.
    Rewrite {
        /// The piece.
        from: String,
        /// What comes in its place.
        to: String,
    },
    /// It puts the stored images back without a word.
    Restore,
    /// It cannot be called for a dry run.
    RefuseDryRun,
    /// It cannot be reached at all.
    Down,
    /// It lets the write pass with a warning.
    Warn {
        /// The warning.
        message: String,
    },
}

fn forbidden() -> u16 {
    403
}

/// Lets a webhook look at `object`, which may take the place of `before`; returns its warning.
pub(super) fn call(
    webhook: &Webhook,
    kind: Kind,
    object: &mut Value,
    before: Option<&Value>,
    is_dry_run: bool,
) -> Result<Option<String>, Status> {
    match webhook {
        Webhook::Deny { message, code } => {
            let message = format!("admission webhook \"{NAME}\" denied the request: {message}");
            Err(Status::plain(*code, None, message))
        }
        Webhook::Policy { policy, message } => Err(policy_denial(kind, object, policy, message)),
        Webhook::Rewrite { from, to } => {
            for image in images(object) {
                if let Some(text) = image.as_str() {
                    *image = json!(text.replace(from, to));
                }
            }
            Ok(None)
        }
        Webhook::Restore => {
            if let Some(before) = before {
                let mut stored = before.clone();
                for (image, old) in images(object).zip(images(&mut stored)) {
                    *image = old.clone();
                }
            }
            Ok(None)
        }
        Webhook::RefuseDryRun if is_dry_run => {
            let message = format!("admission webhook \"{NAME}\" does not support dry run");
            Err(Status::bad_request(message))
        }
        Webhook::RefuseDryRun => Ok(None),
        Webhook::Down => Err(Status::internal(&format!(
            "failed calling webhook \"{NAME}\": failed to call webhook: Post \"https://127.0.0.1:1/x?timeout=2s\": dial tcp 127.0.0.1:1: connect: connection refused"
        ))),
        Webhook::Warn { message } => Ok(Some(message.clone())),
    }
}

fn policy_denial(kind: Kind, object: &Value, policy: &str, message: &str) -> Status {
    let why = format!(
        "ValidatingAdmissionPolicy '{policy}' with binding '{policy}' denied request: {message}"
    );
    let mut status = Status::forbidden_because(resource_of(kind), name(object), &why);
    status.code = 422;
    status.reason = Some(Reason::Invalid);
    if let Some(details) = &mut status.details {
        details.causes = vec![Cause {
            message: why,
            ..Cause::default()
        }];
    }
    status
}

/// Returns the images of all containers of a template.
fn images(object: &mut Value) -> impl Iterator<Item = &mut Value> {
    let spec = object
        .pointer_mut("/spec/template/spec")
        .and_then(Value::as_object_mut);
    spec.into_iter()
        .flatten()
        .filter(|(field, _)| matches!(field.as_str(), "initContainers" | "containers"))
        .filter_map(|(_, list)| list.as_array_mut())
        .flatten()
        .filter_map(|container| container.get_mut("image"))
}
