//! The image registry `registry.sandbox`: which tags exist follows from the stories of their images.
//!
//! Every tag is there but those whose story is that they are not; one that nobody may pull is there.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::api::{Request, Response};
use crate::kubelet::Pull;
use crate::world::World;

/// The host under which images name this registry.
const HOST: &str = "registry.sandbox";
const PREFIX: &str = "/v2";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];

/// Returns whether a request is for the registry.
pub(super) fn is_asked(request: &Request) -> bool {
    request.path == PREFIX || request.path.starts_with("/v2/")
}

/// Answers with a manifest by tag or digest.
pub(super) fn answer(world: &World, request: &Request) -> Response {
    if request.method != http::Method::GET && request.method != http::Method::HEAD {
        return refusal(405, "UNSUPPORTED", "the registry can only be read");
    }
    let path = request
        .path
        .strip_prefix(PREFIX)
        .unwrap_or("")
        .trim_matches('/');
    if path.is_empty() {
        return Response::typed(200, "application/json", b"{}".to_vec());
    }
    match path.rsplit_once("/manifests/") {
        Some((name, reference)) => manifest(world, request, name, reference),
        None => refusal(404, "NAME_UNKNOWN", "the registry has manifests only"),
    }
}

fn manifest(world: &World, request: &Request, name: &str, reference: &str) -> Response {
    let found = if reference.starts_with("sha256:") {
        let platforms = ARCHITECTURES
            .iter()
            .map(|architecture| (MANIFEST, platform(name, architecture)));
        platforms
            .chain([(INDEX, index(name))])
            .find(|(_, body)| digest(body) == reference)
    } else {
        let story = world
            .stories()
            .of_image(&format!("{HOST}/{name}:{reference}"));
        (story.pull != Pull::NotFound).then(|| (INDEX, index(name)))
    };
    let Some((media_type, body)) = found else {
        return refusal(404, "MANIFEST_UNKNOWN", "manifest unknown");
    };
    let (digest, length) = (digest(&body), body.len().to_string());
    let is_head = request.method == http::Method::HEAD;
    let mut response = Response::typed(200, media_type, if is_head { Vec::new() } else { body });
    response.headers.push(("docker-content-digest", digest));
    if is_head {
        response.headers.push(("content-length", length));
    }
    response
}

/// Returns the list of an image's platforms.
fn index(name: &str) -> Vec<u8> {
    let manifests: Vec<Value> = ARCHITECTURES
        .iter()
        .map(|architecture| {
            let body = platform(name, architecture);
            json!({
                "mediaType": MANIFEST, "digest": digest(&body), "size": body.len(),
                "platform": {"architecture": architecture, "os": "linux"},
            })
        })
        .collect();
    print(&json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}))
}

/// Returns the manifest of an image for one platform; there is nothing behind it.
fn platform(name: &str, architecture: &str) -> Vec<u8> {
    let config = print(&json!({"architecture": architecture, "os": "linux", "name": name}));
    print(&json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest(&config), "size": config.len(),
        },
    }))
}

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hex}")
}

fn refusal(status: u16, code: &str, message: &str) -> Response {
    let body = json!({"errors": [{"code": code, "message": message}]});
    Response::typed(status, "application/json", print(&body))
}

fn print(value: &Value) -> Vec<u8> {
    // A Value always prints.
    serde_json::to_vec(value).unwrap_or_default()
}
