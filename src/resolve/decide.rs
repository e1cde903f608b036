//! Decides what a remote's answers mean: one commit, an ambiguity with its candidates, or nothing.
//!
//! Nothing here asks anybody, and nothing is guessed: whatever could be two commits is refused.

use super::{Commit, CommitSummary, Failure, GitRef, Named, Repository};
use crate::error::{Error, Kind};

/// All that is known about what one ref could mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The commit of the branch of exactly this name.
    pub(crate) branch: Option<Commit>,
    /// The commit of the tag of exactly this name; an annotated tag is peeled.
    pub(crate) tag: Option<Commit>,
    /// The newest commit of the pull request.
    pub(crate) pull: Option<Commit>,
    /// The fork that the pull request comes from, if it does.
    pub(crate) fork: Option<String>,
    /// The commits whose SHA starts with the name, if it could be a short SHA.
    pub(crate) commits: Vec<CommitSummary>,
}

impl Answer {
    /// Adds commits that another source knows, each once.
    pub(crate) fn add_commits(&mut self, commits: Vec<CommitSummary>) {
        for summary in commits {
            if self
                .commits
                .iter()
                .all(|known| known.commit != summary.commit)
            {
                self.commits.push(summary);
            }
        }
    }
}

/// What may explain that a ref was not found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clues {
    /// Names on the remote that are like the one that was given.
    pub(crate) near: Vec<String>,
    /// The checkout has a branch of this name, which was never pushed.
    pub(crate) is_only_local: bool,
    /// The remote has no branch and no tag at all, as an empty repository or a login page.
    pub(crate) is_empty: bool,
    /// The branch has another name now.
    pub(crate) renamed_to: Option<String>,
    /// The branch was merged, and deleted.
    pub(crate) merged: Option<Merged>,
    /// The digits of a short SHA could be asked of nobody.
    pub(crate) is_short_sha_unasked: bool,
}

/// The pull request that a branch went away with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Merged {
    pub(crate) pull: u64,
    pub(crate) commit: Commit,
}

/// The fewest digits by which a commit contests a branch or tag that is spelt like them.
///
/// With fewer, names such as `beef` would be ambiguous in every large repository.
const CONTESTING_DIGITS: usize = 7;

/// Returns the one commit that `reference` means according to `answer`, and what it is.
///
/// A branch and a tag of one name are ambiguous even if they are the same commit, because tag
/// templates tell them apart. So is a branch or tag that is spelt like seven or more digits of
/// another commit. `None` is that nothing was found.
pub(crate) fn decide(
    reference: &GitRef,
    answer: &Answer,
) -> Result<Option<(Commit, Named)>, Ambiguity> {
    let found = match reference {
        GitRef::Branch(name) => answer
            .branch
            .clone()
            .map(|commit| (commit, Named::Branch(name.clone()))),
        GitRef::Tag(name) => answer
            .tag
            .clone()
            .map(|commit| (commit, Named::Tag(name.clone()))),
        GitRef::Pull(number) => answer
            .pull
            .clone()
            .map(|commit| (commit, Named::Pull(*number))),
        GitRef::Commit(commit) => {
            let named_alike = [&answer.branch, &answer.tag]
                .into_iter()
                .flatten()
                .any(|other| other != commit);
            if named_alike {
                return Err(Ambiguity::of(reference, answer, Some(commit)));
            }
            Some((commit.clone(), Named::Commit))
        }
        GitRef::Name(name) => {
            let contested = |named: &Commit| {
                name.as_str().len() >= CONTESTING_DIGITS
                    && answer.commits.iter().any(|other| other.commit != *named)
            };
            match (&answer.branch, &answer.tag, answer.commits.as_slice()) {
                (Some(_), Some(_), _) => return Err(Ambiguity::of(reference, answer, None)),
                (Some(named), None, _) | (None, Some(named), _) if contested(named) => {
                    return Err(Ambiguity::of(reference, answer, None));
                }
                (Some(commit), None, _) => Some((commit.clone(), Named::Branch(name.clone()))),
                (None, Some(commit), _) => Some((commit.clone(), Named::Tag(name.clone()))),
                (None, None, [only]) => Some((only.commit.clone(), Named::Commit)),
                (None, None, []) => None,
                (None, None, _) => return Err(Ambiguity::of(reference, answer, None)),
            }
        }
        GitRef::Head => None,
    };
    Ok(found)
}

/// A ref that means several commits, each with what to write for it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ambiguity {
    candidates: Vec<Candidate>,
}

#[derive(Debug, PartialEq, Eq)]
struct Candidate {
    kind: &'static str,
    commit: Commit,
    subject: Option<String>,
    spelling: String,
}

impl Ambiguity {
    fn of(reference: &GitRef, answer: &Answer, itself: Option<&Commit>) -> Self {
        let named = [
            ("branch", "heads", &answer.branch),
            ("tag", "tags", &answer.tag),
        ];
        let named = named.into_iter().filter_map(|(kind, prefix, commit)| {
            commit.as_ref().map(|commit| Candidate {
                kind,
                commit: commit.clone(),
                subject: None,
                spelling: format!("{prefix}/{reference}"),
            })
        });
        let commits = answer
            .commits
            .iter()
            .map(|summary| {
                let subject = Some(summary.subject.clone()).filter(|text| !text.is_empty());
                (&summary.commit, subject)
            })
            .chain(itself.map(|commit| (commit, None)))
            .map(|(commit, subject)| Candidate {
                kind: "commit",
                commit: commit.clone(),
                subject,
                spelling: commit.to_string(),
            });
        Self {
            candidates: named.chain(commits).collect(),
        }
    }
}

/// Why a ref did not become a commit.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ResolveError {
    /// The remote has nothing of this name.
    #[error("{repository} has no {} \"{reference}\"", kind_of(.reference))]
    NotFound {
        repository: Repository,
        reference: GitRef,
        clues: Clues,
    },
    /// The ref means several commits.
    #[error("\"{reference}\" is ambiguous in {repository}: {}", list(.ambiguity))]
    Ambiguous {
        repository: Repository,
        reference: GitRef,
        ambiguity: Ambiguity,
    },
    /// The full SHA is a tag object's, and images are tagged with the commit's.
    #[error("{asked} is an annotated tag, not a commit")]
    TagObject { asked: Commit, commit: Commit },
    /// No way of asking gave an answer.
    #[error("cannot find out what \"{reference}\" is in {repository}{}", spell(.failures))]
    Unanswered {
        repository: Repository,
        reference: GitRef,
        /// The one commit that the checkout knows under these digits.
        known: Option<Commit>,
        failures: Vec<Failure>,
    },
    /// The names of the branches could not be asked for.
    #[error("cannot list the branches of {repository}{}", spell(.failures))]
    NoNames {
        repository: Repository,
        failures: Vec<Failure>,
    },
    /// `@` was asked for outside of a checkout.
    #[error("\"@\" is the commit that is checked out, and no git checkout is here{}", because(.why))]
    NoCheckout { why: Option<String> },
    /// `@` was asked for in a checkout of something else.
    #[error(
        "\"@\" is the commit that is checked out, and no remote of this checkout is {repository}"
    )]
    OtherCheckout { repository: Repository },
    /// `@` was asked for in a repository without commits.
    #[error("\"@\" is the commit that is checked out, and there is no commit yet")]
    NoCommit,
    /// The commit that is checked out is nowhere on the remote.
    #[error("{} is not pushed to {repository}", .commit.short())]
    NotPushed {
        repository: Repository,
        commit: Commit,
        branch: Option<String>,
    },
}

fn kind_of(reference: &GitRef) -> &'static str {
    match reference {
        GitRef::Branch(_) => "branch",
        GitRef::Tag(_) => "tag",
        GitRef::Pull(_) => "pull request",
        GitRef::Commit(_) | GitRef::Head => "commit",
        GitRef::Name(name) if name.as_short_sha().is_some() => "branch, tag, or commit",
        GitRef::Name(_) => "branch or tag",
    }
}

fn list(ambiguity: &Ambiguity) -> String {
    let candidates: Vec<String> = ambiguity
        .candidates
        .iter()
        .map(|candidate| match &candidate.subject {
            Some(subject) => format!("{} {} ({subject})", candidate.kind, candidate.commit),
            None => format!("{} {}", candidate.kind, candidate.commit),
        })
        .collect();
    candidates.join(", ")
}

fn spell(failures: &[Failure]) -> String {
    failures
        .iter()
        .enumerate()
        .map(|(index, failure)| {
            let joint = if index == 0 { ": " } else { "; " };
            format!("{joint}{failure}")
        })
        .collect()
}

fn because(why: &Option<String>) -> String {
    why.as_ref()
        .map(|why| format!(" that can be read: {why}"))
        .unwrap_or_default()
}

impl From<ResolveError> for Error {
    fn from(error: ResolveError) -> Self {
        let kind = match &error {
            ResolveError::NotFound { .. }
            | ResolveError::Ambiguous { .. }
            | ResolveError::TagObject { .. }
            | ResolveError::NoCheckout { .. }
            | ResolveError::NoCommit => Kind::NotFound,
            ResolveError::OtherCheckout { .. } | ResolveError::NotPushed { .. } => Kind::Refused,
            ResolveError::Unanswered { failures, .. } | ResolveError::NoNames { failures, .. } => {
                gravest(failures)
            }
        };
        let hints = hints_for(&error);
        hints.into_iter().fold(Self::new(kind, error), Self::hint)
    }
}

/// Returns the kind by which the failures of all ways are reported.
///
/// A refused token or a repository that is hidden needs the reader; only if no way failed so
/// may waiting help.
fn gravest(failures: &[Failure]) -> Kind {
    [Kind::Denied, Kind::NotFound, Kind::Refused, Kind::Usage]
        .into_iter()
        .find(|kind| failures.iter().any(|failure| failure.kind == *kind))
        .unwrap_or(Kind::Unreachable)
}

fn hints_for(error: &ResolveError) -> Vec<String> {
    match error {
        ResolveError::NotFound { clues, reference, .. } => hints_from(clues, reference),
        ResolveError::Ambiguous { ambiguity, .. } => {
            let spellings: Vec<&str> = ambiguity
                .candidates
                .iter()
                .map(|candidate| candidate.spelling.as_str())
                .collect();
            vec![format!("Write one of them: {}", spellings.join(", "))]
        }
        ResolveError::TagObject { commit, .. } => vec![format!("Its commit is {commit}")],
        ResolveError::Unanswered {
            failures, known, ..
        } => {
            let mut hints = hints_of(failures);
            hints.push(match known {
                Some(commit) => format!(
                    "A full SHA can be deployed without asking anybody; in this checkout it is {commit}"
                ),
                None => "A full SHA can be deployed without asking anybody.".to_owned(),
            });
            hints
        }
        ResolveError::NoNames { failures, .. } => hints_of(failures),
        ResolveError::NoCheckout { .. } | ResolveError::NoCommit => {
            vec!["Name a branch, a tag, or a commit.".to_owned()]
        }
        ResolveError::OtherCheckout { .. } => vec![
            "Name a branch, a tag, or a commit, or map the repository in the configuration: repositories."
                .to_owned(),
        ],
        ResolveError::NotPushed { branch, .. } => vec![match branch {
            Some(branch) => format!("Push it, so that CI can build its image: {}", push_command(branch)),
            None => "Push it on a branch, so that CI can build its image.".to_owned(),
        }],
    }
}

fn hints_of(failures: &[Failure]) -> Vec<String> {
    let mut hints: Vec<String> = Vec::new();
    for hint in failures.iter().flat_map(|failure| &failure.hints) {
        if !hints.contains(hint) {
            hints.push(hint.clone());
        }
    }
    hints
}

/// Returns a command to be copied, without a name that a shell would take for more than a name.
fn push_command(branch: &str) -> String {
    let is_plain = branch
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_' | b'-'));
    if is_plain {
        format!("git push origin {branch}")
    } else {
        "git push".to_owned()
    }
}

fn hints_from(clues: &Clues, reference: &GitRef) -> Vec<String> {
    let mut hints = Vec::new();
    if clues.is_only_local {
        hints.push(format!(
            "The branch exists only in this checkout: {}",
            push_command(&reference.to_string())
        ));
    }
    if clues.is_empty {
        hints.push(
            "There is no branch or tag at all: it is empty, or something else than git answered."
                .to_owned(),
        );
    }
    if let Some(name) = &clues.renamed_to {
        hints.push(format!("The branch was renamed to {name}"));
    }
    if let Some(merged) = &clues.merged {
        hints.push(format!(
            "The branch was merged by pull request #{} as {}",
            merged.pull, merged.commit
        ));
    }
    if !clues.near.is_empty() {
        hints.push(format!("There is {}", clues.near.join(", ")));
    }
    let is_short_sha = matches!(reference, GitRef::Name(name) if name.as_short_sha().is_some());
    if is_short_sha && !clues.is_short_sha_unasked {
        hints.push("If it is a short SHA, more of its digits may find it.".to_owned());
    }
    if clues.is_short_sha_unasked {
        hints.push(
            "A short SHA can be looked up in a checkout or with a GitHub token only; give all its digits."
                .to_owned(),
        );
    }
    if hints.is_empty() {
        hints.push(
            "It is looked for on the remote, so a branch has to be pushed; any full SHA works, too."
                .to_owned(),
        );
    }
    hints
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
