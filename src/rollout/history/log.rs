//! The log of deploys in one annotation: one line each, newest first, bounded.
//!
//! Copies of it lie on the Deployment and on its ReplicaSets; what counts is their union.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use super::text::{cut, escape_word, unescape_word};
use super::{Action, DeployId};

/// How many deploys a log keeps.
pub(crate) const MOST_ENTRIES: usize = 20;

/// How many bytes a log may take.
pub(crate) const MOST_BYTES: usize = 3 * 1024;

/// The longest name and tag in a line, so that all entries fit with the usual lengths.
const LONGEST_WHO: usize = 40;
const LONGEST_TAG: usize = 128;

/// One deploy, as its line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The release's number, the same for all Deployments of one id.
    pub(crate) number: u32,
    pub(crate) at: Timestamp,
    pub(crate) action: Action,
    /// `None` until a later write closes the entry; then its end is computed.
    pub(crate) outcome: Option<Outcome>,
    /// From the write to the end.
    pub(crate) seconds: Option<u32>,
    pub(crate) id: DeployId,
    pub(crate) who: String,
    /// The tag that was deployed, or the digest where there is no tag.
    pub(crate) tag: String,
}

/// How a deploy ended. Where copies differ, the later variant is the later knowledge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Outcome {
    /// Another change of the template came before its end.
    Superseded,
    Failed,
    Completed,
    /// A rollback left it.
    RolledBack,
}

impl Outcome {
    const ALL: [Self; 4] = [
        Self::Superseded,
        Self::Failed,
        Self::Completed,
        Self::RolledBack,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Superseded => "superseded",
            Self::Failed => "failed",
            Self::Completed => "completed",
            Self::RolledBack => "rolled-back",
        }
    }
}

/// Deploys, newest first; no id twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Log(Vec<Entry>);

impl Log {
    /// Reads a log, leaving out the lines that are none.
    pub(crate) fn parse(text: &str) -> Self {
        Self::of(text.lines().filter_map(Entry::parse))
    }

    /// Returns what any of the copies knows.
    pub(crate) fn union(copies: impl IntoIterator<Item = Self>) -> Self {
        Self::of(copies.into_iter().flat_map(|copy| copy.0))
    }

    fn of(entries: impl Iterator<Item = Entry>) -> Self {
        let mut by_id: BTreeMap<DeployId, Entry> = BTreeMap::new();
        for entry in entries {
            match by_id.get_mut(&entry.id) {
                Some(known) if known.knowledge() >= entry.knowledge() => {}
                Some(known) => *known = entry,
                None => {
                    by_id.insert(entry.id.clone(), entry);
                }
            }
        }
        let mut entries: Vec<Entry> = by_id.into_values().collect();
        entries.sort_by(|one, other| other.order().cmp(&one.order()));
        Self(entries)
    }

    /// Returns the deploys, newest first.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0
    }

    pub(crate) fn entry(&self, id: &DeployId) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.id == *id)
    }

    /// Returns the greatest number of any deploy, 0 without one.
    pub(crate) fn greatest_number(&self) -> u32 {
        self.0.iter().map(|entry| entry.number).max().unwrap_or(0)
    }

    /// Returns the newest deploy that is known to have completed.
    pub(crate) fn newest_completed(&self) -> Option<&Entry> {
        self.0
            .iter()
            .filter(|entry| entry.outcome == Some(Outcome::Completed))
            .max_by_key(|entry| entry.number)
    }

    /// Closes every open entry, as each has a successor now: the last one as it ended, and those
    /// whose end nobody saw as superseded.
    #[must_use]
    pub(crate) fn closed(mut self, last: Option<(&DeployId, Outcome, Option<u32>)>) -> Self {
        for entry in &mut self.0 {
            if entry.outcome.is_some() {
                continue;
            }
            match last {
                Some((id, outcome, seconds)) if *id == entry.id => {
                    entry.outcome = Some(outcome);
                    entry.seconds = seconds;
                }
                Some(_) | None => entry.outcome = Some(Outcome::Superseded),
            }
        }
        self
    }

    /// Adds a deploy, in place of any with its id.
    #[must_use]
    pub(crate) fn with(self, entry: Entry) -> Self {
        let others = self.0.into_iter().filter(|known| known.id != entry.id);
        let entries: Vec<Entry> = others.chain([entry.clone()]).collect();
        Self::of(entries.into_iter())
    }
}

/// Prints as many of the newest entries as a log may hold.
impl fmt::Display for Log {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut length = 0;
        for entry in self.0.iter().take(MOST_ENTRIES) {
            let line = entry.to_string();
            let is_first = length == 0;
            length += line.len() + usize::from(!is_first);
            if length > MOST_BYTES {
                break;
            }
            if !is_first {
                formatter.write_str("\n")?;
            }
            formatter.write_str(&line)?;
        }
        Ok(())
    }
}

impl Entry {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let mut next = || words.next();
        let entry = Self {
            number: next()?.parse().ok()?,
            at: Timestamp::from_second(next()?.parse().ok()?).ok()?,
            action: Action::parse(next()?)?,
            outcome: match next()? {
                "-" => None,
                word => Some(Outcome::ALL.into_iter().find(|one| one.as_str() == word)?),
            },
            seconds: match next()? {
                "-" => None,
                word => Some(word.parse().ok()?),
            },
            id: next()?.parse().ok()?,
            who: unescape_word(next()?),
            tag: unescape_word(next()?),
        };
        next().is_none().then_some(entry)
    }

    /// Orders copies of one entry by what they know; the rest of the line only makes the order
    /// total, so that a union does not depend on the order of the copies.
    fn knowledge(&self) -> impl Ord + use<'_> {
        (
            self.outcome,
            self.seconds,
            self.number,
            self.at,
            self.action,
            &self.who,
            &self.tag,
        )
    }

    fn order(&self) -> impl Ord + use<'_> {
        (self.number, self.at, &self.id)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = self.outcome.map_or("-", Outcome::as_str);
        let seconds = self
            .seconds
            .map_or_else(|| "-".to_owned(), |seconds| seconds.to_string());
        write!(
            formatter,
            "{} {} {} {outcome} {seconds} {} {} {}",
            self.number,
            self.at.as_second(),
            self.action.as_str(),
            self.id,
            escape_word(&cut(&self.who, LONGEST_WHO)),
            escape_word(&cut(&self.tag, LONGEST_TAG)),
        )
    }
}
