//! One fault of one field, worded as upstream's `field.Error`.

use std::fmt;

use serde_json::Value;

use super::Cause;
use crate::go;

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The field is empty and must not be.
    Required,
    /// The field has a value that is not allowed; the text is the value as it is shown.
    Invalid(String),
    /// The field's value is not one of the known ones, which are listed.
    NotSupported(String, Vec<&'static str>),
    /// The same key occurs twice in a list; the text is the value.
    Duplicate(String),
    /// The field names something that is not there; the text is the name.
    NotFound(String),
    /// The field must not be set here.
    Forbidden,
    /// The object or list is too large; the number is the limit.
    TooLong(usize),
}

/// A field's path with what is wrong with it, and an explanation that may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) field: String,
    pub(crate) kind: FaultKind,
    pub(crate) detail: String,
}

impl Fault {
    pub(crate) fn required(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, FaultKind::Required, detail)
    }

    pub(crate) fn invalid(
        field: impl Into<String>,
        value: &Value,
        detail: impl Into<String>,
    ) -> Self {
        Self::new(field, FaultKind::Invalid(go::shown(value)), detail)
    }

    pub(crate) fn not_supported(
        field: impl Into<String>,
        value: &Value,
        supported: &[&'static str],
    ) -> Self {
        let kind = FaultKind::NotSupported(go::shown(value), supported.to_vec());
        Self::new(field, kind, "")
    }

    pub(crate) fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        Self::new(field, FaultKind::Duplicate(go::shown(value)), "")
    }

    pub(crate) fn not_found(field: impl Into<String>, value: &Value) -> Self {
        Self::new(field, FaultKind::NotFound(go::shown(value)), "")
    }

    pub(crate) fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, FaultKind::Forbidden, detail)
    }

    pub(crate) fn too_long(field: impl Into<String>, limit: usize) -> Self {
        let detail = format!("may not be more than {limit} bytes");
        Self::new(field, FaultKind::TooLong(limit), detail)
    }

    fn new(field: impl Into<String>, kind: FaultKind, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            kind,
            detail: detail.into(),
        }
    }

    /// Returns the text without the field's path.
    pub(crate) fn text(&self) -> String {
        let head = match &self.kind {
            FaultKind::Required => "Required value".to_owned(),
            FaultKind::Invalid(value) => format!("Invalid value: {value}"),
            FaultKind::NotSupported(value, supported) => {
                let supported: Vec<String> =
                    supported.iter().map(|value| go::quoted(value)).collect();
                format!(
                    "Unsupported value: {value}: supported values: {}",
                    supported.join(", ")
                )
            }
            FaultKind::Duplicate(value) => format!("Duplicate value: {value}"),
            FaultKind::NotFound(value) => format!("Not found: {value}"),
            FaultKind::Forbidden => "Forbidden".to_owned(),
            FaultKind::TooLong(_) => "Too long".to_owned(),
        };
        match self.detail.as_str() {
            "" => head,
            detail => format!("{head}: {detail}"),
        }
    }

    /// Returns this fault as a line of `details.causes`.
    pub(crate) fn cause(&self) -> Cause {
        let reason = match self.kind {
            FaultKind::Required => "FieldValueRequired",
            FaultKind::Invalid(_) => "FieldValueInvalid",
            FaultKind::NotSupported(..) => "FieldValueNotSupported",
            FaultKind::Duplicate(_) => "FieldValueDuplicate",
            FaultKind::NotFound(_) => "FieldValueNotFound",
            FaultKind::Forbidden => "FieldValueForbidden",
            FaultKind::TooLong(_) => "FieldValueTooLong",
        };
        Cause {
            reason,
            message: self.text(),
            field: self.field.clone(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.text())
    }
}
