//! Lets the sample team's cluster live through its last days, so that there is history to look at.
//!
//! The releases are made by this program's own plan and patch, and written through the API while
//! virtual time runs: records, ReplicaSets, revisions, and times are what real runs would have left.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use kube_sandbox::api::{self, Circumstances, Request, User};
use kube_sandbox::clock::Time;
use kube_sandbox::object::Kind as ObjectKind;
use kube_sandbox::world::{World, WorldOptions};
use serde::Deserialize;
use serde_json::Value;

use super::repository::{Commits, RUNNING, UNBUILT};
use super::{NAMESPACE, sample};
use crate::commands::session::USER_AGENT;
use crate::environment::prefix::Prefix;
use crate::environment::values::Strategy;
use crate::error::{Error, Kind};
use crate::plan::build::{PlanInput, Rules, Signature, build};
use crate::plan::select::{self, Source, select};
use crate::plan::{Plan, Wanted};
use crate::rollout::history::DeployId;
use crate::rollout::observed::ReplicaSetSeen;
use crate::rollout::{FIELD_MANAGER, Patience};

/// Decides names and uids, which are the same in every sandbox.
const SEED: u64 = 2026;

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/shop/deployments";

/// The manifests were applied so long ago, with the first commit.
const BEGINNING: Duration = hours(6 * 24);

/// A deploy of `master`.
struct Release {
    ago: Duration,
    /// Counted from the first commit; what the tip was then.
    commit: usize,
    team: &'static str,
}

/// The second one failed, and the third put it right.
const RELEASES: &[Release] = &[
    Release {
        ago: hours(5 * 24 + 3),
        commit: 1,
        team: "web-team",
    },
    Release {
        ago: hours(3 * 24),
        commit: UNBUILT,
        team: "orders-team",
    },
    Release {
        ago: Duration::from_secs((3 * 24 * 60 - 24) * 60),
        commit: UNBUILT + 1,
        team: "orders-team",
    },
    Release {
        ago: hours(20),
        commit: RUNNING,
        team: "orders-team",
    },
];

const fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

/// Makes the cluster as it is now.
pub(super) fn live(commits: &Commits, now: Timestamp) -> Result<World, Error> {
    let now = Time(now.as_millisecond());
    let first = commit(commits, 0)?;
    let mut past = Past {
        world: World::new(WorldOptions {
            seed: SEED,
            start: now.minus(BEGINNING),
            timings: sample::timings(),
            stories: sample::stories(commits)?,
            ..WorldOptions::default()
        }),
        prefix: sample::PREFIX
            .parse()
            .map_err(|error| Error::new(Kind::Internal, error))?,
    };
    past.create("/api/v1/namespaces", &sample::namespace())?;
    for deployment in sample::deployments(first) {
        past.create(DEPLOYMENTS, &deployment)?;
    }
    for (release, number) in RELEASES.iter().zip(1..) {
        past.world.run_to(now.minus(release.ago));
        past.deploy(commit(commits, release.commit)?, release.team, number)?;
    }
    past.world.run_to(now);
    Ok(past.world)
}

fn commit(commits: &Commits, number: usize) -> Result<&str, Error> {
    let commit = commits.master.get(number);
    commit
        .map(String::as_str)
        .ok_or_else(|| Error::new(Kind::Internal, format!("the sample has no commit {number}")))
}

struct Past {
    world: World,
    prefix: Prefix,
}

impl Past {
    fn create(&mut self, path: &str, object: &Value) -> Result<(), Error> {
        let body = object.to_string().into_bytes();
        self.send(
            Method::POST,
            path,
            "application/json",
            "kubectl-create",
            body,
        )
    }

    /// Deploys a commit as `kube sandbox deploy master --keep-strategy` would have then: the strategy
    /// is left for the first deploy of whoever uses the sandbox.
    fn deploy(&mut self, commit: &str, team: &str, number: u64) -> Result<(), Error> {
        let plan = self.plan(commit, team, number)?;
        if let Some(refusal) = plan.refusals.first() {
            return Err(Error::new(Kind::Internal, format!("{refusal:?}")));
        }
        for patch in plan.patches() {
            let path = format!("{DEPLOYMENTS}/{}", patch.deployment);
            let body = patch.body();
            self.send(
                Method::PATCH,
                &path,
                "application/json-patch+json",
                FIELD_MANAGER,
                body,
            )?;
        }
        Ok(())
    }

    fn plan(&self, commit: &str, team: &str, number: u64) -> Result<Plan, Error> {
        let internal =
            |error: &dyn std::fmt::Display| Error::new(Kind::Internal, error.to_string());
        let selection = select(&select::Request {
            listed: &self.objects(ObjectKind::Deployment),
            prefix: &self.prefix,
            source: Source::Commit,
            targets: &[],
            container: None,
            repository: None,
            checkout: None,
        })?;
        let replica_sets: Vec<ReplicaSetSeen> = self
            .objects(ObjectKind::ReplicaSet)
            .iter()
            .map(|object| ReplicaSetSeen::deserialize(object.as_ref()))
            .collect::<Result<_, _>>()
            .map_err(|error| internal(&error))?;
        let wanted = Wanted::Commit {
            reference: "master".to_owned(),
            commit: commit.parse().map_err(|error| internal(&error))?,
            tag: commit.parse().map_err(|error| internal(&error))?,
        };
        let now = Timestamp::from_millisecond(self.world.now().whole_second().0)
            .map_err(|error| internal(&error))?;
        let signature = Signature {
            deploy_id: DeployId::from_bits(SEED << 32 | number),
            user: team.to_owned(),
            reason: None,
            tool: USER_AGENT.to_owned(),
            now,
        };
        Ok(build(&PlanInput {
            environment: "sandbox",
            namespace: NAMESPACE,
            prefix: &self.prefix,
            selection: &selection,
            replica_sets: &replica_sets,
            doomed: &BTreeSet::new(),
            wanted: &wanted,
            signature: &signature,
            rules: Rules {
                strategy: Strategy::Keep,
                keeps_strategy: true,
                is_downtime_allowed: false,
                is_managed_allowed: false,
                pod_create: Patience::default().pod_create,
            },
        }))
    }

    fn objects(&self, kind: ObjectKind) -> Vec<Arc<Value>> {
        self.world
            .store
            .list(kind, Some(NAMESPACE))
            .cloned()
            .collect()
    }

    /// Sends a request to the cluster's API, and lets the cluster see what came of it.
    fn send(
        &mut self,
        method: Method,
        path: &str,
        content_type: &str,
        manager: &str,
        body: Vec<u8>,
    ) -> Result<(), Error> {
        let parameters = [("fieldManager", manager), ("fieldValidation", "Strict")];
        let request = Request {
            method,
            path: path.to_owned(),
            query: parameters
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.into(),
            user: User::admin(),
        };
        let now = self.world.now();
        let response = api::apply(&mut self.world, &request, &Circumstances::default(), now);
        self.world.run_to(now);
        if response.status < 300 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(response.bytes()).into_owned();
        Err(Error::new(Kind::Internal, format!("{path}: {text}")))
    }
}
