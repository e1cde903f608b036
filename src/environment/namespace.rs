//! Decides the namespace from what is said and what the cluster holds; asks for what it must know.
//!
//! The order: the flag, the configuration, the context's own namespace (in a checkout, if it holds
//! targets of the checkout's repository), the repository's name, `default`.

use std::fmt;

use crate::error::{Error, Kind};

/// The namespace of contexts that name none.
pub(crate) const DEFAULT: &str = "default";

/// What is known so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NamespaceFacts<'a> {
    /// `-n`.
    pub(crate) flag: Option<&'a str>,
    /// The user's configuration of the environment.
    pub(crate) configured: Option<&'a str>,
    /// The context's own.
    pub(crate) context: Option<&'a str>,
    /// `owner/name` of the checkout, if the command runs in one.
    pub(crate) repository: Option<&'a str>,
    pub(crate) answers: &'a [(Question, Answer)],
}

/// What has to be asked of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// Does an annotated Deployment of the namespace name this repository?
    HoldsTargetsOf {
        namespace: String,
        repository: String,
    },
    /// Is there such a namespace?
    Exists { namespace: String },
    /// Is any Deployment of the namespace annotated?
    HoldsTargets { namespace: String },
}

impl Question {
    pub(crate) fn namespace(&self) -> &str {
        match self {
            Self::HoldsTargetsOf { namespace, .. }
            | Self::Exists { namespace }
            | Self::HoldsTargets { namespace } => namespace,
        }
    }

    /// What a "no" says about the namespace.
    fn denied(&self) -> Finding {
        match self {
            Self::HoldsTargetsOf { .. } => Finding::NoTargetsOfRepository,
            Self::Exists { .. } => Finding::DoesNotExist,
            Self::HoldsTargets { .. } => Finding::NoTargets,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// The permission to find out is missing.
    Forbidden,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Use {
        namespace: String,
        why: NamespaceWhy,
    },
    /// Answer this and come again.
    Ask(Question),
}

/// Why a namespace was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamespaceWhy {
    Flag,
    Config,
    /// The context names it, and no checkout has a say.
    Context,
    /// The context names it, and it holds targets of the checkout's repository.
    ContextWithTargets,
    /// It has the name of the checkout's repository.
    Repository,
    /// Nothing better, and it holds annotated Deployments.
    Default,
    /// The sandbox has but one.
    BuiltIn,
}

impl fmt::Display for NamespaceWhy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Flag => "--namespace",
            Self::Config => "your configuration",
            Self::Context => "the context's own",
            Self::ContextWithTargets => "the context's own, with targets of this repository",
            Self::Repository => "named like the repository",
            Self::Default => "it holds annotated Deployments",
            Self::BuiltIn => "built in",
        })
    }
}

/// A namespace that was looked at and not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tried {
    pub(crate) namespace: String,
    pub(crate) finding: Finding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    NoTargetsOfRepository,
    DoesNotExist,
    NoTargets,
    Forbidden,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NamespaceError {
    #[error("`{}` (from {from}) is no namespace", .text.escape_debug())]
    Bad { text: String, from: NamespaceWhy },
    #[error("no namespace could be found: {}", describe(.0))]
    NoneFound(Vec<Tried>),
}

fn describe(tried: &[Tried]) -> String {
    let parts: Vec<String> = tried
        .iter()
        .map(|tried| {
            let finding = match tried.finding {
                Finding::NoTargetsOfRepository => "holds no target of this repository",
                Finding::DoesNotExist => "does not exist",
                Finding::NoTargets => "holds no annotated Deployment",
                Finding::Forbidden => "may not be looked into",
            };
            format!("`{}` {finding}", tried.namespace)
        })
        .collect();
    parts.join(", ")
}

impl From<NamespaceError> for Error {
    fn from(error: NamespaceError) -> Self {
        let (kind, hint) = match &error {
            NamespaceError::Bad { .. } => (
                Kind::Usage,
                "A namespace's name has lower-case letters, digits, and dashes.",
            ),
            NamespaceError::NoneFound(tried) => {
                let is_forbidden = tried
                    .iter()
                    .any(|tried| tried.finding == Finding::Forbidden);
                let kind = match is_forbidden {
                    true => Kind::Denied,
                    false => Kind::NotFound,
                };
                (
                    kind,
                    "Name it with --namespace, or as `namespace:` of the environment in your configuration.",
                )
            }
        };
        Self::new(kind, error).hint(hint)
    }
}

/// Decides the namespace, or names the next question.
pub(crate) fn decide(facts: &NamespaceFacts<'_>) -> Result<Step, NamespaceError> {
    let context_why = match facts.repository {
        None => NamespaceWhy::Context,
        Some(_) => NamespaceWhy::ContextWithTargets,
    };
    for (text, why) in [
        (facts.flag, NamespaceWhy::Flag),
        (facts.configured, NamespaceWhy::Config),
        (facts.context, context_why),
    ] {
        let bad = text.filter(|text| !is_namespace(text));
        if let Some(text) = bad {
            return Err(NamespaceError::Bad {
                text: text.chars().take(80).collect(),
                from: why,
            });
        }
    }
    for (said, why) in [
        (facts.flag, NamespaceWhy::Flag),
        (facts.configured, NamespaceWhy::Config),
    ] {
        if let Some(namespace) = said {
            return Ok(found(namespace, why));
        }
    }
    let mut tried = Vec::new();
    for candidate in candidates(facts) {
        match candidate.judge(facts.answers) {
            Judgement::Take => return Ok(found(&candidate.namespace, candidate.why)),
            Judgement::Ask(question) => return Ok(Step::Ask(question)),
            Judgement::Leave(finding) => tried.push(Tried {
                namespace: candidate.namespace,
                finding,
            }),
        }
    }
    Err(NamespaceError::NoneFound(tried))
}

/// Returns all that [`decide`] might ask, so that it can be asked at one time.
pub(crate) fn questions(facts: &NamespaceFacts<'_>) -> Vec<Question> {
    if facts.flag.or(facts.configured).is_some() {
        return Vec::new();
    }
    candidates(facts)
        .into_iter()
        .filter_map(|candidate| match candidate.judge(&[]) {
            Judgement::Ask(question) => Some(question),
            Judgement::Take | Judgement::Leave(_) => None,
        })
        .collect()
}

fn found(namespace: &str, why: NamespaceWhy) -> Step {
    Step::Use {
        namespace: namespace.to_owned(),
        why,
    }
}

/// A namespace that may be the one, and what speaks for it.
struct Candidate {
    namespace: String,
    why: NamespaceWhy,
    questions: Vec<Question>,
}

enum Judgement {
    Take,
    Ask(Question),
    Leave(Finding),
}

impl Candidate {
    /// A question that may not be asked gives way to the next one.
    fn judge(&self, answers: &[(Question, Answer)]) -> Judgement {
        for question in &self.questions {
            let answer = answers
                .iter()
                .find(|(asked, _)| asked == question)
                .map(|(_, answer)| *answer);
            match answer {
                None => return Judgement::Ask(question.clone()),
                Some(Answer::Yes) => return Judgement::Take,
                Some(Answer::No) => return Judgement::Leave(question.denied()),
                Some(Answer::Forbidden) => {}
            }
        }
        match self.questions.is_empty() {
            true => Judgement::Take,
            false => Judgement::Leave(Finding::Forbidden),
        }
    }
}

fn candidates(facts: &NamespaceFacts<'_>) -> Vec<Candidate> {
    let holds_targets_of = |namespace: &str, repository: &str| Question::HoldsTargetsOf {
        namespace: namespace.to_owned(),
        repository: repository.to_owned(),
    };
    let mut candidates = Vec::new();
    if let Some(namespace) = facts.context {
        candidates.push(Candidate {
            namespace: namespace.to_owned(),
            why: match facts.repository {
                None => NamespaceWhy::Context,
                Some(_) => NamespaceWhy::ContextWithTargets,
            },
            questions: facts
                .repository
                .map(|repository| holds_targets_of(namespace, repository))
                .into_iter()
                .collect(),
        });
    }
    if let Some(repository) = facts.repository {
        let name = repository.rsplit('/').next().unwrap_or(repository);
        let namespace = name.to_ascii_lowercase();
        if is_namespace(&namespace) {
            candidates.push(Candidate {
                questions: vec![
                    Question::Exists {
                        namespace: namespace.clone(),
                    },
                    holds_targets_of(&namespace, repository),
                ],
                namespace,
                why: NamespaceWhy::Repository,
            });
        }
    }
    candidates.push(Candidate {
        namespace: DEFAULT.to_owned(),
        why: NamespaceWhy::Default,
        questions: vec![Question::HoldsTargets {
            namespace: DEFAULT.to_owned(),
        }],
    });
    candidates
}

/// Tells whether a text is a DNS label, which is what the API server wants.
fn is_namespace(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty()
        && text.len() <= 63
        && text.chars().all(is_word)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests;
