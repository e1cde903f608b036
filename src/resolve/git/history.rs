//! What lies between two commits of a repository on this machine.

use git2::{ErrorClass, ErrorCode, Oid, Sort};

use super::{GitError, LocalRepository, id_of, summary_of};
use crate::resolve::{Commit, CommitSummary, Outgoing, WhyUnknown};

/// How many commits are looked at for the authors.
const WALKED: usize = 10_000;

impl LocalRepository {
    /// Returns how many commits `one` has that `other` lacks, and the other way round.
    ///
    /// `None` where the history at hand does not prove it.
    pub(crate) fn ahead_behind(
        &self,
        one: &Commit,
        other: &Commit,
    ) -> Result<Option<(usize, usize)>, GitError> {
        if one == other {
            return Ok(Some((0, 0)));
        }
        if self.is_cut_off() {
            return Ok(None);
        }
        match self
            .repository
            .graph_ahead_behind(id_of(one)?, id_of(other)?)
        {
            Ok(counts) => Ok(Some(counts)),
            // Also in mid-walk, where a partial clone has left out commits.
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the commits between what runs and what will run.
    pub(crate) fn outgoing(&self, from: &Commit, to: &Commit) -> Result<Outgoing, GitError> {
        if from == to {
            return Ok(Outgoing::same());
        }
        if self.is_cut_off() {
            return Ok(Outgoing::unknown(WhyUnknown::Shallow));
        }
        let Some((added, lost)) = self.ahead_behind(to, from)? else {
            return Ok(Outgoing::unknown(WhyUnknown::NotAtHand));
        };
        let (from, to) = (id_of(from)?, id_of(to)?);
        let commits = if added == 0 {
            self.between(to, from)?
        } else {
            self.between(from, to)?
        };
        Ok(Outgoing::between(added, lost, commits))
    }

    fn between(&self, from: Oid, to: Oid) -> Result<Vec<CommitSummary>, GitError> {
        let mut walk = self.repository.revwalk()?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::TIME)?;
        walk.push(to)?;
        walk.hide(from)?;
        let mut commits = Vec::new();
        for id in walk.take(WALKED) {
            commits.extend(summary_of(&self.repository.find_commit(id?)?));
        }
        Ok(commits)
    }

    /// Tells whether parents are missing or made up, so that the history proves nothing.
    fn is_cut_off(&self) -> bool {
        let grafts = self.repository.commondir().join("info/grafts");
        let has_grafts = grafts.metadata().is_ok_and(|file| file.len() > 0);
        self.repository.is_shallow() || has_grafts
    }
}

fn is_missing(error: &git2::Error) -> bool {
    error.code() == ErrorCode::NotFound || error.class() == ErrorClass::Odb
}
