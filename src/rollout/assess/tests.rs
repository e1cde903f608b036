//! The order of `assess`: every verdict case on file, one row a rule, one a pair whose order matters.

mod order;

use serde::Deserialize;
use serde_json::{Value, json};

use super::*;

const CASES: &str = include_str!("../../../tests/fixtures/verdict-cases.json");
const PREFIX: &str = "deploy.example";

#[derive(Deserialize)]
struct Case {
    name: String,
    base: Base,
    obs: Observation,
    want: String,
    timeout: Option<u64>,
    #[serde(default)]
    wait_terminating: bool,
}

#[derive(Deserialize)]
struct Base {
    uid: String,
    generation: i64,
    template: String,
    progressing: Option<Stamp>,
}

#[derive(Deserialize)]
struct Stamp {
    reason: String,
    lu: i64,
}

#[derive(Deserialize)]
struct Observation {
    generation: i64,
    spec_replicas: i32,
    new_rs_revision: Option<i32>,
    progressing: Option<Stamp>,
    status: Counted,
    template: Option<String>,
    exists: Option<bool>,
    #[serde(default)]
    paused: bool,
    replica_failure: Option<String>,
    doomed: Option<String>,
    #[serde(default)]
    t: u64,
    #[serde(default)]
    t_in_state: u64,
    #[serde(default)]
    t_no_progress: u64,
}

#[derive(Deserialize)]
struct Counted {
    observed: i64,
    replicas: i32,
    updated: i32,
    available: i32,
    #[serde(default)]
    terminating: i32,
}

/// A situation that each test changes in one or two places: our change is observed, one new pod of
/// three is there and not ready.
struct Situation {
    applied: Applied,
    deployment: Option<DeploymentSeen>,
    new: Option<ReplicaSetSeen>,
    can_read_replica_sets: bool,
    terminating: i32,
    is_doomed: bool,
    refusal: Option<String>,
    clocks: Clocks,
    timeout: Option<Duration>,
    wait_for_drain: bool,
}

fn template(name: &str) -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app", "image": name}]}})
}

fn condition(kind: &str, status: &str, reason: &str, updated: &str) -> Condition {
    Condition {
        kind: kind.to_owned(),
        status: status.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(format!("{reason} it says")),
        last_update_time: Some(updated.to_owned()),
        last_transition_time: None,
    }
}

fn progressing(stamp: &Stamp) -> Condition {
    let status = match stamp.reason.as_str() {
        "ProgressDeadlineExceeded" | "ReplicaSetCreateError" => "False",
        "DeploymentPaused" => "Unknown",
        _ => "True",
    };
    condition("Progressing", status, &stamp.reason, &stamp.lu.to_string())
}

impl Situation {
    fn rolling() -> Self {
        let applied = Applied {
            deployment: "web".to_owned(),
            uid: "u1".to_owned(),
            generation: 5,
            resource_version: "100".to_owned(),
            template: template("T"),
            template_before: Some(template("OLD")),
            deploy_id: Some("d-ours".to_owned()),
            progressing_before: Some(ProgressingStamp {
                reason: "NewReplicaSetAvailable".to_owned(),
                last_update_time: "100".to_owned(),
            }),
            written: true,
            age: Duration::ZERO,
        };
        let mut deployment = DeploymentSeen::default();
        deployment.metadata.name = "web".to_owned();
        deployment.metadata.uid = "u1".to_owned();
        deployment.metadata.generation = 5;
        deployment.spec.replicas = 3;
        deployment.spec.template = template("T");
        deployment.spec.progress_deadline_seconds = Some(600);
        deployment.status.observed_generation = 5;
        deployment.status.replicas = 4;
        deployment.status.updated_replicas = 1;
        deployment.status.available_replicas = 3;
        deployment.status.conditions =
            vec![condition("Progressing", "True", "ReplicaSetUpdated", "205")];
        Self {
            applied,
            deployment: Some(deployment),
            new: Some(ReplicaSetSeen::default()),
            can_read_replica_sets: true,
            terminating: 0,
            is_doomed: false,
            refusal: None,
            clocks: Clocks::default(),
            timeout: None,
            wait_for_drain: false,
        }
    }

    fn deployment(&mut self) -> &mut DeploymentSeen {
        self.deployment.as_mut().unwrap()
    }

    fn complete(&mut self) {
        let status = &mut self.deployment().status;
        status.replicas = 3;
        status.updated_replicas = 3;
        status.available_replicas = 3;
    }

    fn progressing(&mut self, reason: &str, updated: i64) {
        let stamp = Stamp {
            reason: reason.to_owned(),
            lu: updated,
        };
        self.deployment().status.conditions = vec![progressing(&stamp)];
    }

    fn replica_failure(&mut self) {
        let failure = condition("ReplicaFailure", "True", "FailedCreate", "205");
        self.deployment().status.conditions.push(failure.clone());
        self.new.as_mut().unwrap().status.conditions.push(failure);
    }

    fn unobserved(&mut self) {
        self.deployment().status.observed_generation = 4;
    }

    fn assess(&self) -> Status {
        let presence = match &self.deployment {
            Some(deployment) => Presence::Present(deployment),
            None => Presence::Gone,
        };
        let new_replica_set = match &self.new {
            _ if !self.can_read_replica_sets => NewReplicaSet::Unreadable,
            Some(new) => NewReplicaSet::Visible(new),
            None => NewReplicaSet::NotVisible,
        };
        let sight = Sight {
            presence,
            new_replica_set,
            terminating: self.terminating,
            is_doomed: self.is_doomed,
            refusal: self.refusal.as_deref(),
        };
        let patience = Patience::default();
        let terms = Terms {
            patience: &patience,
            timeout: self.timeout,
            wait_for_drain: self.wait_for_drain,
            annotation_prefix: PREFIX,
        };
        assess(&self.applied, &sight, &self.clocks, &terms)
    }
}

/// The words of the cases on file.
fn word(status: &Status) -> &'static str {
    match status {
        Status::Pending { silent: false } => "waiting:observe",
        Status::Pending { silent: true } => "controller-silent",
        Status::Progressing { waiting, .. } => match waiting {
            Waiting::Updated => "waiting:updated",
            Waiting::Old => "waiting:old",
            Waiting::ScaleDown => "waiting:scale-down",
            Waiting::Available => "waiting:available",
            Waiting::Terminating => "waiting:terminating",
        },
        Status::Complete { counts } if counts.wanted == 0 => "done:zero",
        Status::Complete { .. } => "done",
        Status::Failed { failure, .. } => match failure {
            Failure::ReplicaSetCreate { .. } => "failed:rs-create",
            Failure::Deadline => "failed:deadline",
            Failure::OwnDeadline { .. } => "failed:own-deadline",
            Failure::PodCreate { .. } => "failed:pod-create",
            Failure::Pod => "failed:pod",
        },
        Status::Paused { .. } => "paused",
        Status::Superseded { .. } => "superseded",
        Status::Gone(Departure::Deleted) => "deleted",
        Status::Gone(Departure::Recreated) => "recreated",
        Status::TimedOut { .. } => "timeout",
    }
}

impl Case {
    fn situation(&self) -> Situation {
        let mut situation = Situation::rolling();
        let base = &self.base;
        situation.applied.uid.clone_from(&base.uid);
        situation.applied.generation = base.generation;
        situation.applied.template = template(&base.template);
        situation.applied.progressing_before = base
            .progressing
            .as_ref()
            .map(|stamp| ProgressingStamp::of(&progressing(stamp)));

        let seen = &self.obs;
        let deployment = situation.deployment();
        deployment.metadata.generation = seen.generation;
        deployment.spec.replicas = seen.spec_replicas;
        deployment.spec.paused = seen.paused;
        let name = seen.template.as_deref().unwrap_or(&base.template);
        deployment.spec.template = template(name);
        deployment.status.observed_generation = seen.status.observed;
        deployment.status.replicas = seen.status.replicas;
        deployment.status.updated_replicas = seen.status.updated;
        deployment.status.available_replicas = seen.status.available;
        deployment.status.conditions = seen.progressing.iter().map(progressing).collect();
        if seen.progressing.is_none() {
            deployment.spec.progress_deadline_seconds = None;
        }
        if seen.replica_failure.is_some() {
            situation.replica_failure();
        }
        if seen.new_rs_revision.is_none() {
            situation.new = None;
        }
        if seen.exists == Some(false) {
            situation.deployment = None;
        }
        let seconds = Duration::from_secs;
        situation.terminating = seen.status.terminating;
        situation.is_doomed = seen.doomed.is_some();
        situation.clocks = Clocks {
            elapsed: seconds(seen.t),
            unobserved: seconds(seen.t),
            replica_set_refused: seconds(seen.t_in_state),
            pods_refused: seconds(seen.t_in_state),
            without_progress: seconds(seen.t_no_progress),
        };
        situation.timeout = self.timeout.map(seconds);
        situation.wait_for_drain = self.wait_terminating;
        situation
    }
}

#[test]
fn the_verdict_cases_on_file_hold() {
    let cases: Vec<Case> = serde_json::from_str(CASES).unwrap();
    assert_eq!(cases.len(), 33);
    for case in cases {
        let status = case.situation().assess();
        assert_eq!(word(&status), case.want, "{}: {status:?}", case.name);
    }
}

#[test]
fn an_event_says_better_why_pods_are_refused_than_the_condition() {
    let mut situation = Situation::rolling();
    situation.replica_failure();
    situation.clocks.pods_refused = Duration::from_secs(30);
    let message = |situation: &Situation| match situation.assess() {
        Status::Failed {
            failure: Failure::PodCreate { message },
            ..
        } => message,
        other => panic!("{other:?}"),
    };
    assert_eq!(message(&situation), "FailedCreate it says");
    situation.refusal = Some("exceeded quota: pods".to_owned());
    assert_eq!(message(&situation), "exceeded quota: pods");
}

#[test]
fn the_successor_is_told_by_manager_and_record() {
    let ours = json!([{"manager": "kube-deploy", "time": "2026-01-01T00:00:02Z",
        "fieldsV1": {"f:spec": {"f:template": {}}}}]);
    let undone = json!([
        {"manager": "kubectl-rollout", "time": "2026-01-01T00:00:09Z",
            "fieldsV1": {"f:spec": {"f:template": {"f:spec": {}}}}},
        {"manager": "kube-controller-manager", "time": "2026-01-01T00:00:10Z",
            "fieldsV1": {"f:status": {}}},
        {"manager": "kube-deploy", "time": "2026-01-01T00:00:02Z",
            "fieldsV1": {"f:spec": {"f:template": {}}}},
    ]);
    let kubectl = || Some("kubectl-rollout".to_owned());
    let deploy = || Successor::Deploy {
        id: "d-theirs".to_owned(),
        user: Some("ada".to_owned()),
    };
    let cases = [
        (
            "a later deploy of this tool",
            "X",
            "d-theirs",
            ours.clone(),
            deploy(),
        ),
        ("this tool's rollback", "OLD", "d-theirs", ours, deploy()),
        (
            "a later deploy, managers unknown",
            "X",
            "d-theirs",
            json!([]),
            deploy(),
        ),
        (
            "kubectl's undo, which brings an old record back",
            "OLD",
            "d-older",
            undone.clone(),
            Successor::Reverted { manager: kubectl() },
        ),
        (
            "kubectl edits our deploy",
            "X",
            "d-ours",
            undone,
            Successor::Other { manager: kubectl() },
        ),
    ];
    for (name, image, id, managers, expected) in cases {
        let mut situation = Situation::rolling();
        let deployment = situation.deployment();
        deployment.spec.template = template(image);
        deployment.metadata.managed_fields = serde_json::from_value(managers).unwrap();
        deployment.metadata.annotations = [("deploy-id", id), ("deploy-user", "ada")]
            .map(|(key, value)| (format!("{PREFIX}/{key}"), value.to_owned()))
            .into();
        assert_eq!(
            situation.assess(),
            Status::Superseded { by: expected },
            "{name}"
        );
    }
}

#[test]
fn the_new_replica_set_is_the_oldest_owned_one_of_our_template() {
    let applied = Situation::rolling().applied;
    let set = |name: &str, owner: &str, created: &str, image: &str| -> ReplicaSetSeen {
        serde_json::from_value(json!({
            "metadata": {"name": name, "uid": name, "creationTimestamp": created,
                "ownerReferences": [{"uid": owner, "name": "web", "controller": true}]},
            "spec": {"template": template(image)},
        }))
        .unwrap()
    };
    let mut snapshot = Snapshot {
        replica_sets: vec![
            set("old", "u1", "2026-01-01T00:00:00Z", "OLD"),
            set("foreign", "u2", "2026-01-01T00:00:00Z", "T"),
            set("younger", "u1", "2026-01-01T00:00:02Z", "T"),
            set("new", "u1", "2026-01-01T00:00:01Z", "T"),
        ],
        ..Snapshot::default()
    };
    let name = |snapshot: &Snapshot| {
        new_replica_set(&applied, snapshot).map(|set| set.metadata.name.clone())
    };
    assert_eq!(name(&snapshot).as_deref(), Some("new"));
    snapshot.replica_sets.truncate(2);
    assert_eq!(name(&snapshot), None);
}
