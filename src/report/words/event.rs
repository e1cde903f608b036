//! What happens meanwhile: one line an event, and where a rollout stands.

use super::cause::cause;
use super::ending::{capacity, outcome};
use super::{counts, duration};
use crate::rollout::event::Event;
use crate::rollout::{Departure, Status, Successor, Waiting, Watched};

/// Returns one line for the event; it begins with the Deployment's name if it is about one.
pub(crate) fn event(event: &Event) -> String {
    match event {
        Event::Started {
            deployment,
            written: true,
            ..
        } => format!("{deployment}: changed, the rollout begins."),
        Event::Started {
            deployment,
            written: false,
            age,
        } if age.is_zero() => format!("{deployment}: unchanged, looking at what runs."),
        Event::Started {
            deployment, age, ..
        } => format!(
            "{deployment}: following the rollout that began {} ago.",
            duration(*age)
        ),
        Event::Progress {
            deployment,
            waiting,
            counts: now,
            trouble,
        } => {
            let trouble = match trouble {
                Some(blame) => format!(" {}", cause(blame)),
                None => String::new(),
            };
            format!(
                "{deployment}: {}; waiting for {}.{trouble}",
                counts(now),
                awaited(*waiting)
            )
        }
        Event::Silent {
            deployment,
            unobserved,
        } => format!(
            "{deployment}: the deployment controller has not reacted for {}.",
            duration(*unobserved)
        ),
        Event::Paused {
            deployment,
            counts: now,
        } => {
            format!(
                "{deployment}: somebody paused the rollout; {}.",
                counts(now)
            )
        }
        Event::Resumed { deployment } => format!("{deployment}: the rollout was resumed."),
        Event::Rescaled {
            deployment,
            from,
            to,
        } => {
            format!("{deployment}: scaled from {from} to {to} meanwhile; {to} are waited for now.")
        }
        Event::Trouble { deployment, blame } => format!("{deployment}: {}", cause(blame)),
        Event::Recovered { deployment, blame } => {
            format!("{deployment}: recovered from: {}", cause(blame))
        }
        Event::Degraded { kind, why } => {
            format!(
                "{} cannot be read, {}: {why}",
                plural_of(*kind),
                lack(*kind)
            )
        }
        Event::LostContact { kind, why } => {
            format!("Lost sight of {}, trying again: {why}", plural_of(*kind))
        }
        Event::RegainedContact { kind, lost } => {
            format!(
                "{} can be seen again after {}.",
                plural_of(*kind),
                duration(*lost)
            )
        }
        Event::Heartbeat {
            deployment,
            status,
            elapsed,
            trouble,
        } => {
            let trouble = match trouble {
                Some(blame) => format!(" {}", cause(blame)),
                None => String::new(),
            };
            format!(
                "{deployment}, after {}: {}{trouble}",
                duration(*elapsed),
                standing(status)
            )
        }
        Event::Finished(conclusion) => match &conclusion.capacity {
            Some(report) => format!("{} {}", outcome(conclusion), parenthesis(&capacity(report))),
            None => outcome(conclusion),
        },
    }
}

/// Returns where a rollout stands, as the end of a line.
pub(crate) fn standing(status: &Status) -> String {
    match status {
        Status::Pending { silent: false } => {
            "waiting for the controller to take notice.".to_owned()
        }
        Status::Pending { silent: true } => "the deployment controller is not reacting.".to_owned(),
        Status::Progressing {
            waiting,
            counts: now,
        } => format!("{}; waiting for {}.", counts(now), awaited(*waiting)),
        Status::Complete { counts: now } if now.wanted == 0 => {
            "complete, with zero replicas.".to_owned()
        }
        Status::Complete { counts: now } => format!("complete, {0} of {0} serving.", now.wanted),
        Status::Failed { counts: now, .. } => format!("failed; {}.", counts(now)),
        Status::Paused { counts: now } => format!("paused; {}.", counts(now)),
        Status::Superseded { by } => match by {
            Successor::Deploy { .. } => "overtaken by a later deploy.".to_owned(),
            Successor::Reverted { .. } => "the version from before was put back.".to_owned(),
            Successor::Other { .. } => "the pod template was changed.".to_owned(),
        },
        Status::Gone(Departure::Deleted) => "deleted.".to_owned(),
        Status::Gone(Departure::Recreated) => "deleted and created anew.".to_owned(),
        Status::TimedOut { counts: now } => format!("still rolling out; {}.", counts(now)),
    }
}

fn awaited(waiting: Waiting) -> &'static str {
    match waiting {
        Waiting::Updated => "more new pods",
        Waiting::Old => "old pods to stop",
        Waiting::ScaleDown => "surplus pods to stop",
        Waiting::Available => "new pods to become available",
        Waiting::Terminating => "old pods to finish",
    }
}

fn plural_of(kind: Watched) -> &'static str {
    match kind {
        Watched::Deployments => "Deployments",
        Watched::ReplicaSets => "ReplicaSets",
        Watched::Pods => "Pods",
        Watched::Events => "Cluster events",
    }
}

/// What is missing without the kind.
fn lack(kind: Watched) -> &'static str {
    match kind {
        Watched::Deployments => "so nothing can be watched",
        Watched::ReplicaSets => "so old and new pods cannot be told apart",
        Watched::Pods => "so failures show late and without their cause",
        Watched::Events => "so causes lack the cluster's own words",
    }
}

fn parenthesis(text: &str) -> String {
    format!("({text})")
}
