//! Decides what is asked before anything is written.

use super::super::values::Confirm;
use super::{Origin, Policy};
use crate::error::{Error, Kind};

/// What a run is about to do, and what was said about asking.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking<'a> {
    pub(crate) environment: &'a str,
    /// A person can be asked.
    pub(crate) is_interactive: bool,
    /// `--yes`.
    pub(crate) yes: bool,
    /// `--confirm`.
    pub(crate) confirm: Option<&'a str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Confirmation {
    NotNeeded,
    /// Enter, or `y`.
    AskEnter,
    /// The environment's name has to be typed.
    AskName,
    Refuse(ConfirmError),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfirmError {
    /// The name is wanted, and nobody can be asked.
    #[error("`{environment}` has to be confirmed by its name ({origin}), and nobody can be asked")]
    NameNeeded { environment: String, origin: Origin },
    #[error("--confirm={} does not name the environment, which is `{environment}`", .given.escape_debug())]
    OtherName { environment: String, given: String },
    /// The person said no, typed something else, or did not answer in time.
    #[error("not confirmed")]
    Declined,
}

impl From<ConfirmError> for Error {
    fn from(error: ConfirmError) -> Self {
        let hint = match &error {
            ConfirmError::NameNeeded { environment, .. } => Some(format!(
                "Add --confirm={environment} (--yes does not replace it)."
            )),
            ConfirmError::OtherName { environment, .. } => {
                Some(format!("If that is the one: --confirm={environment}"))
            }
            ConfirmError::Declined => None,
        };
        hint.into_iter()
            .fold(Self::new(Kind::Refused, error), Self::hint)
    }
}

impl Policy {
    /// Decides what is asked before the write of a run.
    ///
    /// A wrong `--confirm` is refused everywhere: the command was meant for another environment.
    pub(crate) fn confirmation(&self, asking: &Asking<'_>) -> Confirmation {
        let environment = asking.environment.to_owned();
        if let Some(given) = asking.confirm {
            return match given == asking.environment {
                true => Confirmation::NotNeeded,
                false => Confirmation::Refuse(ConfirmError::OtherName {
                    environment,
                    given: given.to_owned(),
                }),
            };
        }
        let origin = self.confirm.origin.clone();
        match self.confirm.value {
            Confirm::Never => Confirmation::NotNeeded,
            Confirm::Ask if asking.is_interactive && !asking.yes => Confirmation::AskEnter,
            // Where nobody can be asked, the command is the intent.
            Confirm::Ask => Confirmation::NotNeeded,
            Confirm::Name if asking.is_interactive => Confirmation::AskName,
            Confirm::Name => Confirmation::Refuse(ConfirmError::NameNeeded {
                environment,
                origin,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
