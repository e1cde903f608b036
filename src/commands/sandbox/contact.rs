//! Finds the sandbox's server and speaks to it: whether it is there, and that it shall end.
//!
//! A server is there if it answers. What it left in its file says only where to ask.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use kube_sandbox::server::{Access, Locked, StateFile};
use serde_json::Value;
use tokio::net::TcpStream;

use super::folder::Folder;
use crate::error::{Error, Kind};

/// How long a server may take to answer. It may be catching up with a long sleep.
const ANSWER: Duration = Duration::from_secs(3);
/// How long a server may take to save its world and end.
const ENDING: Duration = Duration::from_secs(6);
const LOOK: Duration = Duration::from_millis(10);

/// A server that answered.
#[derive(Clone, Debug)]
pub(super) struct Contact {
    address: SocketAddr,
    access: Access,
}

impl Contact {
    /// Looks for the server of a folder.
    pub(super) async fn find(folder: &Folder) -> Option<Self> {
        let access = Access::read(&folder.access())?;
        let address = access.address?;
        let contact = Self { address, access };
        let (status, body) = contact.ask(Method::GET, "/sandbox").await?;
        let answer: Value = serde_json::from_slice(&body).ok()?;
        let is_ours = status == StatusCode::OK && answer.get("simulated") == Some(&true.into());
        is_ours.then_some(contact)
    }

    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn process(&self) -> u32 {
        self.access.pid
    }

    /// Tells whether somebody started it in a terminal, who would be surprised to see it end.
    pub(super) fn is_in_foreground(&self) -> bool {
        !self.access.ends_when_idle
    }

    /// Tells whether another version of this program serves, which may do so by other rules.
    pub(super) fn is_outdated(&self) -> bool {
        self.access.version != Access::VERSION
    }

    /// Ends the server and waits until it has saved its world.
    pub(super) async fn end(&self, folder: &Folder) -> Result<StateFile, Error> {
        // Whether it heard shows in the lock.
        self.ask(Method::POST, "/sandbox/stop").await;
        state_file(folder).await
    }

    async fn ask(&self, method: Method, path: &str) -> Option<(StatusCode, Bytes)> {
        tokio::time::timeout(ANSWER, self.try_to_ask(method, path))
            .await
            .ok()?
            .ok()
    }

    async fn try_to_ask(
        &self,
        method: Method,
        path: &str,
    ) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.address.to_string())
            .header(AUTHORIZATION, format!("Bearer {}", self.access.token))
            .header(CONNECTION, "close")
            .body(Empty::<Bytes>::new())?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }
}

/// Takes the state of a folder, as soon as a server that is about to end has let go of it.
pub(super) async fn state_file(folder: &Folder) -> Result<StateFile, Error> {
    let taken = async {
        loop {
            match StateFile::lock(&folder.state()) {
                Ok(state) => return Ok(state),
                Err(Locked::ByAnother) => tokio::time::sleep(LOOK).await,
                Err(Locked::Unusable(error)) => return Err(folder.unusable(error)),
            }
        }
    };
    match tokio::time::timeout(ENDING, taken).await {
        Ok(taken) => taken,
        Err(_) => Err(hung(Access::read(&folder.access()))),
    }
}

fn hung(access: Option<Access>) -> Error {
    let what = "the sandbox's server neither answers nor ends";
    match access {
        Some(Access { pid, .. }) => Error::new(Kind::Busy, format!("{what} (process {pid})"))
            .hint(format!("End it with `kill {pid}`; its world is kept.")),
        None => Error::new(Kind::Busy, what)
            .hint("Look for a process `kube … serve` with `ps`, and end it; its world is kept."),
    }
}
