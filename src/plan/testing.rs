//! Plans for tests, made from Deployments as the API server would list them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::build::{PlanInput, Rules, Signature, build};
use super::select::{Request, Source, select};
use super::{Plan, Wanted};
use crate::environment::prefix::Prefix;
use crate::environment::values::Strategy;
use crate::rollout::history::DeployId;
use crate::rollout::observed::ReplicaSetSeen;

pub(crate) const OLD: &str = "d1cb608ee61cb18f8c397c2e27576573879b2fcf";
pub(crate) const NEW: &str = "cb19269526f946222110fbdfb3d107c4b5a18fe7";

/// The server's clock when plans are made.
pub(crate) const NOW: &str = "2026-11-21T07:00:00Z";

pub(crate) fn prefix() -> Prefix {
    "wantedly.com".parse().unwrap()
}

/// An annotated Deployment of three replicas whose rollout has ended, with all that is recommended.
pub(crate) fn deployment(name: &str, tag: &str) -> Value {
    json!({
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": format!("uid-of-{name}"),
            "generation": 4,
            "resourceVersion": "100",
            "annotations": {
                "deployment.kubernetes.io/revision": "7",
                "wantedly.com/deploy-target": "true",
                "wantedly.com/deploy-target-container": name,
                "wantedly.com/github": format!("{name}=wantedly/shop"),
            },
        },
        "spec": {
            "replicas": 3,
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 10,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{
                    "name": name,
                    "image": format!("wantedly/{name}:{tag}"),
                    "env": [{"name": "SECRET", "value": "hunter2"}],
                    "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
                    "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
                }]},
            },
        },
        "status": {
            "observedGeneration": 4,
            "replicas": 3,
            "updatedReplicas": 3,
            "readyReplicas": 3,
            "availableReplicas": 3,
            "conditions": [{
                "type": "Progressing",
                "status": "True",
                "reason": "NewReplicaSetAvailable",
                "lastUpdateTime": "2026-11-21T06:01:30Z",
                "lastTransitionTime": "2026-11-21T06:00:00Z",
            }],
        },
    })
}

/// Replaces or adds the member that the pointer names.
pub(crate) fn with(mut raw: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = raw.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    parent.insert(key.replace("~1", "/"), value);
    raw
}

pub(crate) fn commit() -> Wanted {
    Wanted::Commit {
        reference: "master".to_owned(),
        commit: NEW.parse().unwrap(),
        tag: NEW.parse().unwrap(),
    }
}

/// What a plan is made from; the fields are what tests vary.
pub(crate) struct Case {
    pub(crate) listed: Vec<Value>,
    pub(crate) replica_sets: Vec<ReplicaSetSeen>,
    pub(crate) doomed: BTreeSet<String>,
    pub(crate) targets: Vec<String>,
    pub(crate) wanted: Wanted,
    pub(crate) signature: Signature,
    pub(crate) rules: Rules,
}

impl Case {
    pub(crate) fn of(listed: impl IntoIterator<Item = Value>) -> Self {
        Self {
            listed: listed.into_iter().collect(),
            replica_sets: Vec::new(),
            doomed: BTreeSet::new(),
            targets: Vec::new(),
            wanted: commit(),
            signature: Signature {
                deploy_id: DeployId::from_bits(0x2a),
                user: "alice".to_owned(),
                reason: None,
                tool: "kube 0.1.0".to_owned(),
                now: NOW.parse().unwrap(),
            },
            rules: Rules {
                strategy: Strategy::ZeroDowntime,
                keeps_strategy: false,
                is_downtime_allowed: false,
                is_managed_allowed: false,
                pod_create: Duration::from_secs(30),
            },
        }
    }

    pub(crate) fn plan(&self) -> Plan {
        let listed: Vec<Arc<Value>> = self.listed.iter().cloned().map(Arc::new).collect();
        let prefix = prefix();
        let selection = select(&Request {
            listed: &listed,
            prefix: &prefix,
            source: Source::Tag,
            targets: &self.targets,
            container: None,
            repository: None,
            checkout: None,
        })
        .unwrap();
        build(&PlanInput {
            environment: "qa",
            namespace: "shop",
            prefix: &prefix,
            selection: &selection,
            replica_sets: &self.replica_sets,
            doomed: &self.doomed,
            wanted: &self.wanted,
            signature: &self.signature,
            rules: self.rules,
        })
    }
}

/// The plan for these Deployments with nothing else said.
pub(crate) fn plan(listed: impl IntoIterator<Item = Value>) -> Plan {
    Case::of(listed).plan()
}
