//! One sync of a ReplicaSet, in upstream's order of reads and writes.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::status::{self, Count};
use super::{Expectations, has_ended, is_active, ranking};
use crate::client::{Client, Refused};
use crate::controllers::Again;
use crate::controllers::ownership::Owner;
use crate::object::{Key, Kind, Lookup, View, controller_of, fields, text, uid};
use crate::store::{DeleteOptions, Objects, Scope, StoreError};

/// How many pods one sync creates or deletes at most.
const BURST: usize = 500;

/// Looks after one ReplicaSet, as `seen` shows it.
pub(crate) fn sync(
    seen: &Objects,
    expectations: &mut Expectations,
    client: &mut Client<'_>,
    key: &Key,
) -> Result<Again, Refused> {
    let Some(object) = seen.read(key) else {
        expectations.forget(key);
        return Ok(Again::OnChange);
    };
    let owner = Owner {
        kind: Kind::ReplicaSet,
        object,
        owned: Kind::Pod,
    };
    let active = owner.claim(seen, client, is_active)?;
    let is_own = |pod: &&Arc<Value>| controller_of(pod) == Some(uid(object));
    let leaving = |pod: &&Arc<Value>| View(pod).is_terminating() && !has_ended(pod);
    let terminating = seen
        .dependents(uid(object))
        .filter(is_own)
        .filter(leaving)
        .count();

    let mut refused = None;
    if expectations.are_met(key, client.now) && !View(object).is_terminating() {
        refused = Manage {
            seen,
            owner: &owner,
            key,
            expectations,
        }
        .run(&active, client)
        .err();
    }
    let failure = refused.as_ref().map(Refused::to_string);
    let count = Count {
        replica_set: object,
        active: &active,
        terminating,
        failure,
        now: client.now,
    };
    if let Some(status) = status::compute(&count) {
        write_status(object, &status, client)?;
    }
    if let Some(refused) = refused {
        return Err(refused);
    }
    Ok(status::next_available(object, &active, client.now).map_or(Again::OnChange, Again::After))
}

/// Creating and deleting pods.
struct Manage<'a> {
    seen: &'a Objects,
    owner: &'a Owner<'a>,
    key: &'a Key,
    expectations: &'a mut Expectations,
}

impl Manage<'_> {
    fn run(&mut self, active: &[Arc<Value>], client: &mut Client<'_>) -> Result<(), Refused> {
        let wanted = View(self.owner.object)
            .number("/spec/replicas")
            .unwrap_or(1);
        let wanted = usize::try_from(wanted).unwrap_or(0);
        if active.len() < wanted {
            self.create((wanted - active.len()).min(BURST), client)
        } else if active.len() > wanted {
            self.delete((active.len() - wanted).min(BURST), active, client)
        } else {
            Ok(())
        }
    }

    /// Creates pods in batches of 1, 2, 4, …; a batch in which one fails is the last.
    fn create(&mut self, count: usize, client: &mut Client<'_>) -> Result<(), Refused> {
        self.expectations
            .expect_created(self.key, count, client.now);
        let (mut left, mut batch, mut created) = (count, 1, 0);
        let mut refused = None;
        while left > 0 && refused.is_none() {
            batch = batch.min(left);
            for _ in 0..batch {
                match self.create_one(client) {
                    Ok(()) => created += 1,
                    Err(error) => refused = refused.or(Some(error)),
                }
            }
            left -= batch;
            batch *= 2;
        }
        for _ in created..count {
            self.expectations.see_created(self.key);
        }
        refused.map_or(Ok(()), Err)
    }

    fn create_one(&self, client: &mut Client<'_>) -> Result<(), Refused> {
        let replica_set = self.owner.object;
        match client.create(Kind::Pod, pod_from(replica_set, self.owner)) {
            Ok(pod) => {
                client.tell(
                    replica_set,
                    "SuccessfulCreate",
                    &format!("Created pod: {}", View(&pod).name()),
                );
                Ok(())
            }
            // In a namespace that is being deleted nothing can be done, nor need be.
            Err(refused) if refused.is_hopeless() => Ok(()),
            Err(refused) => {
                client.warn(
                    replica_set,
                    "FailedCreate",
                    &format!("Error creating: {refused}"),
                );
                Err(refused)
            }
        }
    }

    fn delete(
        &mut self,
        count: usize,
        active: &[Arc<Value>],
        client: &mut Client<'_>,
    ) -> Result<(), Refused> {
        let mut pods = active.to_vec();
        if count < pods.len() {
            ranking::sort(&mut pods, &self.related(), client.now);
            pods.truncate(count);
        }
        let uids: BTreeSet<String> = pods.iter().map(|pod| uid(pod).to_owned()).collect();
        self.expectations.expect_deleted(self.key, uids, client.now);
        let mut result = Ok(());
        for pod in &pods {
            let name = View(pod).name();
            match client.delete(&Key::named_in(Kind::Pod, pod), &DeleteOptions::default()) {
                Ok(_) => client.tell(
                    self.owner.object,
                    "SuccessfulDelete",
                    &format!("Deleted pod: {name}"),
                ),
                Err(refused) => {
                    self.expectations.see_deleted(self.key, uid(pod));
                    if !refused.is_not_found() {
                        client.warn(
                            self.owner.object,
                            "FailedDelete",
                            &format!("Error deleting: {refused}"),
                        );
                        result = result.and(Err(refused));
                    }
                }
            }
        }
        result
    }

    /// Returns the pods of all ReplicaSets that have the same owner, this one included.
    fn related(&self) -> Vec<Arc<Value>> {
        let siblings: Vec<&str> = match controller_of(self.owner.object) {
            Some(owner) => self
                .seen
                .dependents(owner)
                .map(|sibling| uid(sibling))
                .collect(),
            None => vec![uid(self.owner.object)],
        };
        siblings
            .into_iter()
            .flat_map(|sibling| self.seen.dependents(sibling))
            .cloned()
            .collect()
    }
}

/// Makes a pod of a ReplicaSet's template.
fn pod_from(replica_set: &Value, owner: &Owner<'_>) -> Value {
    let template = |pointer: &str| replica_set.at(&format!("/spec/template{pointer}")).cloned();
    let mut pod = json!({
        "metadata": {
            "generateName": format!("{}-", View(replica_set).name()),
            "namespace": View(replica_set).namespace(),
            "ownerReferences": [owner.reference()],
        },
        "spec": template("/spec"),
    });
    let metadata = crate::object::metadata(&mut pod);
    for field in ["labels", "annotations", "finalizers"] {
        crate::object::put(metadata, field, template(&format!("/metadata/{field}")));
    }
    pod
}

/// Writes a status; one that was overtaken is written once more upon the newest version, whatever that says.
fn write_status(seen: &Value, status: &Value, client: &mut Client<'_>) -> Result<(), Refused> {
    let write = |onto: &Value, client: &mut Client<'_>| {
        let mut object = onto.clone();
        fields(&mut object).insert("status".to_owned(), status.clone());
        client.replace(Kind::ReplicaSet, object, Scope::Status)
    };
    match write(seen, client) {
        Err(Refused::Store(StoreError::Conflict(key))) => {
            let fresh = client
                .store
                .read(&key)
                .cloned()
                .ok_or(Refused::Store(StoreError::NotFound(key)))?;
            write(&fresh, client).map(drop)
        }
        written => written.map(drop),
    }
}

/// Returns the ReplicaSet that a pod belongs to, if it has been seen.
pub(crate) fn owner_of(seen: &Objects, pod: &Value) -> Option<Key> {
    let uid_of_owner = controller_of(pod)?;
    let owners = View(pod).list("/metadata/ownerReferences").iter();
    let mut named = owners.filter(|owner| {
        text(owner, "/uid") == uid_of_owner && text(owner, "/kind") == "ReplicaSet"
    });
    let key = Key::new(
        Kind::ReplicaSet,
        View(pod).namespace(),
        text(named.next()?, "/name"),
    );
    seen.read(&key)
        .filter(|replica_set| uid(replica_set) == uid_of_owner)
        .map(|_| key)
}
