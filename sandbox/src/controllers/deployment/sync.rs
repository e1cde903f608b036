//! One sync of a Deployment, in upstream's order of reads and writes.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::draft::{Draft, Strategy, is_same_template};
use super::rolling::{self, Size};
use super::scaling::{self, Part, Whole};
use super::{
    DESIRED_REPLICAS, PROGRESSING, ReplicaSet, TEMPLATE_HASH, history, progress, revision, status,
};
use crate::client::{Client, Refused};
use crate::controllers::Again;
use crate::controllers::conditions::Condition;
use crate::object::{Key, Kind, View, controller_of, fields, metadata, text, uid};
use crate::random::safe_encode;
use crate::semantic;
use crate::store::{DeleteOptions, Objects, Scope, StoreError};

/// The longest name of an object.
const NAME_LENGTH: usize = 253;

/// Looks after one Deployment, as `seen` shows it.
pub(crate) fn sync(seen: &Objects, client: &mut Client<'_>, key: &Key) -> Result<Again, Refused> {
    let Some(object) = seen.read(key) else {
        return Ok(Again::OnChange);
    };
    let mut draft = Draft::of(object);
    if object.pointer("/spec/selector") == Some(&json!({})) {
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

    /// Tells new and old ReplicaSets apart, and brings annotations and revision where they belong.
    fn split(&mut self) -> Result<Split, Refused> {
        let Some(new) = self.draft.find_new(&self.owned) else {
            return Ok(Split {
                new: None,
                old: self.owned.clone(),
            });
        };
        let is_other = |candidate: &&ReplicaSet| candidate.view().uid() != new.view().uid();
        let old: Vec<ReplicaSet> = self.owned.iter().filter(is_other).cloned().collect();
        let new = Some(self.bring_up_to_date(new, &old)?);
        Ok(Split { new, old })
    }

    /// As [`split`](Sync::split), but makes the new ReplicaSet if there is none.
    fn split_or_create(&mut self) -> Result<Split, Refused> {
        let mut split = self.split()?;
        if split.new.is_none() {
            split.new = Some(self.create(&split.old)?);
        }
        Ok(split)
    }

    fn bring_up_to_date(
        &mut self,
        new: ReplicaSet,
        old: &[ReplicaSet],
    ) -> Result<ReplicaSet, Refused> {
        let next = revision::next(old);
        let min_ready_seconds = self.draft.min_ready_seconds();
        if revision::is_behind(&self.draft, &new, next)
            || new.min_ready_seconds() != min_ready_seconds
        {
            let mut annotations = revision::annotations(new.view());
            revision::bring(
                &mut annotations,
                &self.draft,
                next,
                revision::HISTORY_LENGTH,
            );
            let mut object = Value::clone(&new.0);
            metadata(&mut object).insert("annotations".to_owned(), json!(annotations));
            set_min_ready_seconds(&mut object, min_ready_seconds);
            return self
                .client
                .replace(Kind::ReplicaSet, object, Scope::Main)
                .map(ReplicaSet);
        }
        let mut has_changed = self
            .draft
            .set_revision(new.annotation(super::REVISION).unwrap_or(""));
        if self.draft.deadline.is_some() && self.draft.status.conditions.find(PROGRESSING).is_none()
        {
            let message = format!("Found new replica set \"{}\"", new.view().name());
            let now = self.client.now;
            self.draft.status.conditions.set(Condition::new(
                PROGRESSING,
                "True",
                "FoundNewReplicaSet",
                message,
                now,
            ));
            has_changed = true;
        }
        if has_changed {
            self.draft.write_status(self.client)?;
        }
        Ok(new)
    }

    /// Makes the ReplicaSet for the Deployment's template. If it cannot be made, that is all this sync reports: the
    /// observed generation stays behind.
    fn create(&mut self, old: &[ReplicaSet]) -> Result<ReplicaSet, Refused> {
        let next = revision::next(old);
        let (object, replicas) = self.compose(old, next);
        let name = text(&object, "/metadata/name").to_owned();
        let now = self.client.now;
        let created = match self.client.create(Kind::ReplicaSet, object) {
            Ok(created) => {
                if replicas > 0 {
                    let message = format!("Scaled up replica set {name} from 0 to {replicas}");
                    self.client
                        .tell(&self.draft.object, "ScalingReplicaSet", &message);
                }
                if self.draft.deadline.is_some() {
                    let message = format!("Created new replica set \"{name}\"");
                    let condition =
                        Condition::new(PROGRESSING, "True", "NewReplicaSetCreated", message, now);
                    self.draft.status.conditions.set(condition);
                }
                self.draft.set_revision(&next.to_string());
                self.draft.write_status(self.client)?;
                return Ok(ReplicaSet(created));
            }
            Err(Refused::Store(StoreError::AlreadyExists(key))) => self.take_existing(&key)?,
            Err(refused) if refused.is_hopeless() => return Err(refused),
            Err(refused) => {
                let message = format!("Failed to create new replica set \"{name}\": {refused}");
                if self.draft.deadline.is_some() {
                    let condition = Condition::new(
                        PROGRESSING,
                        "False",
                        "ReplicaSetCreateError",
                        &message,
                        now,
                    );
                    self.draft.status.conditions.set(condition);
                    // The refusal is the graver error.
                    let _ = self.draft.write_status(self.client);
                }
                self.client
                    .warn(&self.draft.object, "ReplicaSetCreateError", &message);
                return Err(refused);
            }
        };
        if self.draft.set_revision(&next.to_string()) {
            self.draft.write_status(self.client)?;
        }
        Ok(created)
    }

    /// Takes a ReplicaSet of that name for the new one if it is, else counts a collision of names.
    fn take_existing(&mut self, key: &Key) -> Result<ReplicaSet, Refused> {
        let existing = self
            .seen
            .read(key)
            .ok_or_else(|| Refused::Store(StoreError::NotFound(key.clone())))?;
        let existing = ReplicaSet(Arc::clone(existing));
        let is_own = controller_of(&existing.0) == Some(uid(&self.draft.object));
        if is_own && is_same_template(self.draft.template(), existing.template()) {
            return Ok(existing);
        }
        self.draft.status.collisions = Some(self.draft.status.collisions.unwrap_or(0) + 1);
        // The collision is the error to report, whether its count could be written or not.
        let _ = self.draft.write_status(self.client);
        Err(Refused::Store(StoreError::AlreadyExists(key.clone())))
    }

    /// Composes the ReplicaSet for the Deployment's template, and how many pods it starts with.
    fn compose(&self, old: &[ReplicaSet], next: i64) -> (Value, i64) {
        let draft = &self.draft;
        let collisions = draft.status.collisions.unwrap_or(0);
        let hash = semantic::fingerprint(&json!([draft.template(), collisions]));
        let hash = safe_encode(&hash.to_string());
        let view = draft.view();
        let room = NAME_LENGTH.saturating_sub(hash.len() + 1);
        let prefix: String = view.name().chars().take(room).collect();
        let replicas = self.new_size(old.iter().map(ReplicaSet::replicas).sum(), 0);
        let mut annotations = revision::Annotations::new();
        revision::bring(&mut annotations, draft, next, revision::HISTORY_LENGTH);
        revision::note_size(
            &mut annotations,
            draft.replicas,
            draft.replicas + draft.max_surge(),
        );

        let mut template = draft.template().clone();
        let labels = metadata(&mut template)
            .entry("labels")
            .or_insert(Value::Null);
        fields(labels).insert(TEMPLATE_HASH.to_owned(), json!(hash));
        let labels = labels.clone();
        let mut selector = draft
            .object
            .pointer("/spec/selector")
            .cloned()
            .unwrap_or_default();
        let match_labels = fields(&mut selector)
            .entry("matchLabels")
            .or_insert(Value::Null);
        fields(match_labels).insert(TEMPLATE_HASH.to_owned(), json!(hash));

        let mut object = json!({
            "metadata": {
                "name": format!("{prefix}-{hash}"),
                "namespace": view.namespace(),
                "labels": labels,
                "annotations": annotations,
                "ownerReferences": [draft.owner().reference()],
            },
            "spec": {"replicas": replicas, "selector": selector, "template": template},
            "status": {"replicas": 0},
        });
        set_min_ready_seconds(&mut object, draft.min_ready_seconds());
        (object, replicas)
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

    /// Scales without rolling: while paused, and when the number of replicas has changed.
    fn scale(&mut self) -> Result<Again, Refused> {
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

/// Returns whether the new ReplicaSet has all the pods it can want.
fn is_saturated(new: &ReplicaSet, wanted: i64) -> bool {
    let desired = new
        .annotation(DESIRED_REPLICAS)
        .and_then(|desired| desired.parse().ok());
    new.replicas() == wanted && desired == Some(wanted) && new.available() == wanted
}

fn spec(object: &mut Value) -> &mut Map<String, Value> {
    fields(fields(object).entry("spec").or_insert(Value::Null))
}

fn set_min_ready_seconds(object: &mut Value, seconds: i64) {
    let value = (seconds != 0).then(|| json!(seconds));
    crate::object::put(spec(object), "minReadySeconds", value);
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
