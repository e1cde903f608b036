//! Reads what people say on a Deployment: whether it takes part, which containers, from where.
//!
//! A value is taken as documented or not at all; what is odd is pointed at by its position.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::environment::names::nearest;
use crate::environment::prefix::Prefix;
use crate::environment::values::Strategy;
use crate::resolve::Repository;
use crate::rollout::history::{self, Key};

pub(crate) const TARGET: &str = "deploy-target";
pub(crate) const CONTAINER: &str = "deploy-target-container";
pub(crate) const REPOSITORY: &str = "github";
pub(crate) const STRATEGY: &str = "deploy-strategy";

/// No value that makes sense is longer.
const LONGEST: usize = 4096;

/// How much of a value is shown.
const SHOWN: usize = 80;

/// A value that is none of what its key may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OddValue {
    pub(crate) key: String,
    /// Its beginning, where it is long.
    pub(crate) value: String,
    /// The first odd character, counted from 1.
    pub(crate) position: usize,
    pub(crate) oddity: Oddity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Oddity {
    /// Not `true`, `1`, `false`, or `0`.
    NotYesOrNo,
    /// Quotes inside the value: quoted twice in the manifest.
    Quote,
    Blank,
    /// Nothing between two commas, or before or after one.
    Empty,
    /// An entry without `container=`.
    NoContainer,
    /// A URL, where `owner/name` is wanted.
    Url,
    /// `.git` at the end of a name.
    GitSuffix,
    NotARepository,
    /// Not a container's name.
    NotAName,
    NotAStrategy,
    TooLong,
}

/// Whether a Deployment takes part, by its annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Participation {
    Yes,
    No,
    Absent,
    Odd(OddValue),
}

/// A key that is none of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stray {
    pub(crate) key: String,
    /// The name below the prefix that it probably was meant to be.
    pub(crate) meant: Option<&'static str>,
}

/// The annotations of one object that stand under our prefix.
#[derive(Clone, Debug)]
pub(crate) struct Annotations<'a> {
    prefix: &'a Prefix,
    /// By name, without the prefix.
    values: BTreeMap<&'a str, &'a str>,
}

impl<'a> Annotations<'a> {
    /// Takes those of an object, or of any other value with `metadata`.
    pub(crate) fn of(object: &'a Value, prefix: &'a Prefix) -> Self {
        let all = object
            .pointer("/metadata/annotations")
            .and_then(Value::as_object);
        let values = all
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| {
                let name = key.strip_prefix(prefix.as_str())?.strip_prefix('/')?;
                Some((name, value.as_str()?))
            })
            .collect();
        Self { prefix, values }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    pub(crate) fn participation(&self) -> Participation {
        match self.values.get(TARGET).copied() {
            None => Participation::Absent,
            Some("true" | "1") => Participation::Yes,
            Some("false" | "0") => Participation::No,
            Some(value) => {
                let (position, oddity) =
                    first_odd(value, |_| true).unwrap_or((1, Oddity::NotYesOrNo));
                Participation::Odd(self.odd(TARGET, position, oddity))
            }
        }
    }

    /// Returns the containers that are named as targets, if any are.
    pub(crate) fn containers(&self) -> Result<Option<Vec<&'a str>>, OddValue> {
        self.entries(CONTAINER, |entry| name_fault(entry).map_or(Ok(entry), Err))
    }

    /// Returns which repository each container is built from, if the annotation is there.
    pub(crate) fn repositories(&self) -> Result<Option<Vec<(&'a str, Repository)>>, OddValue> {
        self.entries(REPOSITORY, repository_of)
    }

    pub(crate) fn strategy(&self) -> Result<Option<Strategy>, OddValue> {
        self.values
            .get(STRATEGY)
            .map(|value| {
                value.parse().map_err(|_| {
                    let (position, oddity) =
                        first_odd(value, |_| true).unwrap_or((1, Oddity::NotAStrategy));
                    self.odd(STRATEGY, position, oddity)
                })
            })
            .transpose()
    }

    /// Returns the keys that look like ours and are not.
    ///
    /// The prefix is the company's, so that only what begins with `deploy`, or nearly, is looked at.
    pub(crate) fn strays(&self) -> Vec<Stray> {
        let has_record = self.has(Key::Id.name());
        self.values
            .keys()
            .filter(|name| ![TARGET, CONTAINER, REPOSITORY, STRATEGY].contains(name))
            // `deploy-targets` is a misspelling where no record can have brought it.
            .filter(|name| !(history::is_reserved(name) && has_record))
            .filter_map(|name| {
                let meant = [TARGET, CONTAINER, STRATEGY]
                    .into_iter()
                    .find(|known| nearest(name, [*known]).is_some());
                let is_like_ours = meant.is_some() || name.starts_with("deploy");
                is_like_ours.then(|| Stray {
                    key: self.prefix.key(name),
                    meant,
                })
            })
            .collect()
    }

    /// Parses a list that is separated by commas, with blanks around them allowed.
    fn entries<T>(
        &self,
        name: &str,
        parse: impl Fn(&'a str) -> Result<T, (usize, Oddity)>,
    ) -> Result<Option<Vec<T>>, OddValue> {
        let Some(value) = self.values.get(name).copied() else {
            return Ok(None);
        };
        if value.len() > LONGEST {
            return Err(self.odd(name, SHOWN, Oddity::TooLong));
        }
        let mut parsed = Vec::new();
        let mut start = 0;
        for part in value.split(',') {
            let entry = part.trim_start_matches(' ');
            let before = start + part.chars().count() - entry.chars().count();
            let entry = entry.trim_end_matches(' ');
            let result = if entry.is_empty() {
                Err((1, Oddity::Empty))
            } else {
                parse(entry)
            };
            parsed.push(result.map_err(|(at, oddity)| self.odd(name, before + at, oddity))?);
            start += part.chars().count() + 1;
        }
        Ok(Some(parsed))
    }

    fn odd(&self, name: &str, position: usize, oddity: Oddity) -> OddValue {
        let value = self.values.get(name).copied().unwrap_or_default();
        let mut shown: String = value.chars().take(SHOWN).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        OddValue {
            key: self.prefix.key(name),
            value: shown,
            position,
            oddity,
        }
    }
}

/// Parses `container=owner/name`.
fn repository_of(entry: &str) -> Result<(&str, Repository), (usize, Oddity)> {
    let Some((container, slug)) = entry.split_once('=') else {
        let (position, oddity) = first_odd(entry, |_| true).unwrap_or((1, Oddity::NoContainer));
        return Err((position, oddity));
    };
    if let Some(fault) = name_fault(container) {
        return Err(fault);
    }
    let offset = container.chars().count() + 1;
    let (position, oddity) = match Repository::parse_slug(slug) {
        _ if slug.contains("://") || slug.starts_with("git@") => (1, Oddity::Url),
        _ if slug.ends_with(".git") => (slug.chars().count() - 3, Oddity::GitSuffix),
        Ok(repository) => return Ok((container, repository)),
        Err(_) => first_odd(slug, |_| true).unwrap_or((1, Oddity::NotARepository)),
    };
    Err((offset + position, oddity))
}

/// Returns what keeps a text from being a container's name, and where.
fn name_fault(text: &str) -> Option<(usize, Oddity)> {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match text {
        "" => Some((1, Oddity::Empty)),
        _ if text.starts_with('-') => Some((1, Oddity::NotAName)),
        _ => first_odd(text, is_allowed),
    }
}

/// Returns the first character that is a quote, a blank, or not allowed.
fn first_odd(text: &str, is_allowed: impl Fn(char) -> bool) -> Option<(usize, Oddity)> {
    text.chars().enumerate().find_map(|(index, character)| {
        let oddity = match character {
            '"' | '\'' | '`' => Oddity::Quote,
            _ if character.is_whitespace() => Oddity::Blank,
            _ if !is_allowed(character) => Oddity::NotAName,
            _ => return None,
        };
        Some((index + 1, oddity))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn prefix() -> Prefix {
        "example.com".parse().unwrap()
    }

    fn with<T>(name: &str, value: &str, read: impl FnOnce(&Annotations<'_>) -> T) -> T {
        let object = json!({"metadata": {"annotations": {format!("example.com/{name}"): value}}});
        read(&Annotations::of(&object, &prefix()))
    }

    #[test]
    fn taking_part_is_true_or_one() {
        let participation = |value| with(TARGET, value, |annotations| annotations.participation());
        for value in ["true", "1"] {
            assert_eq!(participation(value), Participation::Yes);
        }
        for value in ["false", "0"] {
            assert_eq!(participation(value), Participation::No);
        }
        for (value, position, oddity) in [
            ("True", 1, Oddity::NotYesOrNo),
            ("yes", 1, Oddity::NotYesOrNo),
            ("on", 1, Oddity::NotYesOrNo),
            ("", 1, Oddity::NotYesOrNo),
            ("\"true\"", 1, Oddity::Quote),
            ("true ", 5, Oddity::Blank),
            ("true\n", 5, Oddity::Blank),
        ] {
            match participation(value) {
                Participation::Odd(odd) => {
                    assert_eq!((odd.position, odd.oddity), (position, oddity), "{value:?}");
                }
                other => panic!("{value:?}: {other:?}"),
            }
        }
        let absent = json!({"metadata": {}});
        let prefix = prefix();
        assert_eq!(
            Annotations::of(&absent, &prefix).participation(),
            Participation::Absent
        );
    }

    #[test]
    fn containers_are_separated_by_commas() {
        for (value, expected) in [
            ("rails", Ok(vec!["rails"])),
            ("rails,worker", Ok(vec!["rails", "worker"])),
            (
                "rails, worker ,db-migrate",
                Ok(vec!["rails", "worker", "db-migrate"]),
            ),
            ("", Err((1, Oddity::Empty))),
            ("rails,", Err((7, Oddity::Empty))),
            (",rails", Err((1, Oddity::Empty))),
            ("rails worker", Err((6, Oddity::Blank))),
            ("rails,\"worker\"", Err((7, Oddity::Quote))),
            ("Rails", Err((1, Oddity::NotAName))),
            ("rails=wantedly/rails", Err((6, Oddity::NotAName))),
            ("ünï", Err((1, Oddity::NotAName))),
            ("-rails", Err((1, Oddity::NotAName))),
        ] {
            let read = with(CONTAINER, value, |annotations| {
                annotations.containers().map(|names| {
                    names
                        .unwrap()
                        .iter()
                        .map(|name| (*name).to_owned())
                        .collect()
                })
            });
            let read: Result<Vec<String>, _> = read.map_err(|odd| (odd.position, odd.oddity));
            let expected = expected.map(|names| names.into_iter().map(str::to_owned).collect());
            assert_eq!(read, expected, "{value:?}");
        }
    }

    #[test]
    fn repositories_are_named_by_container() {
        for (value, expected) in [
            ("rails=wantedly/rails", Ok("rails:wantedly/rails")),
            ("rails=a/b,proxy=c/d", Ok("rails:a/b proxy:c/d")),
            ("rails=a/b, proxy=c/d", Ok("rails:a/b proxy:c/d")),
            ("a/b", Err((1, Oddity::NoContainer))),
            ("rails=a/b,c/d", Err((11, Oddity::NoContainer))),
            ("=a/b", Err((1, Oddity::Empty))),
            ("rails=", Err((7, Oddity::NotARepository))),
            ("rails=a", Err((7, Oddity::NotARepository))),
            ("rails=a/b/c", Err((7, Oddity::NotARepository))),
            ("rails=https://github.com/a/b", Err((7, Oddity::Url))),
            ("rails=git@github.com:a/b.git", Err((7, Oddity::Url))),
            ("rails=a/b.git", Err((10, Oddity::GitSuffix))),
            ("rails='a/b'", Err((7, Oddity::Quote))),
            ("\"rails=a/b\"", Err((1, Oddity::Quote))),
            ("rails = a/b", Err((6, Oddity::Blank))),
            ("rails= a/b", Err((7, Oddity::Blank))),
            ("rails=a/b ,x", Err((12, Oddity::NoContainer))),
        ] {
            let read = with(REPOSITORY, value, |annotations| {
                annotations.repositories().map(|entries| {
                    let entries = entries.unwrap().into_iter();
                    let entries = entries.map(|(name, repository)| format!("{name}:{repository}"));
                    entries.collect::<Vec<_>>().join(" ")
                })
            });
            let read = read.map_err(|odd| (odd.position, odd.oddity));
            assert_eq!(read, expected.map(str::to_owned), "{value:?}");
        }
    }

    #[test]
    fn the_strategy_is_one_of_three() {
        let strategy = |value| with(STRATEGY, value, |annotations| annotations.strategy());
        assert_eq!(strategy("keep"), Ok(Some(Strategy::Keep)));
        assert_eq!(strategy("kept").unwrap_err().oddity, Oddity::NotAStrategy);
        assert_eq!(strategy("'keep'").unwrap_err().oddity, Oddity::Quote);
    }

    #[test]
    fn a_long_value_is_neither_read_nor_shown() {
        let odd = with(CONTAINER, &"x".repeat(200_000), |annotations| {
            annotations.containers().unwrap_err()
        });
        assert_eq!(odd.oddity, Oddity::TooLong);
        assert!(odd.value.len() < 100);
    }

    #[test]
    fn strays_are_keys_that_look_like_ours() {
        for (name, expected) in [
            ("deploy-traget", Some(Some(TARGET))),
            ("Deploy-Target", Some(Some(TARGET))),
            ("deploy-targets", Some(Some(TARGET))),
            ("deploytarget", Some(Some(TARGET))),
            ("deploy-target-contaner", Some(Some(CONTAINER))),
            ("deploy-stategy", Some(Some(STRATEGY))),
            ("deploy-container", Some(None)),
            ("deploy-log", Some(None)),
            ("gitlab", None),
            ("owner", None),
            ("deploy-target", None),
            ("github", None),
        ] {
            let strays = with(name, "true", |annotations| annotations.strays());
            let meant = strays.first().map(|stray| stray.meant);
            assert_eq!(meant, expected, "{name}");
        }
    }

    #[test]
    fn the_keys_of_a_record_are_no_strays() {
        let keys = Key::ALL.map(|key| (format!("example.com/{}", key.name()), "1".to_owned()));
        let object = json!({"metadata": {"annotations": BTreeMap::from(keys)}});
        assert_eq!(Annotations::of(&object, &prefix()).strays(), []);
    }

    #[test]
    fn other_prefixes_do_not_count() {
        let object = json!({"metadata": {"annotations": {
            "example.com.evil/deploy-target": "true",
            "other.com/deploy-target": "true",
            "example.comdeploy-target": "true",
        }}});
        let prefix = prefix();
        let annotations = Annotations::of(&object, &prefix);
        assert_eq!(annotations.participation(), Participation::Absent);
        assert_eq!(annotations.strays(), []);
    }
}
