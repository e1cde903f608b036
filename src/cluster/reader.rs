//! Everything that is read before a plan and around it. Objects come as the API server sent them,
//! so that nothing unknown to this program is lost on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use k8s_openapi::Resource as Known;
use kube::core::params::{GetParams, PostParams};
use kube::core::request;
use kube::core::subresource::LogParams;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::Cluster;
use super::fault::Fault;
use super::listing::{Manner, Query, Selection};
use super::paths::{Resource, built, is_name};
use super::selector::common_selector;
use super::slim;
use super::wire::Wire;

/// A log line of a container that talks much is still short against this.
const LARGEST_LOG: i64 = 1 << 20;

/// What is there, or that it may not be seen: without it the run goes on, with less to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Access<T> {
    Granted(T),
    Forbidden { why: String },
}

/// What is known of a namespace.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum NamespaceAnswer {
    Found(Box<Value>),
    /// It is being deleted. The API server still takes changes of what is in it, to no purpose.
    Terminating(Box<Value>),
    Absent,
    /// It may exist: it may not be read.
    Hidden {
        why: String,
    },
}

/// Reads, and can do nothing else.
#[derive(Clone)]
pub(crate) struct Reader {
    wire: Arc<Wire>,
    namespace: String,
}

impl Reader {
    pub(super) fn new(cluster: &Cluster) -> Self {
        Self {
            wire: Arc::clone(&cluster.wire),
            namespace: cluster.namespace.clone(),
        }
    }

    pub(super) fn namespace_name(&self) -> &str {
        &self.namespace
    }

    /// Reads the namespace itself, for its annotations and to tell whether it exists.
    pub(crate) async fn namespace(&self) -> Result<NamespaceAnswer, Fault> {
        let namespaces = Resource::Namespaces.within("");
        let request = built(namespaces.get(&self.namespace, &GetParams::default()))?;
        match self.wire.read_json::<Box<Value>>(&request).await {
            Ok(namespace) if is_terminating(&namespace) => {
                Ok(NamespaceAnswer::Terminating(namespace))
            }
            Ok(namespace) => Ok(NamespaceAnswer::Found(namespace)),
            Err(fault) if fault.is_not_found() => Ok(NamespaceAnswer::Absent),
            Err(fault) if fault.is_forbidden() => Ok(NamespaceAnswer::Hidden {
                why: fault.to_string(),
            }),
            Err(fault) => Err(fault),
        }
    }

    /// Reads the names of all namespaces, to suggest one.
    pub(crate) async fn namespace_names(&self) -> Result<Access<Vec<String>>, Fault> {
        let names = self
            .list(Resource::Namespaces, &Selection::default())
            .await
            .map(|namespaces| {
                namespaces
                    .iter()
                    .filter_map(|namespace| namespace.pointer("/metadata/name")?.as_str())
                    .map(ToOwned::to_owned)
                    .collect()
            });
        unless_forbidden(names)
    }

    /// Reads all Deployments of the namespace.
    ///
    /// Those whose annotations are wanted come whole; of the others come name, uid, labels, and
    /// annotations, also those of the pod template.
    pub(crate) async fn deployments(
        &self,
        is_wanted: impl Fn(&BTreeMap<String, String>) -> bool,
    ) -> Result<Vec<Value>, Fault> {
        let everything = Selection::default();
        let query = self.query(Resource::Deployments, &everything);
        let listed = self
            .wire
            .list_as(query, |answer| {
                slim::parse(&answer.body, &is_wanted)
                    .map_err(|error| self.wire.unreadable(answer, &error))
            })
            .await?;
        Ok(listed.items)
    }

    /// Reads one Deployment; `None` if there is none of that name.
    pub(crate) async fn deployment(&self, name: &str) -> Result<Option<Value>, Fault> {
        if !is_name(name) {
            return Ok(None);
        }
        let deployments = Resource::Deployments.within(&self.namespace);
        let request = built(deployments.get(name, &GetParams::default()))?;
        match self.wire.read_json(&request).await {
            Ok(deployment) => Ok(Some(deployment)),
            Err(fault) if fault.is_not_found() => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Reads the ReplicaSets that these Deployments own.
    pub(crate) async fn replica_sets(&self, deployments: &[&Value]) -> Result<Vec<Value>, Fault> {
        let owners: BTreeSet<&str> = deployments
            .iter()
            .filter_map(|deployment| deployment.pointer("/metadata/uid")?.as_str())
            .collect();
        let selection = Selection::labelled(common_selector(deployments));
        let mut replica_sets = self.list(Resource::ReplicaSets, &selection).await?;
        replica_sets.retain(|replica_set| {
            controller_uid(replica_set).is_some_and(|uid| owners.contains(uid))
        });
        Ok(replica_sets)
    }

    /// Reads the pods that these Deployments select.
    pub(crate) async fn pods(&self, deployments: &[&Value]) -> Result<Access<Vec<Value>>, Fault> {
        let selection = Selection::labelled(common_selector(deployments));
        unless_forbidden(self.list(Resource::Pods, &selection).await)
    }

    /// Reads the cluster events about one object.
    pub(crate) async fn events(&self, uid: &str) -> Result<Access<Vec<Value>>, Fault> {
        let selection = Selection {
            labels: None,
            fields: Some(format!("involvedObject.uid={uid}")),
        };
        unless_forbidden(self.list(Resource::Events, &selection).await)
    }

    /// Reads the end of a container's log, or of its run before.
    pub(crate) async fn log(
        &self,
        pod: &str,
        container: &str,
        previous: bool,
        tail_lines: u32,
    ) -> Result<Access<Vec<String>>, Fault> {
        let request = log_request(&self.namespace, pod, container, previous, tail_lines)?;
        let lines = self.wire.read(&request).await.map(|answer| {
            String::from_utf8_lossy(&answer.body)
                .lines()
                .map(ToOwned::to_owned)
                .collect()
        });
        unless_forbidden(lines)
    }

    /// Has the API server answer a question about ourselves: a POST that makes nothing.
    pub(super) async fn review<K>(&self, question: &K) -> Result<K, Fault>
    where
        K: Known + Serialize + DeserializeOwned,
    {
        let path = format!("/apis/{}/{}", K::API_VERSION, K::URL_PATH_SEGMENT);
        let body =
            serde_json::to_vec(question).map_err(|error| Fault::Settings(error.to_string()))?;
        let request = built(request::Request::new(path).create(&PostParams::default(), body))?;
        self.wire.read_json(&request).await
    }

    async fn list(&self, resource: Resource, selection: &Selection) -> Result<Vec<Value>, Fault> {
        let listed = self.wire.list(self.query(resource, selection)).await?;
        Ok(listed.items)
    }

    fn query<'a>(&'a self, resource: Resource, selection: &'a Selection) -> Query<'a> {
        Query {
            resource,
            namespace: &self.namespace,
            selection,
            manner: Manner::Patient,
        }
    }
}

/// Returns the request for the end of a log.
pub(super) fn log_request(
    namespace: &str,
    pod: &str,
    container: &str,
    previous: bool,
    tail_lines: u32,
) -> Result<Request<Bytes>, Fault> {
    if !is_name(pod) {
        return Err(Fault::Settings(format!("`{pod}` is no pod's name")));
    }
    built(Resource::Pods.within(namespace).logs(
        pod,
        &LogParams {
            container: Some(container.to_owned()),
            previous,
            tail_lines: Some(i64::from(tail_lines)),
            limit_bytes: Some(LARGEST_LOG),
            ..LogParams::default()
        },
    ))
}

fn is_terminating(namespace: &Value) -> bool {
    namespace.pointer("/metadata/deletionTimestamp").is_some()
        || namespace.pointer("/status/phase").and_then(Value::as_str) == Some("Terminating")
}

fn controller_uid(object: &Value) -> Option<&str> {
    object
        .pointer("/metadata/ownerReferences")?
        .as_array()?
        .iter()
        .find(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true))?
        .get("uid")?
        .as_str()
}

fn unless_forbidden<T>(result: Result<T, Fault>) -> Result<Access<T>, Fault> {
    match result {
        Ok(value) => Ok(Access::Granted(value)),
        Err(fault) if fault.is_forbidden() => Ok(Access::Forbidden {
            why: fault.to_string(),
        }),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
