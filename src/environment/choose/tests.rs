//! Which context an environment means.

use snapbox::{assert_data_eq, str};

use super::super::tests::{config, kubeconfig, shown};
use super::known::{KnownKind, known};
use super::*;

const COMMANDS: &[&str] = &["envs", "status"];

fn choose_from(
    environment: &str,
    context: Option<&str>,
    config_text: &str,
    contexts: &[&str],
) -> Result<Choice, ChooseError> {
    let wanted = Wanted {
        environment,
        context,
        commands: COMMANDS,
    };
    choose(&wanted, &config(config_text), &kubeconfig(contexts))
}

/// Returns a choice in a few words.
fn brief(choice: Result<Choice, ChooseError>) -> String {
    match choice {
        Ok(Choice::Certain(chosen)) => {
            format!("{} {:?}", chosen.source.context_name(), chosen.why)
        }
        Ok(Choice::Proposed(chosen)) => format!("propose {}", chosen.source.context_name()),
        Ok(Choice::Sandbox) => "sandbox".to_owned(),
        Err(error) => format!("{error:?}")
            .split([' ', '{'])
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

#[test]
fn the_context_is_found_in_the_order_of_the_rules() {
    let qa = "environments: {qa: {context: tokyo}, production: {context: osaka}}";
    let bare = "environments: {qa: {namespace: web}}";
    let contexts: &[&str] = &["qa", "tokyo", "osaka", "kobe", "eu-stage", "gke_acme_beta"];
    let cases = [
        ("the flag comes first", "qa", Some("kobe"), qa, "kobe Flag"),
        ("then the configuration", "qa", None, qa, "tokyo Config"),
        ("then the very name", "qa", None, "", "qa SameName"),
        (
            "also where the configuration names no context",
            "qa",
            None,
            bare,
            "qa SameName",
        ),
        ("then a segment", "stage", None, "", "propose eu-stage"),
        (
            "a segment behind an underscore",
            "beta",
            None,
            "",
            "propose gke_acme_beta",
        ),
        (
            "several segments",
            "acme_beta",
            None,
            "",
            "propose gke_acme_beta",
        ),
        ("no part of a word", "sta", None, "", "UnknownEnvironment"),
        ("else nothing", "prod", None, "", "UnknownEnvironment"),
        (
            "the flag goes with any name",
            "anything",
            Some("kobe"),
            qa,
            "kobe Flag",
        ),
        (
            "the flag wants an exact name",
            "qa",
            Some("kob"),
            qa,
            "NoContext",
        ),
        (
            "its own context by the flag",
            "qa",
            Some("tokyo"),
            qa,
            "tokyo Flag",
        ),
        (
            "another's context by the flag",
            "qa",
            Some("osaka"),
            qa,
            "ContextOfAnother",
        ),
        (
            "another's context by its name",
            "osaka",
            None,
            qa,
            "ContextOfAnother",
        ),
        (
            "in-cluster when named",
            "qa",
            Some("in-cluster"),
            qa,
            "in-cluster Flag",
        ),
        (
            "in-cluster not by its name",
            "in-cluster",
            None,
            "",
            "UnknownEnvironment",
        ),
    ];
    for (case, environment, context, config, expected) in cases {
        let choice = choose_from(environment, context, config, contexts);
        assert_eq!(brief(choice), expected, "{case}");
    }
}

#[test]
fn special_names_keep_their_meaning() {
    let cases: &[(&str, &str, &str, &[&str], &str)] = &[
        (
            "the current context never decides",
            "qa",
            "",
            &["a", "b"],
            "UnknownEnvironment",
        ),
        ("no kubeconfig at all", "qa", "", &[], "UnknownEnvironment"),
        (
            "a configured context that is gone",
            "qa",
            "environments: {qa: {context: x}}",
            &["qa"],
            "ConfiguredContextIsGone",
        ),
        (
            "in-cluster in the configuration",
            "ci",
            "environments: {ci: {context: in-cluster}}",
            &[],
            "in-cluster Config",
        ),
        (
            "in-cluster of another",
            "in-cluster",
            "environments: {ci: {context: in-cluster}}",
            &["in-cluster"],
            "ContextOfAnother",
        ),
        (
            "several contexts",
            "eu",
            "environments: {eu: {contexts: [a, b]}}",
            &["a", "b"],
            "SeveralContexts",
        ),
        (
            "one of several contexts",
            "eu",
            "environments: {eu: {contexts: [a]}}",
            &["a"],
            "a Config",
        ),
        (
            "two candidates",
            "qa",
            "",
            &["a-qa", "b-qa"],
            "SeveralCandidates",
        ),
        (
            "two candidates, one of them another's",
            "qa",
            "environments: {x: {context: a-qa}}",
            &["a-qa", "b-qa"],
            "propose b-qa",
        ),
        (
            "the only candidate is another's",
            "qa",
            "environments: {x: {context: a-qa}}",
            &["a-qa"],
            "ContextOfAnother",
        ),
        (
            "a context named like a command",
            "status",
            "",
            &["status"],
            "NamedLikeCommand",
        ),
        (
            "its segment is no way in",
            "status",
            "",
            &["a-status"],
            "NamedLikeCommand",
        ),
        ("the sandbox", "sandbox", "", &["qa"], "sandbox"),
        (
            "a context has its name",
            "sandbox",
            "",
            &["sandbox"],
            "SandboxOrReal",
        ),
        (
            "a context has it as a segment",
            "sandbox",
            "",
            &["acme-sandbox-eu"],
            "SandboxOrReal",
        ),
        (
            "an environment has it as a segment",
            "sandbox",
            "environments: {team-sandbox: {context: a}}",
            &["a"],
            "SandboxOrReal",
        ),
        (
            "part of a word is not it",
            "sandbox",
            "",
            &["sandboxes"],
            "sandbox",
        ),
        (
            "the real one is configured",
            "sandbox",
            "environments: {sandbox: {context: a}}",
            &["a", "sandbox"],
            "a Config",
        ),
        (
            "only settings are configured",
            "sandbox",
            "environments: {sandbox: {confirm: never}}",
            &["a"],
            "sandbox",
        ),
        (
            "settings do not tell it from a context",
            "sandbox",
            "environments: {sandbox: {confirm: never}}",
            &["sandbox"],
            "SandboxOrReal",
        ),
        (
            "builtin always works",
            "builtin",
            "environments: {sandbox: {context: a}}",
            &["sandbox", "builtin"],
            "sandbox",
        ),
    ];
    for (case, environment, config, contexts, expected) in cases {
        let choice = choose_from(environment, None, config, contexts);
        assert_eq!(brief(choice), *expected, "{case}");
    }
    let choice = choose_from("sandbox", Some("acme-sandbox"), "", &["acme-sandbox"]);
    assert_eq!(brief(choice), "acme-sandbox Flag");
}

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
    let file = super::super::kubeconfig::KubeconfigText {
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
fn all_environments_are_listed_by_the_names_that_work() {
    let list = |config_text: &str, contexts: &[&str]| -> Vec<(String, Vec<String>, KnownKind)> {
        known(&config(config_text), &kubeconfig(contexts), COMMANDS)
            .into_iter()
            .map(|known| (known.name, known.contexts, known.kind))
            .collect()
    };
    let entry = |name: &str, contexts: &[&str], kind| {
        let contexts = contexts.iter().map(|name| (*name).to_owned()).collect();
        (name.to_owned(), contexts, kind)
    };
    assert_eq!(
        list(
            "environments: {qa: {context: a}, eu: {contexts: [b, c]}, d: {confirm: name}, none: {}}",
            &["a", "b", "c", "d", "e", "status", "builtin"]
        ),
        [
            entry("d", &["d"], KnownKind::Configured),
            entry("eu", &["b", "c"], KnownKind::Configured),
            entry("none", &[], KnownKind::Configured),
            entry("qa", &["a"], KnownKind::Configured),
            entry("e", &["e"], KnownKind::Context),
            entry("sandbox", &[], KnownKind::Sandbox),
        ]
    );
    assert_eq!(
        list("environments: {sandbox: {context: a}}", &["a"]),
        [
            entry("sandbox", &["a"], KnownKind::Configured),
            entry("builtin", &[], KnownKind::Sandbox),
        ]
    );
    assert_eq!(
        list("", &["sandbox"]),
        [entry("builtin", &[], KnownKind::Sandbox)]
    );
    assert_eq!(
        list("environments: {sandbox: {confirm: never}}", &[]),
        [entry("sandbox", &[], KnownKind::Sandbox)]
    );
}

#[test]
fn a_context_to_paste_is_quoted_for_a_shell() {
    let cases = [
        ("gke_acme_qa", "gke_acme_qa"),
        (
            "arn:aws:eks:eu-1:12:cluster/qa",
            "arn:aws:eks:eu-1:12:cluster/qa",
        ),
        ("a b", "'a b'"),
        ("ann's", r"'ann'\''s'"),
        ("$(date)", "'$(date)'"),
        ("", "''"),
    ];
    for (word, expected) in cases {
        assert_eq!(error::shell_word(word), expected);
    }
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
