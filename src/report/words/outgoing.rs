//! The commits that go out, in words.

use super::plural;
use crate::resolve::{Direction, Outgoing, WhyUnknown};

/// How many authors are named.
const NAMED: usize = 3;

/// Returns the line above the list of commits: direction, count, and authors.
pub(crate) fn heading(outgoing: &Outgoing) -> String {
    let count = plural(outgoing.count, "commit");
    let authors = authors(&outgoing.authors);
    match &outgoing.direction {
        Direction::Same => "The very commit runs already.".to_owned(),
        Direction::Forward => format!("{count} {}{authors}:", goes(outgoing.count)),
        Direction::Backward => format!("This goes BACK, and takes back {count}{authors}:"),
        Direction::Diverged { lost } => format!(
            "The histories have parted: this takes back {}, and {count} {}{authors}:",
            plural(*lost, "commit"),
            goes(outgoing.count)
        ),
        Direction::Unknown(why) => format!(
            "Which commits go out is not known: {}.",
            match why {
                WhyUnknown::Shallow => "the checkout's history is cut off".to_owned(),
                WhyUnknown::NotAtHand =>
                    "neither a checkout nor GitHub knows what runs and what will run".to_owned(),
                WhyUnknown::Unanswered(text) => text.clone(),
            }
        ),
    }
}

fn goes(count: usize) -> &'static str {
    match count {
        1 => "goes out",
        _ => "go out",
    }
}

fn authors(authors: &[String]) -> String {
    let named: Vec<&str> = authors.iter().take(NAMED).map(String::as_str).collect();
    match (named.is_empty(), authors.len().saturating_sub(NAMED)) {
        (true, _) => String::new(),
        (false, 0) => format!(", by {}", named.join(", ")),
        (false, more) => format!(", by {} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outgoing(direction: Direction, count: usize, authors: &[&str]) -> Outgoing {
        Outgoing {
            direction,
            count,
            commits: Vec::new(),
            authors: authors.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    #[test]
    fn the_direction_is_said_before_the_count() {
        for (outgoing, expected) in [
            (
                outgoing(Direction::Forward, 1, &["Web Team"]),
                "1 commit goes out, by Web Team:",
            ),
            (
                outgoing(Direction::Forward, 14, &["a", "b", "c", "d", "e"]),
                "14 commits go out, by a, b, c and 2 more:",
            ),
            (
                outgoing(Direction::Backward, 9, &[]),
                "This goes BACK, and takes back 9 commits:",
            ),
            (
                outgoing(Direction::Diverged { lost: 2 }, 3, &[]),
                "The histories have parted: this takes back 2 commits, and 3 commits go out:",
            ),
            (
                Outgoing::unknown(WhyUnknown::Shallow),
                "Which commits go out is not known: the checkout's history is cut off.",
            ),
        ] {
            assert_eq!(heading(&outgoing), expected);
        }
    }
}
