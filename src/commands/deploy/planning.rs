//! From the Deployments to a plan: selection, what is wanted, and what is in the way; the first can
//! be looked at again when the cluster moves.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::super::Run;
use super::super::session::{Session, USER_AGENT};
use super::author;
use super::origin::{Meaning, Origin};
use super::wish::Wish;
use crate::cli::DeployArgs;
use crate::cluster::reader::Access;
use crate::environment::policy::gates::GateError;
use crate::environment::prefix::Prefix;
use crate::error::Error;
use crate::plan::Plan;
use crate::plan::build::{PlanInput, Rules, Signature, build};
use crate::plan::select::{Request, Selection, select};
use crate::plan::words;
use crate::process::random;
use crate::resolve::{Outgoing, Repository};
use crate::rollout::follow::{Follow, Options};
use crate::rollout::history::{DeployId, Past};
use crate::rollout::observed::{PodSeen, ReplicaSetSeen};
use crate::rollout::{Input, Seen, Status, Watched};

/// A plan and what goes with it.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) outgoing: Outgoing,
    /// What the environment has against the ref or the repository.
    pub(crate) refusal: Option<GateError>,
}

/// Makes the plan of one run, and makes it anew when the cluster has moved: commit, deploy id, and
/// author stay what they were.
pub(crate) struct Planner {
    args: DeployArgs,
    wish: Wish,
    repository_flag: Option<Repository>,
    pub(crate) origin: Origin,
    pub(crate) meaning: Meaning,
    prefix: Prefix,
    deploy_id: DeployId,
    user: String,
    outgoing: Option<Outgoing>,
    last: Option<Plan>,
}

impl Planner {
    /// Selects the targets, to know their repository, and resolves the ref.
    pub(crate) async fn new(
        run: &Run,
        session: &Session,
        args: &DeployArgs,
        wish: Wish,
    ) -> Result<Self, Error> {
        let repository_flag = args
            .repo
            .as_deref()
            .map(Repository::parse_slug)
            .transpose()?;
        let selection = select_targets(session, args, &wish, repository_flag.as_ref())?;
        for note in &selection.notes {
            run.ui.warn(&words::note(note));
        }
        let origin = Origin::new(run, session, selection.repository)?;
        Ok(Self {
            meaning: origin.meaning(run, session, &wish).await?,
            origin,
            args: args.clone(),
            wish,
            repository_flag,
            prefix: session.environment.prefix.clone(),
            deploy_id: DeployId::from_bits(random()),
            user: author::name(run, session, args),
            outgoing: None,
            last: None,
        })
    }

    pub(crate) fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// Returns the newest plan that was made.
    pub(crate) fn last_plan(&self) -> Option<&Plan> {
        self.last.as_ref()
    }

    /// Makes the plan from what the cluster is now.
    pub(crate) async fn plan(&mut self, run: &Run, session: &Session) -> Result<Planned, Error> {
        let repository = self.repository_flag.as_ref();
        let selection = select_targets(session, &self.args, &self.wish, repository)?;
        let raw = raw(&selection);
        let replica_sets = match session.cluster.reader().replica_sets(&raw).await {
            Ok(objects) => parsed(objects),
            Err(fault) if fault.is_forbidden() => Vec::new(),
            Err(fault) => return Err(fault.into()),
        };
        let mut plan = self.build(run, session, &selection, &replica_sets, &BTreeSet::new());
        if plan.deployments.iter().any(|own| own.standing.is_busy()) {
            let doomed = doomed(run, session, &selection, &replica_sets).await?;
            plan = self.build(run, session, &selection, &replica_sets, &doomed);
        }
        let outgoing = match self.outgoing.take() {
            Some(known) => known,
            None => self.origin.outgoing(&plan).await,
        };
        self.outgoing = Some(outgoing.clone());
        self.last = Some(plan.clone());
        Ok(Planned {
            plan,
            outgoing,
            refusal: self.meaning.refusal.clone(),
        })
    }

    fn build(
        &self,
        run: &Run,
        session: &Session,
        selection: &Selection,
        replica_sets: &[ReplicaSetSeen],
        doomed: &BTreeSet<String>,
    ) -> Plan {
        let environment = &session.environment;
        build(&PlanInput {
            environment: &environment.name,
            namespace: &environment.namespace,
            prefix: &environment.prefix,
            selection,
            replica_sets,
            doomed,
            wanted: &self.meaning.wanted,
            signature: &Signature {
                deploy_id: self.deploy_id.clone(),
                user: self.user.clone(),
                reason: None,
                tool: USER_AGENT.to_owned(),
                now: session.now(run),
            },
            rules: Rules {
                strategy: environment.policy.strategy.value,
                keeps_strategy: self.args.keep_strategy,
                is_downtime_allowed: self.args.allow_downtime,
                is_managed_allowed: self.args.allow_managed,
                pod_create: session.config.patience.pod_create,
            },
        })
    }
}

fn select_targets(
    session: &Session,
    args: &DeployArgs,
    wish: &Wish,
    repository: Option<&Repository>,
) -> Result<Selection, Error> {
    Ok(select(&Request {
        listed: &session.deployments,
        prefix: &session.environment.prefix,
        source: wish.source(),
        targets: &args.target,
        container: args.container.as_deref(),
        repository,
        checkout: session.checkout.repository.as_ref(),
    })?)
}

fn raw(selection: &Selection) -> Vec<&Value> {
    selection
        .targets
        .iter()
        .map(|targeted| targeted.deployment.raw.as_ref())
        .collect()
}

/// Returns the Deployments whose new pods will not come up: nobody has to wait for them.
async fn doomed(
    run: &Run,
    session: &Session,
    selection: &Selection,
    replica_sets: &[ReplicaSetSeen],
) -> Result<BTreeSet<String>, Error> {
    let Access::Granted(pods) = session.cluster.reader().pods(&raw(selection)).await? else {
        return Ok(BTreeSet::new());
    };
    let prefix = &session.environment.prefix;
    let now = session.now(run);
    let applied = selection
        .targets
        .iter()
        .map(|targeted| {
            let seen = &targeted.deployment.seen;
            Past::read(seen, replica_sets, prefix).baseline(seen, now)
        })
        .collect();
    let moment = run.process.clock.now();
    let mut follow = Follow::new(
        applied,
        Options {
            patience: session.config.patience.clone(),
            annotation_prefix: prefix.to_string(),
            server_time: Some(now),
            ..Options::default()
        },
        moment,
    );
    let pods = parsed::<PodSeen>(pods)
        .into_iter()
        .map(|pod| Seen::Pod(Box::new(pod)));
    let sets = replica_sets
        .iter()
        .map(|set| Seen::ReplicaSet(Box::new(set.clone())));
    let deployments = selection
        .targets
        .iter()
        .map(|targeted| Seen::Deployment(Box::new(targeted.deployment.seen.clone())));
    for (kind, objects) in [
        (Watched::Pods, pods.collect::<Vec<_>>()),
        (Watched::ReplicaSets, sets.collect()),
        (Watched::Deployments, deployments.collect()),
    ] {
        follow.step(Input::Listed { kind, objects }, moment);
    }
    Ok(follow
        .standing()
        .into_iter()
        .filter(|standing| matches!(standing.status, Status::Failed { .. }))
        .map(|standing| standing.deployment)
        .collect())
}

fn parsed<T: for<'de> Deserialize<'de>>(objects: Vec<Value>) -> Vec<T> {
    objects
        .into_iter()
        .filter_map(|object| T::deserialize(object).ok())
        .collect()
}
