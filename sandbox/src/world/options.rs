//! What a world is made with.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::kubelet::{Stories, Timings};

/// What a world is made with; it is saved with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorldOptions {
    /// Decides uids, generated names, and every delay.
    pub seed: u64,
    /// When the world begins.
    pub start: Time,
    /// The names of its nodes.
    pub nodes: Vec<String>,
    /// How long the kubelets take for things.
    pub timings: Timings,
    /// The stories of images that do not tell theirs by their tag.
    pub stories: Stories,
    /// How long it takes an actor to see a change.
    pub lag: Lag,
    /// Whether cluster events are kept.
    pub has_events: bool,
}

impl Default for WorldOptions {
    fn default() -> WorldOptions {
        WorldOptions {
            seed: 1,
            start: Time(0),
            nodes: ["node-1", "node-2", "node-3"].map(str::to_owned).to_vec(),
            timings: Timings::default(),
            stories: Stories::default(),
            lag: Lag::default(),
            has_events: true,
        }
    }
}

/// How long it takes an actor to see a change: each time something between two bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Lag {
    /// At least; never under a millisecond.
    pub shortest: Duration,
    /// At most.
    pub longest: Duration,
}

impl Default for Lag {
    fn default() -> Lag {
        Lag {
            shortest: Duration::from_millis(2),
            longest: Duration::from_millis(15),
        }
    }
}

impl Lag {
    /// Makes a lag that is always the same.
    pub fn always(duration: Duration) -> Lag {
        Lag {
            shortest: duration,
            longest: duration,
        }
    }
}
