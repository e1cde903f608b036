//! Which context an environment means.

use super::super::tests::{config, kubeconfig};
use super::known::{KnownKind, answerable, known};
use super::*;

mod refusals;

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
fn words_that_propose_or_are_refused_with_a_reason_are_answerable() {
    let contexts = &["gke_acme_qa", "prod-eu", "status-x", "-odd-", "sandbox"];
    let config =
        config("environments: {production: {context: prod-eu}, qa: {context: gke_acme_qa}}");
    let kubeconfig = kubeconfig(contexts);
    let words: Vec<String> = answerable(&config, &kubeconfig, COMMANDS)
        .into_iter()
        .collect();
    assert_eq!(
        words,
        [
            "acme",
            "eu",
            "gke",
            "gke_acme_qa",
            "odd",
            "prod",
            "prod-eu",
            "sandbox",
            "x"
        ]
    );
    for word in words {
        let wanted = Wanted {
            environment: &word,
            context: None,
            commands: COMMANDS,
        };
        let choice = choose(&wanted, &config, &kubeconfig);
        assert!(
            !matches!(choice, Err(ChooseError::UnknownEnvironment { .. })),
            "{word}: {choice:?}"
        );
    }
}
