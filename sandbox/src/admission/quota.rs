//! ResourceQuotas: how much a namespace may hold, and how much it does.
//!
//! Counted are objects (`pods`, `count/replicasets.apps`, …) and what pods ask for (`requests.cpu`, `limits.memory`, …).
//! Pods that have ended do not count.

use serde_json::{Map, Value, json};

use super::{Denial, resource};
use crate::object::{Kind, Lookup, View, name, namespace, text};
use crate::semantic::quantity;
use crate::store::Store;

/// Refuses an object for which a quota of its namespace leaves no room.
pub(super) fn check(store: &Store, kind: Kind, object: &Value) -> Result<(), Denial> {
    for quota in store.list(Kind::ResourceQuota, Some(namespace(object))) {
        let hard = limits(quota);
        let mut exceeded: Vec<[String; 3]> = Vec::new();
        for (what, limit) in &hard {
            let asked = usage(kind, object, what);
            if asked <= 0.0 {
                continue;
            }
            let used = used(store, namespace(object), what);
            if quantity(limit).is_some_and(|limit| used + asked > limit) {
                let limit = limit
                    .as_str()
                    .map_or_else(|| limit.to_string(), str::to_owned);
                let show = |amount: f64| format!("{what}={}", written(what, amount));
                exceeded.push([show(asked), show(used), format!("{what}={limit}")]);
            }
        }
        if !exceeded.is_empty() {
            let column = |index: usize| {
                exceeded
                    .iter()
                    .filter_map(|row| row.get(index))
                    .map(String::as_str)
                    .collect::<Vec<&str>>()
                    .join(",")
            };
            let message = format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                name(quota),
                column(0),
                column(1),
                column(2)
            );
            return Err(Denial::QuotaExceeded {
                kind,
                name: name(object).to_owned(),
                message,
            });
        }
    }
    Ok(())
}

/// Returns how much of `what` the namespace holds.
fn used(store: &Store, namespace: &str, what: &str) -> f64 {
    let kinds = Kind::ALL
        .iter()
        .copied()
        .filter(|kind| kind.is_namespaced() && is_counted(*kind, what));
    kinds
        .flat_map(|kind| {
            store
                .list(kind, Some(namespace))
                .map(move |object| usage(kind, object, what))
        })
        .fold(0.0, |sum, amount| sum + amount)
}

/// Returns the status that a quota should have.
pub(crate) fn status(store: &Store, quota: &Value) -> Value {
    let hard = limits(quota);
    let used: Map<String, Value> = hard
        .keys()
        .map(|what| {
            (
                what.clone(),
                json!(written(what, used(store, namespace(quota), what))),
            )
        })
        .collect();
    json!({"hard": hard, "used": used})
}

/// Returns how much of `what` one object takes.
fn usage(kind: Kind, object: &Value, what: &str) -> f64 {
    if !is_counted(kind, what)
        || (kind == Kind::Pod && matches!(text(object, "/status/phase"), "Succeeded" | "Failed"))
    {
        return 0.0;
    }
    if what.starts_with("count/") || what == kind.plural() {
        return 1.0;
    }
    let (list, resource) = what.split_once('.').unwrap_or(("requests", what));
    let asked = |container: &Value| {
        container
            .get("resources")
            .and_then(|resources| quantity(resources.get(list)?.get(resource)?))
            .unwrap_or(0.0)
    };
    View(object)
        .list("/spec/containers")
        .iter()
        .map(asked)
        .sum()
}

fn limits(quota: &Value) -> Map<String, Value> {
    quota
        .at("/spec/hard")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

fn is_counted(kind: Kind, what: &str) -> bool {
    match what.strip_prefix("count/") {
        Some(counted) => counted == resource(kind),
        None if is_compute(what) => kind == Kind::Pod,
        None => kind.group().is_empty() && what == kind.plural(),
    }
}

fn is_compute(what: &str) -> bool {
    let resource = what
        .strip_prefix("requests.")
        .or_else(|| what.strip_prefix("limits."))
        .unwrap_or(what);
    matches!(resource, "cpu" | "memory" | "ephemeral-storage")
}

/// Writes an amount as a quantity: whole numbers plain, processor time in thousandths.
fn written(what: &str, amount: f64) -> String {
    if amount.fract() == 0.0 || !what.ends_with("cpu") {
        format!("{amount:.0}")
    } else {
        format!("{:.0}m", amount * 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Time;

    fn pod(name: &str) -> Value {
        json!({
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"containers": [{"resources": {"requests": {"cpu": "500m"}}}]},
        })
    }

    fn store(hard: Value) -> Store {
        let mut store = Store::new(1);
        let quota =
            json!({"metadata": {"name": "small", "namespace": "shop"}, "spec": {"hard": hard}});
        store.create(Kind::ResourceQuota, quota, Time(0)).unwrap();
        store.create(Kind::Pod, pod("web-1"), Time(0)).unwrap();
        store
    }

    #[test]
    fn a_full_quota_refuses_in_the_api_servers_words() {
        let cases = [
            (
                json!({"pods": "1"}),
                Some("pods=1, used: pods=1, limited: pods=1"),
            ),
            (
                json!({"count/pods": "1"}),
                Some("count/pods=1, used: count/pods=1, limited: count/pods=1"),
            ),
            (json!({"pods": "2"}), None),
            (
                json!({"requests.cpu": "900m"}),
                Some("requests.cpu=500m, used: requests.cpu=500m, limited: requests.cpu=900m"),
            ),
            (json!({"requests.cpu": "1"}), None),
            (json!({"count/replicasets.apps": "0"}), None),
        ];
        for (hard, expected) in cases {
            let denial = check(&store(hard.clone()), Kind::Pod, &pod("web-2")).err();
            let expected = expected.map(|rest| {
                format!("pods \"web-2\" is forbidden: exceeded quota: small, requested: {rest}")
            });
            assert_eq!(denial.map(|denial| denial.to_string()), expected, "{hard}");
        }
    }

    #[test]
    fn replica_sets_can_be_counted() {
        let replica_set = json!({"metadata": {"name": "web-1", "namespace": "shop"}});
        let denial = check(
            &store(json!({"count/replicasets.apps": "0"})),
            Kind::ReplicaSet,
            &replica_set,
        )
        .err();
        assert_eq!(
            denial.map(|denial| denial.to_string()).as_deref(),
            Some(
                "replicasets.apps \"web-1\" is forbidden: exceeded quota: small, requested: count/replicasets.apps=1, \
                 used: count/replicasets.apps=0, limited: count/replicasets.apps=0"
            )
        );
    }

    #[test]
    fn pods_that_have_ended_do_not_count() {
        let mut store = store(json!({"pods": "1"}));
        let mut ended = Value::clone(store.find(Kind::Pod, "shop", "web-1").unwrap());
        ended["status"] = json!({"phase": "Failed"});
        store
            .replace(Kind::Pod, ended, crate::store::Scope::Status)
            .unwrap();
        assert_eq!(used(&store, "shop", "pods"), 0.0);
        let quota = store.find(Kind::ResourceQuota, "shop", "small").unwrap();
        assert_eq!(
            status(&store, quota),
            json!({"hard": {"pods": "1"}, "used": {"pods": "0"}})
        );
    }
}
