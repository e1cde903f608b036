//! Scaling without rolling: while a Deployment is paused, and when its number of replicas has changed.

use super::{Split, Sync};
use crate::client::Refused;
use crate::controllers::Again;
use crate::controllers::deployment::draft::Strategy;
use crate::controllers::deployment::scaling::{self, Part, Whole};
use crate::controllers::deployment::{DESIRED_REPLICAS, ReplicaSet};

impl Sync<'_, '_> {
    /// Gives every ReplicaSet its size, and reports.
    pub(super) fn scale(&mut self) -> Result<Again, Refused> {
        let split = self.split()?;
        self.spread(&split)?;
        if self.draft.is_paused() {
            self.clean_up(&split)?;
        }
        self.write_plain_status(&split)
    }

    fn spread(&mut self, split: &Split) -> Result<(), Refused> {
        let wanted = self.draft.replicas;
        let all = split.all();
        let active: Vec<&ReplicaSet> = all
            .iter()
            .filter(|replica_set| replica_set.replicas() > 0)
            .collect();
        match active.as_slice() {
            [] => {
                if let Some(newest) = split.new.as_ref().or(split.old.last()) {
                    self.resize(newest, wanted, false)?;
                }
                return Ok(());
            }
            [only] => return self.resize(only, wanted, false).map(drop),
            _ => {}
        }
        if split
            .new
            .as_ref()
            .is_some_and(|new| is_saturated(new, wanted))
        {
            for old in split.active_old() {
                self.resize(&old, 0, false)?;
            }
            return Ok(());
        }
        if self.draft.strategy == Strategy::Recreate {
            return Ok(());
        }
        let parts: Vec<Part<'_>> = active
            .iter()
            .map(|replica_set| Part {
                name: replica_set.view().name(),
                created: replica_set.view().created(),
                replicas: replica_set.replicas(),
                max_replicas: replica_set.max_replicas(),
            })
            .collect();
        let whole = Whole {
            replicas: wanted,
            surge: self.draft.max_surge(),
            actual: self.draft.status.replicas,
        };
        for (index, size) in scaling::spread(whole, &parts) {
            if let Some(replica_set) = active.get(index) {
                self.resize(replica_set, size, true)?;
            }
        }
        Ok(())
    }
}

/// Returns whether the new ReplicaSet has all the pods it can want.
fn is_saturated(new: &ReplicaSet, wanted: i64) -> bool {
    let desired = new
        .annotation(DESIRED_REPLICAS)
        .and_then(|desired| desired.parse().ok());
    new.replicas() == wanted && desired == Some(wanted) && new.available() == wanted
}
