//! Writers by purpose, styles, and prompts: the only way for text to leave the program.
//!
//! Every text passes the sanitiser on its way out, so cluster, git, and GitHub cannot speak to the
//! terminal. A closed or full stream never fails a run.

pub(crate) mod prompt;
pub(crate) mod sanitize;

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use colored::Colorize;

use crate::surroundings::{Terminal, Variables};
use sanitize::sanitize_line;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// Colours on a terminal, unless a variable says otherwise
    #[default]
    Auto,
    /// Colours everywhere
    Always,
    /// No colours
    Never,
}

/// What a piece of text means; colour only repeats what the words say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Strong,
    Faint,
    Good,
    Bad,
    Warning,
    Added,
    Removed,
    /// What makes an added line differ from the removed one.
    AddedPart,
    RemovedPart,
}

/// Text made of styled pieces, written as one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line(Vec<(Style, String)>);

impl Line {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub(crate) fn with(mut self, style: Style, text: impl Into<String>) -> Self {
        self.0.push((style, text.into()));
        self
    }

    #[must_use]
    pub(crate) fn plain(self, text: impl Into<String>) -> Self {
        self.with(Style::Plain, text)
    }
}

/// Prints the text without its styles.
impl fmt::Display for Line {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|(_, text)| formatter.write_str(text))
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Line::new().plain(text)
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Line::new().plain(text)
    }
}

/// One output stream with its habits.
struct Stream {
    writer: Box<dyn Write + Send>,
    is_colored: bool,
    /// Text at the start of a line must not become a workflow command (GitHub Actions `::error::`).
    guards_commands: bool,
}

impl Stream {
    fn line(&mut self, line: &Line) {
        let mut text = String::new();
        for (style, piece) in &line.0 {
            let piece = sanitize_line(piece);
            if self.is_colored {
                text.push_str(&paint(*style, &piece));
            } else {
                text.push_str(&piece);
            }
        }
        if self.guards_commands {
            text = sanitize::defuse_command(&text);
        }
        text.push('\n');
        self.raw(text.as_bytes());
    }

    /// A reader that went away, or a full disk, is no reason to lose sight of a rollout.
    fn raw(&mut self, bytes: &[u8]) {
        let _closed = self
            .writer
            .write_all(bytes)
            .and_then(|()| self.writer.flush());
    }
}

fn paint(style: Style, text: &str) -> String {
    let painted = match style {
        Style::Plain => return text.to_owned(),
        Style::Strong => text.bold(),
        Style::Faint => text.dimmed(),
        Style::Good | Style::Added => text.green(),
        Style::Bad => text.red().bold(),
        Style::Warning => text.yellow(),
        Style::Removed => text.red(),
        Style::AddedPart => text.green().bold().underline(),
        Style::RemovedPart => text.red().bold().underline(),
    };
    painted.to_string()
}

/// The program's voice: data to stdout, everything else to stderr. Clones speak as one.
#[derive(Clone)]
pub(crate) struct Ui {
    out: Arc<Mutex<Stream>>,
    err: Arc<Mutex<Stream>>,
}

impl Ui {
    pub(crate) fn new(terminal: Terminal, variables: &Variables, choice: ColorChoice) -> Self {
        // The crate decides once for both streams and from stdout alone; each stream decides here.
        colored::control::set_override(true);
        let guards_commands = variables.is_on("GITHUB_ACTIONS");
        let stream = |writer: Box<dyn Write + Send>, is_terminal| {
            Arc::new(Mutex::new(Stream {
                writer,
                is_colored: is_colored(choice, variables, is_terminal),
                guards_commands,
            }))
        };
        Self {
            out: stream(Box::new(io::stdout()), terminal.stdout),
            err: stream(Box::new(io::stderr()), terminal.stderr),
        }
    }

    /// Writes one line of what was asked for: the diff, a table, the contract lines.
    pub(crate) fn data(&self, line: impl Into<Line>) {
        self.out.lock_anyway().line(&line.into());
    }

    /// Writes a JSON document or event on one line, with all that could act on a terminal escaped.
    pub(crate) fn json(&self, value: &serde_json::Value) {
        let mut text = sanitize::json_text(value);
        text.push('\n');
        self.out.lock_anyway().raw(text.as_bytes());
    }

    /// Writes one line of narration.
    pub(crate) fn say(&self, line: impl Into<Line>) {
        self.err.lock_anyway().line(&line.into());
    }

    pub(crate) fn warn(&self, text: &str) {
        self.labelled(Style::Warning, "warning", text);
    }

    /// Writes advice, each line of it as one.
    pub(crate) fn hint(&self, text: &str) {
        let mut lines = text.lines();
        self.labelled(Style::Strong, "hint", lines.next().unwrap_or_default());
        for line in lines {
            self.say(format!("      {line}"));
        }
    }

    /// Writes an error, its causes, and its hints.
    pub(crate) fn error(&self, error: &crate::error::Error) {
        for (number, text) in error.chain().iter().enumerate() {
            let mut lines = text.lines();
            let first = lines.next().unwrap_or_default();
            if number == 0 {
                self.labelled(Style::Bad, "error", first);
            } else {
                self.say(format!("  caused by: {first}"));
            }
            for line in lines {
                self.say(format!("  {line}"));
            }
        }
        for hint in &error.hints {
            self.hint(hint);
        }
    }

    /// Says where this program itself went wrong. Waits for nobody: the one who panicked may be
    /// writing.
    pub(crate) fn panicked(&self, place: &str) {
        if let Ok(mut stream) = self.err.try_lock() {
            let text = format!(": kube failed unexpectedly at {place}; please report it");
            stream.line(&Line::new().with(Style::Bad, "error").plain(text));
        }
    }

    /// Writes text that clap has laid out, which holds only our own words and the arguments.
    pub(crate) fn clap(&self, error: &clap::Error) {
        let text = error.render();
        let stream = if error.use_stderr() {
            &self.err
        } else {
            &self.out
        };
        let mut stream = stream.lock_anyway();
        let text = if stream.is_colored {
            text.ansi().to_string()
        } else {
            text.to_string()
        };
        stream.raw(text.as_bytes());
    }

    fn labelled(&self, style: Style, label: &str, text: &str) {
        self.say(Line::new().with(style, label).plain(format!(": {text}")));
    }
}

/// A writer that panicked elsewhere is still the only one there is.
trait LockAnyway<T> {
    fn lock_anyway(&self) -> std::sync::MutexGuard<'_, T>;
}

impl<T> LockAnyway<T> for Mutex<T> {
    fn lock_anyway(&self) -> std::sync::MutexGuard<'_, T> {
        self.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `--color` beats `NO_COLOR` beats `CLICOLOR_FORCE` beats the terminal.
fn is_colored(choice: ColorChoice, variables: &Variables, is_terminal: bool) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            if variables.filled("NO_COLOR").is_some() {
                false
            } else if variables.is_on("CLICOLOR_FORCE") {
                true
            } else {
                is_terminal
                    && variables.filled("TERM") != Some("dumb")
                    && variables.filled("CLICOLOR") != Some("0")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn color_flag_beats_no_color_beats_force_beats_terminal() {
        use ColorChoice::{Always, Auto, Never};
        for (choice, variables, is_terminal, expected) in [
            (Auto, &[][..], true, true),
            (Auto, &[], false, false),
            (Auto, &[("NO_COLOR", "1")], true, false),
            (Auto, &[("NO_COLOR", "")], true, true),
            (
                Auto,
                &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")],
                true,
                false,
            ),
            (Auto, &[("CLICOLOR_FORCE", "1")], false, true),
            (Auto, &[("CLICOLOR_FORCE", "0")], false, false),
            (Auto, &[("CLICOLOR", "0")], true, false),
            (Auto, &[("TERM", "dumb")], true, false),
            (Always, &[("NO_COLOR", "1")], false, true),
            (Never, &[("CLICOLOR_FORCE", "1")], true, false),
        ] {
            let map = variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect::<BTreeMap<_, _>>();
            assert_eq!(
                is_colored(choice, &Variables(map), is_terminal),
                expected,
                "{choice:?} {variables:?} terminal {is_terminal}"
            );
        }
    }
}
