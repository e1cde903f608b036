//! Puts one question to each way in turn, until one gives an answer.

use super::checkout::read;
use super::{Place, Sources};
use crate::error::Error;
use crate::resolve::github::{Github, GithubError, GithubHost};
use crate::resolve::{Answer, Candidate, Commit, Failure, GitRef, Outgoing, Repository, Way};

/// An answer, who gave it, and who did not.
pub(super) struct Asked {
    pub(super) answer: Answer,
    pub(super) way: Way,
    /// The API with the token that worked, where GitHub gave the answer.
    pub(super) api: Option<Github>,
    pub(super) failures: Vec<Failure>,
}

/// Asks what `reference` means, the first way first; a way without a token is passed over.
pub(super) async fn ask(
    sources: &Sources,
    repository: &Repository,
    ways: &[Way],
    reference: &GitRef,
) -> Result<Asked, Vec<Failure>> {
    let mut failures = Vec::new();
    for way in ways {
        let mut api = None;
        let answer = match way {
            Way::GitHub { host } => {
                let Some(host) = sources.host(host) else {
                    continue;
                };
                let mut tokens = Api::at(sources, host, way);
                let mut answer = None;
                while let Some(github) = tokens.next(&mut failures).await {
                    match github.answer(repository, reference).await {
                        Ok(told) => {
                            api = Some(github);
                            answer = Some(told);
                            break;
                        }
                        Err(error) => tokens.failed(error, &mut failures),
                    }
                }
                match answer {
                    Some(answer) => answer,
                    None => continue,
                }
            }
            Way::LsRemote(url) => match sources.ls_remote().await.answer(url, reference).await {
                Ok(answer) => answer,
                Err(error) => {
                    failures.push(failure(way, error));
                    continue;
                }
            },
            Way::Path(path) => {
                let reference = reference.clone();
                match read(sources, path.clone(), move |git| git.answer(&reference)).await {
                    Ok(answer) => answer,
                    Err(error) => {
                        failures.push(failure(way, error));
                        continue;
                    }
                }
            }
        };
        return Ok(Asked {
            answer,
            way: way.clone(),
            api,
            failures,
        });
    }
    Err(failures)
}

/// Returns the names of all branches, as the first way tells them that can.
pub(super) async fn branch_names(
    repository: &Repository,
    sources: &Sources,
    ways: &[Way],
) -> Result<Vec<String>, Vec<Failure>> {
    let mut failures = Vec::new();
    for way in ways {
        let names = match way {
            Way::GitHub { host } => {
                let Some(host) = sources.host(host) else {
                    continue;
                };
                let mut tokens = Api::at(sources, host, way);
                while let Some(github) = tokens.next(&mut failures).await {
                    match github.branch_names(repository).await {
                        Ok(names) => return Ok(names),
                        Err(error) => tokens.failed(error, &mut failures),
                    }
                }
                continue;
            }
            Way::LsRemote(url) => sources
                .ls_remote()
                .await
                .tips(url)
                .await
                .map(|tips| tips.into_iter().map(|(name, _)| name).collect())
                .map_err(|error| failure(way, error)),
            Way::Path(path) => read(sources, path.clone(), |git| git.branch_names())
                .await
                .map_err(|error| failure(way, error)),
        };
        match names {
            Ok(names) => return Ok(names),
            Err(failure) => failures.push(failure),
        }
    }
    Err(failures)
}

/// Returns GitHub's comparison; `None` if GitHub cannot be asked at all.
pub(super) async fn outgoing(
    place: Place<'_>,
    sources: &Sources,
    from: &Commit,
    to: &Commit,
) -> Option<Result<Option<Outgoing>, Failure>> {
    // Where the repository is somewhere else, GitHub's of the same name is another one.
    if place.mapped.is_some() {
        return None;
    }
    let host = sources.host(place.repository.host())?;
    let way = Way::GitHub {
        host: host.host().to_owned(),
    };
    let mut failures = Vec::new();
    let mut tokens = Api::at(sources, host, &way);
    while let Some(github) = tokens.next(&mut failures).await {
        match github.outgoing(place.repository, from, to).await {
            Ok(outgoing) => return Some(Ok(outgoing)),
            Err(error) => tokens.failed(error, &mut failures),
        }
    }
    failures.pop().map(Err)
}

/// GitHub's API at one host, with one token after the other until one is good enough.
struct Api<'a> {
    sources: &'a Sources,
    host: &'a GithubHost,
    way: &'a Way,
    candidates: std::vec::IntoIter<Candidate>,
}

impl<'a> Api<'a> {
    fn at(sources: &'a Sources, host: &'a GithubHost, way: &'a Way) -> Self {
        Self {
            sources,
            host,
            way,
            candidates: sources.tokens.candidates(host.host()).into_iter(),
        }
    }

    /// Returns the API with the next token that is at hand.
    async fn next(&mut self, failures: &mut Vec<Failure>) -> Option<Github> {
        for candidate in self.candidates.by_ref() {
            let token = match candidate {
                Candidate::Token(token) => Ok(Some(token)),
                Candidate::AskGh => self.sources.token_of_gh(self.host.host()).await,
            };
            let token = match token {
                Ok(Some(token)) => token,
                Ok(None) => continue,
                Err(error) => {
                    failures.push(failure(self.way, error));
                    continue;
                }
            };
            let made = Github::new(
                &self.sources.https,
                self.host,
                &token,
                self.sources.zone.clone(),
                self.sources.limits.github,
            );
            match made {
                Ok(github) => return Some(github),
                Err(error) => failures.push(failure(self.way, error)),
            }
        }
        None
    }

    /// Keeps a failure; one that is not the token's ends the attempts.
    fn failed(&mut self, error: GithubError, failures: &mut Vec<Failure>) {
        if !error.is_of_token() {
            self.candidates = Vec::new().into_iter();
        }
        failures.push(Failure {
            retry_after: error.retry_after(),
            ..failure(self.way, error)
        });
    }
}

fn failure(way: &Way, error: impl Into<Error>) -> Failure {
    let error = error.into();
    Failure {
        way: way.clone(),
        kind: error.kind,
        text: error.chain().join(": "),
        hints: error.hints,
        retry_after: None,
    }
}
