//! What the user's configuration may say, and what is said about its faults.

use std::time::Duration;

use super::*;

mod faults;

const FILE: &str = "/home/ann/.config/kube-deploy/config.yaml";

fn parse(text: &str) -> Result<UserConfig, ConfigError> {
    UserConfig::parse(FILE, text, &["status", "deploy"])
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
