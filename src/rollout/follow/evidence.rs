//! What is asked for once a rollout is called failed, for how long it is waited for, and what of it
//! is shown: the log of the crashed container and the warnings among the cluster events.

use std::collections::BTreeSet;

use crate::rollout::diagnose::{Blame, Cause};
use crate::rollout::observed::{EventSeen, PodSeen};
use crate::rollout::verdict::{Evidence, LogTail, Remark};
use crate::rollout::{Moment, Patience, Snapshot, Want};

const LOGS: usize = 3;
const LOG_LINES: u32 = 20;
const REMARKS: usize = 8;

/// What was asked for and what has been answered so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Collection {
    since: Moment,
    logs: Vec<LogAsked>,
    has_events: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct LogAsked {
    pod: String,
    container: String,
    previous: bool,
    has_ended: bool,
    answer: Option<Result<Vec<String>, String>>,
}

impl Collection {
    pub(super) fn start(now: Moment) -> Self {
        Self {
            since: now,
            logs: Vec::new(),
            has_events: false,
        }
    }

    /// Returns the question for cluster events.
    pub(super) fn ask_events(&self, deployment: &str, uids: Vec<String>) -> Want {
        Want::Events {
            deployment: deployment.to_owned(),
            uids,
        }
    }

    /// Returns the questions for logs that have not been asked yet: what the pods suffer from may
    /// be seen only after the rollout was called failed.
    pub(super) fn ask_logs(&mut self, pods: &[&PodSeen], blames: &[Blame]) -> Vec<Want> {
        let mut wants = Vec::new();
        for log in blames.iter().filter_map(|blame| log_of(pods, blame)) {
            let is_asked = self
                .logs
                .iter()
                .any(|asked| asked.pod == log.pod && asked.container == log.container);
            if is_asked || self.logs.len() >= LOGS {
                continue;
            }
            wants.push(Want::Log {
                pod: log.pod.clone(),
                container: log.container.clone(),
                previous: log.previous,
                tail_lines: LOG_LINES,
            });
            self.logs.push(log);
        }
        wants
    }

    /// Takes an answer and returns whether it had been asked for.
    pub(super) fn log(
        &mut self,
        pod: &str,
        container: &str,
        previous: bool,
        lines: &Result<Vec<String>, String>,
    ) -> bool {
        let asked = self
            .logs
            .iter_mut()
            .find(|log| log.pod == pod && log.container == container && log.previous == previous);
        match asked {
            Some(log) => {
                log.answer = Some(lines.clone());
                true
            }
            None => false,
        }
    }

    pub(super) fn events(&mut self) {
        self.has_events = true;
    }

    pub(super) fn due(&self, patience: &Patience) -> Moment {
        self.since.plus(patience.evidence)
    }

    /// Returns whether every question is answered.
    pub(super) fn is_answered(&self) -> bool {
        self.has_events && self.logs.iter().all(|log| log.answer.is_some())
    }

    /// Returns whether no answer is waited for any longer.
    pub(super) fn is_due(&self, patience: &Patience, now: Moment) -> bool {
        now >= self.due(patience)
    }

    pub(super) fn finish(&self, snapshot: &Snapshot, uids: &[String]) -> Evidence {
        let logs = self.logs.iter().map(|log| LogTail {
            pod: log.pod.clone(),
            container: log.container.clone(),
            has_ended: log.has_ended,
            lines: log
                .answer
                .clone()
                .unwrap_or_else(|| Err("no answer in time".to_owned())),
        });
        Evidence {
            events: remarks(&snapshot.events, uids),
            logs: logs.collect(),
        }
    }
}

fn log_of(pods: &[&PodSeen], blame: &Blame) -> Option<LogAsked> {
    let has_ended = match &blame.cause {
        Cause::Crash { .. } => true,
        Cause::NotReady { .. } => false,
        Cause::ImageNotFound { .. }
        | Cause::ImageDenied { .. }
        | Cause::ImagePlatform { .. }
        | Cause::RegistryTrouble { .. }
        | Cause::ImageName { .. }
        | Cause::Config { .. }
        | Cause::NotCreated { .. }
        | Cause::NotStarted { .. }
        | Cause::Stuck { .. }
        | Cause::Unschedulable { .. }
        | Cause::PodsRefused { .. } => return None,
    };
    let name = blame.pod.as_deref()?;
    let container = blame.container.as_deref()?;
    let pod = pods.iter().find(|pod| pod.metadata.name == name)?;
    let status = pod
        .status
        .container_statuses
        .iter()
        .chain(&pod.status.init_container_statuses)
        .find(|status| status.name == container)?;
    // Until it is started anew, the run that ended is the current one to the kubelet.
    let previous = has_ended && status.state.terminated.is_none();
    Some(LogAsked {
        pod: name.to_owned(),
        container: container.to_owned(),
        previous,
        has_ended,
        answer: None,
    })
}

fn remarks(events: &[EventSeen], uids: &[String]) -> Vec<Remark> {
    let uids: BTreeSet<&str> = uids.iter().map(String::as_str).collect();
    let mut warnings: Vec<&EventSeen> = events
        .iter()
        .filter(|event| event.severity.as_deref() != Some("Normal"))
        .filter(|event| uids.contains(event.involved_object.uid.as_str()))
        .collect();
    warnings.sort_by(|one, other| one.happened().cmp(&other.happened()));
    let mut remarks: Vec<Remark> = Vec::new();
    for event in warnings {
        let remark = Remark {
            kind: event.involved_object.kind.clone(),
            name: event.involved_object.name.clone(),
            reason: event.reason.clone().unwrap_or_default(),
            message: event.message.clone().unwrap_or_default(),
            count: event.count.unwrap_or(1).max(1),
        };
        let same = remarks.iter().position(|earlier| {
            earlier.reason == remark.reason && earlier.message == remark.message
        });
        let earlier = same.map(|index| remarks.remove(index).count);
        let count = remark.count.saturating_add(earlier.unwrap_or(0));
        remarks.push(Remark { count, ..remark });
    }
    let surplus = remarks.len().saturating_sub(REMARKS);
    remarks.drain(..surplus);
    remarks
}
