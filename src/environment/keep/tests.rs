//! A kept context is inserted, and everything else stays.

use snapbox::{IntoData, assert_data_eq, str};

use super::super::choose::{ClusterSource, Why};
use super::super::cluster_identity::ClusterIdentity;
use super::super::tests::{kubeconfig, shown};
use super::*;

fn kept(environment: &str, context: &str, authority: Authority) -> Kept {
    let context = kubeconfig(&[context]).context(context).unwrap().clone();
    let cluster = context.cluster.clone().unwrap();
    let place = Place {
        identity: ClusterIdentity {
            server: cluster.server.clone(),
            authority,
        },
        source: ClusterSource::Kubeconfig {
            context: Box::new(context),
            cluster,
        },
        why: Why::Segment,
    };
    Kept::new(environment.parse().unwrap(), &place)
}

fn add(text: &str) -> Result<String, KeepError> {
    kept("qa", "acme-qa", Authority::System).add_to("config.yaml", text, &["status"])
}

#[test]
fn the_context_is_put_where_it_belongs() {
    let cases = [
        (
            "",
            str![[r#"
environments:
  qa:
    context: acme-qa
    server: https://acme-qa.example.com
    certificate-authority: system

"#]],
        ),
        (
            "# mine\nuser: ann\n",
            str![[r#"
# mine
user: ann
environments:
  qa:
    context: acme-qa
    server: https://acme-qa.example.com
    certificate-authority: system

"#]],
        ),
        (
            "user: ann",
            str![[r#"
user: ann
environments:
  qa:
    context: acme-qa
    server: https://acme-qa.example.com
    certificate-authority: system

"#]],
        ),
        (
            "environments:\n",
            str![[r#"
environments:
  qa:
    context: acme-qa
    server: https://acme-qa.example.com
    certificate-authority: system

"#]],
        ),
        (
            "environments: {} # none yet\nuser: ann\n",
            str![[r#"
environments: # none yet
  qa:
    context: acme-qa
    server: https://acme-qa.example.com
    certificate-authority: system
user: ann

"#]],
        ),
        (
            "environments: # all of them\n    # the real one\n    production:\n        context: p # here\n\nuser: ann\n",
            str![[r#"
environments: # all of them
    qa:
        context: acme-qa
        server: https://acme-qa.example.com
        certificate-authority: system
    # the real one
    production:
        context: p # here

user: ann

"#]],
        ),
        (
            "environments:\n  qa: # ours\n      namespace: web\n  b:\n    context: b\n",
            str![[r#"
environments:
  qa: # ours
      context: acme-qa
      server: https://acme-qa.example.com
      certificate-authority: system
      namespace: web
  b:
    context: b

"#]],
        ),
        (
            "environments:\n  qa:\n",
            str![[r#"
environments:
  qa:
    context: acme-qa
    server: https://acme-qa.example.com
    certificate-authority: system

"#]],
        ),
        (
            "environments:\n  qa:",
            str![[r#"
environments:
  qa:
    context: acme-qa
    server: https://acme-qa.example.com
    certificate-authority: system

"#]],
        ),
        (
            "environments:\n  a:\n    context: environments\n# environments:\nuser: ann\n",
            str![[r#"
environments:
  qa:
    context: acme-qa
    server: https://acme-qa.example.com
    certificate-authority: system
  a:
    context: environments
# environments:
user: ann

"#]],
        ),
    ];
    for (text, expected) in cases {
        assert_data_eq!(add(text).unwrap(), expected.raw());
    }
}

#[test]
fn line_ends_stay_as_they_are() {
    let text = "user: ann\r\nenvironments:\r\n  a:\r\n    context: a\r\n";
    assert_eq!(
        add(text).unwrap(),
        "user: ann\r\nenvironments:\r\n  qa:\r\n    context: acme-qa\r\n    server: https://acme-qa.example.com\r\n    certificate-authority: system\r\n  a:\r\n    context: a\r\n"
    );
}

#[test]
fn odd_names_are_quoted_and_an_unverified_server_gets_no_authority() {
    let kept = kept("no", "a b: #c", Authority::Unverified);
    let text = kept.add_to("config.yaml", "", &[]).unwrap();
    assert_data_eq!(
        text,
        str![[r#"
environments:
  "no":
    context: "a b: #c"
    server: "https://a b: #c.example.com"

"#]]
        .raw()
    );
}

#[test]
fn a_shape_that_lines_do_not_fit_is_left_to_its_owner() {
    for text in [
        "environments: {production: {context: p}}\n",
        "{environments: {}}\n",
        "environments:\n  qa: {namespace: web}\n",
        "environments: &all\n  a: {context: a}\n",
        "  user: ann\n",
        "user: ann\n...\n",
        "? environments\n: {}\n",
    ] {
        match add(text) {
            Ok(edited) => {
                let config = UserConfig::parse("config.yaml", &edited, &[]).unwrap();
                assert!(config.environments.contains_key("qa"), "{edited}");
            }
            Err(KeepError::Shape { .. }) => {}
            Err(error) => panic!("{text}: {error}"),
        }
    }
    let error = add("environments: {production: {context: p}}\n").unwrap_err();
    assert_data_eq!(
        shown(error),
        str![[r#"
Refused: config.yaml is written in a way that cannot be added to
hint: Add these lines yourself:
environments:
  qa:
    context: acme-qa
    server: https://acme-qa.example.com
    certificate-authority: system

"#]]
    );
    let error = add("environments: [").unwrap_err();
    assert!(matches!(error, KeepError::Config(_)));
}
