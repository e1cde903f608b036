//! Makes the git repository of the sandbox's sample team: a history on `master`, and branches that
//! break in different ways.
//!
//! Names, texts, and times are fixed, so every sandbox has the same SHAs and the documentation can
//! quote them.

use std::path::Path;

use git2::{Oid, Repository, Signature, Time};

use crate::error::{Error, Kind};

/// The repository as the annotations and the configuration name it.
pub(super) const NAME: &str = "sandbox/shop";

/// 2026-01-05 09:00 UTC; one commit follows every 100 minutes.
const FIRST_COMMIT: i64 = 1_767_603_600;
const BETWEEN_COMMITS: i64 = 6_000;

/// The commit of `master` that runs when the sandbox is new, counted from the first.
pub(super) const RUNNING: usize = 4;

/// How many commits the tip of `master` is ahead of that.
pub(super) const BEHIND: usize = MASTER.len() - 1 - RUNNING;

/// The commit of `master` whose image was never built: the team deployed it nevertheless.
pub(super) const UNBUILT: usize = 2;

const MASTER: &[(&str, &str)] = &[
    ("Web Team", "Show a list of things to buy"),
    ("Web Team", "Add a shopping cart"),
    ("Orders Team", "Take orders"),
    ("Orders Team", "Build without the orders of the tests"),
    ("Orders Team", "Send order mails in the background"),
    ("Web Team", "Show prices with tax"),
    ("Orders Team", "Retry mails that bounced"),
    ("Web Team", "Remember the cart for a week"),
];

/// A branch with one commit on top of `master`, and what its image does.
pub(super) struct Branch {
    pub(super) name: &'static str,
    subject: &'static str,
    author: &'static str,
    /// The story that the simulated nodes play for its image.
    pub(super) story: &'static str,
    /// What a deploy of it shows.
    pub(super) about: &'static str,
}

/// The branches beside `master`.
pub(super) const BRANCHES: &[Branch] = &[
    Branch {
        name: "broken",
        subject: "Log in to the database as app",
        author: "Web Team",
        story: "crash",
        about: "crashes whenever it starts",
    },
    Branch {
        name: "fragile",
        subject: "Keep the whole catalogue in memory",
        author: "Web Team",
        story: "out-of-memory-after-2s",
        about: "runs out of memory after two seconds, when a worker would count as available",
    },
    Branch {
        name: "unbuilt",
        subject: "Try a new font",
        author: "Web Team",
        story: "not-found",
        about: "has no image",
    },
    Branch {
        name: "unready",
        subject: "Warm the cache before serving",
        author: "Web Team",
        story: "never-ready",
        about: "starts, but web never gets ready",
    },
];

/// The commits of a sandbox repository, as full SHAs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Commits {
    /// From the first to the tip.
    pub(super) master: Vec<String>,
    /// In the order of [`BRANCHES`].
    pub(super) branches: Vec<String>,
}

/// Makes the repository in a folder that is not there yet, or empty.
pub(super) fn make(folder: &Path) -> Result<Commits, Error> {
    try_make(folder).map_err(|error| {
        Error::new(Kind::Internal, error).hint("Is the sandbox's folder writable?")
    })
}

fn try_make(folder: &Path) -> Result<Commits, git2::Error> {
    let repository = Repository::init_bare(folder)?;
    let mut master = Vec::with_capacity(MASTER.len());
    let mut tip = None;
    for (number, (author, subject)) in (0..).zip(MASTER) {
        let oid = commit(&repository, tip, number, author, subject)?;
        master.push(oid.to_string());
        tip = Some(oid);
    }
    let Some(tip) = tip else {
        return Err(git2::Error::from_str("the sample history has no commit"));
    };
    repository.reference("refs/heads/master", tip, true, "sandbox")?;
    repository.set_head("refs/heads/master")?;
    let mut branches = Vec::with_capacity(BRANCHES.len());
    for (number, branch) in (master.len() as i64..).zip(BRANCHES) {
        let oid = commit(
            &repository,
            Some(tip),
            number,
            branch.author,
            branch.subject,
        )?;
        repository.reference(&format!("refs/heads/{}", branch.name), oid, true, "sandbox")?;
        branches.push(oid.to_string());
    }
    Ok(Commits { master, branches })
}

/// Commits a change log that ends with the subject, on top of the parent.
fn commit(
    repository: &Repository,
    parent: Option<Oid>,
    number: i64,
    author: &str,
    subject: &str,
) -> Result<Oid, git2::Error> {
    let parent = parent.map(|oid| repository.find_commit(oid)).transpose()?;
    let before = match &parent {
        Some(commit) => {
            let entry = commit.tree()?.get_path(Path::new("CHANGES"))?;
            let blob = repository.find_blob(entry.id())?;
            String::from_utf8_lossy(blob.content()).into_owned()
        }
        None => String::new(),
    };
    let blob = repository.blob(format!("{before}{subject}\n").as_bytes())?;
    let mut tree = repository.treebuilder(None)?;
    tree.insert("CHANGES", blob, 0o100_644)?;
    let tree = repository.find_tree(tree.write()?)?;
    let time = Time::new(FIRST_COMMIT + number * BETWEEN_COMMITS, 0);
    let address = format!("{}@shop.example", author.to_lowercase().replace(' ', "-"));
    let signature = Signature::new(author, &address, &time)?;
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    repository.commit(None, &signature, &signature, subject, &tree, &parents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sandbox_has_the_same_commits() {
        let folder = tempfile::tempdir().expect("folder");
        let first = make(&folder.path().join("a")).expect("made");
        let second = make(&folder.path().join("b")).expect("made");
        assert_eq!(first, second);
        assert_eq!(first.master.len(), MASTER.len());
        let repository = Repository::open(folder.path().join("a")).expect("opens");
        let names: Vec<String> = repository
            .branches(None)
            .expect("branches")
            .map(|branch| {
                let (branch, _) = branch.expect("branch");
                branch.name().expect("UTF-8").expect("named").to_owned()
            })
            .collect();
        assert_eq!(names, ["broken", "fragile", "master", "unbuilt", "unready"]);
    }
}
