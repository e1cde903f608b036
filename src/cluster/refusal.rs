//! What the API server means when it does not take a PATCH. The codes are few and shared by
//! different things (`kubernetes.md` 2.A and 2.B); the texts tell them apart.

use kube::core::Status;

use super::mask;

/// One reason why an object is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) field: String,
    /// Without the values of whole objects, which may hold secrets.
    pub(crate) message: String,
}

/// Why a PATCH was not taken. Nothing was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A `test` did not hold, or the object changed under the request's hands.
    Moved,
    /// The object would not be valid.
    Invalid { message: String, causes: Vec<Cause> },
    /// Admission says no: a webhook, a policy, a quota.
    Denied { message: String },
    /// The user has not got the permission.
    Forbidden { message: String },
    /// The namespace is being deleted.
    NamespaceTerminating { message: String },
    /// The object, its annotations above all, would be too large.
    TooLarge { message: String },
    /// The Deployment, or its namespace, is not there.
    Absent { message: String },
    /// A webhook cannot answer for a dry run.
    NoDryRun { message: String },
}

impl Refusal {
    /// Returns what the answer to a PATCH means; `None` if it is no refusal but trouble.
    pub(crate) fn of(status: &Status) -> Option<Self> {
        let text = status.message.to_lowercase();
        let message = || mask::message(&status.message);
        let says = |part: &str| text.contains(part);
        let has_cause = |reason: &str| {
            let causes = status.details.iter().flat_map(|details| &details.causes);
            causes.into_iter().any(|cause| cause.reason == reason)
        };
        let is_too_large = status.code == 413
            || says("request is too large")
            || says("message larger than max")
            || says("must have at most 262144 bytes");
        if is_too_large {
            return Some(Self::TooLarge { message: message() });
        }
        if says("does not support dry run") || says("dryrun is not supported") {
            return Some(Self::NoDryRun { message: message() });
        }
        match status.code {
            404 => Some(Self::Absent { message: message() }),
            409 => Some(Self::Moved),
            403 if has_cause("NamespaceTerminating") || says("because it is being terminated") => {
                Some(Self::NamespaceTerminating { message: message() })
            }
            400 | 403 | 422 if is_denial(&text) => Some(Self::Denied { message: message() }),
            403 => Some(Self::Forbidden { message: message() }),
            422 if status.reason == "Invalid" && is_bare(status) => Some(Self::Moved),
            400 | 405 | 406 | 415 | 422 => Some(Self::Invalid {
                message: message(),
                causes: causes(status),
            }),
            _ => None,
        }
    }
}

/// Returns whether it was admission that said no, by the words that all kinds of it use.
fn is_denial(text: &str) -> bool {
    [
        "denied the request",
        "denied request",
        "validatingadmissionpolicy",
        "admission webhook",
        "exceeded quota",
        "violates podsecurity",
    ]
    .iter()
    .any(|words| text.contains(words))
}

/// Returns whether the answer tells nothing but that something is wrong: so says a `test` that did
/// not hold, and nothing else that a well-formed patch meets.
fn is_bare(status: &Status) -> bool {
    status
        .details
        .as_ref()
        .is_none_or(|details| details.causes.is_empty())
        && (status.message.is_empty()
            || status
                .message
                .contains("rejected our request due to an error in our request"))
}

fn causes(status: &Status) -> Vec<Cause> {
    status
        .details
        .iter()
        .flat_map(|details| &details.causes)
        .map(|cause| Cause {
            field: cause.field.clone(),
            message: mask::message(&cause.message),
        })
        .collect()
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;
