//! How it ended: outcome, what users feel, capacity, the verdict, and the ways out as commands.

use super::{duration, plural};
use crate::rollout::verdict::{
    Answer, Capacity, Conclusion, Doubt, Impact, Outcome, Overtaker, Verdict,
};
use crate::rollout::{Counts, Failure, Successor};

/// Commands that a way out may name, ready to be pasted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Commands {
    /// Follows the rollout again, with its verdict.
    pub(crate) watch: String,
    /// Shows what runs.
    pub(crate) status: String,
    /// The command of this run.
    pub(crate) again: String,
    /// Puts what ran before back; `None` where it is not known.
    pub(crate) back: Option<String>,
    /// Resumes the paused Deployment that is named after it.
    pub(crate) resume: String,
}

/// Returns how one Deployment ended, in one sentence that begins with its name.
pub(crate) fn outcome(conclusion: &Conclusion) -> String {
    let name = &conclusion.deployment;
    let took = duration(conclusion.took);
    match &conclusion.outcome {
        Outcome::Complete => match conclusion.counts {
            Some(Counts { wanted: 0, .. }) => {
                format!("{name}: complete, but with zero replicas: nothing was started.")
            }
            Some(Counts { wanted, .. }) if conclusion.written => {
                format!(
                    "{name}: complete after {took}: {wanted} of {wanted} pods are new and serve."
                )
            }
            Some(Counts { wanted, .. }) => {
                format!("{name}: complete: {wanted} of {wanted} pods run the wanted version.")
            }
            None => format!("{name}: complete."),
        },
        Outcome::Failed(reason) => format!("{name}: failed after {took}: {}", failure(reason)),
        Outcome::Overtaken(by) => format!("{name}: {}", overtaken(by)),
        Outcome::Unknown(doubt) => format!("{name}: {}", doubtful(doubt, &took)),
        Outcome::Interrupted(_) => {
            format!("{name}: not watched any longer; the rollout goes on in the cluster.")
        }
    }
}

/// Returns why the rollout is called failed, as the end of a sentence.
pub(crate) fn failure(failure: &Failure) -> String {
    match failure {
        Failure::ReplicaSetCreate { message } => {
            format!("the controller cannot create the ReplicaSet: {message}")
        }
        Failure::Deadline => "no progress within the Deployment's deadline.".to_owned(),
        Failure::OwnDeadline { without_progress } => format!(
            "no progress for {}; the controller itself will not report it.",
            duration(*without_progress)
        ),
        // Why is told as its cause.
        Failure::PodCreate { .. } => "pods of the new version cannot be created.".to_owned(),
        Failure::Pod => "a pod of the new version will not come up.".to_owned(),
    }
}

/// Returns what users feel. Nothing is claimed that was not seen.
pub(crate) fn impact(conclusion: &Conclusion) -> String {
    let is_attached = conclusion
        .capacity
        .is_some_and(|capacity| capacity.since_attaching);
    match conclusion.impact {
        Impact::Unaffected { wanted: 0, .. } | Impact::Serving { wanted: 0, .. } => {
            "No pods are wanted, so there is nobody to be affected.".to_owned()
        }
        Impact::Unaffected { old, wanted } if is_attached => format!(
            "Users are not affected since watching began: {old} of {wanted} old pods still serve."
        ),
        Impact::Unaffected { old, wanted } => {
            format!("Users are not affected: {old} of {wanted} old pods still serve.")
        }
        Impact::Serving {
            available,
            wanted,
            new,
        } => {
            let new = match new {
                Some(new) if available >= wanted => {
                    return format!("{new} of {available} serving pods are new.");
                }
                Some(new) => format!("{new} of them new."),
                None => "how many of them are new cannot be seen.".to_owned(),
            };
            let only = if available < wanted { "Only " } else { "" };
            format!("{only}{available} of {wanted} wanted pods serve; {new}")
        }
        Impact::Unknown => "What users feel is not known.".to_owned(),
    }
}

/// Returns how far capacity fell. "No downtime" is never said: it cannot be seen from here.
pub(crate) fn capacity(capacity: &Capacity) -> String {
    let Capacity {
        lowest,
        wanted,
        below,
        since_attaching,
    } = capacity;
    let since = if *since_attaching {
        " since watching began"
    } else {
        ""
    };
    if capacity.never_fell() {
        return format!("capacity never below {wanted} of {wanted}{since}");
    }
    let below = match below.as_secs() {
        0 => "less than a second".to_owned(),
        _ => duration(*below),
    };
    format!("capacity fell to {lowest} of {wanted}{since}, and was below for {below}")
}

/// Returns the last line: what happened to the cluster.
pub(crate) fn verdict(verdict: &Verdict) -> String {
    let all = verdict.conclusions.len();
    let count = |holds: fn(&Outcome) -> bool| {
        let conclusions = verdict.conclusions.iter();
        conclusions
            .filter(|conclusion| holds(&conclusion.outcome))
            .count()
    };
    let of = |count: usize| format!("{count} of {}", plural(all, "Deployment"));
    let written = if verdict.has_written() {
        "The cluster was changed"
    } else {
        "This run changed nothing"
    };
    match verdict.answer {
        Answer::Succeeded if !verdict.has_written() => {
            format!("Nothing to do: {} complete.", of(all))
        }
        Answer::Succeeded => format!("Done: {} complete.", of(all)),
        Answer::Failed => {
            let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
            let left = match failed {
                1 => "left as it is",
                _ => "left as they are",
            };
            format!("Failed: {}, {left}.", of(failed))
        }
        Answer::Partial => {
            let names = verdict.missing.deployments.join(", ");
            let missing = verdict.missing.count;
            let planned = missing.saturating_add(all);
            let names = if names.is_empty() {
                String::new()
            } else {
                format!(": {names}")
            };
            format!("Incomplete: {missing} of {planned} planned changes not made{names}")
        }
        Answer::Overtaken => {
            let overtaken = count(|outcome| matches!(outcome, Outcome::Overtaken(_)));
            format!("Overtaken: somebody changed {} after this.", of(overtaken))
        }
        Answer::Unknown => {
            let unknown = count(|outcome| matches!(outcome, Outcome::Unknown(_)));
            format!("Unknown: no verdict on {}. {written}.", of(unknown))
        }
        Answer::Interrupted(_) => {
            let open = count(|outcome| matches!(outcome, Outcome::Interrupted(_)));
            format!(
                "Interrupted: {} not watched to the end. {written}.",
                of(open)
            )
        }
    }
}

/// Returns what to do now, each a sentence that ends in its command.
pub(crate) fn ways_out(verdict: &Verdict, commands: &Commands) -> Vec<String> {
    let mut ways = Vec::new();
    let any = |holds: fn(&Outcome) -> bool| {
        let mut conclusions = verdict.conclusions.iter();
        conclusions.any(|conclusion| holds(&conclusion.outcome))
    };
    if any(|outcome| matches!(outcome, Outcome::Failed(_))) {
        ways.push(
            "The new version goes on trying, and will take over by itself if the cause disappears."
                .to_owned(),
        );
        if let Some(back) = &commands.back {
            ways.push(format!("To put back what ran before: {back}"));
        }
    }
    for conclusion in &verdict.conclusions {
        if conclusion.outcome == Outcome::Unknown(Doubt::Paused) {
            let (resume, name) = (&commands.resume, &conclusion.deployment);
            ways.push(format!("To resume the rollout: {resume}{name}"));
        }
    }
    if any(|outcome| matches!(outcome, Outcome::Unknown(_) | Outcome::Interrupted(_))) {
        ways.push(format!("To follow it again: {}", commands.watch));
    }
    if any(|outcome| matches!(outcome, Outcome::Overtaken(_))) {
        ways.push(format!("To see what runs now: {}", commands.status));
    }
    if verdict.missing.count > 0 {
        ways.push(format!("To make the missing changes: {}", commands.again));
    }
    ways
}

fn overtaken(by: &Overtaker) -> String {
    let whom = |manager: &Option<String>| match manager {
        Some(manager) => format!(", by {manager}"),
        None => String::new(),
    };
    match by {
        Overtaker::Change(Successor::Deploy {
            id,
            user: Some(user),
        }) => {
            format!("overtaken by a later deploy of {user}, {id}")
        }
        Overtaker::Change(Successor::Deploy { id, user: None }) => {
            format!("overtaken by a later deploy, {id}")
        }
        Overtaker::Change(Successor::Reverted { manager }) => {
            format!("the version from before was put back{}", whom(manager))
        }
        Overtaker::Change(Successor::Other { manager }) => {
            format!("the pod template was changed after this{}", whom(manager))
        }
        Overtaker::Deleted => "deleted during the rollout.".to_owned(),
        Overtaker::Recreated => {
            "deleted during the rollout and created anew; the new one is not ours to follow."
                .to_owned()
        }
    }
}

fn doubtful(doubt: &Doubt, took: &str) -> String {
    match doubt {
        Doubt::TimedOut => format!("still rolling out when the time limit was over, after {took}."),
        Doubt::LostContact { lost, why } => {
            format!("out of sight for {}: {why}", duration(*lost))
        }
        Doubt::Expelled { why } => format!("may not be watched any longer: {why}"),
        Doubt::Paused => "paused by somebody, and not resumed.".to_owned(),
        Doubt::ControllerSilent { unobserved } => format!(
            "the deployment controller has not reacted for {}.",
            duration(*unobserved)
        ),
    }
}
