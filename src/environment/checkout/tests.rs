//! What a checkout's configuration may say, and what it may not.

use snapbox::{assert_data_eq, str};

use super::super::tests::shown;
use super::*;

fn parse(text: &str) -> Result<CheckoutConfig, CheckoutError> {
    CheckoutConfig::parse(FILE_NAME, text)
}

fn fault(text: &str) -> String {
    shown(parse(text).unwrap_err())
}

#[test]
fn it_may_tighten_and_fill_in() {
    let config = parse(
        "\
annotation-prefix: example.com
tag: '{branch}-{short_sha}'
environments:
  qa:
    protected: true
    confirm: ask
    branches: [main]
    allowed-repositories: [acme/web]
    busy: wait
    on-failure: rollback
    strategy: zero-downtime
",
    )
    .unwrap();
    assert_eq!(
        config.environments["qa"],
        Guards {
            protected: Some(true),
            confirm: Some(Confirm::Ask),
            branches: Some(vec!["main".parse().unwrap()]),
            allowed_repositories: Some(vec!["acme/web".parse().unwrap()]),
            busy: Some(Busy::Wait),
            on_failure: Some(OnFailure::Rollback),
            strategy: Some(Strategy::ZeroDowntime),
        }
    );
    assert!(config.annotation_prefix.is_some() && config.tag.is_some());
    assert_eq!(parse("# nothing\n"), Ok(CheckoutConfig::default()));
}

#[test]
fn each_forbidden_key_has_its_sentence() {
    let cases = [
        (
            "environments:\n  qa:\n    context: production\n",
            str![[r#"
Refused: .kube-deploy.yaml, line 3: a checkout's configuration may not say `context`: a pull request could send the deploy to another cluster
  3 |     context:
    |     ^^^^^^^
hint: Put it into your own configuration, ~/.config/kube-deploy/config.yaml.
"#]],
        ),
        (
            "environments:\n  qa:\n    namespace: kube-system\n",
            str![[r#"
Refused: .kube-deploy.yaml, line 3: a checkout's configuration may not say `namespace`: a pull request could send the deploy to another namespace
  3 |     namespace:
    |     ^^^^^^^^^
hint: Put it into your own configuration, ~/.config/kube-deploy/config.yaml.
"#]],
        ),
        (
            "environments:\n  qa:\n    server: https://evil.example.com\n",
            str![[r#"
Refused: .kube-deploy.yaml, line 3: a checkout's configuration may not say `server`: a pull request could vouch for another cluster
  3 |     server:
    |     ^^^^^^
hint: Put it into your own configuration, ~/.config/kube-deploy/config.yaml.
"#]],
        ),
        (
            "registries:\n  ghcr.io: https://evil.example.com\n",
            str![[r#"
Refused: .kube-deploy.yaml, line 1: a checkout's configuration may not say `registries`: a pull request could send requests and tokens to another host
  1 | registries:
    | ^^^^^^^^^^
hint: Put it into your own configuration, ~/.config/kube-deploy/config.yaml.
"#]],
        ),
        (
            "command: date\n",
            str![[r#"
Refused: .kube-deploy.yaml, line 1: a checkout's configuration may not say `command`: a pull request could run commands
  1 | command:
    | ^^^^^^^
hint: Take it out: no configuration runs commands.
"#]],
        ),
        (
            "token: s3cret\n",
            str![[r#"
Refused: .kube-deploy.yaml, line 1: a checkout's configuration may not say `token`: a pull request could read or replace it
  1 | token:
    | ^^^^^
hint: Take it out: tokens come from variables such as GH_TOKEN, and from `gh auth login`.
"#]],
        ),
        (
            "user: ann\n",
            str![[r#"
Refused: .kube-deploy.yaml, line 1: a checkout's configuration may not say `user`: a pull request could deploy in another person's name
  1 | user:
    | ^^^^
hint: Put it into your own configuration, ~/.config/kube-deploy/config.yaml.
"#]],
        ),
        (
            "patience: {observe: 0s}\n",
            str![[r#"
Refused: .kube-deploy.yaml, line 1: a checkout's configuration may not say `patience`: a pull request could make the watch give up early
  1 | patience:
    | ^^^^^^^^
hint: Put it into your own configuration, ~/.config/kube-deploy/config.yaml.
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
fn no_key_of_the_user_is_merely_unknown_here() {
    for key in [
        "context",
        "contexts",
        "server",
        "certificate-authority",
        "namespace",
        "repositories",
        "registries",
        "github",
        "user",
        "patience",
    ] {
        for text in [
            format!("{key}: x\n"),
            format!("environments: {{qa: {{{key}: x}}}}\n"),
        ] {
            let error = parse(&text).unwrap_err();
            assert!(
                matches!(error, CheckoutError::Forbidden { .. }),
                "{text}{error}"
            );
        }
    }
}

#[test]
fn a_value_that_can_only_loosen_is_refused() {
    let cases = [
        (
            "environments:\n  production:\n    protected: false\n",
            str![[r#"
Refused: .kube-deploy.yaml, line 3: a checkout's configuration may only tighten, and `protected: false` loosens
  3 |     protected: false
    |                ^^^^^
hint: What an environment allows is said by the annotations of its Namespace.
"#]],
        ),
        (
            "environments:\n  production:\n    confirm: never\n",
            str![[r#"
Refused: .kube-deploy.yaml, line 3: a checkout's configuration may only tighten, and `confirm: never` loosens
  3 |     confirm: never
    |              ^^^^^
hint: What an environment allows is said by the annotations of its Namespace.
"#]],
        ),
        (
            "environments:\n  production:\n    busy: supersede\n",
            str![[r#"
Refused: .kube-deploy.yaml, line 3: a checkout's configuration may only tighten, and `busy: supersede` loosens
  3 |     busy: supersede
    |           ^^^^^^^^^
hint: What an environment allows is said by the annotations of its Namespace.
"#]],
        ),
        (
            "environments:\n  production:\n    strategy: keep\n",
            str![[r#"
Refused: .kube-deploy.yaml, line 3: a checkout's configuration may only tighten, and `strategy: keep` loosens
  3 |     strategy: keep
    |               ^^^^
hint: What an environment allows is said by the annotations of its Namespace.
"#]],
        ),
    ];
    for (text, expected) in cases {
        assert_data_eq!(fault(text), expected);
    }
}

#[test]
fn other_faults_are_told_as_in_the_users_configuration() {
    let cases = [
        (
            "environments:\n  qa:\n    branchs: [main]\n",
            str![[r#"
Usage: .kube-deploy.yaml, line 3: there is no key `branchs`
  3 |     branchs:
    |     ^^^^^^^
hint: Did you mean `branches`?
"#]],
        ),
        (
            "environments:\n  qa:\n    confirm: maybe\n",
            str![[r#"
Usage: .kube-deploy.yaml, line 3: `maybe` is none of never, ask, name
  3 |     confirm: maybe
    |              ^^^^^
"#]],
        ),
        (
            "environments: [qa]\n",
            str![[r#"
Usage: .kube-deploy.yaml, line 1: expected a mapping (`key: value`)
  1 | environments: [qa]
    |               ^
"#]],
        ),
    ];
    for (text, expected) in cases {
        assert_data_eq!(fault(text), expected);
    }
}
