//! What an environment allows: said by its Namespace, made stricter by local files, never looser.
//!
//! Builds one [`Policy`] of all sources; each setting remembers where it comes from. The user's own
//! file may change what the Namespace leaves open; the checkout's file may only tighten.

use std::collections::BTreeMap;
use std::fmt;

use super::config::Guards;
use super::names::has_segment;
use super::prefix::Prefix;
use super::values::{BranchPattern, Busy, Confirm, OnFailure, RepositoryName, Strategy};

pub(crate) mod annotations;
pub(crate) mod confirm;
pub(crate) mod gates;

use annotations::{Freeze, PolicyError, Stated, Version};

/// Names that mean production.
const PROTECTED_NAMES: [&str; 4] = ["production", "prod", "prd", "live"];

/// A value and who said it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody said anything.
    Default,
    /// `name` has the segment `segment`.
    Name {
        name: String,
        segment: String,
    },
    /// The annotation `key` of the Namespace.
    Namespace {
        namespace: String,
        key: String,
    },
    UserConfig,
    CheckoutConfig,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("the default"),
            Self::Name { name, segment } if name == segment => {
                write!(formatter, "the name `{name}`")
            }
            Self::Name { name, segment } => {
                write!(formatter, "`{segment}` in the name `{name}`")
            }
            Self::Namespace { namespace, key } => {
                write!(formatter, "annotation `{key}` of namespace `{namespace}`")
            }
            Self::UserConfig => formatter.write_str("your configuration"),
            Self::CheckoutConfig => formatter.write_str("the checkout's configuration"),
        }
    }
}

/// All that an environment allows and asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) protected: Setting<bool>,
    pub(crate) confirm: Setting<Confirm>,
    /// A ref has to pass each of these lists.
    pub(crate) branches: Vec<Setting<Vec<BranchPattern>>>,
    /// A repository has to stand in each of these lists.
    pub(crate) repositories: Vec<Setting<Vec<RepositoryName>>>,
    /// `None`: ask on a terminal, wait elsewhere.
    pub(crate) busy: Setting<Option<Busy>>,
    /// `None`: ask on a terminal, keep elsewhere.
    pub(crate) on_failure: Setting<Option<OnFailure>>,
    pub(crate) strategy: Setting<Strategy>,
    pub(crate) frozen_until: Option<Setting<Freeze>>,
    pub(crate) minimum_version: Option<Setting<Version>>,
    /// What somebody should be told.
    pub(crate) notes: Vec<Note>,
}

/// Something about a policy that its reader would not expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// A local file asks for less than what holds.
    NoEffect {
        setting: &'static str,
        said_by: Origin,
        held_by: Origin,
    },
    /// An annotation of the Namespace that looks like ours and is not.
    UnknownAnnotation { key: String },
    /// An annotation of ours under another prefix, which does not count.
    OtherPrefix { key: String },
    /// The permission to read the Namespace is missing: its policy is not known.
    NamespaceUnreadable { namespace: String },
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEffect {
                setting,
                said_by,
                held_by,
            } => write!(
                formatter,
                "`{setting}` of {said_by} has no effect: local files only tighten what {held_by} says"
            ),
            Self::UnknownAnnotation { key } => {
                write!(
                    formatter,
                    "annotation `{key}` of the Namespace is not known"
                )
            }
            Self::OtherPrefix { key } => write!(
                formatter,
                "annotation `{key}` of the Namespace stands under another prefix and does not count"
            ),
            Self::NamespaceUnreadable { namespace } => write!(
                formatter,
                "namespace `{namespace}` may not be read, so its policy is not known"
            ),
        }
    }
}

/// All that a policy is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sources<'a> {
    pub(crate) namespace: &'a str,
    /// The Namespace's annotations; `None` where it may not be read.
    pub(crate) annotations: Option<&'a BTreeMap<String, String>>,
    pub(crate) prefix: &'a Prefix,
    /// The environment's name, and the context's where that was not configured for it.
    pub(crate) names: &'a [&'a str],
    pub(crate) user: Option<&'a Guards>,
    pub(crate) checkout: Option<&'a Guards>,
}

impl Policy {
    /// Builds the policy, or reports all annotations that make no sense.
    pub(crate) fn build(sources: &Sources<'_>) -> Result<Self, PolicyError> {
        let mut notes = Vec::new();
        let stated = match sources.annotations {
            Some(annotations) => {
                annotations::read(sources.namespace, annotations, sources.prefix, &mut notes)?
            }
            None => {
                notes.push(Note::NamespaceUnreadable {
                    namespace: sources.namespace.to_owned(),
                });
                Stated::default()
            }
        };
        let nothing = Guards::default();
        let mut layers = Layers {
            user: sources.user.unwrap_or(&nothing),
            checkout: sources.checkout.unwrap_or(&nothing),
            notes,
        };
        let protected = layers.protected(stated.protected, sources.names);
        Ok(Self {
            confirm: layers.confirm(&protected),
            branches: layers.lists(stated.branches, |guards| &guards.branches),
            repositories: layers.lists(None, |guards| &guards.allowed_repositories),
            busy: layers.busy(stated.busy),
            on_failure: layers.on_failure(stated.on_failure),
            strategy: layers.strategy(stated.strategy),
            frozen_until: stated.frozen_until,
            minimum_version: stated.minimum_version,
            notes: layers.notes,
            protected,
        })
    }
}

/// Tells, before the prefix is known, whether an environment may turn out to be protected: then what
/// the checkout says about the prefix does not count.
pub(crate) fn may_be_protected(
    names: &[&str],
    annotations: Option<&BTreeMap<String, String>>,
    user: Option<&Guards>,
) -> bool {
    by_name(names).value
        || annotations.is_some_and(annotations::is_protected_under_any_prefix)
        || user.is_some_and(|guards| guards.protected == Some(true))
}

/// The local files, laid over what the Namespace states.
struct Layers<'a> {
    user: &'a Guards,
    checkout: &'a Guards,
    notes: Vec<Note>,
}

impl Layers<'_> {
    fn protected(&mut self, stated: Option<Setting<bool>>, names: &[&str]) -> Setting<bool> {
        let held = stated.unwrap_or_else(|| by_name(names));
        let held = self.tighten("protected", held, self.user.protected, Origin::UserConfig);
        let checkout = self.checkout.protected;
        self.tighten("protected", held, checkout, Origin::CheckoutConfig)
    }

    /// A protected environment wants its name whatever else is said.
    fn confirm(&mut self, protected: &Setting<bool>) -> Setting<Confirm> {
        let held = match (protected.value, self.user.confirm) {
            (true, said) => {
                let held = Setting {
                    value: Confirm::Name,
                    origin: protected.origin.clone(),
                };
                self.tighten("confirm", held, said, Origin::UserConfig)
            }
            (false, Some(value)) => Setting {
                value,
                origin: Origin::UserConfig,
            },
            (false, None) => Setting {
                value: Confirm::Ask,
                origin: Origin::Default,
            },
        };
        let checkout = self.checkout.confirm;
        self.tighten("confirm", held, checkout, Origin::CheckoutConfig)
    }

    fn busy(&mut self, stated: Option<Setting<Busy>>) -> Setting<Option<Busy>> {
        let held = match (stated, self.user.busy) {
            (Some(stated), said) => {
                let held = self.tighten("busy", stated, said, Origin::UserConfig);
                Some(held)
            }
            (None, Some(value)) => Some(Setting {
                value,
                origin: Origin::UserConfig,
            }),
            (None, None) => None,
        };
        let held = match (held, self.checkout.busy) {
            (Some(held), said) => Some(self.tighten("busy", held, said, Origin::CheckoutConfig)),
            // To ask or wait is stricter than to supersede, and no stricter than the others.
            (None, Some(value @ (Busy::Wait | Busy::Refuse))) => Some(Setting {
                value,
                origin: Origin::CheckoutConfig,
            }),
            (None, Some(Busy::Supersede) | None) => None,
        };
        optional(held)
    }

    /// None of the answers is stricter than another, so who speaks first is heard.
    fn on_failure(&mut self, stated: Option<Setting<OnFailure>>) -> Setting<Option<OnFailure>> {
        let local = [
            (self.user.on_failure, Origin::UserConfig),
            (self.checkout.on_failure, Origin::CheckoutConfig),
        ];
        let mut held = stated;
        for (said, origin) in local {
            match (&held, said) {
                (None, Some(value)) => held = Some(Setting { value, origin }),
                (Some(holder), Some(value)) if holder.value != value => {
                    self.notes.push(Note::NoEffect {
                        setting: "on-failure",
                        said_by: origin,
                        held_by: holder.origin.clone(),
                    });
                }
                (_, Some(_) | None) => {}
            }
        }
        optional(held)
    }

    fn strategy(&mut self, stated: Option<Setting<Strategy>>) -> Setting<Strategy> {
        let held = match (stated, self.user.strategy) {
            (Some(stated), said) => self.tighten("strategy", stated, said, Origin::UserConfig),
            (None, Some(value)) => Setting {
                value,
                origin: Origin::UserConfig,
            },
            (None, None) => Setting {
                value: Strategy::ZeroDowntime,
                origin: Origin::Default,
            },
        };
        let checkout = self.checkout.strategy;
        self.tighten("strategy", held, checkout, Origin::CheckoutConfig)
    }

    fn lists<T: Clone>(
        &self,
        stated: Option<Setting<Vec<T>>>,
        of: impl Fn(&Guards) -> &Option<Vec<T>>,
    ) -> Vec<Setting<Vec<T>>> {
        let local = [
            (of(self.user), Origin::UserConfig),
            (of(self.checkout), Origin::CheckoutConfig),
        ];
        let local = local
            .into_iter()
            .filter_map(|(list, origin)| list.clone().map(|value| Setting { value, origin }));
        stated.into_iter().chain(local).collect()
    }

    /// Takes what a local file says if it is stricter than what holds (the greater value is), and
    /// notes it if it is looser.
    fn tighten<T: Ord>(
        &mut self,
        setting: &'static str,
        held: Setting<T>,
        said: Option<T>,
        origin: Origin,
    ) -> Setting<T> {
        match said {
            Some(value) if value > held.value => Setting { value, origin },
            Some(value) if value < held.value => {
                self.notes.push(Note::NoEffect {
                    setting,
                    said_by: origin,
                    held_by: held.origin.clone(),
                });
                held
            }
            Some(_) | None => held,
        }
    }
}

fn optional<T>(setting: Option<Setting<T>>) -> Setting<Option<T>> {
    match setting {
        Some(setting) => Setting {
            value: Some(setting.value),
            origin: setting.origin,
        },
        None => Setting {
            value: None,
            origin: Origin::Default,
        },
    }
}

/// Tells from its names whether an environment is protected; upper and lower case count as equal.
fn by_name(names: &[&str]) -> Setting<bool> {
    for name in names {
        let lower = name.to_ascii_lowercase();
        let segment = PROTECTED_NAMES
            .into_iter()
            .find(|segment| has_segment(&lower, segment));
        if let Some(segment) = segment {
            return Setting {
                value: true,
                origin: Origin::Name {
                    name: (*name).to_owned(),
                    segment: segment.to_owned(),
                },
            };
        }
    }
    Setting {
        value: false,
        origin: Origin::Default,
    }
}

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
