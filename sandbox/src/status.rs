//! The `Status` objects with which an API server refuses, with upstream's texts, reasons, and codes.
//!
//! Only words and numbers: who refuses what is decided by the callers.

use std::collections::HashSet;
use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::go::quoted;

mod details;
mod fault;
mod reason;

pub(crate) use details::{Attempt, Cause, Details, Resource};
pub(crate) use fault::Fault;
pub(crate) use reason::Reason;

/// A refusal (or, after a deletion, a success) as the API server words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) code: u16,
    pub(crate) reason: Option<Reason>,
    pub(crate) message: String,
    /// `None` leaves the member out, which upstream does for some refusals and not for others.
    pub(crate) details: Option<Box<Details>>,
    /// The token to go on with, inconsistently, after an expired one.
    pub(crate) continue_token: Option<String>,
}

const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";
const EXPIRED_CONTINUE: &str = "The provided continue parameter is too old to display a consistent \
list result. You can start a new list without the continue parameter, or use the continue token in \
this response to retrieve the remainder of the results. Continuing with the provided token results \
in an inconsistent list - objects that were created, modified, or deleted between the time the \
first chunk was returned and now may show up in the list.";

impl Status {
    /// Builds a refusal with no details at all.
    pub(crate) fn plain(code: u16, reason: Option<Reason>, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: None,
            continue_token: None,
        }
    }

    fn detailed(code: u16, reason: Reason, message: impl Into<String>, details: Details) -> Self {
        Self {
            details: Some(Box::new(details)),
            ..Self::plain(code, Some(reason), message)
        }
    }

    /// Builds the answer to a deletion that is complete.
    pub(crate) fn deleted(resource: Resource<'_>, name: &str, uid: &str) -> Self {
        let details = Details {
            uid: uid.to_owned(),
            ..Details::of(resource, name)
        };
        Self {
            details: Some(Box::new(details)),
            ..Self::plain(200, None, "")
        }
    }

    pub(crate) fn not_found(resource: Resource<'_>, name: &str) -> Self {
        let message = format!("{resource} {} not found", quoted(name));
        Self::detailed(404, Reason::NotFound, message, Details::of(resource, name))
    }

    /// Builds the 404 for a path of the API that does not exist.
    pub(crate) fn no_such_path() -> Self {
        Self::detailed(
            404,
            Reason::NotFound,
            "the server could not find the requested resource",
            Details::default(),
        )
    }

    pub(crate) fn already_exists(resource: Resource<'_>, name: &str) -> Self {
        let message = format!("{resource} {} already exists", quoted(name));
        Self::detailed(
            409,
            Reason::AlreadyExists,
            message,
            Details::of(resource, name),
        )
    }

    /// Builds the 409 of a `resourceVersion` that is not the newest.
    pub(crate) fn conflict(resource: Resource<'_>, name: &str) -> Self {
        Self::unfulfilled(resource, name, MODIFIED)
    }

    /// Builds the 409 of a deletion whose precondition does not hold.
    pub(crate) fn precondition_failed(resource: Resource<'_>, name: &str, what: &str) -> Self {
        Self::unfulfilled(resource, name, &format!("Precondition failed: {what}"))
    }

    fn unfulfilled(resource: Resource<'_>, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {resource} {}: {why}",
            quoted(name)
        );
        Self::detailed(409, Reason::Conflict, message, Details::of(resource, name))
    }

    pub(crate) fn unauthorized() -> Self {
        Self::plain(401, Some(Reason::Unauthorized), "Unauthorized")
    }

    /// Builds the 403 of the RBAC authorizer.
    pub(crate) fn forbidden(attempt: &Attempt<'_>) -> Self {
        let Attempt {
            user,
            verb,
            resource,
            subresource,
            namespace,
            name,
        } = *attempt;
        let path = match subresource {
            "" => resource.plural.to_owned(),
            subresource => format!("{}/{subresource}", resource.plural),
        };
        let scope = match namespace {
            "" => "at the cluster scope".to_owned(),
            namespace => format!("in the namespace {}", quoted(namespace)),
        };
        let why = format!(
            "User {} cannot {verb} resource {} in API group {} {scope}",
            quoted(user),
            quoted(&path),
            quoted(resource.group),
        );
        Self::forbidden_because(resource, name, &why)
    }

    /// Builds a 403 with a reason of its own, as admission plugins give.
    pub(crate) fn forbidden_because(resource: Resource<'_>, name: &str, why: &str) -> Self {
        let message = match name {
            "" => format!("{resource} is forbidden: {why}"),
            name => format!("{resource} {} is forbidden: {why}", quoted(name)),
        };
        Self::detailed(403, Reason::Forbidden, message, Details::of(resource, name))
    }

    /// Builds the 403 for a path outside the resources, such as `/metrics`.
    pub(crate) fn forbidden_path(user: &str, verb: &str, path: &str) -> Self {
        let message = format!(
            "forbidden: User {} cannot {verb} path {}",
            quoted(user),
            quoted(path)
        );
        Self::detailed(403, Reason::Forbidden, message, Details::default())
    }

    /// Builds the 403 for a namespace that is being deleted.
    pub(crate) fn namespace_terminating(
        resource: Resource<'_>,
        name: &str,
        namespace: &str,
    ) -> Self {
        let why = format!(
            "unable to create new content in namespace {namespace} because it is being terminated"
        );
        let mut status = Self::forbidden_because(resource, name, &why);
        if let Some(details) = &mut status.details {
            details.causes = vec![Cause {
                reason: "NamespaceTerminating",
                message: format!("namespace {namespace} is being terminated"),
                field: "metadata.namespace".to_owned(),
            }];
        }
        status
    }

    /// Builds the 422 of validation; a text is said once, its cause is listed each time.
    pub(crate) fn invalid(group: &str, kind: &str, name: &str, faults: &[Fault]) -> Self {
        let mut seen = HashSet::new();
        let texts: Vec<String> = faults
            .iter()
            .map(Fault::to_string)
            .filter(|text| seen.insert(text.clone()))
            .collect();
        let text = match texts.as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let qualified = match group {
            "" => kind.to_owned(),
            group => format!("{kind}.{group}"),
        };
        let details = Details {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            causes: faults.iter().map(Fault::cause).collect(),
            ..Details::default()
        };
        let message = format!("{qualified} {} is invalid: {text}", quoted(name));
        Self::detailed(422, Reason::Invalid, message, details)
    }

    /// Builds the bare 422 of a patch that cannot be applied, a failed `test` among them.
    pub(crate) fn patch_rejected() -> Self {
        Self::detailed(
            422,
            Reason::Invalid,
            "the server rejected our request due to an error in our request",
            Details::default(),
        )
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::plain(400, Some(Reason::BadRequest), message)
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::detailed(
            405,
            Reason::MethodNotAllowed,
            "the server does not allow this method on the requested resource",
            Details::default(),
        )
    }

    pub(crate) fn not_acceptable(accepted: &str) -> Self {
        let message = format!("only the following media types are accepted: {accepted}");
        Self::detailed(406, Reason::NotAcceptable, message, Details::default())
    }

    pub(crate) fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::detailed(
            415,
            Reason::UnsupportedMediaType,
            message,
            Details::default(),
        )
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::detailed(
            413,
            Reason::RequestEntityTooLarge,
            message,
            Details::default(),
        )
    }

    /// Builds the 410 of a watch that starts before the oldest change still known.
    pub(crate) fn too_old_resource_version(asked: u64, oldest: u64) -> Self {
        let message = format!("too old resource version: {asked} ({oldest})");
        Self::plain(410, Some(Reason::Expired), message)
    }

    /// Builds the 410 of a list at a revision that is no longer known.
    pub(crate) fn list_too_old() -> Self {
        Self::plain(
            410,
            Some(Reason::Expired),
            "The resourceVersion for the provided list is too old.",
        )
    }

    /// Builds the 410 of an expired page, with the token that goes on without a snapshot.
    pub(crate) fn expired_continue(token: String) -> Self {
        Self {
            continue_token: Some(token),
            ..Self::plain(410, Some(Reason::Expired), EXPIRED_CONTINUE)
        }
    }

    /// Builds the 504 of a list at a revision that has not come yet.
    pub(crate) fn resource_version_too_large(asked: u64, current: u64) -> Self {
        let details = Details {
            causes: vec![Cause {
                reason: "ResourceVersionTooLarge",
                message: "Too large resource version".to_owned(),
                field: String::new(),
            }],
            retry_after_seconds: 1,
            ..Details::default()
        };
        let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
        Self::detailed(504, Reason::Timeout, message, details)
    }

    pub(crate) fn too_many_requests(seconds: u32) -> Self {
        let details = Details {
            retry_after_seconds: seconds,
            ..Details::default()
        };
        let message =
            "the server has received too many requests and has asked us to try again later";
        Self::detailed(429, Reason::TooManyRequests, message, details)
    }

    /// Builds a 500 whose text is repeated as its only cause, as a failing webhook's is.
    pub(crate) fn internal(why: &str) -> Self {
        let details = Details {
            causes: vec![Cause {
                message: why.to_owned(),
                ..Cause::default()
            }],
            ..Details::default()
        };
        let message = format!("Internal error occurred: {why}");
        Self::detailed(500, Reason::InternalError, message, details)
    }

    /// Builds the 500 without a reason that an error of a Go library becomes.
    pub(crate) fn unclassified(message: impl Into<String>) -> Self {
        Self::plain(500, None, message)
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.code)
    }

    /// Returns the body that goes over the wire.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        // A Status holds strings and numbers only, so that this cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Metadata<'a> {
            #[serde(rename = "continue", skip_serializing_if = "Option::is_none")]
            token: Option<&'a str>,
        }
        let success = self.is_success();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", "Status")?;
        map.serialize_entry("apiVersion", "v1")?;
        map.serialize_entry(
            "metadata",
            &Metadata {
                token: self.continue_token.as_deref(),
            },
        )?;
        map.serialize_entry("status", if success { "Success" } else { "Failure" })?;
        if !self.message.is_empty() {
            map.serialize_entry("message", &self.message)?;
        }
        if let Some(reason) = self.reason {
            map.serialize_entry("reason", &reason)?;
        }
        if let Some(details) = &self.details {
            map.serialize_entry("details", details)?;
        }
        if !success {
            map.serialize_entry("code", &self.code)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests;
