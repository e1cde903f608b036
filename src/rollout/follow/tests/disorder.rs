//! News in any order, doubled, lost, or nonsense: the last state decides, and nothing panics.

use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Map, Value, json};

use super::support::{Driver, Outcome, Recording, at};
use crate::rollout::follow::Options;
use crate::rollout::verdict::Answer;
use crate::rollout::{Applied, Input, Moment, Seen, Watched};

/// Recordings whose last state demands this answer, and the cause it names.
const ENDS: [(&str, Answer, Option<&str>); 8] = [
    ("success-25pct", Answer::Succeeded, None),
    ("paused", Answer::Succeeded, None),
    ("scaled-to-zero", Answer::Succeeded, None),
    ("nopull", Answer::Failed, Some("image-not-found")),
    ("crash", Answer::Failed, Some("crash")),
    ("unready", Answer::Failed, Some("not-ready")),
    ("rollover", Answer::Overtaken, None),
    ("deleted", Answer::Overtaken, None),
];

/// A recording, the write it is about, and how it must end.
struct Ending {
    recording: Recording,
    applied: Applied,
    answer: Answer,
    cause: Option<&'static str>,
}

fn endings() -> &'static [Ending] {
    static ENDINGS: OnceLock<Vec<Ending>> = OnceLock::new();
    ENDINGS.get_or_init(|| {
        let read = |(name, answer, cause): &(&str, Answer, Option<&'static str>)| {
            let recording = Recording::read(name);
            let (applied, _) = recording.applied(0);
            Ending {
                recording,
                applied,
                answer: *answer,
                cause: *cause,
            }
        };
        ENDS.iter().map(read).collect()
    })
}

/// Plays the changes of a recording in this order within a second, so that no clock decides.
fn play(recording: &Recording, applied: &Applied, order: &[usize]) -> Outcome {
    let mut driver = Driver::start(vec![applied.clone()], Options::default(), at(0.0));
    // A failure may be known before its cause; evidence is waited for longer than this lasts.
    driver.answers = false;
    for list in &recording.lists {
        driver.feed(list.clone());
    }
    let pause = 1.0 / f64::from(u32::try_from(order.len().max(1)).unwrap());
    for index in order {
        if driver.verdict.is_some() {
            break;
        }
        let moment = Moment(
            driver
                .now
                .0
                .saturating_add(std::time::Duration::from_secs_f64(pause)),
        );
        driver.feed_at(moment, recording.changes[*index].1.clone());
    }
    driver.finish()
}

fn check(outcome: &Outcome, answer: Answer, cause: Option<&str>) -> Result<(), TestCaseError> {
    prop_assert_eq!(outcome.verdict.answer, answer);
    if let Some(cause) = cause {
        let causes: Vec<_> = outcome
            .only()
            .causes
            .iter()
            .map(|blame| blame.cause.kind())
            .collect();
        prop_assert!(causes.contains(&cause), "{:?}", causes);
    }
    Ok(())
}

/// An index into the recordings, and an order of its changes in which some come twice.
fn doubled_and_shuffled() -> impl Strategy<Value = (usize, Vec<usize>)> {
    (0..ENDS.len()).prop_flat_map(|index| {
        let count = endings()[index].recording.changes.len();
        let all: Vec<usize> = (0..count).collect();
        let twice = subsequence(all.clone(), 0..=count);
        let order = twice.prop_map(move |twice| {
            let mut order = all.clone();
            order.extend(twice);
            order
        });
        (Just(index), order.prop_shuffle())
    })
}

/// Changes that arrive at all, in their order.
fn some_lost() -> impl Strategy<Value = (usize, Vec<usize>)> {
    (0..ENDS.len()).prop_flat_map(|index| {
        let count = endings()[index].recording.changes.len();
        (
            Just(index),
            subsequence((0..count).collect::<Vec<_>>(), 0..=count),
        )
    })
}

/// Returns lists of what there is at the end of the recording.
fn last_lists(recording: &Recording) -> Vec<Input> {
    let kinds = [Watched::Deployments, Watched::ReplicaSets, Watched::Pods];
    let lists = kinds.map(|kind| {
        let mut objects: Vec<Seen> = Vec::new();
        let before = recording.lists.iter().filter_map(|list| match list {
            Input::Listed { kind: of, objects } if *of == kind => Some(objects),
            _ => None,
        });
        for object in before.flatten() {
            replace(&mut objects, object, kind);
        }
        for (_, change) in &recording.changes {
            match change {
                Input::Changed(object) => replace(&mut objects, object, kind),
                Input::Removed(object) => objects.retain(|known| uid(known) != uid(object)),
                _ => {}
            }
        }
        Input::Listed { kind, objects }
    });
    lists.into()
}

fn replace(objects: &mut Vec<Seen>, object: &Seen, kind: Watched) {
    if kind_of(object) == kind {
        objects.retain(|known| uid(known) != uid(object));
        objects.push(object.clone());
    }
}

fn kind_of(seen: &Seen) -> Watched {
    match seen {
        Seen::Deployment(_) => Watched::Deployments,
        Seen::ReplicaSet(_) => Watched::ReplicaSets,
        Seen::Pod(_) => Watched::Pods,
        Seen::Event(_) => Watched::Events,
    }
}

fn uid(seen: &Seen) -> &str {
    match seen {
        Seen::Deployment(object) => &object.metadata.uid,
        Seen::ReplicaSet(object) => &object.metadata.uid,
        Seen::Pod(object) => &object.metadata.uid,
        Seen::Event(object) => &object.metadata.uid,
    }
}

/// JSON that looks somewhat like what an API server sends, and often is not.
fn nonsense() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "metadata",
        "spec",
        "status",
        "name",
        "uid",
        "resourceVersion",
        "generation",
        "replicas",
        "template",
        "conditions",
        "type",
        "reason",
        "message",
        "observedGeneration",
        "updatedReplicas",
        "availableReplicas",
        "containerStatuses",
        "state",
        "waiting",
        "terminated",
        "exitCode",
        "restartCount",
        "lastState",
        "ownerReferences",
        "controller",
        "minReadySeconds",
        "progressDeadlineSeconds",
        "containers",
        "phase",
        "startedAt",
        "finishedAt",
        "involvedObject",
        "readinessProbe",
        "image",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        prop::sample::select(vec![
            "web",
            "uid-web",
            "rs",
            "pod",
            "100",
            "ErrImagePull",
            "CrashLoopBackOff",
            "Progressing",
            "ReplicaFailure",
            "True",
            "2026-01-01T00:00:00Z",
            "",
        ])
        .prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|members| {
                let members = members
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value));
                Value::from(members.collect::<Map<_, _>>())
            }),
        ]
    })
}

/// A well-formed object with wild numbers and texts in it.
fn wild() -> impl Strategy<Value = (Watched, Value)> {
    let number = any::<i32>();
    let text = prop::sample::select(vec![
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "CrashLoopBackOff",
        "CreateContainerConfigError",
        "RunContainerError",
        "Unschedulable",
        "OOMKilled",
        "ProgressDeadlineExceeded",
        "ReplicaSetCreateError",
        "FailedCreate",
        "not found",
        "",
    ]);
    let version = prop_oneof![any::<u16>().prop_map(|number| number.to_string()), ".{0,4}"];
    (0..4usize, prop::array::uniform8(number), prop::array::uniform3(text), version).prop_map(
        |(kind, n, t, version)| {
            let owner = |uid: &str| json!([{"uid": uid, "name": "x", "controller": true}]);
            match kind {
                0 => (Watched::Deployments, json!({
                    "metadata": {"name": "web", "uid": "uid-web", "resourceVersion": version, "generation": n[0]},
                    "spec": {"replicas": n[1], "minReadySeconds": n[2], "progressDeadlineSeconds": n[3]},
                    "status": {"observedGeneration": n[0], "replicas": n[4], "updatedReplicas": n[5],
                        "availableReplicas": n[6], "terminatingReplicas": n[7],
                        "conditions": [{"type": "Progressing", "reason": t[0]},
                            {"type": "ReplicaFailure", "status": "True", "message": t[1]}]},
                })),
                1 => (Watched::ReplicaSets, json!({
                    "metadata": {"name": "web-1", "uid": "rs", "resourceVersion": version,
                        "ownerReferences": owner("uid-web")},
                    "status": {"replicas": n[0], "readyReplicas": n[1], "availableReplicas": n[2],
                        "conditions": [{"type": "ReplicaFailure", "status": "True", "message": t[0]}]},
                })),
                2 => (Watched::Pods, json!({
                    "metadata": {"name": "web-1-a", "uid": format!("pod-{}", n[0] % 3), "resourceVersion": version,
                        "ownerReferences": owner("rs")},
                    "spec": {"containers": [{"name": "app", "image": t[0], "resources": {"limits": n[1]}}]},
                    "status": {"phase": t[1], "containerStatuses": [
                        {"name": "app", "restartCount": n[2], "ready": n[3] > 0,
                            "state": if n[4] > 0 { json!({"waiting": {"reason": t[1], "message": t[2]}}) }
                                else { json!({"terminated": {"exitCode": n[5], "reason": t[2],
                                    "startedAt": "2026-01-01T00:00:09Z", "finishedAt": "2026-01-01T00:00:00Z"}}) }}]},
                })),
                _ => (Watched::Events, json!({
                    "metadata": {"uid": version, "resourceVersion": version},
                    "involvedObject": {"uid": "rs", "kind": t[0]}, "reason": t[1], "message": t[2], "count": n[0],
                })),
            }
        },
    )
}

fn parse(kind: Watched, object: Value) -> Option<Seen> {
    match kind {
        Watched::Deployments => serde_json::from_value(object).ok().map(Seen::Deployment),
        Watched::ReplicaSets => serde_json::from_value(object).ok().map(Seen::ReplicaSet),
        Watched::Pods => serde_json::from_value(object).ok().map(Seen::Pod),
        Watched::Events => serde_json::from_value(object).ok().map(Seen::Event),
    }
}

fn any_write() -> Applied {
    Applied {
        deployment: "web".to_owned(),
        uid: "uid-web".to_owned(),
        generation: i64::from(i32::MIN),
        resource_version: String::new(),
        template: Value::Null,
        template_before: None,
        deploy_id: None,
        progressing_before: None,
        written: true,
        age: std::time::Duration::ZERO,
    }
}

/// Feeds what parses, as a change, a removal, or a list of its own.
fn feed(objects: Vec<(Watched, Value, u8)>) {
    let options = Options {
        // A deadline may be decades away.
        timeout: Some(std::time::Duration::from_secs(3600)),
        ..Options::default()
    };
    let mut driver = Driver::start(vec![any_write()], options, at(0.0));
    for (kind, object, way) in objects {
        let Some(seen) = parse(kind, object) else {
            continue;
        };
        let input = match way % 8 {
            0 => Input::Removed(seen),
            1 => Input::Listed {
                kind,
                objects: vec![seen],
            },
            _ => Input::Changed(seen),
        };
        let later = Moment(
            driver
                .now
                .0
                .saturating_add(std::time::Duration::from_secs(u64::from(way))),
        );
        driver.feed_at(later, input);
        if driver.verdict.is_some() {
            return;
        }
    }
    driver.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_news_does_not_change_the_verdict((index, order) in doubled_and_shuffled()) {
        let ending = &endings()[index];
        let outcome = play(&ending.recording, &ending.applied, &order);
        check(&outcome, ending.answer, ending.cause)?;
    }

    #[test]
    fn lost_news_do_not_change_the_verdict((index, order) in some_lost()) {
        let ending = &endings()[index];
        let recording = &ending.recording;
        let mut driver = Driver::start(vec![ending.applied.clone()], Options::default(), at(0.0));
        for position in order {
            if driver.verdict.is_none() {
                driver.feed(recording.changes[position].1.clone());
            }
        }
        for list in last_lists(recording) {
            if driver.verdict.is_none() {
                driver.feed(list);
            }
        }
        check(&driver.finish(), ending.answer, None)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nonsense_does_not_panic(objects in prop::collection::vec((0..4u8, nonsense(), any::<u8>()), 1..12)) {
        let kinds = [Watched::Deployments, Watched::ReplicaSets, Watched::Pods, Watched::Events];
        feed(objects.into_iter().map(|(kind, object, way)| (kinds[usize::from(kind)], object, way)).collect());
    }

    #[test]
    fn wild_numbers_do_not_panic(objects in prop::collection::vec((wild(), any::<u8>()), 1..24)) {
        feed(objects.into_iter().map(|((kind, object), way)| (kind, object, way)).collect());
    }
}
