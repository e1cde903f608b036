//! Reads the policy annotations of a Namespace; all faults are reported together.
//!
//! A misspelt guard is a fault, not a guard that silently is not there.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::super::names::nearest;
use super::super::prefix::Prefix;
use super::super::values::{BadValue, BranchPattern, Busy, OnFailure, Strategy};
use super::{Note, Origin, Setting};
use crate::error::{Error, Kind};

const PROTECTED: &str = "deploy-protected";
const BRANCHES: &str = "deploy-branches";
const ON_FAILURE: &str = "deploy-on-failure";
const BUSY: &str = "deploy-busy";
const STRATEGY: &str = "deploy-strategy";
const FROZEN_UNTIL: &str = "deploy-frozen-until";
const MINIMUM_VERSION: &str = "deploy-minimum-version";

/// All policy annotations, without the prefix.
pub(crate) const NAMES: [&str; 7] = [
    PROTECTED,
    BRANCHES,
    ON_FAILURE,
    BUSY,
    STRATEGY,
    FROZEN_UNTIL,
    MINIMUM_VERSION,
];

/// What our own annotations begin with.
const OURS: &str = "deploy-";
/// Annotations of Deployments, which no misspelling of a policy can be taken for.
const OF_DEPLOYMENTS: [&str; 14] = [
    "deploy-target",
    "deploy-target-container",
    "deploy-id",
    "deploy-action",
    "deploy-ref",
    "deploy-sha",
    "deploy-user",
    "deployed-at",
    "deploy-reason",
    "deploy-tool",
    "deploy-set",
    "deploy-targets",
    "deploy-before",
    "deploy-log",
];

/// What a Namespace says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stated {
    pub(super) protected: Option<Setting<bool>>,
    pub(super) branches: Option<Setting<Vec<BranchPattern>>>,
    pub(super) on_failure: Option<Setting<OnFailure>>,
    pub(super) busy: Option<Setting<Busy>>,
    pub(super) strategy: Option<Setting<Strategy>>,
    pub(super) frozen_until: Option<Setting<Freeze>>,
    pub(super) minimum_version: Option<Setting<Version>>,
}

/// Until when nothing is deployed, and why: `2026-12-27T08:00:00Z`, a space, any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Freeze {
    pub(crate) until: Timestamp,
    pub(crate) reason: Option<String>,
}

impl FromStr for Freeze {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (time, reason) = match text.split_once(char::is_whitespace) {
            Some((time, reason)) => (time, Some(reason.trim().to_owned())),
            None => (text, None),
        };
        let until = time.parse().map_err(|_| {
            format!(
                "`{}` is no time with its zone, such as 2026-12-27T08:00:00Z",
                shown(time)
            )
        })?;
        Ok(Self { until, reason })
    }
}

/// A version of this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    major: u64,
    minor: u64,
    patch: u64,
}

impl FromStr for Version {
    type Err = String;

    /// Accepts `1`, `1.2`, `1.2.3`, each with a `v` before it; a pre-release counts as its release.
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{}` is no version such as 1.2.3", shown(text));
        let trimmed = text.trim();
        let release = trimmed.strip_prefix('v').unwrap_or(trimmed);
        let release = release.split(['-', '+']).next().unwrap_or_default();
        let mut numbers = [0; 3];
        let mut parts = release.split('.');
        for (index, number) in numbers.iter_mut().enumerate() {
            match parts.next() {
                Some(part) => *number = part.parse().map_err(|_| bad())?,
                None if index == 0 => return Err(bad()),
                None => {}
            }
        }
        match (numbers, parts.next()) {
            ([major, minor, patch], None) => Ok(Self {
                major,
                minor,
                patch,
            }),
            (_, Some(_)) => Err(bad()),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Policy annotations that make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the policy of namespace `{namespace}` makes no sense:{}", list(.faults))]
pub(crate) struct PolicyError {
    pub(crate) namespace: String,
    pub(crate) faults: Vec<AnnotationFault>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AnnotationFault {
    /// The value is none of those that the annotation can have.
    Value { key: String, problem: String },
    /// The key is nearly one of ours.
    Misspelt { key: String, meant: String },
}

fn list(faults: &[AnnotationFault]) -> String {
    let lines: Vec<String> = faults
        .iter()
        .map(|fault| match fault {
            AnnotationFault::Value { key, problem } => format!("\n  {key}: {problem}"),
            AnnotationFault::Misspelt { key, meant } => {
                format!("\n  {}: not known, nearest is {meant}", shown(key))
            }
        })
        .collect();
    lines.concat()
}

impl From<PolicyError> for Error {
    fn from(error: PolicyError) -> Self {
        let hints: Vec<String> = error
            .faults
            .iter()
            .filter_map(|fault| match fault {
                AnnotationFault::Misspelt { key, meant } => Some(format!(
                    "Did you mean `{meant}` instead of `{}`?",
                    shown(key)
                )),
                AnnotationFault::Value { .. } => None,
            })
            .collect();
        let correct = format!(
            "Correct the annotations: kubectl edit namespace {}",
            error.namespace
        );
        hints
            .into_iter()
            .chain([correct])
            .fold(Self::new(Kind::Refused, error), Self::hint)
    }
}

/// Reads what the annotations under `prefix` say.
///
/// `deploy-protected` counts under every prefix: to name another prefix must not lift it.
pub(super) fn read(
    namespace: &str,
    annotations: &BTreeMap<String, String>,
    prefix: &Prefix,
    notes: &mut Vec<Note>,
) -> Result<Stated, PolicyError> {
    let mut reader = Reader {
        namespace,
        annotations,
        prefix,
        faults: Vec::new(),
    };
    let protected = match reader.setting(PROTECTED, boolean) {
        Some(own) if own.value => Some(own),
        own => reader.protected_under_another_prefix().or(own),
    };
    let stated = Stated {
        protected,
        branches: reader.setting(BRANCHES, branches),
        on_failure: reader.setting(ON_FAILURE, word),
        busy: reader.setting(BUSY, word),
        strategy: reader.setting(STRATEGY, word),
        frozen_until: reader.setting(FROZEN_UNTIL, str::parse),
        minimum_version: reader.setting(MINIMUM_VERSION, str::parse),
    };
    reader.unknown(notes);
    match reader.faults.is_empty() {
        true => Ok(stated),
        false => Err(PolicyError {
            namespace: namespace.to_owned(),
            faults: reader.faults,
        }),
    }
}

/// Tells whether a Namespace says, under whatever prefix, that it is protected.
pub(super) fn is_protected_under_any_prefix(annotations: &BTreeMap<String, String>) -> bool {
    annotations.iter().any(|(key, value)| {
        matches!(key.rsplit_once('/'), Some((_, PROTECTED))) && boolean(value) == Ok(true)
    })
}

struct Reader<'a> {
    namespace: &'a str,
    annotations: &'a BTreeMap<String, String>,
    prefix: &'a Prefix,
    faults: Vec<AnnotationFault>,
}

impl Reader<'_> {
    fn setting<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Setting<T>> {
        let key = self.prefix.key(name);
        let value = self.annotations.get(&key)?;
        match parse(value) {
            Ok(value) => Some(Setting {
                value,
                origin: self.origin(key),
            }),
            Err(problem) => {
                self.faults.push(AnnotationFault::Value { key, problem });
                None
            }
        }
    }

    fn protected_under_another_prefix(&self) -> Option<Setting<bool>> {
        let own = self.prefix.key(PROTECTED);
        self.annotations
            .iter()
            .filter(|(key, _)| **key != own)
            .find(|(key, value)| {
                matches!(key.rsplit_once('/'), Some((_, PROTECTED))) && boolean(value) == Ok(true)
            })
            .map(|(key, _)| Setting {
                value: true,
                origin: self.origin(key.clone()),
            })
    }

    fn origin(&self, key: String) -> Origin {
        Origin::Namespace {
            namespace: self.namespace.to_owned(),
            key,
        }
    }

    /// Looks for keys that are meant to be ours and are not read.
    fn unknown(&mut self, notes: &mut Vec<Note>) {
        for key in self.annotations.keys() {
            let Some((prefix, name)) = key.rsplit_once('/') else {
                continue;
            };
            if NAMES.contains(&name) {
                if prefix != self.prefix.as_str() && name != PROTECTED {
                    notes.push(Note::OtherPrefix { key: key.clone() });
                }
                continue;
            }
            if prefix != self.prefix.as_str() {
                continue;
            }
            let meant = match OF_DEPLOYMENTS.contains(&name) {
                true => None,
                false => nearest(name, NAMES),
            };
            match meant {
                Some(meant) => self.faults.push(AnnotationFault::Misspelt {
                    key: key.clone(),
                    meant: self.prefix.key(meant),
                }),
                None if name.starts_with(OURS) => {
                    notes.push(Note::UnknownAnnotation { key: key.clone() });
                }
                None => {}
            }
        }
    }
}

fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        other => Err(format!("`{}` is neither true nor false", shown(other))),
    }
}

fn word<T: FromStr<Err = BadValue>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|bad: BadValue| bad.to_string())
}

fn branches(text: &str) -> Result<Vec<BranchPattern>, String> {
    text.split(',')
        .map(|pattern| word(pattern.trim()))
        .collect()
}

/// Shows a foreign text in an error: escaped, and cut where it is long.
fn shown(text: &str) -> String {
    text.escape_debug().take(80).collect()
}

#[cfg(test)]
mod tests;
