//! Decides who is asked what a ref means, and in which order.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::{Location, RemoteUrl, Repository};
use crate::error::Kind;

/// A way of asking what a ref means on the remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The API of GitHub, or of a GitHub Enterprise server.
    GitHub { host: String },
    /// `git ls-remote`, with the user's own git.
    LsRemote(RemoteUrl),
    /// The repository in a folder, read by git2.
    Path(PathBuf),
}

impl fmt::Display for Way {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GitHub { host } => write!(formatter, "the API of {host}"),
            Self::LsRemote(url) => write!(formatter, "git ls-remote {url}"),
            Self::Path(path) => write!(formatter, "the repository {}", path.display()),
        }
    }
}

/// A way that gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) way: Way,
    pub(crate) kind: Kind,
    /// What the way said, in one line.
    pub(crate) text: String,
    pub(crate) hints: Vec<String>,
    /// How long the way wants to be left alone, if it said so.
    pub(crate) retry_after: Option<Duration>,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.way, self.text)
    }
}

/// A remote of the checkout, as its git configuration names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) name: String,
    pub(crate) location: Location,
}

/// Returns the checkout's remote that is `repository`, `origin` first if several are.
///
/// `mapped` is where the user's configuration says that the repository is; a remote at that very
/// place is the repository too, whatever its name there.
pub(crate) fn remote_of<'r>(
    repository: &Repository,
    mapped: Option<&Location>,
    remotes: &'r [Remote],
) -> Option<&'r Remote> {
    let is_it = |remote: &&Remote| {
        Some(&remote.location) == mapped
            || match &remote.location {
                Location::Url(url) => url
                    .repository()
                    .is_some_and(|found| found.is_same_as(repository)),
                Location::Path(_) => false,
            }
    };
    remotes
        .iter()
        .filter(is_it)
        .min_by_key(|remote| remote.name != "origin")
}

/// Returns the ways of asking about `repository`, the first to be tried first.
///
/// Where the user's configuration maps the repository to a place, only that place is asked.
/// A checkout's remote over plain http or git is passed over for https: anybody on the network
/// could answer in its place. `is_github` says that its host is one whose API the user's configuration knows.
pub(crate) fn ways(
    repository: &Repository,
    mapped: Option<&Location>,
    remote: Option<&Remote>,
    is_github: bool,
) -> Vec<Way> {
    let at = |location: &Location| match location {
        Location::Path(path) => Way::Path(path.clone()),
        Location::Url(url) => Way::LsRemote(url.clone()),
    };
    if let Some(location) = mapped {
        return vec![at(location)];
    }
    let api = is_github.then(|| Way::GitHub {
        host: repository.host().to_owned(),
    });
    let git = match remote.map(|remote| &remote.location) {
        Some(location @ Location::Path(_)) => at(location),
        Some(location @ Location::Url(url)) if url.is_authenticated() => at(location),
        Some(Location::Url(_)) | None => Way::LsRemote(repository.https_url()),
    };
    api.into_iter().chain([git]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(name: &str, location: &str) -> Remote {
        Remote {
            name: name.to_owned(),
            location: location.parse().unwrap(),
        }
    }

    #[test]
    fn the_remote_is_the_one_whose_address_is_the_repository() {
        let repository: Repository = "wantedly/rails".parse().unwrap();
        let fork = remote("origin", "git@github.com:somebody/rails.git");
        let upstream = remote("upstream", "https://github.com/Wantedly/rails");
        let mirror = remote("mirror", "/srv/git/rails");
        let origin = remote("origin", "git@github.com:wantedly/rails.git");
        let mapped: Location = "/srv/git/rails".parse().unwrap();
        let table = [
            (vec![&fork], None, None),
            (vec![&fork, &upstream], None, Some(&upstream)),
            (vec![&upstream, &origin], None, Some(&origin)),
            (vec![&fork, &mirror], None, None),
            (vec![&fork, &mirror], Some(&mapped), Some(&mirror)),
        ];
        for (remotes, mapped, expected) in table {
            let remotes: Vec<Remote> = remotes.into_iter().cloned().collect();
            assert_eq!(remote_of(&repository, mapped, &remotes), expected);
        }
    }

    #[test]
    fn the_api_comes_first_and_a_mapped_place_alone() {
        let repository: Repository = "wantedly/rails".parse().unwrap();
        let ssh = remote("origin", "git@github.com:wantedly/rails.git");
        let folder = remote("origin", "/srv/git/rails");
        let mapped: Location = "/srv/git/other".parse().unwrap();
        let api = "the API of github.com";
        let plain = remote("origin", "http://github.com/wantedly/rails");
        let table: [(_, _, _, &[&str]); 6] = [
            (
                None,
                Some(&plain),
                false,
                &["git ls-remote https://github.com/wantedly/rails.git"],
            ),
            (
                None,
                None,
                true,
                &[api, "git ls-remote https://github.com/wantedly/rails.git"],
            ),
            (
                None,
                Some(&ssh),
                true,
                &[api, "git ls-remote git@github.com:wantedly/rails.git"],
            ),
            (
                None,
                Some(&ssh),
                false,
                &["git ls-remote git@github.com:wantedly/rails.git"],
            ),
            (
                None,
                Some(&folder),
                false,
                &["the repository /srv/git/rails"],
            ),
            (
                Some(&mapped),
                Some(&ssh),
                true,
                &["the repository /srv/git/other"],
            ),
        ];
        for (mapped, remote, is_github, expected) in table {
            let ways: Vec<String> = ways(&repository, mapped, remote, is_github)
                .iter()
                .map(Way::to_string)
                .collect();
            assert_eq!(ways, expected);
        }
    }
}
