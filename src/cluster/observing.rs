//! What the watch of a rollout needs of the cluster: single tries, so that it can look after
//! failures itself, and streams.

use bytes::Bytes;
use http::Request;
use kube::core::params::GetParams;
use serde::de::DeserializeOwned;

use super::fault::Fault;
use super::lines::Lines;
use super::listing::{Listed, Manner, Page, Query, Selection};
use super::paths::{Resource, built};
use super::{Cluster, Limits, Notice};
use crate::rollout::Moment;

impl Cluster {
    pub(crate) fn now(&self) -> Moment {
        self.wire.now()
    }

    pub(crate) fn random(&self) -> u64 {
        self.wire.random()
    }

    pub(crate) fn limits(&self) -> &Limits {
        self.wire.limits()
    }

    pub(crate) fn tell(&self, notice: Notice) {
        self.wire.tell(notice);
    }

    /// Makes the next request open a new connection: the old ones may be dead without anybody
    /// knowing.
    pub(crate) fn forget_connections(&self) {
        self.wire.forget_connections();
    }

    /// Begins a stream of lines.
    pub(crate) async fn open(&self, request: &Request<Bytes>) -> Result<Lines, Fault> {
        self.wire.open(request).await
    }

    /// Lists in pages, each asked for once.
    pub(crate) async fn list_once<T>(
        &self,
        resource: Resource,
        selection: &Selection,
        parse: impl Fn(&[u8]) -> serde_json::Result<Page<T>>,
    ) -> Result<Listed<T>, Fault> {
        let query = Query {
            resource,
            namespace: &self.namespace,
            selection,
            manner: Manner::Once,
        };
        self.wire
            .list_as(query, |answer| {
                parse(&answer.body).map_err(|error| self.wire.unreadable(answer, &error))
            })
            .await
    }

    /// Reads one object, asked for once; `None` if there is none of that name.
    pub(crate) async fn get_once<T: DeserializeOwned>(
        &self,
        resource: Resource,
        name: &str,
    ) -> Result<Option<T>, Fault> {
        let requests = resource.within(&self.namespace);
        let request = built(requests.get(name, &GetParams::default()))?;
        match self.wire.once(&request).await {
            Ok(answer) => self.wire.parse(&answer).map(Some),
            Err(fault) if fault.is_not_found() => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}
