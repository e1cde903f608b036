//! Judges one answer of GitHub's API: what was found, or which fault it tells of.
//!
//! Pure: no request is made here, and the time is the one that the answer itself carries.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use http::{StatusCode, Uri};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::GithubError;
use crate::resolve::TokenSource;

const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const SCOPES: HeaderName = HeaderName::from_static("x-oauth-scopes");
const SSO: HeaderName = HeaderName::from_static("x-github-sso");

/// How much of GitHub's own message is repeated.
const SHOWN: usize = 300;

/// What GitHub's answer says, if it is one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Found(Bytes),
    /// The path does not exist, or the token may not see it; GitHub does not tell which.
    Hidden {
        scopes: Option<String>,
    },
    /// The repository is there, and has no such commit.
    NoCommit,
    /// The same thing is at another address.
    Elsewhere(Uri),
}

/// Who asked, for the text of an error.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    pub(super) host: String,
    pub(super) source: TokenSource,
    pub(super) zone: TimeZone,
}

/// Judges an answer by its status and headers first, its body last.
pub(super) fn judge(
    asker: &Asker,
    status: StatusCode,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Reply, GithubError> {
    let host = || asker.host.clone();
    if status.is_server_error() {
        return Err(GithubError::Server {
            host: host(),
            status: status.as_u16(),
        });
    }
    if status.is_redirection() {
        return match text(headers, &LOCATION).and_then(|location| location.parse().ok()) {
            Some(location) => Ok(Reply::Elsewhere(location)),
            None => Err(GithubError::NotGithub { host: host() }),
        };
    }
    if text(headers, &CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")) {
        return Err(GithubError::NotGithub { host: host() });
    }
    match status {
        StatusCode::OK => Ok(Reply::Found(body)),
        StatusCode::NOT_FOUND => Ok(Reply::Hidden {
            scopes: text(headers, &SCOPES).map(shown),
        }),
        // An empty repository answers 409, an unknown commit 422.
        StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => Ok(Reply::NoCommit),
        StatusCode::UNAUTHORIZED => Err(GithubError::BadToken {
            host: host(),
            source_of_token: asker.source,
        }),
        StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
            Err(forbidden(asker, status, headers, &body))
        }
        status => Err(GithubError::Unexpected {
            host: host(),
            status: status.as_u16(),
        }),
    }
}

fn forbidden(asker: &Asker, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> GithubError {
    let host = asker.host.clone();
    if let Some(sso) = text(headers, &SSO) {
        return GithubError::SingleSignOn {
            source_of_token: asker.source,
            url: sso_url(sso, &asker.host),
            host,
        };
    }
    let message = message(body);
    let retry_after = number(headers, &RETRY_AFTER).map(Duration::from_secs);
    if number(headers, &REMAINING) == Some(0) {
        let reset = text(headers, &RESET)
            .and_then(|seconds| seconds.parse().ok())
            .and_then(|seconds| Timestamp::from_second(seconds).ok());
        let until_reset = reset
            .zip(date(headers))
            .and_then(|(reset, now)| Duration::try_from(reset.duration_since(now)).ok());
        return GithubError::RateLimit {
            host,
            source_of_token: asker.source,
            resets_at: reset.map(|reset| {
                let local = reset.to_zoned(asker.zone.clone());
                local.strftime("%Y-%m-%d %H:%M:%S%:z").to_string()
            }),
            wait: retry_after.or(until_reset),
        };
    }
    let is_secondary = status == StatusCode::TOO_MANY_REQUESTS
        || retry_after.is_some()
        || message
            .to_ascii_lowercase()
            .contains("secondary rate limit");
    if is_secondary {
        return GithubError::SecondaryLimit {
            host,
            wait: retry_after,
        };
    }
    GithubError::Forbidden {
        host,
        source_of_token: asker.source,
        message,
    }
}

/// Returns the address at which the token can be authorised, if it is the host's own.
fn sso_url(header: &str, host: &str) -> Option<String> {
    let url = header.split_once("url=")?.1.trim();
    let address: Uri = url.parse().ok()?;
    let is_own = address.scheme_str() == Some("https") && address.authority()?.as_str() == host;
    is_own.then(|| shown(url))
}

/// Returns GitHub's own words, which are only shown.
fn message(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Fault {
        message: String,
    }
    serde_json::from_slice(body)
        .map(|fault: Fault| shown(&fault.message))
        .unwrap_or_default()
}

fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let parsed = jiff::fmt::rfc2822::parse(text(headers, &DATE)?).ok()?;
    Some(parsed.timestamp())
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    text(headers, name)?.parse().ok()
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asker() -> Asker {
        Asker {
            host: "github.com".to_owned(),
            source: TokenSource::GhToken,
            zone: TimeZone::fixed(jiff::tz::offset(2)),
        }
    }

    fn judged(
        status: u16,
        headers: &[(&'static str, &'static str)],
        body: &str,
    ) -> Result<Reply, GithubError> {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        judge(
            &asker(),
            StatusCode::from_u16(status).unwrap(),
            &headers,
            Bytes::copy_from_slice(body.as_bytes()),
        )
    }

    #[test]
    fn what_was_found_is_told_from_what_is_not_there() {
        assert_eq!(
            judged(200, &[], "x").unwrap(),
            Reply::Found(Bytes::from_static(b"x"))
        );
        assert_eq!(judged(422, &[], "{}").unwrap(), Reply::NoCommit);
        assert_eq!(judged(409, &[], "{}").unwrap(), Reply::NoCommit);
        assert_eq!(
            judged(404, &[("x-oauth-scopes", "repo, gist")], "{}").unwrap(),
            Reply::Hidden {
                scopes: Some("repo, gist".to_owned())
            }
        );
        assert_eq!(
            judged(
                301,
                &[("location", "https://api.github.com/repositories/1")],
                ""
            )
            .unwrap(),
            Reply::Elsewhere(Uri::from_static("https://api.github.com/repositories/1"))
        );
    }

    #[test]
    fn each_fault_is_told_apart() {
        let html = [("content-type", "text/html; charset=utf-8")];
        let table: [(&str, Result<Reply, GithubError>, &str); 11] = [
            (
                "a bad token",
                judged(401, &[], "{}"),
                "github.com refused the token in GH_TOKEN",
            ),
            (
                "a login page",
                judged(200, &html, "<html>"),
                "github.com did not answer as GitHub's API does",
            ),
            (
                "a login page for what is missing",
                judged(404, &html, "<html>"),
                "github.com did not answer as GitHub's API does",
            ),
            (
                "the unicorn",
                judged(502, &html, "<html>"),
                "github.com answered with status 502",
            ),
            (
                "a redirect to nowhere",
                judged(302, &[], ""),
                "github.com did not answer as GitHub's API does",
            ),
            (
                "something else",
                judged(418, &[], ""),
                "github.com answered with status 418",
            ),
            (
                "the primary limit",
                judged(
                    403,
                    &[
                        ("x-ratelimit-remaining", "0"),
                        ("x-ratelimit-reset", "1795251991"),
                        ("date", "Sat, 21 Nov 2026 09:06:22 GMT"),
                    ],
                    "{}",
                ),
                "the rate limit of github.com for GH_TOKEN is used up until 2026-11-21 11:06:31+02:00",
            ),
            (
                "the primary limit without a time",
                judged(429, &[("x-ratelimit-remaining", "0")], "{}"),
                "the rate limit of github.com for GH_TOKEN is used up",
            ),
            (
                "the secondary limit",
                judged(
                    403,
                    &[],
                    r#"{"message":"You have exceeded a secondary rate limit."}"#,
                ),
                "github.com asks for fewer requests",
            ),
            (
                "too many requests",
                judged(429, &[("retry-after", "7")], "{}"),
                "github.com asks for fewer requests",
            ),
            (
                "another refusal",
                judged(403, &[], r#"{"message":"Resource not accessible"}"#),
                "github.com does not allow this to the token in GH_TOKEN: Resource not accessible",
            ),
        ];
        for (what, judged, expected) in table {
            assert_eq!(judged.expect_err(what).to_string(), expected, "{what}");
        }
    }

    #[test]
    fn how_long_to_wait_is_what_the_answer_says() {
        let reset = [
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1795251991"),
            ("date", "Sat, 21 Nov 2026 09:06:22 GMT"),
        ];
        let wait = |judged: Result<Reply, GithubError>| judged.expect_err("a limit").retry_after();
        assert_eq!(wait(judged(403, &reset, "")), Some(Duration::from_secs(9)));
        assert_eq!(
            wait(judged(429, &[("retry-after", "7")], "")),
            Some(Duration::from_secs(7))
        );
        assert_eq!(wait(judged(401, &[], "")), None);
    }

    #[test]
    fn a_sign_on_address_is_shown_only_if_it_is_the_hosts_own() {
        let table = [
            (
                "required; url=https://github.com/orgs/o/sso?x=1",
                Some("https://github.com/orgs/o/sso?x=1"),
            ),
            ("required; url=http://github.com/orgs/o/sso", None),
            ("required; url=https://evil.example/sso", None),
            ("required; url=https://github.com@evil.example/sso", None),
            ("partial-results", None),
        ];
        for (header, expected) in table {
            match judged(403, &[("x-github-sso", header)], "{}") {
                Err(GithubError::SingleSignOn { url, .. }) => {
                    assert_eq!(url.as_deref(), expected, "{header}");
                }
                other => panic!("{header}: {other:?}"),
            }
        }
    }
}
