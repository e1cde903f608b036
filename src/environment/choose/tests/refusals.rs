//! Why no context is used, as its reader gets it.

use snapbox::{assert_data_eq, str};

use super::super::super::tests::shown;
use super::super::*;
use super::{COMMANDS, choose_from};

#[test]
fn every_refusal_says_what_to_do() {
    let several = "environments: {eu: {contexts: [eu-1, eu-2]}}";
    let pinned = "environments: {qa: {context: tokyo}, production: {context: osaka}}";
    let cases: &[(&str, Option<&str>, &str, &[&str], _)] = &[
        (
            "prodution",
            None,
            pinned,
            &["kobe"],
            str![[r#"
Usage: there is no environment `prodution`
hint: Did you mean `production`?
hint: The environments are production, qa, kobe, sandbox.
"#]],
        ),
        (
            "x",
            None,
            "",
            &[],
            str![[r#"
Usage: there is no environment `x`
hint: There is only `sandbox`: no configuration and no kubeconfig names another.
"#]],
        ),
        (
            "qa",
            None,
            "environments: {qa: {namespace: web}}",
            &["kobe"],
            str![[r#"
Usage: there is no environment `qa`
hint: It is in your configuration, but with no context: add `context:` to environments.qa.
hint: The environments are qa, kobe, sandbox.
"#]],
        ),
        (
            "qa",
            Some("koby"),
            "",
            &["kobe", "osaka"],
            str![[r#"
NotFound: there is no context `koby`
hint: Did you mean `kobe`?
hint: The contexts are kobe, osaka.
"#]],
        ),
        (
            "qa",
            Some("koby"),
            "",
            &[],
            str![[r#"
NotFound: there is no context `koby`
hint: No kubeconfig has any context.
"#]],
        ),
        (
            "qa",
            None,
            pinned,
            &["toyko"],
            str![[r#"
NotFound: environment `qa` is configured for the context `tokyo`, which no kubeconfig has
hint: Did you mean `toyko`?
hint: The contexts are toyko.
"#]],
        ),
        (
            "eu",
            None,
            several,
            &["eu-1", "eu-2"],
            str![[r#"
Refused: environment `eu` has 2 contexts (eu-1, eu-2), and deploying to several is not supported yet
hint: Configure an environment for each of them, with one `context:`, such as eu-1.
"#]],
        ),
        (
            "qa",
            None,
            "",
            &["a-qa", "ann's-qa"],
            str![[r#"
NotFound: `qa` may mean 2 contexts: a-qa, ann's-qa
hint: Say which: --context a-qa
hint: Say which: --context 'ann'/''s-qa'
hint: Or keep it in your configuration, as `context:` of environments.qa.
"#]],
        ),
        (
            "qa",
            Some("osaka"),
            pinned,
            &["osaka", "tokyo"],
            str![[r#"
Refused: context `osaka` belongs to the configured environment `production`, whose policy would not apply to `qa`
hint: Use the environment itself: kube production …
"#]],
        ),
        (
            "status",
            None,
            "",
            &["status"],
            str![[r#"
Usage: `status` is a command, and no environment can be meant by it
hint: A context of that name is reached by the configuration: environments.<name>.context: status
"#]],
        ),
        (
            "sandbox",
            None,
            "",
            &["acme-sandbox", "b-sandbox"],
            str![[r#"
Refused: `sandbox` may mean the built-in one or acme-sandbox, b-sandbox
hint: The built-in one always answers to its other name: kube builtin …
hint: For the real one, name its context in your configuration: environments.sandbox.context: acme-sandbox
"#]],
        ),
        (
            "builtin",
            Some("a"),
            "",
            &["a"],
            str![[r#"
Usage: the built-in sandbox has no context, so `--context a` cannot be meant
hint: Leave out --context.
"#]],
        ),
    ];
    for (environment, context, config, contexts, expected) in cases {
        let error = choose_from(environment, *context, config, contexts).unwrap_err();
        assert_data_eq!(shown(error), expected.clone());
    }
}

#[test]
fn a_context_that_leads_nowhere_is_refused_when_it_is_chosen() {
    let text = "contexts: [{name: qa, context: {cluster: c}}, {name: b}]";
    let file = crate::environment::kubeconfig::KubeconfigText {
        path: "/home/ann/.kube/config".as_ref(),
        text,
    };
    let kubeconfig = Kubeconfig::parse(&[file]).unwrap();
    let wanted = |environment| Wanted {
        environment,
        context: None,
        commands: COMMANDS,
    };
    let error = choose(&wanted("qa"), &UserConfig::default(), &kubeconfig).unwrap_err();
    assert_data_eq!(
        shown(error),
        str![[r#"
NotFound: context `qa` in /home/ann/.kube/config names the cluster `c`, which no kubeconfig has
hint: Correct the kubeconfig, or name another context with --context.
"#]]
    );
    let error = choose(&wanted("b"), &UserConfig::default(), &kubeconfig).unwrap_err();
    assert_data_eq!(
        shown(error),
        str![[r#"
NotFound: context `b` in /home/ann/.kube/config names no cluster
hint: Correct the kubeconfig, or name another context with --context.
"#]]
    );
}

fn chosen(environment: &str, context: Option<&str>, config: &str, contexts: &[&str]) -> Chosen {
    match choose_from(environment, context, config, contexts).unwrap() {
        Choice::Certain(chosen) | Choice::Proposed(chosen) => chosen,
        Choice::Sandbox => panic!("the sandbox"),
    }
}

fn identity(chosen: &Chosen) -> ClusterIdentity {
    match &chosen.source {
        ClusterSource::Kubeconfig { cluster, .. } => cluster.identity(b""),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_cluster_other_than_the_pinned_one_is_refused() {
    let config = "environments: {qa: {context: a, server: 'https://a.example.com/', certificate-authority: system}}";
    let same = chosen("qa", None, config, &["a", "b"]);
    assert_eq!(
        same.clone().verify(identity(&same)).map(|place| place.why),
        Ok(Why::Config)
    );
    let other = chosen("qa", Some("b"), config, &["a", "b"]);
    let error = other.clone().verify(identity(&other)).unwrap_err();
    assert_data_eq!(
        shown(error),
        str![[r#"
Refused: context `b` leads to another cluster than environment `qa` is pinned to: the server is https://b.example.com, not https://a.example.com/
hint: If the cluster was really replaced, correct `server` and `certificate-authority` of environments.qa in your configuration.
"#]]
    );
    let swapped = ClusterIdentity {
        authority: Authority::of_pem(b"x"),
        ..identity(&same)
    };
    assert_data_eq!(
        shown(same.verify(swapped).unwrap_err()),
        str![[r#"
Refused: context `a` leads to another cluster than environment `qa` is pinned to: the certificate authority is sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881, not system
hint: If the cluster was really replaced, correct `server` and `certificate-authority` of environments.qa in your configuration.
"#]]
    );
}

#[test]
fn a_proposal_is_used_for_reading_and_asked_about_for_writing() {
    let proposed = chosen("qa", None, "", &["ann's-qa"]);
    let settle =
        |intent, is_interactive| settle(&proposed, intent, is_interactive, "kube qa deploy master");
    assert_eq!(settle(Intent::Read, false), Ok(Settlement::Use));
    assert_eq!(settle(Intent::Read, true), Ok(Settlement::Use));
    assert_eq!(settle(Intent::Write, true), Ok(Settlement::AskToKeep));
    assert_data_eq!(
        shown(settle(Intent::Write, false).unwrap_err()),
        str![[r#"
Refused: context `ann's-qa` is only a guess for `qa`, and nobody can be asked
hint: If it is the one: kube qa deploy master --context 'ann'/''s-qa'
"#]]
    );
}

#[test]
fn a_long_list_of_contexts_is_cut() {
    let contexts: Vec<String> = (0..30).map(|number| format!("c{number}")).collect();
    let contexts: Vec<&str> = contexts.iter().map(String::as_str).collect();
    let error = choose_from("qa", Some("x-y"), "", &contexts).unwrap_err();
    assert_data_eq!(
        shown(error),
        str![[r#"
NotFound: there is no context `x-y`
hint: The contexts are c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18, c19, and 10 more.
"#]]
    );
}
