//! Says why targets cannot be told, and what to know of those that were chosen.

use crate::plan::select::Note;
use crate::plan::select::annotations::{OddValue, Oddity};
use crate::plan::select::faults::Fault;

/// Returns the fault as a lowercase fragment.
pub(crate) fn fault(fault: &Fault) -> String {
    match fault {
        Fault::NothingAnnotated {
            key,
            deployments: 0,
            ..
        } => format!("there is no Deployment, so none has `{key}`"),
        Fault::NothingAnnotated {
            key,
            deployments: 1,
            ..
        } => format!("the only Deployment does not have `{key}: \"true\"`"),
        Fault::NothingAnnotated {
            key, deployments, ..
        } => format!("none of {deployments} Deployments has `{key}: \"true\"`"),
        Fault::NoSuchDeployment { name, .. } => {
            format!("there is no Deployment `{}`", name.escape_debug())
        }
        Fault::Unreadable { deployment, why } => {
            format!("Deployment `{deployment}` cannot be read: {why}")
        }
        Fault::Misspelt {
            deployment,
            key,
            meant,
        } => format!("Deployment `{deployment}` has `{key}`, which is no key; `{meant}` is"),
        Fault::Misplaced { deployment, key } => format!(
            "Deployment `{deployment}` has `{key}` on its pod template, where it does not count"
        ),
        Fault::OtherKind { kind, name, key } => {
            format!("{kind} `{name}` has `{key}`, and only Deployments can take part")
        }
        Fault::OddValue { deployment, odd } => {
            format!("Deployment `{deployment}`: {}", odd_value(odd))
        }
        Fault::Unnamed {
            deployment,
            key,
            containers,
        } => format!(
            "Deployment `{deployment}` has {} containers ({}), and `{key}` does not say which",
            containers.len(),
            containers.join(", ")
        ),
        Fault::NoContainer {
            deployment,
            container,
            existing,
            ..
        } => format!(
            "Deployment `{deployment}` has no container `{}`; it has {}",
            container.escape_debug(),
            existing.join(", ")
        ),
        Fault::NamedTwice {
            deployment,
            container,
        } => format!("Deployment `{deployment}` names its container `{container}` twice"),
        Fault::ClaimedTwice {
            deployment,
            container,
            repositories,
        } => format!(
            "Deployment `{deployment}` names several repositories for its container `{container}`: {}",
            repositories.join(", ")
        ),
        Fault::NoRepository {
            deployment,
            container,
            key,
        } => format!(
            "Deployment `{deployment}` does not say in `{key}` which repository its container `{container}` is built from"
        ),
        Fault::Disagreement { repositories } => {
            let groups: Vec<String> = repositories
                .iter()
                .map(|(repository, targets)| format!("{repository} ({})", of_targets(targets)))
                .collect();
            format!(
                "the targets are of several repositories: {}",
                groups.join("; ")
            )
        }
        Fault::NoTargetOf {
            repository,
            present,
        } => {
            let present: Vec<String> = present.iter().map(ToString::to_string).collect();
            format!(
                "no target is built from {repository}; they are built from {}",
                present.join(", ")
            )
        }
        Fault::BadImage {
            deployment,
            container,
            error,
        } => format!("Deployment `{deployment}`, container `{container}`: the image {error}"),
        Fault::OtherImage { image, running } => format!(
            "no target runs an image of the name of `{image}`; they run {}",
            running.join(", ")
        ),
    }
}

/// Returns the advice that goes with the fault, as a full sentence.
pub(crate) fn fault_hint(fault: &Fault) -> Option<String> {
    match fault {
        Fault::NothingAnnotated { key, elsewhere, .. } => Some(match elsewhere.as_slice() {
            [] => format!(
                "Annotate each Deployment that takes part with `{key}: \"true\"`, or name one with --target."
            ),
            found => format!(
                "Other prefixes are in use here: {}. Say which with --annotation-prefix.",
                found.join(", ")
            ),
        }),
        Fault::NoSuchDeployment {
            nearest: Some(nearest),
            ..
        } => Some(format!("Did you mean --target {nearest}?")),
        Fault::NoSuchDeployment {
            nearest: None,
            existing,
            ..
        } if existing.is_empty() => Some("There are none in this namespace.".to_owned()),
        Fault::NoSuchDeployment {
            nearest: None,
            existing,
            ..
        } => Some(format!("There are {}.", shortened(existing))),
        Fault::NoContainer {
            nearest: Some(nearest),
            ..
        } => Some(format!("Did you mean `{nearest}`?")),
        Fault::NoRepository { container, key, .. } => Some(format!(
            "Annotate it with `{key}: {container}=owner/name`, or say --repo owner/name."
        )),
        Fault::Unnamed { .. } => {
            Some("Name one with the annotation, or with --container.".to_owned())
        }
        Fault::Misplaced { .. } => {
            Some("Move the annotation to `metadata.annotations` of the Deployment.".to_owned())
        }
        Fault::Disagreement { .. } => {
            Some("Choose one with --repo, or its Deployments with --target.".to_owned())
        }
        Fault::OtherImage { .. } => {
            Some("To run another image there, name the Deployment with --target.".to_owned())
        }
        Fault::Unreadable { .. }
        | Fault::Misspelt { .. }
        | Fault::OtherKind { .. }
        | Fault::OddValue { .. }
        | Fault::NoContainer { nearest: None, .. }
        | Fault::NamedTwice { .. }
        | Fault::ClaimedTwice { .. }
        | Fault::NoTargetOf { .. }
        | Fault::BadImage { .. } => None,
    }
}

fn odd_value(odd: &OddValue) -> String {
    let OddValue {
        key,
        value,
        position,
        oddity,
    } = odd;
    let what = match oddity {
        Oddity::NotYesOrNo => "is none of true, 1, false, 0",
        Oddity::Quote => "has a quote inside",
        Oddity::Blank => "has a blank inside",
        Oddity::Empty => "has an empty entry",
        Oddity::NoContainer => "has an entry that is not container=owner/name",
        Oddity::Url => "has a URL instead of owner/name",
        Oddity::GitSuffix => "has `.git`, which is no part of owner/name",
        Oddity::NotARepository => "has an entry that is not owner/name",
        Oddity::NotAName => "has a character that no container's name has",
        Oddity::NotAStrategy => "is none of zero-downtime, warn, keep",
        Oddity::TooLong => "is too long",
    };
    format!(
        "`{key}: {}` {what} (at character {position})",
        value.escape_debug()
    )
}

fn of_targets(targets: &[(String, String)]) -> String {
    let names: Vec<String> = targets
        .iter()
        .map(|(deployment, container)| format!("{deployment}/{container}"))
        .collect();
    shortened(&names)
}

/// Joins the names, and only counts those after the first ten.
fn shortened(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Returns what the user should know of a selection.
pub(crate) fn note(note: &Note) -> String {
    match note {
        Note::UnknownKey { deployment, key } => {
            format!("Deployment `{deployment}` has `{key}`, which means nothing")
        }
        Note::UnusedRepository {
            deployment,
            container,
        } => format!(
            "Deployment `{deployment}` names a repository for the container `{container}`, which it does not have"
        ),
        Note::LeftOut {
            deployment,
            container,
            repository,
        } => format!("{deployment}/{container} is left out: it is built from {repository}"),
        Note::RepositoryReplaced { annotated, used } => {
            format!("the targets say that they are built from {annotated}; {used} is used instead")
        }
    }
}
