//! Carries requests from HTTP/1.1 to the cluster and its answers back.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::cluster::{Answer, Given};
use super::events::{Events, Piece};
use super::{Payload, Server, uri};
use crate::api::{Body, Request, Response, User};
use crate::clock::Time;
use crate::status::Status;

/// The API server takes no larger bodies.
const MAX_BODY: usize = 3 * 1024 * 1024;
/// How many events wait for a client that reads slowly.
const EVENTS_AHEAD: usize = 64;

/// Serves one connection until the client or the server is done.
pub(super) async fn serve(server: Server, stream: TcpStream) {
    // Events are small and wanted at once; a socket that cannot be told so works nevertheless.
    let _ = stream.set_nodelay(true);
    let handler = server.clone();
    let service = service_fn(move |request| receive(handler.clone(), request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let mut stopping = server.0.stopping.subscribe();
    tokio::select! {
        // A connection that breaks is the client's affair.
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

async fn receive(
    server: Server,
    request: hyper::Request<Incoming>,
) -> io::Result<hyper::Response<Payload>> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            let message = format!("Request entity too large: limit is {MAX_BODY}");
            return respond(&server, Given::whole(Status::too_large(message).into()));
        }
    };
    answer(&server, hyper::Request::from_parts(parts, body)).await
}

/// Answers a request whose body is there; an error closes the connection.
pub(super) async fn answer(
    server: &Server,
    request: http::Request<Bytes>,
) -> io::Result<http::Response<Payload>> {
    let request = read(request);
    server.lock().last_request = Instant::now();
    let answer = server.settle(|cluster, now| cluster.answer(request, now));
    let answer = answer.unwrap_or_else(|error| {
        let why = format!("the sandbox cannot save its state: {error}");
        Given::whole(Status::internal(&why).into()).into()
    });
    let given = match answer {
        Answer::Closed => return Err(io::ErrorKind::ConnectionAborted.into()),
        Answer::Nothing => {
            wait_for_stop(server).await;
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Answer::Given(given) => *given,
    };
    if !given.delay.is_zero() {
        tokio::time::sleep(given.delay).await;
    }
    if given.ends_server {
        server.stop();
    }
    respond(server, given)
}

async fn wait_for_stop(server: &Server) {
    let mut stopping = server.0.stopping.subscribe();
    // The sender lives as long as the server.
    let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
}

fn read(request: http::Request<Bytes>) -> Request {
    let (parts, body) = request.into_parts();
    let headers = parts.headers.iter().filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    });
    Request {
        method: parts.method,
        path: uri::path(parts.uri.path()),
        query: uri::query(parts.uri.query().unwrap_or("")),
        headers: headers.collect(),
        body,
        user: User::anonymous(),
    }
}

fn respond(server: &Server, given: Given) -> io::Result<http::Response<Payload>> {
    let Given {
        response,
        cut,
        watch,
        ..
    } = given;
    let Response {
        status,
        headers,
        body,
    } = response;
    let payload = match (body, cut) {
        (Body::Whole(bytes), None) => Payload::whole(bytes),
        (Body::Whole(bytes), Some(after)) => Payload::cut(&bytes, after),
        (Body::Watch(open), _) => {
            let (sender, receiver) = mpsc::channel(EVENTS_AHEAD);
            let events = Events::new(*open, watch);
            tokio::spawn(tell(server.clone(), events, sender));
            Payload::events(receiver)
        }
    };
    let mut response = http::Response::new(payload);
    *response.status_mut() = http::StatusCode::from_u16(status).map_err(io::Error::other)?;
    for (name, value) in headers {
        let value = HeaderValue::from_str(&value).map_err(io::Error::other)?;
        response
            .headers_mut()
            .append(HeaderName::from_static(name), value);
    }
    Ok(response)
}

/// Sends a watch's events as the world changes, until it, the client, or the server ends.
async fn tell(server: Server, mut events: Events, sender: mpsc::Sender<io::Result<Bytes>>) {
    server.0.watches.fetch_add(1, Ordering::Relaxed);
    let mut changed = server.0.changed.subscribe();
    let mut stopping = server.0.stopping.subscribe();
    loop {
        changed.mark_unchanged();
        let (pieces, now) = {
            let mut inner = server.lock();
            let now = inner.clock.now();
            (events.poll(&inner.cluster.world, now), now)
        };
        if !send(&sender, pieces).await || events.has_ended() {
            break;
        }
        let wakes_at = events.wakes_at();
        tokio::select! {
            _ = changed.changed() => {}
            () = sleep_until(wakes_at, now) => {}
            () = sender.closed() => break,
            _ = stopping.wait_for(|is_stopping| *is_stopping) => break,
        }
    }
    server.0.watches.fetch_sub(1, Ordering::Relaxed);
}

/// Hands pieces over; `false` if nobody takes them or the connection breaks.
async fn send(sender: &mpsc::Sender<io::Result<Bytes>>, pieces: Vec<Piece>) -> bool {
    for piece in pieces {
        let (line, goes_on) = match piece {
            Piece::Line(line) => (Ok(line), true),
            Piece::Break => (Err(io::ErrorKind::ConnectionReset.into()), false),
        };
        if sender.send(line).await.is_err() || !goes_on {
            return false;
        }
    }
    true
}

/// Waits for a time that may be past already, or for ever.
async fn sleep_until(due: Option<Time>, now: Time) {
    match due {
        Some(due) => tokio::time::sleep(due.since(now).max(Duration::from_millis(1))).await,
        None => std::future::pending().await,
    }
}
