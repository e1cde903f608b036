//! The API server without a network: takes a request, changes the world, gives an answer.
//!
//! Who the user is has been decided before. Time is an argument; nothing here waits.

mod body;
mod delete;
mod discovery;
mod exchange;
mod list;
mod logs;
mod negotiate;
mod openapi;
mod options;
mod page;
mod protobuf;
mod refusal;
mod represent;
mod reviews;
mod route;
mod scale;
#[cfg(test)]
mod tests;
mod watch;
mod webhook;
mod write;

pub use exchange::{Body, Circumstances, Request, Response, User};
pub use watch::Watch;
pub use webhook::Webhook;

use http::Method;

use crate::clock::Time;
use crate::object::{Key, Kind};
use crate::rbac::{self, Action};
use crate::status::{Resource, Status};
use crate::store::Store;
use crate::world::World;
use options::Query;
use route::{Route, Subresource, Target};

/// Answers a request and changes the world as it asks for.
///
/// The caller lets the world run up to `now` before, and again after, so that controllers see what changed.
pub fn apply(
    world: &mut World,
    request: &Request,
    circumstances: &Circumstances,
    now: Time,
) -> Response {
    let mut response = answer(world, request, circumstances, now).unwrap_or_else(Response::from);
    negotiate::compress(request, &mut response);
    response
        .headers
        .push(("cache-control", "no-cache, private".to_owned()));
    response.headers.push(("date", negotiate::http_date(now)));
    response
}

fn answer(
    world: &mut World,
    request: &Request,
    circumstances: &Circumstances,
    now: Time,
) -> Result<Response, Status> {
    match route::find(&request.path) {
        Route::Resource(target) => {
            let call = Call {
                request,
                circumstances,
                target: &target,
                query: Query(request),
                now,
            };
            resource(world, &call)
        }
        Route::Review(review) => {
            if request.method != Method::POST {
                return Err(Status::method_not_allowed());
            }
            reviews::answer(&world.store, request, review, now)
        }
        Route::Discovery(page) => {
            authorize_path(request)?;
            Ok(discovery::answer(request, &page))
        }
        Route::OpenApi(path) => {
            authorize_path(request)?;
            openapi::answer(&path)
        }
        Route::Health => Ok(Response::typed(
            200,
            "text/plain; charset=utf-8",
            b"ok".to_vec(),
        )),
        Route::Version => {
            authorize_path(request)?;
            Ok(Response::json(200, discovery::version()))
        }
        Route::Unknown => {
            authorize_path(request)?;
            Err(Status::no_such_path())
        }
    }
}

/// A request for objects, taken apart.
#[derive(Clone, Copy)]
struct Call<'a> {
    request: &'a Request,
    circumstances: &'a Circumstances,
    target: &'a Target,
    query: Query<'a>,
    now: Time,
}

impl Call<'_> {
    fn kind(&self) -> Kind {
        self.target.kind
    }

    fn resource(&self) -> Resource<'static> {
        resource_of(self.kind())
    }

    /// Returns where the one object is that the path names.
    fn key(&self) -> Key {
        let Target {
            kind,
            namespace,
            name,
            ..
        } = self.target;
        Key::new(
            *kind,
            namespace.as_deref().unwrap_or(""),
            name.as_deref().unwrap_or(""),
        )
    }

    fn not_found(&self) -> Status {
        Status::not_found(self.resource(), self.target.name.as_deref().unwrap_or(""))
    }
}

fn resource_of(kind: Kind) -> Resource<'static> {
    Resource {
        group: kind.group(),
        plural: kind.plural(),
    }
}

fn resource(world: &mut World, call: &Call<'_>) -> Result<Response, Status> {
    let target = call.target;
    let verb = verb(call.request, target.name.is_some()).ok_or_else(Status::method_not_allowed)?;
    authorize(&world.store, call, verb)?;
    let store = &mut world.store;
    match (target.subresource, verb) {
        (Subresource::None | Subresource::Status, "get") => read(store, call),
        (Subresource::None, "list") => list::answer(store, call),
        (Subresource::None, "watch") => watch::answer(store, call),
        (Subresource::None, "create") => write::create(store, call),
        (Subresource::None | Subresource::Status, "update") => write::update(store, call),
        (Subresource::None | Subresource::Status, "patch") => write::patch(store, call),
        (Subresource::None, "delete") => delete::one(store, call),
        (Subresource::None, "deletecollection") => delete::many(store, call),
        (Subresource::Scale, "get") => scale::read(store, call),
        (Subresource::Scale, "update") => scale::update(store, call),
        (Subresource::Scale, "patch") => scale::patch(store, call),
        (Subresource::Log, "get") => logs::answer(world, call),
        _ => Err(Status::method_not_allowed()),
    }
}

/// Names what a request for objects wants, as roles do; `None` if it is for something else.
pub(crate) fn verb_of(request: &Request) -> Option<&'static str> {
    match route::find(&request.path) {
        Route::Resource(target) => verb(request, target.name.is_some()),
        Route::Review(_) => Some("create"),
        Route::Discovery(_)
        | Route::OpenApi(_)
        | Route::Version
        | Route::Health
        | Route::Unknown => None,
    }
}

fn verb(request: &Request, has_name: bool) -> Option<&'static str> {
    let is_watch = Query(request).flag("watch");
    match (request.method.as_str(), has_name) {
        ("GET", true) => Some("get"),
        ("GET", false) if is_watch => Some("watch"),
        ("GET", false) => Some("list"),
        ("POST", false) => Some("create"),
        ("PUT", true) => Some("update"),
        ("PATCH", true) => Some("patch"),
        ("DELETE", true) => Some("delete"),
        ("DELETE", false) => Some("deletecollection"),
        _ => None,
    }
}

fn authorize(store: &Store, call: &Call<'_>, verb: &str) -> Result<(), Status> {
    let target = call.target;
    let selected = match verb {
        "list" | "watch" => call.query.selector(target.kind).ok(),
        _ => None,
    };
    let name = target.name.as_deref();
    let name = name
        .or_else(|| selected.as_ref()?.fields.name())
        .unwrap_or("");
    let action = Action {
        verb,
        group: target.kind.group(),
        resource: target.kind.plural(),
        subresource: target.subresource.name(),
        namespace: target.namespace.as_deref().unwrap_or(""),
        name,
    };
    match rbac::judge(store, &call.request.user, &action) {
        Some(_) => Ok(()),
        None => Err(action.refusal(&call.request.user)),
    }
}

/// Lets everybody with credentials look at the API itself, and everybody at its version.
fn authorize_path(request: &Request) -> Result<(), Status> {
    if request.path == "/version" || rbac::may_visit(&request.user, &request.path) {
        return Ok(());
    }
    let verb = request.method.as_str().to_lowercase();
    Err(Status::forbidden_path(
        &request.user.name,
        &verb,
        &request.path,
    ))
}

/// Answers with one object.
fn read(store: &Store, call: &Call<'_>) -> Result<Response, Status> {
    let form = negotiate::object_form(call.request)?;
    let key = call.key();
    let object = match call.circumstances.lag {
        0 => store.read(&key).cloned(),
        lag => {
            let namespace = (!key.namespace.is_empty()).then_some(key.namespace.as_str());
            let objects = list::lagging(store, key.kind, namespace, lag);
            objects
                .into_iter()
                .find(|object| crate::object::name(object) == key.name)
        }
    };
    let object = object.ok_or_else(|| call.not_found())?;
    Ok(Response::json(
        200,
        represent::object(key.kind, &object, form, call.now),
    ))
}
