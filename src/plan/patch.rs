//! The one PATCH of a Deployment as data: JSON Patch operations and their bytes.

use serde_json::Value;

/// The write of one Deployment. Its preview sends the very same bytes with `dryRun=All`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Patch {
    pub(crate) deployment: String,
    /// JSON Patch (RFC 6902), `test`s first.
    pub(crate) operations: Vec<Value>,
}
