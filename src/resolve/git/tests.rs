//! Reading real repositories in temporary folders.

use std::process::Command;

use git2::Oid;

use super::*;
use crate::resolve::repositories_for_tests::{TestRepository, oid};
use crate::resolve::{Direction, WhyUnknown};

fn open(repository: &TestRepository) -> LocalRepository {
    LocalRepository::open(repository.path()).unwrap()
}

fn answer(repository: &TestRepository, reference: &str) -> Answer {
    open(repository)
        .answer(&reference.parse().unwrap())
        .unwrap()
}

fn shas(answer: &Answer) -> Vec<&Commit> {
    answer
        .commits
        .iter()
        .map(|summary| &summary.commit)
        .collect()
}

#[test]
fn branches_and_tags_are_found_by_their_exact_names() {
    let repository = TestRepository::bare();
    let one = repository.commit("master", "One");
    let two = repository.commit("feature/größe#1", "Two");
    repository.point("refs/heads/other/master", &two);
    repository.point("refs/tags/v1", &two);
    repository.point("refs/pull/7/head", &two);
    let tag_object = repository.annotate("v2", &one);
    assert_ne!(tag_object, one);

    assert_eq!(answer(&repository, "master").branch, Some(one.clone()));
    assert_eq!(
        answer(&repository, "heads/master").branch,
        Some(one.clone())
    );
    assert_eq!(
        answer(&repository, "feature/größe#1").branch,
        Some(two.clone())
    );
    assert_eq!(answer(&repository, "tags/v1").tag, Some(two.clone()));
    assert_eq!(answer(&repository, "v2").tag, Some(one.clone()));
    assert_eq!(answer(&repository, "pull/7").pull, Some(two.clone()));
    for absent in ["Master", "heads/v1", "tags/master", "pull/8", "mast"] {
        assert_eq!(answer(&repository, absent), Answer::default(), "{absent}");
    }
}

#[test]
fn a_tag_of_a_file_is_no_commit() {
    let repository = TestRepository::bare();
    repository.commit("master", "One");
    let blob = repository.git.blob(b"a file").unwrap();
    repository
        .git
        .reference("refs/tags/file", blob, true, "test")
        .unwrap();
    assert_eq!(answer(&repository, "file"), Answer::default());
}

#[test]
fn a_short_sha_is_completed_with_its_subject() {
    let repository = TestRepository::bare();
    repository.commit("master", "Zero");
    let one = repository.commit_by("Grace", "master", "One");
    let found = answer(&repository, one.short());
    let summary = CommitSummary {
        commit: one.clone(),
        subject: "One".to_owned(),
        author: "Grace".to_owned(),
    };
    assert_eq!(found.commits, [summary]);
    assert_eq!(
        shas(&answer(&repository, &one.short().to_uppercase())),
        [&one]
    );
    assert_eq!(shas(&answer(&repository, one.as_str())), [&one]);
}

#[test]
fn an_ambiguous_short_sha_lists_every_commit() {
    let repository = TestRepository::bare();
    let (one, other) = repository.twins();
    let mut expected = vec![&one, &other];
    expected.sort();
    assert_eq!(shas(&answer(&repository, &one.as_str()[..4])), expected);
}

#[test]
fn a_file_with_the_same_digits_is_no_candidate() {
    let repository = TestRepository::bare();
    let commit = repository.commit("master", "One");
    let digits = &commit.as_str()[..4];
    let text = (0..)
        .map(|number: u32| number.to_string())
        .find(|text| {
            let id = Oid::hash_object(git2::ObjectType::Blob, text.as_bytes()).unwrap();
            id.to_string().starts_with(digits)
        })
        .unwrap();
    let blob = repository.git.blob(text.as_bytes()).unwrap();
    assert_eq!(shas(&answer(&repository, digits)), [&commit]);
    let blob_digits: String = blob.to_string().chars().take(12).collect();
    assert_eq!(answer(&repository, &blob_digits), Answer::default());
}

#[test]
fn the_sha_of_a_tag_object_leads_to_its_commit() {
    let repository = TestRepository::bare();
    let commit = repository.commit("master", "One");
    let tag_object = repository.annotate("v1", &commit);
    assert_eq!(shas(&answer(&repository, tag_object.as_str())), [&commit]);
}

#[test]
fn what_is_checked_out_is_told_with_its_branch() {
    let repository = TestRepository::new();
    assert_eq!(open(&repository).head().unwrap(), None);
    let one = repository.commit("master", "One");
    let head = open(&repository).head().unwrap().unwrap();
    assert_eq!(
        (head.commit, head.branch),
        (one.clone(), Some("master".to_owned()))
    );
    repository.git.set_head_detached(oid(&one)).unwrap();
    let head = open(&repository).head().unwrap().unwrap();
    assert_eq!((head.commit, head.branch), (one, None));
}

#[test]
fn only_tracked_files_make_a_tree_dirty() {
    let repository = TestRepository::new();
    repository.commit("master", "One");
    repository.check_out();
    assert!(!open(&repository).is_dirty().unwrap());
    std::fs::write(repository.path().join("new"), "x").unwrap();
    assert!(!open(&repository).is_dirty().unwrap());
    std::fs::write(repository.path().join("file"), "x").unwrap();
    assert!(open(&repository).is_dirty().unwrap());
}

#[test]
fn a_checkout_is_found_from_its_folders_worktrees_and_bare_repositories() {
    let repository = TestRepository::new();
    let one = repository.commit("master", "One");
    repository.check_out();
    let folder = repository.path().join("a/b");
    std::fs::create_dir_all(&folder).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let worktree = elsewhere.path().join("worktree");
    repository
        .git
        .worktree("worktree", &worktree, None)
        .unwrap();
    let bare = TestRepository::bare();
    bare.commit("master", "Other");
    for (place, expected) in [
        (folder.as_path(), Some(&one)),
        (&worktree, Some(&one)),
        (bare.path(), None),
    ] {
        let found = LocalRepository::discover(place).unwrap().unwrap();
        let head = found.head().unwrap().unwrap().commit;
        assert_eq!(expected.unwrap_or(&head), &head, "{}", place.display());
        assert!(!found.is_dirty().unwrap());
        let again = LocalRepository::open(found.folder()).unwrap();
        assert_eq!(again.head().unwrap().unwrap().commit, head);
    }
    let outside = tempfile::tempdir().unwrap();
    assert!(LocalRepository::discover(outside.path()).unwrap().is_none());
    assert!(matches!(
        LocalRepository::open(&folder),
        Err(GitError::Absent { .. })
    ));
}

#[test]
fn remotes_are_read_and_dangerous_ones_left_out() {
    let repository = TestRepository::new();
    for (name, url) in [
        ("origin", "git@github.com:wantedly/rails.git"),
        ("folder", "../mirror"),
        ("evil", "ext::sh -c evil"),
    ] {
        repository.git.remote(name, url).unwrap();
    }
    let remotes = open(&repository).remotes().unwrap();
    let told: Vec<String> = remotes
        .iter()
        .map(|remote| format!("{} {}", remote.name, remote.location))
        .collect();
    let folder = repository.git.workdir().unwrap().join("../mirror");
    assert_eq!(
        told,
        [
            format!("folder {}", folder.display()),
            "origin git@github.com:wantedly/rails.git".to_owned(),
        ]
    );
}

#[test]
fn a_hostile_configuration_runs_nothing() {
    let repository = TestRepository::new();
    repository.commit("master", "One");
    repository.check_out();
    let trap = repository.path().join("trapped");
    let command = format!("touch {}", trap.display());
    let mut config = repository.git.config().unwrap();
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "filter.evil.clean",
        "filter.evil.process",
        "diff.external",
        "credential.helper",
    ] {
        config.set_str(key, &command).unwrap();
    }
    let hooks = repository.path().join("hooks");
    std::fs::create_dir(&hooks).unwrap();
    config
        .set_str("core.hooksPath", hooks.to_str().unwrap())
        .unwrap();
    std::fs::write(repository.path().join(".gitattributes"), "* filter=evil\n").unwrap();
    std::fs::write(repository.path().join("file"), "changed").unwrap();
    let local = open(&repository);
    assert!(local.is_dirty().unwrap());
    local.head().unwrap().unwrap();
    local.remotes().unwrap();
    local.answer(&"master".parse().unwrap()).unwrap();
    assert!(!trap.exists());
    assert_ne!(user_ssh_command(), Some(command));
}

#[test]
fn what_is_pushed_is_what_the_remotes_branches_hold() {
    let repository = TestRepository::new();
    let one = repository.commit("master", "One");
    let two = repository.commit("master", "Two");
    let three = repository.commit("master", "Three");
    repository.point("refs/remotes/origin/master", &two);
    repository.point("refs/remotes/fork/master", &three);
    let tag_object = repository.annotate("v1", &one);
    let local = open(&repository);
    for (commit, is_pushed) in [
        (&one, true),
        (&two, true),
        (&three, false),
        (&tag_object, false),
    ] {
        assert_eq!(local.is_pushed("origin", commit).unwrap(), is_pushed);
    }
}

#[test]
fn names_are_those_of_branches_and_tags() {
    let repository = TestRepository::new();
    let one = repository.commit("master", "One");
    for name in [
        "refs/tags/v1",
        "refs/notes/x",
        "refs/remotes/origin/far",
        "refs/remotes/origin/HEAD",
    ] {
        repository.point(name, &one);
    }
    let local = open(&repository);
    assert_eq!(local.names().unwrap(), ["master", "v1"]);
    assert_eq!(local.branch_names().unwrap(), ["master"]);
}

#[test]
fn outgoing_commits_are_listed_newest_first_with_their_direction() {
    let repository = TestRepository::bare();
    let one = repository.commit("master", "One");
    repository.commit_by("Grace", "master", "Two");
    repository.commit_by("Grace", "master", "Three");
    let four = repository.commit("master", "Four");
    repository.point("refs/heads/side", &one);
    let side = repository.commit("side", "Side");
    let table = [
        (
            &one,
            &four,
            Direction::Forward,
            vec!["Four", "Three", "Two"],
        ),
        (
            &four,
            &one,
            Direction::Backward,
            vec!["Four", "Three", "Two"],
        ),
        (&one, &one, Direction::Same, vec![]),
        (
            &side,
            &four,
            Direction::Diverged { lost: 1 },
            vec!["Four", "Three", "Two"],
        ),
        (&four, &side, Direction::Diverged { lost: 3 }, vec!["Side"]),
    ];
    for (from, to, direction, subjects) in table {
        let outgoing = open(&repository).outgoing(from, to).unwrap();
        assert_eq!(outgoing.direction, direction);
        assert_eq!(outgoing.count, subjects.len());
        let listed: Vec<&str> = outgoing
            .commits
            .iter()
            .map(|c| c.subject.as_str())
            .collect();
        assert_eq!(listed, subjects, "{direction:?}");
    }
    let authors = open(&repository).outgoing(&one, &four).unwrap().authors;
    assert_eq!(authors, ["Grace", "Ada"]);
}

#[test]
fn a_commit_that_is_not_here_makes_the_direction_unknown() {
    let repository = TestRepository::bare();
    let one = repository.commit("master", "One");
    let far: Commit = "ab".repeat(20).parse().unwrap();
    for (from, to) in [(&one, &far), (&far, &one)] {
        let outgoing = open(&repository).outgoing(from, to).unwrap();
        assert_eq!(
            outgoing.direction,
            Direction::Unknown(WhyUnknown::NotAtHand)
        );
    }
    assert_eq!(open(&repository).ahead_behind(&one, &far).unwrap(), None);
}

#[test]
fn a_history_that_was_cut_off_proves_nothing() {
    let repository = TestRepository::bare();
    let commits: Vec<Commit> = ["One", "Two", "Three"]
        .map(|subject| repository.commit("master", subject))
        .to_vec();
    let folder = tempfile::tempdir().unwrap();
    let clone = folder.path().join("clone");
    let status = Command::new("git")
        .args(["clone", "--quiet", "--depth", "2"])
        .arg(format!("file://{}", repository.path().display()))
        .arg(&clone)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .status()
        .unwrap();
    assert!(status.success());
    let shallow = LocalRepository::open(&clone).unwrap();
    let outgoing = shallow.outgoing(&commits[2], &commits[1]).unwrap();
    assert_eq!(outgoing.direction, Direction::Unknown(WhyUnknown::Shallow));
    assert_eq!(
        shallow.ahead_behind(&commits[2], &commits[1]).unwrap(),
        None
    );
    assert!(shallow.is_pushed("origin", &commits[2]).unwrap());

    let full = open(&repository);
    std::fs::create_dir_all(repository.path().join("info")).unwrap();
    std::fs::write(
        repository.path().join("info/grafts"),
        format!("{}\n", commits[2]),
    )
    .unwrap();
    let outgoing = full.outgoing(&commits[0], &commits[2]).unwrap();
    assert_eq!(outgoing.direction, Direction::Unknown(WhyUnknown::Shallow));
}

#[test]
fn a_replaced_commit_is_read_as_it_really_is() {
    let repository = TestRepository::bare();
    let one = repository.commit("master", "One");
    let fake = repository.loose_commit("Mallory", "Fake", None);
    repository.point(&format!("refs/replace/{one}"), &fake);
    assert_eq!(answer(&repository, one.short()).commits[0].subject, "One");
}

#[test]
fn a_repository_of_another_kind_is_an_error_with_words() {
    let folder = tempfile::tempdir().unwrap();
    let status = Command::new("git")
        .args(["init", "--quiet", "--object-format=sha256"])
        .arg(folder.path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .status()
        .unwrap();
    assert!(status.success());
    let opened = LocalRepository::discover(folder.path());
    assert!(matches!(opened, Err(GitError::Unreadable(_))));
}
