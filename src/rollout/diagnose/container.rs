//! What is wrong with one container, from what the kubelet says it waits for, how it ended, and
//! whether it is ready.

use serde_json::Value;

use super::cause::{Cause, Exit, Grade, Probe};
use super::past::ContainerPast;
use super::{Examination, newest_message, pull};
use crate::rollout::observed::{ContainerSpec, ContainerStatus, PodSeen, Terminated, Waiting};

/// The crash at which a loop is called one.
const CRASHES: i32 = 3;

/// What the container is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Main,
    /// Runs to its end before the others start.
    Init,
    /// An init container that goes on running beside the others.
    Sidecar,
}

impl Role {
    pub(super) fn of_init(spec: Option<&ContainerSpec>) -> Role {
        match spec.and_then(|spec| spec.restart_policy.as_deref()) {
            Some("Always") => Role::Sidecar,
            Some(_) | None => Role::Init,
        }
    }
}

/// One container and what is known around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bedside<'a> {
    pub(super) pod: &'a PodSeen,
    pub(super) status: &'a ContainerStatus,
    pub(super) spec: Option<&'a ContainerSpec>,
    pub(super) role: Role,
    pub(super) examination: Examination<'a>,
}

impl Bedside<'_> {
    /// Returns what is wrong, or `None` for a container that is well or has not got going yet.
    pub(super) fn examine(self) -> Option<(Cause, Grade)> {
        if let Some(waiting) = &self.status.state.waiting {
            return self.waiting(waiting);
        }
        if let Some(run) = &self.status.state.terminated {
            return self.crash(run);
        }
        self.status.state.running.as_ref()?;
        self.running()
    }

    fn waiting(self, waiting: &Waiting) -> Option<(Cause, Grade)> {
        let message = waiting.message.clone().unwrap_or_default();
        match waiting.reason.as_deref() {
            Some("ErrImagePull" | "ImagePullBackOff") => Some(self.pull(&message)),
            Some("InvalidImageName") => {
                let image = self.image();
                Some((Cause::ImageName { image }, Grade::Doomed))
            }
            Some("ImageInspectError" | "RegistryUnavailable") => {
                let image = self.image();
                Some((Cause::RegistryTrouble { image, message }, Grade::Transient))
            }
            Some("CreateContainerConfigError") => {
                let grade = config_grade(&message);
                Some((Cause::Config { message }, grade))
            }
            Some("CreateContainerError") => {
                let grade = creation_grade(&message);
                Some((Cause::NotCreated { message }, grade))
            }
            Some("RunContainerError") => {
                let grade = self.start_grade(&message);
                Some((Cause::NotStarted { message }, grade))
            }
            // A container that was restarted waits here for a moment too.
            Some("CrashLoopBackOff" | "ContainerCreating" | "PodInitializing") | None => {
                let run = self.status.last_state.terminated.as_ref()?;
                self.crash(run)
            }
            Some(reason) => {
                let reason = reason.to_owned();
                let message = waiting.message.clone();
                Some((Cause::Stuck { reason, message }, Grade::Transient))
            }
        }
    }

    fn pull(self, message: &str) -> (Cause, Grade) {
        let from_event = || {
            newest_message(self.examination.events, &self.pod.metadata.uid, |event| {
                event.reason.as_deref() == Some("Failed")
                    && self.is_about_container(event.involved_object.field_path.as_deref())
                    && event
                        .message
                        .as_deref()
                        .is_some_and(|text| text.starts_with("Failed to pull image"))
            })
        };
        let reason = pull::reason(message)
            .filter(|reason| !reason.is_empty())
            .or_else(|| self.past()?.pull_error.as_deref())
            .or_else(from_event);
        pull::classify(&self.image(), reason)
    }

    fn crash(self, run: &Terminated) -> Option<(Cause, Grade)> {
        if self.role == Role::Init && run.exit_code == 0 {
            return None;
        }
        let crashes = self.crashes();
        if let Some("StartError" | "ContainerCannotRun") = run.reason.as_deref() {
            let message = run.message.clone().unwrap_or_default();
            let grade = self.start_grade(&message);
            return Some((Cause::NotStarted { message }, grade));
        }
        let exit = if run.reason.as_deref() == Some("OOMKilled") {
            Exit::OutOfMemory {
                limit: self.memory_limit(),
            }
        } else {
            Exit::Code(run.exit_code)
        };
        Some((Cause::Crash { exit, crashes }, self.crash_grade()))
    }

    /// A run that still lasts may be the good one, so nothing is doomed here.
    fn running(self) -> Option<(Cause, Grade)> {
        if self.status.ready || self.role == Role::Init {
            return None;
        }
        if self.status.restart_count > 0
            && let Some(run) = &self.status.last_state.terminated
            && let Some((cause, grade)) = self.crash(run)
        {
            return Some((cause, grade.min(Grade::Counting)));
        }
        let spec = self.spec;
        let is_starting = self.status.started != Some(true);
        let probe = spec
            .and_then(|spec| spec.startup_probe.as_ref().filter(|_| is_starting))
            .or_else(|| spec.and_then(|spec| spec.readiness_probe.as_ref()))
            .and_then(probe);
        let message = newest_message(self.examination.events, &self.pod.metadata.uid, |event| {
            event.reason.as_deref() == Some("Unhealthy")
                && self.is_about_container(event.involved_object.field_path.as_deref())
        });
        let message = message.map(str::to_owned);
        Some((Cause::NotReady { probe, message }, Grade::Transient))
    }

    /// Returns how often the container has ended in this pod.
    fn crashes(self) -> i32 {
        let restarts = self.status.restart_count;
        if self.status.state.running.is_some() {
            restarts
        } else {
            restarts.saturating_add(1)
        }
    }

    fn crash_grade(self) -> Grade {
        let was_steady = self
            .past()
            .is_some_and(|past| past.longest_ready >= self.examination.steady);
        if self.crashes() >= CRASHES && !was_steady {
            Grade::Doomed
        } else {
            Grade::Counting
        }
    }

    /// A process that cannot be started will not be the next time either, unless the runtime was
    /// only too slow.
    fn start_grade(self, message: &str) -> Grade {
        if is_slow_runtime(message) {
            self.crash_grade()
        } else {
            self.crash_grade().max(Grade::SecondSighting)
        }
    }

    fn past(&self) -> Option<&ContainerPast> {
        self.examination
            .past
            .container(&self.pod.metadata.uid, &self.status.name)
    }

    /// The image that was asked for; the status has the one that the runtime resolved.
    fn image(self) -> String {
        self.spec
            .map(|spec| spec.image.as_str())
            .filter(|image| !image.is_empty())
            .unwrap_or(&self.status.image)
            .to_owned()
    }

    fn memory_limit(self) -> Option<String> {
        let limit = self.spec?.resources.get("limits")?.get("memory")?;
        Some(plain(limit))
    }

    /// Returns whether an event's `fieldPath` (`spec.containers{app}`) names this container, or
    /// none at all.
    fn is_about_container(self, field_path: Option<&str>) -> bool {
        let name = field_path.and_then(|path| {
            let (_, rest) = path.split_once('{')?;
            rest.strip_suffix('}')
        });
        name.is_none_or(|name| name == self.status.name)
    }
}

fn config_grade(message: &str) -> Grade {
    let text = message.to_lowercase();
    if text.contains("failed to sync") && text.contains("cache") {
        Grade::Transient
    } else {
        Grade::SecondSighting
    }
}

fn creation_grade(message: &str) -> Grade {
    let text = message.to_lowercase();
    let is_lasting = [
        "executable",
        "no such file or directory",
        "permission denied",
    ]
    .iter()
    .any(|sign| text.contains(sign));
    if is_lasting && !is_slow_runtime(message) {
        Grade::SecondSighting
    } else {
        Grade::Transient
    }
}

fn is_slow_runtime(message: &str) -> bool {
    let text = message.to_lowercase();
    text.contains("context deadline") || text.contains("is reserved for")
}

fn probe(probe: &Value) -> Option<Probe> {
    let port = |kind: &str| Some(plain(probe.get(kind)?.get("port")?));
    if let Some(http) = probe.get("httpGet") {
        return Some(Probe::Http {
            path: http.get("path").map(plain).unwrap_or_default(),
            port: port("httpGet")?,
        });
    }
    if let Some(command) = probe.get("exec").and_then(|exec| exec.get("command")) {
        let words = command.as_array()?;
        let command = words.iter().map(plain).collect::<Vec<_>>().join(" ");
        return Some(Probe::Command { command });
    }
    port("tcpSocket")
        .map(|port| Probe::Tcp { port })
        .or_else(|| port("grpc").map(|port| Probe::Grpc { port }))
}

/// Returns a string's own text, and any other value as JSON.
fn plain(value: &Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    }
}
