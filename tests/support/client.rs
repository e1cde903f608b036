//! One user's blocking connection to an API server: sends a request, hands back status code and object.
//!
//! It decides nothing and retries nothing, so that a test sees exactly what the server said.

use std::path::Path;

use http::{Method, Request};
use http_body_util::BodyExt;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;
use tokio::runtime::Handle;

/// What the server said. An answer that is not JSON has [`Value::Null`] as its object.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) object: Value,
    pub(crate) text: String,
}

impl Answer {
    /// Returns the object of an answer that must be a success.
    #[track_caller]
    pub(crate) fn accepted(self) -> Value {
        assert!(
            (200..300).contains(&self.status),
            "refused with {}: {}",
            self.status,
            self.text
        );
        self.object
    }
}

/// How a PATCH body is meant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PatchKind {
    Json,
    Merge,
}

impl PatchKind {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json-patch+json",
            Self::Merge => "application/merge-patch+json",
        }
    }
}

/// A client with the credentials of one kubeconfig file.
#[derive(Clone)]
pub(crate) struct Client {
    runtime: Handle,
    agent: &'static str,
    connection: kube::Client,
}

impl Client {
    /// Connects as the current context of the file says; `agent` becomes the manager in `managedFields`.
    pub(crate) fn from_file(
        runtime: &Handle,
        kubeconfig: &Path,
        agent: &'static str,
    ) -> Result<Self, String> {
        let kubeconfig = Kubeconfig::read_from(kubeconfig).map_err(|error| error.to_string())?;
        let connection = runtime.block_on(async {
            let options = KubeConfigOptions::default();
            let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .map_err(|error| error.to_string())?;
            config.default_retry = false;
            kube::Client::try_from(config).map_err(|error| error.to_string())
        })?;
        Ok(Self {
            runtime: runtime.clone(),
            agent,
            connection,
        })
    }

    /// Returns the connection itself, for code that is asynchronous anyway.
    pub(crate) fn connection(&self) -> kube::Client {
        self.connection.clone()
    }

    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "application/json", String::new())
    }

    pub(crate) fn create(&self, path: &str, object: &Value) -> Answer {
        self.send(Method::POST, path, "application/json", object.to_string())
    }

    pub(crate) fn patch(&self, path: &str, kind: PatchKind, body: &str) -> Answer {
        self.send(Method::PATCH, path, kind.content_type(), body.to_owned())
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, "application/json", String::new())
    }

    #[track_caller]
    fn send(&self, method: Method, path: &str, content_type: &str, body: String) -> Answer {
        match self.try_send(method.clone(), path, content_type, body) {
            Ok(answer) => answer,
            Err(error) => panic!("{method} {path}: no answer: {error}"),
        }
    }

    /// Deletes what is at `path`; a connection that fails is an error here, and a panic in [`Self::delete`].
    pub(crate) fn try_delete(&self, path: &str) -> Result<Answer, String> {
        self.try_send(Method::DELETE, path, "application/json", String::new())
    }

    /// Asks for `path`; a connection that fails is an error here, and a panic in [`Self::get`].
    pub(crate) fn try_get(&self, path: &str) -> Result<Answer, String> {
        self.try_send(Method::GET, path, "application/json", String::new())
    }

    fn try_send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: String,
    ) -> Result<Answer, String> {
        self.runtime
            .block_on(self.ask(method, path, content_type, body))
    }

    /// Sends one request, for callers that are asynchronous anyway.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: String,
    ) -> Result<Answer, String> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", content_type)
            .header("accept", "application/json")
            .header("user-agent", self.agent)
            .body(Body::from(body.into_bytes()))
            .map_err(|error| error.to_string())?;
        let response = self
            .connection
            .send(request)
            .await
            .map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let body = response
            .into_body()
            .collect()
            .await
            .map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        let object = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer {
            status,
            object,
            text,
        })
    }
}
