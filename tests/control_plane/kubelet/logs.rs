//! The logs of containers over TLS, at the path where the API server asks a kubelet for them.
//!
//! `follow` is answered with what is there already; nothing here waits for more.

use std::convert::Infallible;
use std::sync::Arc;

use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube_sandbox::kubelet::LogLine;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::{Node, Shared};
use crate::certificates::Identity;

/// Prepares to be the server that the certificate is of.
pub(super) fn acceptor(identity: &Identity) -> Result<TlsAcceptor, String> {
    let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes());
    let (Ok(certificate), Ok(key)) = (certificate, key) else {
        return Err("the kubelet's certificate cannot be read".to_owned());
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(vec![certificate], key)
        })
        .map_err(|error| format!("the kubelet cannot serve logs: {error}"))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Serves the logs of one node while its kubelet runs; while it does not, the port is closed.
pub(super) async fn serve(
    shared: Arc<Shared>,
    node: Arc<Node>,
    first: TcpListener,
    acceptor: TlsAcceptor,
) {
    let mut runs = node.runs.subscribe();
    let mut open = Some(first);
    loop {
        if runs.wait_for(|runs| *runs).await.is_err() {
            return;
        }
        let listener = match open.take() {
            Some(listener) => listener,
            None => match TcpListener::bind(node.address).await {
                Ok(listener) => listener,
                Err(error) => panic!("the port for logs of {} is taken: {error}", node.name),
            },
        };
        accept(&shared, &listener, &acceptor, &mut runs).await;
    }
}

async fn accept(
    shared: &Arc<Shared>,
    listener: &TcpListener,
    acceptor: &TlsAcceptor,
    runs: &mut watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = runs.wait_for(|runs| !*runs) => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        let (shared, acceptor) = (Arc::clone(shared), acceptor.clone());
        tokio::spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let service = service_fn(|request| {
                let answer = answer(&shared, &request);
                async { Ok::<_, Infallible>(answer) }
            });
            // A client that goes away in the middle has what it wanted.
            let _ = hyper::server::conn::http1::Builder::new()
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

fn answer(shared: &Shared, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let (status, text) = match LogRequest::parse(
        request.uri().path(),
        request.uri().query().unwrap_or_default(),
    ) {
        Some(request) => read(shared, &request),
        None => (404, "404 page not found\n".to_owned()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    response
}

fn read(shared: &Shared, request: &LogRequest) -> (u16, String) {
    let known = shared.pods.lock().unwrap().get(&request.pod).cloned();
    let (container, pod) = (&request.container, &request.pod.1);
    let Some(known) = known else {
        return (404, format!("pod \"{pod}\" not found\n"));
    };
    let memory = known.memory.lock().unwrap();
    match memory.logs(container, request.previous) {
        Some(lines) => (200, request.select(lines)),
        None if request.previous => (
            400,
            format!("previous terminated container \"{container}\" in pod \"{pod}\" not found"),
        ),
        None => {
            let why = why_waiting(&known.object.borrow(), container);
            (
                400,
                format!("container \"{container}\" in pod \"{pod}\" is waiting to start: {why}"),
            )
        }
    }
}

/// Returns what the kubelet says of a container that has not started.
fn why_waiting(pod: &Value, container: &str) -> String {
    let statuses = ["containerStatuses", "initContainerStatuses"];
    let mut statuses = statuses
        .iter()
        .filter_map(|list| pod["status"][*list].as_array())
        .flatten();
    let status = statuses.find(|status| status["name"] == container);
    match status.and_then(|status| status["state"]["waiting"]["reason"].as_str()) {
        Some("ErrImagePull") => "image can't be pulled".to_owned(),
        Some("ImagePullBackOff") => "trying and failing to pull image".to_owned(),
        Some(reason) => reason.to_owned(),
        None => "ContainerCreating".to_owned(),
    }
}

/// What the API server asks for.
#[derive(Debug, PartialEq, Eq)]
struct LogRequest {
    pod: (String, String),
    container: String,
    previous: bool,
    timestamps: bool,
    tail: Option<usize>,
    limit: Option<usize>,
}

impl LogRequest {
    fn parse(path: &str, query: &str) -> Option<Self> {
        let mut parts = path
            .strip_prefix("/containerLogs/")?
            .split('/')
            .map(str::to_owned);
        let (namespace, pod, container) = (parts.next()?, parts.next()?, parts.next()?);
        let option = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        Some(Self {
            pod: (namespace, pod),
            container,
            previous: option("previous") == Some("true"),
            timestamps: option("timestamps") == Some("true"),
            tail: option("tailLines").and_then(|text| text.parse().ok()),
            limit: option("limitBytes").and_then(|text| text.parse().ok()),
        })
    }

    fn select(&self, lines: &[LogLine]) -> String {
        let skipped = self.tail.map_or(0, |tail| lines.len().saturating_sub(tail));
        let mut text = String::new();
        for line in lines.iter().skip(skipped) {
            if self.timestamps {
                text.push_str(&line.time.micro());
                text.push(' ');
            }
            text.push_str(&line.text);
            text.push('\n');
        }
        if let Some(limit) = self.limit {
            let end = (0..=limit.min(text.len()))
                .rev()
                .find(|end| text.is_char_boundary(*end));
            text.truncate(end.unwrap_or(0));
        }
        text
    }
}
