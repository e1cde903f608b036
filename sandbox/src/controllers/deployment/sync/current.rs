//! Finding the ReplicaSet for a Deployment's template, bringing it up to date, or making it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Split, Sync, spec};
use crate::client::Refused;
use crate::controllers::conditions::Condition;
use crate::controllers::deployment::draft::is_same_template;
use crate::controllers::deployment::{PROGRESSING, REVISION, ReplicaSet, TEMPLATE_HASH, revision};
use crate::object::{Key, Kind, Lookup, controller_of, fields, metadata, put, text, uid};
use crate::random::safe_encode;
use crate::semantic;
use crate::store::{Scope, StoreError};

/// The longest name of an object.
const NAME_LENGTH: usize = 253;

impl Sync<'_, '_> {
    /// Tells new and old ReplicaSets apart, and brings annotations and revision where they belong.
    pub(super) fn split(&mut self) -> Result<Split, Refused> {
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
    pub(super) fn split_or_create(&mut self) -> Result<Split, Refused> {
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
            .set_revision(new.annotation(REVISION).unwrap_or(""));
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
            .at("/spec/selector")
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
}

fn set_min_ready_seconds(object: &mut Value, seconds: i64) {
    let value = (seconds != 0).then(|| json!(seconds));
    put(spec(object), "minReadySeconds", value);
}
