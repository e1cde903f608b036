//! What stands on stdout and stderr, for scripts and for eyes, and what signals do.

use std::process::Stdio;

use kube_sandbox::faults::{Fault, Match, Rule};
use rustix::process::Signal;
use serde_json::json;

use crate::stage::{Running, Stage, WEB, code, ended};

const SECRET: &str = "hunter2-planted";

fn contract(stage: &Stage, mark: &str) -> String {
    let (old, new) = (stage.old(), stage.new_commit());
    format!(
        "{mark}deploy to (deployment: \"web\", container: \"app\")\n\
         {mark}  before: registry.example/shop:{old}\n\
         {mark}  after:  registry.example/shop:{new}\n"
    )
}

#[test]
fn contract_lines_are_exact() {
    let stage = Stage::new();
    let dry = stage.kube("qa deploy master --dry-run");
    dry.tells(0, &[]);
    assert!(
        dry.stdout.starts_with(&contract(&stage, "[dry-run] ")),
        "{dry}"
    );
    assert_eq!(dry.stdout.matches("before: ").count(), 1, "{dry}");
    let changes = stage.kube("qa deploy master --dry-run --exit-code");
    changes.tells(3, &[]);
    assert_eq!(stage.writes(), [""; 0]);

    let real = stage.kube("qa deploy master");
    real.tells(0, &[]);
    assert_eq!(real.stdout, contract(&stage, ""));

    let again = stage.kube("qa deploy master");
    again.tells(0, &["Nothing was changed"]);
    assert!(
        !again.stdout.contains("before: ") && !again.stdout.contains("deploy to"),
        "{again}"
    );
}

#[test]
fn json_is_the_last_line_whatever_happens() {
    for form in ["json", "ndjson"] {
        let stage = Stage::new();
        let check = |words: &str, code: i32, changed: bool| {
            let run = stage.kube(&format!("-o {form} {words}"));
            run.tells(code, &[]);
            for line in run.stdout.lines() {
                serde_json::from_str::<serde_json::Value>(line).unwrap();
            }
            let document = run.document();
            assert_eq!(document["exit_code"], code, "{run}");
            assert_eq!(document["changed"], changed, "{run}");
            assert!(!run.stdout.contains("[dry-run]"), "{run}");
        };
        check("qa deploy master --dry-run", 0, false);
        check("qa deploy mastr", 11, false);
        check("qa -n shp deploy master", 11, false);
        check("qa deploy master --expect nonsense", 2, false);
        check("qa deploy master", 0, true);
        check("qa deploy master", 0, false);
        check("qa deploy --tag x-not-found", 20, true);
        check("nowhere deploy master", 2, false);
        check("qa deploy --tag bad:tag", 2, false);
        check("--config missing qa deploy master", 11, false);
    }
}

#[test]
fn colour_is_for_terminals_or_on_demand() {
    let stage = Stage::new();
    for (words, variables, is_colored) in [
        ("qa deploy master --dry-run", &[][..], false),
        (
            "qa deploy master --dry-run --color always",
            &[("NO_COLOR", "1")],
            true,
        ),
        (
            "qa deploy master --dry-run --color never",
            &[("CLICOLOR_FORCE", "1")],
            false,
        ),
        (
            "qa deploy master --dry-run",
            &[("CLICOLOR_FORCE", "1")],
            true,
        ),
        (
            "qa deploy master --dry-run",
            &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")],
            false,
        ),
    ] {
        let mut command = stage.command(words);
        command.envs(variables.iter().copied());
        let run = stage.run(&mut command);
        assert_eq!(
            run.stdout.contains('\u{1b}'),
            is_colored,
            "{words} {variables:?}\n{run}"
        );
        assert!(is_colored || !run.stderr.contains('\u{1b}'), "{run}");
    }
}

#[test]
fn closed_streams_change_no_exit_code() {
    let stage = Stage::new();
    let mut command = stage.command("qa deploy master --dry-run --exit-code");
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    drop(child.stderr.take());
    assert_eq!(code(ended(&mut child)), 3);
}

#[test]
fn values_of_variables_are_shown_nowhere() {
    let stage = Stage::with(|web| {
        web["spec"]["template"]["spec"]["containers"][0]["env"] =
            json!([{"name": "PASSWORD", "value": SECRET}]);
        web["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] =
            format!("{{\"value\":\"{SECRET}\"}}").into();
    });
    stage.cluster(|cluster, _| cluster.admit("admin", kube_sandbox::api::User::admin()));
    for words in [
        "qa deploy master --dry-run -vv",
        "-o json qa deploy master --dry-run -vv",
        "qa deploy master -vv",
        "qa status -vv",
    ] {
        let run = stage.kube(words);
        run.tells(0, &[]);
        assert!(!run.stdout.contains(SECRET), "{words}: {run}");
        assert!(!run.stderr.contains(SECRET), "{words}: {run}");
        assert!(!run.stderr.contains("Bearer admin"), "{words}: {run}");
    }
}

#[test]
fn foreign_text_commands_neither_terminal_nor_runner() {
    let stage = Stage::new();
    stage.fault(Rule::new(
        Match::verb("patch", WEB),
        Fault::Answer {
            status: 403,
            message: Some("no\n::error::owned\n::add-mask::x\u{1b}[2J\u{9b}1m\rgone".into()),
            retry_after: None,
        },
    ));
    let mut command = stage.command("qa deploy master");
    let run = stage.run(command.env("GITHUB_ACTIONS", "true").env("CI", "true"));
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\r']), "{run}");
        assert!(
            !text.lines().any(|line| line.trim_start().starts_with("::")),
            "{run}"
        );
    }
}

#[test]
fn interrupt_before_the_write_sends_nothing() {
    for (signal, number) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let stage = Stage::new();
        stage.fault_at("patch", WEB, Fault::Silence);
        let running = Running::start(&mut stage.command("-o json qa deploy master"));
        stage.until("the preview is asked for", |stage| {
            stage.asked("patch", WEB) > 0
        });
        running.signal(signal);
        let run = running.end(&stage);
        run.tells(number, &["nothing was changed"]);
        assert_eq!(run.document()["changed"], false);
        assert_eq!(stage.writes(), [""; 0]);
    }
}

#[test]
fn interrupt_after_the_write_detaches() {
    for (signal, number) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let stage = Stage::new();
        let words = "-o json qa deploy --tag v2-ready-after-600s";
        let running = Running::start(&mut stage.command(words));
        stage.until("the write", |stage| !stage.writes().is_empty());
        stage.until("the watch", |stage| {
            stage.asked("watch", "/api/v1/namespaces/shop/pods") > 0
        });
        running.signal(signal);
        let run = running.end(&stage);
        run.tells(number, &["kube qa status --watch"]);
        assert_eq!(run.document()["changed"], true, "{run}");
        assert!(stage.image_of("web").ends_with("v2-ready-after-600s"));
    }
}

#[test]
fn detached_run_prints_its_id() {
    let stage = Stage::new();
    let run = stage.kube("qa deploy master --detach");
    run.tells(0, &[]);
    let id = run.stdout.lines().last().unwrap();
    let web = stage.object(kube_sandbox::object::Kind::Deployment, "web");
    assert_eq!(web["metadata"]["annotations"]["wantedly.com/deploy-id"], id);
}
