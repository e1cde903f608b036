//! Parses YAML into types and says where and why it could not, in words and with the line.
//!
//! Excerpts never show the value of a key that is not known: it may be a secret in a wrong place.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_yaml::{DeserializeError, Options};

/// A place in a file of ours, with the line itself where that may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) file: String,
    /// Counted from 1; 0 where the parser could not tell.
    pub(crate) line: u64,
    pub(crate) excerpt: Option<String>,
}

impl At {
    /// Returns the excerpt on lines of its own, or nothing: the tail of an error's text.
    pub(crate) fn below(&self) -> String {
        self.excerpt
            .as_ref()
            .map(|excerpt| format!("\n{excerpt}"))
            .unwrap_or_default()
    }
}

impl std::fmt::Display for At {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => write!(formatter, "{}", self.file),
            line => write!(formatter, "{}, line {line}", self.file),
        }
    }
}

/// Why a text could not be parsed, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    line: u64,
    column: u64,
    length: usize,
    pub(crate) problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A key that the struct does not have.
    UnknownKey {
        key: String,
        known: Vec<&'static str>,
    },
    /// Anything else, as a lowercase fragment.
    Other(String),
}

impl Fault {
    /// Makes a fault about a value that was parsed well and is wrong all the same.
    pub(crate) fn located(location: serde_yaml::Location, problem: impl Into<String>) -> Self {
        Self {
            line: location.line(),
            column: location.column(),
            length: usize::try_from(location.span().len()).unwrap_or(1),
            problem: Problem::Other(problem.into()),
        }
    }

    /// Returns the place without the line: for files that hold secrets.
    pub(crate) fn at(&self, file: &str) -> At {
        At {
            file: file.to_owned(),
            line: self.line,
            excerpt: None,
        }
    }

    /// Returns the place with its line of `text`.
    pub(crate) fn at_with_excerpt(&self, file: &str, text: &str) -> At {
        let line = usize::try_from(self.line)
            .ok()
            .and_then(|line| text.lines().nth(line.checked_sub(1)?));
        At {
            excerpt: line.map(|line| self.excerpt(line)),
            ..self.at(file)
        }
    }

    fn excerpt(&self, line: &str) -> String {
        const WIDTH: usize = 100;
        let start = usize::try_from(self.column.saturating_sub(1)).unwrap_or(0);
        let end = start.saturating_add(self.length.max(1));
        let line = hide_user_information(line);
        let shown: String = match self.problem {
            Problem::UnknownKey { .. } => line.chars().take(end).chain([':']).collect(),
            Problem::Other(_) => line.chars().take(WIDTH).collect(),
        };
        let shown = shown.trim_end().replace('\t', " ");
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let excerpt = format!("  {number} | {shown}");
        let last = shown.chars().count();
        if start >= last {
            return excerpt;
        }
        let carets = "^".repeat(end.min(last) - start);
        format!("{excerpt}\n  {margin} | {}{carets}", " ".repeat(start))
    }
}

/// Replaces `user:password@` in URLs, keeping the length so that columns stay true.
fn hide_user_information(line: &str) -> String {
    let Some((before, after)) = line.split_once("://") else {
        return line.to_owned();
    };
    let authority_end = after
        .find(|c: char| c == '/' || c.is_whitespace() || c == '"' || c == '\'')
        .unwrap_or(after.len());
    let (authority, rest) = after.split_at(authority_end);
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => format!("{}@{host}", "*".repeat(user.chars().count())),
        None => authority.to_owned(),
    };
    format!("{before}://{authority}{}", hide_user_information(rest))
}

/// Parses one document; an empty text is what `T` makes of an empty mapping.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_yaml::from_str_with_options(text, options()).map_err(|error| fault(&error))
}

/// Parses all documents of a text.
pub(crate) fn parse_all<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, Fault> {
    serde_yaml::from_multiple_with_options(text, options()).map_err(|error| fault(&error))
}

/// Deserialises a field that may be left out, but not left empty: an empty guard is a mistake.
pub(crate) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn options() -> Options {
    serde_yaml::options! { with_snippet: false }
}

/// Says in our words what the parser says.
pub(crate) fn fault(error: &DeserializeError) -> Fault {
    let location = error.location();
    Fault {
        line: location.map_or(0, |location| location.line()),
        column: location.map_or(0, |location| location.column()),
        length: location
            .and_then(|location| usize::try_from(location.span().len()).ok())
            .unwrap_or(1),
        problem: problem(error),
    }
}

fn problem(error: &DeserializeError) -> Problem {
    use DeserializeError as E;
    let text = match error.without_snippet() {
        E::SerdeUnknownField {
            field, expected, ..
        } => {
            return Problem::UnknownKey {
                key: field.clone(),
                known: expected.clone(),
            };
        }
        E::Unexpected { expected, .. } => match *expected {
            "mapping start" => "expected a mapping (`key: value`)".to_owned(),
            "sequence start" => "expected a list".to_owned(),
            "string scalar" => "expected a text".to_owned(),
            other => format!("expected {other}"),
        },
        // What was found instead is left out of these: it may be a credential.
        E::SerdeInvalidType { expected, .. } | E::SerdeInvalidValue { expected, .. } => {
            format!("expected {expected}")
        }
        E::NullIntoString { .. } | E::Eof { .. } => "the value is missing".to_owned(),
        E::InvalidBooleanStrict { .. } => "expected true or false".to_owned(),
        E::InvalidScalar { ty: "boolean", .. } => "expected true or false".to_owned(),
        E::InvalidScalar { ty, .. } => format!("expected {ty}"),
        E::DuplicateMappingKey { key: Some(key), .. } => format!("the key `{key}` is there twice"),
        E::MultipleDocuments { .. } => "more than one document".to_owned(),
        other => without_location(other),
    };
    Problem::Other(text)
}

/// Returns an error's text without the place that the parser puts at its end.
fn without_location(error: &DeserializeError) -> String {
    let text = error.to_string();
    let Some(location) = error.location() else {
        return text;
    };
    let suffix = format!(" at line {}, column {}", location.line(), location.column());
    text.strip_suffix(&suffix).unwrap_or(&text).to_owned()
}
