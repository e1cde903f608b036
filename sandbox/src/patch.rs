//! The three kinds of patch an API server takes, and what it answers when one cannot be applied.

pub(crate) mod json_patch;
pub(crate) mod merge_patch;
pub(crate) mod strategic;

use serde_json::Value;

use crate::json_text::{self, Raw};
use crate::status::{Reason, Status};

/// How a patch's body is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatchKind {
    Json,
    Merge,
    Strategic,
}

impl PatchKind {
    /// Reads the kind from a `Content-Type` without its parameters.
    pub(crate) fn of_media_type(media_type: &str) -> Option<Self> {
        match media_type {
            "application/json-patch+json" => Some(Self::Json),
            "application/merge-patch+json" => Some(Self::Merge),
            "application/strategic-merge-patch+json" => Some(Self::Strategic),
            _ => None,
        }
    }
}

/// A patched object with what a strict reader would refuse about the patch itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Patched {
    pub(crate) object: Value,
    /// Paths of members that the patch gives twice.
    pub(crate) duplicates: Vec<String>,
    /// How a refusal of unknown fields shows the value that has them.
    pub(crate) shown: String,
}

/// Returns `object` changed by `body`.
pub(crate) fn apply(kind: PatchKind, object: &Value, body: &[u8]) -> Result<Patched, Status> {
    let text =
        str::from_utf8(body).map_err(|_| Status::bad_request("the patch is not valid UTF-8"))?;
    match kind {
        PatchKind::Json => {
            let object = json_patch::apply(object, text).map_err(|error| match error {
                json_patch::Error::Malformed(why) => Status::bad_request(why),
                json_patch::Error::TooLong(_) => Status::plain(
                    413,
                    Some(Reason::RequestEntityTooLarge),
                    format!("Request entity is too large: {error}"),
                ),
                json_patch::Error::Rejected { .. } => Status::patch_rejected(),
            })?;
            let shown = object.to_string();
            Ok(Patched {
                object,
                duplicates: Vec::new(),
                shown,
            })
        }
        PatchKind::Merge => {
            let (patch, duplicates) = read_object(text)?;
            let object = merge_patch::apply(object, &patch);
            let shown = object.to_string();
            Ok(Patched {
                object,
                duplicates,
                shown,
            })
        }
        PatchKind::Strategic => {
            let (patch, duplicates) = read_object(text)?;
            let object = strategic::apply(object, &patch).map_err(|error| match error {
                strategic::Error::Malformed(why) => Status::bad_request(why),
                strategic::Error::KeyMissing { .. } => Status::unclassified(error.to_string()),
            })?;
            Ok(Patched {
                object,
                duplicates,
                shown: crate::go::printed(&patch),
            })
        }
    }
}

fn read_object(text: &str) -> Result<(Value, Vec<String>), Status> {
    let raw = Raw::read(text).map_err(|json_text::Malformed(why)| Status::bad_request(why))?;
    match raw {
        Raw::Object(_) => Ok((raw.to_value(), raw.duplicates())),
        Raw::Array(_) | Raw::Scalar(_) => Err(Status::bad_request(
            "json: cannot unmarshal the patch into Go value of type map[string]interface {}",
        )),
    }
}
