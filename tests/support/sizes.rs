//! What a rollout did between its beginning and its end, from recorded watches: sizes, surge, capacity.

use std::collections::BTreeMap;

use crate::recording::Recording;
use crate::scenarios::backend::Backend;

/// Sizes of the new and of all old ReplicaSets together.
pub(crate) type Sizes = (u64, u64);

/// A rollout that is being recorded.
pub(crate) struct Observed {
    replica_sets: Recording,
    deployments: Recording,
    replicas: u64,
}

impl Observed {
    /// Begins when `web` is complete with so many replicas.
    pub(crate) fn start(backend: &dyn Backend, replicas: u64) -> Self {
        Self {
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
            let set = &event["object"];
            let size = match event["type"].as_str() {
                Some("DELETED") => 0,
                _ => set["spec"]["replicas"].as_u64().unwrap_or(0),
            };
            let is_new = set["spec"]["template"]["spec"]["containers"][0]["image"] == image;
            *(if is_new { &mut new } else { &mut old }) = size;
            sizes.push((new, old));
        }
        sizes.dedup();
        sizes
    }

    /// Waits for the last change, and checks the way to it.
    #[track_caller]
    pub(crate) fn must_go(&self, backend: &dyn Backend, image: &str, way: &[Sizes]) {
        let seen = backend.wait_for("the last change of sizes to be told", || {
            let seen = self.sizes(image);
            (seen.last() == way.last()).then_some(seen)
        });
        let begins = std::iter::once((0, self.replicas));
        let wanted: Vec<Sizes> = begins.chain(way.iter().copied()).collect();
        assert_eq!(seen, wanted);
    }

    /// Checks that never more pods were wanted than the surge allows, over all ReplicaSets.
    #[track_caller]
    pub(crate) fn must_not_exceed(&self, most: u64) {
        let mut sizes = BTreeMap::new();
        for event in self.replica_sets.events() {
            let set = &event["object"];
            let name = set["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let size = match event["type"].as_str() {
                Some("DELETED") => 0,
                _ => set["spec"]["replicas"].as_u64().unwrap_or(0),
            };
            sizes.insert(name, size);
            assert!(sizes.values().sum::<u64>() <= most, "{sizes:?}");
        }
    }

    /// Checks that there were always so many available pods.
    #[track_caller]
    pub(crate) fn must_not_fall_below(&self, least: u64) {
        for event in self.deployments.events() {
            let available = event["object"]["status"]["availableReplicas"]
                .as_u64()
                .unwrap_or(0);
            assert!(available >= least, "{}", event["object"]["status"]);
        }
    }
}
