//! Writes kubeconfig files, one per user, with a single context that names cluster, user, and namespace.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::certificates::Identity;

/// Where the API server is, in the words of a kubeconfig's `cluster`.
#[derive(Clone)]
pub(crate) struct Endpoint(pub(crate) Value);

impl Endpoint {
    pub(crate) fn new(server: &str, authority: &str) -> Self {
        Self(json!({"server": server, "certificate-authority-data": STANDARD.encode(authority)}))
    }
}

/// How a user shows who they are.
pub(crate) enum Credentials<'a> {
    Certificate(&'a Identity),
    Token(&'a str),
}

/// Writes the file; `context` becomes its only and current context.
pub(crate) fn write(
    path: &Path,
    endpoint: &Endpoint,
    credentials: &Credentials<'_>,
    context: &str,
    namespace: &str,
) {
    let user = match credentials {
        Credentials::Certificate(identity) => json!({
            "client-certificate-data": STANDARD.encode(&identity.certificate),
            "client-key-data": STANDARD.encode(&identity.key),
        }),
        Credentials::Token(token) => json!({"token": token}),
    };
    let document = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "control-plane", "cluster": endpoint.0}],
        "users": [{"name": "user", "user": user}],
        "contexts": [{"name": context, "context": {"cluster": "control-plane", "user": "user", "namespace": namespace}}],
        "current-context": context,
    });
    let text = serde_yaml::to_string(&document).expect("a kubeconfig is plain data");
    fs::write(path, text).expect("the folder of the cluster is writable");
}
