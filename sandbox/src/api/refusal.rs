//! Words what the store and admission refuse.

use serde_json::Value;

use super::{Call, resource_of};
use crate::admission::Denial;
use crate::object::Kind;
use crate::status::{Fault, Resource, Status};
use crate::store::StoreError;

impl Call<'_> {
    /// Turns the store's refusal into the server's.
    pub(super) fn refusal(&self, error: StoreError) -> Status {
        match error {
            StoreError::NotFound(key) => Status::not_found(self.resource(), &key.name),
            StoreError::AlreadyExists(key) => Status::already_exists(self.resource(), &key.name),
            StoreError::Conflict(key) => Status::conflict(self.resource(), &key.name),
            StoreError::UidMismatch { key, wanted, found } => Status::precondition_failed(
                self.resource(),
                &key.name,
                &format!("UID in precondition: {wanted}, UID in object meta: {found}"),
            ),
            StoreError::NameMissing => {
                let fault = Fault::required("metadata.name", "name or generateName is required");
                invalid(self.kind(), "", &[fault])
            }
        }
    }
}

/// Words what validation found.
pub(super) fn invalid(kind: Kind, name: &str, faults: &[Fault]) -> Status {
    Status::invalid(kind.group(), kind.kind(), name, faults)
}

/// Words what admission refused.
pub(super) fn denied(denial: &Denial) -> Status {
    match denial {
        Denial::NamespaceMissing(namespace) => {
            let namespaces = Resource {
                group: "",
                plural: "namespaces",
            };
            Status::not_found(namespaces, namespace)
        }
        Denial::NamespaceTerminating {
            kind,
            name,
            namespace,
        } => Status::namespace_terminating(resource_of(*kind), name, namespace),
        Denial::QuotaExceeded {
            kind,
            name,
            message,
        } => Status::forbidden_because(resource_of(*kind), name, message),
        Denial::Invalid {
            kind,
            name,
            field,
            value,
            why,
        } => {
            let fault = Fault::invalid(field.as_str(), &Value::from(value.as_str()), *why);
            invalid(*kind, name, &[fault])
        }
    }
}
