//! What is said about faults of the configuration, to the letter.

use snapbox::{assert_data_eq, str};

use super::super::super::tests::shown;
use super::parse;

fn fault(text: &str) -> String {
    shown(parse(text).unwrap_err())
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
