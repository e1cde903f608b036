//! Decodes paths and queries.

/// Decodes a path.
pub(super) fn path(text: &str) -> String {
    decode(text, false)
}

/// Decodes the parameters of a query; one without a value has an empty one.
pub(super) fn query(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name, true), decode(value, true))
        })
        .collect()
}

/// Replaces `%xx`, and `+` where it is a blank; what is no escape stays as it is.
fn decode(text: &str, has_plus: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match tail {
            [high, low, ..] if *first == b'%' => {
                hex(*high).zip(hex(*low)).map(|(high, low)| high * 16 + low)
            }
            _ => None,
        };
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or(&[]);
            }
            None => {
                bytes.push(if *first == b'+' && has_plus {
                    b' '
                } else {
                    *first
                });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded() {
        assert_eq!(path("/a%2Fb/c+d/%zz/%e4%bd%a0%"), "/a/b/c+d/%zz/你%");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            query("labelSelector=app%3Dweb%2Ctier+in+(a)&watch&limit=5&"),
            [
                pair("labelSelector", "app=web,tier in (a)"),
                pair("watch", ""),
                pair("limit", "5")
            ]
        );
    }
}
