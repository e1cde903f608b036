//! As much of the OpenAPI description as kubectl looks at: that writes take `fieldValidation` and `dryRun`.
//!
//! There are no schemas in it; kubectl falls back to the types it was built with.

use serde_json::{Map, Value, json};

use super::Response;
use crate::object::Kind;
use crate::status::Status;

/// Answers with a document by its path below `/openapi/`.
pub(super) fn answer(path: &str) -> Result<Response, Status> {
    let body = match path {
        "v3" => index(),
        path => {
            let path = path.strip_prefix("v3/").ok_or_else(Status::no_such_path)?;
            document(path).ok_or_else(Status::no_such_path)?
        }
    };
    // A Value always prints.
    Ok(Response::json(
        200,
        serde_json::to_vec(&body).unwrap_or_default(),
    ))
}

/// Returns where a kind's group and version are described.
fn place(kind: Kind) -> String {
    match kind.group() {
        "" => format!("api/{}", kind.version()),
        group => format!("apis/{group}/{}", kind.version()),
    }
}

fn index() -> Value {
    let paths: Map<String, Value> = Kind::ALL
        .iter()
        .map(|kind| {
            let place = place(*kind);
            let url = format!("/openapi/v3/{place}?hash=0");
            (place, json!({"serverRelativeURL": url}))
        })
        .collect();
    json!({"paths": paths})
}

fn document(place: &str) -> Option<Value> {
    let paths: Map<String, Value> = Kind::ALL
        .iter()
        .filter(|kind| self::place(**kind) == place)
        .map(|kind| path(*kind))
        .collect();
    (!paths.is_empty()).then(|| {
        json!({
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": super::discovery::VERSION},
            "paths": paths,
        })
    })
}

fn path(kind: Kind) -> (String, Value) {
    let scope = if kind.is_namespaced() {
        "namespaces/{namespace}/"
    } else {
        ""
    };
    let path = format!("/{}/{scope}{}/{{name}}", place(kind), kind.plural());
    let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
    let parameters: Vec<Value> = ["dryRun", "fieldManager", "fieldValidation", "force"]
        .into_iter()
        .map(parameter)
        .collect();
    let operation = json!({
        "operationId": format!("patch{}", kind.kind()),
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {
            "group": kind.group(), "kind": kind.kind(), "version": kind.version(),
        },
    });
    (path, json!({"patch": operation}))
}
