//! Writes a chosen context into the text of the user's configuration, leaving all else as it is.
//!
//! Text in, text out. The result is parsed again and must say exactly what was meant; a file whose
//! shape the insertion does not fit is left to its owner, with the lines to add.

use super::choose::Place;
use super::cluster_identity::{Authority, Pin};
use super::config::{ConfigError, Contexts, UserConfig};
use super::values::EnvironmentName;
use crate::error::{Error, Kind};

const SECTION: &str = "environments:";

/// What is to be remembered about an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    environment: EnvironmentName,
    context: String,
    server: String,
    /// `None` where nothing vouches for the server.
    authority: Option<Authority>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeepError {
    /// The configuration has faults already.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Written in a way that lines cannot be inserted into.
    #[error("{file} is written in a way that cannot be added to")]
    Shape { file: String, lines: String },
}

impl From<KeepError> for Error {
    fn from(error: KeepError) -> Self {
        match error {
            KeepError::Config(config) => config.into(),
            KeepError::Shape { ref lines, .. } => {
                let hint = format!("Add these lines yourself:\n{lines}");
                Self::new(Kind::Refused, error).hint(hint)
            }
        }
    }
}

impl Kept {
    pub(crate) fn new(environment: EnvironmentName, place: &Place) -> Self {
        let authority = &place.identity.authority;
        Self {
            environment,
            context: place.source.context_name().to_owned(),
            server: place.identity.server.clone(),
            authority: (*authority != Authority::Unverified).then(|| authority.clone()),
        }
    }

    /// Returns `text`, the content of `file`, with the environment's context, server, and
    /// certificate authority in it. `commands` are the words that cannot be environments.
    pub(crate) fn add_to(
        &self,
        file: &str,
        text: &str,
        commands: &[&str],
    ) -> Result<String, KeepError> {
        let mut expected = UserConfig::parse(file, text, commands)?;
        let settings = expected
            .environments
            .entry(self.environment.clone())
            .or_default();
        settings.contexts = Contexts::One(self.context.clone());
        settings.pin = Pin {
            server: Some(self.server.clone()),
            authority: self.authority.clone(),
        };
        let edited = self.insert(text);
        match UserConfig::parse(file, &edited, commands) {
            Ok(config) if config == expected => Ok(edited),
            Ok(_) | Err(_) => Err(KeepError::Shape {
                file: file.to_owned(),
                lines: self.section("\n"),
            }),
        }
    }

    fn insert(&self, text: &str) -> String {
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let is_section = |line: &&str| {
            let line = without_comment(line);
            line == SECTION || line == "environments: {}"
        };
        let Some(section) = lines.iter().position(is_section) else {
            let gap = if text.is_empty() || text.ends_with('\n') {
                ""
            } else {
                end
            };
            return format!("{text}{gap}{}", self.section(end));
        };
        let indent = lines
            .iter()
            .skip(section + 1)
            .find(|line| !without_comment(line).is_empty())
            .map(|line| indentation(line))
            .filter(|indent| !indent.is_empty())
            .unwrap_or("  ");
        let entry = format!("{indent}{}:", yaml_text(self.environment.as_str()));
        let own = lines
            .iter()
            .skip(section + 1)
            .position(|line| without_comment(line) == entry)
            .map(|offset| section + 1 + offset);
        let mut edited = String::with_capacity(text.len() + 200);
        for (number, line) in lines.iter().enumerate() {
            if number == section {
                edited.push_str(&line.replacen("environments: {}", SECTION, 1));
            } else {
                edited.push_str(line);
            }
            if number == own.unwrap_or(section) {
                if !line.ends_with('\n') {
                    edited.push_str(end);
                }
                match own {
                    None => edited.push_str(&self.entry(indent, end)),
                    Some(own) => {
                        let inner = lines
                            .get(own + 1)
                            .map(|line| indentation(line))
                            .filter(|inner| inner.len() > indent.len())
                            .map_or_else(|| indent.repeat(2), str::to_owned);
                        edited.push_str(&self.fields(&inner, end));
                    }
                }
            }
        }
        edited
    }

    fn section(&self, end: &str) -> String {
        format!("{SECTION}{end}{}", self.entry("  ", end))
    }

    fn entry(&self, indent: &str, end: &str) -> String {
        let name = yaml_text(self.environment.as_str());
        format!(
            "{indent}{name}:{end}{}",
            self.fields(&indent.repeat(2), end)
        )
    }

    fn fields(&self, indent: &str, end: &str) -> String {
        let authority = self.authority.as_ref().map(ToString::to_string);
        let fields = [
            ("context", Some(&self.context)),
            ("server", Some(&self.server)),
            ("certificate-authority", authority.as_ref()),
        ];
        fields
            .into_iter()
            .filter_map(|(key, value)| value.map(|value| (key, value)))
            .map(|(key, value)| format!("{indent}{key}: {}{end}", yaml_text(value)))
            .collect()
    }
}

fn indentation(line: &str) -> &str {
    let rest = line.trim_start_matches(' ');
    line.get(..line.len() - rest.len()).unwrap_or_default()
}

/// Returns a line without its comment and the space at its end.
fn without_comment(line: &str) -> &str {
    let line = match line.trim_start().starts_with('#') {
        true => "",
        false => line.split(" #").next().unwrap_or_default(),
    };
    line.trim_end()
}

/// Returns a text as a YAML scalar; JSON's quoting is YAML's.
fn yaml_text(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    let starts_plain = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    match starts_plain && !is_word && !text.ends_with(':') && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => serde_json::Value::from(text).to_string(),
    }
}

#[cfg(test)]
mod tests;
