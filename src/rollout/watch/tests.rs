//! The watch of a scripted cluster under virtual time: what is asked, and what is passed on.

mod fault_tests;

use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::cluster::testing::{DEPLOYMENTS, PODS, Piece, Reply, Script};
use crate::cluster::{Limits, Notice};
use crate::rollout::Signal;

const REPLICA_SETS: &str = "/apis/apps/v1/namespaces/shop/replicasets";
const EVENTS: &str = "/api/v1/namespaces/shop/events";

fn deployment(name: &str, version: u64) -> Value {
    json!({
        "metadata": {
            "name": name, "uid": format!("uid-{name}"),
            "resourceVersion": version.to_string(), "generation": 2,
        },
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": {}},
    })
}

fn pod(name: &str, version: u64) -> Value {
    json!({"metadata": {"name": name, "uid": name, "resourceVersion": version.to_string()}})
}

fn event(kind: &str, object: &Value) -> Value {
    json!({"type": kind, "object": object})
}

fn list(objects: &[Value], version: u64) -> Reply {
    Reply::ok(&json!({"items": objects, "metadata": {"resourceVersion": version.to_string()}}))
}

fn quiet() -> Reply {
    Reply::watch(&[])
}

fn ended(events: &[Value]) -> Reply {
    Reply::Pieces(events.iter().map(Piece::event).collect())
}

fn expired() -> Value {
    event(
        "ERROR",
        &json!({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}),
    )
}

fn forbidden() -> Reply {
    Reply::status(403, "Forbidden", "pods is forbidden")
}

/// Answers everything with quiet watches and empty lists. Rules for the same path that come before
/// it win.
fn otherwise_quiet(script: &Script) {
    script.on(&format!("GET {DEPLOYMENTS}?watch=true"), [quiet()]);
    script.on(
        &format!("GET {DEPLOYMENTS}/web"),
        [Reply::ok(&deployment("web", 10))],
    );
    for path in [REPLICA_SETS, PODS, EVENTS] {
        script.on(&format!("GET {path}?watch=true"), [quiet()]);
        script.on(&format!("GET {path}?limit"), [list(&[], 20)]);
    }
}

/// What the watch was told, and when.
type Told = Vec<(Duration, Input)>;

struct Setting {
    deployments: Vec<Value>,
    patience: Patience,
    limits: Limits,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            deployments: vec![deployment("web", 10)],
            patience: Patience::default(),
            limits: Limits::default(),
        }
    }
}

/// Watches until what was told is enough, under virtual time.
async fn watch_until(script: &Script, setting: Setting, enough: impl Fn(&Told) -> bool) -> Told {
    let told = Mutex::new(Told::new());
    let (_sender, received) = mpsc::unbounded_channel();
    let cluster = script.cluster_with(setting.limits);
    let subject = Subject {
        deployments: &setting.deployments,
        patience: &setting.patience,
    };
    let mut signals = Signals::of(received);
    let watched = run(&cluster, subject, &mut signals, |input, now| {
        let mut told = told.lock().expect("told");
        told.push((now.0, input));
        Next {
            is_over: enough(&told),
            ..Next::default()
        }
    });
    let in_time = tokio::time::timeout(Duration::from_secs(3600), watched).await;
    let told = told.into_inner().expect("told");
    assert!(
        in_time.is_ok(),
        "told {told:#?}\nasked {:#?}",
        script.lines()
    );
    told
}

/// Watches for as long as that.
async fn watch_for(script: &Script, setting: Setting, seconds: u64) -> Told {
    let told = Mutex::new(Told::new());
    let (_sender, received) = mpsc::unbounded_channel();
    let cluster = script.cluster_with(setting.limits);
    let subject = Subject {
        deployments: &setting.deployments,
        patience: &setting.patience,
    };
    let mut signals = Signals::of(received);
    let watched = run(&cluster, subject, &mut signals, |input, now| {
        told.lock().expect("told").push((now.0, input));
        Next::default()
    });
    let ended = tokio::time::timeout(Duration::from_secs(seconds), watched).await;
    assert!(ended.is_err(), "ended by itself");
    told.into_inner().expect("told")
}

fn lists(told: &Told, wanted: Watched) -> usize {
    told.iter()
        .filter(|(_, input)| matches!(input, Input::Listed { kind, .. } if *kind == wanted))
        .count()
}

fn losses(told: &Told) -> Vec<(Watched, &str)> {
    told.iter()
        .filter_map(|(_, input)| match input {
            Input::Lost { kind, why } => Some((*kind, why.as_str())),
            _ => None,
        })
        .collect()
}

fn is_restored(told: &Told, wanted: Watched) -> bool {
    told.iter()
        .any(|(_, input)| matches!(input, Input::Restored { kind } if *kind == wanted))
}

fn pods_changed(told: &Told) -> Vec<&str> {
    told.iter()
        .filter_map(|(_, input)| match input {
            Input::Changed(Seen::Pod(pod)) => Some(pod.metadata.name.as_str()),
            _ => None,
        })
        .collect()
}

/// Watches pods only, as it were: everything else is quiet.
async fn watch_pods(
    watches: impl IntoIterator<Item = Reply>,
    enough: impl Fn(&Told) -> bool,
) -> (Script, Told) {
    let script = Script::new();
    script.on(&format!("GET {PODS}?watch=true"), watches);
    otherwise_quiet(&script);
    let told = watch_until(&script, Setting::default(), enough).await;
    (script, told)
}

#[tokio::test(start_paused = true)]
async fn a_rollout_is_watched_with_six_requests() {
    let script = Script::new();
    otherwise_quiet(&script);
    let told = watch_for(&script, Setting::default(), 10).await;
    let mut lines: Vec<String> = script
        .lines()
        .into_iter()
        .map(|line| line.replace("&timeoutSeconds=290", "&T"))
        .collect();
    lines.sort();
    let selector = "labelSelector=app%3Dweb";
    let expected = [
        format!("GET {EVENTS}?&watch=true&T&allowWatchBookmarks=true&resourceVersion=0"),
        format!("GET {PODS}?&{selector}&limit=500"),
        format!("GET {PODS}?&watch=true&T&{selector}&allowWatchBookmarks=true&resourceVersion=20"),
        format!(
            "GET {DEPLOYMENTS}?&watch=true&T&fieldSelector=metadata.name%3Dweb&allowWatchBookmarks=true&resourceVersion=10"
        ),
        format!("GET {REPLICA_SETS}?&{selector}&limit=500"),
        format!(
            "GET {REPLICA_SETS}?&watch=true&T&{selector}&allowWatchBookmarks=true&resourceVersion=20"
        ),
    ];
    assert_eq!(lines, expected);
    assert!(
        matches!(&told[0].1, Input::Changed(Seen::Deployment(seen)) if seen.metadata.name == "web"),
        "{told:?}"
    );
    assert_eq!(lists(&told, Watched::Pods), 1);
    assert_eq!(told.len(), 3, "{told:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_happens_is_passed_on() {
    let events = [
        event("ADDED", &pod("web-1-a", 21)),
        event("MODIFIED", &pod("web-1-a", 22)),
        event("BOOKMARK", &json!({"metadata": {"resourceVersion": "30"}})),
        event("DELETED", &pod("web-1-a", 31)),
    ];
    let (script, told) = watch_pods([ended(&events), quiet()], |told| {
        told.iter()
            .any(|(_, input)| matches!(input, Input::Removed(Seen::Pod(_))))
    })
    .await;
    assert_eq!(pods_changed(&told), ["web-1-a", "web-1-a"]);
    assert!(losses(&told).is_empty(), "{told:?}");
    assert_eq!(script.count(&[PODS, "limit=500"]), 1);
}

#[tokio::test(start_paused = true)]
async fn f16_after_a_sleep_everything_is_listed_again() {
    let script = Script::new();
    otherwise_quiet(&script);
    script.on(
        &format!("GET {DEPLOYMENTS}?limit"),
        [list(&[deployment("web", 40)], 40)],
    );
    let sleeper = script.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(7)).await;
        sleeper.sleep(Duration::from_secs(3600));
    });
    let told = watch_for(&script, Setting::default(), 12).await;
    for kind in [Watched::ReplicaSets, Watched::Pods] {
        assert_eq!(lists(&told, kind), 2, "{told:?}");
    }
    assert_eq!(lists(&told, Watched::Deployments), 1);
    let slept = Duration::from_secs(3600);
    let listed = told.iter().find(|(_, input)| {
        matches!(
            input,
            Input::Listed {
                kind: Watched::Deployments,
                ..
            }
        )
    });
    let at = listed.expect("a list").0;
    assert!(
        (slept + Duration::from_secs(7)..slept + Duration::from_secs(9)).contains(&at),
        "{at:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn several_deployments_share_the_watches() {
    let names = ["a", "b", "c", "d", "e"];
    let deployments: Vec<Value> = names
        .iter()
        .zip(10..)
        .map(|(name, version)| deployment(name, version))
        .collect();
    let script = Script::new();
    otherwise_quiet(&script);
    let mut all = deployments.clone();
    all.push(deployment("other", 7));
    script.on(&format!("GET {DEPLOYMENTS}?limit"), [list(&all, 60)]);
    let setting = Setting {
        deployments,
        ..Setting::default()
    };
    let told = watch_for(&script, setting, 16).await;
    let known: Vec<&str> = told
        .iter()
        .take(5)
        .filter_map(|(_, input)| match input {
            Input::Changed(Seen::Deployment(seen)) => Some(seen.metadata.name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(known, names);
    assert_eq!(script.count(&["watch=true"]), 4);
    assert_eq!(
        script.count(&[DEPLOYMENTS, "watch=true", "resourceVersion=10"]),
        1
    );
    assert_eq!(
        script.count(&[PODS, "labelSelector=app+in+%28a%2Cb%2Cc%2Cd%2Ce%29"]),
        2
    );
    let listed = told.iter().find_map(|(_, input)| match input {
        Input::Listed {
            kind: Watched::Deployments,
            objects,
        } => Some(objects.len()),
        _ => None,
    });
    assert_eq!(listed, Some(5), "the safety read lists, without the others");
}

#[tokio::test(start_paused = true)]
async fn a_version_that_nobody_can_compare_is_not_begun_with() {
    let mut odd = deployment("web", 0);
    odd["metadata"]["resourceVersion"] = json!("opaque");
    let script = Script::new();
    otherwise_quiet(&script);
    script.on(
        &format!("GET {DEPLOYMENTS}?limit"),
        [list(&[odd.clone()], 20)],
    );
    let setting = Setting {
        deployments: vec![odd],
        ..Setting::default()
    };
    let told = watch_for(&script, setting, 5).await;
    assert_eq!(lists(&told, Watched::Deployments), 1);
}

#[tokio::test(start_paused = true)]
async fn wishes_are_answered_also_when_they_fail() {
    let script = Script::new();
    script.on(
        &format!("GET {PODS}/web-1-a/log?previous=true"),
        [Reply::text(200, "text/plain", "one\ntwo\n")],
    );
    script.on(&format!("GET {PODS}/web-1-b/log"), [forbidden()]);
    let about =
        json!({"metadata": {"name": "e"}, "involvedObject": {"uid": "u"}, "reason": "Failed"});
    script.on(
        &format!("GET {EVENTS}?fieldSelector=involvedObject.uid%3Du"),
        [list(&[about], 5)],
    );
    script.on(
        &format!("GET {EVENTS}?fieldSelector=involvedObject.uid%3Dv"),
        [forbidden()],
    );
    otherwise_quiet(&script);
    let log = |pod: &str, previous| Want::Log {
        pod: pod.to_owned(),
        container: "app".to_owned(),
        previous,
        tail_lines: 20,
    };
    let mut wants = vec![
        log("web-1-a", true),
        log("web-1-b", false),
        Want::Events {
            deployment: "web".to_owned(),
            uids: vec!["u".to_owned(), "v".to_owned()],
        },
    ];
    let mut answers = Vec::new();
    let (_sender, received) = mpsc::unbounded_channel();
    let (cluster, patience) = (script.cluster(), Patience::default());
    let deployments = [deployment("web", 10)];
    let subject = Subject {
        deployments: &deployments,
        patience: &patience,
    };
    run(&cluster, subject, &mut Signals::of(received), |input, _| {
        match input {
            Input::Log { pod, lines, .. } => answers.push((pod, lines)),
            Input::Evidence { events, .. } => {
                let reasons = events.iter().filter_map(|event| event.reason.clone());
                answers.push(("events".to_owned(), Ok(reasons.collect())));
            }
            _ => {}
        }
        Next {
            wants: std::mem::take(&mut wants),
            wake: None,
            is_over: answers.len() == 3,
        }
    })
    .await;
    answers.sort();
    let expected = [
        ("events".to_owned(), Ok(vec!["Failed".to_owned()])),
        (
            "web-1-a".to_owned(),
            Ok(vec!["one".to_owned(), "two".to_owned()]),
        ),
        ("web-1-b".to_owned(), Err("pods is forbidden".to_owned())),
    ];
    assert_eq!(answers, expected);
}

#[tokio::test(start_paused = true)]
async fn ticks_come_when_asked_for_and_signals_at_once() {
    let script = Script::new();
    otherwise_quiet(&script);
    let (sender, received) = mpsc::unbounded_channel();
    let (cluster, patience) = (script.cluster(), Patience::default());
    let deployments = [deployment("web", 10)];
    let subject = Subject {
        deployments: &deployments,
        patience: &patience,
    };
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(8400)).await;
        sender.send(Signal::Interrupt).expect("sent");
        std::future::pending::<()>().await;
    });
    let mut ticks = Vec::new();
    let mut ended = None;
    run(
        &cluster,
        subject,
        &mut Signals::of(received),
        |input, now| {
            match input {
                Input::Tick => ticks.push(now.0.as_millis()),
                Input::Signal(signal) => ended = Some((signal, now.0.as_millis())),
                _ => {}
            }
            let count = u64::try_from(ticks.len()).expect("few");
            Next {
                wants: Vec::new(),
                wake: Some(Moment(Duration::from_millis(2500 * (count + 1)))),
                is_over: ended.is_some(),
            }
        },
    )
    .await;
    assert_eq!(ticks, [2500, 5000, 7500]);
    assert_eq!(ended, Some((Signal::Interrupt, 8400)));
}
