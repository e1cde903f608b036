//! The server's own resources below `/sandbox/`, for the administrator: faults, the request log, users, the end.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Cluster;
use crate::api::{Request, Response, User};
use crate::clock::Time;
use crate::faults::Rule;
use crate::kubelet::Story;
use crate::status::{Reason, Status};

/// A response, and whether the server ends after it.
pub(super) struct Reply {
    pub(super) response: Response,
    pub(super) ends_server: bool,
}

/// Returns whether a request is for the server itself.
pub(super) fn is_asked(request: &Request) -> bool {
    request.path == "/sandbox" || request.path.starts_with("/sandbox/")
}

/// Answers a request for the server itself.
pub(super) fn answer(cluster: &mut Cluster, request: &Request, is_admin: bool, now: Time) -> Reply {
    if !is_admin {
        let message = "only the administrator of the sandbox may ask for this";
        let refusal = Status::plain(403, Some(Reason::Forbidden), message);
        return Reply {
            response: refusal.into(),
            ends_server: false,
        };
    }
    let path = request
        .path
        .trim_start_matches("/sandbox")
        .trim_matches('/');
    let ends_server = path == "stop" && request.method == http::Method::POST;
    let result = act(cluster, request, path, now);
    let response = result.map_or_else(Response::from, |body| {
        // A Value always prints.
        Response::typed(
            200,
            "application/json",
            serde_json::to_vec(&body).unwrap_or_default(),
        )
    });
    Reply {
        response,
        ends_server,
    }
}

/// A user as the administrator describes one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUser {
    token: String,
    name: String,
    #[serde(default)]
    groups: Vec<String>,
}

/// An image's story as the administrator tells it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewStory {
    image: String,
    story: String,
}

/// One thing or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

fn act(cluster: &mut Cluster, request: &Request, path: &str, now: Time) -> Result<Value, Status> {
    match (request.method.as_str(), path) {
        ("GET", "") => Ok(json!({
            "simulated": true,
            "now": now.micro(),
            "resourceVersion": cluster.world.store.revision().to_string(),
            "isRolling": cluster.world.is_rolling(),
        })),
        ("GET", "requests") => {
            let entries: VecDeque<&super::Entry> = cluster.log.entries().collect();
            serde_json::to_value(entries).map_err(|error| Status::unclassified(error.to_string()))
        }
        ("DELETE", "requests") => {
            cluster.log.clear();
            Ok(json!({}))
        }
        ("GET", "faults") => Ok(cluster
            .faults
            .rules()
            .map(|(rule, met)| json!({"rule": rule, "met": met}))
            .collect()),
        ("POST", "faults") => {
            let rules = match read::<OneOrMany<Rule>>(request)? {
                OneOrMany::Many(rules) => rules,
                OneOrMany::One(rule) => vec![rule],
            };
            for rule in rules {
                cluster.faults.add(rule);
            }
            Ok(json!({}))
        }
        ("DELETE", "faults") => {
            cluster.faults.clear();
            Ok(json!({}))
        }
        ("POST", "users") => {
            let NewUser {
                token,
                name,
                groups,
            } = read(request)?;
            let mut user = User::named(&name);
            user.groups.extend(groups);
            cluster.admit(&token, user);
            Ok(json!({}))
        }
        ("POST", "stories") => {
            let NewStory { image, story } = read(request)?;
            let story = Story::parse(&story)
                .ok_or_else(|| Status::bad_request("a phrase of the story is unknown"))?;
            cluster.world.tell(&image, story);
            Ok(json!({}))
        }
        ("POST", "compact") => {
            let revision = cluster.world.store.revision();
            cluster.world.store.compact(revision);
            Ok(json!({"resourceVersion": revision.to_string()}))
        }
        ("POST", "stop") => Ok(json!({})),
        _ => Err(Status::no_such_path()),
    }
}

fn read<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, Status> {
    serde_json::from_slice(&request.body).map_err(|error| Status::bad_request(error.to_string()))
}
