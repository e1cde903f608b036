//! Deletes one object, or all that a selector means.

use std::time::Duration;

use serde_json::{Value, json};

use super::negotiate::{self, Form};
use super::represent::{self, ListMeta};
use super::{Call, Response};
use crate::object::{Key, Kind, text, uid};
use crate::status::{Fault, Status};
use crate::store::{DeleteOptions, Deletion, Preconditions, Propagation, Store};

/// Answers a request to delete one object: with it while it goes on living, else with a success.
pub(super) fn one(store: &mut Store, call: &Call<'_>) -> Result<Response, Status> {
    let (options, is_dry_run) = read_options(call)?;
    let key = call.key();
    let deletion = if is_dry_run {
        store.preview_delete(&key, &options, call.now)
    } else {
        store.delete(&key, &options, call.now)
    };
    let deletion = deletion.map_err(|error| call.refusal(error))?;
    let form = negotiate::object_form(call.request)?;
    Ok(match deletion {
        Deletion::Pending(object) => {
            Response::json(200, represent::object(key.kind, &object, form, call.now))
        }
        // Upstream returns a deleted pod, and of most other kinds only that it is deleted.
        Deletion::Removed(object) if key.kind == Kind::Pod => {
            Response::json(200, represent::object(key.kind, &object, form, call.now))
        }
        Deletion::Removed(object) => {
            Status::deleted(call.resource(), &key.name, uid(&object)).into()
        }
    })
}

/// Answers a request to delete all objects that a list would show.
pub(super) fn many(store: &mut Store, call: &Call<'_>) -> Result<Response, Status> {
    let (options, is_dry_run) = read_options(call)?;
    let selector = call.query.selector(call.kind())?;
    let objects: Vec<_> = store
        .list(call.kind(), call.target.namespace.as_deref())
        .filter(|object| selector.matches(object))
        .cloned()
        .collect();
    for object in &objects {
        let key = Key::named_in(call.kind(), object);
        if is_dry_run {
            store
                .preview_delete(&key, &options, call.now)
                .map_err(|error| call.refusal(error))?;
        } else {
            store
                .delete(&key, &options, call.now)
                .map_err(|error| call.refusal(error))?;
        }
    }
    let metadata = ListMeta {
        resource_version: store.revision().to_string(),
        ..ListMeta::default()
    };
    let body = represent::list(call.kind(), &objects, metadata, Form::Full, call.now);
    Ok(Response::json(200, body))
}

/// Reads the options from the body, which win, and from the query.
fn read_options(call: &Call<'_>) -> Result<(DeleteOptions, bool), Status> {
    let body = super::body::read(call.request)?.object;
    let is_dry_run = match body.get("dryRun") {
        None | Some(Value::Null) => call.query.dry_run("DeleteOptions")?,
        Some(given) if *given == json!(["All"]) => true,
        Some(given) if *given == json!([]) => false,
        Some(given) => {
            let fault = Fault::not_supported("dryRun", given, &["All"]);
            return Err(Status::invalid(
                "meta.k8s.io",
                "DeleteOptions",
                "",
                &[fault],
            ));
        }
    };
    let grace_period = match body.get("gracePeriodSeconds").and_then(Value::as_i64) {
        Some(seconds) => Some(seconds),
        None => call.query.number("gracePeriodSeconds")?,
    };
    let propagation = match text(&body, "/propagationPolicy") {
        "" => call.query.text("propagationPolicy"),
        given => given,
    };
    let propagation = match propagation {
        "" | "Background" => Propagation::Background,
        "Foreground" => Propagation::Foreground,
        "Orphan" => Propagation::Orphan,
        other => {
            let supported = ["Foreground", "Background", "Orphan"];
            let fault = Fault::not_supported("propagationPolicy", &json!(other), &supported);
            return Err(Status::invalid(
                "meta.k8s.io",
                "DeleteOptions",
                "",
                &[fault],
            ));
        }
    };
    let given = |pointer| Some(text(&body, pointer)).filter(|text| !text.is_empty());
    let options = DeleteOptions {
        preconditions: Preconditions {
            uid: given("/preconditions/uid").map(str::to_owned),
            resource_version: given("/preconditions/resourceVersion").map(str::to_owned),
        },
        grace_period: grace_period
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map(Duration::from_secs),
        propagation,
    };
    Ok((options, is_dry_run))
}
