//! Lists in pages, and starts over when the pages expire meanwhile.

use bytes::Bytes;
use http::Request;
use kube::core::params::ListParams;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::fault::Fault;
use super::paths::{Resource, built};
use super::wire::{Answer, Wire};

/// Objects in one page; so that a namespace of thousands is read in bounded memory.
const PAGE: u32 = 500;

/// A list that expires again and again is not read to its end.
const RESTARTS: u32 = 3;

/// What to ask for, by labels and fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) labels: Option<String>,
    pub(crate) fields: Option<String>,
}

impl Selection {
    /// Selects the one object of that name.
    pub(crate) fn named(name: &str) -> Self {
        Self {
            labels: None,
            fields: Some(format!("metadata.name={name}")),
        }
    }

    pub(crate) fn labelled(labels: Option<String>) -> Self {
        Self {
            labels,
            fields: None,
        }
    }
}

/// A complete list and the point in time that it describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed<T> {
    pub(crate) items: Vec<T>,
    pub(crate) resource_version: String,
}

#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub(crate) struct Page<T> {
    #[serde(default)]
    pub(crate) metadata: PageMeta,
    pub(crate) items: Option<Vec<T>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PageMeta {
    pub(crate) resource_version: String,
    pub(crate) r#continue: String,
}

/// Whether each page is asked for once or for as long as there is hope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// For somebody who waits for the answer.
    Patient,
    /// For somebody who looks after failures himself.
    Once,
}

/// One list to ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'a> {
    pub(crate) resource: Resource,
    pub(crate) namespace: &'a str,
    pub(crate) selection: &'a Selection,
    pub(crate) manner: Manner,
}

impl Wire {
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        query: Query<'_>,
    ) -> Result<Listed<T>, Fault> {
        self.list_as(query, |answer| self.parse(answer)).await
    }

    /// Lists with a parser of one's own for the pages.
    pub(crate) async fn list_as<T>(
        &self,
        query: Query<'_>,
        parse: impl Fn(&Answer) -> Result<Page<T>, Fault>,
    ) -> Result<Listed<T>, Fault> {
        let mut restarts = 0;
        loop {
            match self.pages(query, &parse).await {
                // The snapshot that the pages are of is gone; go on from a new one.
                Err(fault) if fault.is_expired() && restarts < RESTARTS => restarts += 1,
                result => return result,
            }
        }
    }

    async fn pages<T>(
        &self,
        query: Query<'_>,
        parse: &impl Fn(&Answer) -> Result<Page<T>, Fault>,
    ) -> Result<Listed<T>, Fault> {
        let mut items = Vec::new();
        let mut token = String::new();
        loop {
            let request = page_request(query, &token)?;
            let page = match query.manner {
                Manner::Patient => self.read_as(&request, parse).await?,
                Manner::Once => parse(&self.once(&request).await?)?,
            };
            items.extend(page.items.unwrap_or_default());
            let is_last = page.metadata.r#continue.is_empty();
            // A token that stays the same would be followed for ever.
            if is_last || page.metadata.r#continue == token {
                return Ok(Listed {
                    items,
                    resource_version: page.metadata.resource_version,
                });
            }
            token = page.metadata.r#continue;
        }
    }
}

fn page_request(query: Query<'_>, token: &str) -> Result<Request<Bytes>, Fault> {
    let parameters = ListParams {
        label_selector: query.selection.labels.clone(),
        field_selector: query.selection.fields.clone(),
        limit: Some(PAGE),
        continue_token: Some(token.to_owned()).filter(|token| !token.is_empty()),
        ..ListParams::default()
    };
    built(query.resource.within(query.namespace).list(&parameters))
}
