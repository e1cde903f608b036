//! Makes the plan of one Deployment that changes: settings, warnings, record, and patch.

use jiff::Timestamp;
use serde_json::Value;

use super::{PlanInput, Signature, Target};
use crate::environment::values::Strategy;
use crate::image::{Digest, Image, Tag};
use crate::plan::checks::{self, Setting, Warning};
use crate::plan::deployment::Deployment;
use crate::plan::managers::manager_of;
use crate::plan::patch::{Builder, Patch, Pointer};
use crate::plan::{Change, DeploymentPlan, Refusal, Wanted};
use crate::rollout::ProgressingStamp;
use crate::rollout::history::log::{Entry, Log, Outcome};
use crate::rollout::history::{Action, Key, Record, SetOutside, elapsed, one_line};

/// The annotation that `kubectl rollout history` shows.
const CHANGE_CAUSE: &str = "kubernetes.io/change-cause";

/// Long enough for any ref, short enough for a table.
const LONGEST_CAUSE: usize = 200;

/// What the API server allows all annotations of an object to take.
const MOST_ANNOTATION_BYTES: usize = 256 * 1024;

/// What all Deployments of a plan have in common.
pub(super) struct Release<'a> {
    pub(super) number: u32,
    /// How many Deployments change, those included that this run has changed already.
    pub(super) targets: usize,
    pub(super) input: &'a PlanInput<'a>,
}

impl Release<'_> {
    /// Returns the plan of one Deployment, and adds what stands against it.
    pub(super) fn changed(
        &self,
        target: Target<'_>,
        refusals: &mut Vec<Refusal>,
    ) -> DeploymentPlan {
        let deployment = target.targeted.deployment.clone();
        let rules = self.input.rules;
        let strategy = match (rules.keeps_strategy, target.targeted.strategy) {
            (true, _) => Strategy::Keep,
            (false, own) => own.unwrap_or(rules.strategy),
        };
        let checked = checks::check(&deployment, strategy, rules.is_downtime_allowed);
        let mut warnings = checked.warnings;
        warnings.extend(image_warnings(&deployment, &target));
        let name = || deployment.name().to_owned();
        if checked.is_downtime {
            refusals.push(Refusal::Downtime { deployment: name() });
        }
        if deployment.seen.spec.paused {
            refusals.push(Refusal::Paused { deployment: name() });
        }
        if deployment.seen.metadata.deletion_timestamp.is_some() {
            refusals.push(Refusal::Terminating { deployment: name() });
        }
        let manager = target
            .changes
            .first()
            .and_then(|change| manager_of(&deployment, change.position));
        if let Some(manager) = manager {
            if target.targeted.is_annotated || rules.is_managed_allowed {
                warnings.push(Warning::Managed { manager });
            } else {
                refusals.push(Refusal::Managed {
                    deployment: name(),
                    manager,
                });
            }
        }
        let record = self.record(&target, &checked.settings);
        let annotations = self.annotations(&record, &target);
        let bytes = annotation_bytes(&deployment, &annotations);
        if bytes > MOST_ANNOTATION_BYTES {
            refusals.push(Refusal::AnnotationsFull {
                deployment: name(),
                bytes,
            });
        }
        let patch = self.patch(&deployment, &target.changes, &checked.settings, annotations);
        DeploymentPlan {
            deployment,
            changes: target.changes,
            kept: target.kept,
            settings: checked.settings,
            record,
            previous: target.past.current().cloned(),
            warnings,
            standing: target.standing,
            patch,
        }
    }

    fn record(&self, target: &Target<'_>, settings: &[Setting]) -> Record {
        let Signature {
            deploy_id,
            user,
            reason,
            tool,
            now,
        } = self.input.signature.clone();
        let (reference, sha) = match self.input.wanted {
            Wanted::Commit {
                reference, commit, ..
            } => (Some(reference.clone()), Some(commit.to_string())),
            Wanted::Tag(_) | Wanted::Image(_) => (None, None),
        };
        let seen = &target.targeted.deployment.seen;
        Record {
            id: deploy_id,
            action: Some(Action::Deploy),
            reference,
            sha,
            user: Some(user).filter(|user| !user.is_empty()),
            at: Some(now),
            reason: reason.filter(|reason| !reason.is_empty()),
            tool: Some(tool).filter(|tool| !tool.is_empty()),
            set: set_outside(target, settings),
            targets: u32::try_from(self.targets).ok(),
            before: seen
                .status
                .condition("Progressing")
                .map(ProgressingStamp::of),
        }
    }

    /// Returns the annotations of the write: record, log, and change-cause.
    fn annotations(&self, record: &Record, target: &Target<'_>) -> Vec<(String, String)> {
        let entry = Entry {
            number: self.number,
            at: self.input.signature.now,
            action: Action::Deploy,
            outcome: None,
            seconds: None,
            id: record.id.clone(),
            who: self.input.signature.user.clone(),
            tag: target.changes.first().map(tag_text).unwrap_or_default(),
        };
        let log = closed_log(target, self.input.signature.now).with(entry);
        let mut annotations = record.annotations(&log, self.input.prefix);
        let cause = format!(
            "kube {} deploy {} by {}",
            self.input.environment, self.input.wanted, self.input.signature.user
        );
        annotations.push((CHANGE_CAUSE.to_owned(), one_line(&cause, LONGEST_CAUSE)));
        annotations
    }

    fn patch(
        &self,
        deployment: &Deployment,
        changes: &[Change],
        settings: &[Setting],
        annotations: Vec<(String, String)>,
    ) -> Patch {
        let mut patch = Builder::new(&deployment.raw);
        patch.test(Pointer::of("/metadata/uid"));
        for change in changes {
            let container = Pointer::of(&change.position.to_string());
            patch.test(container.clone().member("name"));
            patch.replace(container.member("image"), change.after.to_string().into());
        }
        for setting in settings {
            patch.replace(Pointer::of(setting.field().pointer()), setting.after());
        }
        let id = self.input.prefix.key(Key::Id.name());
        patch.annotate(annotations, &id);
        patch.build(deployment.name())
    }
}

/// Returns what stands outside the template because of this deploy or of an earlier one.
///
/// What an earlier deploy set and nobody changed since stays remembered, so that a later rollback
/// still knows whose it is.
fn set_outside(target: &Target<'_>, settings: &[Setting]) -> Vec<SetOutside> {
    let own: Vec<SetOutside> = settings.iter().map(|setting| setting.outside()).collect();
    let earlier = target.past.record.iter().flat_map(|record| &record.set);
    let still_there = earlier.filter(|set| {
        let field = checks::Field::named(&set.field);
        let now = field.and_then(|field| field.text(&target.targeted.deployment.raw));
        now.as_deref() == Some(&set.value) && !own.iter().any(|new| new.field == set.field)
    });
    let mut all: Vec<SetOutside> = still_there.cloned().collect();
    all.extend(own);
    all
}

/// Returns the log of a Deployment with the deploy before this one closed.
fn closed_log(target: &Target<'_>, now: Timestamp) -> Log {
    let last = target.past.current().map(|record| {
        let outcome = target.standing.outcome();
        (&record.id, outcome, seconds(target, record, outcome, now))
    });
    target.past.log.clone().closed(last)
}

/// Returns how long the deploy before this one took, as far as the Deployment still tells.
fn seconds(target: &Target<'_>, record: &Record, outcome: Outcome, now: Timestamp) -> Option<u32> {
    let begun = record.at?;
    let ended = match outcome {
        Outcome::Completed | Outcome::Failed => {
            let progressing = target
                .targeted
                .deployment
                .seen
                .status
                .condition("Progressing");
            let time = progressing?.last_update_time.as_deref()?;
            // A rollback to a ReplicaSet that exists leaves the time of an earlier rollout.
            time.parse().ok().filter(|time| *time >= begun)?
        }
        Outcome::Superseded | Outcome::RolledBack => now,
    };
    u32::try_from(elapsed(begun, ended).as_secs()).ok()
}

fn tag_text(change: &Change) -> String {
    let tag = change.after.tag().map(Tag::to_string);
    tag.or_else(|| change.after.digest().map(Digest::to_string))
        .unwrap_or_default()
}

/// Warns of moving tags, of another image repository, and of containers that stay behind.
fn image_warnings(deployment: &Deployment, target: &Target<'_>) -> Vec<Warning> {
    let containers = deployment.containers();
    let mut warnings = Vec::new();
    for change in &target.changes {
        let container = containers
            .iter()
            .copied()
            .find(|container| container.position == change.position);
        warnings.extend(container.and_then(|own| checks::moving_tag(own, &change.after)));
        if !change.before.name().is_same_as(change.after.name()) {
            warnings.push(Warning::OtherRepository {
                container: change.container.clone(),
                before: change.before.name().to_string(),
                after: change.after.name().to_string(),
            });
        }
    }
    let is_target = |name: &str| {
        let named = &target.targeted.containers;
        named.iter().any(|container| container.name == name)
    };
    for container in containers {
        let is_left_behind = !is_target(container.name())
            && container.image().parse().is_ok_and(|image: Image| {
                target.changes.iter().any(|change| {
                    image.name().is_same_as(change.after.name()) && image != change.after
                })
            });
        if is_left_behind {
            warnings.push(Warning::SameRepository {
                container: container.name().to_owned(),
                image: container.image().to_owned(),
            });
        }
    }
    warnings
}

/// Returns what all annotations will take once these are written.
fn annotation_bytes(deployment: &Deployment, written: &[(String, String)]) -> usize {
    let others = deployment
        .raw
        .pointer("/metadata/annotations")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(key, _)| !written.iter().any(|(own, _)| own == *key))
        .map(|(key, value)| key.len() + value.as_str().map_or(0, str::len));
    let own = written.iter().map(|(key, value)| key.len() + value.len());
    others.chain(own).sum()
}
