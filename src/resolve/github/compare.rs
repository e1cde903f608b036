//! The commits between two commits, as GitHub compares them.

use serde::Deserialize;

use super::{Github, GithubError, base};
use crate::resolve::{Commit, CommitSummary, Outgoing, Repository};

/// How many commits GitHub puts on a page.
const PAGE: usize = 100;

impl Github {
    /// Returns the commits between two commits; `None` if GitHub does not know both.
    pub(crate) async fn outgoing(
        &self,
        repository: &Repository,
        from: &Commit,
        to: &Commit,
    ) -> Result<Option<Outgoing>, GithubError> {
        self.within(self.compare(repository, from, to)).await
    }

    async fn compare(
        &self,
        repository: &Repository,
        from: &Commit,
        to: &Commit,
    ) -> Result<Option<Outgoing>, GithubError> {
        let Some(first) = self.compare_page(repository, from, to, 1).await? else {
            return Ok(None);
        };
        let (added, lost) = (first.ahead_by, first.behind_by);
        let commits = match (added, lost) {
            (0, 0) => Vec::new(),
            (0, lost) => self.newest(repository, to, from, lost, None).await?,
            (added, _) => {
                self.newest(repository, from, to, added, Some(first))
                    .await?
            }
        };
        Ok(Some(Outgoing::between(added, lost, commits)))
    }

    /// Returns the newest of the `count` commits from `from` to `to`, newest first, as many as are
    /// listed; `first` is the first page, if it is at hand.
    async fn newest(
        &self,
        repository: &Repository,
        from: &Commit,
        to: &Commit,
        count: usize,
        mut first: Option<Comparison>,
    ) -> Result<Vec<CommitSummary>, GithubError> {
        let mut commits = Vec::new();
        // Pages run from the oldest commit on.
        for number in (1..=count.div_ceil(PAGE)).rev() {
            let page = match first.take_if(|_| number == 1) {
                Some(first) => Some(first),
                None => self.compare_page(repository, from, to, number).await?,
            };
            let listed = page.map(|page| page.commits).unwrap_or_default();
            commits.extend(listed.into_iter().rev().filter_map(Listed::summary));
            if commits.len() >= Outgoing::LISTED {
                break;
            }
        }
        Ok(commits)
    }

    async fn compare_page(
        &self,
        repository: &Repository,
        from: &Commit,
        to: &Commit,
        page: usize,
    ) -> Result<Option<Comparison>, GithubError> {
        let path = format!(
            "{}/compare/{from}...{to}?per_page={PAGE}&page={page}",
            base(repository)
        );
        self.json(&path).await
    }
}

/// A page of a compare, without its files.
#[derive(Deserialize)]
struct Comparison {
    ahead_by: usize,
    behind_by: usize,
    commits: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    sha: String,
    commit: Described,
}

#[derive(Deserialize)]
struct Described {
    message: String,
    author: Option<Author>,
}

#[derive(Deserialize)]
struct Author {
    name: String,
}

impl Listed {
    fn summary(self) -> Option<CommitSummary> {
        Some(CommitSummary {
            commit: self.sha.parse().ok()?,
            subject: self
                .commit
                .message
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
            author: self
                .commit
                .author
                .map(|author| author.name)
                .unwrap_or_default(),
        })
    }
}
