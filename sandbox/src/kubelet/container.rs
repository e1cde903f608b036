//! One container's life: pulling, starting, being probed, ending, backing off, starting again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::logs::{Log, LogLine};
use super::shape::{ContainerShape, Restart};
use super::stage::{Doing, Ended, Stage};
use super::story::{Cause, End, Pull};
use super::texts;
use crate::clock::Time;

/// How many cluster events of one kind a kubelet reports of a container before it lets only one through now and then.
const BURST: u32 = 25;

/// What a kubelet knows of a container.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Container {
    pub(super) stage: Stage,
    pub(super) restarts: u32,
    /// How often in a row it ended soon after its start; decides the pause before the next start.
    level: u32,
    pull_failures: u32,
    pub(super) is_ready: bool,
    /// When the readiness probe is next reported to fail, and how often it was.
    next_failure: Option<Time>,
    reported_failures: u32,
    /// When it will have stopped, once it was asked to.
    stop_at: Option<Time>,
    /// How its last two lives ended, the latest first.
    pub(super) ends: Vec<Ended>,
    log: Log,
    previous_log: Option<Log>,
}

impl Container {
    /// Returns whether it runs.
    pub fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Running { .. })
    }

    /// Returns how its last life ended.
    pub fn last_end(&self) -> Option<&Ended> {
        self.ends.first()
    }

    pub(super) fn logs(&self, previous: bool) -> Option<&[LogLine]> {
        if previous {
            return self.previous_log.as_ref().map(Log::lines);
        }
        (self.is_running() || !self.ends.is_empty()).then(|| self.log.lines())
    }

    /// Returns whether what comes after this init container may start.
    pub(super) fn has_initialized(&self, shape: &ContainerShape) -> bool {
        if shape.is_sidecar {
            return self.has_started(shape);
        }
        self.stage == Stage::Over && self.last_end().is_some_and(|end| end.code == 0)
    }

    /// Returns whether it runs and its startup probe, if it has one, has passed.
    pub(super) fn has_started(&self, shape: &ContainerShape) -> bool {
        self.is_running() && (!shape.has_startup_probe || self.is_ready)
    }

    /// Returns when it has something to do next.
    pub(super) fn due(&self, shape: &ContainerShape) -> Option<Time> {
        match self.stage {
            Stage::Created | Stage::InvalidImage | Stage::Over => None,
            Stage::Pulling { until: due }
            | Stage::PullFailed { settled: due, .. }
            | Stage::PullBackOff { retry: due }
            | Stage::NotConfigured { retry: due }
            | Stage::Ended { settled: due }
            | Stage::CrashBackOff { until: due, .. } => Some(due),
            Stage::Running { .. } if self.stop_at.is_some() => self.stop_at,
            Stage::Running { since } => {
                let end = self.scripted_end(shape).map(|end| since.plus(end.after));
                let ready = if self.is_ready {
                    None
                } else {
                    ready_at(since, shape)
                };
                let failure = if self.is_ready {
                    None
                } else {
                    self.next_failure
                };
                [end, ready, failure].into_iter().flatten().min()
            }
        }
    }

    /// Moves on by at most one stage.
    pub(super) fn advance(&mut self, shape: &ContainerShape, doing: &mut Doing<'_>) {
        let now = doing.now;
        match self.stage {
            Stage::Created => self.fetch(shape, doing),
            Stage::Pulling { until } if now >= until => self.finish_pull(shape, doing),
            Stage::PullFailed { settled, retry } if now >= settled => {
                doing.tell(
                    shape,
                    "BackOff",
                    format!("Back-off pulling image \"{}\"", shape.image),
                );
                doing.warn(shape, "Failed", "Error: ImagePullBackOff");
                self.stage = Stage::PullBackOff { retry };
            }
            Stage::PullBackOff { retry } if now >= retry => {
                doing.tell(
                    shape,
                    "Pulling",
                    format!("Pulling image \"{}\"", shape.image),
                );
                self.finish_pull(shape, doing);
            }
            Stage::NotConfigured { retry } if now >= retry => self.start_again(shape, doing),
            Stage::Running { since } => self.run(since, shape, doing),
            Stage::Ended { settled } if now >= settled => self.follow_end(shape, doing),
            Stage::CrashBackOff { until, .. } if now >= until => {
                self.restarts += 1;
                self.start_again(shape, doing);
            }
            Stage::Pulling { .. }
            | Stage::PullFailed { .. }
            | Stage::PullBackOff { .. }
            | Stage::NotConfigured { .. }
            | Stage::Ended { .. }
            | Stage::CrashBackOff { .. }
            | Stage::InvalidImage
            | Stage::Over => {}
        }
    }

    /// Asks it to stop, which was first asked `since`; when its story or the grace period says, it has.
    pub(super) fn stop(&mut self, shape: &ContainerShape, since: Time, doing: &mut Doing<'_>) {
        let Stage::Running { since: started } = self.stage else {
            return;
        };
        if self.stop_at.is_none() {
            doing.tell(
                shape,
                "Killing",
                format!("Stopping container {}", shape.name),
            );
            self.log.write(
                doing.now,
                format!("{}: SIGTERM received, finishing open requests", shape.name),
            );
        }
        let wanted = shape.pre_stop.saturating_add(shape.story.stop);
        let stop_at = since.plus(wanted.min(shape.grace));
        self.stop_at = Some(stop_at);
        if doing.now < stop_at {
            return;
        }
        if wanted > shape.grace {
            self.end(started, 137, "Error", doing);
        } else {
            self.log
                .write(doing.now, format!("{}: stopped", shape.name));
            self.end(started, 0, "Completed", doing);
        }
        self.stage = Stage::Over;
    }

    fn fetch(&mut self, shape: &ContainerShape, doing: &mut Doing<'_>) {
        if let Some(message) = texts::invalid_image(&shape.image) {
            doing.warn(shape, "InspectFailed", message);
            doing.warn(shape, "Failed", "Error: InvalidImageName");
            self.stage = Stage::InvalidImage;
            return;
        }
        doing.tell(
            shape,
            "Pulling",
            format!("Pulling image \"{}\"", shape.image),
        );
        self.stage = Stage::Pulling {
            until: doing.now.plus(doing.script.timings.pull),
        };
    }

    fn finish_pull(&mut self, shape: &ContainerShape, doing: &mut Doing<'_>) {
        let timings = doing.script.timings;
        let has_failed = match shape.story.pull {
            Pull::Works => false,
            Pull::NotFound | Pull::Unauthorized => true,
            Pull::Trouble { times } => self.pull_failures < times,
        };
        if has_failed {
            self.pull_failures = self.pull_failures.saturating_add(1);
            let error = texts::pull_error(&shape.image, shape.story.pull);
            doing.warn(
                shape,
                "Failed",
                format!("Failed to pull image \"{}\": {error}", shape.image),
            );
            doing.warn(shape, "Failed", "Error: ErrImagePull");
            self.stage = Stage::PullFailed {
                settled: doing.now.plus(timings.settle),
                retry: doing.now.plus(timings.pull_pause(self.pull_failures)),
            };
            return;
        }
        let (image, took) = (&shape.image, texts::go_duration(timings.pull));
        let message = format!(
            "Successfully pulled image \"{image}\" in {took} ({took} including waiting). Image size: 12345678 bytes."
        );
        doing.tell(shape, "Pulled", message);
        self.start(shape, doing);
    }

    fn start_again(&mut self, shape: &ContainerShape, doing: &mut Doing<'_>) {
        doing.tell(
            shape,
            "Pulled",
            format!(
                "Container image \"{}\" already present on machine",
                shape.image
            ),
        );
        self.start(shape, doing);
    }

    fn start(&mut self, shape: &ContainerShape, doing: &mut Doing<'_>) {
        let (now, timings) = (doing.now, doing.script.timings);
        if !shape.story.configured {
            doing.warn(
                shape,
                "Failed",
                format!("Error: {}", texts::missing_key(doing.pod, &shape.name)),
            );
            self.stage = Stage::NotConfigured {
                retry: now.plus(timings.resync),
            };
            return;
        }
        doing.tell(shape, "Created", "Container created");
        doing.tell(shape, "Started", "Container started");
        if !self.ends.is_empty() {
            self.previous_log = Some(std::mem::take(&mut self.log));
        }
        self.log
            .write(now, texts::start_line(&shape.name, &shape.image));
        self.stage = Stage::Running { since: now };
        self.is_ready = !shape.is_step() && shape.readiness.is_none() && !shape.has_startup_probe;
        self.reported_failures = 0;
        self.next_failure = shape.readiness.as_ref().map(|probe| {
            now.plus(probe.delay)
                .plus(probe.period.min(timings.longest_probe_period))
        });
    }

    fn run(&mut self, since: Time, shape: &ContainerShape, doing: &mut Doing<'_>) {
        let now = doing.now;
        if let Some(end) = self
            .scripted_end(shape)
            .filter(|end| now >= since.plus(end.after))
        {
            for line in texts::last_words(end.cause) {
                self.log.write(now, *line);
            }
            match end.cause {
                Cause::Error => self.end(since, 1, "Error", doing),
                Cause::OutOfMemory => self.end(since, 137, "OOMKilled", doing),
                Cause::Completed => self.end(since, 0, "Completed", doing),
            }
        } else if !self.is_ready && ready_at(since, shape).is_some_and(|time| now >= time) {
            self.is_ready = true;
            self.log
                .write(now, format!("{}: ready, listening on :8080", shape.name));
        } else if !self.is_ready
            && let (Some(failure), Some(probe)) = (self.next_failure, &shape.readiness)
            && now >= failure
        {
            let timings = doing.script.timings;
            let mut period = probe.period.min(timings.longest_probe_period);
            self.reported_failures = self.reported_failures.saturating_add(1);
            if self.reported_failures >= BURST {
                period = period.max(timings.longest_back_off);
            }
            doing.warn(
                shape,
                "Unhealthy",
                "Readiness probe failed: HTTP probe failed with statuscode: 503",
            );
            self.log.write(
                now,
                format!("{}: readiness probe answered with 503", shape.name),
            );
            self.next_failure = Some(now.plus(period.max(Duration::from_millis(1))));
        }
    }

    fn end(&mut self, started: Time, code: i32, reason: &str, doing: &Doing<'_>) {
        let (finished, life) = (doing.now, self.restarts);
        self.ends.insert(
            0,
            Ended {
                started,
                finished,
                code,
                reason: reason.to_owned(),
                life,
            },
        );
        self.ends.truncate(2);
        self.is_ready = false;
        self.next_failure = None;
        self.stage = Stage::Ended {
            settled: doing.now.plus(doing.script.timings.settle),
        };
    }

    fn follow_end(&mut self, shape: &ContainerShape, doing: &mut Doing<'_>) {
        let timings = doing.script.timings;
        let Some(end) = self.ends.first() else {
            return;
        };
        let is_restarted = match shape.restart {
            Restart::Always => true,
            Restart::OnFailure => end.code != 0,
            Restart::Never => false,
        };
        if !is_restarted {
            self.stage = Stage::Over;
            return;
        }
        let finished = end.finished;
        if finished.since(end.started) > timings.longest_back_off.saturating_mul(2) {
            self.level = 0;
        }
        let pause = timings.crash_pause(self.level);
        self.level = self.level.saturating_add(1);
        let until = finished.plus(pause);
        if doing.now >= until {
            self.restarts += 1;
            self.start_again(shape, doing);
            return;
        }
        let pod = texts::full_name(doing.pod);
        let message = format!(
            "Back-off restarting failed container {} in pod {pod}",
            shape.name
        );
        doing.warn(shape, "BackOff", message);
        self.stage = Stage::CrashBackOff { until, pause };
    }

    /// Returns how the present life ends by itself. An init container that has no other end has done its work.
    fn scripted_end(&self, shape: &ContainerShape) -> Option<End> {
        let scripted = shape.story.end.filter(|end| self.restarts < end.times);
        let done = || {
            let after = shape.story.ready_after.filter(|_| shape.is_step())?;
            Some(End {
                after,
                cause: Cause::Completed,
                times: u32::MAX,
            })
        };
        scripted.or_else(done)
    }
}

/// Returns when the container's probes pass; init containers that end have none.
fn ready_at(since: Time, shape: &ContainerShape) -> Option<Time> {
    let has_probe = shape.readiness.is_some() || shape.has_startup_probe;
    shape
        .story
        .ready_after
        .filter(|_| has_probe && !shape.is_step())
        .map(|after| since.plus(after))
}
