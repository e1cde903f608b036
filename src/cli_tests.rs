//! The grammar from the outside: what parses to what, and what the errors say.

use super::*;

fn known(name: &str, is_sandbox: bool) -> KnownEnvironment {
    KnownEnvironment {
        name: name.to_owned(),
        about: format!("context {name}"),
        is_listed: true,
        is_sandbox,
    }
}

fn parse_words(words: &[&str]) -> Result<(GlobalArgs, Request), clap::Error> {
    let environments = [
        known("qa", false),
        known("production", false),
        known("sandbox", true),
    ];
    parse(words.iter().map(OsString::from), &environments)
}

fn deploy_args(words: &[&str]) -> DeployArgs {
    match parse_words(words).expect("parses").1 {
        Request::Environment {
            command: EnvironmentCommand::Deploy(args),
            ..
        } => args,
        other => panic!("not a deploy: {other:?}"),
    }
}

#[test]
fn grammar_is_consistent() {
    command(&[known("qa", false), known("sandbox", true)]).debug_assert();
}

#[test]
fn dry_run_is_the_servers_unless_it_says_otherwise() {
    assert_eq!(
        deploy_args(&["kube", "qa", "deploy", "master"]).dry_run,
        None
    );
    for (flag, expected) in [
        ("--dry-run", DryRun::Server),
        ("--dry-run=server", DryRun::Server),
        ("--dry-run=client", DryRun::Client),
    ] {
        assert_eq!(
            deploy_args(&["kube", "qa", "deploy", "master", flag]).dry_run,
            Some(expected)
        );
    }
    // The word after a bare --dry-run is the ref, never its value.
    let args = deploy_args(&["kube", "qa", "deploy", "--dry-run", "client"]);
    assert_eq!(args.reference.as_deref(), Some("client"));
}

#[test]
fn global_options_may_stand_anywhere() {
    for words in [
        ["kube", "-n", "web", "qa", "status"],
        ["kube", "qa", "-n", "web", "status"],
        ["kube", "qa", "status", "-n", "web"],
    ] {
        let (global, _) = parse_words(&words).expect("parses");
        assert_eq!(global.namespace.as_deref(), Some("web"), "{words:?}");
    }
}

#[test]
fn ref_image_and_tag_exclude_each_other_and_one_is_needed() {
    for words in [
        &["kube", "qa", "deploy"][..],
        &["kube", "qa", "deploy", "master", "--tag", "v1"],
        &["kube", "qa", "deploy", "--image", "a:b", "--tag", "v1"],
    ] {
        let error = parse_words(words).expect_err("refused");
        assert_eq!(error.exit_code(), 2, "{words:?}");
    }
    assert_eq!(
        deploy_args(&["kube", "qa", "deploy", "--tag", "v1"])
            .tag
            .as_deref(),
        Some("v1")
    );
}

#[test]
fn unknown_environment_names_those_that_exist() {
    let error = parse_words(&["kube", "qaa", "deploy", "master"]).expect_err("refused");
    snapbox::assert_data_eq!(
        error.to_string(),
        snapbox::str![[r#"
error: unrecognized subcommand 'qaa'

  tip: a similar subcommand exists: 'qa'
  tip: known environments: qa, production, sandbox

Usage: kube [OPTIONS] <COMMAND>

For more information, try '--help'.

"#]]
    );
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn only_the_sandbox_can_be_reset() {
    assert!(matches!(
        parse_words(&["kube", "sandbox", "reset"])
            .expect("parses")
            .1,
        Request::Sandbox {
            command: SandboxCommand::Reset,
        }
    ));
    assert!(parse_words(&["kube", "qa", "reset"]).is_err());
}

#[test]
fn durations_are_read_with_and_without_unit() {
    for (text, seconds) in [
        ("0", 0),
        ("90", 90),
        ("90s", 90),
        ("10m", 600),
        ("1h30m", 5400),
    ] {
        assert_eq!(
            parse_duration(text),
            Ok(Duration::from_secs(seconds)),
            "{text}"
        );
    }
    for text in ["", "soon", "-5s", "10 parsecs"] {
        assert!(parse_duration(text).is_err(), "{text}");
    }
}

#[test]
fn early_options_are_found_wherever_they_stand() {
    for words in [
        &["kube", "--config", "c.yaml", "qa", "deploy", "master"][..],
        &["kube", "qa", "deploy", "master", "--config=c.yaml"],
        &[
            "kube",
            "qa",
            "deploy",
            "--image",
            "x",
            "--config",
            "c.yaml",
            "--nonsense",
        ],
        &["kube", "-v", "--dry-run", "--config", "c.yaml"],
    ] {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        assert_eq!(
            early_option(&words, "config"),
            Some(PathBuf::from("c.yaml")),
            "{words:?}"
        );
    }
    assert_eq!(early_option(&["kube".into(), "qa".into()], "config"), None);
}

#[test]
fn json_is_asked_for_in_any_spelling_and_place() {
    for (line, expected) in [
        ("kube nowhere deploy x -o json", true),
        ("kube -ojson nowhere", true),
        ("kube -o=ndjson nowhere", true),
        ("kube --output json", true),
        ("kube --output=ndjson", true),
        ("kube qa deploy json", false),
        ("kube -o text qa", false),
        ("kube qa -- -o json", false),
        ("kube -o", false),
    ] {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        assert_eq!(wants_json(&words), expected, "{line}");
    }
}
