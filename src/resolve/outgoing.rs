//! Says which way a deploy moves in the history, and with which commits.

use super::CommitSummary;

/// Which way the history goes from the commit that runs to the one that will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The very commit that runs.
    Same,
    /// What runs is an ancestor.
    Forward,
    /// What will run is an ancestor of what runs: its commits are taken back.
    Backward,
    /// Each has commits that the other lacks; `lost` is how many are taken back.
    Diverged { lost: usize },
    /// Nobody could tell.
    Unknown(WhyUnknown),
}

impl Direction {
    /// Orders directions by how much a reader has to think about them.
    pub(crate) fn gravity(&self) -> u8 {
        match self {
            Self::Same => 0,
            Self::Forward => 1,
            Self::Unknown(_) => 2,
            Self::Diverged { .. } => 3,
            Self::Backward => 4,
        }
    }
}

/// Why the direction is unknown; it is never guessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WhyUnknown {
    /// The checkout's history was cut off (`--depth`, grafts), so it proves nothing.
    Shallow,
    /// Neither a checkout nor GitHub's compare knows both commits.
    NotAtHand,
    /// GitHub was asked and gave no answer; its words.
    Unanswered(String),
}

/// The commits between what runs and what will run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) direction: Direction,
    /// How many commits go out, or are taken back where the direction is backward.
    pub(crate) count: usize,
    /// Those commits, newest first; at most [`Outgoing::LISTED`] of them.
    pub(crate) commits: Vec<CommitSummary>,
    /// Who wrote them, most commits first; of the listed commits only where GitHub listed them.
    pub(crate) authors: Vec<String>,
}

impl Outgoing {
    /// How many commits are listed at most.
    pub(crate) const LISTED: usize = 50;

    pub(crate) fn unknown(why: WhyUnknown) -> Self {
        Self {
            direction: Direction::Unknown(why),
            count: 0,
            commits: Vec::new(),
            authors: Vec::new(),
        }
    }

    pub(crate) fn same() -> Self {
        Self {
            direction: Direction::Same,
            count: 0,
            commits: Vec::new(),
            authors: Vec::new(),
        }
    }

    /// Judges by how many commits each side has that the other lacks.
    ///
    /// `commits` are those that go out, newest first, or those that are taken back if none go out;
    /// there may be more than are listed.
    pub(crate) fn between(added: usize, lost: usize, mut commits: Vec<CommitSummary>) -> Self {
        let direction = match (added, lost) {
            (0, 0) => return Self::same(),
            (_, 0) => Direction::Forward,
            (0, _) => Direction::Backward,
            (_, lost) => Direction::Diverged { lost },
        };
        let authors = authors_of(&commits);
        commits.truncate(Self::LISTED);
        Self {
            direction,
            count: if added == 0 { lost } else { added },
            commits,
            authors,
        }
    }
}

fn authors_of(commits: &[CommitSummary]) -> Vec<String> {
    let mut counted: Vec<(&str, usize)> = Vec::new();
    for summary in commits {
        match counted
            .iter_mut()
            .find(|(author, _)| *author == summary.author)
        {
            Some((_, count)) => *count += 1,
            None => counted.push((&summary.author, 1)),
        }
    }
    // Stable: of equally busy authors, the one of the newest commit comes first.
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counted
        .into_iter()
        .map(|(author, _)| author.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_back_weighs_most() {
        let mut directions = [
            Direction::Backward,
            Direction::Same,
            Direction::Unknown(WhyUnknown::NotAtHand),
            Direction::Forward,
            Direction::Diverged { lost: 1 },
        ];
        directions.sort_by_key(Direction::gravity);
        assert_eq!(
            directions,
            [
                Direction::Same,
                Direction::Forward,
                Direction::Unknown(WhyUnknown::NotAtHand),
                Direction::Diverged { lost: 1 },
                Direction::Backward,
            ]
        );
    }

    fn commits(authors: &[&str]) -> Vec<CommitSummary> {
        authors
            .iter()
            .enumerate()
            .map(|(index, author)| CommitSummary {
                commit: format!("{index:040x}").parse().unwrap(),
                subject: format!("Change {index}"),
                author: (*author).to_owned(),
            })
            .collect()
    }

    #[test]
    fn the_direction_follows_from_what_each_side_lacks() {
        let table = [
            (0, 0, Direction::Same, 0),
            (3, 0, Direction::Forward, 3),
            (0, 2, Direction::Backward, 2),
            (3, 2, Direction::Diverged { lost: 2 }, 3),
        ];
        for (added, lost, direction, count) in table {
            let outgoing = Outgoing::between(added, lost, Vec::new());
            assert_eq!((outgoing.direction, outgoing.count), (direction, count));
        }
    }

    #[test]
    fn the_list_is_capped_and_the_authors_are_of_all() {
        let mut authors = vec!["Ada"; 60];
        authors.extend(["Grace"; 70]);
        let outgoing = Outgoing::between(130, 0, commits(&authors));
        assert_eq!(outgoing.commits.len(), Outgoing::LISTED);
        assert_eq!(outgoing.authors, ["Grace", "Ada"]);
        assert_eq!(outgoing.count, 130);
    }
}
