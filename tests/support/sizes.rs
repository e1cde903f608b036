//! What a rollout did between its beginning and its end, from recorded watches: sizes, surge, capacity.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::recording::Recording;
use crate::scenarios::backend::Backend;

/// Sizes of the new and of all old ReplicaSets together.
pub(crate) type Sizes = (u64, u64);

/// A rollout that is being recorded.
pub(crate) struct Observed {
    /// The sizes of the ReplicaSets by name before anything happened.
    begun_with: BTreeMap<String, u64>,
    replica_sets: Recording,
    deployments: Recording,
    replicas: u64,
}

impl Observed {
    /// Begins when `web` is complete with so many replicas.
    pub(crate) fn start(backend: &dyn Backend, replicas: u64) -> Self {
        Self {
            begun_with: BTreeMap::from([(backend.replica_set(), replicas)]),
            replica_sets: backend.record("replicasets"),
            deployments: backend.record("deployments"),
            replicas,
        }
    }

    /// Returns the sizes after each change, where the new ReplicaSet is that of the image.
    pub(crate) fn sizes(&self, image: &str) -> Vec<Sizes> {
        let (mut new, mut old) = (0, self.replicas);
        let mut sizes = vec![(new, old)];
        for event in self.replica_sets.events() {
            let (_, size) = size_of(&event);
            let set = &event["object"];
            let is_new = set["spec"]["template"]["spec"]["containers"][0]["image"] == image;
            *(if is_new { &mut new } else { &mut old }) = size;
            sizes.push((new, old));
        }
        sizes.dedup();
        sizes
    }

    /// Waits for the last change, and checks the way to it: straight from one corner to the next, in one step or, where
    /// pods get ready one by one, in several.
    #[track_caller]
    pub(crate) fn must_go(&self, backend: &dyn Backend, image: &str, way: &[Sizes]) {
        let seen = backend.wait_for("the last change of sizes to be told", || {
            let seen = self.sizes(image);
            (seen.last() == way.last()).then_some(seen)
        });
        let begins = std::iter::once((0, self.replicas));
        let corners: Vec<Sizes> = begins.chain(way.iter().copied()).collect();
        assert!(leads(&corners, &seen), "{seen:?} instead of {corners:?}");
    }

    /// Checks that never more pods were wanted than the surge allows, over all ReplicaSets.
    #[track_caller]
    pub(crate) fn must_not_exceed(&self, most: u64) {
        let mut sizes = self.begun_with.clone();
        for event in self.replica_sets.events() {
            let (name, size) = size_of(&event);
            sizes.insert(name, size);
            assert!(sizes.values().sum::<u64>() <= most, "{sizes:?}");
        }
        assert!(
            sizes.len() > 1,
            "no second ReplicaSet was told of: {sizes:?}"
        );
    }

    /// Checks that there were always so many available pods.
    #[track_caller]
    pub(crate) fn must_not_fall_below(&self, least: u64) {
        let events = self.deployments.events();
        assert!(!events.is_empty(), "nothing was told of the Deployment");
        for event in events {
            let available = event["object"]["status"]["availableReplicas"]
                .as_u64()
                .unwrap_or(0);
            assert!(available >= least, "{}", event["object"]["status"]);
        }
    }
}

/// Returns the name of the ReplicaSet of a watch event, and its size after it.
fn size_of(event: &Value) -> (String, u64) {
    let set = &event["object"];
    let name = set["metadata"]["name"].as_str().unwrap_or_default();
    let size = match event["type"].as_str() {
        Some("DELETED") => 0,
        _ => set["spec"]["replicas"].as_u64().unwrap_or(0),
    };
    (name.to_owned(), size)
}

/// Returns whether the sizes go through all corners in their order, and straight between them.
fn leads(corners: &[Sizes], seen: &[Sizes]) -> bool {
    let mut rest = seen.iter().copied().peekable();
    let Some(&(mut from)) = corners.first() else {
        return seen.is_empty();
    };
    for &to in corners {
        let mut at = from;
        while at != to || rest.peek() == Some(&to) {
            let Some(next) = rest.next() else {
                return false;
            };
            if !is_between(next.0, at.0, to.0) || !is_between(next.1, at.1, to.1) {
                return false;
            }
            at = next;
        }
        from = to;
    }
    rest.next().is_none()
}

fn is_between(size: u64, one: u64, other: u64) -> bool {
    (one.min(other)..=one.max(other)).contains(&size)
}

#[test]
fn a_way_is_followed_straight_from_corner_to_corner() {
    let corners = [(0, 3), (3, 3), (3, 0)];
    let ways: [(&[Sizes], bool); 6] = [
        (&[(0, 3), (3, 3), (3, 0)], true),
        (&[(0, 3), (3, 3), (3, 2), (3, 0)], true),
        (&[(0, 3), (2, 3), (3, 3), (3, 0)], true),
        (&[(0, 3), (3, 2), (3, 0)], false),
        (&[(0, 3), (3, 3), (3, 1), (3, 2), (3, 0)], false),
        (&[(0, 3), (3, 3), (3, 1)], false),
    ];
    for (seen, expected) in ways {
        assert_eq!(leads(&corners, seen), expected, "{seen:?}");
    }
}
