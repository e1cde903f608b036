//! Git repositories in temporary folders, and scripts that stand in for programs.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use git2::{Oid, Repository, RepositoryInitOptions, Signature, Time};
use tempfile::TempDir;

use super::Commit;

/// A repository that has no configuration but its own.
pub(crate) struct TestRepository {
    folder: TempDir,
    pub(crate) git: Repository,
}

impl TestRepository {
    /// Makes an empty repository with a work tree, on the branch `master`.
    pub(crate) fn new() -> Self {
        Self::init(false)
    }

    pub(crate) fn bare() -> Self {
        Self::init(true)
    }

    fn init(is_bare: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = RepositoryInitOptions::new();
        options
            .bare(is_bare)
            .external_template(false)
            .initial_head("master");
        let git = Repository::init_opts(folder.path(), &options).unwrap();
        Self { folder, git }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a commit by Ada to a branch, which is made if it is not there.
    pub(crate) fn commit(&self, branch: &str, subject: &str) -> Commit {
        self.commit_by("Ada", branch, subject)
    }

    pub(crate) fn commit_by(&self, author: &str, branch: &str, subject: &str) -> Commit {
        let name = format!("refs/heads/{branch}");
        let parent = self
            .git
            .find_reference(&name)
            .ok()
            .map(|tip| commit(tip.target().unwrap()));
        let commit = self.loose_commit(author, subject, parent.as_ref());
        self.point(&name, &commit);
        commit
    }

    /// Adds a commit that no ref holds.
    pub(crate) fn loose_commit(
        &self,
        author: &str,
        subject: &str,
        parent: Option<&Commit>,
    ) -> Commit {
        let parent = parent.map(|parent| self.git.find_commit(oid(parent)).unwrap());
        let time = parent
            .as_ref()
            .map_or(1_700_000_000, |parent| parent.time().seconds() + 60);
        let who = Signature::new(author, "who@example.com", &Time::new(time, 0)).unwrap();
        let blob = self.git.blob(subject.as_bytes()).unwrap();
        let mut tree = self.git.treebuilder(None).unwrap();
        tree.insert("file", blob, 0o100_644).unwrap();
        let tree = self.git.find_tree(tree.write().unwrap()).unwrap();
        let message = format!("{subject}\n\nBecause.\n");
        let parents: Vec<_> = parent.iter().collect();
        commit(
            self.git
                .commit(None, &who, &who, &message, &tree, &parents)
                .unwrap(),
        )
    }

    /// Points any ref to a commit.
    pub(crate) fn point(&self, name: &str, target: &Commit) {
        self.git.reference(name, oid(target), true, "test").unwrap();
    }

    /// Makes an annotated tag, and returns the SHA of the tag object.
    pub(crate) fn annotate(&self, name: &str, target: &Commit) -> Commit {
        let who = Signature::new("Ada", "who@example.com", &Time::new(1_700_000_000, 0)).unwrap();
        let target = self.git.find_object(oid(target), None).unwrap();
        commit(self.git.tag(name, &target, &who, "Release", true).unwrap())
    }

    /// Writes the files of the branch or commit that is checked out.
    pub(crate) fn check_out(&self) {
        let mut options = git2::build::CheckoutBuilder::new();
        options.force();
        self.git.checkout_head(Some(&mut options)).unwrap();
    }

    /// Returns two commits whose SHAs share their first four digits.
    pub(crate) fn twins(&self) -> (Commit, Commit) {
        let mut seen = std::collections::HashMap::new();
        for number in 0.. {
            let commit = self.loose_commit("Ada", &format!("Try {number}"), None);
            let digits = commit.as_str()[..4].to_owned();
            if let Some(twin) = seen.insert(digits, commit.clone()) {
                return (twin, commit);
            }
        }
        unreachable!("digits run out before numbers do")
    }
}

pub(crate) fn commit(id: Oid) -> Commit {
    id.to_string().parse().unwrap()
}

pub(crate) fn oid(commit: &Commit) -> Oid {
    Oid::from_str(commit.as_str()).unwrap()
}

/// Writes a shell script that can be run.
///
/// Another process writes it: a file that this one holds open for writing, while another test
/// forks, could not be executed ("text file busy").
pub(crate) fn script(path: &Path, text: &str) -> PathBuf {
    let mut writer = Command::new("sh")
        .args(["-c", "cat >\"$0\" && chmod 755 \"$0\""])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = writer.stdin.take().unwrap();
    write!(input, "#!/bin/sh\n{text}\n").unwrap();
    drop(input);
    assert!(writer.wait().unwrap().success());
    path.to_owned()
}
