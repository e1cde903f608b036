//! The form of an answer: what the client accepts, and what HTTP wants to know about it.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use jiff::Timestamp;

use super::{Body, Request, Response};
use crate::clock::Time;
use crate::status::Status;

/// Answers below this size are not worth packing, as upstream measured.
const PACKED_FROM: usize = 128 * 1024;
const ACCEPTED: &str = "application/json";

/// How much of an object is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Full,
    /// The metadata only.
    Partial,
    /// Rows for a person to read.
    Table(Include),
}

/// What stands beside the cells of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Include {
    Nothing,
    Metadata,
    Object,
}

/// Returns the media type of a header without its parameters.
pub(super) fn media_type(header: &str) -> &str {
    header.split(';').next().unwrap_or("").trim()
}

/// Reads which form of one object, or of an event about it, is wanted.
pub(super) fn object_form(request: &Request) -> Result<Form, Status> {
    form(request, "PartialObjectMetadata")
}

/// Reads which form of a list is wanted.
pub(super) fn list_form(request: &Request) -> Result<Form, Status> {
    form(request, "PartialObjectMetadataList")
}

fn form(request: &Request, partial: &str) -> Result<Form, Status> {
    let accept = request.header("accept");
    if accept.is_empty() {
        return Ok(Form::Full);
    }
    let found = accept.split(',').find_map(|range| {
        let parameter = |name: &str| {
            range.split(';').skip(1).find_map(|parameter| {
                let (key, value) = parameter.trim().split_once('=')?;
                (key == name).then_some(value)
            })
        };
        let is_json = matches!(
            media_type(range),
            "application/json" | "application/*" | "*/*"
        );
        let is_known = parameter("g").is_none_or(|group| group == "meta.k8s.io")
            && parameter("v").is_none_or(|version| version == "v1");
        match parameter("as") {
            _ if !is_json || !is_known => None,
            None => Some(Form::Full),
            Some("Table") => Some(Form::Table(include(request))),
            Some(wanted) if wanted == partial => Some(Form::Partial),
            Some(_) => None,
        }
    });
    found.ok_or_else(|| Status::not_acceptable(ACCEPTED))
}

fn include(request: &Request) -> Include {
    match request.parameter("includeObject") {
        Some("None") => Include::Nothing,
        Some("Object") => Include::Object,
        Some(_) | None => Include::Metadata,
    }
}

/// Packs a large answer if the client can unpack it.
pub(super) fn compress(request: &Request, response: &mut Response) {
    let Body::Whole(body) = &response.body else {
        return;
    };
    let accepts = request
        .header("accept-encoding")
        .split(',')
        .any(|encoding| media_type(encoding) == "gzip");
    if !accepts || body.len() < PACKED_FROM {
        return;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let packed = encoder.write_all(body).and_then(|()| encoder.finish());
    if let Ok(packed) = packed {
        response.body = Body::Whole(Bytes::from(packed));
        response
            .headers
            .push(("content-encoding", "gzip".to_owned()));
        response
            .headers
            .push(("vary", "Accept-Encoding".to_owned()));
    }
}

/// Writes a time as HTTP's `Date` header has it.
pub(super) fn http_date(now: Time) -> String {
    let timestamp = Timestamp::from_millisecond(now.0).unwrap_or(Timestamp::UNIX_EPOCH);
    timestamp.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(accept: &str) -> Request {
        Request {
            method: http::Method::GET,
            path: String::new(),
            query: Vec::new(),
            headers: vec![("accept".to_owned(), accept.to_owned())],
            body: Bytes::new(),
            user: super::super::User::admin(),
        }
    }

    #[test]
    fn the_first_form_that_is_known_is_taken() {
        let table = Some(Form::Table(Include::Metadata));
        let cases = [
            ("", Some(Form::Full)),
            ("*/*", Some(Form::Full)),
            ("application/json", Some(Form::Full)),
            (
                "application/vnd.kubernetes.protobuf,application/json",
                Some(Form::Full),
            ),
            (
                "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
                table,
            ),
            (
                "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
                Some(Form::Full),
            ),
            (
                "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
                Some(Form::Partial),
            ),
            ("application/json;as=Unheard;g=meta.k8s.io;v=v1", None),
            ("application/cbor", None),
        ];
        for (accept, expected) in cases {
            assert_eq!(list_form(&request(accept)).ok(), expected, "{accept}");
        }
    }

    #[test]
    fn dates_are_written_for_http() {
        assert_eq!(
            http_date(Time(1_795_244_821_999)),
            "Sat, 21 Nov 2026 07:07:01 GMT"
        );
    }
}
