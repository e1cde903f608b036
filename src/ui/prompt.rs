//! Questions to a person at a terminal, and the rule for when there is one.
//!
//! Never asks a pipe: where nobody can answer, the caller refuses and names the flag that does.

use std::time::Duration;

use dialoguer::theme::SimpleTheme;
use dialoguer::{Confirm, Input, Select};

use super::sanitize::sanitize_line;
use crate::error::{Error, Kind};
use crate::surroundings::{Terminal, Variables};

/// An unanswered question is a no.
const ANSWER_WITHIN: Duration = Duration::from_secs(600);

/// Returns whether a person can be asked: stderr is a terminal, `/dev/tty` opens, `CI` is unset or
/// false, and `--no-input` was not given.
pub(crate) fn is_interactive(terminal: Terminal, variables: &Variables, no_input: bool) -> bool {
    terminal.stderr && terminal.can_ask && !variables.is_on("CI") && !no_input
}

/// Asks for Enter or `y`; anything else, and silence for ten minutes, is a no.
pub(crate) async fn confirm(question: &str) -> Result<bool, Error> {
    let question = sanitize_line(question);
    ask(move || {
        Confirm::with_theme(&SimpleTheme)
            .with_prompt(question)
            .default(true)
            .interact()
    })
    .await
    .map(|answer| answer.unwrap_or(false))
}

/// Asks for the name to be typed.
pub(crate) async fn confirm_name(question: &str, name: &str) -> Result<bool, Error> {
    let question = sanitize_line(question);
    let answer = ask(move || {
        Input::<String>::with_theme(&SimpleTheme)
            .with_prompt(question)
            .allow_empty(true)
            .interact_text()
    })
    .await?;
    Ok(answer.is_some_and(|answer| answer.trim() == name))
}

/// Asks to choose one of the items; `None` when nothing was chosen.
pub(crate) async fn choose(question: &str, items: &[String]) -> Result<Option<usize>, Error> {
    let question = sanitize_line(question);
    let items: Vec<String> = items.iter().map(|item| sanitize_line(item)).collect();
    ask(move || {
        Select::with_theme(&SimpleTheme)
            .with_prompt(question)
            .items(&items)
            .default(0)
            .interact_opt()
    })
    .await
    .map(Option::flatten)
}

/// Runs a question off the runtime's workers; `None` when it was not answered in time.
async fn ask<Answer: Send + 'static>(
    question: impl FnOnce() -> dialoguer::Result<Answer> + Send + 'static,
) -> Result<Option<Answer>, Error> {
    let asked = tokio::task::spawn_blocking(move || {
        flush_typed_ahead();
        question()
    });
    match tokio::time::timeout(ANSWER_WITHIN, asked).await {
        Err(_elapsed) => Ok(None),
        Ok(Err(panicked)) => Err(Error::new(Kind::Internal, panicked)),
        Ok(Ok(Err(unreadable))) => Err(Error::new(Kind::Refused, unreadable)
            .hint("Answer on a terminal, or give the answer with --yes or --confirm.")),
        Ok(Ok(Ok(answer))) => Ok(Some(answer)),
    }
}

/// Drops keys that were pressed before the question was shown.
fn flush_typed_ahead() {
    if let Ok(terminal) = std::fs::File::open("/dev/tty") {
        let _not_a_terminal =
            rustix::termios::tcflush(&terminal, rustix::termios::QueueSelector::IFlush);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn somebody_can_be_asked_only_at_a_terminal_outside_of_ci() {
        let terminal = Terminal {
            stdout: false,
            stderr: true,
            can_ask: true,
        };
        let in_ci = Variables(BTreeMap::from([("CI".to_owned(), "true".to_owned())]));
        let not_ci = Variables(BTreeMap::from([("CI".to_owned(), "false".to_owned())]));
        assert!(is_interactive(terminal, &Variables::default(), false));
        assert!(is_interactive(terminal, &not_ci, false));
        assert!(!is_interactive(terminal, &in_ci, false));
        assert!(!is_interactive(terminal, &Variables::default(), true));
        assert!(!is_interactive(
            Terminal {
                stderr: false,
                ..terminal
            },
            &Variables::default(),
            false
        ));
        assert!(!is_interactive(
            Terminal {
                can_ask: false,
                ..terminal
            },
            &Variables::default(),
            false
        ));
    }
}
