//! Reads the object in a request's body, whichever way it is written.

use serde_json::{Value, json};

use super::{Request, negotiate, protobuf};
use crate::json_text::{Malformed, Raw};
use crate::status::Status;

const JSON: &str = "application/json";

/// An object as it was sent.
pub(super) struct Document {
    pub(super) object: Value,
    /// Paths of members that were given twice.
    pub(super) duplicates: Vec<String>,
}

/// Why a body is no object.
pub(super) enum Unreadable {
    /// It is written in a way that is not known.
    MediaType(Status),
    /// It is not what it says it is.
    Malformed(String),
}

impl From<Unreadable> for Status {
    fn from(unreadable: Unreadable) -> Status {
        match unreadable {
            Unreadable::MediaType(status) => status,
            Unreadable::Malformed(why) => Status::bad_request(why),
        }
    }
}

/// Reads a body; an empty one is an empty object.
pub(super) fn read(request: &Request) -> Result<Document, Unreadable> {
    let media_type = negotiate::media_type(request.header("content-type"));
    let body = request.body.as_ref();
    if body.is_empty() {
        return Ok(Document {
            object: json!({}),
            duplicates: Vec::new(),
        });
    }
    match media_type {
        "" | JSON => {
            let text = str::from_utf8(body)
                .map_err(|_| Unreadable::Malformed("the body is not valid UTF-8".to_owned()))?;
            let raw = Raw::read(text).map_err(|Malformed(why)| Unreadable::Malformed(why))?;
            Ok(Document {
                object: raw.to_value(),
                duplicates: raw.duplicates(),
            })
        }
        protobuf::MEDIA_TYPE => match protobuf::decode(body) {
            Some(object) => Ok(Document {
                object,
                duplicates: Vec::new(),
            }),
            None => Err(unknown(
                "the sandbox reads only simple objects from protobuf; send JSON, as `kubectl create -f` does",
            )),
        },
        _ => Err(unknown(&format!(
            "the body of the request was in an unknown format - accepted media types include: {JSON}, {}",
            protobuf::MEDIA_TYPE
        ))),
    }
}

fn unknown(why: &str) -> Unreadable {
    Unreadable::MediaType(Status::unsupported_media_type(why))
}
