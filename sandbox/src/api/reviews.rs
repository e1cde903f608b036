//! Questions about oneself: who am I, may I do this, what may I do.

use serde_json::{Value, json};

use super::route::Review;
use super::{Request, Response};
use crate::clock::Time;
use crate::object::{fields, text};
use crate::rbac::{self, Action};
use crate::status::Status;
use crate::store::Store;

/// Answers a question; every user with credentials may ask it.
pub(super) fn answer(
    store: &Store,
    request: &Request,
    review: Review,
    now: Time,
) -> Result<Response, Status> {
    let resource = review.plural();
    let action = Action {
        verb: "create",
        group: review.group(),
        resource: &resource,
        subresource: "",
        namespace: "",
        name: "",
    };
    if rbac::judge(store, &request.user, &action).is_none() {
        return Err(action.refusal(&request.user));
    }
    let mut object = super::body::read(request)?.object;
    let (status, metadata) = match review {
        Review::Access => (access(store, request, &object), json!({})),
        Review::Rules => {
            let namespace = text(&object, "/spec/namespace").to_owned();
            fields(&mut object).insert("spec".to_owned(), json!({}));
            (rbac::rules(store, &request.user, &namespace), json!({}))
        }
        Review::Oneself => {
            let user = &request.user;
            let info = json!({"username": user.name, "uid": user.uid, "groups": user.groups});
            (
                json!({"userInfo": info}),
                json!({"creationTimestamp": now.rfc3339()}),
            )
        }
    };
    let members = fields(&mut object);
    members.insert("kind".to_owned(), json!(review.kind()));
    members.insert(
        "apiVersion".to_owned(),
        json!(format!("{}/v1", review.group())),
    );
    members.insert("metadata".to_owned(), metadata);
    members.insert("status".to_owned(), status);
    // A Value always prints.
    Ok(Response::json(
        201,
        serde_json::to_vec(&object).unwrap_or_default(),
    ))
}

fn access(store: &Store, request: &Request, object: &Value) -> Value {
    let asked = |field: &str| text(object, &format!("/spec/resourceAttributes/{field}"));
    if object.pointer("/spec/nonResourceAttributes").is_some() {
        let path = text(object, "/spec/nonResourceAttributes/path");
        return json!({"allowed": rbac::may_visit(&request.user, path)});
    }
    let action = Action {
        verb: asked("verb"),
        group: asked("group"),
        resource: asked("resource"),
        subresource: asked("subresource"),
        namespace: asked("namespace"),
        name: asked("name"),
    };
    match rbac::judge(store, &request.user, &action) {
        Some(grant) if grant.is_empty() => json!({"allowed": true}),
        Some(grant) => json!({"allowed": true, "reason": grant}),
        None => json!({"allowed": false}),
    }
}
