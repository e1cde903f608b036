//! An API server by script, for the tests of this edge: in memory under virtual time, or on a
//! loopback port. Answers are given in order, the last one again and again; every request is noted.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, Stream};
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use kube::config::{AuthInfo, Kubeconfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::BoxError;

use super::credentials::{Credentials, PluginLimits};
use super::record::{Record, Recorder};
use super::wire::{Parts, Wire};
use super::{Cluster, Hooks, Limits, Notice};
use crate::rollout::Moment;
use crate::surroundings::Variables;

pub(crate) const NAMESPACE: &str = "shop";
pub(crate) const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/shop/deployments";
pub(crate) const PODS: &str = "/api/v1/namespaces/shop/pods";

/// How the server behaves once.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Whole {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Bytes,
    },
    /// An answer in pieces; its end is whatever the last piece is.
    Pieces(Vec<Piece>),
    /// The connection ends without an answer.
    Reset,
    /// There is never an answer.
    Silence,
    After(Duration, Box<Reply>),
}

#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Bytes(Bytes),
    Wait(Duration),
    Reset,
    Silence,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json", body.to_string())
    }

    pub(crate) fn ok(body: &Value) -> Self {
        Self::json(200, body)
    }

    pub(crate) fn text(status: u16, kind: &str, body: impl Into<String>) -> Self {
        Self::Whole {
            status,
            headers: vec![("content-type", kind.to_owned())],
            body: Bytes::from(body.into()),
        }
    }

    /// An error answer of an API server.
    pub(crate) fn status(code: u16, reason: &str, message: &str) -> Self {
        Self::json(
            code,
            &json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": message, "reason": reason, "code": code,
            }),
        )
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Whole { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }

    /// A watch that sends these events and then stays open in silence.
    pub(crate) fn watch(events: &[Value]) -> Self {
        let mut pieces: Vec<Piece> = events.iter().map(Piece::event).collect();
        pieces.push(Piece::Silence);
        Self::Pieces(pieces)
    }
}

impl Piece {
    pub(crate) fn event(event: &Value) -> Self {
        Self::Bytes(Bytes::from(format!("{event}\n")))
    }
}

struct Rule {
    method: String,
    path: String,
    /// Parts that the query must have.
    query: Vec<String>,
    replies: VecDeque<Reply>,
}

/// One request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) line: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

#[derive(Clone, Default)]
pub(crate) struct Script(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    log: Vec<Arrived>,
    notices: Vec<Notice>,
    records: Vec<Record>,
    /// How much longer the machine was asleep than the timers ran.
    slept: Duration,
}

impl Script {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Answers requests such as `GET /path?part&part` with these replies; the first rule that fits
    /// holds.
    pub(crate) fn on(&self, request: &str, replies: impl IntoIterator<Item = Reply>) -> &Self {
        let (method, target) = request.split_once(' ').expect("method and path");
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        self.0.lock().expect("state").rules.push(Rule {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query
                .split('&')
                .filter(|part| !part.is_empty())
                .map(ToOwned::to_owned)
                .collect(),
            replies: replies.into_iter().collect(),
        });
        self
    }

    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.0.lock().expect("state").log.clone()
    }

    /// Returns the requests as `GET /path?query`.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.arrived().into_iter().map(|one| one.line).collect()
    }

    /// Returns how many requests contain all these texts.
    pub(crate) fn count(&self, texts: &[&str]) -> usize {
        self.lines()
            .iter()
            .filter(|line| texts.iter().all(|text| line.contains(text)))
            .count()
    }

    pub(crate) fn notices(&self) -> Vec<Notice> {
        self.0.lock().expect("state").notices.clone()
    }

    pub(crate) fn records(&self) -> Vec<Record> {
        self.0.lock().expect("state").records.clone()
    }

    /// Lets the machine sleep: the clock goes on, and timers do not.
    pub(crate) fn sleep(&self, duration: Duration) {
        self.0.lock().expect("state").slept += duration;
    }

    async fn answer<B>(self, request: Request<B>) -> Result<Response<TestBody>, BoxError>
    where
        B: http_body::Body,
        B::Error: std::fmt::Debug,
    {
        let (head, body) = request.into_parts();
        let body = body.collect().await.expect("a whole request").to_bytes();
        let target = head.uri.path_and_query().expect("a path").to_string();
        let line = format!("{} {target}", head.method);
        let reply = {
            let mut state = self.0.lock().expect("state");
            state.log.push(Arrived {
                line: line.clone(),
                headers: head.headers,
                body,
            });
            let query = head.uri.query().unwrap_or_default();
            let rule = state
                .rules
                .iter_mut()
                .filter(|rule| rule.method == head.method.as_str() && rule.path == head.uri.path())
                .find(|rule| rule.query.iter().all(|part| query.contains(part)));
            match rule {
                Some(rule) if rule.replies.len() > 1 => rule.replies.pop_front(),
                Some(rule) => rule.replies.front().cloned(),
                None => None,
            }
            .unwrap_or_else(|| Reply::status(418, "Unexpected", &format!("unexpected: {line}")))
        };
        respond(reply).await
    }

    /// Returns a client that reaches this server without any network.
    pub(crate) fn client(&self) -> kube::Client {
        let script = self.clone();
        let service = tower::service_fn(move |request: Request<kube::client::Body>| {
            script.clone().answer(request)
        });
        kube::Client::new(service, NAMESPACE)
    }

    /// Returns the cluster behind this server.
    pub(crate) fn cluster(&self) -> Cluster {
        self.cluster_with(Limits::default())
    }

    pub(crate) fn cluster_with(&self, limits: Limits) -> Cluster {
        let credentials = Credentials::fixed_for_tests();
        self.cluster_of(self.client(), credentials, limits)
    }

    pub(crate) fn cluster_of(
        &self,
        client: kube::Client,
        credentials: Credentials,
        limits: Limits,
    ) -> Cluster {
        let wire = Wire::new(Parts {
            build: Box::new(move |_| Ok(client.clone())),
            identity: None,
            credentials,
            limits,
            hooks: self.hooks(),
            server: "https://api.example".to_owned(),
            user: "`dev`".to_owned(),
        });
        Cluster {
            wire: Arc::new(wire.expect("a client")),
            namespace: NAMESPACE.to_owned(),
        }
    }

    /// Returns hooks whose clock is tokio's, so that virtual time counts, without jitter.
    pub(crate) fn hooks(&self) -> Hooks {
        let notices = self.clone();
        let records = self.clone();
        let sleeper = self.clone();
        let start = tokio::time::Instant::now();
        Hooks {
            clock: Arc::new(move || {
                let slept = sleeper.0.lock().expect("state").slept;
                Moment(start.elapsed() + slept)
            }),
            random: Arc::new(|| 0),
            notice: Arc::new(move |notice| {
                notices.0.lock().expect("state").notices.push(notice);
            }),
            recorder: Some(Recorder {
                wants_bodies: true,
                write: Arc::new(move |record| {
                    records.0.lock().expect("state").records.push(record);
                }),
            }),
        }
    }

    /// Serves on a loopback port for as long as the test's runtime lives; returns the address.
    pub(crate) async fn listen(&self) -> std::net::SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let script = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(script.clone().serve(stream));
            }
        });
        address
    }

    /// Serves one connection.
    pub(crate) async fn serve<S>(self, stream: S)
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let io = hyper_util::rt::TokioIo::new(stream);
        let service = hyper::service::service_fn(move |request| self.clone().answer(request));
        // A scripted reset is an error here.
        let _ = hyper::server::conn::http1::Builder::new()
            .serve_connection(io, service)
            .await;
    }
}

type TestBody = StreamBody<Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, io::Error>> + Send>>>;

async fn respond(reply: Reply) -> Result<Response<TestBody>, BoxError> {
    let mut reply = reply;
    while let Reply::After(wait, next) = reply {
        tokio::time::sleep(wait).await;
        reply = *next;
    }
    match reply {
        Reply::Whole {
            status,
            headers,
            body,
        } => {
            let mut response = Response::builder()
                .status(StatusCode::from_u16(status).expect("a status"))
                .header("content-length", body.len());
            for (name, value) in headers {
                response = response.header(name, value);
            }
            Ok(response
                .body(pieces(vec![Piece::Bytes(body)]))
                .expect("a response"))
        }
        Reply::Pieces(list) => Ok(Response::builder()
            .header("content-type", "application/json")
            .body(pieces(list))
            .expect("a response")),
        Reply::Reset => Err(reset().into()),
        Reply::Silence | Reply::After(..) => std::future::pending().await,
    }
}

fn pieces(list: Vec<Piece>) -> TestBody {
    let frames = stream::unfold(VecDeque::from(list), |mut list| async move {
        loop {
            match list.pop_front()? {
                Piece::Bytes(bytes) => return Some((Ok(Frame::data(bytes)), list)),
                Piece::Wait(wait) => tokio::time::sleep(wait).await,
                Piece::Reset => return Some((Err(reset()), VecDeque::new())),
                Piece::Silence => std::future::pending().await,
            }
        }
    });
    StreamBody::new(Box::pin(frames))
}

fn reset() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionReset)
}

impl Credentials {
    pub(crate) fn fixed_for_tests() -> Self {
        futures::executor::block_on(Self::for_tests(&AuthInfo {
            token: Some("first-token".to_owned().into()),
            ..AuthInfo::default()
        }))
    }

    pub(crate) async fn for_tests(user: &AuthInfo) -> Self {
        let limits = PluginLimits {
            alone: Duration::from_secs(60),
            with_person: Duration::from_secs(60),
            quiet: Duration::from_secs(5),
        };
        let path = ("PATH".to_owned(), "/usr/bin:/bin".to_owned());
        let variables = Variables(BTreeMap::from([path]));
        let opened = Self::open(user, &variables, false, limits, Box::new(|_| {}));
        opened.await.expect("credentials").0
    }
}

/// Returns a kubeconfig with the one context `qa` for the server.
pub(crate) fn kubeconfig(server: &str) -> Kubeconfig {
    Kubeconfig::from_yaml(&format!(
        r#"
clusters: [{{name: qa, cluster: {{server: "{server}"}}}}]
users: [{{name: dev, user: {{token: first-token}}}}]
contexts: [{{name: qa, context: {{cluster: qa, user: dev}}}}]
"#
    ))
    .expect("a kubeconfig")
}
