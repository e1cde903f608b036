//! The `scale` part of a workload: its size, without the right to change anything else.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Call, Response, write};
use crate::managed_fields::{self, Manager};
use crate::object::{View, fields, metadata, put, text, uid};
use crate::patch;
use crate::selector::LabelSelector;
use crate::status::{Fault, Status};
use crate::store::{Scope, Store};

/// Answers with the size.
pub(super) fn read(store: &Store, call: &Call<'_>) -> Result<Response, Status> {
    let object = store.read(&call.key()).ok_or_else(|| call.not_found())?;
    Ok(respond(object))
}

/// Answers a request to put another size in place.
pub(super) fn update(store: &mut Store, call: &Call<'_>) -> Result<Response, Status> {
    let before = store
        .read(&call.key())
        .cloned()
        .ok_or_else(|| call.not_found())?;
    let scale = super::body::read(call.request)?.object;
    resize(store, call, &before, &scale, "UpdateOptions")
}

/// Answers a request to change the size.
pub(super) fn patch(store: &mut Store, call: &Call<'_>) -> Result<Response, Status> {
    let kind = write::patch_kind(call)?;
    let before = store
        .read(&call.key())
        .cloned()
        .ok_or_else(|| call.not_found())?;
    let patched = patch::apply(kind, &scale_of(&before), &call.request.body)?;
    resize(store, call, &before, &patched.object, "PatchOptions")
}

fn resize(
    store: &mut Store,
    call: &Call<'_>,
    before: &Arc<Value>,
    scale: &Value,
    options: &str,
) -> Result<Response, Status> {
    let options = call.query.write(options)?;
    let name = call.target.name.as_deref().unwrap_or("");
    let replicas = View(scale).number("/spec/replicas").unwrap_or(0);
    if replicas < 0 {
        let why = "must be greater than or equal to 0";
        let fault = Fault::invalid("spec.replicas", &json!(replicas), why);
        return Err(Status::invalid("autoscaling", "Scale", name, &[fault]));
    }
    let given = uid(scale);
    if !given.is_empty() && given != uid(before) {
        let what = format!(
            "UID in precondition: {given}, UID in object meta: {}",
            uid(before)
        );
        return Err(Status::precondition_failed(call.resource(), name, &what));
    }
    let mut object = Value::clone(before);
    let spec = fields(fields(&mut object).entry("spec").or_insert(Value::Null));
    spec.insert("replicas".to_owned(), json!(replicas));
    let version = text(scale, "/metadata/resourceVersion");
    let version = (!version.is_empty()).then(|| json!(version));
    put(metadata(&mut object), "resourceVersion", version);
    let manager = Manager {
        name: &options.manager,
        subresource: "scale",
    };
    managed_fields::record(call.kind(), Some(before), &mut object, manager, call.now);
    let written = if options.is_dry_run {
        store
            .preview_replace(call.kind(), object, Scope::Main)
            .map(Arc::new)
    } else {
        store.replace(call.kind(), object, Scope::Main)
    };
    written
        .map(|object| respond(&object))
        .map_err(|error| call.refusal(error))
}

fn respond(object: &Value) -> Response {
    // A Value always prints.
    Response::json(
        200,
        serde_json::to_vec(&scale_of(object)).unwrap_or_default(),
    )
}

/// Returns the size of a workload as an object of its own.
fn scale_of(object: &Value) -> Value {
    let kept = [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
    ];
    let own = object.get("metadata").and_then(Value::as_object);
    let metadata: serde_json::Map<String, Value> = own
        .into_iter()
        .flatten()
        .filter(|(field, _)| kept.contains(&field.as_str()))
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    let view = View(object);
    let selector = object.pointer("/spec/selector").unwrap_or(&Value::Null);
    let selector = LabelSelector::of_object(selector)
        .unwrap_or_default()
        .to_string();
    let spec = match view.number("/spec/replicas").unwrap_or(0) {
        0 => json!({}),
        replicas => json!({"replicas": replicas}),
    };
    json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": spec,
        "status": {"replicas": view.number("/status/replicas").unwrap_or(0), "selector": selector},
    })
}
