//! What a ref turned out to be, in words.

use super::plural;
use crate::resolve::{FoundBy, Named, Note, Repository, Resolved};

/// Returns the line that says which commit a ref means and who said so.
pub(crate) fn found(typed: &str, resolved: &Resolved, repository: Option<&Repository>) -> String {
    let commit = &resolved.commit;
    let of = repository.map_or_else(String::new, |repository| format!(" of {repository}"));
    let what = match &resolved.named {
        Named::Branch(name) => format!("branch {name}{of} is {commit}"),
        Named::Tag(name) => format!("tag {name}{of} is {commit}"),
        Named::Pull(number) => format!("pull request {number}{of} is {commit}"),
        Named::Commit if typed == commit.as_str() => format!("commit {commit}{of}"),
        Named::Commit => format!("{typed} is commit {commit}{of}"),
        Named::Head {
            branch: Some(branch),
        } => {
            format!("@ is {commit}{of}, checked out as {branch}")
        }
        Named::Head { branch: None } => format!("@ is {commit}{of}"),
    };
    match &resolved.found_by {
        FoundBy::Asked(way) => format!("{what} (says {way})"),
        FoundBy::Checkout => format!("{what} (says the checkout)"),
        FoundBy::Itself => what,
    }
}

/// Returns what the reader should know besides the commit, as a lowercase fragment.
pub(crate) fn note(note: &Note) -> String {
    match note {
        Note::LocalDiffers {
            branch,
            ahead_behind: Some((ahead, behind)),
        } => match (ahead, behind) {
            (0, behind) => format!(
                "local {branch} is {} behind; what the remote has is deployed",
                plural(*behind, "commit")
            ),
            (ahead, 0) => format!(
                "local {branch} is {} ahead, which are not pushed; what the remote has is deployed",
                plural(*ahead, "commit")
            ),
            (ahead, behind) => format!(
                "local {branch} and the remote's have parted ({} ahead, {behind} behind); what the remote has is deployed",
                plural(*ahead, "commit")
            ),
        },
        Note::LocalDiffers {
            branch,
            ahead_behind: None,
        } => format!("local {branch} differs; what the remote has is deployed"),
        Note::DirtyTree => "the checkout has changes that are in no commit".to_owned(),
        Note::DetachedHead => "no branch is checked out".to_owned(),
        Note::ShortSha(digits) => format!("{digits} was completed to the full SHA"),
        Note::NotPushed => "no branch of the remote that was fetched holds this commit".to_owned(),
        Note::UnknownToRemote => {
            "the remote does not know this commit, or does not show it".to_owned()
        }
        Note::ExistenceUnknown => {
            "whether this commit exists could not be asked in time".to_owned()
        }
        Note::FromFork(fork) => format!("the pull request's commit is in a fork, {fork}"),
        Note::Failed(failure) => {
            format!("{} could not be asked: {}", failure.way, failure.text)
        }
        Note::CheckoutUnreadable(why) => format!("the checkout was left out: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_said_what_a_ref_means_is_told() {
        let commit: crate::resolve::Commit = "cb19269526f946222110fbdfb3d107c4b5a18fe7"
            .parse()
            .expect("a SHA");
        let resolved = |named, found_by| Resolved {
            commit: commit.clone(),
            named,
            found_by,
            notes: Vec::new(),
        };
        let repository = Repository::parse_slug("wantedly/rails").expect("a repository");
        assert_eq!(
            found(
                "@",
                &resolved(Named::Head { branch: None }, FoundBy::Checkout),
                Some(&repository)
            ),
            format!("@ is {commit} of wantedly/rails (says the checkout)")
        );
        assert_eq!(
            found(
                commit.as_str(),
                &resolved(Named::Commit, FoundBy::Itself),
                None
            ),
            format!("commit {commit}")
        );
    }
}
