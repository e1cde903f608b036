//! The world as a whole: rollouts, their pods, and what a watcher sees of them.

mod bounds;
mod conduct;
mod failures;
mod housekeeping;
mod revisions;
mod rollouts;
mod traces;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Lag, World, WorldOptions};
use crate::clock::Time;
use crate::object::{Key, Kind, View, annotation, text, uid};
use crate::store::{DeleteOptions, Propagation, Scope};

const START: Time = Time(1_795_244_821_000);

/// When nothing is due for this long, a world has settled. Probes that fail for ever do so every ten seconds.
const QUIET: Duration = Duration::from_secs(9);

/// A world with one Deployment, `shop/web`, and a hand to turn it with.
struct Bench {
    world: World,
    key: Key,
}

/// What makes one Deployment differ from another.
#[derive(Clone)]
struct Shape {
    image: String,
    replicas: i64,
    surge: Value,
    unavailable: Value,
    has_probe: bool,
    deadline: i64,
}

impl Default for Shape {
    fn default() -> Shape {
        Shape {
            image: "x/web:v1".to_owned(),
            replicas: 3,
            surge: json!(1),
            unavailable: json!(0),
            has_probe: true,
            deadline: 600,
        }
    }
}

impl Shape {
    fn build(&self) -> Value {
        let mut container = json!({"name": "app", "image": self.image});
        if self.has_probe {
            container["readinessProbe"] = json!({"httpGet": {"path": "/"}, "periodSeconds": 10});
        }
        let rolling = json!({"maxSurge": self.surge, "maxUnavailable": self.unavailable});
        json!({
            "metadata": {"name": "web", "namespace": "shop", "annotations": {}},
            "spec": {
                "replicas": self.replicas,
                "selector": {"matchLabels": {"app": "web"}},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
                "revisionHistoryLimit": 10,
                "progressDeadlineSeconds": self.deadline,
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [container], "terminationGracePeriodSeconds": 30},
                },
            },
        })
    }
}

/// Makes the options of a world in which everything takes the same time.
fn steady() -> WorldOptions {
    WorldOptions {
        start: START,
        lag: Lag::always(Duration::from_millis(5)),
        ..WorldOptions::default()
    }
}

fn milliseconds(number: u64) -> Duration {
    Duration::from_millis(number)
}

impl Bench {
    /// Makes a world in which the Deployment already runs.
    fn running(shape: &Shape) -> Bench {
        let mut bench = Bench::new(steady(), shape);
        bench.settle();
        assert!(bench.is_complete(), "{}", bench.status());
        bench
    }

    fn new(options: WorldOptions, shape: &Shape) -> Bench {
        let mut world = World::new(options);
        let namespace =
            json!({"metadata": {"name": "shop"}, "spec": {"finalizers": ["kubernetes"]}});
        world
            .store
            .create(Kind::Namespace, namespace, START)
            .unwrap();
        world
            .store
            .create(Kind::Deployment, shape.build(), START)
            .unwrap();
        world.run_to(START);
        Bench {
            world,
            key: Key::new(Kind::Deployment, "shop", "web"),
        }
    }

    fn deployment(&self) -> Arc<Value> {
        Arc::clone(self.world.store.read(&self.key).unwrap())
    }

    fn status(&self) -> Value {
        self.deployment()["status"].clone()
    }

    fn condition(&self, kind: &str) -> Value {
        let status = self.status();
        let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
        conditions
            .into_iter()
            .find(|condition| condition["type"] == kind)
            .unwrap_or(Value::Null)
    }

    fn reason(&self, kind: &str) -> String {
        text(&self.condition(kind), "/reason").to_owned()
    }

    /// Changes the Deployment as a user does.
    fn edit(&mut self, change: impl FnOnce(&mut Value)) {
        let mut object = Value::clone(&self.deployment());
        change(&mut object);
        self.world
            .store
            .replace(Kind::Deployment, object, Scope::Main)
            .unwrap();
        self.world.run_to(self.world.now());
    }

    fn set_image(&mut self, image: &str) {
        self.edit(|object| {
            object["spec"]["template"]["spec"]["containers"][0]["image"] = json!(image)
        });
    }

    fn set(&mut self, pointer: &str, value: Value) {
        self.edit(|object| {
            let (parent, field) = pointer.rsplit_once('/').unwrap();
            object.pointer_mut(parent).unwrap()[field] = value;
        });
    }

    fn run(&mut self, duration: Duration) {
        self.world.run_to(self.world.now().plus(duration));
    }

    /// Runs on until `is_reached` holds; that must be within ten minutes.
    fn run_until(&mut self, what: &str, is_reached: impl Fn(&Bench) -> bool) -> Duration {
        let start = self.world.now();
        while !is_reached(self) {
            let due = self
                .world
                .next_due()
                .unwrap_or_else(|| panic!("never: {what}: {}", self.status()));
            assert!(
                due.since(start) < Duration::from_secs(600),
                "not soon: {what}: {}",
                self.status()
            );
            self.world.run_to(due);
        }
        self.world.now().since(start)
    }

    /// Runs on until nothing is due for a while.
    fn settle(&mut self) {
        while let Some(due) = self
            .world
            .next_due()
            .filter(|due| due.since(self.world.now()) < QUIET)
        {
            self.world.run_to(due);
        }
    }

    fn is_complete(&self) -> bool {
        kubectl_says(&self.deployment()).0 && self.reason("Progressing") == "NewReplicaSetAvailable"
    }

    /// Returns the ReplicaSets of the Deployment, oldest revision first.
    fn replica_sets(&self) -> Vec<Arc<Value>> {
        let deployment = self.deployment();
        let mut sets: Vec<Arc<Value>> = self
            .world
            .store
            .dependents(uid(&deployment))
            .cloned()
            .collect();
        sets.sort_by_key(|set| revision(set));
        sets
    }

    fn pods(&self) -> Vec<Arc<Value>> {
        self.world
            .store
            .list(Kind::Pod, Some("shop"))
            .cloned()
            .collect()
    }

    /// Returns the wanted sizes of the new ReplicaSet and of all others together.
    fn sizes(&self) -> (i64, i64) {
        let deployment = self.deployment();
        let image =
            |object: &Value| text(object, "/spec/template/spec/containers/0/image").to_owned();
        let size = |set: &Arc<Value>| View(set).number("/spec/replicas").unwrap();
        let sets = self.replica_sets();
        let (new, old): (Vec<_>, Vec<_>) = sets
            .iter()
            .partition(|set| image(set) == image(&deployment));
        (
            new.into_iter().map(size).sum(),
            old.into_iter().map(size).sum(),
        )
    }

    fn count(&self, field: &str) -> i64 {
        self.status()[field].as_i64().unwrap_or(0)
    }

    fn delete(&mut self, propagation: Propagation) {
        let options = DeleteOptions {
            propagation,
            ..DeleteOptions::default()
        };
        self.world
            .store
            .delete(&self.key.clone(), &options, self.world.now())
            .unwrap();
        self.world.run_to(self.world.now());
    }

    fn add(&mut self, kind: Kind, object: Value) {
        self.world
            .store
            .create(kind, object, self.world.now())
            .unwrap();
        self.world.run_to(self.world.now());
    }

    /// Returns the reasons and messages of the cluster events about objects of that kind.
    fn events(&self, kind: &str) -> Vec<(String, String)> {
        self.world
            .store
            .list(Kind::Event, Some("shop"))
            .filter(|event| text(event, "/involvedObject/kind") == kind)
            .map(|event| {
                (
                    text(event, "/reason").to_owned(),
                    text(event, "/message").to_owned(),
                )
            })
            .collect()
    }

    fn has_event(&self, kind: &str, reason: &str) -> bool {
        self.events(kind).iter().any(|(found, _)| found == reason)
    }

    /// Returns the Deployment's versions since `revision`, each in a line as the recordings of a real one show it.
    fn watched(&self, revision: u64) -> Vec<String> {
        let changes = self
            .world
            .store
            .changes_since(Kind::Deployment, revision)
            .unwrap();
        changes.map(|change| line(&change.object)).collect()
    }
}

/// Writes one version of a Deployment like the summaries of the recorded traces.
fn line(deployment: &Value) -> String {
    let count = |field: &str| {
        View(deployment)
            .number(&format!("/status/{field}"))
            .unwrap_or(0)
    };
    let conditions = View(deployment).list("/status/conditions");
    let progressing = conditions
        .iter()
        .find(|condition| condition["type"] == "Progressing");
    format!(
        "gen={} og={} rev={} replicas={} upd={} ready={} avail={} unav={} term={} {}",
        View(deployment).generation(),
        count("observedGeneration"),
        annotation(deployment, "deployment.kubernetes.io/revision").unwrap_or(""),
        count("replicas"),
        count("updatedReplicas"),
        count("readyReplicas"),
        count("availableReplicas"),
        count("unavailableReplicas"),
        count("terminatingReplicas"),
        progressing.map_or("", |condition| text(condition, "/reason")),
    )
}

fn revision(object: &Value) -> i64 {
    annotation(object, "deployment.kubernetes.io/revision")
        .and_then(|revision| revision.parse().ok())
        .unwrap_or(0)
}

fn image_of(pod: &Value) -> &str {
    text(pod, "/spec/containers/0/image")
}

/// Says what `kubectl rollout status` makes of a Deployment: whether it is done, and what it waits for.
fn kubectl_says(deployment: &Value) -> (bool, &'static str) {
    let view = View(deployment);
    let count = |field: &str| view.number(&format!("/status/{field}")).unwrap_or(0);
    let (wanted, updated) = (
        view.number("/spec/replicas").unwrap_or(1),
        count("updatedReplicas"),
    );
    if view.generation() > count("observedGeneration") {
        (false, "spec not observed")
    } else if updated < wanted {
        (false, "new replicas updated")
    } else if count("replicas") > updated {
        (false, "old replica pending termination")
    } else if count("availableReplicas") < updated {
        (false, "updated available")
    } else {
        (true, "rolled out")
    }
}

#[test]
fn kubectl_says_what_its_table_says() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/controller-tables.json"
    );
    let tables: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for row in tables["kubectl_status"].as_array().unwrap() {
        let deployment = json!({
            "metadata": {"generation": row[0]},
            "spec": {"replicas": row[2]},
            "status": {
                "observedGeneration": row[1],
                "replicas": row[3],
                "updatedReplicas": row[4],
                "availableReplicas": row[5],
            },
        });
        let (is_done, waits_for) = kubectl_says(&deployment);
        assert_eq!(json!(is_done), row[6], "{row}");
        assert!(row[7].as_str().unwrap().ends_with(waits_for), "{row}");
    }
}
