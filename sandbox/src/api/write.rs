//! Creates, replaces, and patches objects: decode, admit, default, validate, store.

use std::sync::Arc;

use serde_json::Value;

use super::body::{self, Document, Unreadable};
use super::negotiate;
use super::options::{FieldValidation, WriteOptions};
use super::route::Subresource;
use super::{Call, Response, refusal, represent, webhook};
use crate::admission;
use crate::managed_fields::{self, Manager};
use crate::object::{Kind, fields, metadata, name, namespace, put, text, uid};
use crate::patch::{self, PatchKind};
use crate::schema::{self, Mismatch};
use crate::status::{Fault, Status};
use crate::store::{Scope, Store};
use crate::{defaults, validation};

/// What a written object came to, and what the writer is warned of.
struct Written {
    object: Arc<Value>,
    warnings: Vec<String>,
}

/// Answers a request to store a new object.
pub(super) fn create(store: &mut Store, call: &Call<'_>) -> Result<Response, Status> {
    let options = call.query.write("CreateOptions")?;
    let (object, warnings) = read_body(call, &options)?;
    let written = insert(store, call, &options, object, warnings)?;
    respond(call, 201, &written)
}

/// Answers a request to put another version of an object in place.
pub(super) fn update(store: &mut Store, call: &Call<'_>) -> Result<Response, Status> {
    let options = call.query.write("UpdateOptions")?;
    let (object, warnings) = read_body(call, &options)?;
    let wanted = call.target.name.as_deref().unwrap_or("");
    if name(&object) != wanted {
        return Err(Status::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({wanted})",
            name(&object)
        )));
    }
    let Some(before) = store.read(&call.key()).cloned() else {
        // A Lease may come to be by being replaced.
        return if call.kind() == Kind::Lease {
            let written = insert(store, call, &options, object, warnings)?;
            respond(call, 201, &written)
        } else {
            Err(call.not_found())
        };
    };
    if call.kind() == Kind::Lease && text(&object, "/metadata/resourceVersion").is_empty() {
        let fault = Fault::invalid(
            "metadata.resourceVersion",
            &Value::from(0),
            "must be specified for an update",
        );
        return Err(refusal::invalid(call.kind(), wanted, &[fault]));
    }
    let is_stale_uid = !uid(&object).is_empty() && uid(&object) != uid(&before);
    if is_stale_uid {
        let what = format!(
            "UID in precondition: {}, UID in object meta: {}",
            uid(&object),
            uid(&before)
        );
        return Err(Status::precondition_failed(call.resource(), wanted, &what));
    }
    let written = replace(store, call, &options, &before, object, warnings)?;
    respond(call, 200, &written)
}

/// Answers a request to change an object.
pub(super) fn patch(store: &mut Store, call: &Call<'_>) -> Result<Response, Status> {
    let kind = patch_kind(call)?;
    let options = call.query.write("PatchOptions")?;
    let before = store
        .read(&call.key())
        .cloned()
        .ok_or_else(|| call.not_found())?;
    let patched = patch::apply(kind, &before, &call.request.body)?;
    let mut object = patched.object;
    let unknown = schema::decode(call.kind(), &mut object)
        .map_err(|Mismatch(why)| bad_patch(&patched.shown, &why))?;
    let warnings = strictness(&patched.duplicates, &unknown);
    let warnings = match options.validation {
        FieldValidation::Ignore => Vec::new(),
        FieldValidation::Warn => warnings,
        FieldValidation::Strict if warnings.is_empty() => warnings,
        FieldValidation::Strict => {
            let why = format!("strict decoding error: {}", warnings.join(", "));
            return Err(bad_patch(&patched.shown, &why));
        }
    };
    check_identity(call, &before, &object)?;
    let written = replace(store, call, &options, &before, object, warnings)?;
    respond(call, 200, &written)
}

/// Reads how a patch's body is to be read.
pub(super) fn patch_kind(call: &Call<'_>) -> Result<PatchKind, Status> {
    let media_type = negotiate::media_type(call.request.header("content-type"));
    if media_type == "application/apply-patch+yaml" {
        return Err(Status::unsupported_media_type(
            "the sandbox does not implement server-side apply; send one of application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json",
        ));
    }
    PatchKind::of_media_type(media_type)
        .ok_or_else(|| Status::unsupported_media_type("415: Unsupported Media Type"))
}

fn bad_patch(shown: &str, why: &str) -> Status {
    let fault = Fault::invalid("patch", &Value::from(shown), why);
    // There is no object yet that could be named.
    Status::invalid("", "", "", &[fault])
}

fn strictness(duplicates: &[String], unknown: &[String]) -> Vec<String> {
    let duplicates = duplicates
        .iter()
        .map(|field| format!("duplicate field \"{field}\""));
    let unknown = unknown
        .iter()
        .map(|field| format!("unknown field \"{field}\""));
    duplicates.chain(unknown).collect()
}

/// Reads the object in a request's body, and checks that it is where its path says.
fn read_body(call: &Call<'_>, options: &WriteOptions) -> Result<(Value, Vec<String>), Status> {
    let kind = call.kind();
    let refuse = |why: String| {
        Status::bad_request(format!(
            "{} in version \"{}\" cannot be handled as a {}: {why}",
            kind.kind(),
            kind.version(),
            kind.kind()
        ))
    };
    let Document {
        mut object,
        duplicates,
    } = body::read(call.request).map_err(|unreadable| match unreadable {
        Unreadable::Malformed(why) => refuse(why),
        Unreadable::MediaType(status) => status,
    })?;
    let (given_kind, given_version) = (text(&object, "/kind"), text(&object, "/apiVersion"));
    let is_other = |given: &str, own: &str| !given.is_empty() && given != own;
    if !object.is_object() {
        return Err(refuse("the object provided is unrecognized".to_owned()));
    }
    if is_other(given_kind, kind.kind()) || is_other(given_version, &kind.api_version()) {
        return Err(Status::bad_request(format!(
            "the API version in the data ({given_version}, Kind={given_kind}) does not match the expected API version ({}, Kind={})",
            kind.api_version(),
            kind.kind()
        )));
    }
    let unknown = schema::decode(kind, &mut object).map_err(|Mismatch(why)| refuse(why))?;
    let warnings = match options.validation {
        FieldValidation::Ignore => Vec::new(),
        FieldValidation::Warn | FieldValidation::Strict => strictness(&duplicates, &unknown),
    };
    if options.validation == FieldValidation::Strict && !warnings.is_empty() {
        return Err(refuse(format!(
            "strict decoding error: {}",
            warnings.join(", ")
        )));
    }
    set_type(kind, &mut object);
    settle_namespace(call, &mut object)?;
    Ok((object, warnings))
}

fn set_type(kind: Kind, object: &mut Value) {
    let members = fields(object);
    members.insert("apiVersion".to_owned(), Value::from(kind.api_version()));
    members.insert("kind".to_owned(), Value::from(kind.kind()));
}

/// Puts an object into the namespace of its path, unless it says that it is of another.
fn settle_namespace(call: &Call<'_>, object: &mut Value) -> Result<(), Status> {
    let Some(wanted) = call.target.namespace.as_deref() else {
        if !namespace(object).is_empty() && call.kind().is_namespaced() {
            return Ok(());
        }
        metadata(object).remove("namespace");
        return if call.kind().is_namespaced() {
            Err(Status::bad_request(
                "an empty namespace may not be set during creation",
            ))
        } else {
            Ok(())
        };
    };
    if !matches!(namespace(object), "") && namespace(object) != wanted {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    metadata(object).insert("namespace".to_owned(), Value::from(wanted));
    Ok(())
}

fn insert(
    store: &mut Store,
    call: &Call<'_>,
    options: &WriteOptions,
    mut object: Value,
    mut warnings: Vec<String>,
) -> Result<Written, Status> {
    let kind = call.kind();
    admit(call, options, &mut object, None, &mut warnings)?;
    if name(&object).is_empty() {
        let prefix = text(&object, "/metadata/generateName").to_owned();
        if !prefix.is_empty() {
            let made = store.generate_name(&prefix);
            metadata(&mut object).insert("name".to_owned(), Value::from(made));
        }
    }
    if kind == Kind::Pod {
        admission::complete_pod(&mut object);
    } else if kind.has_status() && kind != Kind::Namespace && kind != Kind::Node {
        fields(&mut object).insert("status".to_owned(), Value::Object(serde_json::Map::new()));
    }
    defaults::fill(kind, &mut object);
    check(kind, &object, None)?;
    admission::check_create(store, kind, &object).map_err(|denial| refusal::denied(&denial))?;
    let manager = Manager {
        name: &options.manager,
        subresource: "",
    };
    managed_fields::record(kind, None, &mut object, manager, call.now);
    let object = if options.is_dry_run {
        store.preview_create(kind, object, call.now).map(Arc::new)
    } else {
        store.create(kind, object, call.now)
    };
    let object = object.map_err(|error| call.refusal(error))?;
    Ok(Written { object, warnings })
}

fn replace(
    store: &mut Store,
    call: &Call<'_>,
    options: &WriteOptions,
    before: &Value,
    mut object: Value,
    mut warnings: Vec<String>,
) -> Result<Written, Status> {
    let kind = call.kind();
    let is_status = call.target.subresource == Subresource::Status;
    let scope = if is_status {
        Scope::Status
    } else {
        Scope::Main
    };
    if is_status {
        object = with_status_of(before, object);
    } else {
        put(fields(&mut object), "status", before.get("status").cloned());
        admit(call, options, &mut object, Some(before), &mut warnings)?;
        defaults::fill(kind, &mut object);
    }
    check(kind, &object, Some(before))?;
    let manager = Manager {
        name: &options.manager,
        subresource: call.target.subresource.name(),
    };
    managed_fields::record(kind, Some(before), &mut object, manager, call.now);
    let object = if options.is_dry_run {
        store.preview_replace(kind, object, scope).map(Arc::new)
    } else {
        store.replace(kind, object, scope)
    };
    let object = object.map_err(|error| call.refusal(error))?;
    Ok(Written { object, warnings })
}

/// Returns the stored object with the parts that a write of its status may change.
fn with_status_of(before: &Value, mut object: Value) -> Value {
    let mut next = before.clone();
    let status = fields(&mut object).remove("status");
    put(fields(&mut next), "status", status);
    let written = metadata(&mut object);
    let (annotations, version) = (
        written.remove("annotations"),
        written.remove("resourceVersion"),
    );
    put(metadata(&mut next), "annotations", annotations);
    put(metadata(&mut next), "resourceVersion", version);
    next
}

/// Refuses a patch that turns an object into another one.
fn check_identity(call: &Call<'_>, before: &Value, object: &Value) -> Result<(), Status> {
    let wanted = name(before);
    if name(object) != wanted {
        return Err(Status::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({wanted})",
            name(object)
        )));
    }
    if namespace(object) != namespace(before) {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    let version = text(object, "/metadata/resourceVersion");
    if !version.is_empty() && version.parse::<u64>().is_err() {
        return Err(Status::unclassified(format!(
            "strconv.ParseUint: parsing {}: invalid syntax",
            crate::go::quoted(version)
        )));
    }
    if !version.is_empty() && version != text(before, "/metadata/resourceVersion") {
        return Err(Status::conflict(call.resource(), wanted));
    }
    Ok(())
}

/// Calls the webhooks, which look at Deployments only.
fn admit(
    call: &Call<'_>,
    options: &WriteOptions,
    object: &mut Value,
    before: Option<&Value>,
    warnings: &mut Vec<String>,
) -> Result<(), Status> {
    if call.kind() != Kind::Deployment {
        return Ok(());
    }
    for hook in &call.circumstances.webhooks {
        warnings.extend(webhook::call(
            hook,
            call.kind(),
            object,
            before,
            options.is_dry_run,
        )?);
    }
    Ok(())
}

fn check(kind: Kind, object: &Value, before: Option<&Value>) -> Result<(), Status> {
    let faults = validation::faults(kind, object, before);
    if faults.is_empty() {
        Ok(())
    } else {
        Err(refusal::invalid(kind, name(object), &faults))
    }
}

fn respond(call: &Call<'_>, code: u16, written: &Written) -> Result<Response, Status> {
    let form = negotiate::object_form(call.request)?;
    let body = represent::object(call.kind(), &written.object, form, call.now);
    let mut response = Response::json(code, body);
    for warning in &written.warnings {
        response
            .headers
            .push(("warning", format!("299 - {}", crate::go::quoted(warning))));
    }
    Ok(response)
}
