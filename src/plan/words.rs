//! Says in words what selection, checks, and plan decided. The only place of the plan with prose.

mod selection;

use super::Refusal;
use super::approve::{Movement, Unexpected};
use super::busy::BusyTarget;
use super::checks::{Left, ProbeLeft, Setting, Warning};
use super::managers::Manager;
use super::receipt::{Finding, Rewriting};
use super::standing::{Failing, Standing};
use crate::rollout::Counts;
use crate::rollout::history::Record;
pub(crate) use selection::{fault, fault_hint, note};

/// Returns the refusal as a lowercase fragment.
pub(crate) fn refusal(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Downtime { deployment } => format!(
            "Deployment `{deployment}` has the strategy Recreate, which stops all pods before new ones start"
        ),
        Refusal::Paused { deployment } => {
            format!("Deployment `{deployment}` is paused, so no pod would be replaced")
        }
        Refusal::Managed {
            deployment,
            manager,
        } => format!(
            "Deployment `{deployment}` is managed by {} and does not say that it takes part",
            self::manager(manager)
        ),
        Refusal::Terminating { deployment } => {
            format!("Deployment `{deployment}` is being deleted")
        }
        Refusal::AnnotationsFull { deployment, bytes } => format!(
            "the annotations of Deployment `{deployment}` would take {bytes} bytes, more than an object may have"
        ),
    }
}

/// Returns the way out of a refusal, as a full sentence or a command.
pub(crate) fn refusal_hint(refusal: &Refusal, namespace: &str) -> Option<String> {
    match refusal {
        Refusal::Downtime { .. } => Some("If that may be: --allow-downtime".to_owned()),
        Refusal::Paused { deployment } => Some(format!(
            "Resume it: kubectl --namespace {namespace} rollout resume deployment/{deployment}"
        )),
        Refusal::Managed { .. } => {
            Some("Annotate it as a target, or change it this once with --allow-managed.".to_owned())
        }
        Refusal::Terminating { .. } => None,
        Refusal::AnnotationsFull { .. } => Some("Remove annotations that nobody needs.".to_owned()),
    }
}

/// Returns what a manager is called.
pub(crate) fn manager(manager: &Manager) -> String {
    let named = |tool: &str, what: &str, name: &Option<String>| match name {
        Some(name) => format!("{tool} ({what} `{}`)", name.escape_debug()),
        None => tool.to_owned(),
    };
    match manager {
        Manager::ArgoCd { application } => named("Argo CD", "application", application),
        Manager::Flux { name } => named("Flux", "object", name),
        Manager::Helm { release } => named("Helm", "release", release),
        Manager::Apply { name } => format!("server-side apply by `{}`", name.escape_debug()),
    }
}

/// Returns how a plan differs from what `--expect` said.
pub(crate) fn unexpected(unexpected: &Unexpected) -> String {
    match unexpected {
        Unexpected::Running {
            deployment,
            container,
            expected,
            found,
        } => format!(
            "{deployment}/{container} runs {found}, and `{}` was expected",
            expected.escape_debug()
        ),
        Unexpected::New {
            deployment,
            container,
            expected,
            found,
        } => format!(
            "{deployment}/{container} would run {found}, and `{}` was expected",
            expected.escape_debug()
        ),
    }
}

/// Returns how a plan differs from the approved one.
pub(crate) fn movement(movement: &Movement) -> String {
    match movement {
        Movement::Appeared { deployment } => {
            format!("Deployment `{deployment}` has to change now, too")
        }
        Movement::Gone { deployment } => format!("Deployment `{deployment}` is no target any more"),
        Movement::Recreated { deployment } => {
            format!("Deployment `{deployment}` was deleted and made anew")
        }
        Movement::Running {
            deployment,
            container,
            was,
            is,
            record,
        } => {
            let by = record.as_deref().map(deployed_by).unwrap_or_default();
            format!("{deployment}/{container} ran {was} and now runs {is}{by}")
        }
        Movement::Wanted {
            deployment,
            container,
            was,
            is,
        } => format!("{deployment}/{container} was to run {was} and now is to run {is}"),
        Movement::Settings { deployment } => {
            format!("what else is to be set on Deployment `{deployment}` is different")
        }
    }
}

/// Returns ` (alice, 2026-11-21T06:51:53Z)`, as far as the record says.
fn deployed_by(record: &Record) -> String {
    let at = record.at.map(|at| at.to_string());
    let parts: Vec<String> = record.user.clone().into_iter().chain(at).collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!(" ({})", parts.join(", ")),
    }
}

/// Returns which rollouts are in the way.
pub(crate) fn busy(targets: &[BusyTarget], is_waited_for: bool) -> String {
    let targets: Vec<String> = targets
        .iter()
        .map(|target| {
            let counts = target.counts;
            let what = target
                .record
                .as_ref()
                .map(deployed_what)
                .unwrap_or_default();
            format!(
                "Deployment `{}`, {} of {} pods are new{what}",
                target.deployment, counts.updated, counts.wanted
            )
        })
        .collect();
    let still = if is_waited_for { "still " } else { "" };
    format!("a rollout is {still}in progress: {}", targets.join("; "))
}

/// Returns ` (master by alice)`, as far as the record says.
fn deployed_what(record: &Record) -> String {
    match (&record.reference, &record.user) {
        (Some(reference), Some(user)) => format!(" ({reference} by {user})"),
        (Some(text), None) | (None, Some(text)) => format!(" ({text})"),
        (None, None) => String::new(),
    }
}

/// Returns where a Deployment stands, without its name.
pub(crate) fn standing(standing: &Standing) -> String {
    let available = |counts: &Counts| {
        format!(
            "{} of {} pods are available",
            counts.available, counts.wanted
        )
    };
    match standing {
        Standing::Complete { counts } if counts.wanted == 0 => {
            "complete; no pods are wanted".to_owned()
        }
        Standing::Complete { counts } => format!("complete; {}", available(counts)),
        Standing::Degraded { counts } => {
            format!("complete once, but now {}", available(counts))
        }
        Standing::Unfinished { counts } => format!(
            "rolling out; {} of {} pods are new, {}",
            counts.updated,
            counts.wanted,
            available(counts)
        ),
        Standing::Paused { counts } => format!("paused; {}", available(counts)),
        Standing::Failed { failing, counts } => {
            format!("failed: {}; {}", self::failing(failing), available(counts))
        }
    }
}

fn failing(failing: &Failing) -> String {
    match failing {
        Failing::Deadline => "its progress deadline is over".to_owned(),
        Failing::ReplicaSetCreate { message } => {
            format!("its ReplicaSet cannot be created ({message})")
        }
        Failing::PodCreate { message } => format!("its pods cannot be created ({message})"),
        Failing::Doomed => "a new pod does not come up".to_owned(),
    }
}

/// Returns what a plan sets beside the image, why, and what it costs.
pub(crate) fn setting(setting: &Setting) -> String {
    let outside = setting.outside();
    let before = outside.before.as_deref().unwrap_or("unset");
    let change = format!("{}: {before} -> {}", outside.field, outside.value);
    match setting {
        Setting::NoneUnavailable {
            missing,
            replicas,
            waves_before,
            waves,
            delay,
            before,
        } => {
            let why = match (missing, before.first_above_zero()) {
                (0, Some(from)) => format!("from {from} replicas on, pods might be missing"),
                _ => format!("{missing} of {replicas} pods might be missing"),
            };
            let cost = if waves > waves_before {
                let seconds = match delay.as_secs() {
                    0 => String::new(),
                    seconds => format!(", {seconds} s more"),
                };
                format!("; {} instead of {waves_before}{seconds}", steps(*waves))
            } else {
                String::new()
            };
            format!("{change} (else {why} meanwhile{cost})")
        }
        Setting::MinReadySeconds { waves, delay, .. } => format!(
            "{change} (no readinessProbe: else a pod that crashes after a moment counts as ready; {}, {} s more)",
            steps(*waves),
            delay.as_secs()
        ),
    }
}

fn steps(count: i32) -> String {
    match count {
        1 => "1 step".to_owned(),
        count => format!("{count} steps"),
    }
}

/// Returns what a plan tells its reader to think about, without the Deployment's name.
pub(crate) fn warning(warning: &Warning) -> String {
    match warning {
        Warning::CapacityMayDrop {
            unavailable,
            missing,
            replicas,
            from_replicas,
            left,
        } => {
            let meanwhile = match from_replicas {
                Some(from) => format!(
                    "maxUnavailable is {unavailable}: none of {replicas} pods now, but from {from} replicas on, pods may be missing meanwhile"
                ),
                None => format!(
                    "maxUnavailable is {unavailable}: {missing} of {replicas} pods may be missing meanwhile"
                ),
            };
            match left {
                Left::NoSurge => format!("{meanwhile}; left as it is, since maxSurge is 0"),
                Left::Policy => meanwhile,
                Left::Owned(owner) => {
                    format!(
                        "{meanwhile}; left as it is, since it belongs to {}",
                        manager(owner)
                    )
                }
            }
        }
        Warning::Downtime { replicas } => {
            format!("the strategy is Recreate: all {replicas} pods stop before new ones start")
        }
        Warning::NoReadinessProbe { left } => {
            let why = match left {
                ProbeLeft::TooSlow { delay } => format!(
                    "; minReadySeconds could make up for it and would take {} s more",
                    delay.as_secs()
                ),
                ProbeLeft::Deadline { seconds } => format!(
                    "; the progress deadline of {seconds} s leaves no room for minReadySeconds"
                ),
                ProbeLeft::Policy => String::new(),
                ProbeLeft::Owned(owner) => {
                    format!("; minReadySeconds belongs to {}", manager(owner))
                }
            };
            format!("no container has a readinessProbe, so that ready only means started{why}")
        }
        Warning::NoPreStop => {
            "no container has a preStop hook: requests may be cut when old pods stop".to_owned()
        }
        Warning::MovingTag {
            container,
            tag,
            is_cached,
        } => {
            let tag = match tag {
                Some(tag) => format!("the tag `{tag}` of container `{container}`"),
                None => format!("container `{container}` has no tag, which"),
            };
            let cached = match is_cached {
                true => "; nodes that have it do not pull it again",
                false => "",
            };
            format!("{tag} may mean another image tomorrow{cached}")
        }
        Warning::ShortHistory { limit } => {
            format!("revisionHistoryLimit is {limit}: there may be nothing to go back to")
        }
        Warning::NoReplicas => "no replicas are wanted, so nothing will be started".to_owned(),
        Warning::Managed { manager } => {
            format!("{}: {}", self::manager(manager), will_do(manager))
        }
        Warning::OtherRepository {
            container,
            before,
            after,
        } => format!("container `{container}` goes from repository {before} to {after}"),
        Warning::SameRepository { container, image } => {
            format!("container `{container}` stays on {image}, which is of the same repository")
        }
    }
}

/// Returns what a manager will do to the change.
fn will_do(manager: &Manager) -> &'static str {
    match manager {
        Manager::ArgoCd { .. } => {
            "it will show the Deployment as out of sync, and put the old image back if it heals itself"
        }
        Manager::Flux { .. } => "it will put the old image back when it reconciles next",
        Manager::Helm { .. } => "its next upgrade or rollback will put its own image back",
        Manager::Apply { .. } => "its next apply will conflict, or put its own image back",
    }
}

/// Returns what was stored differently than it was sent.
pub(crate) fn finding(finding: &Finding) -> String {
    match finding {
        Finding::PutBack { container, image } => format!(
            "the change was rejected silently: a webhook put {image} back into container `{container}`"
        ),
        Finding::Rewritten {
            container,
            sent,
            stored,
            rewriting,
        } => {
            let what = match rewriting {
                Rewriting::Pinned => "pinned by a webhook",
                Rewriting::OtherRepository => "rewritten by a webhook to another repository",
                Rewriting::OtherTag => "rewritten by a webhook to another image",
                Rewriting::Unreadable => "rewritten by a webhook to what is no image",
            };
            format!("container `{container}`: {what}: {sent} -> {stored}")
        }
        Finding::Setting {
            field,
            sent,
            stored,
        } => format!(
            "{} was sent as {sent} and is stored as {}",
            field.name(),
            stored.as_deref().unwrap_or("unset")
        ),
    }
}

#[cfg(test)]
mod tests;
