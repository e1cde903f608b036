//! Drives a watch in virtual time: inputs at their times, ticks when it asked to be woken, and
//! answers to whatever it wants to know.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::rollout::event::Event;
use crate::rollout::follow::{Follow, Options};
use crate::rollout::observed::{DeploymentSeen, EventSeen};
use crate::rollout::template::same_template;
use crate::rollout::verdict::{Conclusion, Verdict};
use crate::rollout::{Applied, Input, Moment, ProgressingStamp, Seen, Want, Watched};

/// Past this a watch that has not ended never will.
const END: Duration = Duration::from_secs(100_000);

pub(super) fn seconds(count: f64) -> Duration {
    Duration::from_secs_f64(count)
}

pub(super) fn at(count: f64) -> Moment {
    Moment(seconds(count))
}

/// A watch, all it said, and when.
pub(super) struct Driver {
    follow: Follow,
    pub(super) now: Moment,
    pub(super) events: Vec<(Moment, Event)>,
    pub(super) wants: Vec<Want>,
    pub(super) verdict: Option<(Moment, Verdict)>,
    wake: Option<Moment>,
    /// Whether the edge answers what is asked.
    pub(super) answers: bool,
}

impl Driver {
    pub(super) fn start(applied: Vec<Applied>, options: Options, now: Moment) -> Self {
        let mut driver = Self {
            follow: Follow::new(applied, options, now),
            now,
            events: Vec::new(),
            wants: Vec::new(),
            verdict: None,
            wake: None,
            answers: true,
        };
        driver.feed(Input::Tick);
        driver
    }

    /// Gives one input now, and the answers to what is asked for because of it.
    pub(super) fn feed(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let step = self.follow.step(input, self.now);
            let said = step.events.into_iter().map(|event| (self.now, event));
            self.events.extend(said);
            self.wake = step.wake;
            if let Some(verdict) = step.verdict {
                assert!(self.verdict.is_none(), "a verdict is given once");
                self.verdict = Some((self.now, verdict));
            }
            for want in step.wants {
                if self.answers {
                    inputs.push(answer(&want));
                }
                self.wants.push(want);
            }
        }
    }

    /// Lets time pass, waking the watch when it asked for it.
    pub(super) fn run_to(&mut self, end: Moment) {
        while let Some(wake) = self.wake.filter(|wake| *wake <= end) {
            assert!(wake > self.now, "a watch must not ask for the past");
            self.now = wake;
            self.feed(Input::Tick);
        }
        self.now = self.now.max(end);
    }

    pub(super) fn feed_at(&mut self, moment: Moment, input: Input) {
        self.run_to(moment);
        self.feed(input);
    }

    /// Runs until there is a verdict.
    pub(super) fn finish(mut self) -> Outcome {
        while self.verdict.is_none() {
            let wake = self.wake.expect("an open watch wants to be woken");
            assert!(wake.0 < END, "no verdict: {:?}", self.follow.standing());
            self.run_to(wake);
        }
        let (when, verdict) = self.verdict.unwrap();
        Outcome {
            verdict,
            when,
            events: self.events,
            wants: self.wants,
        }
    }
}

pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    pub(super) when: Moment,
    pub(super) events: Vec<(Moment, Event)>,
    pub(super) wants: Vec<Want>,
}

impl Outcome {
    pub(super) fn only(&self) -> &Conclusion {
        assert_eq!(self.verdict.conclusions.len(), 1);
        &self.verdict.conclusions[0]
    }
}

fn answer(want: &Want) -> Input {
    match want {
        Want::Log {
            pod,
            container,
            previous,
            ..
        } => Input::Log {
            pod: pod.clone(),
            container: container.clone(),
            previous: *previous,
            lines: Ok(vec!["the last line".to_owned()]),
        },
        Want::Events { deployment, .. } => Input::Evidence {
            deployment: deployment.clone(),
            events: Vec::new(),
        },
    }
}

/// A raw watch stream of a real control plane.
#[derive(Clone)]
pub(super) struct Recording {
    pub(super) lists: Vec<Input>,
    pub(super) changes: Vec<(f64, Input)>,
    deployment: DeploymentSeen,
}

impl Recording {
    pub(super) fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/traces")
            .join(format!("{name}.jsonl.gz"));
        let file = std::fs::File::open(&path).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(file)
            .read_to_string(&mut text)
            .unwrap();
        let mut lists = Vec::new();
        let mut changes = Vec::new();
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let Some(kind) = line.get("kind").map(kind) else {
                continue;
            };
            if let Some(items) = line.pointer("/list/items") {
                let items = items.as_array().unwrap();
                let objects = items.iter().map(|item| seen(kind, item)).collect();
                lists.push(Input::Listed { kind, objects });
                continue;
            }
            let verb = line.pointer("/event/type").and_then(Value::as_str);
            if verb == Some("BOOKMARK") {
                continue;
            }
            let object = seen(kind, line.pointer("/event/object").unwrap());
            let input = match verb {
                Some("ADDED" | "MODIFIED") => Input::Changed(object),
                Some("DELETED") => Input::Removed(object),
                other => panic!("{other:?}"),
            };
            changes.push((line["t"].as_f64().unwrap(), input));
        }
        let deployment = lists
            .iter()
            .find_map(|input| match input {
                Input::Listed { objects, .. } => objects.iter().find_map(deployment_of),
                _ => None,
            })
            .unwrap();
        Self {
            deployment,
            lists,
            changes,
        }
    }

    /// Returns the receipt of the n-th change of the template in the recording, and its time.
    pub(super) fn applied(&self, nth: usize) -> (Applied, f64) {
        let mut before = self.deployment.clone();
        let mut found = 0;
        for (time, input) in &self.changes {
            let Input::Changed(seen) = input else {
                continue;
            };
            let Some(now) = deployment_of(seen) else {
                continue;
            };
            if !same_template(&now.spec.template, &before.spec.template) {
                if found == nth {
                    return (receipt(&before, &now, true), *time);
                }
                found += 1;
            }
            before = now;
        }
        panic!("the template changes {found} times only");
    }

    /// Returns what is written down of the Deployment as it was found, without a write.
    pub(super) fn found(&self) -> Applied {
        receipt(&self.deployment, &self.deployment, false)
    }

    /// Plays everything at its recorded time.
    pub(super) fn play(&self, driver: &mut Driver) {
        for list in &self.lists {
            driver.feed(list.clone());
        }
        for (time, input) in &self.changes {
            if driver.verdict.is_none() {
                let moment = at(*time).max(driver.now);
                driver.feed_at(moment, input.clone());
            }
        }
    }
}

fn receipt(before: &DeploymentSeen, after: &DeploymentSeen, written: bool) -> Applied {
    Applied {
        deployment: after.metadata.name.clone(),
        uid: after.metadata.uid.clone(),
        generation: after.metadata.generation,
        resource_version: after.metadata.resource_version.clone(),
        template: after.spec.template.clone(),
        template_before: written.then(|| before.spec.template.clone()),
        deploy_id: None,
        progressing_before: before
            .status
            .condition("Progressing")
            .filter(|_| written)
            .map(ProgressingStamp::of),
        written,
        age: Duration::ZERO,
    }
}

fn kind(name: &Value) -> Watched {
    match name.as_str() {
        Some("Deployment") => Watched::Deployments,
        Some("ReplicaSet") => Watched::ReplicaSets,
        Some("Pod") => Watched::Pods,
        Some("Event") => Watched::Events,
        other => panic!("{other:?}"),
    }
}

pub(super) fn seen(kind: Watched, object: &Value) -> Seen {
    let object = object.clone();
    match kind {
        Watched::Deployments => Seen::Deployment(serde_json::from_value(object).unwrap()),
        Watched::ReplicaSets => Seen::ReplicaSet(serde_json::from_value(object).unwrap()),
        Watched::Pods => Seen::Pod(serde_json::from_value(object).unwrap()),
        Watched::Events => {
            let event: EventSeen = serde_json::from_value(object).unwrap();
            Seen::Event(Box::new(event))
        }
    }
}

fn deployment_of(seen: &Seen) -> Option<DeploymentSeen> {
    match seen {
        Seen::Deployment(deployment) => Some((**deployment).clone()),
        Seen::ReplicaSet(_) | Seen::Pod(_) | Seen::Event(_) => None,
    }
}
