//! Requests and answers, as the API sees them.

use bytes::Bytes;
use http::Method;

use super::{Watch, Webhook, negotiate};
use crate::clock::Time;
use crate::status::Status;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name that roles are bound to.
    pub name: String,
    /// An identifier that `kubectl auth whoami` shows.
    pub uid: String,
    /// The groups that roles may be bound to, too.
    pub groups: Vec<String>,
}

impl User {
    /// Makes the user that may do everything.
    pub fn admin() -> User {
        User::member("admin", &["system:masters", "system:authenticated"])
    }

    /// Makes a user that may do what roles say.
    pub fn named(name: &str) -> User {
        User::member(name, &["system:authenticated"])
    }

    /// Makes the user that sends no credentials.
    pub fn anonymous() -> User {
        User::member("system:anonymous", &["system:unauthenticated"])
    }

    fn member(name: &str, groups: &[&str]) -> User {
        User {
            name: name.to_owned(),
            uid: name.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        }
    }
}

/// A request as it came over the wire, with its user found out.
#[derive(Clone, Debug)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// The path, decoded.
    pub path: String,
    /// The parameters of the query, decoded, in their order.
    pub query: Vec<(String, String)>,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// Who asks.
    pub user: User,
}

impl Request {
    /// Returns the first header of that (lower-case) name, empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map_or("", |(_, value)| value)
    }

    /// Returns the first parameter of that name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(parameter, _)| parameter == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What else than the request decides about its answer.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// Admission webhooks that are called for writes of Deployments.
    pub webhooks: Vec<Webhook>,
    /// How many revisions behind the newest state lists and reads are.
    pub lag: u64,
}

/// An answer.
#[derive(Debug)]
pub struct Response {
    /// The HTTP status code.
    pub status: u16,
    /// The headers; a name may occur more than once.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
}

/// What follows the headers.
#[derive(Debug)]
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// Events, as they come.
    Watch(Box<Watch>),
}

impl Response {
    pub(super) fn json(status: u16, body: Vec<u8>) -> Response {
        Response::typed(status, "application/json", body)
    }

    pub(crate) fn typed(status: u16, content_type: &str, body: Vec<u8>) -> Response {
        Response {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body: Body::Whole(Bytes::from(body)),
        }
    }

    /// Puts another time into the `Date` header.
    pub(crate) fn set_date(&mut self, time: Time) {
        self.headers.retain(|(name, _)| *name != "date");
        self.headers.push(("date", negotiate::http_date(time)));
    }

    /// Returns the body if it is not a watch.
    pub fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Whole(bytes) => bytes,
            Body::Watch(_) => &[],
        }
    }
}

impl From<Status> for Response {
    fn from(status: Status) -> Response {
        let mut response = Response::json(status.code, status.to_json());
        if let Some(details) = &status.details
            && details.retry_after_seconds > 0
        {
            response
                .headers
                .push(("retry-after", details.retry_after_seconds.to_string()));
        }
        response
    }
}
