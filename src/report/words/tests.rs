//! The exact words, one snapshot a family.

mod causes;
mod endings;
mod events;

use snapbox::{assert_data_eq, str};

use super::cause::{cause, whose};
use super::ending::{Commands, capacity, impact, outcome, verdict, ways_out};
use super::event::{event, standing};
use super::*;
use crate::rollout::diagnose::{Blame, Cause, Exit, Probe};
use crate::rollout::event::Event;
use crate::rollout::verdict::{
    Capacity, Conclusion, Doubt, Evidence, Impact, Missing, Outcome, Overtaker, Verdict,
};
use crate::rollout::{Departure, Failure, Signal, Status, Successor, Waiting, Watched};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn rolling() -> Counts {
    Counts {
        wanted: 10,
        updated: 4,
        total: 11,
        available: 10,
        new_available: Some(3),
    }
}

fn blame(cause: Cause) -> Blame {
    Blame {
        cause,
        container: Some("app".to_owned()),
        pods: 1,
        pod: Some("web-5f95cb49cf-vl9d7".to_owned()),
        doomed: true,
    }
}

fn conclusion(outcome: Outcome) -> Conclusion {
    Conclusion {
        deployment: "web".to_owned(),
        written: true,
        outcome,
        counts: Some(rolling()),
        capacity: None,
        impact: Impact::Unknown,
        causes: Vec::new(),
        evidence: Evidence::default(),
        took: seconds(83),
    }
}

fn kept(lowest: i32, below: u64, since_attaching: bool) -> Capacity {
    Capacity {
        lowest,
        wanted: 10,
        below: seconds(below),
        since_attaching,
    }
}

fn lines(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().collect::<Vec<_>>().join("\n")
}
