//! The user's configuration: a file of this person, which may name contexts, hosts, and places.
//!
//! Takes the file's text and gives typed values; every fault has its line. Reads no file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_yaml::Spanned;

use super::cluster_identity::{Authority, Pin};
use super::names::nearest;
use super::prefix::Prefix;
use super::values::{
    BranchPattern, Busy, Confirm, EnvironmentName, GitLocation, Grace, Host, Line, OnFailure,
    RepositoryName, ServiceUrl, Strategy,
};
use super::yaml::{self, At, Fault, Problem, given};
use crate::error::{Error, Kind};
use crate::rollout::Patience;

/// Always the sandbox, whatever else is configured.
pub(crate) const BUILTIN: &str = "builtin";

/// The user's configuration, all of it checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct UserConfig {
    pub(crate) annotation_prefix: Option<Prefix>,
    /// Who deploys, for the record.
    pub(crate) user: Option<Line>,
    /// The template of image tags.
    pub(crate) tag: Option<Line>,
    pub(crate) environments: BTreeMap<EnvironmentName, Settings>,
    /// Where repositories are that are not on GitHub.
    pub(crate) repositories: BTreeMap<RepositoryName, GitLocation>,
    /// Where the registries of image hosts are reached.
    pub(crate) registries: BTreeMap<Host, ServiceUrl>,
    /// The API of each GitHub Enterprise host.
    pub(crate) github: BTreeMap<Host, ServiceUrl>,
    pub(crate) patience: Patience,
}

/// What the user's configuration says about one environment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Settings {
    pub(crate) contexts: Contexts,
    pub(crate) pin: Pin,
    pub(crate) namespace: Option<Line>,
    pub(crate) guards: Guards,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Contexts {
    /// The entry only adds to an environment that the kubeconfig names.
    #[default]
    Unsaid,
    One(String),
    Several(Vec<String>),
}

impl Contexts {
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::Unsaid => &[],
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// What a local file, the user's or the checkout's, says about an environment's policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Guards {
    pub(crate) protected: Option<bool>,
    pub(crate) confirm: Option<Confirm>,
    pub(crate) branches: Option<Vec<BranchPattern>>,
    pub(crate) allowed_repositories: Option<Vec<RepositoryName>>,
    pub(crate) busy: Option<Busy>,
    pub(crate) on_failure: Option<OnFailure>,
    pub(crate) strategy: Option<Strategy>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{at}: there is no key `{}`{}", .key.escape_debug(), .at.below())]
    UnknownKey {
        at: At,
        key: String,
        nearest: Option<&'static str>,
        known: Vec<&'static str>,
    },
    #[error("{at}: {problem}{}", .at.below())]
    Malformed { at: At, problem: String },
    /// The command line could not tell it from the command.
    #[error("{file}: environment `{name}` is named like a command")]
    NamedLikeCommand { file: String, name: EnvironmentName },
    #[error("{file}: environment `{BUILTIN}` is always the sandbox")]
    Builtin { file: String },
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        let hint = match &error {
            ConfigError::UnknownKey { nearest, known, .. } => match nearest {
                Some(nearest) => format!("Did you mean `{nearest}`?"),
                None => format!("The keys here are {}.", known.join(", ")),
            },
            ConfigError::Malformed { .. } => {
                "Correct the file, or name another one with --config.".to_owned()
            }
            ConfigError::NamedLikeCommand { .. } | ConfigError::Builtin { .. } => {
                "Give the environment another name; its context may keep its own.".to_owned()
            }
        };
        Self::new(Kind::Usage, error).hint(hint)
    }
}

impl UserConfig {
    /// Parses the text of `file`. `commands` are the words that cannot be environments.
    pub(crate) fn parse(file: &str, text: &str, commands: &[&str]) -> Result<Self, ConfigError> {
        let fault = |fault: Fault| fault_error(&fault, file, text);
        let raw: RawConfig = yaml::parse(text).map_err(fault)?;
        let mut environments = BTreeMap::new();
        for (name, raw) in raw.environments.unwrap_or_default() {
            if name.as_str() == BUILTIN {
                return Err(ConfigError::Builtin {
                    file: file.to_owned(),
                });
            }
            if commands.contains(&name.as_str()) {
                return Err(ConfigError::NamedLikeCommand {
                    file: file.to_owned(),
                    name,
                });
            }
            environments.insert(name, raw.settings().map_err(fault)?);
        }
        Ok(Self {
            annotation_prefix: raw.annotation_prefix,
            user: raw.user,
            tag: raw.tag,
            environments,
            repositories: raw.repositories.unwrap_or_default(),
            registries: raw.registries.unwrap_or_default(),
            github: raw.github.unwrap_or_default(),
            patience: raw.patience.unwrap_or_default().patience(),
        })
    }

    /// Returns the environments that own `context`.
    pub(crate) fn owners_of(&self, context: &str) -> Vec<&EnvironmentName> {
        self.environments
            .iter()
            .filter(|(_, settings)| settings.contexts.names().iter().any(|name| name == context))
            .map(|(name, _)| name)
            .collect()
    }
}

fn fault_error(fault: &Fault, file: &str, text: &str) -> ConfigError {
    let at = fault.at_with_excerpt(file, text);
    match &fault.problem {
        Problem::UnknownKey { key, known } => ConfigError::UnknownKey {
            at,
            key: key.clone(),
            nearest: nearest(key, known.iter().copied()),
            known: known.clone(),
        },
        Problem::Other(problem) => ConfigError::Malformed {
            at,
            problem: problem.clone(),
        },
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct RawConfig {
    #[serde(deserialize_with = "given")]
    annotation_prefix: Option<Prefix>,
    #[serde(deserialize_with = "given")]
    user: Option<Line>,
    #[serde(deserialize_with = "given")]
    tag: Option<Line>,
    environments: Option<BTreeMap<EnvironmentName, RawSettings>>,
    repositories: Option<BTreeMap<RepositoryName, GitLocation>>,
    registries: Option<BTreeMap<Host, ServiceUrl>>,
    github: Option<BTreeMap<Host, ServiceUrl>>,
    patience: Option<RawPatience>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct RawSettings {
    #[serde(deserialize_with = "given")]
    context: Option<Line>,
    #[serde(deserialize_with = "given")]
    contexts: Option<Spanned<Vec<Line>>>,
    #[serde(deserialize_with = "given")]
    server: Option<Line>,
    #[serde(deserialize_with = "given")]
    certificate_authority: Option<Authority>,
    #[serde(deserialize_with = "given")]
    namespace: Option<Line>,
    #[serde(deserialize_with = "given")]
    protected: Option<bool>,
    #[serde(deserialize_with = "given")]
    confirm: Option<Confirm>,
    #[serde(deserialize_with = "given")]
    branches: Option<Vec<BranchPattern>>,
    #[serde(deserialize_with = "given")]
    allowed_repositories: Option<Vec<RepositoryName>>,
    #[serde(deserialize_with = "given")]
    busy: Option<Busy>,
    #[serde(deserialize_with = "given")]
    on_failure: Option<OnFailure>,
    #[serde(deserialize_with = "given")]
    strategy: Option<Strategy>,
}

impl RawSettings {
    fn settings(self) -> Result<Settings, Fault> {
        Ok(Settings {
            contexts: contexts(self.context, self.contexts)?,
            pin: Pin {
                server: self.server.map(|server| server.to_string()),
                authority: self.certificate_authority,
            },
            namespace: self.namespace,
            guards: Guards {
                protected: self.protected,
                confirm: self.confirm,
                branches: self.branches,
                allowed_repositories: self.allowed_repositories,
                busy: self.busy,
                on_failure: self.on_failure,
                strategy: self.strategy,
            },
        })
    }
}

fn contexts(one: Option<Line>, several: Option<Spanned<Vec<Line>>>) -> Result<Contexts, Fault> {
    let Some(several) = several else {
        return Ok(one.map_or(Contexts::Unsaid, |name| Contexts::One(name.to_string())));
    };
    let fault = |problem: &str| Err(Fault::located(several.defined, problem));
    if one.is_some() {
        return fault("an environment has either `context` or `contexts`");
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = several.value.iter().find(|name| !seen.insert(*name)) {
        return fault(&format!("the context `{twice}` is there twice"));
    }
    match several.value.as_slice() {
        [] => fault("`contexts` names no context"),
        [only] => Ok(Contexts::One(only.to_string())),
        names => Ok(Contexts::Several(
            names.iter().map(ToString::to_string).collect(),
        )),
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct RawPatience {
    observe: Option<Grace>,
    replica_set_create: Option<Grace>,
    pod_create: Option<Grace>,
    second_sighting: Option<Grace>,
    paused: Option<Grace>,
    progress: Option<Grace>,
    min_ready_margin: Option<Grace>,
    stable: Option<Grace>,
    heartbeat: Option<Grace>,
    safety_read: Option<Grace>,
    idle_watch: Option<Grace>,
    controller_margin: Option<Grace>,
    evidence: Option<Grace>,
    hiccup: Option<Grace>,
    lost_contact: Option<Grace>,
}

impl RawPatience {
    fn patience(&self) -> Patience {
        let usual = Patience::default();
        let or = |said: Option<Grace>, usual| said.map_or(usual, |grace| grace.0);
        Patience {
            observe: or(self.observe, usual.observe),
            replica_set_create: or(self.replica_set_create, usual.replica_set_create),
            pod_create: or(self.pod_create, usual.pod_create),
            second_sighting: or(self.second_sighting, usual.second_sighting),
            paused: or(self.paused, usual.paused),
            progress: or(self.progress, usual.progress),
            min_ready_margin: or(self.min_ready_margin, usual.min_ready_margin),
            stable: or(self.stable, usual.stable),
            heartbeat: or(self.heartbeat, usual.heartbeat),
            safety_read: or(self.safety_read, usual.safety_read),
            idle_watch: or(self.idle_watch, usual.idle_watch),
            controller_margin: or(self.controller_margin, usual.controller_margin),
            evidence: or(self.evidence, usual.evidence),
            hiccup: or(self.hiccup, usual.hiccup),
            lost_contact: or(self.lost_contact, usual.lost_contact),
        }
    }
}

#[cfg(test)]
mod tests;
