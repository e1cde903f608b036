//! The story of a run for programs: events one by one, and the verdict as one document.
//!
//! The fields are part of what users rely on; `docs/json.md` describes them.

use serde_json::{Value, json};

use super::words;
use crate::error::{Error, Kind};
use crate::exit_code::ExitCode;
use crate::rollout::diagnose::Blame;
use crate::rollout::event::Event;
use crate::rollout::verdict::{
    Answer, Conclusion, Doubt, Evidence, Impact, Outcome, Overtaker, Verdict,
};
use crate::rollout::{Counts, Failure, Status, Waiting, Watched};

/// Counts up when a field changes its meaning or goes away.
pub(crate) const SCHEMA: u32 = 1;

/// Returns an event with its name, its numbers, and its text.
pub(crate) fn event(event: &Event) -> Value {
    let mut value = match event {
        Event::Started {
            deployment,
            written,
            age,
        } => json!({
            "event": "started", "deployment": deployment, "written": written, "age_seconds": age.as_secs(),
        }),
        Event::Progress {
            deployment,
            waiting,
            counts: numbers,
            trouble,
        } => json!({
            "event": "progress", "deployment": deployment, "waiting_for": waiting_for(*waiting),
            "counts": counts(numbers), "trouble": trouble.as_ref().map(cause),
        }),
        Event::Silent {
            deployment,
            unobserved,
        } => json!({
            "event": "silent", "deployment": deployment, "unobserved_seconds": unobserved.as_secs(),
        }),
        Event::Paused {
            deployment,
            counts: numbers,
        } => json!({
            "event": "paused", "deployment": deployment, "counts": counts(numbers),
        }),
        Event::Resumed { deployment } => json!({"event": "resumed", "deployment": deployment}),
        Event::Rescaled {
            deployment,
            from,
            to,
        } => json!({
            "event": "rescaled", "deployment": deployment, "from": from, "to": to,
        }),
        Event::Trouble { deployment, blame } => json!({
            "event": "trouble", "deployment": deployment, "cause": cause(blame),
        }),
        Event::Recovered { deployment, blame } => json!({
            "event": "recovered", "deployment": deployment, "cause": cause(blame),
        }),
        Event::Degraded { kind, why } => json!({
            "event": "degraded", "kind": watched(*kind), "why": why,
        }),
        Event::LostContact { kind, why } => json!({
            "event": "lost-contact", "kind": watched(*kind), "why": why,
        }),
        Event::RegainedContact { kind, lost } => json!({
            "event": "regained-contact", "kind": watched(*kind), "lost_seconds": lost.as_secs(),
        }),
        Event::Heartbeat {
            deployment,
            status: standing,
            elapsed,
            trouble,
        } => json!({
            "event": "heartbeat", "deployment": deployment, "status": status(standing),
            "elapsed_seconds": elapsed.as_secs(), "trouble": trouble.as_ref().map(cause),
        }),
        Event::Finished(conclusion) => json!({
            "event": "finished", "deployment": conclusion.deployment,
            "outcome": outcome(&conclusion.outcome),
        }),
    };
    value["text"] = words::event::event(event).into();
    value
}

/// Returns the fields of a verdict, to stand in the run's document.
pub(crate) fn verdict(verdict: &Verdict) -> Value {
    json!({
        "answer": answer(verdict.answer),
        "text": words::ending::verdict(verdict),
        "deployments": verdict.conclusions.iter().map(conclusion).collect::<Vec<_>>(),
        "missing": {"count": verdict.missing.count, "deployments": verdict.missing.deployments},
    })
}

fn answer(answer: Answer) -> &'static str {
    match answer {
        Answer::Succeeded => "succeeded",
        Answer::Failed => "failed",
        Answer::Partial => "partial",
        Answer::Overtaken => "overtaken",
        Answer::Unknown => "unknown",
        Answer::Interrupted(_) => "interrupted",
    }
}

fn conclusion(conclusion: &Conclusion) -> Value {
    let serving = conclusion.counts.map(|numbers| {
        let old = numbers
            .new_available
            .map(|new| numbers.available.saturating_sub(new));
        json!({
            "wanted": numbers.wanted, "available": numbers.available,
            "old": old, "new": numbers.new_available,
        })
    });
    json!({
        "deployment": conclusion.deployment,
        "written": conclusion.written,
        "outcome": outcome(&conclusion.outcome),
        "text": words::ending::outcome(conclusion),
        "serving": serving,
        "lowest_available": conclusion.capacity.map(|capacity| json!({
            "available": capacity.lowest, "wanted": capacity.wanted,
            "below_seconds": capacity.below.as_secs_f64(),
            "since_attaching": capacity.since_attaching,
        })),
        "users_affected": match conclusion.impact {
            Impact::Unaffected { .. } => Value::Bool(false),
            Impact::Serving { available, wanted, .. } => Value::Bool(available < wanted),
            Impact::Unknown => Value::Null,
        },
        "impact": words::ending::impact(conclusion),
        "causes": conclusion.causes.iter().map(cause).collect::<Vec<_>>(),
        "evidence": evidence(&conclusion.evidence),
        "seconds": conclusion.took.as_secs_f64(),
    })
}

fn outcome(outcome: &Outcome) -> Value {
    let (kind, reason) = match outcome {
        Outcome::Complete => ("complete", None),
        Outcome::Failed(failure) => ("failed", Some(failure_kind(failure))),
        Outcome::Overtaken(by) => (
            "overtaken",
            Some(match by {
                Overtaker::Change(_) => "changed",
                Overtaker::Deleted => "deleted",
                Overtaker::Recreated => "recreated",
            }),
        ),
        Outcome::Unknown(doubt) => (
            "unknown",
            Some(match doubt {
                Doubt::TimedOut => "timed-out",
                Doubt::LostContact { .. } => "lost-contact",
                Doubt::Expelled { .. } => "expelled",
                Doubt::Paused => "paused",
                Doubt::ControllerSilent { .. } => "controller-silent",
            }),
        ),
        Outcome::Interrupted(_) => ("interrupted", None),
    };
    json!({"kind": kind, "reason": reason})
}

fn failure_kind(failure: &Failure) -> &'static str {
    match failure {
        Failure::ReplicaSetCreate { .. } => "replica-set-create",
        Failure::Deadline => "deadline",
        Failure::OwnDeadline { .. } => "own-deadline",
        Failure::PodCreate { .. } => "pod-create",
        Failure::Pod => "pod",
    }
}

/// Returns a status by its name, with its counts where it has some.
pub(crate) fn status(status: &Status) -> Value {
    match status {
        Status::Pending { silent } => json!({"kind": "pending", "silent": silent}),
        Status::Progressing {
            waiting,
            counts: numbers,
        } => json!({
            "kind": "progressing", "waiting_for": waiting_for(*waiting), "counts": counts(numbers),
        }),
        Status::Complete { counts: numbers } => {
            json!({"kind": "complete", "counts": counts(numbers)})
        }
        Status::Failed {
            failure,
            counts: numbers,
        } => json!({
            "kind": "failed", "reason": failure_kind(failure), "counts": counts(numbers),
        }),
        Status::Paused { counts: numbers } => json!({"kind": "paused", "counts": counts(numbers)}),
        Status::Superseded { .. } => json!({"kind": "superseded"}),
        Status::Gone(_) => json!({"kind": "gone"}),
        Status::TimedOut { counts: numbers } => {
            json!({"kind": "timed-out", "counts": counts(numbers)})
        }
    }
}

pub(crate) fn counts(counts: &Counts) -> Value {
    json!({
        "wanted": counts.wanted, "updated": counts.updated, "total": counts.total,
        "available": counts.available, "new_available": counts.new_available,
    })
}

/// Returns a cause with its kind, its sentence, and whose it is.
pub(crate) fn cause(blame: &Blame) -> Value {
    json!({
        "kind": blame.cause.kind(), "text": words::cause::cause(blame), "container": blame.container,
        "pods": blame.pods, "pod": blame.pod, "doomed": blame.doomed,
    })
}

/// Returns the document of a run that ended before its command began.
pub(crate) fn unstarted(failure: &Error) -> Value {
    json!({
        "schema": SCHEMA,
        "changed": false,
        "error": error(failure),
        "exit_code": ExitCode::from(failure).number(),
    })
}

/// Returns an error by its kind, with its causes and hints.
pub(crate) fn error(error: &Error) -> Value {
    let kind = match error.kind {
        Kind::Internal => "internal",
        Kind::Usage => "usage",
        Kind::Refused => "refused",
        Kind::NotFound => "not-found",
        Kind::Denied => "denied",
        Kind::Unreachable => "unreachable",
        Kind::Busy => "busy",
        Kind::Interrupted(_) => "interrupted",
    };
    json!({"kind": kind, "text": error.chain().join(": "), "hints": error.hints})
}

fn evidence(evidence: &Evidence) -> Value {
    let events: Vec<Value> = evidence
        .events
        .iter()
        .map(|remark| {
            json!({
                "kind": remark.kind, "name": remark.name, "reason": remark.reason,
                "message": remark.message, "count": remark.count,
            })
        })
        .collect();
    let logs: Vec<Value> = evidence
        .logs
        .iter()
        .map(|log| {
            json!({
                "pod": log.pod, "container": log.container, "previous": log.has_ended,
                "lines": log.lines.as_ref().ok(), "error": log.lines.as_ref().err(),
            })
        })
        .collect();
    json!({"events": events, "logs": logs})
}

fn waiting_for(waiting: Waiting) -> &'static str {
    match waiting {
        Waiting::Updated => "updated",
        Waiting::Old => "old",
        Waiting::ScaleDown => "scale-down",
        Waiting::Available => "available",
        Waiting::Terminating => "terminating",
    }
}

fn watched(kind: Watched) -> &'static str {
    match kind {
        Watched::Deployments => "deployments",
        Watched::ReplicaSets => "replicasets",
        Watched::Pods => "pods",
        Watched::Events => "events",
    }
}
