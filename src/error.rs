//! The one error type that reaches the top: what kind it is, what happened, and what to do now.
//!
//! A leaf that every module may import. Modules own their error enums and the one `From` into this.

use std::error::Error as StdError;
use std::fmt;

/// What went wrong, in the terms of the exit codes: each kind below `Internal` promises that
/// nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A fault of this program.
    Internal,
    /// The command line, or an environment or command that does not exist.
    Usage,
    /// A check, a confirmation, a conflict, or a guard said no.
    Refused,
    /// A ref, image, target, namespace, or context does not exist or is ambiguous.
    NotFound,
    /// Authentication failed, or a permission is missing.
    Denied,
    /// Cluster, GitHub, git remote, or registry could not be reached or made no sense.
    Unreachable,
    /// A lock, a freeze, or a rollout in progress: the same command may work later.
    Busy,
    /// A signal ended the run before anything was written; the number is the signal's.
    Interrupted(u8),
}

/// An error with its kind, its cause, and the advice that goes with it.
///
/// The text of `source` is a lowercase fragment without advice; each hint is a full sentence.
#[derive(Debug)]
pub(crate) struct Error {
    pub(crate) kind: Kind,
    pub(crate) source: Box<dyn StdError + Send + Sync>,
    pub(crate) hints: Vec<String>,
}

impl Error {
    pub(crate) fn new(kind: Kind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            kind,
            source: source.into(),
            hints: Vec::new(),
        }
    }

    /// Adds one piece of advice, shown after the causes.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Returns the error's text and those of its causes, without a cause that its parent already
    /// spells out (kube's errors repeat theirs).
    pub(crate) fn chain(&self) -> Vec<String> {
        let mut texts = vec![self.source.to_string()];
        let mut cause = self.source.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !texts.iter().any(|earlier| earlier.contains(&text)) {
                texts.push(text);
            }
            cause = error.source();
        }
        texts
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        #[source]
        cause: Option<Box<Layer>>,
    }

    #[test]
    fn chain_drops_a_cause_that_its_parent_repeats() {
        let error = Error::new(
            Kind::Unreachable,
            Layer {
                text: "failed to list: connection refused",
                cause: Some(Box::new(Layer {
                    text: "connection refused",
                    cause: Some(Box::new(Layer {
                        text: "os error 111",
                        cause: None,
                    })),
                })),
            },
        );
        assert_eq!(
            error.chain(),
            ["failed to list: connection refused", "os error 111"]
        );
    }
}
