//! Which prefix the annotations have: as said, or as the Deployments of the namespace use it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::error::{Error, Kind};

/// Who takes part says so with this annotation.
const TARGET: &str = "deploy-target";
/// The repository of a target: `container=owner/name`, several separated by commas.
const REPOSITORY: &str = "github";
const LONGEST: usize = 253;

/// The part of our annotations' keys before the slash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Prefix(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadPrefix {
    #[error("`{}` is no annotation prefix such as example.com", .0.escape_debug())]
    NotADomain(String),
    #[error("the annotation prefix `{0}` belongs to Kubernetes itself")]
    Reserved(String),
}

impl Prefix {
    /// The prefix of our records where nothing is annotated and the targets were named by hand.
    pub(crate) fn of_our_own() -> Self {
        Self("kube-deploy".to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the whole key of one of our annotations.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.0)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Prefix {
    type Err = BadPrefix;

    /// Accepts the prefix with its slash, which k8ship wanted, and without, as its README had it.
    fn from_str(text: &str) -> Result<Self, BadPrefix> {
        let prefix = text.strip_suffix('/').unwrap_or(text);
        let is_label = |label: &str| {
            label.starts_with(|c: char| c.is_ascii_alphanumeric())
                && label.ends_with(|c: char| c.is_ascii_alphanumeric())
                && label
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        if prefix.len() > LONGEST || !prefix.split('.').all(is_label) {
            return Err(BadPrefix::NotADomain(text.chars().take(80).collect()));
        }
        let is_of = |domain: &str| prefix == domain || prefix.ends_with(&format!(".{domain}"));
        if is_of("kubernetes.io") || is_of("k8s.io") {
            return Err(BadPrefix::Reserved(prefix.to_owned()));
        }
        Ok(Self(prefix.to_owned()))
    }
}

impl TryFrom<String> for Prefix {
    type Error = BadPrefix;

    fn try_from(text: String) -> Result<Self, BadPrefix> {
        text.parse()
    }
}

/// The prefixes that the Deployments of a namespace use, each with its targets' repositories.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage(BTreeMap<Prefix, BTreeSet<String>>);

impl Usage {
    /// Collects the usage from each Deployment's annotations.
    ///
    /// A `deploy-target` that says no (`false`, `0`) does not count; any other value does, so that
    /// a misspelt one is reported later, under the right prefix.
    pub(crate) fn of<'a>(
        deployments: impl IntoIterator<Item = &'a BTreeMap<String, String>>,
    ) -> Self {
        let mut usage = Self::default();
        for annotations in deployments {
            for (key, value) in annotations {
                let Some((prefix, TARGET)) = key.rsplit_once('/') else {
                    continue;
                };
                let Ok(prefix) = prefix.parse::<Prefix>() else {
                    continue;
                };
                if matches!(value.as_str(), "false" | "0") {
                    continue;
                }
                let repositories = annotations.get(&prefix.key(REPOSITORY));
                usage
                    .0
                    .entry(prefix)
                    .or_default()
                    .extend(repositories.into_iter().flat_map(|value| names(value)));
            }
        }
        usage
    }

    /// Tells whether any Deployment takes part.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether any Deployment takes part that is built from `repository` (`owner/name`).
    pub(crate) fn holds(&self, repository: &str) -> bool {
        !self.prefixes_of(repository).is_empty()
    }

    fn prefixes_of(&self, repository: &str) -> Vec<&Prefix> {
        self.0
            .iter()
            .filter(|(_, repositories)| {
                repositories
                    .iter()
                    .any(|name| name.eq_ignore_ascii_case(repository))
            })
            .map(|(prefix, _)| prefix)
            .collect()
    }
}

fn names(value: &str) -> impl Iterator<Item = String> {
    value.split(',').map(|entry| {
        let name = entry.split_once('=').map_or(entry, |(_, name)| name);
        name.trim().to_owned()
    })
}

/// Where the prefix may be said, in the order in which it counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PrefixFacts<'a> {
    pub(crate) flag: Option<&'a str>,
    /// `KUBE_DEPLOY_ANNOTATION_PREFIX`.
    pub(crate) variable: Option<&'a str>,
    /// `K8SHIP_ANNOTATION_PREFIX`.
    pub(crate) k8ship_variable: Option<&'a str>,
    pub(crate) user: Option<&'a Prefix>,
    /// Does not count where the environment is protected.
    pub(crate) checkout: Option<&'a Prefix>,
    pub(crate) is_protected: bool,
    /// `owner/name` of the checkout.
    pub(crate) repository: Option<&'a str>,
    /// The run names its targets itself, so nothing need be annotated.
    pub(crate) has_named_targets: bool,
    /// `None` until the Deployments were listed.
    pub(crate) usage: Option<&'a Usage>,
}

/// Who said what the prefix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrefixSource {
    Flag,
    Variable,
    K8shipVariable,
    UserConfig,
    CheckoutConfig,
    /// The only one that Deployments of the namespace use.
    InUse,
    /// The only one whose targets are of the checkout's repository.
    Repository,
    /// Nothing is annotated.
    OurOwn,
}

impl fmt::Display for PrefixSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Flag => "--annotation-prefix",
            Self::Variable => "KUBE_DEPLOY_ANNOTATION_PREFIX",
            Self::K8shipVariable => "K8SHIP_ANNOTATION_PREFIX",
            Self::UserConfig => "your configuration",
            Self::CheckoutConfig => "the checkout's configuration",
            Self::InUse => "the Deployments use it",
            Self::Repository => "the targets of the checkout's repository use it",
            Self::OurOwn => "nothing is annotated",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PrefixStep {
    Use(Prefix, PrefixSource),
    /// Nobody said it: list the Deployments and come again with their [`Usage`].
    ListDeployments,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PrefixError {
    /// A flag or variable holds something else.
    #[error("{bad} (from {source_name})")]
    Bad {
        bad: BadPrefix,
        source_name: PrefixSource,
    },
    /// No Deployment is annotated under any prefix.
    #[error("no Deployment is annotated as a target, under any prefix")]
    Unused,
    /// Several are in use, and the checkout does not decide.
    #[error("Deployments are annotated under several prefixes: {}", list(.0))]
    Several(Vec<Prefix>),
}

fn list(prefixes: &[Prefix]) -> String {
    let names: Vec<&str> = prefixes.iter().map(Prefix::as_str).collect();
    names.join(", ")
}

impl From<PrefixError> for Error {
    fn from(error: PrefixError) -> Self {
        let (kind, hint) = match &error {
            PrefixError::Bad { .. } => (
                Kind::Usage,
                "Give the part before the slash, as in `example.com` for `example.com/deploy-target`."
                    .to_owned(),
            ),
            PrefixError::Unused => (
                Kind::NotFound,
                "Annotate each Deployment that takes part with `example.com/deploy-target: \"true\"` (under a prefix of yours), or name one with --target."
                    .to_owned(),
            ),
            PrefixError::Several(prefixes) => {
                let flags: Vec<String> = prefixes
                    .iter()
                    .map(|prefix| format!("--annotation-prefix={prefix}"))
                    .collect();
                (Kind::NotFound, format!("Say which: {}", flags.join(" or ")))
            }
        };
        Self::new(kind, error).hint(hint)
    }
}

/// Decides the prefix, or says that it takes the Deployments to decide it. A flag or variable that
/// is empty says nothing.
pub(crate) fn decide(facts: &PrefixFacts<'_>) -> Result<PrefixStep, PrefixError> {
    let said = [
        (facts.flag, PrefixSource::Flag),
        (facts.variable, PrefixSource::Variable),
        (facts.k8ship_variable, PrefixSource::K8shipVariable),
    ];
    for (text, source) in said {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            let prefix = text.parse().map_err(|bad| PrefixError::Bad {
                bad,
                source_name: source,
            })?;
            return Ok(PrefixStep::Use(prefix, source));
        }
    }
    let configured = [
        (facts.user, PrefixSource::UserConfig),
        (
            facts.checkout.filter(|_| !facts.is_protected),
            PrefixSource::CheckoutConfig,
        ),
    ];
    for (prefix, source) in configured {
        if let Some(prefix) = prefix {
            return Ok(PrefixStep::Use(prefix.clone(), source));
        }
    }
    let Some(usage) = facts.usage else {
        return Ok(PrefixStep::ListDeployments);
    };
    discovered(usage, facts.repository, facts.has_named_targets)
}

fn discovered(
    usage: &Usage,
    repository: Option<&str>,
    has_named_targets: bool,
) -> Result<PrefixStep, PrefixError> {
    let all: Vec<&Prefix> = usage.0.keys().collect();
    let of_repository = repository.map_or(Vec::new(), |name| usage.prefixes_of(name));
    match (all.as_slice(), of_repository.as_slice()) {
        ([], _) if has_named_targets => {
            Ok(PrefixStep::Use(Prefix::of_our_own(), PrefixSource::OurOwn))
        }
        ([], _) => Err(PrefixError::Unused),
        ([only], _) => Ok(PrefixStep::Use((*only).clone(), PrefixSource::InUse)),
        (_, [only]) => Ok(PrefixStep::Use((*only).clone(), PrefixSource::Repository)),
        (several, []) | (_, several) => Err(PrefixError::Several(
            several.iter().map(|prefix| (*prefix).clone()).collect(),
        )),
    }
}

#[cfg(test)]
mod tests;
