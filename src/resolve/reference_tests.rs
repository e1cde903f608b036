//! Tables and properties of what the user may type for a commit.

use proptest::prelude::*;

use super::*;

const SHA: &str = "cb19269526f946222110fbdfb3d107c4b5a18fe7";

fn name(text: &str) -> RefName {
    RefName::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_ref_is_typed_by_how_it_is_written() {
    let commit: Commit = SHA.parse().unwrap();
    let sha256 = "ab".repeat(32);
    let table = [
        ("@", GitRef::Head),
        ("pull/123", GitRef::Pull(123)),
        ("pull/123/head", GitRef::Pull(123)),
        ("refs/pull/7/head", GitRef::Pull(7)),
        ("pull/0", GitRef::Name(name("pull/0"))),
        ("pull/x", GitRef::Name(name("pull/x"))),
        ("pull/+1", GitRef::Name(name("pull/+1"))),
        (SHA, GitRef::Commit(commit.clone())),
        (
            "CB19269526F946222110FBDFB3D107C4B5A18FE7",
            GitRef::Commit(commit),
        ),
        (&sha256, GitRef::Commit(sha256.parse().unwrap())),
        ("heads/master", GitRef::Branch(name("master"))),
        ("refs/heads/feature/x", GitRef::Branch(name("feature/x"))),
        ("heads/heads/x", GitRef::Branch(name("heads/x"))),
        ("tags/v1.0", GitRef::Tag(name("v1.0"))),
        ("refs/tags/v1.0", GitRef::Tag(name("v1.0"))),
        ("heads/deadbee", GitRef::Branch(name("deadbee"))),
        ("master", GitRef::Name(name("master"))),
        ("cb19269", GitRef::Name(name("cb19269"))),
        (
            "feature/größe#1%+🎉",
            GitRef::Name(name("feature/größe#1%+🎉")),
        ),
        ("@x", GitRef::Name(name("@x"))),
    ];
    for (text, expected) in table {
        assert_eq!(text.parse(), Ok(expected), "{text}");
    }
}

#[test]
fn a_name_that_git_would_not_have_is_refused() {
    let long = "a".repeat(251);
    let table = [
        ("-x", Fault::Dash),
        ("--upload-pack=evil", Fault::Dash),
        ("a..b", Fault::Dots),
        ("a.", Fault::Dots),
        ("a@{1}", Fault::At),
        ("heads/@", Fault::At),
        ("a b", Fault::Character(' ')),
        ("master~1", Fault::Character('~')),
        ("master^{}", Fault::Character('^')),
        ("a:b", Fault::Character(':')),
        ("a*", Fault::Character('*')),
        ("a?", Fault::Character('?')),
        ("a[0]", Fault::Character('[')),
        ("a\\b", Fault::Character('\\')),
        ("a\nb", Fault::Control),
        ("a\u{7f}", Fault::Control),
        ("\u{9b}31m", Fault::Control),
        ("/a", Fault::Component),
        ("a/", Fault::Component),
        ("a//b", Fault::Component),
        (".a", Fault::Component),
        ("a/.b", Fault::Component),
        ("a.lock", Fault::Component),
        ("heads/a.lock/b", Fault::Component),
        (&long, Fault::Length),
    ];
    for (text, expected) in table {
        match text.parse::<GitRef>() {
            Err(RefError::Name { fault, .. }) => assert_eq!(fault, expected, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert_eq!("".parse::<GitRef>(), Err(RefError::Empty));
    assert_eq!("heads/".parse::<GitRef>(), Err(RefError::Empty));
    assert_eq!("HEAD".parse::<GitRef>(), Err(RefError::RemoteHead));
    assert_eq!(
        "refs/remotes/origin/x".parse::<GitRef>(),
        Err(RefError::OtherNamespace)
    );
}

#[test]
fn a_wrong_ref_is_a_usage_error_with_advice() {
    let error = Error::from("master~1".parse::<GitRef>().expect_err("not a name"));
    assert_eq!(error.kind, Kind::Usage);
    assert_eq!(error.hints.len(), 1);
}

#[test]
fn four_to_sixty_three_hexadecimal_digits_may_be_a_short_sha() {
    let table = [
        ("dead", Some("dead")),
        ("DEADBEE", Some("deadbee")),
        ("abc", None),
        ("deadbeg", None),
        ("v1", None),
    ];
    for (text, expected) in table {
        assert_eq!(name(text).as_short_sha().as_deref(), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn any_ref_that_parses_is_understood_the_same_when_printed(text in "\\PC{0,60}") {
        if let Ok(reference) = text.parse::<GitRef>() {
            prop_assert_eq!(reference.to_string().parse::<GitRef>(), Ok(reference));
        }
    }

    #[test]
    fn no_name_is_an_option_or_a_pattern(text in "[-a-z/.@{}*~^:? \\\\\\[\u{0}-\u{1f}]{1,12}") {
        if let Ok(name) = RefName::parse(&text) {
            prop_assert!(!name.as_str().starts_with('-'));
            prop_assert!(!name.as_str().contains(['*', '?', '[', '^', ' ', ':']));
            prop_assert!(!name.as_str().chars().any(char::is_control));
        }
    }
}
