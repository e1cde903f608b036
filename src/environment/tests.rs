//! What an environment says about itself, and how the tests beside show errors.

use std::collections::BTreeMap;

use snapbox::{assert_data_eq, str};

use super::checkout::CheckoutConfig;
use super::choose::{Choice, Place, Wanted, choose};
use super::config::UserConfig;
use super::kubeconfig::{Kubeconfig, KubeconfigText};
use super::namespace::NamespaceWhy;
use super::policy::{Policy, Sources};
use super::prefix::{Prefix, PrefixSource};
use super::{Environment, protecting_names, tag_template};
use crate::error::Error;

/// Returns an error as its reader gets it: kind, text, hints.
pub(super) fn shown(error: impl Into<Error>) -> String {
    let error: Error = error.into();
    let hints = error.hints.iter().map(|hint| format!("\nhint: {hint}"));
    format!(
        "{:?}: {}{}",
        error.kind,
        error.chain().join(": "),
        hints.collect::<String>()
    )
}

/// Returns a kubeconfig with these contexts, each with a cluster `https://<context>.example.com`.
pub(super) fn kubeconfig(contexts: &[&str]) -> Kubeconfig {
    let mut text = "contexts:\n".to_owned();
    for name in contexts {
        text += &format!("- {{name: {name:?}, context: {{cluster: {name:?}, user: u}}}}\n");
    }
    text += "clusters:\n";
    for name in contexts {
        text +=
            &format!("- {{name: {name:?}, cluster: {{server: \"https://{name}.example.com\"}}}}\n");
    }
    let file = KubeconfigText {
        path: "/home/ann/.kube/config".as_ref(),
        text: &text,
    };
    Kubeconfig::parse(&[file]).unwrap()
}

pub(super) fn config(text: &str) -> UserConfig {
    UserConfig::parse("config.yaml", text, &["status"]).unwrap()
}

fn place(environment: &str, context: Option<&str>, config: &UserConfig) -> Place {
    let kubeconfig = kubeconfig(&["acme-qa", "acme-live-eu"]);
    let wanted = Wanted {
        environment,
        context,
        commands: &[],
    };
    match choose(&wanted, config, &kubeconfig).unwrap() {
        Choice::Certain(chosen) | Choice::Proposed(chosen) => {
            let cluster = match &chosen.source {
                super::choose::ClusterSource::Kubeconfig { cluster, .. } => cluster.clone(),
                other => panic!("{other:?}"),
            };
            chosen.verify(cluster.identity(b"")).unwrap()
        }
        Choice::Sandbox => Place::built_in("http://127.0.0.1:4711".to_owned()),
    }
}

fn environment(name: &str, context: Option<&str>, config_text: &str) -> Environment {
    let config = config(config_text);
    let place = place(name, context, &config);
    let prefix: Prefix = "example.com".parse().unwrap();
    let annotations = BTreeMap::new();
    let policy = Policy::build(&Sources {
        namespace: "web",
        annotations: Some(&annotations),
        prefix: &prefix,
        names: &protecting_names(name, &place),
        user: None,
        checkout: None,
    })
    .unwrap();
    Environment {
        name: name.to_owned(),
        place,
        namespace: "web".to_owned(),
        namespace_why: NamespaceWhy::Repository,
        prefix,
        prefix_source: PrefixSource::InUse,
        policy,
    }
}

#[test]
fn an_environment_is_described_in_one_line() {
    assert_data_eq!(
        environment("qa", None, "").describe(),
        str![
            "qa: namespace web (named like the repository), context acme-qa (the only one with that segment), server https://acme-qa.example.com"
        ]
    );
    assert_data_eq!(
        environment("eu", Some("acme-live-eu"), "").describe(),
        str![
            "eu: namespace web (named like the repository), context acme-live-eu (--context), server https://acme-live-eu.example.com; protected by `live` in the name `acme-live-eu`"
        ]
    );
    let sandbox = environment("sandbox", None, "");
    assert!(sandbox.is_simulated());
    assert_data_eq!(
        sandbox.describe(),
        str!["sandbox: namespace web (named like the repository), simulated on this machine"]
    );
}

#[test]
fn a_context_protects_by_its_name_unless_it_was_configured_for_another_name() {
    let configured = "environments: {eu: {context: acme-live-eu}}";
    let cases = [
        ("configured", environment("eu", None, configured), false),
        ("guessed", environment("eu", None, ""), true),
        (
            "given by the flag",
            environment("x", Some("acme-live-eu"), ""),
            true,
        ),
        ("of no such name", environment("qa", None, ""), false),
    ];
    for (case, environment, expected) in cases {
        assert_eq!(environment.policy.protected.value, expected, "{case}");
    }
}

#[test]
fn the_checkouts_tag_template_counts_last_and_never_where_protected() {
    let policy = |name: &str| environment(name, Some("acme-qa"), "").policy;
    let (silent, said) = (config(""), config("tag: u"));
    let checkout = CheckoutConfig::parse("c", "tag: c").unwrap();
    let cases = [
        ("nobody", &silent, None, "qa", None),
        ("the user", &said, Some(&checkout), "qa", Some("u")),
        ("the checkout", &silent, Some(&checkout), "qa", Some("c")),
        ("not the checkout", &silent, Some(&checkout), "prod", None),
        ("the user all the same", &said, None, "prod", Some("u")),
    ];
    for (case, user, checkout, name, expected) in cases {
        let template = tag_template(user, checkout, &policy(name));
        assert_eq!(template, expected, "{case}");
    }
}
