//! Reads the protobuf bodies that kubectl's own commands send (`create namespace`, `auth can-i`, …).
//!
//! A table says which fields a message has; one that it does not list is refused, never dropped.

mod messages;

use base64::Engine as _;
use serde_json::{Map, Value, json};

use messages::message_of;

pub(super) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";
const MAGIC: &[u8] = b"k8s\0";

/// A field of a message.
struct Field {
    number: u64,
    name: &'static str,
    shape: Shape,
}

/// How a field is printed as JSON; Go's encoder sends plain fields even when they stand for nothing.
enum Shape {
    /// A text; an empty one stands for nothing.
    Text,
    /// A number or flag that says something even if it is zero.
    Number,
    Flag,
    Texts,
    Message(&'static [Field]),
    Messages(&'static [Field]),
    TextMap,
    /// A map to bytes, which JSON has in base64.
    BytesMap,
    /// A map to quantities.
    AmountMap,
    NumberOrText,
    /// Something that clients send and servers do not read.
    Ignored,
}

/// Reads a body as an object with its `kind` and `apiVersion`; `None` if it has something unknown.
pub(super) fn decode(body: &[u8]) -> Option<Value> {
    let mut api_version = String::new();
    let mut kind = String::new();
    let mut raw: &[u8] = &[];
    for (number, value) in Reader(body.strip_prefix(MAGIC)?) {
        match (number, value?) {
            (1, Wire::Bytes(type_meta)) => {
                for (number, value) in Reader(type_meta) {
                    match (number, value?) {
                        (1, Wire::Bytes(text)) => api_version = text_of(text)?,
                        (2, Wire::Bytes(text)) => kind = text_of(text)?,
                        _ => return None,
                    }
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let mut object = message(message_of(&kind)?, raw)?;
    object.insert("kind".to_owned(), json!(kind));
    object.insert("apiVersion".to_owned(), json!(api_version));
    Some(Value::Object(object))
}

fn message(fields: &[Field], bytes: &[u8]) -> Option<Map<String, Value>> {
    let mut members = Map::new();
    for (number, wire) in Reader(bytes) {
        let field = fields.iter().find(|field| field.number == number)?;
        read(field, wire?, &mut members)?;
    }
    Some(members)
}

/// Puts a field into its object.
fn read(field: &Field, wire: Wire<'_>, members: &mut Map<String, Value>) -> Option<()> {
    let value = match (&field.shape, wire) {
        (Shape::Ignored, _) => return Some(()),
        (Shape::Number, Wire::Number(number)) => json!(number.cast_signed()),
        (Shape::Flag, Wire::Number(number)) => json!(number != 0),
        (Shape::Text, Wire::Bytes(bytes)) => match text_of(bytes)? {
            text if text.is_empty() => return Some(()),
            text => json!(text),
        },
        (Shape::Texts, Wire::Bytes(bytes)) => {
            append(members, field.name, json!(text_of(bytes)?));
            return Some(());
        }
        (Shape::Message(fields), Wire::Bytes(bytes)) => Value::Object(message(fields, bytes)?),
        (Shape::Messages(fields), Wire::Bytes(bytes)) => {
            append(members, field.name, Value::Object(message(fields, bytes)?));
            return Some(());
        }
        (Shape::NumberOrText, Wire::Bytes(bytes)) => number_or_text(bytes)?,
        (Shape::TextMap | Shape::BytesMap | Shape::AmountMap, Wire::Bytes(bytes)) => {
            let (key, value) = entry(&field.shape, bytes)?;
            let map = members.entry(field.name).or_insert_with(|| json!({}));
            map.as_object_mut()?.insert(key, value);
            return Some(());
        }
        _ => return None,
    };
    members.insert(field.name.to_owned(), value);
    Some(())
}

fn append(members: &mut Map<String, Value>, name: &str, value: Value) {
    if let Value::Array(items) = members.entry(name).or_insert_with(|| json!([])) {
        items.push(value);
    }
}

/// Reads one entry of a map.
fn entry(shape: &Shape, bytes: &[u8]) -> Option<(String, Value)> {
    let (mut key, mut value) = (String::new(), &[][..]);
    for (number, wire) in Reader(bytes) {
        match (number, wire?) {
            (1, Wire::Bytes(text)) => key = text_of(text)?,
            (2, Wire::Bytes(bytes)) => value = bytes,
            _ => return None,
        }
    }
    let value = match shape {
        Shape::BytesMap => json!(base64::engine::general_purpose::STANDARD.encode(value)),
        Shape::AmountMap => match Reader(value).next() {
            Some((1, Some(Wire::Bytes(text)))) => json!(text_of(text)?),
            _ => return None,
        },
        _ => json!(text_of(value)?),
    };
    Some((key, value))
}

fn number_or_text(bytes: &[u8]) -> Option<Value> {
    let (mut is_text, mut number, mut text) = (false, 0, String::new());
    for (field, wire) in Reader(bytes) {
        match (field, wire?) {
            (1, Wire::Number(kind)) => is_text = kind == 1,
            (2, Wire::Number(value)) => number = value.cast_signed(),
            (3, Wire::Bytes(bytes)) => text = text_of(bytes)?,
            _ => return None,
        }
    }
    Some(if is_text { json!(text) } else { json!(number) })
}

fn text_of(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

/// A value as it stands in the bytes.
enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Walks the fields of a message; a field without a value means that the bytes are broken.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn value(&mut self, wire_type: u64) -> Option<Wire<'a>> {
        match wire_type {
            0 => self.varint().map(Wire::Number),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                let (bytes, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Some(Wire::Bytes(bytes))
            }
            _ => None,
        }
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = (u64, Option<Wire<'a>>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let Some(tag) = self.varint() else {
            self.0 = &[];
            return Some((0, None));
        };
        let value = self.value(tag & 7);
        if value.is_none() {
            self.0 = &[];
        }
        Some((tag >> 3, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        [&[number << 3 | 2, length], content].concat()
    }

    fn body(kind: &str, raw: &[u8]) -> Vec<u8> {
        let type_meta = [field(1, b"v1"), field(2, kind.as_bytes())].concat();
        [
            MAGIC.to_vec(),
            field(1, &type_meta),
            field(2, raw),
            field(3, b""),
            field(4, b""),
        ]
        .concat()
    }

    #[test]
    fn objects_are_read_by_their_tables() {
        let metadata = [field(1, b"shop"), field(3, b""), field(8, b"")].concat();
        let namespace = [field(1, &metadata), field(2, b""), field(3, &field(1, b""))].concat();
        let entry = |key: &[u8], value: &[u8]| [field(1, key), field(2, value)].concat();
        let secret = [
            field(1, &metadata),
            field(2, &entry(b"a", b"xyz")),
            field(3, b"Opaque"),
        ]
        .concat();
        let quota = [
            field(1, &metadata),
            field(2, &field(1, &entry(b"pods", &field(1, b"10")))),
        ]
        .concat();
        let access = [
            field(1, b""),
            field(
                2,
                &field(1, &[field(2, b"get"), field(5, b"pods")].concat()),
            ),
        ]
        .concat();
        let named = |rest: Value| {
            let mut whole = json!({"apiVersion": "v1", "metadata": {"name": "shop"}});
            whole
                .as_object_mut()
                .unwrap()
                .extend(rest.as_object().unwrap().clone());
            whole
        };
        let cases = [
            (
                "Namespace",
                namespace,
                named(json!({"kind": "Namespace", "spec": {}, "status": {}})),
            ),
            (
                "Secret",
                secret,
                named(json!({"kind": "Secret", "data": {"a": "eHl6"}, "type": "Opaque"})),
            ),
            (
                "ResourceQuota",
                quota,
                named(json!({"kind": "ResourceQuota", "spec": {"hard": {"pods": "10"}}})),
            ),
            (
                "SelfSubjectAccessReview",
                access,
                json!({"apiVersion": "v1", "kind": "SelfSubjectAccessReview", "metadata": {},
                       "spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}),
            ),
        ];
        for (kind, raw, expected) in cases {
            assert_eq!(decode(&body(kind, &raw)), Some(expected), "{kind}");
        }
    }

    #[test]
    fn what_is_unknown_or_broken_is_not_read() {
        let unknown_field = body("Namespace", &field(9, b"x"));
        let unknown_kind = body("Gadget", b"");
        let mut cut = body("Namespace", &field(1, &field(1, b"shop")));
        cut.truncate(20);
        for bytes in [
            unknown_field,
            unknown_kind,
            cut,
            b"{}".to_vec(),
            MAGIC.to_vec(),
        ] {
            assert_eq!(decode(&bytes), None, "{bytes:?}");
        }
    }
}
