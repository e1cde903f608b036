//! What a change makes of a Deployment, as lines of YAML: the stored object against the server's own
//! answer.
//!
//! What the server counts by itself is left out, secrets are masked, our record is folded.

mod readable;
pub(crate) mod render;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::environment::prefix::Prefix;
use crate::plan::DeploymentPlan;
use crate::plan::patch::Mismatch;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;

/// What the API server would store, or our own idea of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Preview {
    pub(crate) object: Value,
    pub(crate) strength: Strength,
}

impl Preview {
    /// Previews by applying our own operations to the Deployment as it was read.
    pub(crate) fn local(plan: &DeploymentPlan, why: WhyLocal) -> Result<Self, Mismatch> {
        Ok(Self {
            object: plan.patch.apply_locally(&plan.deployment.raw)?,
            strength: Strength::Local { why },
        })
    }
}

/// How much a preview is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    /// The API server's answer, with defaults and admission.
    Server,
    /// Only our own operations, applied here.
    Local { why: WhyLocal },
}

/// Why the API server did not preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WhyLocal {
    /// `--dry-run=client`
    Asked,
    /// It does not answer dry runs to this user, or a webhook cannot; its words.
    Unavailable(String),
}

/// One part of a diff, with the unchanged lines around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hunk {
    /// `@@ -1,7 +1,7 @@`
    pub(crate) header: String,
    pub(crate) lines: Vec<DiffLine>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DiffLine {
    pub(crate) side: Side,
    /// The line's text in pieces, without its end.
    pub(crate) pieces: Vec<Piece>,
}

/// On which side of a diff a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Both,
    Before,
    After,
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    /// It is what makes the line differ from its counterpart.
    pub(crate) is_different: bool,
}

/// Returns what differs between a Deployment before and after a change.
pub(crate) fn compare(before: &Value, after: &Value, prefix: &Prefix) -> Vec<Hunk> {
    let (before, after) = readable::pair(before, after, prefix);
    let (before, after) = (as_yaml(&before), as_yaml(&after));
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    diff.grouped_ops(CONTEXT)
        .iter()
        .map(|operations| Hunk {
            header: similar::udiff::UnifiedHunkHeader::new(operations).to_string(),
            lines: operations
                .iter()
                // Without a deadline: the same diff on a slow machine.
                .flat_map(|operation| diff.iter_inline_changes_deadline(operation, None))
                .map(|change| DiffLine {
                    side: match change.tag() {
                        ChangeTag::Equal => Side::Both,
                        ChangeTag::Delete => Side::Before,
                        ChangeTag::Insert => Side::After,
                    },
                    pieces: change
                        .iter_strings_lossy()
                        .map(|(is_different, text)| Piece {
                            text: text.trim_end_matches('\n').to_owned(),
                            is_different,
                        })
                        .filter(|piece| !piece.text.is_empty())
                        .collect(),
                })
                .collect(),
        })
        .collect()
}

/// Prints a value as `kubectl get -o yaml` would.
fn as_yaml(value: &Value) -> String {
    // A line is never folded: images are longer than 80 characters.
    let options = serde_yaml::ser_options! { folded_wrap_chars: usize::MAX };
    serde_yaml::to_string_with_options(value, options).unwrap_or_else(|_| format!("{value:#}\n"))
}

#[cfg(test)]
mod tests;
