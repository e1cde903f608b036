//! Wires the ways of asking together: what commit a ref is, and which commits go out with it.
//!
//! Order and meaning are decided in `crate::resolve`; here is who gets which question, with which
//! token and how much time, and what the checkout adds.

mod ask;
mod checkout;
mod clues;
mod sources;

use std::path::Path;
use std::time::Duration;

use self::ask::{Asked, ask};
use self::checkout::{Checkout, Here};
use self::clues::clues;
pub(crate) use self::sources::Sources;
use crate::error::Error;
use crate::resolve::{
    Answer, Commit, CommitSummary, Direction, Failure, FoundBy, GitRef, Location, Named, Note,
    Outgoing, Repository, ResolveError, Resolved, Way, WhyUnknown, decide, ways,
};

/// Where to look for a repository.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) repository: &'a Repository,
    /// Where the user's configuration says that the repository is, if it does.
    pub(crate) mapped: Option<&'a Location>,
    /// The folder that the command runs in.
    pub(crate) folder: Option<&'a Path>,
}

/// What a ref means, and by whom it may be asked.
#[derive(Clone, Copy)]
pub(crate) struct ResolveRequest<'a> {
    pub(crate) reference: &'a GitRef,
    pub(crate) place: Place<'a>,
    pub(crate) sources: &'a Sources,
    /// Told before a rate limit is waited out, because no other way gave an answer.
    pub(crate) waiting: &'a (dyn Fn(&Failure, Duration) + Send + Sync),
}

/// Returns the commit that the ref means on the remote, as decisions and notes.
///
/// Nothing is guessed: what is ambiguous, not found, or not pushed is an error. A full SHA never
/// fails because nobody could be asked.
pub(crate) async fn resolve_ref(request: ResolveRequest<'_>) -> Result<Resolved, Error> {
    match request.reference {
        GitRef::Head => resolve_head(&request).await,
        GitRef::Commit(commit) => {
            let limit = request.sources.limits.existence;
            tokio::time::timeout(limit, resolve_commit(&request, commit))
                .await
                .unwrap_or_else(|_| Ok(taken_at_its_word(commit, vec![Note::ExistenceUnknown])))
        }
        GitRef::Pull(_) | GitRef::Branch(_) | GitRef::Tag(_) | GitRef::Name(_) => {
            resolve_name(&request).await
        }
    }
}

/// Returns what a full SHA means to somebody who asked nobody.
fn taken_at_its_word(commit: &Commit, notes: Vec<Note>) -> Resolved {
    Resolved {
        commit: commit.clone(),
        named: Named::Commit,
        found_by: FoundBy::Itself,
        notes,
    }
}

/// Returns the commits between what runs and what will run, from the checkout or from GitHub.
///
/// Never fails: where nobody can tell, the direction says why.
pub(crate) async fn outgoing(
    place: Place<'_>,
    sources: &Sources,
    from: &Commit,
    to: &Commit,
) -> Outgoing {
    if from == to {
        return Outgoing::same();
    }
    let here = Here::find(place, sources).await;
    let mut best = Outgoing::unknown(WhyUnknown::NotAtHand);
    for way in local_ways(place, &here) {
        let (first, second) = (from.clone(), to.clone());
        let read = checkout::read(sources, way, move |git| git.outgoing(&first, &second)).await;
        match read {
            Ok(outgoing) if !matches!(outgoing.direction, Direction::Unknown(_)) => {
                return outgoing;
            }
            Ok(unknown) => best = unknown,
            Err(_) => {}
        }
    }
    match ask::outgoing(place, sources, from, to).await {
        Some(Ok(Some(outgoing))) => outgoing,
        Some(Err(failure)) => Outgoing::unknown(WhyUnknown::Unanswered(failure.text)),
        Some(Ok(None)) | None => best,
    }
}

/// Returns the names of all branches, to see whether two have the same image tag.
pub(crate) async fn branch_names(
    place: Place<'_>,
    sources: &Sources,
) -> Result<Vec<String>, Error> {
    let here = Here::find(place, sources).await;
    ask::branch_names(place.repository, sources, &all_ways(place, sources, &here))
        .await
        .map_err(|failures| {
            Error::from(ResolveError::NoNames {
                repository: place.repository.clone(),
                failures,
            })
        })
}

/// A branch, tag, pull request, or short SHA: what the remote says counts.
async fn resolve_name(request: &ResolveRequest<'_>) -> Result<Resolved, Error> {
    let (repository, reference) = (request.place.repository, request.reference);
    let here = &Here::find(request.place, request.sources).await;
    let ways = all_ways(request.place, request.sources, here);
    let asked = ask_or_wait(request, &ways).await;
    let short = short_commits(request, here).await;
    let Asked {
        mut answer,
        way,
        api,
        failures,
    } = match asked {
        Ok(asked) => asked,
        Err(failures) => {
            return Err(Error::from(ResolveError::Unanswered {
                repository: repository.clone(),
                reference: reference.clone(),
                known: match short.commits.as_slice() {
                    [only] => Some(only.commit.clone()),
                    _ => None,
                },
                failures,
            }));
        }
    };
    let is_told_by_remote = !answer.commits.is_empty();
    answer.add_commits(short.commits);
    let decided = decide(reference, &answer).map_err(|ambiguity| {
        Error::from(ResolveError::Ambiguous {
            repository: repository.clone(),
            reference: reference.clone(),
            ambiguity,
        })
    })?;
    let Some((commit, named)) = decided else {
        let clues = clues(request, here, &way, api.as_ref()).await;
        return Err(Error::from(ResolveError::NotFound {
            repository: repository.clone(),
            reference: reference.clone(),
            clues,
        }));
    };
    let mut notes = here.notes();
    notes.extend(failures.into_iter().map(Note::Failed));
    notes.extend(answer.fork.map(Note::FromFork));
    let is_from_checkout = named == Named::Commit && !is_told_by_remote;
    if let (Named::Commit, GitRef::Name(digits)) = (&named, reference) {
        notes.push(Note::ShortSha(digits.to_string()));
    }
    if let Some(checkout) = &here.checkout {
        if is_from_checkout && !checkout.is_pushed(request.sources, &commit).await {
            notes.push(Note::NotPushed);
        }
        if let Named::Branch(name) = &named {
            notes.extend(checkout.compare(request.sources, name, &commit).await);
        }
    }
    Ok(Resolved {
        commit,
        named,
        found_by: if is_from_checkout {
            FoundBy::Checkout
        } else {
            FoundBy::Asked(way)
        },
        notes,
    })
}

/// A full SHA: what it means is certain, and only whether it exists is asked.
async fn resolve_commit(request: &ResolveRequest<'_>, commit: &Commit) -> Result<Resolved, Error> {
    let here = Here::find(request.place, request.sources).await;
    let mut resolved = taken_at_its_word(commit, here.notes());
    if let Some(checkout) = &here.checkout {
        if checkout.is_pushed(request.sources, commit).await {
            resolved.found_by = FoundBy::Checkout;
            return Ok(resolved);
        }
        let digits = commit.to_string();
        let known = checkout
            .commits_starting_with(request.sources, digits)
            .await;
        check_commit(commit, &known)?;
    }
    // Git servers cannot be asked for a commit.
    let ways: Vec<Way> = all_ways(request.place, request.sources, &here)
        .into_iter()
        .filter(|way| match way {
            Way::GitHub { .. } | Way::Path(_) => true,
            Way::LsRemote(_) => false,
        })
        .collect();
    let repository = request.place.repository;
    let Ok(asked) = ask(request.sources, repository, &ways, request.reference).await else {
        resolved.notes.push(Note::ExistenceUnknown);
        return Ok(resolved);
    };
    check_commit(commit, &asked.answer.commits)?;
    if asked.answer.commits.is_empty() {
        resolved.notes.push(Note::UnknownToRemote);
    } else {
        resolved.found_by = FoundBy::Asked(asked.way);
    }
    match decide(request.reference, &asked.answer) {
        Ok(_) => Ok(resolved),
        Err(ambiguity) => Err(Error::from(ResolveError::Ambiguous {
            repository: request.place.repository.clone(),
            reference: request.reference.clone(),
            ambiguity,
        })),
    }
}

/// Refuses the SHA of a tag object, whose commit is what `known` holds.
fn check_commit(asked: &Commit, known: &[CommitSummary]) -> Result<(), Error> {
    match known.iter().find(|known| known.commit != *asked) {
        Some(known) => Err(Error::from(ResolveError::TagObject {
            asked: asked.clone(),
            commit: known.commit.clone(),
        })),
        None => Ok(()),
    }
}

/// `@`: what is checked out, which the remote must have.
async fn resolve_head(request: &ResolveRequest<'_>) -> Result<Resolved, Error> {
    let repository = request.place.repository;
    let here = Here::find(request.place, request.sources).await;
    let Some(checkout) = &here.checkout else {
        if here.is_other {
            return Err(Error::from(ResolveError::OtherCheckout {
                repository: repository.clone(),
            }));
        }
        let (why, hints) = match here.unreadable {
            Some(error) => (Some(error.to_string()), error.hints),
            None => (None, Vec::new()),
        };
        let error = Error::from(ResolveError::NoCheckout { why });
        return Err(hints.into_iter().fold(error, Error::hint));
    };
    let (head, is_dirty) = checkout.head(request.sources).await?;
    let Some(head) = head else {
        return Err(Error::from(ResolveError::NoCommit));
    };
    let mut notes = here.notes();
    if head.branch.is_none() {
        notes.push(Note::DetachedHead);
    }
    if is_dirty {
        notes.push(Note::DirtyTree);
    }
    let mut found_by = FoundBy::Checkout;
    if !checkout.is_pushed(request.sources, &head.commit).await {
        match remote_has(request, &here, &head.commit).await {
            Some(way) => found_by = FoundBy::Asked(way),
            None => {
                return Err(Error::from(ResolveError::NotPushed {
                    repository: repository.clone(),
                    commit: head.commit,
                    branch: head.branch,
                }));
            }
        }
    }
    Ok(Resolved {
        commit: head.commit,
        named: Named::Head {
            branch: head.branch,
        },
        found_by,
        notes,
    })
}

/// Returns the way that knows `commit` on the remote.
///
/// A git server tells only where its branches and tags stand.
async fn remote_has(request: &ResolveRequest<'_>, here: &Here, commit: &Commit) -> Option<Way> {
    let sources = request.sources;
    for way in all_ways(request.place, sources, here) {
        let is_there = match &way {
            Way::LsRemote(url) => sources
                .ls_remote()
                .await
                .tips(url)
                .await
                .is_ok_and(|tips| tips.iter().any(|(_, tip)| tip == commit)),
            Way::GitHub { .. } | Way::Path(_) => {
                let reference = GitRef::Commit(commit.clone());
                let ways = std::slice::from_ref(&way);
                ask(sources, request.place.repository, ways, &reference)
                    .await
                    .is_ok_and(|asked| {
                        let mut commits = asked.answer.commits.iter();
                        commits.any(|known| known.commit == *commit)
                    })
            }
        };
        if is_there {
            return Some(way);
        }
    }
    None
}

/// Asks every way; if all fail, and one only wants to be left alone for a moment, waits and asks
/// that one again.
async fn ask_or_wait(request: &ResolveRequest<'_>, ways: &[Way]) -> Result<Asked, Vec<Failure>> {
    let (sources, repository) = (request.sources, request.place.repository);
    let mut failures = match ask(sources, repository, ways, request.reference).await {
        Ok(asked) => return Ok(asked),
        Err(failures) => failures,
    };
    let soon = failures.iter().find_map(|failure| {
        let wait = failure.retry_after?;
        (wait <= sources.limits.longest_wait).then(|| (failure.clone(), wait))
    });
    let Some((failure, wait)) = soon else {
        return Err(failures);
    };
    (request.waiting)(&failure, wait);
    tokio::time::sleep(wait).await;
    match ask(sources, repository, &[failure.way], request.reference).await {
        Ok(mut asked) => {
            failures.append(&mut asked.failures);
            asked.failures = failures;
            Ok(asked)
        }
        Err(again) => Err(again),
    }
}

/// Returns what the checkout knows about a short SHA.
async fn short_commits(request: &ResolveRequest<'_>, here: &Here) -> Answer {
    let digits = match request.reference {
        GitRef::Name(name) => name.as_short_sha(),
        GitRef::Head | GitRef::Pull(_) | GitRef::Commit(_) | GitRef::Branch(_) | GitRef::Tag(_) => {
            None
        }
    };
    match (&here.checkout, digits) {
        (Some(checkout), Some(digits)) => Answer {
            commits: checkout
                .commits_starting_with(request.sources, digits)
                .await,
            ..Answer::default()
        },
        _ => Answer::default(),
    }
}

fn all_ways(place: Place<'_>, sources: &Sources, here: &Here) -> Vec<Way> {
    let remote = here.checkout.as_ref().and_then(Checkout::remote);
    let is_github = sources.host(place.repository.host()).is_some();
    ways(place.repository, place.mapped, remote, is_github)
}

/// Returns the folders whose history can be read, the checkout first.
fn local_ways(place: Place<'_>, here: &Here) -> Vec<std::path::PathBuf> {
    let checkout = here
        .checkout
        .as_ref()
        .map(|checkout| checkout.folder().to_owned());
    let mapped = place.mapped.and_then(|location| match location {
        Location::Path(path) => Some(path.clone()),
        Location::Url(_) => None,
    });
    let remote = here
        .checkout
        .as_ref()
        .and_then(Checkout::remote)
        .and_then(|remote| match &remote.location {
            Location::Path(path) => Some(path.clone()),
            Location::Url(_) => None,
        });
    [checkout, mapped, remote].into_iter().flatten().collect()
}

#[cfg(test)]
mod checkout_tests;
#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod outgoing_tests;
#[cfg(test)]
mod tests;
