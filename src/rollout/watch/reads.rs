//! Reads the Deployments themselves beside the watch: a second source, in case the first is silent.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::{Scope, decode};
use crate::cluster::Cluster;
use crate::cluster::fault::Fault;
use crate::cluster::listing::Selection;
use crate::cluster::paths::Resource;
use crate::rollout::{Input, Seen, Watched};

/// Up to so many Deployments are read one by one; more are listed.
const READ_SINGLY: usize = 4;

/// The Deployments of the run, to be read.
#[derive(Clone)]
pub(super) struct Deployments {
    cluster: Cluster,
    scope: Arc<Scope>,
}

impl Deployments {
    pub(super) fn new(cluster: &Cluster, scope: &Arc<Scope>) -> Self {
        Self {
            cluster: cluster.clone(),
            scope: Arc::clone(scope),
        }
    }

    /// Reads them all: one by one where they are few.
    pub(super) async fn read(&self) -> Result<Vec<Input>, Fault> {
        let kind = Watched::Deployments;
        if self.scope.names.len() > READ_SINGLY {
            let everything = Selection::default();
            let listed = self
                .cluster
                .list_once(Resource::Deployments, &everything, |body| {
                    decode::page(kind, &self.scope, body)
                })
                .await?;
            let objects = listed.items;
            return Ok(vec![Input::Listed { kind, objects }]);
        }
        let reads = self.scope.names.iter().map(|name| async move {
            let seen = self.cluster.get_once(Resource::Deployments, name).await?;
            Ok::<Input, Fault>(match seen {
                Some(seen) => Input::Changed(Seen::Deployment(Box::new(seen))),
                None => Input::Missing {
                    deployment: name.clone(),
                },
            })
        });
        futures::future::try_join_all(reads).await
    }

    /// Reads them now and then, whatever the watch says. A read that fails says nothing: the watch
    /// notices trouble itself.
    pub(super) async fn read_now_and_then(self, every: Duration, sender: mpsc::Sender<Input>) {
        loop {
            tokio::time::sleep(every).await;
            match self.read().await {
                Ok(inputs) => {
                    for input in inputs {
                        if sender.send(input).await.is_err() {
                            return;
                        }
                    }
                }
                Err(fault) if fault.is_forbidden() => return,
                Err(_) => {}
            }
        }
    }
}
