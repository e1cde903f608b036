//! Which texts are values, and which branches a pattern means.

use super::*;

#[test]
fn a_pattern_means_branches() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("main", &["main"], &["main2", "xmain", "", "Main"]),
        (
            "release/*",
            &["release/1", "release/", "release/a/b"],
            &["release", "prerelease/1"],
        ),
        ("*", &["main", "a/b", ""], &[]),
        ("*-stable", &["1-stable", "-stable"], &["1-stable-x"]),
        ("v*.*.x", &["v1.2.x", "v.1..x"], &["v1.x", "v1.2.3"]),
        ("ab*ba", &["abba", "abxba"], &["aba"]),
        ("a**b", &["ab", "axb"], &["a"]),
    ];
    for (pattern, matching, others) in cases {
        let parsed: BranchPattern = pattern.parse().unwrap();
        for branch in *matching {
            assert!(parsed.matches(branch), "{pattern} {branch}");
        }
        for branch in *others {
            assert!(!parsed.matches(branch), "{pattern} {branch}");
        }
        assert_eq!(
            parsed.exact().is_some(),
            !pattern.contains('*'),
            "{pattern}"
        );
    }
}

/// Tells whether a text is a value.
fn is<T: FromStr>(text: &str) -> bool {
    text.parse::<T>().is_ok()
}

#[test]
fn texts_are_values_or_not() {
    type Is = fn(&str) -> bool;
    let cases: &[(&str, Is, &[&str], &[&str])] = &[
        (
            "environment",
            is::<EnvironmentName>,
            &[
                "qa",
                "gke_acme_tokyo",
                "arn:aws:eks:eu-1:12:cluster/qa",
                "1",
                "ann@qa",
                "ümlaut",
            ],
            &["", "-qa", "--help", "a b", "a\nb", ".", "a=b", "a'b"],
        ),
        (
            "repository",
            is::<RepositoryName>,
            &["acme/web", "group/sub/name", "a.b/c_d-e", "acme/.github"],
            &[
                "web",
                "/web",
                "acme/",
                "acme//web",
                "acme/../x",
                "-a/b",
                "a/-b",
                "a b/c",
                "https://x/y",
                "a/b:c",
            ],
        ),
        (
            "git location",
            is::<GitLocation>,
            &[
                "https://gitlab.example.com/a/b.git",
                "ssh://git@host:22/a",
                "git@host:a/b.git",
                "/srv/git/a",
                "file:///srv/git/a",
                "https://ann@host/a",
                "host:a",
            ],
            &[
                "",
                "a/b",
                "~/git",
                "ext::sh -c date",
                "-host:a",
                "--x",
                "ftp://h/a",
                "ext://x",
                "https://a:b@host/c",
                "https://h/a\nb",
                " /a",
                ":a",
                "a:",
            ],
        ),
        (
            "host",
            is::<Host>,
            &["ghcr.io", "registry:5000", "[::1]:5000", "GHCR.io"],
            &["", "https://ghcr.io", "a/b", "a b", "-a", ":5000"],
        ),
        (
            "service URL",
            is::<ServiceUrl>,
            &[
                "https://h",
                "https://h:1/api/v3/",
                "http://127.0.0.1:1",
                "http://localhost",
                "http://[::1]:1/x",
            ],
            &[
                "",
                "h",
                "http://h",
                "http://127.0.0.1.example.com",
                "ftp://h",
                "https://",
                "https:///x",
                "https://a@h",
                "https://h/?q",
                "https://h/#f",
                "https://h h",
                "http://localhost@h",
            ],
        ),
        (
            "branch pattern",
            is::<BranchPattern>,
            &["main", "release/*", "*", "a.b", "ünïcode"],
            &[
                "", "-x", "/x", "a..b", "a b", "a~1", "a^", "a:b", "a?", "[ab]", "a\\b", "a\u{7}",
            ],
        ),
        (
            "line",
            is::<Line>,
            &["x", " x ", "{sha}"],
            &["", "  ", "a\nb", "\u{1b}"],
        ),
        (
            "word",
            is::<Confirm>,
            &["never", "ask", "name"],
            &["", "Never", "no", "always"],
        ),
    ];
    for (kind, is, values, others) in cases {
        for text in *values {
            assert!(is(text), "{kind} {text:?}");
        }
        for text in *others {
            assert!(!is(text), "{kind} {text:?}");
        }
    }
}

#[test]
fn a_password_in_a_place_is_not_repeated() {
    for text in ["https://ann:s3cret@host/a", "ftp://ann:s3cret@host/a"] {
        let error = text.parse::<GitLocation>().unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
    }
    let error = "https://s3cret@host".parse::<ServiceUrl>().unwrap_err();
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

#[test]
fn words_are_ordered_by_strictness() {
    assert!(Confirm::Never < Confirm::Ask && Confirm::Ask < Confirm::Name);
    assert!(Busy::Supersede < Busy::Wait && Busy::Wait < Busy::Refuse);
    assert!(Strategy::Keep < Strategy::Warn && Strategy::Warn < Strategy::ZeroDowntime);
    for word in OnFailure::WORDS {
        assert_eq!(word.parse::<OnFailure>().unwrap().to_string(), *word);
    }
}
