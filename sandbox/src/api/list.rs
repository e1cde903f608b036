//! Lists: of one state, in pages, narrowed by selectors.

use std::sync::Arc;

use serde_json::Value;

use super::negotiate;
use super::options::Version;
use super::page::Page;
use super::represent::{self, ListMeta};
use super::{Call, Response};
use crate::object::Kind;
use crate::status::Status;
use crate::store::Store;

/// The objects of a list with the revision at which they were so.
struct State {
    objects: Vec<Arc<Value>>,
    revision: u64,
}

/// Answers a request for all objects of a kind.
pub(super) fn answer(store: &Store, call: &Call<'_>) -> Result<Response, Status> {
    let form = negotiate::list_form(call.request)?;
    let (kind, target) = (call.kind(), call.target);
    let selector = call.query.selector(kind)?;
    let limit = call.query.number("limit")?.unwrap_or(0);
    let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
    let page = match call.query.text("continue") {
        "" => None,
        token => {
            if !call.query.text("resourceVersion").is_empty() {
                let why = "specifying resource version is not allowed when using continue";
                return Err(Status::bad_request(why));
            }
            Some(Page::decode(token)?)
        }
    };
    let namespace = target.namespace.as_deref();
    let State {
        mut objects,
        revision,
    } = match &page {
        Some(page) => next_state(store, kind, namespace, page)?,
        None => first_state(store, call, namespace)?,
    };
    let is_namespaced = namespace.is_some() || !kind.is_namespaced();
    if let Some(page) = &page {
        objects.retain(|object| !page.is_past(object, is_namespaced));
    }
    if !selector.is_everything() {
        objects.retain(|object| selector.matches(object));
    }
    let mut metadata = ListMeta {
        resource_version: revision.to_string(),
        ..ListMeta::default()
    };
    if let Some(limit) = limit
        && objects.len() > limit
    {
        metadata.remaining_item_count = selector.is_everything().then_some(objects.len() - limit);
        objects.truncate(limit);
        metadata.token = objects
            .last()
            .map(|last| Page::after(last, revision, is_namespaced).encode());
    }
    Ok(Response::json(
        200,
        represent::list(kind, &objects, metadata, form, call.now),
    ))
}

/// Returns the state that a list begins in.
fn first_state(store: &Store, call: &Call<'_>, namespace: Option<&str>) -> Result<State, Status> {
    let kind = call.kind();
    let newest = store.revision();
    let too_large = |asked| Err(Status::resource_version_too_large(asked, newest));
    match call.query.list_version()? {
        Version::NotOlderThan(asked) | Version::Exact(asked) if asked > newest => too_large(asked),
        Version::Exact(asked) => at(store, kind, namespace, asked).ok_or_else(Status::list_too_old),
        Version::Newest | Version::Any | Version::NotOlderThan(_) => {
            let lag = call.circumstances.lag;
            if lag == 0 {
                return Ok(State {
                    objects: store.list(kind, namespace).cloned().collect(),
                    revision: newest,
                });
            }
            let revision = lagging_revision(store, kind, lag);
            Ok(State {
                objects: lagging(store, kind, namespace, lag),
                revision,
            })
        }
    }
}

/// Returns the state that a page is cut out of.
fn next_state(
    store: &Store,
    kind: Kind,
    namespace: Option<&str>,
    page: &Page,
) -> Result<State, Status> {
    let newest = store.revision();
    let Some(revision) = page.revision else {
        return Ok(State {
            objects: store.list(kind, namespace).cloned().collect(),
            revision: newest,
        });
    };
    at(store, kind, namespace, revision)
        .ok_or_else(|| Status::expired_continue(page.clone().inconsistent().encode()))
}

fn at(store: &Store, kind: Kind, namespace: Option<&str>, revision: u64) -> Option<State> {
    let objects = store.list_at(kind, namespace, revision).ok()?;
    Some(State { objects, revision })
}

/// Returns what a server whose cache is `lag` revisions behind would list.
pub(super) fn lagging(
    store: &Store,
    kind: Kind,
    namespace: Option<&str>,
    lag: u64,
) -> Vec<Arc<Value>> {
    let revision = lagging_revision(store, kind, lag);
    store
        .list_at(kind, namespace, revision)
        .unwrap_or_else(|_| store.list(kind, namespace).cloned().collect())
}

/// Returns the revision that far back, or the oldest one that is still known.
fn lagging_revision(store: &Store, kind: Kind, lag: u64) -> u64 {
    let wanted = store.revision().saturating_sub(lag);
    match store.changes_since(kind, wanted) {
        Ok(_) => wanted,
        Err(expired) => expired.oldest,
    }
}
