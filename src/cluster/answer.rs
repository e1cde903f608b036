//! What the head of an answer says: whether an API server answered at all, when to come back, and
//! what it warns of.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER, WARNING};
use kube::core::Status;

fn content_type(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim())
}

pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    content_type(headers).is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
}

/// Returns whether an API server may answer like this: JSON, or bare text for logs and for what
/// its filters refuse.
pub(crate) fn is_api_answer(headers: &HeaderMap, body: &Bytes) -> bool {
    match content_type(headers) {
        Some(kind) => {
            kind.eq_ignore_ascii_case("application/json") || kind.eq_ignore_ascii_case("text/plain")
        }
        None => !body.trim_ascii_start().starts_with(b"<"),
    }
}

/// Returns in a few words what answered instead.
pub(crate) fn found(headers: &HeaderMap) -> String {
    let location = headers
        .get(LOCATION)
        .and_then(|location| location.to_str().ok())
        .and_then(|location| location.parse::<http::Uri>().ok());
    match (location, content_type(headers)) {
        (Some(location), _) => match location.host() {
            Some(host) => format!("a redirect to {host}"),
            None => "a redirect".to_owned(),
        },
        (None, Some(kind)) => kind.to_owned(),
        (None, None) => "an answer of no known type".to_owned(),
    }
}

pub(crate) fn retry_after(headers: &HeaderMap, status: &Status) -> Option<Duration> {
    let header = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    let detail = status
        .details
        .as_ref()
        .map(|details| u64::from(details.retry_after_seconds))
        .filter(|seconds| *seconds > 0);
    header.or(detail).map(Duration::from_secs)
}

/// Returns the texts of the `Warning` headers: `299 - "text"`, several separated by commas.
pub(crate) fn warnings(headers: &HeaderMap) -> Vec<String> {
    let mut texts = Vec::new();
    for header in headers.get_all(WARNING) {
        let header = String::from_utf8_lossy(header.as_bytes());
        let mut characters = header.chars();
        while characters.by_ref().any(|character| character == '"') {
            let mut text = String::new();
            while let Some(character) = characters.next() {
                match character {
                    '"' => break,
                    '\\' => text.extend(characters.next()),
                    other => text.push(other),
                }
            }
            // A date may follow the text, in quotes of its own.
            let is_date = jiff::fmt::rfc2822::parse(&text).is_ok();
            if !text.is_empty() && !is_date {
                texts.push(text);
            }
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: HeaderName, text: &str) -> HeaderMap {
        let value = HeaderValue::from_str(text).expect("a header");
        HeaderMap::from_iter([(name, value)])
    }

    #[test]
    fn retry_after_comes_from_the_header_or_from_the_details() {
        let status = |seconds: u32| -> Status {
            serde_json::from_value(serde_json::json!({"details": {"retryAfterSeconds": seconds}}))
                .expect("a Status")
        };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        let cases = [
            (headers(RETRY_AFTER, " 7"), 3, seconds(7)),
            (HeaderMap::new(), 3, seconds(3)),
            (headers(RETRY_AFTER, "soon"), 0, None),
        ];
        for (headers, detail, expected) in cases {
            assert_eq!(retry_after(&headers, &status(detail)), expected);
        }
    }

    #[test]
    fn b15_warnings_are_read_as_they_are_quoted() {
        let cases: [(&str, &[&str]); 6] = [
            (
                r#"299 - "unknown field \"spec.x\"""#,
                &["unknown field \"spec.x\""],
            ),
            (
                r#"299 - "a, b", 299 - "c" "Sun, 06 Nov 1994 08:49:37 GMT""#,
                &["a, b", "c"],
            ),
            (r#"299 - "not closed"#, &["not closed"]),
            (r#"299 - """#, &[]),
            ("299 - bare", &[]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(warnings(&headers(WARNING, text)), expected, "{text}");
        }
    }
}
