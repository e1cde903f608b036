//! One sync of a Deployment, in upstream's order of reads and writes.

mod current;
mod scale;

use serde_json::{Map, Value, json};

use super::draft::{Draft, Strategy};
use super::rolling::{self, Size};
use super::{DESIRED_REPLICAS, PROGRESSING, ReplicaSet, history, progress, revision, status};
use crate::client::{Client, Refused};
use crate::controllers::Again;
use crate::controllers::conditions::Condition;
use crate::object::{Key, Kind, Lookup, View, controller_of, fields, metadata, text, uid};
use crate::store::{DeleteOptions, Objects, Scope};

/// Looks after one Deployment, as `seen` shows it.
pub(crate) fn sync(seen: &Objects, client: &mut Client<'_>, key: &Key) -> Result<Again, Refused> {
    let Some(object) = seen.read(key) else {
        return Ok(Again::OnChange);
    };
    let mut draft = Draft::of(object);
    if object.at("/spec/selector") == Some(&json!({})) {
        return refuse_to_select_all(&mut draft, client);
    }
    let mut owned: Vec<ReplicaSet> = draft
        .owner()
        .claim(seen, client, |_| true)?
        .into_iter()
        .map(ReplicaSet)
        .collect();
    owned.sort_by(|left, right| left.age().cmp(&right.age()));
    Sync {
        seen,
        client,
        draft,
        owned,
    }
    .run()
}

fn refuse_to_select_all(draft: &mut Draft, client: &mut Client<'_>) -> Result<Again, Refused> {
    let message = "This deployment is selecting all pods. A non-empty selector is required.";
    client.warn(&draft.object, "SelectingAll", message);
    if draft.status.observed_generation < draft.generation() {
        draft.status.observed_generation = draft.generation();
        draft.write_status(client)?;
    }
    Ok(Again::OnChange)
}

/// A sync in progress.
struct Sync<'a, 'b> {
    seen: &'a Objects,
    client: &'a mut Client<'b>,
    draft: Draft,
    /// The ReplicaSets of the Deployment, oldest first.
    owned: Vec<ReplicaSet>,
}

/// The new ReplicaSet, if there is one, and the others, oldest first.
struct Split {
    new: Option<ReplicaSet>,
    old: Vec<ReplicaSet>,
}

impl Split {
    fn all(&self) -> Vec<ReplicaSet> {
        self.old.iter().chain(&self.new).cloned().collect()
    }

    fn active_old(&self) -> Vec<ReplicaSet> {
        self.old
            .iter()
            .filter(|old| old.replicas() > 0)
            .cloned()
            .collect()
    }
}

impl Sync<'_, '_> {
    fn run(mut self) -> Result<Again, Refused> {
        if self.draft.view().is_terminating() {
            let split = self.split()?;
            return self.write_plain_status(&split);
        }
        self.note_pause()?;
        if self.draft.is_paused() || self.is_scaling()? {
            return self.scale();
        }
        match self.draft.strategy {
            Strategy::Recreate => self.recreate(),
            Strategy::RollingUpdate(_) => self.roll(),
        }
    }

    /// Notes in the condition that the Deployment was paused or resumed, so that the deadline does not run meanwhile.
    fn note_pause(&mut self) -> Result<(), Refused> {
        let reason = self.draft.status.conditions.reason(PROGRESSING);
        if self.draft.deadline.is_none() || reason == "ProgressDeadlineExceeded" {
            return Ok(());
        }
        let (reason, message) = match (self.draft.is_paused(), reason == "DeploymentPaused") {
            (true, false) => ("DeploymentPaused", "Deployment is paused"),
            (false, true) => ("DeploymentResumed", "Deployment is resumed"),
            (true, true) | (false, false) => return Ok(()),
        };
        let condition = Condition::new(PROGRESSING, "Unknown", reason, message, self.client.now);
        self.draft.status.conditions.set(condition);
        self.draft.write_status(self.client)
    }

    /// Returns whether some ReplicaSet was last sized for another number of replicas.
    fn is_scaling(&mut self) -> Result<bool, Refused> {
        let wanted = self.draft.replicas;
        let is_sized_otherwise = |replica_set: &ReplicaSet| {
            let desired = replica_set
                .annotation(DESIRED_REPLICAS)
                .and_then(|desired| desired.parse::<i64>().ok());
            replica_set.replicas() > 0
                && desired.is_some_and(|desired| desired >= 0 && desired != wanted)
        };
        Ok(self.split()?.all().iter().any(is_sized_otherwise))
    }

    /// Returns the size that a new ReplicaSet of `new` pods gets beside `total` pods in all.
    fn new_size(&self, total: i64, new: i64) -> i64 {
        match self.draft.strategy {
            Strategy::Recreate => self.draft.replicas,
            Strategy::RollingUpdate(_) => {
                rolling::new_size(self.draft.replicas, self.draft.max_surge(), total, new)
            }
        }
    }

    /// Rolls by one step: up, else down, else cleans up after a rollout that is over.
    fn roll(&mut self) -> Result<Again, Refused> {
        let split = self.split_or_create()?;
        let Some(new) = split.new.clone() else {
            return Ok(Again::OnChange);
        };
        let total = split.all().iter().map(ReplicaSet::replicas).sum();
        let size = self.new_size(total, new.replicas());
        if self.resize(&new, size, false)?.0 || self.shrink_old(&new, split.active_old()) {
            return self.write_rollout_status(&split);
        }
        self.clean_up_if_complete(&split)?;
        self.write_rollout_status(&split)
    }

    /// Shrinks old ReplicaSets and returns whether it did. A refused write ends it, and is no error: the next sync
    /// will see what became of it.
    fn shrink_old(&mut self, new: &ReplicaSet, mut old: Vec<ReplicaSet>) -> bool {
        let size = |replica_set: &ReplicaSet| Size {
            replicas: replica_set.replicas(),
            available: replica_set.available(),
        };
        let sizes: Vec<Size> = old.iter().map(size).collect();
        let (wanted, unavailable) = (self.draft.replicas, self.draft.max_unavailable());
        let shrink = rolling::shrink(wanted, unavailable, size(new), &sizes);
        for (index, replicas) in &shrink.steps {
            let Some(target) = old.get_mut(*index) else {
                return false;
            };
            match self.resize(target, *replicas, false) {
                Ok((_, resized)) => *target = resized,
                Err(_) => return false,
            }
        }
        !shrink.is_given_up && !shrink.steps.is_empty()
    }

    /// Replaces all at once: old pods go first, and only when none runs any more come the new ones.
    fn recreate(&mut self) -> Result<Again, Refused> {
        let mut split = self.split()?;
        let mut has_scaled = false;
        for old in split.active_old() {
            has_scaled |= self.resize(&old, 0, false)?.0;
        }
        if has_scaled || self.has_old_pods(&split) {
            return self.write_rollout_status(&split);
        }
        if split.new.is_none() {
            split = self.split_or_create()?;
        }
        if let Some(new) = split.new.clone() {
            self.resize(&new, self.draft.replicas, false)?;
        }
        self.clean_up_if_complete(&split)?;
        self.write_rollout_status(&split)
    }

    /// Returns whether an old ReplicaSet reports pods, or has some that have not ended, terminating ones included.
    fn has_old_pods(&self, split: &Split) -> bool {
        let has_ended = |pod: &Value| matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
        split.old.iter().any(|old| {
            let mut pods = self.seen.dependents(old.view().uid());
            old.actual() > 0 || pods.any(|pod| !has_ended(pod))
        })
    }

    /// Gives a ReplicaSet another size, and notes the size of the Deployment with it; `is_forced` notes that even when
    /// the size stays. Returns whether the size changed, and the ReplicaSet as it then is.
    fn resize(
        &mut self,
        target: &ReplicaSet,
        size: i64,
        is_forced: bool,
    ) -> Result<(bool, ReplicaSet), Refused> {
        let before = target.replicas();
        if !is_forced && before == size {
            return Ok((false, target.clone()));
        }
        let mut annotations = revision::annotations(target.view());
        let max_replicas = self.draft.replicas + self.draft.max_surge();
        let is_noted_otherwise =
            revision::note_size(&mut annotations, self.draft.replicas, max_replicas);
        if before == size && !is_noted_otherwise {
            return Ok((false, target.clone()));
        }
        let mut object = Value::clone(&target.0);
        metadata(&mut object).insert("annotations".to_owned(), json!(annotations));
        spec(&mut object).insert("replicas".to_owned(), json!(size));
        let resized = ReplicaSet(self.client.replace(Kind::ReplicaSet, object, Scope::Main)?);
        if before != size {
            let direction = if before < size { "up" } else { "down" };
            let name = target.view().name();
            let message = format!("Scaled {direction} replica set {name} from {before} to {size}");
            self.client
                .tell(&self.draft.object, "ScalingReplicaSet", &message);
        }
        Ok((before != size, resized))
    }

    fn clean_up_if_complete(&mut self, split: &Split) -> Result<(), Refused> {
        if self.draft.is_complete(&self.draft.status) {
            self.clean_up(split)
        } else {
            Ok(())
        }
    }

    /// Deletes the old ReplicaSets that are no longer kept.
    fn clean_up(&mut self, split: &Split) -> Result<(), Refused> {
        let Some(limit) = self.draft.history_limit else {
            return Ok(());
        };
        for old in history::expired(&split.old, limit) {
            let key = Key::named_in(Kind::ReplicaSet, &old.0);
            match self.client.delete(&key, &DeleteOptions::default()) {
                Err(refused) if !refused.is_not_found() => return Err(refused),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(())
    }

    fn write_plain_status(&mut self, split: &Split) -> Result<Again, Refused> {
        let next = status::compute(
            &self.draft,
            &split.all(),
            split.new.as_ref(),
            self.client.now,
        );
        if next != self.draft.status {
            self.draft.status = next;
            self.draft.write_status(self.client)?;
        }
        Ok(Again::OnChange)
    }

    fn write_rollout_status(&mut self, split: &Split) -> Result<Again, Refused> {
        let next = progress::compute(
            &self.draft,
            &split.all(),
            split.new.as_ref(),
            self.client.now,
        );
        if next == self.draft.status {
            return Ok(progress::again(&self.draft, &next, self.client.now));
        }
        self.draft.status = next;
        self.draft.write_status(self.client)?;
        Ok(Again::OnChange)
    }
}

fn spec(object: &mut Value) -> &mut Map<String, Value> {
    fields(fields(object).entry("spec").or_insert(Value::Null))
}

/// Returns the Deployment that a ReplicaSet belongs to, if it has been seen.
pub(crate) fn owner_of(seen: &Objects, replica_set: &Value) -> Option<Key> {
    let uid_of_owner = controller_of(replica_set)?;
    let owners = View(replica_set).list("/metadata/ownerReferences").iter();
    let mut named = owners.filter(|owner| {
        text(owner, "/uid") == uid_of_owner && text(owner, "/kind") == "Deployment"
    });
    let key = Key::new(
        Kind::Deployment,
        View(replica_set).namespace(),
        text(named.next()?, "/name"),
    );
    seen.read(&key)
        .filter(|deployment| uid(deployment) == uid_of_owner)
        .map(|_| key)
}
