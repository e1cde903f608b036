//! Decides whether a run may go on: freeze, version, branch, repository, and how it is connected.

use jiff::Timestamp;

use super::super::cluster_identity::{Authority, ClusterIdentity};
use super::super::namespace::{DEFAULT, NamespaceWhy};
use super::super::values::{BranchPattern, RepositoryName, is_plain_loopback};
use super::annotations::Version;
use super::{Origin, Policy};
use crate::error::{Error, Kind};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GateError {
    #[error("nothing is deployed until {until}{} ({origin})", describe_reason(.reason.as_deref()))]
    Frozen {
        until: Timestamp,
        reason: Option<String>,
        origin: Origin,
    },
    #[error("this is kube {own}, and {wanted} or later is wanted ({origin})")]
    TooOld {
        own: Version,
        wanted: Version,
        origin: Origin,
    },
    #[error("{} may not be deployed; allowed: {} ({origin})", describe_ref(.given, .is_containment_known), join(.allowed))]
    Branch {
        given: String,
        is_containment_known: bool,
        allowed: Vec<BranchPattern>,
        origin: Origin,
    },
    #[error("repository `{repository}` may not be deployed; allowed: {} ({origin})", join(.allowed))]
    Repository {
        repository: String,
        allowed: Vec<RepositoryName>,
        origin: Origin,
    },
    /// How the cluster is reached is not good enough for a protected environment.
    #[error("{concern}, and `{environment}` is protected ({origin})")]
    Connection {
        environment: String,
        concern: Concern,
        origin: Origin,
    },
}

fn describe_reason(reason: Option<&str>) -> String {
    reason
        .map(|reason| format!(": {}", reason.escape_debug()))
        .unwrap_or_default()
}

fn describe_ref(given: &str, is_containment_known: &bool) -> String {
    let given = given.escape_debug();
    match is_containment_known {
        true => format!("`{given}`"),
        false => format!("`{given}`, of which nobody can tell what branches have it,"),
    }
}

fn join<T: ToString>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    match items.as_slice() {
        [] => "none".to_owned(),
        items => items.join(", "),
    }
}

impl From<GateError> for Error {
    fn from(error: GateError) -> Self {
        let (kind, hint) = match &error {
            GateError::Frozen { .. } => (
                Kind::Busy,
                "Run the same command again when the freeze is over.",
            ),
            GateError::TooOld { .. } => (Kind::Refused, "Upgrade this program."),
            GateError::Branch {
                is_containment_known: true,
                ..
            } => (
                Kind::Refused,
                "Merge it into one of these branches, or deploy one of them.",
            ),
            GateError::Branch {
                is_containment_known: false,
                ..
            } => (Kind::Refused, "Deploy one of these branches by its name."),
            GateError::Repository { .. } => (
                Kind::Refused,
                "If it should be: it is `allowed-repositories` that says so.",
            ),
            GateError::Connection { concern, .. } => (Kind::Refused, concern.way_out()),
        };
        Self::new(kind, error).hint(hint)
    }
}

/// What is known of the commit to be deployed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefFacts<'a> {
    /// As the user typed it.
    pub(crate) given: &'a str,
    /// The branch that it means, if it means one.
    pub(crate) branch: Option<&'a str>,
    /// Branches of the remote that contain the commit; `None` where nobody can tell.
    pub(crate) contained_in: Option<&'a [String]>,
}

/// Something about the connection that people should see.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Concern {
    /// `insecure-skip-tls-verify`, or plain http to another machine.
    #[error("nobody vouches for the server's certificate")]
    Unverified,
    /// The context's user acts as somebody else.
    #[error("the context acts as somebody else (`{}`)", .0.escape_debug())]
    Impersonation(String),
    /// `default` was not named by anyone.
    #[error("nobody named the namespace `{DEFAULT}`")]
    DefaultNamespace,
}

impl Concern {
    fn way_out(&self) -> &'static str {
        match self {
            Self::Unverified => {
                "Put the cluster's certificate-authority into the kubeconfig instead of insecure-skip-tls-verify."
            }
            Self::Impersonation(_) => "Use a context whose user impersonates nobody.",
            Self::DefaultNamespace => {
                "Name the namespace with --namespace, or as `namespace:` of the environment in your configuration."
            }
        }
    }
}

/// How the cluster is reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection<'a> {
    pub(crate) environment: &'a str,
    pub(crate) cluster: &'a ClusterIdentity,
    pub(crate) impersonates: Option<&'a str>,
    pub(crate) namespace: &'a str,
    pub(crate) namespace_why: NamespaceWhy,
    /// The server runs on this machine.
    pub(crate) is_simulated: bool,
}

impl Connection<'_> {
    /// Returns what people should be told before anything is written.
    pub(crate) fn concerns(&self) -> Vec<Concern> {
        if self.is_simulated {
            return Vec::new();
        }
        let is_named = match self.namespace_why {
            NamespaceWhy::Flag | NamespaceWhy::Config => true,
            NamespaceWhy::Context
            | NamespaceWhy::ContextWithTargets
            | NamespaceWhy::Repository
            | NamespaceWhy::Default
            | NamespaceWhy::BuiltIn => false,
        };
        let is_unverified = self.cluster.authority == Authority::Unverified
            && !is_plain_loopback(&self.cluster.server);
        let unverified = is_unverified.then_some(Concern::Unverified);
        let impersonation = self
            .impersonates
            .map(|name| Concern::Impersonation(name.to_owned()));
        let default_namespace =
            (self.namespace == DEFAULT && !is_named).then_some(Concern::DefaultNamespace);
        [unverified, impersonation, default_namespace]
            .into_iter()
            .flatten()
            .collect()
    }
}

impl Policy {
    /// Refuses while the environment is frozen. A rollback does not ask.
    pub(crate) fn check_frozen(&self, now: Timestamp) -> Result<(), GateError> {
        match &self.frozen_until {
            Some(setting) if now < setting.value.until => Err(GateError::Frozen {
                until: setting.value.until,
                reason: setting.value.reason.clone(),
                origin: setting.origin.clone(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses a program that is older than the environment wants.
    pub(crate) fn check_minimum_version(&self, own: Version) -> Result<(), GateError> {
        match &self.minimum_version {
            Some(setting) if own < setting.value => Err(GateError::TooOld {
                own,
                wanted: setting.value,
                origin: setting.origin.clone(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses a commit that is neither an allowed branch nor contained in one.
    pub(crate) fn check_branch(&self, facts: &RefFacts<'_>) -> Result<(), GateError> {
        let known = facts.contained_in.unwrap_or_default();
        let branches: Vec<&str> = facts
            .branch
            .into_iter()
            .chain(known.iter().map(String::as_str))
            .collect();
        for setting in &self.branches {
            let is_allowed = setting
                .value
                .iter()
                .any(|pattern| branches.iter().any(|branch| pattern.matches(branch)));
            if !is_allowed {
                return Err(GateError::Branch {
                    given: facts.given.to_owned(),
                    is_containment_known: facts.branch.is_some() || facts.contained_in.is_some(),
                    allowed: setting.value.clone(),
                    origin: setting.origin.clone(),
                });
            }
        }
        Ok(())
    }

    /// Returns the branches that are allowed by their whole name: whether one of them contains the
    /// commit is what [`Policy::check_branch`] wants to know.
    pub(crate) fn branches_to_compare(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .branches
            .iter()
            .flat_map(|setting| setting.value.iter().filter_map(BranchPattern::exact))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Refuses a repository that is not on the environment's list.
    pub(crate) fn check_repository(&self, repository: &str) -> Result<(), GateError> {
        for setting in &self.repositories {
            let is_allowed = setting
                .value
                .iter()
                .any(|name| name.as_str().eq_ignore_ascii_case(repository));
            if !is_allowed {
                return Err(GateError::Repository {
                    repository: repository.to_owned(),
                    allowed: setting.value.clone(),
                    origin: setting.origin.clone(),
                });
            }
        }
        Ok(())
    }

    /// Refuses a write to a protected environment over a connection that gives concern.
    pub(crate) fn check_connection(&self, connection: &Connection<'_>) -> Result<(), GateError> {
        match connection.concerns().into_iter().next() {
            Some(concern) if self.protected.value => Err(GateError::Connection {
                environment: connection.environment.to_owned(),
                concern,
                origin: self.protected.origin.clone(),
            }),
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
