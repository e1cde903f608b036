//! Chooses the context of an environment: as said, as configured, of that very name, or a proposal.
//!
//! The current context and in-cluster credentials are never taken without being named. Reads no
//! file: what a choice needs from outside is asked for by its value.

use std::fmt;

use super::cluster_identity::{Authority, ClusterIdentity, Difference, Pin};
use super::config::{BUILTIN, Contexts, UserConfig};
use super::kubeconfig::{BrokenContext, Cluster, Context, Kubeconfig};
use super::names::{has_segment, nearest};

pub(crate) mod error;
pub(crate) mod known;

pub(crate) use error::ChooseError;

/// The built-in environment, while nothing else has that name.
pub(crate) const SANDBOX: &str = "sandbox";
/// The word for the credentials of the pod that this program runs in.
pub(crate) const IN_CLUSTER: &str = "in-cluster";

/// What the command line says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) environment: &'a str,
    /// `--context`.
    pub(crate) context: Option<&'a str>,
    /// The words that are commands, so no context of that name can be meant.
    pub(crate) commands: &'a [&'a str],
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Certain(Chosen),
    /// The only context that has the environment's name as a whole segment: a writing command
    /// asks first, see [`settle`].
    Proposed(Chosen),
    /// The built-in one.
    Sandbox,
}

/// A context, before its cluster was compared with the environment's pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) environment: String,
    pub(crate) source: ClusterSource,
    pub(crate) why: Why,
    pub(crate) pin: Pin,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClusterSource {
    Kubeconfig {
        context: Box<Context>,
        cluster: Cluster,
    },
    /// The service account of the pod that this program runs in.
    InCluster,
    /// The sandbox.
    BuiltIn,
}

impl ClusterSource {
    /// Returns the word that means this source on the command line and in the configuration.
    pub(crate) fn context_name(&self) -> &str {
        match self {
            Self::Kubeconfig { context, .. } => &context.name,
            Self::InCluster => IN_CLUSTER,
            Self::BuiltIn => BUILTIN,
        }
    }
}

/// Why a context was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// `--context` names it.
    Flag,
    /// The user's configuration names it.
    Config,
    /// It has the environment's name.
    SameName,
    /// No other context has the environment's name as a segment.
    Segment,
    /// The environment is built in.
    BuiltIn,
}

impl fmt::Display for Why {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Flag => "--context",
            Self::Config => "your configuration",
            Self::SameName => "of that name",
            Self::Segment => "the only one with that segment",
            Self::BuiltIn => "built in",
        })
    }
}

/// A cluster that is the one it is held to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) source: ClusterSource,
    pub(crate) identity: ClusterIdentity,
    pub(crate) why: Why,
}

impl Place {
    /// The sandbox, which answers at `server`.
    pub(crate) fn built_in(server: String) -> Self {
        Self {
            source: ClusterSource::BuiltIn,
            identity: ClusterIdentity {
                server,
                authority: Authority::Unverified,
            },
            why: Why::BuiltIn,
        }
    }
}

impl Chosen {
    /// Returns the place, if its cluster is the one that the environment is pinned to.
    ///
    /// The identity is [`Cluster::identity`] of the source, or what a pod knows of its cluster.
    pub(crate) fn verify(self, identity: ClusterIdentity) -> Result<Place, ChooseError> {
        if let Some(difference) = self.pin.difference(&identity) {
            return Err(ChooseError::OtherCluster {
                context: self.source.context_name().to_owned(),
                environment: self.environment,
                difference,
            });
        }
        Ok(Place {
            source: self.source,
            identity,
            why: self.why,
        })
    }
}

/// Chooses the context of an environment, in the order `--context`, configuration, a context of
/// exactly that name, a single context with that segment.
pub(crate) fn choose(
    wanted: &Wanted<'_>,
    config: &UserConfig,
    kubeconfig: &Kubeconfig,
) -> Result<Choice, ChooseError> {
    let chooser = Chooser {
        wanted,
        config,
        kubeconfig,
    };
    match wanted.context {
        Some(context) if wanted.environment == BUILTIN => Err(ChooseError::BuiltinHasNoContext {
            context: context.to_owned(),
        }),
        None if wanted.environment == BUILTIN => Ok(Choice::Sandbox),
        Some(context) => chooser.said(context).map(Choice::Certain),
        None => chooser.unsaid(),
    }
}

struct Chooser<'a> {
    wanted: &'a Wanted<'a>,
    config: &'a UserConfig,
    kubeconfig: &'a Kubeconfig,
}

impl Chooser<'_> {
    fn said(&self, context: &str) -> Result<Chosen, ChooseError> {
        self.refuse_context_of_another(context)?;
        self.chosen(context, Why::Flag)?
            .ok_or_else(|| ChooseError::NoContext {
                context: context.to_owned(),
                nearest: nearest(context, self.kubeconfig.names()).map(str::to_owned),
                contexts: self.context_names(),
            })
    }

    fn unsaid(&self) -> Result<Choice, ChooseError> {
        let environment = self.wanted.environment;
        let settings = self.config.environments.get(environment);
        match settings.map(|settings| &settings.contexts) {
            Some(Contexts::One(context)) => {
                return self
                    .chosen(context, Why::Config)?
                    .map(Choice::Certain)
                    .ok_or_else(|| ChooseError::ConfiguredContextIsGone {
                        environment: environment.to_owned(),
                        context: context.clone(),
                        nearest: nearest(context, self.kubeconfig.names()).map(str::to_owned),
                        contexts: self.context_names(),
                    });
            }
            Some(Contexts::Several(contexts)) => {
                return Err(ChooseError::SeveralContexts {
                    environment: environment.to_owned(),
                    contexts: contexts.clone(),
                });
            }
            Some(Contexts::Unsaid) | None => {}
        }
        if environment == SANDBOX {
            return self.sandbox();
        }
        if self.wanted.commands.contains(&environment) {
            return Err(ChooseError::NamedLikeCommand {
                name: environment.to_owned(),
            });
        }
        if self.kubeconfig.context(environment).is_some() {
            return self.same_name();
        }
        self.propose()
    }

    /// The sandbox has its name only while nothing else could be meant by it.
    fn sandbox(&self) -> Result<Choice, ChooseError> {
        let configured = self.config.environments.keys().map(|name| name.as_str());
        let others: Vec<String> = configured
            .filter(|name| *name != SANDBOX)
            .chain(self.kubeconfig.names())
            .filter(|name| has_segment(name, SANDBOX))
            .map(str::to_owned)
            .collect();
        if others.is_empty() {
            return Ok(Choice::Sandbox);
        }
        Err(ChooseError::SandboxOrReal { real: others })
    }

    fn same_name(&self) -> Result<Choice, ChooseError> {
        let environment = self.wanted.environment;
        self.refuse_context_of_another(environment)?;
        match self.chosen(environment, Why::SameName)? {
            Some(chosen) => Ok(Choice::Certain(chosen)),
            None => Err(self.unknown()),
        }
    }

    fn propose(&self) -> Result<Choice, ChooseError> {
        let environment = self.wanted.environment;
        let (free, owned): (Vec<&str>, Vec<&str>) = self
            .kubeconfig
            .names()
            .filter(|name| has_segment(name, environment))
            .partition(|name| self.other_owner(name).is_none());
        match (free.as_slice(), owned.first()) {
            ([], Some(owned)) => {
                self.refuse_context_of_another(owned)?;
                Err(self.unknown())
            }
            ([], None) => Err(self.unknown()),
            ([only], _) => match self.chosen(only, Why::Segment)? {
                Some(chosen) => Ok(Choice::Proposed(chosen)),
                None => Err(self.unknown()),
            },
            (several, _) => Err(ChooseError::SeveralCandidates {
                environment: environment.to_owned(),
                contexts: several.iter().map(|name| (*name).to_owned()).collect(),
            }),
        }
    }

    /// Makes the choice of a context, or `None` where the kubeconfig has no such context.
    fn chosen(&self, name: &str, why: Why) -> Result<Option<Chosen>, ChooseError> {
        let source = if name == IN_CLUSTER {
            ClusterSource::InCluster
        } else {
            let Some(context) = self.kubeconfig.context(name) else {
                return Ok(None);
            };
            let cluster = context
                .cluster
                .clone()
                .map_err(|broken| broken_error(context, broken))?;
            ClusterSource::Kubeconfig {
                context: Box::new(context.clone()),
                cluster,
            }
        };
        let environment = self.wanted.environment;
        let settings = self.config.environments.get(environment);
        Ok(Some(Chosen {
            environment: environment.to_owned(),
            source,
            why,
            pin: settings
                .map(|settings| settings.pin.clone())
                .unwrap_or_default(),
        }))
    }

    /// Refuses a context that only other environments are configured to use: their policy would
    /// not apply.
    fn refuse_context_of_another(&self, context: &str) -> Result<(), ChooseError> {
        match self.other_owner(context) {
            None => Ok(()),
            Some(owner) => Err(ChooseError::ContextOfAnother {
                environment: self.wanted.environment.to_owned(),
                context: context.to_owned(),
                owner,
            }),
        }
    }

    fn other_owner(&self, context: &str) -> Option<String> {
        let owners = self.config.owners_of(context);
        let is_ours = owners
            .iter()
            .any(|owner| owner.as_str() == self.wanted.environment);
        match owners.first() {
            Some(owner) if !is_ours => Some(owner.to_string()),
            Some(_) | None => None,
        }
    }

    fn unknown(&self) -> ChooseError {
        let known = known::known(self.config, self.kubeconfig, self.wanted.commands);
        let names: Vec<String> = known.into_iter().map(|known| known.name).collect();
        let environment = self.wanted.environment;
        ChooseError::UnknownEnvironment {
            environment: environment.to_owned(),
            nearest: nearest(environment, names.iter().map(String::as_str)).map(str::to_owned),
            is_configured: self.config.environments.contains_key(environment),
            known: names,
        }
    }

    fn context_names(&self) -> Vec<String> {
        self.kubeconfig.names().map(str::to_owned).collect()
    }
}

fn broken_error(context: &Context, broken: BrokenContext) -> ChooseError {
    ChooseError::BrokenContext {
        context: context.name.clone(),
        file: context.file.display().to_string(),
        broken,
    }
}

/// What a command is going to do with an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    /// Read only, dry runs included.
    Read,
    Write,
}

/// What to do about a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settlement {
    /// Use it, and say so.
    Use,
    /// Ask once, and keep a yes in the user's configuration.
    AskToKeep,
}

/// Decides what becomes of a proposal; `command` is the command line, without options about
/// contexts, that an error shows to be pasted.
pub(crate) fn settle(
    proposed: &Chosen,
    intent: Intent,
    is_interactive: bool,
    command: &str,
) -> Result<Settlement, ChooseError> {
    match (intent, is_interactive) {
        (Intent::Read, _) => Ok(Settlement::Use),
        (Intent::Write, true) => Ok(Settlement::AskToKeep),
        (Intent::Write, false) => Err(ChooseError::OnlyProposed {
            environment: proposed.environment.clone(),
            context: proposed.source.context_name().to_owned(),
            command: command.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests;
