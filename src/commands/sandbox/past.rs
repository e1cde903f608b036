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
const BEGINNING: Duration = ago(6, 2, 11, 40);

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
        ago: ago(5, 3, 46, 12),
        commit: 1,
        team: "web-team",
    },
    Release {
        ago: ago(3, 1, 20, 53),
        commit: UNBUILT,
        team: "orders-team",
    },
    Release {
        ago: ago(3, 0, 57, 21),
        commit: UNBUILT + 1,
        team: "orders-team",
    },
    Release {
        ago: ago(0, 20, 34, 8),
        commit: RUNNING,
        team: "orders-team",
    },
];

const fn ago(days: u64, hours: u64, minutes: u64, seconds: u64) -> Duration {
    Duration::from_secs(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::sandbox::repository;
    use crate::plan::deployment::Deployment;
    use crate::plan::standing::{Evidence, Standing};
    use crate::rollout::history::log::Outcome;
    use crate::rollout::history::{Belief, Past as Remembered};

    fn lived() -> (Commits, World) {
        let folder = tempfile::tempdir().expect("folder");
        let commits = repository::make(folder.path()).expect("made");
        let now = "2026-11-21T07:00:00Z".parse().expect("a time");
        let world = live(&commits, now).expect("lived");
        (commits, world)
    }

    fn objects(world: &World, kind: ObjectKind) -> Vec<Arc<Value>> {
        world.store.list(kind, Some(NAMESPACE)).cloned().collect()
    }

    #[test]
    fn four_releases_are_on_record_and_one_of_them_failed() {
        let (commits, world) = lived();
        let replica_sets: Vec<ReplicaSetSeen> = objects(&world, ObjectKind::ReplicaSet)
            .iter()
            .map(|object| ReplicaSetSeen::deserialize(object.as_ref()).expect("a ReplicaSet"))
            .collect();
        let now = Timestamp::from_millisecond(world.now().0).expect("a time");
        for raw in objects(&world, ObjectKind::Deployment) {
            let deployment = Deployment::read(raw).expect("a Deployment");
            let seen = &deployment.seen;
            let prefix = sample::PREFIX.parse().expect("a prefix");
            let past = Remembered::read(seen, &replica_sets, &prefix);
            let log: Vec<(u32, Option<Outcome>, &str)> = past
                .log
                .entries()
                .iter()
                .map(|entry| (entry.number, entry.outcome, entry.tag.as_str()))
                .collect();
            let commit = |number: usize| commits.master[number].as_str();
            let name = deployment.name();
            assert_eq!(
                log,
                [
                    (4, None, commit(RUNNING)),
                    (3, Some(Outcome::Completed), commit(3)),
                    (2, Some(Outcome::Failed), commit(UNBUILT)),
                    (1, Some(Outcome::Completed), commit(1)),
                ],
                "{name}"
            );
            assert_eq!(past.belief, Belief::Believed, "{name}");
            let standing = Standing::of(
                seen,
                &Evidence {
                    past: &past,
                    is_doomed: false,
                    now,
                    pod_create: Duration::ZERO,
                },
            );
            assert!(
                matches!(standing, Standing::Complete { .. }),
                "{standing:?}"
            );
            assert!(deployment.raw.pointer("/spec/minReadySeconds").is_none());
        }
    }

    #[test]
    fn the_pods_of_the_present_are_old_and_healthy() {
        let (commits, world) = lived();
        let pods = objects(&world, ObjectKind::Pod);
        let wanted: i32 = sample::DEPLOYMENTS.iter().map(|(_, pods)| pods).sum();
        assert_eq!(pods.len(), wanted as usize);
        for pod in pods {
            let image = pod
                .pointer("/spec/containers/0/image")
                .and_then(Value::as_str);
            assert_eq!(
                image,
                Some(sample::image(&commits.master[RUNNING]).as_str())
            );
            let status = &pod["status"]["containerStatuses"][0];
            assert_eq!(
                (&status["ready"], &status["restartCount"]),
                (&true.into(), &0.into())
            );
            let start = pod.pointer("/status/startTime").and_then(Value::as_str);
            assert!(
                start.is_some_and(|start| start < "2026-11-20T11:00:00Z"),
                "{start:?}"
            );
        }
        assert!(!world.is_rolling());
    }
}
