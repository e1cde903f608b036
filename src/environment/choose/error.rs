//! Why no context could be chosen, and what to do about it.

use super::super::kubeconfig::BrokenContext;
use super::Difference;
use crate::error::{Error, Kind};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChooseError {
    /// Neither configuration nor kubeconfig knows the name.
    #[error("there is no environment `{}`", .environment.escape_debug())]
    UnknownEnvironment {
        environment: String,
        nearest: Option<String>,
        /// It is configured, but without a context.
        is_configured: bool,
        known: Vec<String>,
    },
    /// `--context` names a context that no kubeconfig has.
    #[error("there is no context `{}`", .context.escape_debug())]
    NoContext {
        context: String,
        nearest: Option<String>,
        contexts: Vec<String>,
    },
    #[error(
        "environment `{environment}` is configured for the context `{context}`, which no kubeconfig has"
    )]
    ConfiguredContextIsGone {
        environment: String,
        context: String,
        nearest: Option<String>,
        contexts: Vec<String>,
    },
    #[error("environment `{environment}` has {} contexts ({}), and deploying to several is not supported yet", .contexts.len(), .contexts.join(", "))]
    SeveralContexts {
        environment: String,
        contexts: Vec<String>,
    },
    /// The name is a segment of several contexts.
    #[error("`{environment}` may mean {} contexts: {}", .contexts.len(), .contexts.join(", "))]
    SeveralCandidates {
        environment: String,
        contexts: Vec<String>,
    },
    #[error(
        "context `{context}` belongs to the configured environment `{owner}`, whose policy would not apply to `{environment}`"
    )]
    ContextOfAnother {
        environment: String,
        context: String,
        owner: String,
    },
    #[error("`{name}` is a command, and no environment can be meant by it")]
    NamedLikeCommand { name: String },
    #[error("`sandbox` may mean the built-in one or {}", .real.join(", "))]
    SandboxOrReal { real: Vec<String> },
    #[error("the built-in sandbox has no context, so `--context {context}` cannot be meant")]
    BuiltinHasNoContext { context: String },
    #[error("context `{context}` in {file} {}", describe_broken(.broken))]
    BrokenContext {
        context: String,
        file: String,
        broken: BrokenContext,
    },
    /// The context's cluster is not the one that the environment is pinned to.
    #[error("context `{context}` leads to another cluster than environment `{environment}` is pinned to: {}", describe_difference(.difference))]
    OtherCluster {
        environment: String,
        context: String,
        difference: Difference,
    },
    /// A writing command, where nobody can be asked.
    #[error("context `{context}` is only a guess for `{environment}`, and nobody can be asked")]
    OnlyProposed {
        environment: String,
        context: String,
        command: String,
    },
}

fn describe_broken(broken: &BrokenContext) -> String {
    match broken {
        BrokenContext::Unsaid => "names no cluster".to_owned(),
        BrokenContext::NoCluster(cluster) => {
            format!("names the cluster `{cluster}`, which no kubeconfig has")
        }
        BrokenContext::NoServer(cluster) => {
            format!("names the cluster `{cluster}`, which has no server")
        }
        BrokenContext::BadAuthority(cluster) => {
            format!("names the cluster `{cluster}`, whose certificate-authority-data is not base64")
        }
    }
}

fn describe_difference(difference: &Difference) -> String {
    match difference {
        Difference::Server { pinned, found } => {
            format!("the server is {found}, not {pinned}")
        }
        Difference::Authority { pinned, found } => {
            format!("the certificate authority is {found}, not {pinned}")
        }
    }
}

impl From<ChooseError> for Error {
    fn from(error: ChooseError) -> Self {
        let (kind, hints) = advice(&error);
        hints.into_iter().fold(Self::new(kind, error), Self::hint)
    }
}

fn advice(error: &ChooseError) -> (Kind, Vec<String>) {
    match error {
        ChooseError::UnknownEnvironment {
            environment,
            nearest,
            is_configured,
            known,
        } => {
            let mut hints = Vec::new();
            if *is_configured {
                hints.push(format!(
                    "It is in your configuration, but with no context: add `context:` to environments.{environment}."
                ));
            } else if let Some(nearest) = nearest {
                hints.push(format!("Did you mean `{nearest}`?"));
            }
            hints.push(match known.as_slice() {
                [only] => format!(
                    "There is only `{only}`: no configuration and no kubeconfig names another."
                ),
                known => format!("The environments are {}.", listed(known)),
            });
            (Kind::Usage, hints)
        }
        ChooseError::NoContext {
            nearest, contexts, ..
        }
        | ChooseError::ConfiguredContextIsGone {
            nearest, contexts, ..
        } => (Kind::NotFound, context_hints(nearest.as_deref(), contexts)),
        ChooseError::SeveralContexts { contexts, .. } => (
            Kind::Refused,
            vec![format!(
                "Configure an environment for each of them, with one `context:`, such as {}.",
                contexts.first().map_or("", String::as_str)
            )],
        ),
        ChooseError::SeveralCandidates {
            environment,
            contexts,
        } => {
            let mut hints: Vec<String> = contexts
                .iter()
                .map(|context| format!("Say which: --context {}", shell_word(context)))
                .collect();
            hints.push(format!(
                "Or keep it in your configuration, as `context:` of environments.{environment}."
            ));
            (Kind::NotFound, hints)
        }
        ChooseError::ContextOfAnother { owner, .. } => (
            Kind::Refused,
            vec![format!("Use the environment itself: kube {owner} …")],
        ),
        ChooseError::NamedLikeCommand { name } => (
            Kind::Usage,
            vec![format!(
                "A context of that name is reached by the configuration: environments.<name>.context: {name}"
            )],
        ),
        ChooseError::SandboxOrReal { real } => (
            Kind::Refused,
            vec![
                "The built-in one always answers to its other name: kube builtin …".to_owned(),
                format!(
                    "For the real one, name its context in your configuration: environments.sandbox.context: {}",
                    real.first().map_or("", String::as_str)
                ),
            ],
        ),
        ChooseError::BuiltinHasNoContext { .. } => {
            (Kind::Usage, vec!["Leave out --context.".to_owned()])
        }
        ChooseError::BrokenContext { .. } => (
            Kind::NotFound,
            vec!["Correct the kubeconfig, or name another context with --context.".to_owned()],
        ),
        ChooseError::OtherCluster { environment, .. } => (
            Kind::Refused,
            vec![format!(
                "If the cluster was really replaced, correct `server` and `certificate-authority` of environments.{environment} in your configuration."
            )],
        ),
        ChooseError::OnlyProposed {
            context, command, ..
        } => (
            Kind::Refused,
            vec![format!(
                "If it is the one: {command} --context {}",
                shell_word(context)
            )],
        ),
    }
}

fn context_hints(nearest: Option<&str>, contexts: &[String]) -> Vec<String> {
    let all = match contexts {
        [] => "No kubeconfig has any context.".to_owned(),
        names => format!("The contexts are {}.", listed(names)),
    };
    nearest
        .map(|name| format!("Did you mean `{name}`?"))
        .into_iter()
        .chain([all])
        .collect()
}

/// Joins names, and counts those that would make the line too long to read.
fn listed(names: &[String]) -> String {
    const MOST: usize = 20;
    let shown: Vec<&str> = names.iter().take(MOST).map(String::as_str).collect();
    match names.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        more => format!("{}, and {more} more", shown.join(", ")),
    }
}

/// Returns a word as a shell reads it.
pub(crate) fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
