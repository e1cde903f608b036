//! What each actor makes of a change it sees, and what it does about an object whose turn it is.

use std::time::Duration;

use serde_json::Value;

use super::{Actor, World, follow};
use crate::admission;
use crate::client::{Client, Refused};
use crate::controllers::{Again, deployment, replicaset};
use crate::object::{Key, Kind, Lookup, View, controller_of, fields, namespace, text, uid};
use crate::store::{Change, Scope, Verb};

/// How often in a row the Deployment controller tries before it waits for the next change.
const DEPLOYMENT_RETRIES: u32 = 15;

impl World {
    /// Lets an actor see a change.
    pub(super) fn see(&mut self, actor: Actor, change: &Change) {
        let key = Key::named_in(change.kind, &change.object);
        match actor {
            Actor::DeploymentController => self.see_for_deployments(&key, change),
            Actor::ReplicaSetController => self.see_for_replica_sets(&key, change),
            Actor::Scheduler => self.see_for_scheduler(&key, change),
            Actor::Kubelet => self.see_for_kubelet(&key, change),
            Actor::GarbageCollector => self.see_for_collector(&key, change),
            Actor::QuotaController => self.see_for_quotas(change),
        }
    }

    /// Lets an actor look after an object.
    pub(super) fn tend(&mut self, actor: Actor, key: &Key) {
        if self.suspended.contains(&actor) {
            return;
        }
        match actor {
            Actor::DeploymentController => {
                let writer = self.writer(actor);
                let mut client = Client::new(&mut self.store, self.now, writer);
                let result = deployment::sync(&self.deployments, &mut client, key);
                self.settle(actor, key, result);
            }
            Actor::ReplicaSetController => {
                let writer = self.writer(actor);
                let mut client = Client::new(&mut self.store, self.now, writer);
                let result =
                    replicaset::sync(&self.replica_sets, &mut self.expectations, &mut client, key);
                self.settle(actor, key, result);
            }
            Actor::Scheduler => self.schedule(key),
            Actor::Kubelet => self.run_pod(key),
            Actor::GarbageCollector => self.collect(key),
            Actor::QuotaController => self.count_quota(key),
        }
    }

    /// Plans an actor's next look at an object.
    pub(super) fn enqueue(&mut self, actor: Actor, key: &Key) {
        // Reading a change and acting upon it are two moments, so that changes that arrive together are seen together.
        let time = self.now.plus(Duration::from_millis(1));
        if let Some(queue) = self.queues.get_mut(&actor) {
            queue.add(&mut self.agenda, actor, key, time);
        }
    }

    /// Lets an actor look after everything it is there for, as after its start.
    pub(super) fn look_after_everything(&mut self, actor: Actor) {
        let kinds = Kind::ALL
            .iter()
            .copied()
            .filter(|kind| actor.watches(*kind));
        let all: Vec<Change> = kinds
            .flat_map(|kind| {
                self.store
                    .list(kind, None)
                    .map(move |object| (kind, object))
            })
            .map(|(kind, object)| Change {
                revision: 0,
                kind,
                verb: Verb::Added,
                object: object.clone(),
                previous: None,
            })
            .collect();
        for change in all {
            self.see(actor, &change);
        }
    }

    fn settle(&mut self, actor: Actor, key: &Key, result: Result<Again, Refused>) {
        let Some(queue) = self.queues.get_mut(&actor) else {
            return;
        };
        let is_given_up =
            |failures: u32| actor == Actor::DeploymentController && failures >= DEPLOYMENT_RETRIES;
        match result {
            Ok(again) => {
                queue.forget_failures(key);
                let pause = match again {
                    Again::OnChange => return,
                    Again::Soon => Duration::from_millis(5),
                    Again::After(pause) => pause,
                };
                queue.add_later(&mut self.agenda, actor, key, self.now.plus(pause));
            }
            Err(refused) if refused.is_hopeless() || is_given_up(queue.failures(key)) => {
                queue.forget_failures(key)
            }
            Err(_) => {
                let pause = queue.fail(key);
                queue.add_later(&mut self.agenda, actor, key, self.now.plus(pause));
            }
        }
    }

    fn see_for_deployments(&mut self, key: &Key, change: &Change) {
        follow(&mut self.deployments, change);
        match change.kind {
            Kind::Deployment => self.enqueue(Actor::DeploymentController, key),
            Kind::ReplicaSet => {
                let versions = [Some(&change.object), change.previous.as_ref()]
                    .into_iter()
                    .flatten();
                let owners: Vec<Key> = versions
                    .filter_map(|version| deployment::owner_of(&self.deployments, version))
                    .collect();
                for owner in &owners {
                    self.enqueue(Actor::DeploymentController, owner);
                }
                if owners.is_empty()
                    && controller_of(&change.object).is_none()
                    && change.verb != Verb::Deleted
                {
                    self.offer_orphan(Actor::DeploymentController, Kind::Deployment, change);
                }
            }
            _ => {
                if change.verb == Verb::Deleted
                    && let Some(owner) = self.recreated_without_pods(&change.object)
                {
                    self.enqueue(Actor::DeploymentController, &owner);
                }
            }
        }
    }

    /// Returns the Deployment that a pod belonged to, if it replaces all pods at once and has none left.
    fn recreated_without_pods(&self, pod: &Value) -> Option<Key> {
        let seen = &self.deployments;
        let replica_set = replicaset::owner_of(seen, pod)?;
        let owner = deployment::owner_of(seen, seen.read(&replica_set)?)?;
        let object = seen.read(&owner)?;
        let mut replica_sets = seen.dependents(uid(object));
        let is_empty =
            replica_sets.all(|replica_set| seen.dependents(uid(replica_set)).next().is_none());
        (is_empty && text(object, "/spec/strategy/type") == "Recreate").then_some(owner)
    }

    fn see_for_replica_sets(&mut self, key: &Key, change: &Change) {
        follow(&mut self.replica_sets, change);
        if change.kind == Kind::ReplicaSet {
            if change.verb == Verb::Deleted {
                self.expectations.forget(key);
            }
            self.enqueue(Actor::ReplicaSetController, key);
            return;
        }
        let owner = replicaset::owner_of(&self.replica_sets, &change.object);
        if let Some(owner) = &owner {
            if change.verb == Verb::Deleted || View(&change.object).is_terminating() {
                self.expectations.see_deleted(owner, uid(&change.object));
            } else if change.verb == Verb::Added {
                self.expectations.see_created(owner);
            }
            self.enqueue(Actor::ReplicaSetController, owner);
        }
        let former = change
            .previous
            .as_ref()
            .and_then(|pod| replicaset::owner_of(&self.replica_sets, pod));
        if let Some(former) = former.filter(|former| owner.as_ref() != Some(former)) {
            self.enqueue(Actor::ReplicaSetController, &former);
        }
        if controller_of(&change.object).is_none() && change.verb != Verb::Deleted {
            self.offer_orphan(Actor::ReplicaSetController, Kind::ReplicaSet, change);
        }
    }

    /// Wakes everybody who might adopt an object without a controller.
    fn offer_orphan(&mut self, actor: Actor, kind: Kind, change: &Change) {
        let labels = change.object.at("/metadata/labels");
        let candidates: Vec<Key> = self
            .store
            .list(kind, Some(namespace(&change.object)))
            .filter(|candidate| {
                crate::controllers::selector::matches(candidate.at("/spec/selector"), labels)
            })
            .map(|candidate| Key::named_in(kind, candidate))
            .collect();
        for candidate in candidates {
            self.enqueue(actor, &candidate);
        }
    }

    fn see_for_quotas(&mut self, change: &Change) {
        let quotas: Vec<Key> = self
            .store
            .list(Kind::ResourceQuota, Some(namespace(&change.object)))
            .map(|quota| Key::named_in(Kind::ResourceQuota, quota))
            .collect();
        for quota in quotas {
            self.enqueue(Actor::QuotaController, &quota);
        }
    }

    fn count_quota(&mut self, key: &Key) {
        let Some(quota) = self.store.read(key).cloned() else {
            return;
        };
        let status = admission::quota_status(&self.store, &quota);
        let mut object = Value::clone(&quota);
        fields(&mut object).insert("status".to_owned(), status);
        // It was read just now, so that nothing but its absence could refuse this.
        let _ =
            self.client(Actor::QuotaController)
                .replace(Kind::ResourceQuota, object, Scope::Status);
    }
}

/// Returns whether a Deployment is on its way to what its spec says.
///
/// Once the controller has called it complete or given it up, pods that come and go are no rollout.
pub(super) fn is_rolling(deployment: View<'_>) -> bool {
    let count = |field: &str| deployment.number(&format!("/status/{field}")).unwrap_or(0);
    let wanted = deployment.number("/spec/replicas").unwrap_or(1);
    let is_complete = count("observedGeneration") >= deployment.generation()
        && ["replicas", "updatedReplicas", "availableReplicas"]
            .iter()
            .all(|field| count(field) == wanted);
    let are_all_new = count("updatedReplicas") == count("replicas") && count("replicas") == wanted;
    let is_settled = count("observedGeneration") >= deployment.generation()
        && deployment
            .list("/status/conditions")
            .iter()
            .filter(|condition| text(condition, "/type") == "Progressing")
            .any(|condition| {
                text(condition, "/status") == "False"
                    || (are_all_new && text(condition, "/reason") == "NewReplicaSetAvailable")
            });
    !is_complete && !is_settled && !deployment.is_true("/spec/paused")
}
