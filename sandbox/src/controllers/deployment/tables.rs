//! The numbers of the upstream controller's own unit tests, table by table.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::draft::Draft;
use super::fenceposts::{Limit, Limits};
use super::rolling::{Size, drop_available, drop_unhealthy, new_size, shrink};
use super::scaling::{Part, Whole, fraction, spread};
use super::status::{Status, terminating};
use super::{
    MAX_REPLICAS, PROGRESSING, REVISION, REVISION_HISTORY, ReplicaSet, history, progress, revision,
};
use crate::clock::Time;
use crate::controllers::Again;
use crate::controllers::conditions::Condition;

/// When the requeue table's rollouts made their last progress.
const LAST_UPDATE: &str = "2017-02-15T18:49:00Z";

/// Returns the rows of a table; a table that is missing or empty is a fault of the fixture.
fn rows(table: &str) -> Vec<Vec<Value>> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/controller-tables.json"
    );
    let tables: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let rows: Vec<Vec<Value>> = serde_json::from_value(tables[table].clone()).unwrap();
    assert!(!rows.is_empty(), "{table}");
    rows
}

fn numbers(row: &[Value]) -> Vec<i64> {
    row.iter()
        .map(|value| value.as_i64().unwrap_or(-1))
        .collect()
}

fn limits(surge: &Value, unavailable: &Value) -> Result<Limits, super::fenceposts::Malformed> {
    Ok(Limits {
        surge: Limit::read(Some(surge))?,
        unavailable: Limit::read(Some(unavailable))?,
    })
}

fn deployment(spec: Value) -> Draft {
    Draft::of(&Arc::new(
        json!({"metadata": {"name": "web", "namespace": "shop", "generation": 1}, "spec": spec}),
    ))
}

fn replica_set(name: &str, replicas: i64, actual: i64, revision: Option<i64>) -> ReplicaSet {
    let annotations = match revision {
        Some(revision) => json!({REVISION: revision.to_string()}),
        None => json!({}),
    };
    ReplicaSet(Arc::new(json!({
        "metadata": {"name": name, "generation": 1, "annotations": annotations},
        "spec": {"replicas": replicas},
        "status": {"replicas": actual, "observedGeneration": 1},
    })))
}

/// Returns how many pods may be missing in a table that has no surge: at least one, or nothing could move.
fn without_surge(unavailable: i64, replicas: i64) -> i64 {
    Limits {
        surge: Limit::Number(0),
        unavailable: Limit::Number(unavailable),
    }
    .max_unavailable(replicas)
}

#[test]
fn reconcile_new() {
    for row in rows("reconcile_new") {
        let [replicas, surge, old, new, _] = numbers(&row)[..] else {
            panic!("{row:?}")
        };
        let size = new_size(replicas, surge, old + new, new);
        assert_eq!((size != new).then_some(size), row[4].as_i64(), "{row:?}");
    }
}

#[test]
fn reconcile_old() {
    for row in rows("reconcile_old") {
        let [replicas, unavailable, old, new, old_ready, new_ready, _] = numbers(&row)[..] else {
            panic!("{row:?}")
        };
        let (new, old) = (
            Size {
                replicas: new,
                available: new_ready,
            },
            Size {
                replicas: old,
                available: old_ready,
            },
        );
        let shrink = shrink(replicas, without_surge(unavailable, replicas), new, &[old]);
        assert_eq!(
            shrink.steps.last().map(|(_, size)| *size),
            row[6].as_i64(),
            "{row:?}"
        );
        assert!(!shrink.is_given_up, "{row:?}");
    }
}

#[test]
fn cleanup_unhealthy() {
    for row in rows("cleanup_unhealthy") {
        let [old, ready, most, expected] = numbers(&row)[..] else {
            panic!("{row:?}")
        };
        let mut sizes = [Size {
            replicas: old,
            available: ready,
        }];
        drop_unhealthy(&mut sizes, most);
        assert_eq!(old - sizes[0].replicas, expected, "{row:?}");
    }
}

#[test]
fn scale_down_old() {
    for row in rows("scale_down_old") {
        let [replicas, unavailable, ready, old, _] = numbers(&row)[..] else {
            panic!("{row:?}")
        };
        let mut sizes = [Size {
            replicas: old,
            available: ready,
        }];
        let min_available = replicas - without_surge(unavailable, replicas);
        let steps = drop_available(&mut sizes, ready - min_available);
        assert_eq!(
            steps.last().map(|(_, size)| *size),
            row[4].as_i64(),
            "{row:?}"
        );
    }
}

#[test]
fn fenceposts() {
    for row in rows("fenceposts") {
        let resolved =
            limits(&row[0], &row[1]).map(|limits| limits.resolve(row[2].as_i64().unwrap()));
        match resolved {
            Ok(resolved) => {
                assert_eq!(
                    resolved,
                    (row[3].as_i64().unwrap(), row[4].as_i64().unwrap()),
                    "{row:?}"
                );
                assert_eq!(row[5], false, "{row:?}");
            }
            Err(_) => assert_eq!(row[5], true, "{row:?}"),
        }
    }
}

#[test]
fn max_unavailable() {
    for row in rows("max_unavailable") {
        let limits = limits(&json!(1), &row[1]).unwrap();
        assert_eq!(
            limits.max_unavailable(row[0].as_i64().unwrap()),
            row[2].as_i64().unwrap(),
            "{row:?}"
        );
    }
    let recreated = deployment(json!({"replicas": 10, "strategy": {"type": "Recreate"}}));
    assert_eq!((recreated.max_unavailable(), recreated.max_surge()), (0, 0));
}

#[test]
fn min_available() {
    for row in rows("min_available") {
        let draft = deployment(json!({
            "replicas": row[0],
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": row[1]}},
        }));
        assert_eq!(
            draft.replicas - draft.max_unavailable(),
            row[2].as_i64().unwrap(),
            "{row:?}"
        );
    }
}

#[test]
fn new_rs_new_replicas() {
    for row in rows("new_rs_new_replicas") {
        let [_, wanted, new, surge, expected] = numbers(&row)[..] else {
            panic!("{row:?}")
        };
        let size = match row[0].as_str().unwrap() {
            "Recreate" => wanted,
            // Upstream asks this function also when the ReplicaSet is too large; then it stays as it is.
            _ if new > wanted => new,
            _ => new_size(wanted, surge, new, new),
        };
        assert_eq!(size, expected, "{row:?}");
    }
}

#[test]
fn complete() {
    for row in rows("complete") {
        let [wanted, replicas, updated, available, _] = numbers(&row)[..] else {
            panic!("{row:?}")
        };
        let status = Status {
            replicas,
            updated,
            available,
            observed_generation: 1,
            ..Status::default()
        };
        assert_eq!(status.is_complete(wanted, 1), row[4] == true, "{row:?}");
        assert!(
            !status.is_complete(wanted, 2),
            "{row:?}, one generation behind"
        );
    }
}

#[test]
fn progressing() {
    let status = |value: &Value| {
        let [replicas, updated, ready, available] = numbers(value.as_array().unwrap())[..] else {
            panic!("{value}")
        };
        Status {
            replicas,
            updated,
            ready,
            available,
            ..Status::default()
        }
    };
    for row in rows("progressing") {
        assert_eq!(
            status(&row[1]).is_progress_since(&status(&row[0])),
            row[2] == true,
            "{row:?}"
        );
    }
}

#[test]
fn timed_out() {
    for row in rows("timed_out") {
        let draft = deployment(json!({"progressDeadlineSeconds": row[0]}));
        let mut status = Status::default();
        status.conditions.set(Condition::new(
            PROGRESSING,
            "True",
            row[2].as_str().unwrap(),
            "",
            Time(0),
        ));
        let now = Time(row[1].as_i64().unwrap() * 1000);
        let is_timed_out = draft
            .deadline
            .is_some_and(|deadline| progress::is_timed_out(&status, deadline, now));
        assert_eq!(is_timed_out, row[3] == true, "{row:?}");
    }
}

#[test]
fn proportional() {
    for row in rows("proportional") {
        let [_, replicas, before, surge, surge_before, ..] = numbers(&row)[..] else {
            panic!("{row:?}")
        };
        let parts = row[5].as_object().unwrap();
        // The second number is the age; the older, the earlier.
        let created: Vec<String> = parts
            .values()
            .map(|part| (9 - part[1].as_i64().unwrap()).to_string())
            .collect();
        let active: Vec<Part<'_>> = parts
            .iter()
            .zip(&created)
            .map(|((name, part), created)| Part {
                name,
                created,
                replicas: part[0].as_i64().unwrap(),
                max_replicas: Some(before + surge_before),
            })
            .filter(|part| part.replicas > 0)
            .collect();
        let expected = row[7].as_object().unwrap();
        let mut sizes: Vec<(String, i64)> = parts.keys().map(|name| (name.clone(), 0)).collect();
        if active.len() <= 1 {
            // One ReplicaSet with pods, or else the newest, gets all: that is decided before anything is spread.
            let target = active
                .first()
                .map_or_else(|| row[6].as_str().unwrap(), |part| part.name);
            sizes
                .iter_mut()
                .filter(|(name, _)| name == target)
                .for_each(|(_, size)| *size = replicas);
        } else {
            for (index, size) in spread(
                Whole {
                    replicas,
                    surge,
                    actual: before,
                },
                &active,
            ) {
                let name = active[index].name;
                sizes
                    .iter_mut()
                    .filter(|(candidate, _)| candidate == name)
                    .for_each(|(_, current)| *current = size);
            }
        }
        for (name, size) in sizes {
            assert_eq!(expected[&name], size, "{row:?}");
        }
    }
}

#[test]
fn fraction_of_a_replica_set() {
    for row in rows("fraction") {
        let [replicas, actual, surge, size, _, expected] = numbers(&row)[..] else {
            panic!("{row:?}")
        };
        let mut part = replica_set("web", size, size, None);
        if !row[4].is_null() {
            let mut object = Value::clone(&part.0);
            object["metadata"]["annotations"] = json!({MAX_REPLICAS: row[4].to_string()});
            part = ReplicaSet(Arc::new(object));
        }
        let part = Part {
            name: "web",
            created: "",
            replicas: size,
            max_replicas: part.max_replicas(),
        };
        let expected = if row[5].as_i64() == Some(expected) {
            expected
        } else {
            panic!("{row:?}")
        };
        assert_eq!(
            fraction(
                Whole {
                    replicas,
                    surge,
                    actual
                },
                &part
            ),
            expected,
            "{row:?}"
        );
    }
}

#[test]
fn cleanup_history() {
    for row in rows("cleanup_history") {
        let draft = deployment(json!({"revisionHistoryLimit": row[0]}));
        let old: Vec<ReplicaSet> = row[1]
            .as_array()
            .unwrap()
            .iter()
            .map(|sizes| {
                replica_set(
                    "web",
                    sizes[0].as_i64().unwrap(),
                    sizes[1].as_i64().unwrap(),
                    None,
                )
            })
            .collect();
        let expired = draft
            .history_limit
            .map_or(0, |limit| history::expired(&old, limit).len());
        assert_eq!(expired, row[2].as_u64().unwrap() as usize, "{row:?}");
    }
}

#[test]
fn cleanup_order() {
    for row in rows("cleanup_order") {
        let old: Vec<ReplicaSet> = row[1]
            .as_array()
            .unwrap()
            .iter()
            .map(|set| {
                let size = set[1].as_i64().unwrap();
                replica_set(set[0].as_str().unwrap(), size, size, set[2].as_i64())
            })
            .collect();
        let expired = history::expired(&old, row[0].as_u64().unwrap() as usize);
        let names: Vec<&str> = expired.iter().map(|old| old.view().name()).collect();
        assert_eq!(json!(names), row[2], "{row:?}");
    }
}

#[test]
fn terminating_replicas() {
    for row in rows("terminating") {
        let all: Vec<ReplicaSet> = row[0]
            .as_array()
            .unwrap()
            .iter()
            .map(|set| {
                let mut status = json!({"observedGeneration": set[0]});
                if !set[1].is_null() {
                    status["terminatingReplicas"] = set[1].clone();
                }
                ReplicaSet(Arc::new(json!({"status": status})))
            })
            .collect();
        assert_eq!(terminating(&all), row[1].as_i64(), "{row:?}");
    }
}

#[test]
fn requeue_stuck() {
    let base = |reason: Option<&str>, deadline: Value, replicas: i64| {
        let mut draft = deployment(json!({"replicas": 3, "progressDeadlineSeconds": deadline}));
        if let Some(reason) = reason {
            let since = Time::parse(LAST_UPDATE).unwrap();
            draft
                .status
                .conditions
                .set(Condition::new(PROGRESSING, "True", reason, "", since));
        }
        let counts = Status {
            replicas,
            updated: replicas,
            available: replicas,
            ..draft.status.clone()
        };
        (
            draft,
            Status {
                observed_generation: 1,
                ..counts
            },
        )
    };
    for row in rows("requeue_stuck") {
        let (name, expected) = (row[0].as_str().unwrap(), row[1].as_i64().unwrap());
        let stuck = Some("ReplicaSetUpdated");
        let (draft, status) = match name {
            "no deadline" => base(stuck, Value::Null, 2),
            "deadline MaxInt32" => base(stuck, json!(i32::MAX), 2),
            "no Progressing condition" => base(None, json!(60), 2),
            "complete" => base(stuck, json!(60), 3),
            "already timed out" => base(Some("ProgressDeadlineExceeded"), json!(60), 2),
            _ => base(stuck, json!(60), 2),
        };
        // A nanosecond is less than this world's millisecond: it is rounded up to one.
        let time = name.replace(".000000001", ".001");
        let now = Time::parse(&format!("2017-02-15T{time}Z")).unwrap_or_default();
        let again = match progress::again(&draft, &status, now) {
            Again::OnChange => -1,
            Again::Soon => 0,
            // Upstream adds a second, so that it does not look too early.
            Again::After(pause) => (pause - Duration::from_secs(1)).as_secs() as i64,
        };
        assert_eq!(again, expected, "{name}");
    }
}

#[test]
fn revision_history() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/controller-tables.json"
    );
    let tables: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let table = &tables["revision_history"];
    let length = table["limit_chars"].as_u64().unwrap() as usize;
    let after = table["after_revision"].as_object().unwrap();
    let mut annotations = revision::Annotations::new();
    let mut seen = 0;
    for number in 10..=20 {
        revision::number(&mut annotations, number, length);
        if let Some(expected) = after.get(&number.to_string()) {
            assert_eq!(
                annotations[REVISION_HISTORY],
                expected.as_str().unwrap(),
                "{number}"
            );
            seen += 1;
        }
    }
    assert_eq!(seen, after.len());
}

/// Every table is read by a test of this file, or said here to be somebody else's.
#[test]
fn no_table_is_forgotten() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/controller-tables.json"
    );
    let tables: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let here = include_str!("tables.rs");
    // What kubectl makes of a status is no business of the controllers; the scenarios' `kubectl_says` reads it.
    let elsewhere = ["kubectl_status"];
    for table in tables.as_object().unwrap().keys() {
        let is_read = here.contains(&format!("\"{table}\""));
        assert!(is_read || elsewhere.contains(&table.as_str()), "{table}");
    }
}
