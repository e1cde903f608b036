//! The token that a page of a list ends with: which state it is cut from, and where the next begins.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::object::{name, namespace};
use crate::status::Status;

const VERSION: &str = "meta.k8s.io/v1";
/// Stands for whatever state is the newest when the page is asked for.
const INCONSISTENT: i64 = -1;

/// Where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// The state all pages come from; `None` goes on in the newest one.
    pub(super) revision: Option<u64>,
    /// The key after which the page begins.
    after: String,
}

#[derive(Serialize, Deserialize)]
struct Token {
    v: String,
    rv: i64,
    start: String,
}

impl Page {
    /// Begins after `last`; its namespace counts if the list has several.
    pub(super) fn after(last: &Value, revision: u64, is_namespaced: bool) -> Self {
        Self {
            revision: Some(revision),
            after: key(last, is_namespaced),
        }
    }

    /// Begins at the same place in the newest state.
    pub(super) fn inconsistent(self) -> Self {
        Self {
            revision: None,
            ..self
        }
    }

    /// Returns whether an object belongs to the pages before.
    pub(super) fn is_past(&self, object: &Value, is_namespaced: bool) -> bool {
        key(object, is_namespaced) <= self.after
    }

    pub(super) fn encode(&self) -> String {
        let (rv, start) = match self.revision {
            Some(revision) => (
                i64::try_from(revision).unwrap_or(i64::MAX),
                format!("/{}\0", self.after),
            ),
            None => (INCONSISTENT, format!("{}\0", self.after)),
        };
        let token = Token {
            v: VERSION.to_owned(),
            rv,
            start,
        };
        // A struct of texts and a number always prints.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default())
    }

    pub(super) fn decode(text: &str) -> Result<Self, Status> {
        let invalid = |why: &str| {
            Status::bad_request(format!(
                "invalid continue token: continue key is not valid: {why}"
            ))
        };
        let bytes = URL_SAFE_NO_PAD
            .decode(text.trim_end_matches('='))
            .map_err(|_| invalid("illegal base64 data"))?;
        let value = crate::json_text::parse(&bytes).map_err(|error| invalid(&error.to_string()))?;
        let token: Token =
            serde_json::from_value(value).map_err(|error| invalid(&error.to_string()))?;
        if token.v != VERSION || token.start.is_empty() {
            return Err(invalid("incorrect encoded start key"));
        }
        let after = token
            .start
            .trim_start_matches('/')
            .trim_end_matches('\0')
            .to_owned();
        let revision = match token.rv {
            INCONSISTENT => None,
            number => {
                Some(u64::try_from(number).map_err(|_| invalid("incorrect resource version"))?)
            }
        };
        Ok(Self { revision, after })
    }
}

/// Returns an object's key within its list.
fn key(object: &Value, is_namespaced: bool) -> String {
    if is_namespaced {
        name(object).to_owned()
    } else {
        format!("{}/{}", namespace(object), name(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_are_those_of_a_real_server() {
        let last = json!({"metadata": {"name": "svc-099", "namespace": "big"}});
        let page = Page::after(&last, 15471, true);
        let decoded = URL_SAFE_NO_PAD.decode(page.encode()).unwrap();
        assert_eq!(
            String::from_utf8(decoded).unwrap(),
            r#"{"v":"meta.k8s.io/v1","rv":15471,"start":"/svc-099\u0000"}"#
        );
        assert_eq!(
            page.inconsistent().encode(),
            "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0Ijoic3ZjLTA5OVx1MDAwMCJ9"
        );
    }

    #[test]
    fn tokens_come_back_as_they_went() {
        let last = json!({"metadata": {"name": "a", "namespace": "n"}});
        for is_namespaced in [true, false] {
            let page = Page::after(&last, 7, is_namespaced);
            assert_eq!(Page::decode(&page.encode()).unwrap(), page);
            let page = page.inconsistent();
            assert_eq!(Page::decode(&page.encode()).unwrap(), page);
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in ["!", "abcd", "e30", ""] {
            assert_eq!(
                Page::decode(text).map_err(|status| status.code),
                Err(400),
                "{text:?}"
            );
        }
    }
}
