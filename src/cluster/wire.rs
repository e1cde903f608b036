//! One request and its answer: credentials, time limit, size limit, record, and what the answer is.
//!
//! [`Wire::once`] sends a request a single time (twice when the credentials had to be fetched
//! anew); [`Wire::read`] repeats what may be repeated, as `retry` decides; [`Wire::open`] begins a
//! stream. A write never goes through `read`.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, DATE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jiff::Timestamp;
use kube::client::Body;
use kube::core::Status;
use serde::de::DeserializeOwned;

use super::answer::{found, is_api_answer, is_json, retry_after, warnings};
use super::credentials::{Credentials, Pass, Renewal};
use super::fault::Fault;
use super::lines::Lines;
use super::mask;
use super::plugin::Identity;
use super::record::Record;
use super::retry::{Circumstances, Endurance, Tries, Trouble};
use super::{Hooks, Limits, Notice};
use crate::rollout::Moment;

/// An error answer is never longer than this.
const LONGEST_REFUSAL: usize = 1 << 20;

/// The API server's own time, and when it told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServerDate {
    pub(crate) date: Timestamp,
    pub(crate) at: Moment,
}

/// A whole answer that is no error.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Makes a client, without any connection yet, that shows this client certificate.
pub(crate) type Build = Box<dyn Fn(Option<&Identity>) -> Result<kube::Client, Fault> + Send + Sync>;

/// What a [`Wire`] is made of.
pub(crate) struct Parts {
    pub(crate) build: Build,
    /// The client certificate that a plugin issued.
    pub(crate) identity: Option<Identity>,
    pub(crate) credentials: Credentials,
    pub(crate) limits: Limits,
    pub(crate) hooks: Hooks,
    /// Scheme, host, and port.
    pub(crate) server: String,
    /// The kubeconfig's name of the user, for people.
    pub(crate) user: String,
}

/// The way to one API server as one user.
pub(crate) struct Wire {
    build: Build,
    credentials: Credentials,
    limits: Limits,
    hooks: Hooks,
    server: String,
    user: String,
    client: Mutex<kube::Client>,
    identity: Mutex<Option<Identity>>,
    was_seen: AtomicBool,
    date: Mutex<Option<ServerDate>>,
    told: Mutex<BTreeSet<String>>,
    /// Until then a wait has been told: requests that wait together are one piece of news.
    told_until: Mutex<Moment>,
}

/// What came back, before anybody looked at it.
struct Reply<B> {
    status: StatusCode,
    headers: HeaderMap,
    body: B,
}

impl Wire {
    pub(crate) fn new(parts: Parts) -> Result<Self, Fault> {
        let client = (parts.build)(parts.identity.as_ref())?;
        Ok(Self {
            build: parts.build,
            credentials: parts.credentials,
            limits: parts.limits,
            hooks: parts.hooks,
            server: parts.server,
            user: parts.user,
            client: Mutex::new(client),
            identity: Mutex::new(parts.identity),
            was_seen: AtomicBool::new(false),
            date: Mutex::new(None),
            told: Mutex::new(BTreeSet::new()),
            told_until: Mutex::new(Moment::default()),
        })
    }

    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn now(&self) -> Moment {
        (self.hooks.clock)()
    }

    pub(crate) fn random(&self) -> u64 {
        (self.hooks.random)()
    }

    pub(crate) fn server_date(&self) -> Option<ServerDate> {
        *lock(&self.date)
    }

    pub(crate) fn tell(&self, notice: Notice) {
        (self.hooks.notice)(notice);
    }

    /// Makes the next request open a new connection.
    pub(crate) fn forget_connections(&self) {
        // What could be built once can be built again, unless files went away: then the old
        // client is better than none.
        if let Ok(client) = (self.build)(lock(&self.identity).as_ref()) {
            *lock(&self.client) = client;
        }
    }

    /// Returns what surrounds a failure that happens now.
    pub(crate) fn circumstances(&self) -> Circumstances {
        Circumstances {
            now: self.now(),
            was_seen: self.was_seen.load(Ordering::Relaxed),
            random: self.random(),
        }
    }

    /// Sends a request that changes nothing, again and again while there is hope.
    pub(crate) async fn read(&self, request: &Request<Bytes>) -> Result<Answer, Fault> {
        self.read_as(request, |answer| Ok(answer.clone())).await
    }

    /// Does the same for a JSON answer; one that cannot be parsed counts as cut off.
    pub(crate) async fn read_json<T: DeserializeOwned>(
        &self,
        request: &Request<Bytes>,
    ) -> Result<T, Fault> {
        self.read_as(request, |answer| self.parse(answer)).await
    }

    /// Does the same with a parser of one's own.
    pub(crate) async fn read_as<T>(
        &self,
        request: &Request<Bytes>,
        parse: impl Fn(&Answer) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut tries = Tries::begin(self.now());
        loop {
            let result = self.once(request).await.and_then(|answer| parse(&answer));
            let fault = match result {
                Ok(value) => return Ok(value),
                Err(fault) => fault,
            };
            let endurance = &self.limits().endurance;
            if !self.is_worth_another(&mut tries, &fault, endurance).await {
                return Err(fault);
            }
        }
    }

    /// Waits until the next try, or says that there is none.
    pub(crate) async fn is_worth_another(
        &self,
        tries: &mut Tries,
        fault: &Fault,
        endurance: &Endurance,
    ) -> bool {
        let around = self.circumstances();
        let Some(wait) = tries.after(fault, endurance, around) else {
            return false;
        };
        let is_long = around.now.since(tries.began()) + wait >= self.limits().quiet;
        if is_long && self.is_news(around.now, wait) {
            self.tell(match Trouble::of(fault) {
                Trouble::Throttled { .. } => Notice::Throttled { wait },
                Trouble::NoRoute | Trouble::Unknown | Trouble::Hindered | Trouble::Final => {
                    Notice::Retrying {
                        why: fault.to_string(),
                        wait,
                    }
                }
            });
        }
        tokio::time::sleep(wait).await;
        true
    }

    fn is_news(&self, now: Moment, wait: Duration) -> bool {
        let mut told_until = lock(&self.told_until);
        let is_news = *told_until <= now;
        if is_news {
            *told_until = now.plus(wait);
        }
        is_news
    }

    /// Sends a request once, and once more where the credentials had to be renewed: the server did
    /// not look at the first one.
    pub(crate) async fn once(&self, request: &Request<Bytes>) -> Result<Answer, Fault> {
        let pass = self.credentials.pass();
        let mut reply = self.exchange(request, &pass).await?;
        if reply.status == StatusCode::UNAUTHORIZED {
            let renewed = self.renew(&pass).await?;
            reply = self.exchange(request, &renewed).await?;
        }
        self.judge(reply)
    }

    /// Begins a stream of lines.
    pub(crate) async fn open(&self, request: &Request<Bytes>) -> Result<Lines, Fault> {
        let mut request = request.clone();
        // Newer API servers compress each event of a watch as a gzip member of its own, of which
        // kube's decompression reads only the first.
        request
            .headers_mut()
            .insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let pass = self.credentials.pass();
        let mut reply = self.begin(&request, &pass).await?;
        if reply.status == StatusCode::UNAUTHORIZED {
            let renewed = self.renew(&pass).await?;
            reply = self.begin(&request, &renewed).await?;
        }
        if reply.status.is_success() && is_json(&reply.headers) {
            self.was_seen.store(true, Ordering::Relaxed);
            return Ok(Lines::new(
                reply.body,
                self.limits().longest_line,
                self.server().to_owned(),
            ));
        }
        let body = self.collect(reply.body, LONGEST_REFUSAL);
        let reply = Reply {
            status: reply.status,
            headers: reply.headers,
            body: self.in_time(self.limits().answer, body).await?,
        };
        // A stream of something else than JSON is refused there, too.
        self.judge(reply).and_then(|answer| {
            Err(Fault::NotKubernetes {
                server: self.server().to_owned(),
                found: found(&answer.headers),
                status: StatusCode::OK,
            })
        })
    }

    async fn renew(&self, refused: &Pass) -> Result<Pass, Fault> {
        match self.credentials.renew(refused).await? {
            Renewal::Unchanged => return Err(self.unauthorized()),
            Renewal::Header => {}
            Renewal::Identity(identity) => {
                *lock(&self.client) = (self.build)(Some(&identity))?;
                *lock(&self.identity) = Some(identity);
            }
        }
        Ok(self.credentials.pass())
    }

    fn unauthorized(&self) -> Fault {
        Fault::Unauthorized {
            server: self.server().to_owned(),
            user: self.user.clone(),
            hint: Some(self.credentials.hint()),
        }
    }

    /// One request, one whole answer, within the limits, recorded.
    async fn exchange(&self, request: &Request<Bytes>, pass: &Pass) -> Result<Reply<Bytes>, Fault> {
        let at = self.now();
        let limit = self.limits().answer;
        let whole = async {
            let reply = self.send(request, pass).await?;
            let body = self
                .collect(reply.body, self.limits().largest_answer)
                .await?;
            Ok(Reply {
                status: reply.status,
                headers: reply.headers,
                body,
            })
        };
        let result = self.in_time(limit, whole).await;
        let (status, body) = match &result {
            Ok(reply) => (Some(reply.status), Some(&reply.body)),
            Err(_) => (None, None),
        };
        self.record(at, request, status, body, result.as_ref().err());
        let reply = result?;
        self.heed(&reply.headers);
        Ok(reply)
    }

    /// One request and the head of its answer.
    async fn begin(&self, request: &Request<Bytes>, pass: &Pass) -> Result<Reply<Body>, Fault> {
        let at = self.now();
        let result = self
            .in_time(self.limits().answer, self.send(request, pass))
            .await;
        let status = result.as_ref().ok().map(|reply| reply.status);
        self.record(at, request, status, None, result.as_ref().err());
        let reply = result?;
        self.heed(&reply.headers);
        Ok(reply)
    }

    async fn in_time<T>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            Err(Fault::Silent {
                server: self.server().to_owned(),
                after: limit,
            })
        })
    }

    async fn send(&self, request: &Request<Bytes>, pass: &Pass) -> Result<Reply<Body>, Fault> {
        let mut request = request.clone().map(Body::from);
        if let Some(header) = &pass.header {
            request.headers_mut().insert(AUTHORIZATION, header.clone());
        }
        let client = lock(&self.client).clone();
        let response = client
            .send(request)
            .await
            .map_err(|error| Fault::of(&error, self.server()))?;
        let (head, body) = response.into_parts();
        Ok(Reply {
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    async fn collect(&self, body: Body, limit: usize) -> Result<Bytes, Fault> {
        let server = || self.server().to_owned();
        let collected = Limited::new(body, limit).collect().await;
        collected
            .map(http_body_util::Collected::to_bytes)
            .map_err(|error| match error.downcast::<kube::Error>() {
                Ok(error) => Fault::of(&error, self.server()),
                Err(error) if error.is::<LengthLimitError>() => Fault::Oversized {
                    server: server(),
                    limit,
                },
                Err(error) => Fault::Broken {
                    server: server(),
                    why: error.to_string(),
                },
            })
    }

    /// Says what an answer is: good, an API server's error, or not from an API server at all.
    fn judge(&self, reply: Reply<Bytes>) -> Result<Answer, Fault> {
        let Reply {
            status,
            headers,
            body,
        } = reply;
        if status == StatusCode::UNAUTHORIZED {
            return Err(self.unauthorized());
        }
        if status.is_redirection() || !is_api_answer(&headers, &body) {
            return Err(Fault::NotKubernetes {
                server: self.server().to_owned(),
                found: found(&headers),
                status,
            });
        }
        self.was_seen.store(true, Ordering::Relaxed);
        if status.is_success() {
            return Ok(Answer { headers, body });
        }
        let mut refusal = serde_json::from_slice::<Status>(&body).unwrap_or_else(|_| {
            let text = String::from_utf8_lossy(&body);
            Status::failure(&text.trim().chars().take(500).collect::<String>(), "")
        });
        refusal.code = status.as_u16();
        Err(Fault::Answered {
            retry_after: retry_after(&headers, &refusal),
            status: Box::new(refusal),
        })
    }

    pub(crate) fn parse<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, Fault> {
        serde_json::from_slice(&answer.body).map_err(|error| self.unreadable(answer, &error))
    }

    pub(crate) fn unreadable(&self, answer: &Answer, error: &serde_json::Error) -> Fault {
        if is_json(&answer.headers) {
            Fault::Garbled {
                server: self.server().to_owned(),
                why: error.to_string(),
            }
        } else {
            Fault::NotKubernetes {
                server: self.server().to_owned(),
                found: found(&answer.headers),
                status: StatusCode::OK,
            }
        }
    }

    /// Takes note of what the API server says beside the answer.
    fn heed(&self, headers: &HeaderMap) {
        let date = headers
            .get(DATE)
            .and_then(|date| date.to_str().ok())
            .and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        if let Some(date) = date {
            *lock(&self.date) = Some(ServerDate {
                date: date.timestamp(),
                at: self.now(),
            });
        }
        for warning in warnings(headers) {
            if lock(&self.told).insert(warning.clone()) {
                self.tell(Notice::Warning(warning));
            }
        }
    }

    fn record(
        &self,
        at: Moment,
        request: &Request<Bytes>,
        status: Option<StatusCode>,
        answer: Option<&Bytes>,
        fault: Option<&Fault>,
    ) {
        let Some(recorder) = &self.hooks.recorder else {
            return;
        };
        let body = |bytes: &Bytes| recorder.wants_bodies.then(|| mask::body(bytes));
        (recorder.write)(Record {
            at,
            method: request.method().to_string(),
            path: request
                .uri()
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default(),
            status: status.map(|status| status.as_u16()),
            took: self.now().since(at),
            sent: request.body().len(),
            received: answer.map_or(0, Bytes::len),
            request: body(request.body()),
            answer: answer.and_then(body),
            fault: fault.map(ToString::to_string),
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
