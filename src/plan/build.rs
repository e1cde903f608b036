//! Makes the plan of a deploy: one pure function of what was selected, read, and allowed.

mod release;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::select::{Selection, TargetContainer, Targeted};
use super::standing::{Evidence, Standing};
use super::{Change, Kept, Plan, Unchanged, Wanted, checks};
use crate::environment::prefix::Prefix;
use crate::environment::values::Strategy;
use crate::image::Image;
use crate::rollout::history::{Action, DeployId, Past};
use crate::rollout::observed::ReplicaSetSeen;
use release::Release;

/// All that a plan is made from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlanInput<'a> {
    pub(crate) environment: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) prefix: &'a Prefix,
    pub(crate) selection: &'a Selection,
    /// Those of the targets at least; none where they may not be read.
    pub(crate) replica_sets: &'a [ReplicaSetSeen],
    /// Deployments whose new pods will not come up, says the diagnosis of their state.
    pub(crate) doomed: &'a BTreeSet<String>,
    pub(crate) wanted: &'a Wanted,
    pub(crate) signature: &'a Signature,
    pub(crate) rules: Rules,
}

/// Who deploys, when, and why: what the record says of this run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) deploy_id: DeployId,
    pub(crate) user: String,
    pub(crate) reason: Option<String>,
    /// The program and its version.
    pub(crate) tool: String,
    /// By the API server's clock.
    pub(crate) now: Timestamp,
}

/// What this run may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    /// The environment's.
    pub(crate) strategy: Strategy,
    /// `--keep-strategy`
    pub(crate) keeps_strategy: bool,
    /// `--allow-downtime`
    pub(crate) is_downtime_allowed: bool,
    /// `--allow-managed`
    pub(crate) is_managed_allowed: bool,
    /// How long pods may fail to be created until a rollout counts as failed.
    pub(crate) pod_create: Duration,
}

/// Makes the plan.
///
/// Never fails: what stands against the plan is part of it, so that a dry run can show both.
pub(crate) fn build(input: &PlanInput<'_>) -> Plan {
    let targets: Vec<Target<'_>> = input
        .selection
        .targets
        .iter()
        .map(|targeted| Target::of(targeted, input))
        .collect();
    let id = &input.signature.deploy_id;
    let own_number = targets
        .iter()
        .find_map(|target| Some(target.past.log.entry(id)?.number));
    let greatest = targets
        .iter()
        .map(|target| target.past.log.greatest_number())
        .max();
    // A plan that is made anew after some of its writes goes on with their release.
    let number = own_number.unwrap_or_else(|| greatest.unwrap_or(0).saturating_add(1));
    let is_in_release = |target: &&Target<'_>| {
        let record = target.past.current();
        !target.changes.is_empty() || record.is_some_and(|record| record.id == *id)
    };
    let release = Release {
        number,
        targets: targets.iter().filter(is_in_release).count(),
        input,
    };
    let mut plan = Plan {
        deploy_id: input.signature.deploy_id.clone(),
        number,
        action: Action::Deploy,
        environment: input.environment.to_owned(),
        namespace: input.namespace.to_owned(),
        wanted: input.wanted.clone(),
        deployments: Vec::new(),
        unchanged: Vec::new(),
        refusals: Vec::new(),
    };
    for target in targets {
        if target.changes.is_empty() {
            plan.unchanged.push(target.unchanged(input));
        } else {
            plan.deployments
                .push(release.changed(target, &mut plan.refusals));
        }
    }
    plan
}

/// One Deployment with its changes, before the release's number is known.
struct Target<'a> {
    targeted: &'a Targeted,
    past: Past,
    standing: Standing,
    changes: Vec<Change>,
    kept: Vec<Kept>,
}

impl<'a> Target<'a> {
    fn of(targeted: &'a Targeted, input: &PlanInput<'_>) -> Self {
        let seen = &targeted.deployment.seen;
        let past = Past::read(seen, input.replica_sets, input.prefix);
        let standing = Standing::of(
            seen,
            &Evidence {
                past: &past,
                is_doomed: input.doomed.contains(targeted.deployment.name()),
                now: input.signature.now,
                pod_create: input.rules.pod_create,
            },
        );
        let mut changes = Vec::new();
        let mut kept = Vec::new();
        for target in &targeted.containers {
            let TargetContainer {
                name,
                position,
                image,
            } = target.clone();
            let after = input.wanted.image_after(&image);
            if is_as_wanted(&image, &after) {
                kept.push(Kept {
                    container: name,
                    image,
                });
            } else {
                changes.push(Change {
                    container: name,
                    position,
                    before: image,
                    after,
                });
            }
        }
        Self {
            targeted,
            past,
            standing,
            changes,
            kept,
        }
    }

    fn unchanged(self, input: &PlanInput<'_>) -> Unchanged {
        let deployment = self.targeted.deployment.clone();
        Unchanged {
            baseline: self.past.baseline(&deployment.seen, input.signature.now),
            record: self.past.current().cloned(),
            kept: self.kept,
            standing: self.standing,
            deployment,
        }
    }
}

/// Tells whether a container already runs what is wanted.
///
/// A digest that a webhook added to our tag does not make it another image, if the tag is one that
/// is written once.
fn is_as_wanted(running: &Image, wanted: &Image) -> bool {
    let is_pinned = running.digest().is_some() && wanted.digest().is_none();
    running.is_same_as(wanted)
        || (is_pinned
            && running.tag() == wanted.tag()
            && wanted.tag().is_some_and(checks::is_build_tag)
            && running.name().is_same_as(wanted.name()))
}

#[cfg(test)]
mod tests;
