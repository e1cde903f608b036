//! Reads a JSON text without losing how its scalars were spelled, and finds members given twice.
//!
//! JSON Patch compares spellings, and strict validation reports duplicates; `serde_json::Value`
//! knows neither.

use serde_json::{Map, Value};

/// A JSON document whose scalars are still text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Raw<'a> {
    Scalar(&'a str),
    Array(Vec<Raw<'a>>),
    /// Members in the order of the text; of two with one name the later counts.
    Object(Vec<(String, Raw<'a>)>),
}

/// Why a text is not JSON, in the words of Go's decoder where they are known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub String);

/// Parses `bytes` as one JSON value.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Malformed> {
    serde_json::from_slice(bytes).map_err(|error| {
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        Malformed(match first {
            _ if error.is_eof() => "unexpected end of JSON input".to_owned(),
            Some(byte) if !b"{[\"-0123456789tfn".contains(byte) => format!(
                "invalid character '{}' looking for beginning of value",
                byte.escape_ascii()
            ),
            Some(_) | None => format!("invalid JSON: {error}"),
        })
    })
}

impl<'a> Raw<'a> {
    /// Reads `text`, which has to be valid JSON.
    pub(crate) fn read(text: &'a str) -> Result<Self, Malformed> {
        parse(text.as_bytes())?;
        let mut reader = Reader { text, at: 0 };
        reader
            .value()
            .ok_or_else(|| Malformed("unexpected end of JSON input".to_owned()))
    }

    /// Returns the member called `name`, if this is an object that has it.
    pub(crate) fn member(&self, name: &str) -> Option<&Raw<'a>> {
        match self {
            Self::Object(members) => members
                .iter()
                .rev()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            Self::Scalar(_) | Self::Array(_) => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Self::Scalar("null"))
    }

    /// Returns this as text, if it is a JSON string.
    pub(crate) fn as_string(&self) -> Option<String> {
        match self {
            Self::Scalar(text) => serde_json::from_str(text).ok(),
            Self::Array(_) | Self::Object(_) => None,
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Scalar(text) => serde_json::from_str(text).unwrap_or(Value::Null),
            Self::Array(items) => items.iter().map(Self::to_value).collect(),
            Self::Object(members) => {
                let members: Map<String, Value> = members
                    .iter()
                    .map(|(name, value)| (name.clone(), value.to_value()))
                    .collect();
                Value::Object(members)
            }
        }
    }

    /// Returns the paths of members that occur twice in one object, in the order of the text.
    pub(crate) fn duplicates(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.collect_duplicates("", &mut found);
        found
    }

    fn collect_duplicates(&self, path: &str, found: &mut Vec<String>) {
        match self {
            Self::Scalar(_) => {}
            Self::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    item.collect_duplicates(&format!("{path}[{index}]"), found);
                }
            }
            Self::Object(members) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    let path = match path {
                        "" => name.clone(),
                        path => format!("{path}.{name}"),
                    };
                    if members
                        .iter()
                        .take(index)
                        .any(|(earlier, _)| earlier == name)
                        && !found.contains(&path)
                    {
                        found.push(path.clone());
                    }
                    value.collect_duplicates(&path, found);
                }
            }
        }
    }
}

/// Walks a text that is known to be valid JSON; `None` means that it was not.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Option<Raw<'a>> {
        match self.peek()? {
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => self.string_text().map(Raw::Scalar),
            _ => self.literal().map(Raw::Scalar),
        }
    }

    fn object(&mut self) -> Option<Raw<'a>> {
        self.expect(b'{')?;
        let mut members = Vec::new();
        while self.peek()? != b'}' {
            let name = serde_json::from_str(self.string_text()?).ok()?;
            self.expect(b':')?;
            members.push((name, self.value()?));
            if self.peek()? == b',' {
                self.at += 1;
            }
        }
        self.expect(b'}')?;
        Some(Raw::Object(members))
    }

    fn array(&mut self) -> Option<Raw<'a>> {
        self.expect(b'[')?;
        let mut items = Vec::new();
        while self.peek()? != b']' {
            items.push(self.value()?);
            if self.peek()? == b',' {
                self.at += 1;
            }
        }
        self.expect(b']')?;
        Some(Raw::Array(items))
    }

    fn string_text(&mut self) -> Option<&'a str> {
        self.peek()?;
        let start = self.at;
        let mut escaped = false;
        let body = self.text.as_bytes().get(start + 1..)?;
        let length = body.iter().position(|&byte| {
            let end = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            end
        })?;
        self.at = start + length + 2;
        self.text.get(start..self.at)
    }

    fn literal(&mut self) -> Option<&'a str> {
        let start = self.at;
        let rest = self.text.as_bytes().get(start..)?;
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace())
            .unwrap_or(rest.len());
        self.at = start + length;
        self.text.get(start..self.at)
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    /// Skips blanks and returns the next byte.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let blanks = rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        self.at += blanks;
        rest.get(blanks).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn scalars_keep_their_spelling() {
        let raw = Raw::read(r#" { "a" : [ 1.0 , "\u003c\"}" , true ] , "b":null}"#).unwrap();
        assert_eq!(
            raw,
            Raw::Object(vec![
                (
                    "a".to_owned(),
                    Raw::Array(vec![
                        Raw::Scalar("1.0"),
                        Raw::Scalar(r#""\u003c\"}""#),
                        Raw::Scalar("true"),
                    ])
                ),
                ("b".to_owned(), Raw::Scalar("null")),
            ])
        );
    }

    #[test]
    fn duplicates_are_found_with_their_paths() {
        let cases = [
            (r#"{"a":1,"b":{"a":1}}"#, vec![]),
            (
                r#"{"metadata":{"annotations":{"a":"1","a":"2"}}}"#,
                vec!["metadata.annotations.a"],
            ),
            (r#"{"l":[{"x":1,"x":2}],"l":[]}"#, vec!["l[0].x", "l"]),
            (r#"{"a":1,"a":2,"a":3}"#, vec!["a"]),
        ];
        for (text, expected) in cases {
            assert_eq!(Raw::read(text).unwrap().duplicates(), expected, "{text}");
        }
    }

    #[test]
    fn malformed_text_is_refused_in_gos_words() {
        let cases = [
            (r#"{"spec":"#, "unexpected end of JSON input"),
            ("", "unexpected end of JSON input"),
            (
                "hello",
                "invalid character 'h' looking for beginning of value",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(
                Raw::read(text),
                Err(Malformed(expected.to_owned())),
                "{text}"
            );
        }
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| json!(members.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reading_then_converting_is_what_serde_reads(document in documents(), pretty: bool) {
            let text = if pretty {
                serde_json::to_string_pretty(&document).unwrap()
            } else {
                document.to_string()
            };
            prop_assert_eq!(Raw::read(&text).unwrap().to_value(), document);
        }
    }
}
