//! Makes zero downtime true where a rolling update would not keep it, and says what else is risky.
//!
//! Decides only: each result carries its numbers, the words are in `words`.

use std::time::Duration;

use serde_json::Value;

use super::deployment::{Container, Deployment, UpdateStrategy};
use super::managers::{Manager, owner_of};
use super::numbers::{Amount, Room};
use crate::environment::values::Strategy;
use crate::image::{Image, Tag};
use crate::rollout::history::SetOutside;

/// How long a pod has to stay ready where nothing but its process tells that it works.
const MIN_READY_SECONDS: i32 = 10;

/// What that may add to a rollout at most.
const LONGEST_DELAY: Duration = Duration::from_secs(120);

/// A value outside the pod template that the plan sets beside the image. It restarts nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// `maxUnavailable: 0`.
    NoneUnavailable {
        before: Amount,
        /// How many of the replicas might have been missing.
        missing: i32,
        replicas: i32,
        /// How many times the controller waited for new pods, and will wait.
        waves_before: i32,
        waves: i32,
        /// What more waiting that is because of minReadySeconds.
        delay: Duration,
    },
    /// `minReadySeconds`, where no container has a readinessProbe.
    MinReadySeconds {
        before: Option<i32>,
        seconds: i32,
        waves: i32,
        delay: Duration,
    },
}

impl Setting {
    pub(crate) fn field(self) -> Field {
        match self {
            Self::NoneUnavailable { .. } => Field::MaxUnavailable,
            Self::MinReadySeconds { .. } => Field::MinReadySeconds,
        }
    }

    /// Returns what stands there in the object as it was read.
    pub(crate) fn before(self) -> Option<Value> {
        match self {
            Self::NoneUnavailable { before, .. } => Some(match before {
                Amount::Pods(pods) => pods.into(),
                Amount::Percent(_) => before.to_string().into(),
            }),
            Self::MinReadySeconds { before, .. } => before.map(Value::from),
        }
    }

    pub(crate) fn after(self) -> Value {
        match self {
            Self::NoneUnavailable { .. } => 0.into(),
            Self::MinReadySeconds { seconds, .. } => seconds.into(),
        }
    }

    /// Returns the setting as the record remembers it.
    pub(crate) fn outside(self) -> SetOutside {
        SetOutside {
            field: self.field().name().to_owned(),
            value: plain_text(&self.after()),
            before: self.before().as_ref().map(plain_text),
        }
    }
}

/// A field outside the pod template that plans set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    MaxUnavailable,
    MinReadySeconds,
}

impl Field {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::MaxUnavailable => "maxUnavailable",
            Self::MinReadySeconds => "minReadySeconds",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::MaxUnavailable, Self::MinReadySeconds]
            .into_iter()
            .find(|field| field.name() == name)
    }

    /// Returns the JSON pointer within the Deployment.
    pub(crate) fn pointer(self) -> &'static str {
        match self {
            Self::MaxUnavailable => "/spec/strategy/rollingUpdate/maxUnavailable",
            Self::MinReadySeconds => "/spec/minReadySeconds",
        }
    }

    /// Returns what the Deployment has there, as a record would say it.
    pub(crate) fn text(self, deployment: &Value) -> Option<String> {
        deployment.pointer(self.pointer()).map(plain_text)
    }
}

fn plain_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What a plan tells the user to think about; none of it stops a deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Warning {
    /// Fewer pods than wanted may serve meanwhile.
    CapacityMayDrop {
        unavailable: Amount,
        missing: i32,
        replicas: i32,
        /// From how many replicas on, where it is none yet: an HPA may get there in mid-rollout.
        from_replicas: Option<i32>,
        left: Left,
    },
    /// `Recreate` with `--allow-downtime`.
    Downtime { replicas: i32 },
    /// "Ready" only means that the process has started.
    NoReadinessProbe { left: ProbeLeft },
    /// Requests may be cut when old pods stop.
    NoPreStop,
    /// The tag does not look like one that is written once.
    MovingTag {
        container: String,
        tag: Option<String>,
        /// Nodes that have the tag do not pull it again.
        is_cached: bool,
    },
    /// So few old ReplicaSets are kept that going back may find none.
    ShortHistory { limit: i64 },
    /// Nothing will be started.
    NoReplicas,
    /// Another tool will write this Deployment again.
    Managed { manager: Manager },
    /// The new image is of another repository than the old one.
    OtherRepository {
        container: String,
        before: String,
        after: String,
    },
    /// A container that is no target runs an image of the same repository and keeps it.
    SameRepository { container: String, image: String },
}

/// Why `maxUnavailable` stays above 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// `maxSurge` is 0: a statement about volumes, ports, or room.
    NoSurge,
    /// The policy is only to warn.
    Policy,
    Owned(Manager),
}

/// Why minReadySeconds does not make up for a missing readinessProbe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProbeLeft {
    /// It would take this much longer.
    TooSlow {
        delay: Duration,
    },
    /// The progress deadline leaves no room.
    Deadline {
        seconds: i32,
    },
    /// The policy says to leave it.
    Policy,
    Owned(Manager),
}

/// What a check of one Deployment comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checked {
    pub(crate) settings: Vec<Setting>,
    pub(crate) warnings: Vec<Warning>,
    /// All pods would stop before the first new one starts, and nobody allowed that.
    pub(crate) is_downtime: bool,
}

/// Checks one Deployment that is going to be changed.
pub(crate) fn check(
    deployment: &Deployment,
    strategy: Strategy,
    is_downtime_allowed: bool,
) -> Checked {
    let mut checked = Checked::default();
    let replicas = deployment.replicas();
    if replicas == 0 {
        checked.warnings.push(Warning::NoReplicas);
    }
    match deployment.update_strategy() {
        UpdateStrategy::Recreate if is_downtime_allowed => {
            checked.warnings.push(Warning::Downtime { replicas });
        }
        UpdateStrategy::Recreate => checked.is_downtime = true,
        UpdateStrategy::Rolling { surge, unavailable } => {
            let rolling = Rolling {
                deployment,
                surge,
                unavailable,
                strategy,
            };
            let room = rolling.keep_all_available(&mut checked);
            rolling.wait_for_ready(room, &mut checked);
        }
    }
    if !app_containers(deployment).any(Container::has_pre_stop) {
        checked.warnings.push(Warning::NoPreStop);
    }
    if let Some(limit) = deployment.history_limit().filter(|limit| *limit < 2) {
        checked.warnings.push(Warning::ShortHistory { limit });
    }
    checked
}

/// Tells whether a tag looks like a build's, which is written once.
///
/// SHAs, versions, and dates all have a digit; `latest`, `master`, and `stable` have none.
pub(crate) fn is_build_tag(tag: &Tag) -> bool {
    tag.as_str().bytes().any(|byte| byte.is_ascii_digit())
}

/// Warns of a tag that may mean something else tomorrow, unless a digest fixes what it means.
pub(crate) fn moving_tag(container: Container<'_>, image: &Image) -> Option<Warning> {
    let is_fixed = image.digest().is_some() || image.tag().is_some_and(is_build_tag);
    (!is_fixed).then(|| Warning::MovingTag {
        container: container.name().to_owned(),
        tag: image.tag().map(Tag::to_string),
        is_cached: !container.is_always_pulled(),
    })
}

/// A rolling update to be checked.
struct Rolling<'a> {
    deployment: &'a Deployment,
    surge: Option<Amount>,
    unavailable: Option<Amount>,
    strategy: Strategy,
}

impl Rolling<'_> {
    /// Sets `maxUnavailable: 0` where that can be, and returns the room that the rollout will have.
    fn keep_all_available(&self, checked: &mut Checked) -> Room {
        let replicas = self.deployment.replicas();
        let room = Room::resolve(self.surge, self.unavailable, replicas);
        let surge = self.surge.unwrap_or(Amount::Pods(0));
        let before = match self.unavailable {
            Some(before) if !before.is_zero() => before,
            // Both limits at zero come to one missing pod.
            Some(_) | None if surge.is_zero() => Amount::Pods(room.unavailable),
            Some(_) | None => return room,
        };
        let left = if surge.is_zero() {
            Some(Left::NoSurge)
        } else {
            match self.strategy {
                Strategy::Keep => return room,
                Strategy::Warn => Some(Left::Policy),
                Strategy::ZeroDowntime => self
                    .owner(&["f:strategy", "f:rollingUpdate", "f:maxUnavailable"])
                    .map(Left::Owned),
            }
        };
        let missing = room.missing(replicas);
        if let Some(left) = left {
            if replicas > 0 {
                checked.warnings.push(Warning::CapacityMayDrop {
                    unavailable: before,
                    missing,
                    replicas,
                    from_replicas: before.first_above_zero().filter(|_| missing == 0),
                    left,
                });
            }
            return room;
        }
        if room.surge == 0 {
            // A percentage of no replicas: there is nothing to keep available.
            return room;
        }
        let wanted = Room {
            unavailable: 0,
            ..room
        };
        let (waves_before, waves) = (room.waves(replicas), wanted.waves(replicas));
        let min_ready = self.deployment.seen.spec.min_ready_seconds;
        checked.settings.push(Setting::NoneUnavailable {
            before,
            missing,
            replicas,
            waves_before,
            waves,
            delay: delay(waves - waves_before, min_ready),
        });
        wanted
    }

    /// Sets minReadySeconds where pods that crash after a moment would replace the good ones.
    fn wait_for_ready(&self, room: Room, checked: &mut Checked) {
        let spec = &self.deployment.seen.spec;
        let has_probe = self
            .deployment
            .containers()
            .into_iter()
            .any(Container::has_readiness_probe);
        if has_probe || spec.min_ready_seconds > 0 || spec.replicas == 0 {
            return;
        }
        let waves = room.waves(spec.replicas);
        let left = match self.strategy {
            Strategy::Keep | Strategy::Warn => Err(ProbeLeft::Policy),
            Strategy::ZeroDowntime => match self.owner(&["f:minReadySeconds"]) {
                Some(owner) => Err(ProbeLeft::Owned(owner)),
                None => self.min_ready_seconds(waves),
            },
        };
        match left {
            Ok((seconds, delay)) => checked.settings.push(Setting::MinReadySeconds {
                before: self
                    .deployment
                    .raw
                    .pointer("/spec/minReadySeconds")
                    .is_some_and(Value::is_number)
                    .then_some(spec.min_ready_seconds),
                seconds,
                waves,
                delay,
            }),
            Err(left) => checked.warnings.push(Warning::NoReadinessProbe { left }),
        }
    }

    /// Returns how long pods should stay ready, and what that adds.
    fn min_ready_seconds(&self, waves: i32) -> Result<(i32, Duration), ProbeLeft> {
        let deadline = self.deployment.progress_deadline();
        // A pod needs time to start, too, before the controller calls the rollout stuck.
        let seconds = deadline.map_or(MIN_READY_SECONDS, |deadline| {
            MIN_READY_SECONDS.min(deadline / 2)
        });
        let delay = delay(waves, seconds);
        if seconds < 1 {
            Err(ProbeLeft::Deadline {
                seconds: deadline.unwrap_or_default(),
            })
        } else if delay > LONGEST_DELAY {
            Err(ProbeLeft::TooSlow { delay })
        } else {
            Ok((seconds, delay))
        }
    }

    fn owner(&self, field: &[&str]) -> Option<Manager> {
        let path: Vec<&str> = ["f:spec"].iter().chain(field).copied().collect();
        owner_of(self.deployment, &path)
    }
}

fn delay(waves: i32, seconds: i32) -> Duration {
    let waves = u64::try_from(waves).unwrap_or_default();
    let seconds = u64::try_from(seconds).unwrap_or_default();
    Duration::from_secs(waves.saturating_mul(seconds))
}

fn app_containers(deployment: &Deployment) -> impl Iterator<Item = Container<'_>> {
    deployment
        .containers()
        .into_iter()
        .filter(|container| container.is_app())
}

#[cfg(test)]
mod tests;
