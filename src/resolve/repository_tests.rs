//! Tables of repository names, URLs, and what is refused as one.

use std::path::Path;

use super::*;

#[test]
fn every_way_to_write_a_repository_gives_host_owner_and_name() {
    let table = [
        ("wantedly/rails", "wantedly/rails"),
        ("wantedly/rails.git", "wantedly/rails"),
        ("wantedly/rails.js", "wantedly/rails.js"),
        ("github.com/wantedly/rails", "wantedly/rails"),
        ("https://github.com/wantedly/rails", "wantedly/rails"),
        ("https://GitHub.com/wantedly/rails.git/", "wantedly/rails"),
        ("https://www.github.com/wantedly/rails", "wantedly/rails"),
        (
            "https://user:secret@github.com/wantedly/rails.git",
            "wantedly/rails",
        ),
        ("git@github.com:wantedly/rails.git", "wantedly/rails"),
        ("github.com:wantedly/rails", "wantedly/rails"),
        ("ssh://git@github.com/wantedly/rails.git", "wantedly/rails"),
        (
            "ssh://git@ssh.github.com:443/wantedly/rails.git",
            "wantedly/rails",
        ),
        ("git://github.com/wantedly/rails", "wantedly/rails"),
        (
            "git@gitlab.com:group/sub/app.git",
            "gitlab.com/group/sub/app",
        ),
        (
            "https://ghe.example.com:8443/o/app",
            "ghe.example.com/o/app",
        ),
        ("ssh://git@[::1]:22/o/app", "::1/o/app"),
    ];
    for (text, expected) in table {
        let repository: Repository = text.parse().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(repository.to_string(), expected, "{text}");
    }
}

#[test]
fn what_names_no_repository_is_refused() {
    for text in [
        "",
        "rails",
        "/",
        "a/",
        "/b",
        "a/b/c",
        "a b/c",
        "a/b\n",
        "-a/b",
        "a/..",
        "./a",
        "a/b?x",
        "https://github.com/rails",
        "https:///a/b",
        "git@:a/b",
        "git@github.com:",
        "-x@host:a/b",
        "ssh://-oProxyCommand=evil/a/b",
        "ssh://-x@host/a/b",
        "file:///a/b",
        "../a",
    ] {
        assert!(text.parse::<Repository>().is_err(), "{text}");
    }
}

#[test]
fn an_annotation_may_not_choose_a_host() {
    assert!(Repository::parse_slug("wantedly/rails").is_ok());
    for text in [
        "evil.example/wantedly/rails",
        "https://evil.example/wantedly/rails",
        "git@evil.example:wantedly/rails",
        "wantedly",
    ] {
        assert!(Repository::parse_slug(text).is_err(), "{text}");
    }
}

#[test]
fn a_transport_that_runs_a_program_is_refused() {
    for text in [
        "ext::sh -c evil",
        "ext::sh -c 'evil'/a",
        "codecommit::eu://app",
        "ftp://host/a/b",
        "evil://a/b",
    ] {
        assert!(
            matches!(text.parse::<Location>(), Err(RepositoryError::Transport(_))),
            "{text}"
        );
    }
}

#[test]
fn paths_are_told_from_addresses() {
    for (text, path) in [
        ("/srv/git/app.git", "/srv/git/app.git"),
        ("../app", "../app"),
        ("file:///srv/git/app", "/srv/git/app"),
        ("file://localhost/srv/git/app", "/srv/git/app"),
        ("./a:b", "./a:b"),
    ] {
        let location: Location = text.parse().unwrap();
        assert_eq!(location, Location::Path(Path::new(path).to_owned()));
    }
}

#[test]
fn a_password_in_an_address_is_kept_out_of_its_text() {
    let location: Location = "https://me:s%40cret@git.example.com/o/app.git"
        .parse()
        .unwrap();
    let Location::Url(url) = &location else {
        panic!("{location}");
    };
    assert_eq!(url.as_str(), "https://git.example.com/o/app.git");
    assert_eq!(url.credentials(), Some(("me", "s@cret")));
    assert!(!format!("{location} {location:?}").contains("cret"));
    let error = "https://me:secret@github.com/x"
        .parse::<Repository>()
        .expect_err("no owner");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[test]
fn repositories_are_the_same_in_any_case() {
    let one: Repository = "Wantedly/Rails".parse().unwrap();
    let other: Repository = "git@github.com:wantedly/rails.git".parse().unwrap();
    assert!(one.is_same_as(&other));
    let fork: Repository = "somebody/rails".parse().unwrap();
    assert!(!one.is_same_as(&fork));
}
