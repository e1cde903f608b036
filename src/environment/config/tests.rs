//! What the user's configuration may say, and what is said about its faults.

use std::time::Duration;

use snapbox::{assert_data_eq, str};

use super::super::tests::shown;
use super::*;

const FILE: &str = "/home/ann/.config/kube-deploy/config.yaml";

fn parse(text: &str) -> Result<UserConfig, ConfigError> {
    UserConfig::parse(FILE, text, &["status", "deploy"])
}

fn fault(text: &str) -> String {
    shown(parse(text).unwrap_err())
}

#[test]
fn every_key_is_read() {
    let config = parse(
        "\
annotation-prefix: wantedly.com/
user: ann
tag: '{short_sha}'
environments:
  qa:
    context: gke_acme_tokyo_qa
    server: https://10.0.0.1
    certificate-authority: sha256:7192385c3c0605de55bb9476ce1d90748190ecb32a8eed7f5207b30cf6a1fe89
    namespace: rails
    protected: yes
    confirm: name
    branches: [main, release/*]
    allowed-repositories: [wantedly/rails]
    busy: refuse
    on-failure: rollback
    strategy: warn
  eu:
    contexts: [eu-1, eu-2]
  staging:
repositories:
  wantedly/rails: https://gitlab.example.com/wantedly/rails.git
  wantedly/go: /srv/git/go.git
registries:
  Registry.Example.com:5000: http://127.0.0.1:5000/
github:
  github.example.com: https://github.example.com/api/v3/
patience:
  observe: 500ms
  lost-contact: 1m 30s
",
    )
    .unwrap();
    let qa = &config.environments["qa"];
    assert_eq!(qa.contexts, Contexts::One("gke_acme_tokyo_qa".to_owned()));
    assert_eq!(qa.pin.server.as_deref(), Some("https://10.0.0.1"));
    assert!(qa.pin.authority.is_some());
    assert_eq!(qa.namespace.as_ref().map(Line::as_str), Some("rails"));
    assert_eq!(qa.guards.protected, Some(true));
    assert_eq!(qa.guards.confirm, Some(Confirm::Name));
    assert_eq!(qa.guards.branches.as_ref().map(Vec::len), Some(2));
    assert_eq!(
        qa.guards.allowed_repositories.as_ref().map(Vec::len),
        Some(1)
    );
    assert_eq!(qa.guards.busy, Some(Busy::Refuse));
    assert_eq!(qa.guards.on_failure, Some(OnFailure::Rollback));
    assert_eq!(qa.guards.strategy, Some(Strategy::Warn));
    assert_eq!(
        config.environments["eu"].contexts.names(),
        ["eu-1", "eu-2"].map(str::to_owned)
    );
    assert_eq!(config.environments["staging"], Settings::default());
    let prefix = config.annotation_prefix.as_ref().map(Prefix::as_str);
    assert_eq!(prefix, Some("wantedly.com"));
    assert_eq!(config.user.as_ref().map(Line::as_str), Some("ann"));
    assert_eq!(config.tag.as_ref().map(Line::as_str), Some("{short_sha}"));
    assert_eq!(config.repositories.len(), 2);
    assert_eq!(
        config.registries["registry.example.com:5000"].as_str(),
        "http://127.0.0.1:5000"
    );
    assert_eq!(
        config.github["github.example.com"].as_str(),
        "https://github.example.com/api/v3"
    );
    assert_eq!(
        config.patience,
        Patience {
            observe: Duration::from_millis(500),
            lost_contact: Duration::from_secs(90),
            ..Patience::default()
        }
    );
}

#[test]
fn nothing_is_a_configuration() {
    for text in [
        "",
        "# mine\n",
        "---\n",
        "{}",
        "environments:\n",
        "patience:\n",
    ] {
        assert_eq!(parse(text), Ok(UserConfig::default()), "{text:?}");
    }
}

#[test]
fn texts_that_look_like_numbers_stay_texts() {
    let config = parse("environments: {qa: {context: 0123456, namespace: 12e4567}}").unwrap();
    let qa = &config.environments["qa"];
    assert_eq!(qa.contexts.names(), ["0123456".to_owned()]);
    assert_eq!(qa.namespace.as_ref().map(Line::as_str), Some("12e4567"));
}

#[test]
fn anchors_and_merges_work() {
    let config =
        parse("environments: {qa: &qa {context: a, namespace: n}, qa2: {<<: *qa, namespace: m}}")
            .unwrap();
    let qa2 = &config.environments["qa2"];
    assert_eq!(qa2.contexts.names(), ["a".to_owned()]);
    assert_eq!(qa2.namespace.as_ref().map(Line::as_str), Some("m"));
}

#[test]
fn an_unknown_key_is_shown_with_the_nearest_right_one_and_without_its_value() {
    assert_data_eq!(
        fault("environments:\n  qa:\n    contxt: s3cret\n"),
        str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 3: there is no key `contxt`
  3 |     contxt:
    |     ^^^^^^
hint: Did you mean `context`?
"#]]
    );
    assert_data_eq!(
        fault("token: s3cret\n"),
        str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 1: there is no key `token`
  1 | token:
    | ^^^^^
hint: The keys here are annotation-prefix, user, tag, environments, repositories, registries, github, patience.
"#]]
    );
    assert_data_eq!(
        fault("patience:\n  observed: 1s\n"),
        str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 2: there is no key `observed`
  2 |   observed:
    |   ^^^^^^^^
hint: Did you mean `observe`?
"#]]
    );
    assert_data_eq!(
        fault("environments: {qa: {onFailure: keep, context: s3cret}}\n"),
        str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 1: there is no key `onFailure`
  1 | environments: {qa: {onFailure:
    |                     ^^^^^^^^^
hint: Did you mean `on-failure`?
"#]]
    );
}

#[test]
fn values_that_make_no_sense_are_shown_where_they_stand() {
    let cases = [
        (
            "environments:\n  qa:\n    confirm: nevr\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 3: `nevr` is none of never, ask, name
  3 |     confirm: nevr
    |              ^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "environments:\n  qa:\n    protected: perhaps\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 3: expected true or false
  3 |     protected: perhaps
    |                ^^^^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "environments:\n  qa:\n    protected:\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 3: expected true or false
  3 |     protected:
    |              ^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "environments:\n  qa:\n    branches: main\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 3: expected a list
  3 |     branches: main
    |               ^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "environments:\n  qa:\n    branches: ['-x']\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 3: `-x` is no branch such as main or release/*
  3 |     branches: ['-x']
    |                ^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "environments:\n  qa:\n    context: [a]\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 3: expected a text
  3 |     context: [a]
    |              ^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "environments:\n  qa:\n    context: a\n    contexts: [b]\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 4: an environment has either `context` or `contexts`
  4 |     contexts: [b]
    |               ^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "environments:\n  qa:\n    contexts: []\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 3: `contexts` names no context
  3 |     contexts: []
    |               ^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "environments:\n  qa:\n    contexts: [a, b, a]\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 3: the context `a` is there twice
  3 |     contexts: [a, b, a]
    |               ^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "environments:\n  qa:\n    certificate-authority: sha256:12\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 3: `sha256:12` is neither `system` nor `sha256:` with 64 hex digits
  3 |     certificate-authority: sha256:12
    |                            ^^^^^^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "environments:\n  -qa:\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 2: `-qa` cannot be an environment: a name starts with a letter or digit and holds only those and `.-_/@:`
  2 |   -qa:
    |   ^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "environments:\n  qa: {}\n  qa: {}\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 3: the key `qa` is there twice
  3 |   qa: {}
    |   ^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "annotation-prefix: Example.com\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 1: `Example.com` is no annotation prefix such as example.com
  1 | annotation-prefix: Example.com
    |                    ^^^^^^^^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "annotation-prefix: deployment.kubernetes.io\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 1: the annotation prefix `deployment.kubernetes.io` belongs to Kubernetes itself
  1 | annotation-prefix: deployment.kubernetes.io
    |                    ^^^^^^^^^^^^^^^^^^^^^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "patience:\n  observe: soon\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 2: `soon` is no duration such as 500ms, 10s, or 1m 30s
  2 |   observe: soon
    |            ^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "patience:\n  observe: -1s\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 2: `-1s` is no duration such as 500ms, 10s, or 1m 30s
  2 |   observe: -1s
    |            ^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "user: ' '\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 1: ` ` is no line of text
  1 | user: ' '
    |       ^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "- a\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 1: expected a mapping (`key: value`)
  1 | - a
    | ^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "tag: x\n---\ntag: y\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 3: more than one document
  3 | tag: y
    | ^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "tag: \"x\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 2: invalid indentation in multiline quoted scalar
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "tag: x\n  user: y\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 2: mapping values are not allowed in this context
  2 |   user: y
    |       ^
hint: Correct the file, or name another one with --config.
"#]],
        ),
    ];
    for (text, expected) in cases {
        assert_data_eq!(fault(text), expected);
    }
}

#[test]
fn places_that_could_harm_are_refused_and_passwords_not_shown() {
    let cases = [
        (
            "repositories: {rails: /srv/git}\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 1: `rails` is no repository such as owner/name
  1 | repositories: {rails: /srv/git}
    |                ^^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "repositories: {a/b: 'ext::sh -c date'}\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 1: `ext::sh -c date` is neither a URL, nor user@host:path, nor an absolute path
  1 | repositories: {a/b: 'ext::sh -c date'}
    |                     ^^^^^^^^^^^^^^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "repositories: {a/b: '--upload-pack=x'}\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 1: `--upload-pack=x` is neither a URL, nor user@host:path, nor an absolute path
  1 | repositories: {a/b: '--upload-pack=x'}
    |                     ^^^^^^^^^^^^^^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "repositories: {a/b: ../b}\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 1: `../b` is neither a URL, nor user@host:path, nor an absolute path
  1 | repositories: {a/b: ../b}
    |                     ^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "repositories: {a/b: 'ftp://host/b'}\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 1: `ftp://host/b` begins with none of https://, http://, ssh://, git://, file://
  1 | repositories: {a/b: 'ftp://host/b'}
    |                     ^^^^^^^^^^^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "repositories: {a/b: 'https://ann:s3cret@host/b'}\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 1: `https://…@host/b` holds a password: leave it to git's credential helpers
  1 | repositories: {a/b: 'https://**********@host/b'}
    |                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "registries: {r.example.com: 'http://r.example.com'}\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 1: `http://r.example.com` is not https, which every host but this machine needs
  1 | registries: {r.example.com: 'http://r.example.com'}
    |                             ^^^^^^^^^^^^^^^^^^^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "registries: {r.example.com: 'https://ann:s3cret@r.example.com'}\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 1: `https://…@r.example.com` has to name a host, and no user
  1 | registries: {r.example.com: 'https://**********@r.example.com'}
    |                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "github: {'https://x': 'https://x/api'}\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 1: `https://x` is no host such as ghcr.io or registry:5000
  1 | github: {'https://x': 'https://x/api'}
    |          ^^^^^^^^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
        (
            "github: {x: x/api}\n",
            str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml, line 1: `x/api` is no URL such as https://github.example.com/api/v3
  1 | github: {x: x/api}
    |             ^^^^^
hint: Correct the file, or name another one with --config.
"#]],
        ),
    ];
    for (text, expected) in cases {
        let shown = fault(text);
        assert!(!shown.contains("s3cret"), "{shown}");
        assert_data_eq!(shown, expected);
    }
}

#[test]
fn a_name_that_the_command_line_could_not_tell_is_refused() {
    assert_data_eq!(
        fault("environments: {status: {context: a}}"),
        str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml: environment `status` is named like a command
hint: Give the environment another name; its context may keep its own.
"#]]
    );
    assert_data_eq!(
        fault("environments: {builtin: {context: a}}"),
        str![[r#"
Usage: /home/ann/.config/kube-deploy/config.yaml: environment `builtin` is always the sandbox
hint: Give the environment another name; its context may keep its own.
"#]]
    );
}

#[test]
fn a_context_may_belong_to_several_environments() {
    let config =
        parse("environments: {a: {context: x}, b: {contexts: [x, y]}, c: {context: z}}").unwrap();
    let owners: Vec<&str> = config
        .owners_of("x")
        .into_iter()
        .map(|o| o.as_str())
        .collect();
    assert_eq!(owners, ["a", "b"]);
}
