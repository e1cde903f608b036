//! Lists the environments that there are.

use std::collections::BTreeSet;

use super::super::config::{BUILTIN, Contexts, UserConfig};
use super::super::kubeconfig::Kubeconfig;
use super::super::names::segments;
use super::{Choice, SANDBOX, Wanted, choose};

/// An environment that a user can type without being asked anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) name: String,
    /// Its contexts, as far as they are said; none for the sandbox.
    pub(crate) contexts: Vec<String>,
    pub(crate) kind: KnownKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KnownKind {
    Configured,
    /// A context of the kubeconfig that no configured environment uses.
    Context,
    Sandbox,
}

/// Returns the other words that [`choose`] has more to say about than that they are unknown: those
/// that propose a context, and those that it refuses with a reason.
pub(crate) fn answerable(
    config: &UserConfig,
    kubeconfig: &Kubeconfig,
    commands: &[&str],
) -> BTreeSet<String> {
    let known = known(config, kubeconfig, commands);
    kubeconfig
        .names()
        .flat_map(|name| segments(name).chain([name]))
        .chain([SANDBOX, BUILTIN])
        .filter(|word| !commands.contains(word))
        .filter(|word| !known.iter().any(|known| known.name == *word))
        .map(str::to_owned)
        .collect()
}

/// Lists all environments: the configured ones, the other contexts, the sandbox by the name that
/// it has now.
pub(crate) fn known(config: &UserConfig, kubeconfig: &Kubeconfig, commands: &[&str]) -> Vec<Known> {
    let configured = config.environments.iter().map(|(name, settings)| Known {
        name: name.to_string(),
        contexts: match &settings.contexts {
            Contexts::Unsaid => kubeconfig
                .context(name.as_str())
                .map(|context| context.name.clone())
                .into_iter()
                .collect(),
            Contexts::One(_) | Contexts::Several(_) => settings.contexts.names().to_vec(),
        },
        kind: KnownKind::Configured,
    });
    let contexts = kubeconfig
        .names()
        .filter(|name| {
            !commands.contains(name)
                && ![SANDBOX, BUILTIN].contains(name)
                && !config.environments.contains_key(*name)
                && config.owners_of(name).is_empty()
        })
        .map(|name| Known {
            name: name.to_owned(),
            contexts: vec![name.to_owned()],
            kind: KnownKind::Context,
        });
    let wanted = Wanted {
        environment: SANDBOX,
        context: None,
        commands,
    };
    let sandbox = match choose(&wanted, config, kubeconfig) {
        Ok(Choice::Sandbox) => SANDBOX,
        Ok(Choice::Certain(_) | Choice::Proposed(_)) | Err(_) => BUILTIN,
    };
    configured
        .chain(contexts)
        .filter(|known| known.name != sandbox)
        .chain([Known {
            name: sandbox.to_owned(),
            contexts: Vec::new(),
            kind: KnownKind::Sandbox,
        }])
        .collect()
}
