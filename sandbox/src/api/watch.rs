//! Watches: events about the objects of a kind, pulled by whoever holds the connection.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::negotiate::{self, Form};
use super::options::parse_version;
use super::represent;
use super::{Body, Call, Response};
use crate::clock::Time;
use crate::object::{Kind, metadata, namespace};
use crate::selector::Selector;
use crate::status::Status;
use crate::store::{Change, Expired, Store, Verb};
use crate::world::World;

const BOOKMARK_INTERVAL: Duration = Duration::from_secs(60);
/// The last bookmark comes this long before the end.
const BOOKMARK_BEFORE_END: Duration = Duration::from_secs(2);
/// How long a watch lasts that does not say for itself.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(45 * 60);

/// An open watch.
#[derive(Clone, Debug)]
pub struct Watch {
    kind: Kind,
    namespace: Option<String>,
    selector: Selector,
    form: Form,
    /// The revision up to which everything has been told.
    position: u64,
    /// Events that were there from the start.
    initial: VecDeque<(&'static str, Arc<Value>)>,
    next_bookmark: Option<Time>,
    ends: Time,
    has_told: bool,
    has_ended: bool,
}

/// Answers a request to watch.
pub(super) fn answer(store: &Store, call: &Call<'_>) -> Result<Response, Status> {
    let form = negotiate::object_form(call.request)?;
    let query = call.query;
    query.check_watch()?;
    let selector = query.selector(call.kind())?;
    let asked = match query.text("resourceVersion") {
        "" | "0" => None,
        text => Some(parse_version(text)?),
    };
    let sends_initial = match call.request.parameter("sendInitialEvents") {
        Some(_) => query.flag("sendInitialEvents"),
        None => asked.is_none(),
    };
    let wants_end_mark = query.flag("sendInitialEvents");
    let has_bookmarks = query.flag("allowWatchBookmarks");
    let timeout = query
        .number("timeoutSeconds")?
        .and_then(|seconds| u64::try_from(seconds).ok());
    let timeout = timeout
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs);
    let ends = call.now.plus(timeout.unwrap_or(DEFAULT_TIMEOUT));
    let mut watch = Watch {
        kind: call.kind(),
        namespace: call.target.namespace.clone(),
        selector,
        form,
        position: store.revision(),
        initial: VecDeque::new(),
        next_bookmark: bookmark_after(call.now, ends).filter(|_| has_bookmarks),
        ends,
        has_told: false,
        has_ended: false,
    };
    if sends_initial {
        watch.add_initial(store, wants_end_mark && has_bookmarks);
    } else if let Some(asked) = asked {
        watch.position = asked;
    }
    let mut response = Response::json(200, Vec::new());
    response.body = Body::Watch(Box::new(watch));
    Ok(response)
}

impl Watch {
    /// Returns the events that came since the last call, each a line with its end.
    pub fn poll(&mut self, world: &World, now: Time) -> Vec<Vec<u8>> {
        self.poll_store(&world.store, now)
    }

    pub(super) fn poll_store(&mut self, store: &Store, now: Time) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        if self.has_ended {
            return lines;
        }
        while let Some((verb, object)) = self.initial.pop_front() {
            lines.push(self.line(verb, &object, now));
        }
        if let Err(Expired { asked, oldest }) = self.tell_changes(store, now, &mut lines) {
            let status = Status::too_old_resource_version(asked, oldest);
            let mut line =
                serde_json::to_vec(&json!({"type": "ERROR", "object": status})).unwrap_or_default();
            line.push(b'\n');
            lines.push(line);
            self.has_ended = true;
            return lines;
        }
        if self.next_bookmark.is_some_and(|due| due <= now) {
            let bookmark = represent::bookmark(self.kind, self.position, false);
            lines.push(self.line("BOOKMARK", &bookmark, now));
            self.next_bookmark = bookmark_after(now, self.ends);
        }
        self.has_ended = self.ends <= now;
        lines
    }

    /// Returns whether no more events will come.
    pub fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Returns when the watch has something to say even if nothing changes.
    pub fn wakes_at(&self) -> Time {
        self.next_bookmark
            .map_or(self.ends, |due| due.min(self.ends))
    }

    /// Ends the watch; what was not polled is lost.
    pub fn end(&mut self) {
        self.has_ended = true;
    }

    fn add_initial(&mut self, store: &Store, has_end_mark: bool) {
        let objects = store.list(self.kind, self.namespace.as_deref());
        let objects = objects.filter(|object| self.selector.matches(object));
        self.initial = objects
            .map(|object| ("ADDED", Arc::clone(object)))
            .collect();
        if has_end_mark {
            let bookmark = represent::bookmark(self.kind, store.revision(), true);
            self.initial.push_back(("BOOKMARK", Arc::new(bookmark)));
        }
    }

    fn tell_changes(
        &mut self,
        store: &Store,
        now: Time,
        lines: &mut Vec<Vec<u8>>,
    ) -> Result<(), Expired> {
        for change in store.changes_since(self.kind, self.position)? {
            let is_here = self
                .namespace
                .as_ref()
                .is_none_or(|wanted| wanted == namespace(&change.object));
            if is_here && let Some((verb, object)) = self.seen(change) {
                lines.push(self.line(verb, &object, now));
            }
        }
        // A watch from the future waits until that revision has come.
        self.position = self.position.max(store.revision());
        Ok(())
    }

    /// Returns a change as the selector lets it be seen: coming into view is being added, going out
    /// of it is being deleted.
    fn seen(&self, change: &Change) -> Option<(&'static str, Arc<Value>)> {
        let was = change
            .previous
            .as_ref()
            .is_some_and(|previous| self.selector.matches(previous));
        match change.verb {
            Verb::Deleted => was.then(|| ("DELETED", Arc::clone(&change.object))),
            Verb::Added | Verb::Modified => {
                let object = Arc::clone(&change.object);
                match (was, self.selector.matches(&object)) {
                    (true, true) => Some(("MODIFIED", object)),
                    (false, true) => Some(("ADDED", object)),
                    (true, false) => Some(("DELETED", self.last_seen(change)?)),
                    (false, false) => None,
                }
            }
        }
    }

    /// Returns the last state that matched, with the revision at which it stopped to.
    fn last_seen(&self, change: &Change) -> Option<Arc<Value>> {
        let mut last = Value::clone(change.previous.as_ref()?);
        let revision = json!(change.revision.to_string());
        metadata(&mut last).insert("resourceVersion".to_owned(), revision);
        Some(Arc::new(last))
    }

    fn line(&mut self, verb: &str, object: &Value, now: Time) -> Vec<u8> {
        let form = match (verb, self.form) {
            // A bookmark has no row to show.
            ("BOOKMARK", Form::Table(_)) => Form::Partial,
            (_, form) => form,
        };
        let line = represent::event(verb, self.kind, object, form, !self.has_told, now);
        self.has_told = true;
        line
    }
}

/// Returns when the next bookmark is due, the last one a little before the end.
fn bookmark_after(now: Time, ends: Time) -> Option<Time> {
    let due = now
        .plus(BOOKMARK_INTERVAL)
        .min(ends.minus(BOOKMARK_BEFORE_END));
    (due > now).then_some(due)
}
