//! The checkout's `.kube-deploy.yaml`: anyone who can open a pull request can write it.
//!
//! So it may tighten an environment's policy and fill in what nobody said, and nothing else: no
//! context, host, place, command, or token, and no guard made looser.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_yaml::Spanned;

use super::config::{ConfigError, Guards};
use super::names::nearest;
use super::prefix::Prefix;
use super::values::{
    BranchPattern, Busy, Confirm, EnvironmentName, Line, OnFailure, RepositoryName, Strategy,
};
use super::yaml::{self, At, Fault, Problem, given};
use crate::error::{Error, Kind};

pub(crate) const FILE_NAME: &str = ".kube-deploy.yaml";

/// The checkout's configuration. Prefix and tag do not count for protected environments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CheckoutConfig {
    pub(crate) annotation_prefix: Option<Prefix>,
    pub(crate) tag: Option<Line>,
    pub(crate) environments: BTreeMap<EnvironmentName, Guards>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CheckoutError {
    /// A key that only the user's own configuration may have.
    #[error("{at}: a checkout's configuration may not say `{key}`: {reason}{}", .at.below())]
    Forbidden {
        at: At,
        key: String,
        reason: &'static str,
        way_out: &'static str,
    },
    /// A value that can only make a guard looser.
    #[error("{at}: a checkout's configuration may only tighten, and `{key}: {value}` loosens{}", .at.below())]
    Loosens {
        at: At,
        key: &'static str,
        value: String,
    },
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl From<CheckoutError> for Error {
    fn from(error: CheckoutError) -> Self {
        let hint = match error {
            CheckoutError::Config(config) => {
                let mut error = Self::from(config);
                // `--config` names the user's file, so it is no way out of a fault in this one.
                error.hints.retain(|hint| !hint.contains("--config"));
                return error;
            }
            CheckoutError::Forbidden { way_out, .. } => way_out,
            CheckoutError::Loosens { .. } => {
                "What an environment allows is said by the annotations of its Namespace."
            }
        };
        Self::new(Kind::Refused, error).hint(hint)
    }
}

/// Keys that a checkout's configuration may not have.
struct Forbidden {
    keys: &'static [&'static str],
    reason: &'static str,
    way_out: &'static str,
}

const TO_THE_USER: &str = "Put it into your own configuration, ~/.config/kube-deploy/config.yaml.";

const FORBIDDEN: &[Forbidden] = &[
    Forbidden {
        keys: &["context", "contexts", "kubeconfig", "cluster"],
        reason: "a pull request could send the deploy to another cluster",
        way_out: TO_THE_USER,
    },
    Forbidden {
        keys: &["namespace"],
        reason: "a pull request could send the deploy to another namespace",
        way_out: TO_THE_USER,
    },
    Forbidden {
        keys: &["server", "certificate-authority"],
        reason: "a pull request could vouch for another cluster",
        way_out: TO_THE_USER,
    },
    Forbidden {
        keys: &[
            "repositories",
            "registries",
            "github",
            "host",
            "hosts",
            "url",
            "proxy",
        ],
        reason: "a pull request could send requests and tokens to another host",
        way_out: TO_THE_USER,
    },
    Forbidden {
        keys: &["user"],
        reason: "a pull request could deploy in another person's name",
        way_out: TO_THE_USER,
    },
    Forbidden {
        keys: &["patience"],
        reason: "a pull request could make the watch give up early",
        way_out: TO_THE_USER,
    },
    Forbidden {
        keys: &[
            "command", "commands", "exec", "hook", "hooks", "run", "script",
        ],
        reason: "a pull request could run commands",
        way_out: "Take it out: no configuration runs commands.",
    },
    Forbidden {
        keys: &["token", "tokens", "password", "secret", "secrets"],
        reason: "a pull request could read or replace it",
        way_out: "Take it out: tokens come from variables such as GH_TOKEN, and from `gh auth login`.",
    },
];

impl CheckoutConfig {
    /// Parses the text of `file`.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, CheckoutError> {
        let raw: RawCheckout =
            yaml::parse(text).map_err(|fault| fault_error(&fault, file, text))?;
        let mut environments = BTreeMap::new();
        for (name, raw) in raw.environments.unwrap_or_default() {
            environments.insert(name, raw.guards(file, text)?);
        }
        Ok(Self {
            annotation_prefix: raw.annotation_prefix,
            tag: raw.tag,
            environments,
        })
    }
}

fn fault_error(fault: &Fault, file: &str, text: &str) -> CheckoutError {
    let at = fault.at_with_excerpt(file, text);
    let (key, known) = match &fault.problem {
        Problem::Other(problem) => {
            return CheckoutError::Config(ConfigError::Malformed {
                at,
                problem: problem.clone(),
            });
        }
        Problem::UnknownKey { key, known } => (key.clone(), known.clone()),
    };
    let forbidden = FORBIDDEN
        .iter()
        .find(|forbidden| forbidden.keys.contains(&key.as_str()));
    match forbidden {
        Some(forbidden) => CheckoutError::Forbidden {
            at,
            key,
            reason: forbidden.reason,
            way_out: forbidden.way_out,
        },
        None => CheckoutError::Config(ConfigError::UnknownKey {
            at,
            nearest: nearest(&key, known.iter().copied()),
            key,
            known,
        }),
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct RawCheckout {
    #[serde(deserialize_with = "given")]
    annotation_prefix: Option<Prefix>,
    #[serde(deserialize_with = "given")]
    tag: Option<Line>,
    environments: Option<BTreeMap<EnvironmentName, RawGuards>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct RawGuards {
    #[serde(deserialize_with = "given")]
    protected: Option<Spanned<bool>>,
    #[serde(deserialize_with = "given")]
    confirm: Option<Spanned<Confirm>>,
    #[serde(deserialize_with = "given")]
    branches: Option<Vec<BranchPattern>>,
    #[serde(deserialize_with = "given")]
    allowed_repositories: Option<Vec<RepositoryName>>,
    #[serde(deserialize_with = "given")]
    busy: Option<Spanned<Busy>>,
    #[serde(deserialize_with = "given")]
    on_failure: Option<OnFailure>,
    #[serde(deserialize_with = "given")]
    strategy: Option<Spanned<Strategy>>,
}

impl RawGuards {
    /// Refuses each value that is the loosest of its kind: it can tighten nothing.
    fn guards(self, file: &str, text: &str) -> Result<Guards, CheckoutError> {
        let source = Source { file, text };
        Ok(Guards {
            protected: source.tighten("protected", self.protected, &false)?,
            confirm: source.tighten("confirm", self.confirm, &Confirm::Never)?,
            branches: self.branches,
            allowed_repositories: self.allowed_repositories,
            busy: source.tighten("busy", self.busy, &Busy::Supersede)?,
            on_failure: self.on_failure,
            strategy: source.tighten("strategy", self.strategy, &Strategy::Keep)?,
        })
    }
}

struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn tighten<T: PartialEq + ToString>(
        &self,
        key: &'static str,
        value: Option<Spanned<T>>,
        loosest: &T,
    ) -> Result<Option<T>, CheckoutError> {
        let Some(value) = value else {
            return Ok(None);
        };
        if value.value == *loosest {
            return Err(CheckoutError::Loosens {
                at: Fault::located(value.defined, key).at_with_excerpt(self.file, self.text),
                key,
                value: value.value.to_string(),
            });
        }
        Ok(Some(value.value))
    }
}

#[cfg(test)]
mod tests;
