//! A world with what stands before it: who is who, what goes wrong, and what was asked.

use std::collections::BTreeMap;
use std::time::Duration;

use super::request_log::{Entry, RequestLog};
use super::{control, registry};
use crate::api::{self, Request, Response, User};
use crate::clock::Time;
use crate::faults::{Delivery, Fate, Faults, WatchTrouble};
use crate::managed_fields;
use crate::status::Status;
use crate::world::World;

/// What comes before a token in a path.
pub(super) const TOKEN_PATH: &str = "/as/";

/// Everything that a request meets, as plain values.
#[derive(Debug)]
pub struct Cluster {
    /// The cluster itself.
    pub world: World,
    /// Trouble on demand.
    pub faults: Faults,
    /// What was asked.
    pub log: RequestLog,
    users: BTreeMap<String, User>,
}

/// What comes of a request.
#[derive(Debug)]
pub(super) enum Answer {
    /// The connection is closed.
    Closed,
    /// Nothing comes.
    Nothing,
    /// A response comes.
    Given(Box<Given>),
}

/// A response with the trouble that it meets.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) response: Response,
    pub(super) delay: Duration,
    /// After how many bytes of the body the connection breaks.
    pub(super) cut: Option<usize>,
    pub(super) watch: Option<WatchTrouble>,
    /// The client asked the server itself to end.
    pub(super) ends_server: bool,
}

impl Cluster {
    /// Makes a cluster whose administrator has the given token; its actors sign what they write.
    pub fn new(mut world: World, token: &str) -> Cluster {
        world.sign_writes(managed_fields::sign);
        let users = BTreeMap::from([(token.to_owned(), User::admin())]);
        Cluster {
            world,
            faults: Faults::default(),
            log: RequestLog::default(),
            users,
        }
    }

    /// Lets a bearer token stand for a user.
    pub fn admit(&mut self, token: &str, user: User) {
        self.users.insert(token.to_owned(), user);
    }

    /// Answers a request; the world has run up to `now`.
    pub(super) fn answer(&mut self, mut request: Request, now: Time) -> Answer {
        let user = self.authenticate(&mut request);
        let mut entry = Entry::new(&request, user.as_ref(), now);
        if let Some(user) = &user {
            request.user = user.clone();
        }
        if control::is_asked(&request) {
            let is_admin = user.as_ref() == Some(&User::admin());
            let reply = control::answer(self, &request, is_admin, now);
            return Given {
                ends_server: reply.ends_server,
                ..Given::whole(reply.response)
            }
            .into();
        }
        let fate = self.faults.meet(&request);
        let before = self.world.store.revision();
        let answer = self.meet(&request, user.is_some(), fate, now);
        entry.has_written = self.world.store.revision() != before;
        entry.status = match &answer {
            Answer::Given(given) => Some(given.response.status),
            Answer::Closed | Answer::Nothing => None,
        };
        self.log.add(entry);
        answer
    }

    fn meet(&mut self, request: &Request, is_known: bool, fate: Fate, now: Time) -> Answer {
        let mut cut = None;
        let mut is_lost = false;
        match fate.delivery {
            Delivery::Whole => {}
            Delivery::Refused => return Answer::Closed,
            Delivery::Swallowed => return Answer::Nothing,
            Delivery::Intercepted {
                status,
                content_type,
                body,
                retry_after,
            } => {
                let mut response = Response::typed(status, &content_type, body);
                let seconds = retry_after.map(|seconds| ("retry-after", seconds.to_string()));
                response.headers.extend(seconds);
                return Given {
                    delay: fate.delay,
                    ..Given::whole(response)
                }
                .into();
            }
            Delivery::Lost => is_lost = true,
            Delivery::Cut(after) => cut = Some(after),
        }
        let present = Time(now.0.saturating_add(fate.clock_skew.saturating_mul(1000)));
        let mut response = if registry::is_asked(request) {
            registry::answer(&self.world, request)
        } else if is_known {
            api::apply(&mut self.world, request, &fate.circumstances, now)
        } else {
            Status::unauthorized().into()
        };
        if fate.clock_skew != 0 {
            response.set_date(present);
        }
        if is_lost {
            return Answer::Closed;
        }
        Given {
            delay: fate.delay,
            cut,
            watch: fate.watch,
            ..Given::whole(response)
        }
        .into()
    }

    /// Finds out who asks: nobody in particular without a token, `None` with a wrong one.
    ///
    /// The token may also begin the path, which it is then taken out of: kubectl sends none over plain HTTP.
    fn authenticate(&self, request: &mut Request) -> Option<User> {
        if let Some(rest) = request.path.strip_prefix(TOKEN_PATH) {
            let (token, path) = rest.split_once('/').unwrap_or((rest, ""));
            let user = self.users.get(token).cloned();
            request.path = format!("/{path}");
            return user;
        }
        match request.header("authorization").split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                self.users.get(token.trim()).cloned()
            }
            Some(_) => None,
            None => Some(User::anonymous()),
        }
    }
}

impl Given {
    /// Lets a response come as it is.
    pub(super) fn whole(response: Response) -> Given {
        Given {
            response,
            delay: Duration::ZERO,
            cut: None,
            watch: None,
            ends_server: false,
        }
    }
}

impl From<Given> for Answer {
    fn from(given: Given) -> Answer {
        Answer::Given(Box::new(given))
    }
}
