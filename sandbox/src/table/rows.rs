//! The rows of all kinds but pods.

use serde_json::{Value, json};

use super::age;
use super::pod::or_none;
use crate::clock::Time;
use crate::object::{View, name, text};
use crate::selector::LabelSelector;

type Cells = Vec<Value>;

fn age_of(object: &Value, now: Time) -> Value {
    json!(age::since(object, "/metadata/creationTimestamp", now))
}

fn number(object: &Value, pointer: &str) -> i64 {
    View(object).number(pointer).unwrap_or(0)
}

fn size(object: &Value, field: &str) -> usize {
    object
        .get(field)
        .and_then(Value::as_object)
        .map_or(0, serde_json::Map::len)
}

pub(super) fn deployment(object: &Value, now: Time) -> Cells {
    let ready = format!(
        "{}/{}",
        number(object, "/status/readyReplicas"),
        number(object, "/spec/replicas")
    );
    let mut cells = vec![
        json!(name(object)),
        json!(ready),
        json!(number(object, "/status/updatedReplicas")),
        json!(number(object, "/status/availableReplicas")),
        age_of(object, now),
    ];
    cells.extend(containers(object));
    cells.push(json!(selector(object)));
    cells
}

pub(super) fn replica_set(object: &Value, now: Time) -> Cells {
    let mut cells = vec![
        json!(name(object)),
        json!(number(object, "/spec/replicas")),
        json!(number(object, "/status/replicas")),
        json!(number(object, "/status/readyReplicas")),
        age_of(object, now),
    ];
    cells.extend(containers(object));
    cells.push(json!(selector(object)));
    cells
}

pub(super) fn stateful_set(object: &Value, now: Time) -> Cells {
    let (ready, wanted) = (
        number(object, "/status/readyReplicas"),
        number(object, "/spec/replicas"),
    );
    let mut cells = vec![
        json!(name(object)),
        json!(format!("{ready}/{wanted}")),
        age_of(object, now),
    ];
    cells.extend(containers(object));
    cells
}

pub(super) fn daemon_set(object: &Value, now: Time) -> Cells {
    let mut cells = vec![
        json!(name(object)),
        json!(number(object, "/status/desiredNumberScheduled")),
        json!(number(object, "/status/currentNumberScheduled")),
        json!(number(object, "/status/numberReady")),
        json!(number(object, "/status/updatedNumberScheduled")),
        json!(number(object, "/status/numberAvailable")),
        json!(pairs(object.pointer("/spec/template/spec/nodeSelector"))),
        age_of(object, now),
    ];
    cells.extend(containers(object));
    cells.push(json!(selector(object)));
    cells
}

pub(super) fn job(object: &Value, now: Time) -> Cells {
    let is = |wanted| {
        View(object)
            .list("/status/conditions")
            .iter()
            .any(|condition| {
                text(condition, "/type") == wanted && text(condition, "/status") == "True"
            })
    };
    let state = if is("Complete") {
        "Complete"
    } else if is("Failed") {
        "Failed"
    } else if View(object).is_terminating() {
        "Terminating"
    } else if is("Suspended") {
        "Suspended"
    } else {
        "Running"
    };
    let succeeded = number(object, "/status/succeeded");
    let completions = match View(object).number("/spec/completions") {
        Some(wanted) => format!("{succeeded}/{wanted}"),
        None => format!("{succeeded}/1 of {}", number(object, "/spec/parallelism")),
    };
    let start = age::time(object, "/status/startTime");
    let end = age::time(object, "/status/completionTime");
    let duration = start.map_or_else(String::new, |start| {
        age::human(end.unwrap_or(now).since(start))
    });
    let mut cells = vec![
        json!(name(object)),
        json!(state),
        json!(completions),
        json!(duration),
        age_of(object, now),
    ];
    cells.extend(containers(object));
    cells.push(json!(selector(object)));
    cells
}

pub(super) fn cron_job(object: &Value, now: Time) -> Cells {
    let last = match text(object, "/status/lastScheduleTime") {
        "" => "<none>".to_owned(),
        _ => age::since(object, "/status/lastScheduleTime", now),
    };
    let suspend = View(object).is_true("/spec/suspend");
    vec![
        json!(name(object)),
        json!(text(object, "/spec/schedule")),
        json!(or_none(text(object, "/spec/timeZone"))),
        json!(if suspend { "True" } else { "False" }),
        json!(View(object).list("/status/active").len()),
        json!(last),
        age_of(object, now),
    ]
}

pub(super) fn namespace(object: &Value, now: Time) -> Cells {
    vec![
        json!(name(object)),
        json!(text(object, "/status/phase")),
        age_of(object, now),
    ]
}

pub(super) fn node(object: &Value, now: Time) -> Cells {
    const ROLE: &str = "node-role.kubernetes.io/";
    let conditions = View(object).list("/status/conditions");
    let ready = conditions
        .iter()
        .find(|condition| text(condition, "/type") == "Ready");
    let mut state = match ready.map(|ready| text(ready, "/status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if View(object).is_true("/spec/unschedulable") {
        state.push_str(",SchedulingDisabled");
    }
    let labels = object
        .pointer("/metadata/labels")
        .and_then(Value::as_object);
    let roles: Vec<&str> = labels
        .into_iter()
        .flatten()
        .filter_map(|(label, _)| label.strip_prefix(ROLE))
        .collect();
    let address = |kind| {
        let addresses = View(object).list("/status/addresses");
        let found = addresses
            .iter()
            .find(|address| text(address, "/type") == kind);
        or_none(found.map_or("", |address| text(address, "/address")))
    };
    let info = |field: &str| text(object, &format!("/status/nodeInfo/{field}"));
    vec![
        json!(name(object)),
        json!(state),
        json!(or_none(&roles.join(","))),
        age_of(object, now),
        json!(info("kubeletVersion")),
        json!(address("InternalIP")),
        json!(address("ExternalIP")),
        json!(or_unknown(info("osImage"))),
        json!(or_unknown(info("kernelVersion"))),
        json!(or_unknown(info("containerRuntimeVersion"))),
    ]
}

pub(super) fn event(object: &Value, now: Time) -> Cells {
    let first = match text(object, "/firstTimestamp") {
        "" => age::since(object, "/eventTime", now),
        _ => age::since(object, "/firstTimestamp", now),
    };
    let (last, count) = if object.get("series").is_some_and(Value::is_object) {
        (
            age::since(object, "/series/lastObservedTime", now),
            number(object, "/series/count"),
        )
    } else if text(object, "/lastTimestamp").is_empty() {
        (first.clone(), number(object, "/count").max(1))
    } else {
        (
            age::since(object, "/lastTimestamp", now),
            number(object, "/count").max(1),
        )
    };
    let kind = text(object, "/involvedObject/kind").to_lowercase();
    let target = match text(object, "/involvedObject/name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let source = match (
        text(object, "/source/component"),
        text(object, "/source/host"),
    ) {
        ("", "") => text(object, "/reportingComponent").to_owned(),
        (component, "") => component.to_owned(),
        (component, host) => format!("{component}, {host}"),
    };
    vec![
        json!(last),
        json!(text(object, "/type")),
        json!(text(object, "/reason")),
        json!(target),
        json!(text(object, "/involvedObject/fieldPath")),
        json!(source),
        json!(text(object, "/message").trim()),
        json!(first),
        json!(count),
        json!(name(object)),
    ]
}

pub(super) fn config_map(object: &Value, now: Time) -> Cells {
    let count = size(object, "data") + size(object, "binaryData");
    vec![json!(name(object)), json!(count), age_of(object, now)]
}

pub(super) fn secret(object: &Value, now: Time) -> Cells {
    let count = size(object, "data");
    vec![
        json!(name(object)),
        json!(text(object, "/type")),
        json!(count),
        age_of(object, now),
    ]
}

pub(super) fn service_account(object: &Value, now: Time) -> Cells {
    let count = View(object).list("/secrets").len();
    vec![json!(name(object)), json!(count), age_of(object, now)]
}

pub(super) fn service(object: &Value, now: Time) -> Cells {
    let ports: Vec<String> = View(object)
        .list("/spec/ports")
        .iter()
        .map(|port| {
            let protocol = text(port, "/protocol");
            match (number(port, "/port"), number(port, "/nodePort")) {
                (port, 0) => format!("{port}/{protocol}"),
                (port, node) => format!("{port}:{node}/{protocol}"),
            }
        })
        .collect();
    vec![
        json!(name(object)),
        json!(text(object, "/spec/type")),
        json!(or_none(text(object, "/spec/clusterIP"))),
        json!("<none>"),
        json!(or_none(&ports.join(","))),
        age_of(object, now),
        json!(pairs(object.pointer("/spec/selector"))),
    ]
}

pub(super) fn resource_quota(object: &Value, now: Time) -> Cells {
    let hard = object
        .pointer("/status/hard")
        .or_else(|| object.pointer("/spec/hard"));
    let amount = |list: Option<&Value>, resource: &str| {
        let value = list.and_then(|list| list.get(resource));
        value.map_or_else(
            || "0".to_owned(),
            |value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            },
        )
    };
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    for resource in hard
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(serde_json::Map::keys)
    {
        let used = amount(object.pointer("/status/used"), resource);
        let line = format!("{resource}: {used}/{}", amount(hard, resource));
        if resource.starts_with("limits.") {
            &mut limits
        } else {
            &mut requests
        }
        .push(line);
    }
    vec![
        json!(name(object)),
        json!(requests.join(", ")),
        json!(limits.join(", ")),
        age_of(object, now),
    ]
}

pub(super) fn lease(object: &Value, now: Time) -> Cells {
    let holder = text(object, "/spec/holderIdentity");
    vec![json!(name(object)), json!(holder), age_of(object, now)]
}

pub(super) fn autoscaler(object: &Value, now: Time) -> Cells {
    let target = |field: &str| text(object, &format!("/spec/scaleTargetRef/{field}"));
    let least = View(object).number("/spec/minReplicas");
    vec![
        json!(name(object)),
        json!(format!("{}/{}", target("kind"), target("name"))),
        json!("<unknown>"),
        json!(least.map_or_else(|| "<unset>".to_owned(), |least| least.to_string())),
        json!(number(object, "/spec/maxReplicas").to_string()),
        json!(number(object, "/status/currentReplicas")),
        age_of(object, now),
    ]
}

pub(super) fn disruption_budget(object: &Value, now: Time) -> Cells {
    let limit = |field: &str| match object.pointer(&format!("/spec/{field}")) {
        None | Some(Value::Null) => "N/A".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    vec![
        json!(name(object)),
        json!(limit("minAvailable")),
        json!(limit("maxUnavailable")),
        json!(number(object, "/status/disruptionsAllowed")),
        age_of(object, now),
    ]
}

pub(super) fn role(object: &Value) -> Cells {
    vec![
        json!(name(object)),
        json!(text(object, "/metadata/creationTimestamp")),
    ]
}

pub(super) fn binding(object: &Value, now: Time) -> Cells {
    let role = format!(
        "{}/{}",
        text(object, "/roleRef/kind"),
        text(object, "/roleRef/name")
    );
    vec![json!(name(object)), json!(role), age_of(object, now)]
}

/// Returns the names and images of a template's containers, as two cells.
fn containers(object: &Value) -> [Value; 2] {
    let list = View(object).list("/spec/template/spec/containers");
    let joined = |field| {
        list.iter()
            .map(|item| text(item, field))
            .collect::<Vec<_>>()
            .join(",")
    };
    [json!(joined("/name")), json!(joined("/image"))]
}

fn selector(object: &Value) -> String {
    let selector = object.pointer("/spec/selector").unwrap_or(&Value::Null);
    match LabelSelector::of_object(selector) {
        Ok(selector) => or_none(&selector.to_string()).to_owned(),
        Err(_) => "<error>".to_owned(),
    }
}

fn pairs(map: Option<&Value>) -> String {
    let pairs: Vec<String> = map
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or("")))
        .collect();
    or_none(&pairs.join(",")).to_owned()
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "<unknown>" } else { text }
}
