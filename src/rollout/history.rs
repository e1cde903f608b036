//! The record of a deploy, kept in annotations of the Deployment it changed: format, and what is
//! believed of it.
//!
//! Values only. Everybody who may edit the Deployment may edit these annotations, so reading takes
//! what makes sense and drops the rest.

pub(crate) mod log;
mod past;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use super::ProgressingStamp;
use crate::environment::prefix::Prefix;
use log::Log;
pub(crate) use past::{Belief, Past, elapsed};
use text::{cut, escape, unescape};

/// How many bytes the record may take without its log, keys included.
pub(crate) const MOST_BYTES: usize = 2 * 1024;

/// A condition's reason and time are about 50 bytes; anything else is not the controller's.
const LONGEST_STAMP: usize = 200;

/// The annotations, below the prefix, that only this tool writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Id,
    Action,
    Reference,
    Sha,
    User,
    At,
    Reason,
    Tool,
    Set,
    Targets,
    Before,
    Log,
}

impl Key {
    pub(crate) const ALL: [Self; 12] = [
        Self::Id,
        Self::Action,
        Self::Reference,
        Self::Sha,
        Self::User,
        Self::At,
        Self::Reason,
        Self::Tool,
        Self::Set,
        Self::Targets,
        Self::Before,
        Self::Log,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "deploy-id",
            Self::Action => "deploy-action",
            Self::Reference => "deploy-ref",
            Self::Sha => "deploy-sha",
            Self::User => "deploy-user",
            Self::At => "deployed-at",
            Self::Reason => "deploy-reason",
            Self::Tool => "deploy-tool",
            Self::Set => "deploy-set",
            Self::Targets => "deploy-targets",
            Self::Before => "deploy-before",
            Self::Log => "deploy-log",
        }
    }
}

/// Tells whether the name, without its prefix, is one that people must not use.
pub(crate) fn is_reserved(name: &str) -> bool {
    Key::ALL.into_iter().any(|key| key.name() == name)
}

/// Returns free text as one harmless line of at most `limit` bytes.
pub(crate) fn one_line(text: &str, limit: usize) -> String {
    escape(&cut(text, limit))
}

/// What one deploy is called by: 64 random bits as 16 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DeployId(String);

impl DeployId {
    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(format!("{bits:016x}"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeployId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no deploy id of 16 hexadecimal digits", .0.escape_debug())]
pub(crate) struct BadId(String);

impl FromStr for DeployId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 16 && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadId(text.chars().take(40).collect()))
        }
    }
}

/// What a write was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Action {
    Deploy,
    Rollback,
    Reload,
}

impl Action {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
            Self::Reload => "reload",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Deploy, Self::Rollback, Self::Reload]
            .into_iter()
            .find(|action| action.as_str() == text)
    }
}

/// One value that a deploy set outside the pod template, and what stood there before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SetOutside {
    pub(crate) field: String,
    pub(crate) value: String,
    /// `None` when the field was absent.
    pub(crate) before: Option<String>,
}

/// What a deploy says of itself on each Deployment that it changed.
///
/// Only the id is certain to be there: the rest may have been edited away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) id: DeployId,
    pub(crate) action: Option<Action>,
    /// The branch, tag, or SHA that was asked for.
    pub(crate) reference: Option<String>,
    pub(crate) sha: Option<String>,
    pub(crate) user: Option<String>,
    /// By the API server's clock.
    pub(crate) at: Option<Timestamp>,
    pub(crate) reason: Option<String>,
    pub(crate) tool: Option<String>,
    pub(crate) set: Vec<SetOutside>,
    /// How many Deployments this id was to change.
    pub(crate) targets: Option<u32>,
    /// The Progressing condition when the deploy was planned: what equals it is older.
    pub(crate) before: Option<ProgressingStamp>,
}

impl Record {
    /// Returns a record that says nothing but its id.
    pub(crate) fn of_id(id: DeployId) -> Self {
        Self {
            id,
            action: None,
            reference: None,
            sha: None,
            user: None,
            at: None,
            reason: None,
            tool: None,
            set: Vec::new(),
            targets: None,
            before: None,
        }
    }

    /// Returns the record among a Deployment's or ReplicaSet's annotations.
    pub(crate) fn read(annotations: &BTreeMap<String, String>, prefix: &Prefix) -> Option<Self> {
        let value = |key: Key| annotations.get(&prefix.key(key.name())).map(String::as_str);
        let text = |key: Key| value(key).filter(|text| !text.is_empty()).map(unescape);
        Some(Self {
            action: value(Key::Action).and_then(Action::parse),
            reference: text(Key::Reference),
            sha: text(Key::Sha),
            user: text(Key::User),
            at: value(Key::At).and_then(|text| text.parse().ok()),
            reason: text(Key::Reason),
            tool: text(Key::Tool),
            set: value(Key::Set).map_or_else(Vec::new, read_set),
            targets: value(Key::Targets).and_then(|text| text.parse().ok()),
            before: value(Key::Before).and_then(read_stamp),
            ..Self::of_id(value(Key::Id)?.parse().ok()?)
        })
    }

    /// Returns every annotation of the record and its log, with full keys.
    ///
    /// All keys are always there, those without a value empty: the controller copies annotations to
    /// the ReplicaSet and never deletes one there, so a key left out would keep the value of an
    /// earlier deploy. Free text is cut until the whole fits.
    pub(crate) fn annotations(&self, log: &Log, prefix: &Prefix) -> Vec<(String, String)> {
        let mut texts = FreeText::of(self);
        let fixed: usize = Key::ALL
            .into_iter()
            .filter(|key| *key != Key::Log)
            .map(|key| {
                let value = texts
                    .get(key)
                    .map_or_else(|| self.value(key), |_| String::new());
                prefix.key(key.name()).len() + value.len()
            })
            .sum();
        texts.fit(MOST_BYTES.saturating_sub(fixed));
        Key::ALL
            .into_iter()
            .map(|key| {
                let value = match (key, texts.get(key)) {
                    (Key::Log, _) => log.to_string(),
                    (_, Some(text)) => escape(text),
                    (_, None) => self.value(key),
                };
                (prefix.key(key.name()), value)
            })
            .collect()
    }

    /// Returns the value of what is not free text.
    fn value(&self, key: Key) -> String {
        match key {
            Key::Id => self.id.to_string(),
            Key::Action => self.action.map_or("", Action::as_str).to_owned(),
            Key::Sha => self.sha.as_deref().map(escape).unwrap_or_default(),
            Key::At => self.at.map(|at| at.to_string()).unwrap_or_default(),
            Key::Set => print_set(&self.set),
            Key::Targets => self.targets.map(|n| n.to_string()).unwrap_or_default(),
            Key::Before => self
                .before
                .as_ref()
                .map(print_stamp)
                .filter(|stamp| stamp.len() <= LONGEST_STAMP)
                .unwrap_or_default(),
            Key::Reference | Key::User | Key::Reason | Key::Tool | Key::Log => String::new(),
        }
    }
}

/// The texts of a record that may have any length.
struct FreeText([(Key, String); 4]);

impl FreeText {
    /// In the order in which they are kept whole.
    fn of(record: &Record) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Self([
            (Key::Tool, text(&record.tool)),
            (Key::User, text(&record.user)),
            (Key::Reference, text(&record.reference)),
            (Key::Reason, text(&record.reason)),
        ])
    }

    fn get(&self, key: Key) -> Option<&str> {
        self.0
            .iter()
            .find(|(own, _)| *own == key)
            .map(|(_, text)| text.as_str())
    }

    /// Cuts the texts so that together they take at most `budget` bytes: each may take what those
    /// before it left, but none more than half of that except the last.
    fn fit(&mut self, budget: usize) {
        let mut left = budget;
        let last = self.0.len() - 1;
        for (index, (_, text)) in self.0.iter_mut().enumerate() {
            let share = if index == last { left } else { left / 2 };
            *text = cut(text, share);
            left = left.saturating_sub(escape(text).len());
        }
    }
}

/// `maxUnavailable=0 was 25%; minReadySeconds=10 was unset`
/// Returns how many writes of the newest deploy are missing, by the records of all Deployments that
/// may carry it: a run that ended in the middle leaves fewer behind than it was to change.
pub(crate) fn missing_writes(records: &[&Record]) -> usize {
    let Some(newest) = records.iter().max_by_key(|record| record.at) else {
        return 0;
    };
    let own = || records.iter().filter(|record| record.id == newest.id);
    let planned = own().filter_map(|record| record.targets).max();
    usize::try_from(planned.unwrap_or_default())
        .unwrap_or_default()
        .saturating_sub(own().count())
}

fn print_set(set: &[SetOutside]) -> String {
    let items: Vec<String> = set
        .iter()
        .map(|one| {
            let before = one.before.as_deref().unwrap_or("unset");
            format!("{}={} was {before}", one.field, one.value)
        })
        .collect();
    items.join("; ")
}

fn read_set(text: &str) -> Vec<SetOutside> {
    text.split("; ")
        .filter_map(|item| {
            let (field, rest) = item.split_once('=')?;
            let (value, before) = rest.split_once(" was ")?;
            Some(SetOutside {
                field: field.to_owned(),
                value: value.to_owned(),
                before: (before != "unset").then(|| before.to_owned()),
            })
        })
        .collect()
}

/// `NewReplicaSetAvailable 2026-11-21T06:51:53Z`
fn print_stamp(stamp: &ProgressingStamp) -> String {
    format!("{} {}", stamp.reason, stamp.last_update_time)
}

fn read_stamp(text: &str) -> Option<ProgressingStamp> {
    let (reason, last_update_time) = text.split_once(' ')?;
    Some(ProgressingStamp {
        reason: reason.to_owned(),
        last_update_time: last_update_time.to_owned(),
    })
}
