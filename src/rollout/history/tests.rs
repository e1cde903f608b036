//! The record and its log: print and parse, sizes, unions, and what is believed.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use super::log::{Entry, MOST_ENTRIES, Outcome};
use super::*;
use crate::rollout::observed::{DeploymentSeen, ReplicaSetSeen, ReplicaSetSpec};

const SHA: &str = "cb19269526f946222110fbdfb3d107c4b5a18fe7";

fn prefix() -> Prefix {
    "example.com".parse().unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn record() -> Record {
    Record {
        id: DeployId::from_bits(0x3f),
        action: Some(Action::Deploy),
        reference: Some("master".to_owned()),
        sha: Some(SHA.to_owned()),
        user: Some("alice".to_owned()),
        at: Some(at(1_795_243_913)),
        reason: None,
        tool: Some("kube 0.1.0".to_owned()),
        set: vec![
            SetOutside {
                field: "maxUnavailable".to_owned(),
                value: "0".to_owned(),
                before: Some("25%".to_owned()),
            },
            SetOutside {
                field: "minReadySeconds".to_owned(),
                value: "10".to_owned(),
                before: None,
            },
        ],
        targets: Some(2),
        before: Some(ProgressingStamp {
            reason: "NewReplicaSetAvailable".to_owned(),
            last_update_time: "2026-11-21T06:51:53Z".to_owned(),
        }),
    }
}

fn entry(number: u32, outcome: Option<Outcome>) -> Entry {
    Entry {
        number,
        at: at(1_795_243_913 + i64::from(number)),
        action: Action::Deploy,
        outcome,
        seconds: outcome.map(|_| 95),
        id: DeployId::from_bits(u64::from(number)),
        who: "alice".to_owned(),
        tag: SHA.to_owned(),
    }
}

fn log(entries: impl IntoIterator<Item = Entry>) -> Log {
    entries.into_iter().fold(Log::default(), Log::with)
}

fn as_map(annotations: Vec<(String, String)>) -> BTreeMap<String, String> {
    annotations.into_iter().collect()
}

#[test]
fn the_record_reads_as_people_would_write_it() {
    let log = log([entry(1, Some(Outcome::Completed)), entry(2, None)]);
    let lines: Vec<String> = record()
        .annotations(&log, &prefix())
        .into_iter()
        .map(|(key, value)| format!("{key}: {value}\n"))
        .collect();
    assert_data_eq!(
        lines.concat(),
        str![[r#"
example.com/deploy-id: 000000000000003f
example.com/deploy-action: deploy
example.com/deploy-ref: master
example.com/deploy-sha: cb19269526f946222110fbdfb3d107c4b5a18fe7
example.com/deploy-user: alice
example.com/deployed-at: 2026-11-21T06:51:53Z
example.com/deploy-reason: 
example.com/deploy-tool: kube 0.1.0
example.com/deploy-set: maxUnavailable=0 was 25%; minReadySeconds=10 was unset
example.com/deploy-targets: 2
example.com/deploy-before: NewReplicaSetAvailable 2026-11-21T06:51:53Z
example.com/deploy-log: 2 1795243915 deploy - - 0000000000000002 alice cb19269526f946222110fbdfb3d107c4b5a18fe7
1 1795243914 deploy completed 95 0000000000000001 alice cb19269526f946222110fbdfb3d107c4b5a18fe7

"#]]
    );
}

#[test]
fn ids_are_sixteen_lower_case_hexadecimal_digits() {
    assert_eq!(DeployId::from_bits(0xab).as_str(), "00000000000000ab");
    for text in [
        "",
        "ab",
        "00000000000000AB",
        "00000000000000ab0",
        "g0000000000000ab",
    ] {
        assert!(text.parse::<DeployId>().is_err(), "{text}");
    }
}

#[test]
fn reserved_names_are_those_of_the_record() {
    assert!(is_reserved("deploy-log") && is_reserved("deployed-at"));
    assert!(!is_reserved("deploy-target") && !is_reserved("github"));
}

#[test]
fn what_others_edited_is_left_out_and_the_rest_is_read() {
    let mut annotations = as_map(record().annotations(&Log::default(), &prefix()));
    for (name, value) in [
        ("deploy-action", "explode"),
        ("deployed-at", "yesterday"),
        ("deploy-set", "maxUnavailable=0 was 25%; nonsense"),
        ("deploy-targets", "-3"),
        ("deploy-before", "x"),
    ] {
        annotations.insert(prefix().key(name), value.to_owned());
    }
    let read = Record::read(&annotations, &prefix()).unwrap();
    assert_eq!(read.action, None);
    assert_eq!(read.at, None);
    assert_eq!(read.set.len(), 1);
    assert_eq!(read.targets, None);
    assert_eq!(read.before, None);
    assert_eq!(read.user.as_deref(), Some("alice"));

    annotations.insert(prefix().key("deploy-id"), "mine".to_owned());
    assert_eq!(Record::read(&annotations, &prefix()), None);
}

#[test]
fn a_log_leaves_out_lines_that_are_none() {
    let good = entry(7, Some(Outcome::Failed));
    for (case, text) in [
        ("as printed", good.to_string()),
        ("blank lines and a comment", format!("\n# mine\n{good}\n\n")),
        ("a word too many", format!("{good} more\n{good}")),
        ("a word too few", format!("7 1795243920 deploy\n{good}")),
        (
            "unknown outcome",
            format!("8 1795243920 deploy fine 1 00000000000000ff a b\n{good}"),
        ),
        (
            "a time beyond all times",
            format!("8 9999999999999999 deploy - - 00000000000000ff a b\n{good}"),
        ),
    ] {
        assert_eq!(
            Log::parse(&text).entries(),
            std::slice::from_ref(&good),
            "{case}"
        );
    }
}

#[test]
fn a_log_keeps_the_newest_twenty() {
    let log = log((1..=30).map(|number| entry(number, Some(Outcome::Completed))));
    let kept = Log::parse(&log.to_string());
    let numbers: Vec<u32> = kept.entries().iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, (11..=30).rev().collect::<Vec<_>>());
}

#[test]
fn the_union_takes_the_copy_that_knows_the_end() {
    let open = entry(3, None);
    let closed = entry(3, Some(Outcome::Completed));
    let left = entry(3, Some(Outcome::RolledBack));
    for (case, copies, expected) in [
        (
            "closed beats open",
            vec![open.clone(), closed.clone()],
            &closed,
        ),
        ("in any order", vec![closed.clone(), open.clone()], &closed),
        (
            "rolled back is later than completed",
            vec![left.clone(), closed.clone()],
            &left,
        ),
    ] {
        let union = Log::union(copies.into_iter().map(|copy| log([copy])));
        assert_eq!(union.entries(), std::slice::from_ref(expected), "{case}");
    }
}

#[test]
fn closing_an_entry_marks_other_open_ones_as_superseded() {
    let closed = log([
        entry(1, Some(Outcome::Completed)),
        entry(2, None),
        entry(3, None),
    ])
    .closed(Some((&DeployId::from_bits(3), Outcome::Failed, Some(40))));
    let ends: Vec<_> = closed
        .entries()
        .iter()
        .map(|entry| (entry.number, entry.outcome, entry.seconds))
        .collect();
    assert_eq!(
        ends,
        [
            (3, Some(Outcome::Failed), Some(40)),
            (2, Some(Outcome::Superseded), None),
            (1, Some(Outcome::Completed), Some(95)),
        ]
    );
}

fn template(tag: &str) -> Value {
    json!({"metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": format!("app:{tag}")}]}})
}

fn deployment(id: Option<u64>, tag: &str, log: &Log) -> DeploymentSeen {
    let mut annotations = BTreeMap::new();
    if let Some(id) = id {
        let record = Record {
            id: DeployId::from_bits(id),
            ..record()
        };
        annotations = as_map(record.annotations(log, &prefix()));
    }
    serde_json::from_value(json!({
        "metadata": {"name": "web", "uid": "u1", "generation": 4, "annotations": annotations},
        "spec": {"template": template(tag)},
    }))
    .unwrap()
}

fn replica_set(revision: u32, id: Option<u64>, tag: &str, log: &Log) -> ReplicaSetSeen {
    let mut metadata = deployment(id, tag, log).metadata;
    metadata.annotations.insert(
        "deployment.kubernetes.io/revision".to_owned(),
        revision.to_string(),
    );
    let owner = json!([{"uid": "u1", "name": "web", "controller": true}]);
    metadata.owner_references = serde_json::from_value(owner).unwrap();
    ReplicaSetSeen {
        metadata,
        spec: ReplicaSetSpec {
            template: template(tag),
            ..ReplicaSetSpec::default()
        },
        ..ReplicaSetSeen::default()
    }
}

#[test]
fn a_record_is_believed_if_id_image_and_replica_set_agree() {
    let one = log([Entry {
        tag: "v1".to_owned(),
        ..entry(1, None)
    }]);
    let none = Log::default();
    let set = |revision, id, tag| replica_set(revision, id, tag, &none);
    let cases = [
        (
            "all agree",
            deployment(Some(1), "v1", &one),
            vec![set(1, None, "v0"), set(2, Some(1), "v1")],
            Belief::Believed,
        ),
        (
            "the controller has not made the ReplicaSet yet",
            deployment(Some(1), "v1", &one),
            vec![set(1, None, "v0")],
            Belief::Unconfirmed,
        ),
        (
            "ReplicaSets may not be read",
            deployment(Some(1), "v1", &one),
            vec![],
            Belief::Unconfirmed,
        ),
        (
            "kubectl set image: the new ReplicaSet carries a copy of the id",
            deployment(Some(1), "v9", &one),
            vec![set(2, Some(1), "v1"), set(3, Some(1), "v9")],
            Belief::Contradicted,
        ),
        (
            "the same without a log: the ReplicaSet tells",
            deployment(Some(1), "v9", &none),
            vec![set(2, Some(1), "v1"), set(3, Some(1), "v9")],
            Belief::Contradicted,
        ),
        (
            "an old manifest was applied: image says no",
            deployment(Some(1), "v0", &one),
            vec![],
            Belief::Contradicted,
        ),
        (
            "no record",
            deployment(None, "v1", &none),
            vec![],
            Belief::Contradicted,
        ),
    ];
    for (case, deployment, sets, expected) in cases {
        let past = Past::read(&deployment, &sets, &prefix());
        assert_eq!(past.belief, expected, "{case}");
    }
}

#[test]
fn a_tag_is_found_beside_a_digest_that_a_webhook_added() {
    let digest = "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c";
    let one = log([Entry {
        tag: "v1".to_owned(),
        ..entry(1, None)
    }]);
    let pinned = deployment(Some(1), &format!("v1@sha256:{digest}"), &one);
    assert_eq!(
        Past::read(&pinned, &[], &prefix()).belief,
        Belief::Unconfirmed
    );
}

#[test]
fn an_undo_that_brought_an_old_log_back_loses_no_release() {
    let old = log([entry(1, None)]);
    let new = log([entry(1, Some(Outcome::Completed)), entry(2, None)]);
    let undone = deployment(Some(1), SHA, &old);
    let sets = [
        replica_set(3, Some(1), SHA, &old),
        replica_set(2, Some(2), "v2", &new),
    ];
    let past = Past::read(&undone, &sets, &prefix());
    assert_eq!(past.log, new);
    assert_eq!(past.log.greatest_number(), 2);
}

#[test]
fn somebody_elses_replica_sets_do_not_count() {
    let mut foreign = replica_set(1, Some(1), "v1", &log([entry(9, None)]));
    foreign.metadata.owner_references.clear();
    let past = Past::read(
        &deployment(None, "v1", &Log::default()),
        &[foreign],
        &prefix(),
    );
    assert_eq!(past.log, Log::default());
}

#[test]
fn a_later_watcher_judges_by_the_first_ones_baseline() {
    let one = log([Entry {
        tag: "v1".to_owned(),
        ..entry(1, None)
    }]);
    let moved = deployment(Some(1), "v9", &one);
    let sets = [
        replica_set(2, Some(1), "v1", &one),
        replica_set(3, Some(1), "v9", &one),
    ];
    let past = Past::read(&moved, &sets, &prefix());
    let now = at(1_795_243_913 + 60);

    let recorded = past.recorded_baseline(&moved, now).unwrap();
    assert_eq!(recorded.template, template("v1"));
    assert_eq!(recorded.progressing_before, record().before);
    assert_eq!(recorded.age, Duration::from_secs(60));
    assert_eq!(recorded.deploy_id.as_deref(), Some("0000000000000001"));

    let current = past.baseline(&moved, now);
    assert_eq!(current.template, template("v9"));
    assert_eq!(current.deploy_id, None);
    assert_eq!(current.progressing_before, None);
    assert!(!current.written);
}

fn any_entry() -> impl Strategy<Value = Entry> {
    (
        (0u32..40, 0i64..4_000_000_000, 0usize..3, 0usize..5),
        (
            proptest::option::of(any::<u32>()),
            0u64..6,
            "\\PC{0,30}",
            "[a-z0-9.]{0,40}",
        ),
    )
        .prop_map(
            |((number, second, action, outcome), (seconds, id, who, tag))| Entry {
                number,
                at: at(second),
                action: [Action::Deploy, Action::Rollback, Action::Reload][action],
                outcome: [
                    None,
                    Some(Outcome::Superseded),
                    Some(Outcome::Failed),
                    Some(Outcome::Completed),
                    Some(Outcome::RolledBack),
                ][outcome],
                seconds,
                id: DeployId::from_bits(id),
                who: text::cut(&who, 40),
                tag,
            },
        )
}

fn any_log() -> impl Strategy<Value = Log> {
    proptest::collection::vec(any_entry(), 0..6).prop_map(log)
}

fn any_record() -> impl Strategy<Value = Record> {
    let text = || proptest::option::of("\\PC{1,60}|[\\x00-\\x7f]{1,40}");
    let number = |absent| prop_oneof![Just(absent), Just("0"), Just("25%"), Just("10")];
    let set =
        (number("1"), proptest::option::of(number("2"))).prop_map(|(value, before)| SetOutside {
            field: "maxUnavailable".to_owned(),
            value: value.to_owned(),
            before: before.map(str::to_owned),
        });
    (
        (any::<u64>(), text(), text(), text(), text()),
        (
            0i64..4_000_000_000,
            proptest::collection::vec(set, 0..3),
            proptest::option::of(any::<u32>()),
        ),
    )
        .prop_map(
            |((id, reference, user, reason, tool), (second, set, targets))| Record {
                id: DeployId::from_bits(id),
                reference,
                user,
                reason,
                tool,
                at: Some(at(second)),
                set,
                targets,
                ..record()
            },
        )
}

proptest! {
    #[test]
    fn a_record_is_read_as_it_was_written(record in any_record(), log in any_log()) {
        let annotations = as_map(record.annotations(&log, &prefix()));
        prop_assert_eq!(Record::read(&annotations, &prefix()), Some(record));
        prop_assert_eq!(Log::parse(&annotations["example.com/deploy-log"]), log);
    }

    #[test]
    fn no_record_is_too_long(record in any_record(), reason in "\\PC{0,4000}", who in any::<String>()) {
        let record = Record { reason: Some(reason), user: Some(who.clone()), ..record };
        let long = (0..25).map(|number| Entry { who: who.clone(), ..entry(number, None) });
        let annotations = as_map(record.annotations(&log(long), &prefix()));
        let mut size = 0;
        for (key, value) in &annotations {
            prop_assert!(!value.chars().any(|c| c.is_control() && c != '\n'));
            if key == "example.com/deploy-log" {
                prop_assert!(value.len() <= log::MOST_BYTES);
                prop_assert!(value.lines().count() <= MOST_ENTRIES);
            } else {
                size += key.len() + value.len();
            }
        }
        prop_assert!(size <= MOST_BYTES, "{size}");
    }

    #[test]
    fn the_union_depends_neither_on_order_nor_on_repetition(
        one in any_log(), other in any_log(), third in any_log(),
    ) {
        let union = |logs: &[&Log]| Log::union(logs.iter().map(|log| (*log).clone()));
        let all = union(&[&one, &other, &third]);
        prop_assert_eq!(&union(&[&third, &one, &other]), &all);
        prop_assert_eq!(&union(&[&union(&[&one, &other]), &third]), &all);
        prop_assert_eq!(&union(&[&all, &one, &all]), &all);
    }

    #[test]
    fn any_text_is_read_without_harm(text in any::<String>()) {
        let log = Log::parse(&text);
        prop_assert_eq!(Log::parse(&log.to_string()).entries().len(), log.entries().len().min(MOST_ENTRIES));
        let annotations = Key::ALL.map(|key| (prefix().key(key.name()), text.clone())).into();
        prop_assert_eq!(Record::read(&annotations, &prefix()).is_some(), text.parse::<DeployId>().is_ok());
    }
}

#[test]
fn writes_of_the_newest_deploy_may_be_missing() {
    let of = |id, time, targets| Record {
        at: Some(at(time)),
        targets,
        ..Record::of_id(DeployId::from_bits(id))
    };
    for (name, records, missing) in [
        ("no deploy", vec![], 0),
        (
            "all are there",
            vec![of(1, 10, Some(2)), of(1, 10, Some(2))],
            0,
        ),
        ("one of three is there", vec![of(1, 10, Some(3))], 2),
        (
            "two clocks of one run",
            vec![of(1, 10, Some(3)), of(1, 11, Some(3))],
            1,
        ),
        (
            "a later deploy of one target",
            vec![of(1, 10, Some(2)), of(2, 20, Some(1))],
            0,
        ),
        (
            "a later deploy that ended early",
            vec![of(1, 10, Some(1)), of(2, 20, Some(2))],
            1,
        ),
        ("nobody said how many", vec![of(1, 10, None)], 0),
    ] {
        let records: Vec<&Record> = records.iter().collect();
        assert_eq!(missing_writes(&records), missing, "{name}");
    }
}
