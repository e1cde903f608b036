//! Whole plans: what changes, what is recorded, and what stands against it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use super::super::testing::{Case, NEW, NOW, OLD, deployment, plan, with};
use super::*;
use crate::plan::checks::Warning;
use crate::plan::{DeploymentPlan, Refusal};
use crate::rollout::Counts;

/// A write of ours an hour ago, as it lies on the Deployment.
fn deployed(raw: Value, id: u64, log: &str) -> Value {
    let annotation = |raw, name: &str, value: String| {
        with(
            raw,
            &format!("/metadata/annotations/wantedly.com~1{name}"),
            json!(value),
        )
    };
    let raw = annotation(raw, "deploy-id", format!("{id:016x}"));
    let raw = annotation(raw, "deployed-at", "2026-11-21T06:00:00Z".to_owned());
    annotation(raw, "deploy-log", log.to_owned())
}

fn line(number: u32, outcome: &str, id: u64, tag: &str) -> String {
    format!("{number} 1795240800 deploy {outcome} - {id:016x} bob {tag}")
}

/// What the patch writes, without its tests.
fn written(plan: &DeploymentPlan) -> BTreeMap<String, Value> {
    let read: Vec<Value> = serde_json::from_slice(&plan.patch.body()).unwrap();
    read.into_iter()
        .filter(|operation| operation["op"] != "test")
        .map(|operation| {
            let path = operation["path"].as_str().unwrap().to_owned();
            (path, operation["value"].clone())
        })
        .collect()
}

fn log_of(plan: &DeploymentPlan) -> Vec<String> {
    let annotation = "/metadata/annotations/wantedly.com~1deploy-log";
    let text = written(plan)[annotation].as_str().unwrap().to_owned();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn the_patch_tests_what_the_plan_is_made_from_and_writes_everything_at_once() {
    let raw = with(
        deployment("rails", OLD),
        "/spec/strategy/rollingUpdate/maxUnavailable",
        json!("25%"),
    );
    let plan = plan([raw]);
    let body = String::from_utf8(plan.deployments[0].patch.body()).unwrap();
    assert_data_eq!(
        body.replace("},", "},\n"),
        str![[r#"
[{"op":"test","path":"/metadata/uid","value":"uid-of-rails"},
{"op":"test","path":"/spec/template/spec/containers/0/name","value":"rails"},
{"op":"test","path":"/spec/template/spec/containers/0/image","value":"wantedly/rails:d1cb608ee61cb18f8c397c2e27576573879b2fcf"},
{"op":"test","path":"/spec/strategy/rollingUpdate/maxUnavailable","value":"25%"},
{"op":"test","path":"/metadata/annotations/wantedly.com~1deploy-id","value":null},
{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"wantedly/rails:cb19269526f946222110fbdfb3d107c4b5a18fe7"},
{"op":"replace","path":"/spec/strategy/rollingUpdate/maxUnavailable","value":0},
{"op":"add","path":"/metadata/annotations/wantedly.com~1deploy-id","value":"000000000000002a"},
{"op":"add","path":"/metadata/annotations/wantedly.com~1deploy-action","value":"deploy"},
{"op":"add","path":"/metadata/annotations/wantedly.com~1deploy-ref","value":"master"},
{"op":"add","path":"/metadata/annotations/wantedly.com~1deploy-sha","value":"cb19269526f946222110fbdfb3d107c4b5a18fe7"},
{"op":"add","path":"/metadata/annotations/wantedly.com~1deploy-user","value":"alice"},
{"op":"add","path":"/metadata/annotations/wantedly.com~1deployed-at","value":"2026-11-21T07:00:00Z"},
{"op":"add","path":"/metadata/annotations/wantedly.com~1deploy-reason","value":""},
{"op":"add","path":"/metadata/annotations/wantedly.com~1deploy-tool","value":"kube 0.1.0"},
{"op":"add","path":"/metadata/annotations/wantedly.com~1deploy-set","value":"maxUnavailable=0 was 25%"},
{"op":"add","path":"/metadata/annotations/wantedly.com~1deploy-targets","value":"1"},
{"op":"add","path":"/metadata/annotations/wantedly.com~1deploy-before","value":"NewReplicaSetAvailable 2026-11-21T06:01:30Z"},
{"op":"add","path":"/metadata/annotations/wantedly.com~1deploy-log","value":"1 1795244400 deploy - - 000000000000002a alice cb19269526f946222110fbdfb3d107c4b5a18fe7"},
{"op":"add","path":"/metadata/annotations/kubernetes.io~1change-cause","value":"kube qa deploy master (cb19269) by alice"}]
"#]]
    );
}

#[test]
fn a_change_is_the_running_image_with_the_new_tag() {
    let plan = plan([deployment("web", OLD), deployment("rails", OLD)]);
    let changes: Vec<String> = plan
        .deployments
        .iter()
        .flat_map(|deployment| &deployment.changes)
        .map(|change| {
            format!(
                "{}: {} -> {}",
                change.container, change.before, change.after
            )
        })
        .collect();
    assert_eq!(
        changes,
        [
            format!("rails: wantedly/rails:{OLD} -> wantedly/rails:{NEW}"),
            format!("web: wantedly/web:{OLD} -> wantedly/web:{NEW}"),
        ]
    );
    assert_eq!(plan.refusals, []);
    assert_eq!(plan.unchanged, []);
}

#[test]
fn a_target_that_is_as_wanted_is_not_written_but_judged() {
    let plan = plan([
        deployed(deployment("rails", NEW), 7, &line(3, "-", 7, NEW)),
        deployment("web", OLD),
    ]);
    assert_eq!(plan.deployments.len(), 1);
    let unchanged = &plan.unchanged[0];
    assert_eq!(unchanged.name(), "rails");
    assert!(matches!(unchanged.standing, Standing::Complete { .. }));
    assert_eq!(
        unchanged.baseline.deploy_id.as_deref(),
        Some("0000000000000007")
    );
    assert_eq!(unchanged.baseline.age, Duration::from_secs(3600));
    assert!(!unchanged.baseline.written);
    assert_eq!(
        plan.number, 4,
        "greater than that of any target, changing or not"
    );
    assert_eq!(plan.deployments[0].record.targets, Some(1));
}

#[test]
fn what_runs_is_as_wanted_if_it_means_the_same() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let image = |text: &str| text.parse::<Image>().unwrap();
    let cases = [
        ("spelt alike", "a/b:1".to_owned(), "a/b:1", true),
        ("spelt in full", "docker.io/a/b:1".to_owned(), "a/b:1", true),
        (
            "pinned by a webhook",
            format!("a/b:1@{digest}"),
            "a/b:1",
            true,
        ),
        (
            "pinned, and the tag moves",
            format!("a/b:latest@{digest}"),
            "a/b:latest",
            false,
        ),
        ("another tag", "a/b:1".to_owned(), "a/b:2", false),
        ("another repository", "a/b:1".to_owned(), "a/c:1", false),
    ];
    for (case, running, wanted, expected) in cases {
        assert_eq!(
            is_as_wanted(&image(&running), &image(wanted)),
            expected,
            "{case}"
        );
    }
}

#[test]
fn one_number_is_greater_than_all_that_any_target_remembers() {
    let first = deployed(deployment("rails", OLD), 1, &line(41, "completed", 1, OLD));
    let second = deployed(deployment("web", OLD), 2, &line(7, "completed", 2, OLD));
    let plan = plan([first, second]);
    assert_eq!(plan.number, 42);
    for deployment in &plan.deployments {
        assert!(
            log_of(deployment)[0]
                .starts_with("42 1795244400 deploy - - 000000000000002a alice cb1")
        );
    }
}

#[test]
fn the_deploy_before_is_closed_as_it_ended() {
    let open = || deployed(deployment("rails", OLD), 7, &line(3, "-", 7, OLD));
    let condition = |raw, reason: &str, time: &str| {
        let condition = json!([{"type": "Progressing", "status": "True", "reason": reason, "lastUpdateTime": time}]);
        with(raw, "/status/conditions", condition)
    };
    let cases = [
        (
            "it ended well, 90 s after its write",
            open(),
            "completed 90",
        ),
        (
            "lost pods since do not count",
            with(open(), "/status/availableReplicas", json!(1)),
            "completed 90",
        ),
        (
            "its deadline was over",
            condition(
                with(open(), "/status/updatedReplicas", json!(1)),
                "ProgressDeadlineExceeded",
                "2026-11-21T06:10:00Z",
            ),
            "failed 600",
        ),
        (
            "it is still going on",
            condition(
                with(open(), "/status/updatedReplicas", json!(1)),
                "ReplicaSetUpdated",
                "2026-11-21T06:59:00Z",
            ),
            "superseded 3600",
        ),
        (
            "the time is that of an earlier rollout",
            condition(open(), "NewReplicaSetAvailable", "2026-11-20T00:00:00Z"),
            "completed -",
        ),
        (
            "kubectl changed the image since",
            with(
                open(),
                "/spec/template/spec/containers/0/image",
                json!("wantedly/rails:by-hand"),
            ),
            "superseded -",
        ),
    ];
    for (case, raw, expected) in cases {
        let plan = plan([raw]);
        let log = log_of(&plan.deployments[0]);
        assert_eq!(
            log[1],
            format!("3 1795240800 deploy {expected} 0000000000000007 bob {OLD}"),
            "{case}"
        );
    }
}

#[test]
fn an_older_deploy_whose_end_nobody_saw_is_superseded() {
    let log = [line(3, "-", 7, OLD), line(2, "-", 6, "v1")].join("\n");
    let plan = plan([deployed(deployment("rails", OLD), 7, &log)]);
    let log = log_of(&plan.deployments[0]);
    assert!(
        log[1].contains(" completed ") && log[2].contains(" superseded "),
        "{log:#?}"
    );
}

#[test]
fn the_same_line_again_finds_nothing_to_write() {
    let loose = "/spec/strategy/rollingUpdate/maxUnavailable";
    let raw = with(deployment("rails", OLD), loose, json!("25%"));
    let first = plan([raw.clone()]);
    let applied = first.deployments[0].patch.apply_locally(&raw).unwrap();
    let again = plan([with(applied, "/metadata/generation", json!(5))]);
    assert_eq!(again.deployments, []);
    let unchanged = &again.unchanged[0];
    assert!(
        matches!(unchanged.standing, Standing::Unfinished { .. }),
        "not observed yet, so it is watched to its end"
    );
    assert_eq!(
        unchanged.record.as_ref(),
        Some(&first.deployments[0].record)
    );
    assert_eq!(
        unchanged.baseline.progressing_before, first.deployments[0].record.before,
        "both watchers judge by the same baseline"
    );
}

#[test]
fn what_an_earlier_deploy_set_stays_remembered_until_somebody_changes_it() {
    let raw = |min_ready: i32| {
        let raw = deployed(deployment("rails", OLD), 7, "");
        let raw = with(raw, "/spec/minReadySeconds", json!(min_ready));
        let set = "maxUnavailable=0 was 25%; minReadySeconds=10 was unset; banana=1 was 2";
        with(
            raw,
            "/metadata/annotations/wantedly.com~1deploy-set",
            json!(set),
        )
    };
    for (min_ready, expected) in [
        (10, "maxUnavailable=0 was 25%; minReadySeconds=10 was unset"),
        (5, "maxUnavailable=0 was 25%"),
    ] {
        let plan = plan([raw(min_ready)]);
        let written = written(&plan.deployments[0]);
        assert_eq!(
            written["/metadata/annotations/wantedly.com~1deploy-set"],
            expected
        );
    }
}

#[test]
fn the_cause_is_short_and_says_what_was_typed() {
    let wanted = |reference: &str| Wanted::Commit {
        reference: reference.to_owned(),
        commit: NEW.parse().unwrap(),
        tag: NEW.parse().unwrap(),
    };
    for (wanted, expected) in [
        (wanted("master"), "kube qa deploy master (cb19269) by alice"),
        (wanted(NEW), "kube qa deploy cb19269 by alice"),
        (wanted("cb19269526"), "kube qa deploy cb19269 by alice"),
        (
            Wanted::Tag("v3".parse().unwrap()),
            "kube qa deploy --tag v3 by alice",
        ),
        (
            Wanted::Image("wantedly/rails:v3".parse().unwrap()),
            "kube qa deploy --image wantedly/rails:v3 by alice",
        ),
    ] {
        let case = Case {
            wanted,
            ..Case::of([deployment("rails", OLD)])
        };
        let written = written(&case.plan().deployments[0]);
        assert_eq!(
            written["/metadata/annotations/kubernetes.io~1change-cause"],
            expected
        );
    }
}

#[test]
fn a_hostile_name_stays_within_its_annotations() {
    let mut case = Case::of([deployment("rails", OLD)]);
    case.signature.user = "mallory\n\"\u{1b}[31m\u{202e}".repeat(300);
    let written = written(&case.plan().deployments[0]);
    for (path, value) in &written {
        let text = value.as_str().unwrap_or_default();
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{path}");
        assert!(text.len() <= 2048, "{path}");
    }
    let cause = written["/metadata/annotations/kubernetes.io~1change-cause"]
        .as_str()
        .unwrap();
    assert!(cause.len() <= 200 && !cause.contains('\n'));
}

#[test]
fn what_stands_against_a_deployment_is_part_of_the_plan() {
    let rails = || deployment("rails", OLD);
    let recreate = with(rails(), "/spec/strategy", json!({"type": "Recreate"}));
    let helm = "/metadata/annotations/meta.helm.sh~1release-name";
    let full = with(
        rails(),
        "/metadata/annotations/x",
        json!("x".repeat(262_000)),
    );
    let name = || "rails".to_owned();
    let cases = [
        (
            "Recreate",
            recreate,
            Refusal::Downtime { deployment: name() },
        ),
        (
            "paused",
            with(rails(), "/spec/paused", json!(true)),
            Refusal::Paused { deployment: name() },
        ),
        (
            "being deleted",
            with(rails(), "/metadata/deletionTimestamp", json!(NOW)),
            Refusal::Terminating { deployment: name() },
        ),
        (
            "managed and not annotated",
            with(
                with(
                    rails(),
                    "/metadata/annotations/wantedly.com~1deploy-target",
                    json!("0"),
                ),
                helm,
                json!("shop"),
            ),
            Refusal::Managed {
                deployment: name(),
                manager: crate::plan::managers::Manager::Helm {
                    release: Some("shop".to_owned()),
                },
            },
        ),
        (
            "annotations are full",
            full,
            Refusal::AnnotationsFull {
                deployment: name(),
                bytes: 0,
            },
        ),
    ];
    for (case, raw, expected) in cases {
        let plan = Case {
            targets: vec![name()],
            ..Case::of([raw])
        }
        .plan();
        assert_eq!(
            plan.deployments.len(),
            1,
            "{case}: the plan is shown all the same"
        );
        let found: Vec<_> = plan.refusals.iter().map(std::mem::discriminant).collect();
        assert_eq!(found, [std::mem::discriminant(&expected)], "{case}");
    }
}

#[test]
fn flags_allow_what_is_refused() {
    let raw = with(
        deployment("rails", OLD),
        "/spec/strategy",
        json!({"type": "Recreate"}),
    );
    let raw = with(
        raw,
        "/metadata/annotations/wantedly.com~1deploy-target",
        json!("0"),
    );
    let raw = with(
        raw,
        "/metadata/annotations/meta.helm.sh~1release-name",
        json!("shop"),
    );
    let mut case = Case {
        targets: vec!["rails".to_owned()],
        ..Case::of([raw])
    };
    case.rules.is_downtime_allowed = true;
    case.rules.is_managed_allowed = true;
    let plan = case.plan();
    assert_eq!(plan.refusals, []);
    let warnings = &plan.deployments[0].warnings;
    assert!(
        warnings
            .iter()
            .any(|warning| matches!(warning, Warning::Downtime { replicas: 3 }))
    );
    assert!(
        warnings
            .iter()
            .any(|warning| matches!(warning, Warning::Managed { .. }))
    );
}

#[test]
fn an_annotated_deployment_has_consented_to_being_changed() {
    let raw = with(
        deployment("rails", OLD),
        "/metadata/annotations/meta.helm.sh~1release-name",
        json!("shop"),
    );
    let plan = plan([raw]);
    assert_eq!(plan.refusals, []);
    assert!(matches!(
        plan.deployments[0].warnings[..],
        [Warning::Managed { .. }]
    ));
}

#[test]
fn the_strategy_is_kept_if_anyone_says_so() {
    let raw = || {
        with(
            deployment("rails", OLD),
            "/spec/strategy/rollingUpdate/maxUnavailable",
            json!(1),
        )
    };
    let count = |case: Case| case.plan().deployments[0].settings.len();
    assert_eq!(count(Case::of([raw()])), 1);

    let mut by_flag = Case::of([raw()]);
    by_flag.rules.keeps_strategy = true;
    assert_eq!(count(by_flag), 0);

    let key = "/metadata/annotations/wantedly.com~1deploy-strategy";
    assert_eq!(count(Case::of([with(raw(), key, json!("keep"))])), 0);

    let mut by_environment = Case::of([raw()]);
    by_environment.rules.strategy = Strategy::Keep;
    assert_eq!(count(by_environment), 0);
}

#[test]
fn containers_that_stay_behind_are_named() {
    let containers = json!([
        {"name": "rails", "image": format!("wantedly/rails:{OLD}"), "lifecycle": {"preStop": {}},
            "readinessProbe": {}},
        {"name": "cron", "image": format!("docker.io/wantedly/rails:{OLD}")},
        {"name": "proxy", "image": "nginx:1"},
        {"name": "odd", "image": "???"},
    ]);
    let raw = with(
        deployment("rails", OLD),
        "/spec/template/spec/containers",
        containers,
    );
    let plan = plan([raw]);
    let behind: Vec<_> = plan.deployments[0].warnings.iter().collect();
    assert_eq!(
        behind,
        [&Warning::SameRepository {
            container: "cron".to_owned(),
            image: format!("docker.io/wantedly/rails:{OLD}"),
        }]
    );
}

#[test]
fn another_image_and_a_moving_tag_are_warned_of() {
    let case = Case {
        wanted: Wanted::Image("ghcr.io/wantedly/rails:latest".parse().unwrap()),
        ..Case::of([deployment("rails", OLD)])
    };
    assert_eq!(
        case.plan().deployments[0].warnings,
        [
            Warning::MovingTag {
                container: "rails".to_owned(),
                tag: Some("latest".to_owned()),
                is_cached: true,
            },
            Warning::OtherRepository {
                container: "rails".to_owned(),
                before: "wantedly/rails".to_owned(),
                after: "ghcr.io/wantedly/rails".to_owned(),
            },
        ]
    );
}

#[test]
fn a_doomed_rollout_does_not_keep_a_deploy_waiting() {
    let rolling = with(
        deployment("rails", OLD),
        "/status/updatedReplicas",
        json!(1),
    );
    let mut case = Case::of([rolling]);
    assert!(case.plan().deployments[0].standing.is_busy());
    case.doomed.insert("rails".to_owned());
    let standing = &case.plan().deployments[0].standing;
    assert!(!standing.is_busy());
    assert_eq!(
        standing.counts(),
        Counts {
            wanted: 3,
            updated: 1,
            total: 3,
            available: 3,
            ..Counts::default()
        }
    );
}

#[test]
fn a_deployment_without_annotations_can_be_changed() {
    let mut raw = deployment("rails", OLD);
    raw["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("annotations");
    let case = Case {
        targets: vec!["rails".to_owned()],
        ..Case::of([raw.clone()])
    };
    let plan = case.plan();
    let applied = plan.deployments[0].patch.apply_locally(&raw).unwrap();
    assert_eq!(
        applied["metadata"]["annotations"]["wantedly.com/deploy-id"],
        "000000000000002a"
    );
}

#[test]
fn a_plan_made_anew_goes_on_with_the_release_that_it_began() {
    let log = |entries: &[String]| entries.join("\n");
    let ours = log(&[line(4, "completed", 7, "v1"), line(5, "-", 0x2a, NEW)]);
    let plan = plan([
        deployed(deployment("web", NEW), 0x2a, &ours),
        deployed(deployment("worker", OLD), 7, &line(4, "completed", 7, OLD)),
    ]);
    assert_eq!(plan.number, 5);
    let targets = "/metadata/annotations/wantedly.com~1deploy-targets";
    assert_eq!(written(&plan.deployments[0])[targets], "2");
}
