//! Which objects a request means: by labels, and by the few fields that a kind can be asked for.

mod field;
mod label;

pub(crate) use field::FieldSelector;
pub(crate) use label::LabelSelector;

use serde_json::Value;

/// What a list or watch is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    pub labels: LabelSelector,
    pub fields: FieldSelector,
}

impl Selector {
    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.fields.matches(object)
            && (self.labels.is_everything() || {
                let labels = object
                    .get("metadata")
                    .and_then(|metadata| metadata.get("labels"));
                self.labels.matches(labels.unwrap_or(&Value::Null))
            })
    }

    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_everything() && self.fields.is_everything()
    }
}
