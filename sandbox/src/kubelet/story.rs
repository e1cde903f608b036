//! What becomes of a container: scripted lives, and the rule by which an image or a pod chooses one.
//!
//! A story is written in phrases, several separated by commas: `ready-after-2s,slow-stop-20s`.
//!
//! | phrase | what happens |
//! |---|---|
//! | `healthy` | starts, is ready when its readiness probe first passes, stops when asked |
//! | `ready-after-2s` | as healthy, ready after that time |
//! | `never-ready` | runs, but its readiness probe never passes |
//! | `not-found`, `unauthorized` | the image cannot be pulled |
//! | `registry-down`, `registry-down-2-times` | the registry answers 503, always or so many times |
//! | `crash`, `crash-after-2s` | ends with an error before it is ready; without a readiness probe it was Ready meanwhile |
//! | `crash-once` | the same, but the second start is healthy |
//! | `crash-later`, `crash-later-after-20s` | gets ready, and crashes afterwards, each time |
//! | `out-of-memory`, `out-of-memory-after-2s` | is killed for its memory |
//! | `exits`, `exits-after-2s` | ends by itself without an error |
//! | `config-error` | refers to a key that its Secret does not have |
//! | `unschedulable` | no node has room for its pod |
//! | `slow-stop`, `slow-stop-20s` | ignores SIGTERM for that time |
//!
//! [`Stories::of_container`] says where a container's story is looked up.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::object::{Lookup, annotation, text};

/// The annotation of a pod that tells the story of its containers; with `.` and a name, of that container.
pub const STORY_ANNOTATION: &str = "kube-sandbox/story";

/// The life of a container.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Story {
    /// Whether a node has room for it.
    pub fits: bool,
    /// How pulling its image goes.
    pub pull: Pull,
    /// Whether its configuration is complete.
    pub configured: bool,
    /// How long after its start the readiness probe passes, if ever.
    pub ready_after: Option<Duration>,
    /// How it ends by itself, if it does.
    pub end: Option<End>,
    /// How long it goes on after SIGTERM.
    pub stop: Duration,
}

/// How pulling an image goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Pull {
    /// It works.
    Works,
    /// The registry does not have the tag.
    NotFound,
    /// The registry wants other credentials.
    Unauthorized,
    /// The registry is in trouble for so many pulls.
    Trouble {
        /// How many pulls fail.
        times: u32,
    },
}

/// How a container ends by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct End {
    /// How long after its start.
    pub after: Duration,
    /// In which way.
    pub cause: Cause,
    /// How many starts end like this; later ones go on.
    pub times: u32,
}

/// Why a container ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Cause {
    /// It failed, with exit code 1.
    Error,
    /// It was killed for its memory, 137.
    OutOfMemory,
    /// It had nothing more to do, 0.
    Completed,
}

impl Default for Story {
    fn default() -> Story {
        Story {
            fits: true,
            pull: Pull::Works,
            configured: true,
            ready_after: Some(Duration::from_millis(800)),
            end: None,
            stop: Duration::from_millis(200),
        }
    }
}

impl Story {
    /// Reads the phrases of a story; `None` if one of them is unknown.
    pub fn parse(text: &str) -> Option<Story> {
        let mut story = Story::default();
        for phrase in text.split(',') {
            story.apply(phrase.trim())?;
        }
        Some(story)
    }

    /// Reads the story that a tag ends with: `v2-crash` is `crash`. The longest ending counts.
    pub fn in_tag(tag: &str) -> Option<Story> {
        let endings = tag
            .match_indices('-')
            .filter_map(|(at, _)| tag.get(at + 1..));
        std::iter::once(tag).chain(endings).find_map(Story::parse)
    }

    fn apply(&mut self, phrase: &str) -> Option<()> {
        let (name, after) = match phrase.split_once("-after-") {
            Some((name, after)) => (name, Some(duration(after)?)),
            None => (phrase, None),
        };
        let end = |default: u64, cause| {
            Some(End {
                after: after.unwrap_or(Duration::from_millis(default)),
                cause,
                times: u32::MAX,
            })
        };
        match name {
            "ready" => self.ready_after = after.or(self.ready_after),
            "crash" => (self.ready_after, self.end) = (None, end(900, Cause::Error)),
            "crash-later" => self.end = end(5_000, Cause::Error),
            "out-of-memory" => {
                (self.ready_after, self.end) = (None, end(1_500, Cause::OutOfMemory))
            }
            "exits" => (self.ready_after, self.end) = (None, end(900, Cause::Completed)),
            _ if after.is_some() => return None,
            "healthy" => {}
            "never-ready" => self.ready_after = None,
            "not-found" => self.pull = Pull::NotFound,
            "unauthorized" => self.pull = Pull::Unauthorized,
            "registry-down" => self.pull = Pull::Trouble { times: u32::MAX },
            "crash-once" => self.end = end(300, Cause::Error).map(|end| End { times: 1, ..end }),
            "config-error" => self.configured = false,
            "unschedulable" => self.fits = false,
            "slow-stop" => self.stop = Duration::from_secs(20),
            _ => {
                if let Some(time) = name.strip_prefix("slow-stop-") {
                    self.stop = duration(time)?;
                } else {
                    let times = name
                        .strip_prefix("registry-down-")?
                        .strip_suffix("-times")?;
                    self.pull = Pull::Trouble {
                        times: times.parse().ok()?,
                    };
                }
            }
        }
        Some(())
    }
}

fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
}

/// The stories of images that do not tell theirs by their tag, such as those tagged with a commit.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stories(BTreeMap<String, Story>);

impl Stories {
    /// Gives an image its story; `image` is a whole reference, or only a tag, which then holds for every repository.
    pub fn tell(&mut self, image: &str, story: Story) {
        self.0.insert(image.to_owned(), story);
    }

    /// Returns the story of a container, the first that there is of: the pod's annotation for that container, its
    /// annotation for all (init containers left out), the table by the whole image, by its tag, the end of the tag.
    pub fn of_container(&self, pod: &Value, container: &str, image: &str, is_init: bool) -> Story {
        let for_all = || {
            if is_init {
                None
            } else {
                annotation(pod, STORY_ANNOTATION)
            }
        };
        annotation(pod, &format!("{STORY_ANNOTATION}.{container}"))
            .or_else(for_all)
            .and_then(Story::parse)
            .unwrap_or_else(|| self.of_image(image))
    }

    /// Returns the story of an image whatever pod it is in.
    pub fn of_image(&self, image: &str) -> Story {
        if let Some(story) = self.0.get(image) {
            return story.clone();
        }
        let Some(tag) = tag(image) else {
            return Story::default();
        };
        self.0
            .get(tag)
            .cloned()
            .or_else(|| Story::in_tag(tag))
            .unwrap_or_default()
    }

    /// Returns whether some node has room for the pod, as far as stories go.
    pub fn has_room(&self, pod: &Value) -> bool {
        let containers = pod.at("/spec/containers").and_then(Value::as_array);
        containers.into_iter().flatten().all(|container| {
            self.of_container(
                pod,
                text(container, "/name"),
                text(container, "/image"),
                false,
            )
            .fits
        })
    }
}

/// Returns the tag of an image reference: what follows the last colon, unless that belongs to a port or a digest.
fn tag(image: &str) -> Option<&str> {
    let image = image.split_once('@').map_or(image, |(image, _)| image);
    image
        .rsplit_once(':')
        .map(|(_, tag)| tag)
        .filter(|tag| !tag.contains('/'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tags_tell_their_story_at_the_end() {
        let crash = Story::parse("crash").unwrap();
        let cases = [
            ("x/app:v1", Story::default()),
            ("x/app:crash", crash.clone()),
            ("x/app:v2-crash", crash.clone()),
            ("localhost:5000/app:v2-crash", crash.clone()),
            ("x/app:v2-crash@sha256:00", crash),
            ("localhost:5000/crash", Story::default()),
            (
                "x/app:v2-never-ready",
                Story {
                    ready_after: None,
                    ..Story::default()
                },
            ),
            (
                "x/app:v2-not-found",
                Story {
                    pull: Pull::NotFound,
                    ..Story::default()
                },
            ),
            (
                "x/app:v2-registry-down-2-times",
                Story {
                    pull: Pull::Trouble { times: 2 },
                    ..Story::default()
                },
            ),
            (
                "x/app:ready-after-300ms",
                Story {
                    ready_after: Some(Duration::from_millis(300)),
                    ..Story::default()
                },
            ),
            (
                "x/app:v2-slow-stop-7s",
                Story {
                    stop: Duration::from_secs(7),
                    ..Story::default()
                },
            ),
        ];
        for (image, expected) in cases {
            assert_eq!(Stories::default().of_image(image), expected, "{image}");
        }
    }

    #[test]
    fn phrases_are_joined_and_unknown_ones_refused() {
        let story = Story::parse("ready-after-2s, slow-stop-20s").unwrap();
        assert_eq!(
            (story.ready_after, story.stop),
            (Some(Duration::from_secs(2)), Duration::from_secs(20))
        );
        for text in [
            "",
            "explode",
            "crash,explode",
            "crash-after-soon",
            "never-ready-after-2s",
            "slow-stop-x",
        ] {
            assert_eq!(Story::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_nearest_story_counts() {
        let mut stories = Stories::default();
        let ready = |seconds| Story {
            ready_after: Some(Duration::from_secs(seconds)),
            ..Story::default()
        };
        stories.tell("x/app:3f2a", ready(3));
        stories.tell("3f2a", ready(4));
        let pod = |annotations: Value| json!({"metadata": {"annotations": annotations}});
        let plain = pod(json!({}));
        assert_eq!(
            stories.of_container(&plain, "app", "x/app:3f2a", false),
            ready(3)
        );
        assert_eq!(
            stories.of_container(&plain, "app", "y/app:3f2a", false),
            ready(4)
        );
        let all = pod(json!({"kube-sandbox/story": "ready-after-5s"}));
        assert_eq!(
            stories.of_container(&all, "app", "x/app:3f2a", false),
            ready(5)
        );
        assert_eq!(
            stories.of_container(&all, "migrate", "x/app:3f2a", true),
            ready(3)
        );
        let one =
            pod(json!({"kube-sandbox/story": "crash", "kube-sandbox/story.app": "ready-after-6s"}));
        assert_eq!(
            stories.of_container(&one, "app", "x/app:3f2a", false),
            ready(6)
        );
    }
}
