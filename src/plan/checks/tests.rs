//! The rules of zero downtime, one row for each.

use std::sync::Arc;

use serde_json::json;

use super::*;

fn rolling(surge: Value, unavailable: Value, replicas: i32) -> Value {
    json!({
        "metadata": {"name": "web", "uid": "u"},
        "spec": {
            "replicas": replicas,
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 10,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {
                "maxSurge": surge, "maxUnavailable": unavailable,
            }},
            "template": {"spec": {"containers": [{
                "name": "web",
                "image": "web:1",
                "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
                "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
            }]}},
        },
    })
}

fn without_probe(mut raw: Value) -> Value {
    raw.pointer_mut("/spec/template/spec/containers/0")
        .and_then(Value::as_object_mut)
        .unwrap()
        .remove("readinessProbe");
    raw
}

fn with(mut raw: Value, pointer: &str, key: &str, value: Value) -> Value {
    raw.pointer_mut(pointer)
        .and_then(Value::as_object_mut)
        .unwrap()
        .insert(key.to_owned(), value);
    raw
}

fn owned(raw: Value, manager: &str, operation: &str) -> Value {
    let fields = json!({"f:spec": {
        "f:minReadySeconds": {},
        "f:strategy": {"f:rollingUpdate": {"f:maxUnavailable": {}}},
    }});
    let entry = json!([{"manager": manager, "operation": operation, "fieldsV1": fields}]);
    with(raw, "/metadata", "managedFields", entry)
}

fn check_with(raw: Value, strategy: Strategy) -> Checked {
    check(&Deployment::read(Arc::new(raw)).unwrap(), strategy, false)
}

fn checked(raw: Value) -> Checked {
    check_with(raw, Strategy::ZeroDowntime)
}

/// The settings as `field: before -> after (delay)`.
fn settings(checked: &Checked) -> Vec<String> {
    checked
        .settings
        .iter()
        .map(|setting| {
            let SetOutside {
                field,
                value,
                before,
            } = setting.outside();
            let (Setting::NoneUnavailable { delay, .. } | Setting::MinReadySeconds { delay, .. }) =
                setting;
            let before = before.unwrap_or_else(|| "unset".to_owned());
            format!("{field}: {before} -> {value} ({delay:?})")
        })
        .collect()
}

#[test]
fn max_unavailable_becomes_zero_where_surge_has_room() {
    let cases = [
        (
            "a number",
            json!(1),
            json!(1),
            10,
            &["maxUnavailable: 1 -> 0 (0ns)"][..],
        ),
        (
            "the defaults",
            json!("25%"),
            json!("25%"),
            4,
            &["maxUnavailable: 25% -> 0 (0ns)"],
        ),
        (
            "a percentage that is 0 today",
            json!("25%"),
            json!("25%"),
            3,
            &["maxUnavailable: 25% -> 0 (0ns)"],
        ),
        ("0 already", json!(1), json!(0), 10, &[]),
        ("0 % already", json!("25%"), json!("0%"), 10, &[]),
        ("no surge is a statement", json!(0), json!(1), 10, &[]),
        ("nor is 0 %", json!("0%"), json!(1), 10, &[]),
        (
            "a percentage of no replicas",
            json!("25%"),
            json!("25%"),
            0,
            &[],
        ),
    ];
    for (case, surge, unavailable, replicas, expected) in cases {
        let checked = checked(rolling(surge, unavailable, replicas));
        assert_eq!(settings(&checked), expected, "{case}");
    }
}

#[test]
fn the_setting_says_what_might_have_been_missing_and_what_it_costs() {
    let raw = with(
        rolling(json!("25%"), json!("25%"), 10),
        "/spec",
        "minReadySeconds",
        json!(5),
    );
    assert_eq!(
        checked(raw).settings,
        [Setting::NoneUnavailable {
            before: Amount::Percent(25),
            missing: 2,
            replicas: 10,
            waves_before: 2,
            waves: 4,
            delay: Duration::from_secs(10),
        }]
    );
}

#[test]
fn what_is_left_alone_is_warned_of_with_numbers() {
    let drop = |unavailable, missing, replicas, from_replicas, left| {
        vec![Warning::CapacityMayDrop {
            unavailable,
            missing,
            replicas,
            from_replicas,
            left,
        }]
    };
    let argo = Manager::ArgoCd { application: None };
    let terraform = Manager::Apply {
        name: "terraform".to_owned(),
    };
    let quarter = |replicas| rolling(json!("25%"), json!("25%"), replicas);
    let percent = Amount::Percent(25);
    let zero_downtime = Strategy::ZeroDowntime;
    let cases = [
        (
            "no surge",
            rolling(json!(0), json!(2), 10),
            zero_downtime,
            drop(Amount::Pods(2), 2, 10, None, Left::NoSurge),
        ),
        (
            "no surge and none unavailable come to one",
            rolling(json!("0%"), json!("0%"), 10),
            zero_downtime,
            drop(Amount::Pods(1), 1, 10, None, Left::NoSurge),
        ),
        (
            "only to warn",
            quarter(4),
            Strategy::Warn,
            drop(percent, 1, 4, None, Left::Policy),
        ),
        (
            "only to warn, and one replica more loses one",
            quarter(3),
            Strategy::Warn,
            drop(percent, 0, 3, Some(4), Left::Policy),
        ),
        ("kept", quarter(4), Strategy::Keep, vec![]),
        (
            "Argo CD updates the field",
            owned(quarter(4), "argocd-controller", "Update"),
            zero_downtime,
            drop(percent, 1, 4, None, Left::Owned(argo)),
        ),
        (
            "somebody applies the field",
            owned(quarter(4), "terraform", "Apply"),
            zero_downtime,
            drop(percent, 1, 4, None, Left::Owned(terraform)),
        ),
    ];
    for (case, raw, strategy, expected) in cases {
        let checked = check_with(raw, strategy);
        assert_eq!(checked.settings, [], "{case}");
        assert_eq!(checked.warnings, expected, "{case}");
    }
}

#[test]
fn who_only_updated_a_field_does_not_own_it() {
    let raw = owned(
        rolling(json!(1), json!(1), 3),
        "kubectl-client-side-apply",
        "Update",
    );
    assert_eq!(settings(&checked(raw)).len(), 1);
}

#[test]
fn min_ready_seconds_stand_in_for_a_probe() {
    let raw = |replicas, surge| without_probe(rolling(surge, json!(0), replicas));
    let one = || json!(1);
    let deadline = |seconds| {
        with(
            raw(3, one()),
            "/spec",
            "progressDeadlineSeconds",
            json!(seconds),
        )
    };
    let cases = [
        (
            "one after another",
            raw(10, one()),
            &["minReadySeconds: unset -> 10 (100s)"][..],
        ),
        (
            "all at once",
            raw(300, json!("100%")),
            &["minReadySeconds: unset -> 10 (10s)"],
        ),
        (
            "two minutes at most",
            raw(12, one()),
            &["minReadySeconds: unset -> 10 (120s)"],
        ),
        ("longer is not worth it", raw(13, one()), &[]),
        (
            "a short deadline",
            deadline(9),
            &["minReadySeconds: unset -> 4 (12s)"],
        ),
        ("no room before the deadline", deadline(1), &[]),
        (
            "no deadline",
            deadline(i32::MAX),
            &["minReadySeconds: unset -> 10 (30s)"],
        ),
        (
            "set already",
            with(raw(3, one()), "/spec", "minReadySeconds", json!(1)),
            &[],
        ),
        (
            "written as 0",
            with(raw(3, one()), "/spec", "minReadySeconds", json!(0)),
            &["minReadySeconds: 0 -> 10 (30s)"],
        ),
        ("no replicas", raw(0, one()), &[]),
        ("a probe in any container", rolling(one(), json!(0), 3), &[]),
        (
            "no surge, but one may be missing",
            without_probe(rolling(json!(0), one(), 3)),
            &["minReadySeconds: unset -> 10 (30s)"],
        ),
    ];
    for (case, raw, expected) in cases {
        assert_eq!(settings(&checked(raw)), expected, "{case}");
    }
}

#[test]
fn a_missing_probe_is_warned_of_where_nothing_makes_up_for_it() {
    let raw = |replicas| without_probe(rolling(json!(1), json!(0), replicas));
    let short = with(raw(3), "/spec", "progressDeadlineSeconds", json!(1));
    let helm = Manager::Helm { release: None };
    let zero_downtime = Strategy::ZeroDowntime;
    let cases = [
        (
            "too slow",
            raw(30),
            zero_downtime,
            ProbeLeft::TooSlow {
                delay: Duration::from_secs(300),
            },
        ),
        (
            "no room",
            short,
            zero_downtime,
            ProbeLeft::Deadline { seconds: 1 },
        ),
        ("kept", raw(3), Strategy::Keep, ProbeLeft::Policy),
        ("warned", raw(3), Strategy::Warn, ProbeLeft::Policy),
        (
            "owned",
            owned(raw(3), "helm", "Update"),
            zero_downtime,
            ProbeLeft::Owned(helm),
        ),
    ];
    for (case, raw, strategy, left) in cases {
        let warnings = check_with(raw, strategy).warnings;
        assert_eq!(warnings, [Warning::NoReadinessProbe { left }], "{case}");
    }
}

#[test]
fn both_settings_count_their_waves_together() {
    let raw = without_probe(rolling(json!("25%"), json!("25%"), 10));
    assert_eq!(
        settings(&checked(raw)),
        [
            "maxUnavailable: 25% -> 0 (0ns)",
            "minReadySeconds: unset -> 10 (40s)"
        ]
    );
}

#[test]
fn recreate_needs_permission_and_then_a_warning() {
    let raw = with(
        rolling(json!(1), json!(0), 3),
        "/spec",
        "strategy",
        json!({"type": "Recreate"}),
    );
    let deployment = Deployment::read(Arc::new(raw)).unwrap();
    for strategy in [Strategy::ZeroDowntime, Strategy::Keep] {
        let refused = check(&deployment, strategy, false);
        assert!(refused.is_downtime && refused.settings.is_empty());
        let allowed = check(&deployment, strategy, true);
        assert!(!allowed.is_downtime);
        assert_eq!(allowed.warnings, [Warning::Downtime { replicas: 3 }]);
    }
}

#[test]
fn hygiene_is_warned_of() {
    let good = rolling(json!(1), json!(0), 3);
    let no_pre_stop = with(
        good.clone(),
        "/spec/template/spec/containers/0",
        "lifecycle",
        json!({}),
    );
    let short = with(good.clone(), "/spec", "revisionHistoryLimit", json!(1));
    let cases = [
        ("nothing to say", good, vec![]),
        ("no preStop", no_pre_stop, vec![Warning::NoPreStop]),
        (
            "history of one",
            short,
            vec![Warning::ShortHistory { limit: 1 }],
        ),
        (
            "no replicas",
            rolling(json!(1), json!(0), 0),
            vec![Warning::NoReplicas],
        ),
    ];
    for (case, raw, expected) in cases {
        assert_eq!(checked(raw).warnings, expected, "{case}");
    }
}

#[test]
fn a_tag_without_a_digit_moves() {
    let digest = format!("web:latest@sha256:{}", "a".repeat(64));
    let cases = [
        ("web:latest", true),
        ("web", true),
        ("web:master", true),
        ("web:v1", false),
        ("web:cb19269526f946222110fbdfb3d107c4b5a18fe7", false),
        (&digest, false),
    ];
    let deployment = Deployment::read(Arc::new(rolling(json!(1), json!(0), 3))).unwrap();
    for (image, is_moving) in cases {
        let image: Image = image.parse().unwrap();
        let warning = moving_tag(deployment.containers()[0], &image);
        assert_eq!(warning.is_some(), is_moving, "{image}");
    }
}
