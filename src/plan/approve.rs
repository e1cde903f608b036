//! The gate between a plan and the cluster: the writer accepts nothing but an [`Approved`] value.

use std::str::FromStr;

use super::report::Report;
use super::{Plan, Refusal, words};
use crate::environment::policy::confirm::{ConfirmError, Confirmation};
use crate::error::{Error, Kind};
use crate::image::{Digest, Image, Tag};
use crate::rollout::history::Record;

/// A value that passed the gate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Approved<T>(T);

impl<T> Approved<T> {
    pub(crate) fn value(&self) -> &T {
        &self.0
    }

    /// Passes a value by, for tests of what comes after the gate.
    #[cfg(test)]
    pub(crate) fn for_tests(value: T) -> Self {
        Self(value)
    }
}

/// Why a plan did not pass. Nothing was changed.
#[derive(Debug, PartialEq)]
pub(crate) enum Denied {
    /// Checks stand against it.
    Refused {
        namespace: String,
        refusals: Vec<Refusal>,
    },
    /// It is not what `--expect` said.
    Unexpected(Vec<Unexpected>),
    /// It was not confirmed, or cannot be.
    Unconfirmed(ConfirmError),
    /// It is not the plan that was approved any more.
    Moved(Vec<Movement>),
}

/// Returns what stands against the plan, whatever anybody answers: a dry run shows it as well.
pub(crate) fn objection(plan: &Plan, expectation: Option<&Expectation>) -> Option<Denied> {
    if !plan.refusals.is_empty() {
        return Some(Denied::Refused {
            namespace: plan.namespace.clone(),
            refusals: plan.refusals.clone(),
        });
    }
    let unexpected = expectation.map_or(Vec::new(), |expectation| expectation.check(plan));
    (!unexpected.is_empty()).then_some(Denied::Unexpected(unexpected))
}

/// Approves a plan.
///
/// `is_confirmed` is the answer to the question that `confirmation` asks for; it does not count
/// where none is asked.
pub(crate) fn approve(
    plan: Plan,
    expectation: Option<&Expectation>,
    confirmation: &Confirmation,
    is_confirmed: bool,
) -> Result<Approved<Plan>, Denied> {
    if let Some(denied) = objection(&plan, expectation) {
        return Err(denied);
    }
    match confirmation {
        Confirmation::NotNeeded => Ok(Approved(plan)),
        Confirmation::AskEnter | Confirmation::AskName if is_confirmed => Ok(Approved(plan)),
        Confirmation::AskEnter | Confirmation::AskName => {
            Err(Denied::Unconfirmed(ConfirmError::Declined))
        }
        Confirmation::Refuse(error) => Err(Denied::Unconfirmed(error.clone())),
    }
}

/// Lets a plan that was made anew take the place of the approved one, if it shows the user nothing
/// different.
///
/// Replicas, status, and whatever else the plan does not show may have moved. A target that became
/// as wanted meanwhile only makes the plan smaller.
pub(crate) fn approve_again(
    approved: &Approved<Plan>,
    anew: Plan,
) -> Result<Approved<Plan>, Denied> {
    if let Some(denied) = objection(&anew, None) {
        return Err(denied);
    }
    let moved = movements(approved.value(), &anew);
    if moved.is_empty() {
        Ok(Approved(anew))
    } else {
        Err(Denied::Moved(moved))
    }
}

/// What a plan that was made anew shows differently.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Movement {
    /// A target that the approved plan does not change.
    Appeared { deployment: String },
    /// A target that is none any more.
    Gone { deployment: String },
    /// Deleted, and another one of that name made.
    Recreated { deployment: String },
    /// Somebody changed what runs.
    Running {
        deployment: String,
        container: String,
        was: Image,
        is: Image,
        /// The deploy that did it, if it was one of ours.
        record: Option<Box<Record>>,
    },
    /// The target is to run something else.
    Wanted {
        deployment: String,
        container: String,
        was: Image,
        is: Image,
    },
    /// What is set beside the image.
    Settings { deployment: String },
}

fn movements(approved: &Plan, anew: &Plan) -> Vec<Movement> {
    let mut moved = Vec::new();
    for old in &approved.deployments {
        let deployment = || old.name().to_owned();
        let Some(new) = anew.deployment(old.name()) else {
            if !anew.unchanged.iter().any(|own| own.name() == old.name()) {
                moved.push(Movement::Gone {
                    deployment: deployment(),
                });
            }
            continue;
        };
        if new.uid() != old.uid() {
            moved.push(Movement::Recreated {
                deployment: deployment(),
            });
            continue;
        }
        for change in &new.changes {
            let container = || change.container.clone();
            let before = old
                .changes
                .iter()
                .find(|own| own.container == change.container);
            let was = match before {
                Some(before) if before.after != change.after => {
                    moved.push(Movement::Wanted {
                        deployment: deployment(),
                        container: container(),
                        was: before.after.clone(),
                        is: change.after.clone(),
                    });
                    continue;
                }
                Some(before) => &before.before,
                // It was as wanted, and is no longer.
                None => &change.after,
            };
            if *was != change.before {
                moved.push(Movement::Running {
                    deployment: deployment(),
                    container: container(),
                    was: was.clone(),
                    is: change.before.clone(),
                    record: new.previous.clone().map(Box::new),
                });
            }
        }
        let shown = |plan: &super::DeploymentPlan| -> Vec<_> {
            plan.settings
                .iter()
                .map(|setting| setting.outside())
                .collect()
        };
        if shown(old) != shown(new) {
            moved.push(Movement::Settings {
                deployment: deployment(),
            });
        }
    }
    let appeared = anew
        .deployments
        .iter()
        .filter(|new| approved.deployment(new.name()).is_none())
        .map(|new| Movement::Appeared {
            deployment: new.name().to_owned(),
        });
    moved.extend(appeared);
    moved
}

/// What `--expect RUNNING..NEW` said of a plan that somebody has seen before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expectation {
    running: String,
    new: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not RUNNING..NEW, two tags or beginnings of SHAs", .0.escape_debug())]
pub(crate) struct BadExpectation(String);

impl From<BadExpectation> for Error {
    fn from(error: BadExpectation) -> Self {
        Self::new(Kind::Usage, error)
            .hint("Write both as the dry run shows them, such as d1cb608..cb19269.")
    }
}

impl FromStr for Expectation {
    type Err = BadExpectation;

    fn from_str(text: &str) -> Result<Self, BadExpectation> {
        match text.split_once("..") {
            Some((running, new)) if !running.is_empty() && !new.is_empty() => Ok(Self {
                running: running.to_owned(),
                new: new.to_owned(),
            }),
            Some(_) | None => Err(BadExpectation(text.chars().take(120).collect())),
        }
    }
}

/// A part of a plan that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unexpected {
    Running {
        deployment: String,
        container: String,
        expected: String,
        found: Image,
    },
    New {
        deployment: String,
        container: String,
        expected: String,
        found: Image,
    },
}

impl Expectation {
    /// Returns what is not as expected. A target that already runs the new version is.
    pub(crate) fn check(&self, plan: &Plan) -> Vec<Unexpected> {
        let mut unexpected = Vec::new();
        for deployment in &plan.deployments {
            for change in &deployment.changes {
                if !is_meant(&self.running, &change.before) {
                    unexpected.push(Unexpected::Running {
                        deployment: deployment.name().to_owned(),
                        container: change.container.clone(),
                        expected: self.running.clone(),
                        found: change.before.clone(),
                    });
                }
                unexpected.extend(self.check_new(
                    deployment.name(),
                    &change.container,
                    &change.after,
                ));
            }
        }
        for unchanged in &plan.unchanged {
            for kept in &unchanged.kept {
                unexpected.extend(self.check_new(unchanged.name(), &kept.container, &kept.image));
            }
        }
        unexpected
    }

    fn check_new(&self, deployment: &str, container: &str, image: &Image) -> Option<Unexpected> {
        (!is_meant(&self.new, image)).then(|| Unexpected::New {
            deployment: deployment.to_owned(),
            container: container.to_owned(),
            expected: self.new.clone(),
            found: image.clone(),
        })
    }
}

/// Tells whether the text is the image's tag or digest, or at least 7 digits that its SHA begins
/// with.
fn is_meant(text: &str, image: &Image) -> bool {
    const FEWEST_DIGITS: usize = 7;
    let is_sha = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let tag = image.tag().map_or("", Tag::as_str);
    let digest = image.digest().map_or("", Digest::as_str);
    let is_beginning = text.len() >= FEWEST_DIGITS
        && is_sha(text)
        && is_sha(tag)
        && tag.starts_with(&text.to_ascii_lowercase());
    text == tag || text == digest || is_beginning
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        let (report, hints) = match denied {
            Denied::Unconfirmed(error) => return error.into(),
            Denied::Refused {
                namespace,
                refusals,
            } => {
                let lines = refusals.iter().map(words::refusal).collect();
                let hints = refusals
                    .iter()
                    .filter_map(|refusal| words::refusal_hint(refusal, &namespace))
                    .collect();
                (Report::of(lines, "things stand against this deploy"), hints)
            }
            Denied::Unexpected(unexpected) => (
                Report::of(
                    unexpected.iter().map(words::unexpected).collect(),
                    "things are not as expected",
                ),
                vec!["Look at the plan again with --dry-run.".to_owned()],
            ),
            Denied::Moved(moved) => (
                Report::of(
                    moved.iter().map(words::movement).collect(),
                    "things changed since the plan was approved",
                ),
                vec!["Run the same command again to see the new plan.".to_owned()],
            ),
        };
        let error = Self::new(Kind::Refused, report);
        hints.into_iter().fold(error, Self::hint)
    }
}

#[cfg(test)]
#[path = "approve_tests.rs"]
mod tests;
