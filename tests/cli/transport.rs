//! What goes wrong between the program and the API server, and what the program makes of it.

use kube_sandbox::faults::{Fault, Match, Rule, WatchTrouble};

use crate::stage::{Stage, WEB};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/shop/deployments";
const PODS: &str = "/api/v1/namespaces/shop/pods";

fn answer(status: u16, message: Option<&str>, retry_after: Option<u64>) -> Fault {
    Fault::Answer {
        status,
        message: message.map(str::to_owned),
        retry_after,
    }
}

/// The real write, not its preview.
fn real_patch(fault: Fault) -> Rule {
    let matches = Match {
        dry_run: Some(false),
        ..Match::verb("patch", WEB)
    };
    Rule::new(matches, fault)
}

/// Runs the deploy again without faults, and checks that it ends well.
#[track_caller]
fn converges(stage: &Stage) {
    stage.without_faults();
    stage.kube("qa deploy master").tells(0, &[]);
    assert!(stage.image_of("web").ends_with(stage.new_commit()));
    let run = stage.kube("qa deploy master");
    run.tells(0, &["Nothing was changed"]);
}

#[test]
fn deploy_without_trouble_is_one_write() {
    let stage = Stage::new();
    stage.kube("qa deploy master").tells(0, &[]);
    assert_eq!(stage.writes(), [format!("PATCH {WEB}")]);
    converges(&stage);
}

#[test]
fn what_fails_before_the_write_changes_nothing() {
    type Case = (
        &'static str,
        &'static str,
        &'static str,
        Fault,
        i32,
        &'static [&'static str],
    );
    let cases: &[Case] = &[
        (
            "A1 credentials",
            "list",
            DEPLOYMENTS,
            answer(401, None, None),
            12,
            &["error: ", "hint: "],
        ),
        (
            "A5 absent",
            "list",
            DEPLOYMENTS,
            answer(404, None, None),
            11,
            &["error: "],
        ),
        (
            "A3 list",
            "list",
            DEPLOYMENTS,
            answer(403, Some("deployments.apps is forbidden"), None),
            12,
            &["error: "],
        ),
        (
            "A23 portal",
            "*",
            "*",
            Fault::Html,
            13,
            &["text/html", "hint: "],
        ),
        (
            "A7 invalid",
            "patch",
            WEB,
            answer(422, Some("spec.replicas: Invalid value"), None),
            10,
            &["Invalid value"],
        ),
        (
            "A7 bad",
            "patch",
            WEB,
            answer(400, Some("the body is bad"), None),
            10,
            &["the body is bad"],
        ),
    ];
    for (name, verb, path, fault, code, pieces) in cases {
        let stage = Stage::new();
        let matches = match *verb {
            "*" => Match::default(),
            verb => Match::verb(verb, path),
        };
        stage.fault(Rule::new(matches, fault.clone()));
        let run = stage.kube("qa deploy master");
        run.tells(*code, pieces);
        assert_eq!(stage.writes(), [""; 0], "{name}");
        converges(&stage);
    }
}

#[test]
fn a_server_that_recovers_is_waited_for() {
    let cases: &[(&str, Rule)] = &[
        (
            "A9 throttled",
            Rule::new(Match::verb("list", DEPLOYMENTS), answer(429, None, Some(1))).times(1),
        ),
        (
            "A10 etcd",
            Rule::new(
                Match::verb("list", DEPLOYMENTS),
                answer(500, Some("etcdserver: leader changed"), None),
            )
            .times(1),
        ),
        (
            "A11 reads",
            Rule::new(Match::verb("list", DEPLOYMENTS), Fault::Close).times(1),
        ),
        (
            "A11 unavailable",
            Rule::new(Match::verb("list", DEPLOYMENTS), answer(503, None, None)).times(1),
        ),
        ("A9 write", real_patch(answer(429, None, Some(1))).times(1)),
        (
            "A10 write",
            real_patch(answer(500, Some("etcdserver: request timed out"), None)).times(1),
        ),
        ("A12 gateway", real_patch(answer(504, None, None)).times(1)),
        ("A12 dropped", real_patch(Fault::ApplyThenDrop).times(1)),
        ("A11 not sent", real_patch(Fault::Close).times(1)),
        ("A13 cut at 0", real_patch(Fault::Cut { after: 0 }).times(1)),
        (
            "A13 cut at 100",
            real_patch(Fault::Cut { after: 100 }).times(1),
        ),
        (
            "A14 ends",
            Rule::new(
                Match::verb("watch", "*"),
                Fault::Watch(WatchTrouble::End { after: 1 }),
            ),
        ),
        (
            "A11 breaks",
            Rule::new(
                Match::verb("watch", "*"),
                Fault::Watch(WatchTrouble::Break { after: 1 }),
            ),
        ),
        (
            "A8 event",
            Rule::new(
                Match::verb("watch", "*"),
                Fault::Watch(WatchTrouble::Expire { after: 1 }),
            )
            .times(3),
        ),
        (
            "A8 answer",
            Rule::new(Match::verb("watch", "*"), answer(410, None, None)).times(2),
        ),
        (
            "A15 mute",
            Rule::new(
                Match::verb("watch", "*"),
                Fault::Watch(WatchTrouble::Mute { after: 0 }),
            )
            .times(4),
        ),
        (
            "A16 garbage",
            Rule::new(
                Match::verb("watch", "*"),
                Fault::Watch(WatchTrouble::Garbage {
                    after: 0,
                    line: "{\"type\":".into(),
                }),
            )
            .times(3),
        ),
        (
            "A16 long line",
            Rule::new(
                Match::verb("watch", "*"),
                Fault::Watch(WatchTrouble::LongLine {
                    after: 0,
                    bytes: 50_000_000,
                }),
            )
            .times(1),
        ),
        (
            "A17 twice",
            Rule::new(Match::verb("watch", "*"), Fault::Watch(WatchTrouble::Twice)),
        ),
        (
            "A18 old lists",
            Rule::new(Match::verb("list", "*"), Fault::Lag { revisions: 2 })
                .after(1)
                .times(4),
        ),
        (
            "A4 no pods",
            Rule::new(
                Match::verb("list", PODS),
                answer(403, Some("pods is forbidden"), None),
            ),
        ),
        (
            "A31 discovery",
            Rule::new(
                Match {
                    path: Some("/apis".into()),
                    ..Match::default()
                },
                answer(503, None, None),
            ),
        ),
    ];
    for (name, rule) in cases {
        let stage = Stage::new();
        stage.fault(rule.clone());
        let run = stage.kube("qa deploy master");
        run.tells(0, &[]);
        assert_eq!(stage.writes(), [format!("PATCH {WEB}")], "{name}");
        converges(&stage);
    }
}
