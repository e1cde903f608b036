//! Percent-encoding, as paths of APIs and the credentials of URLs need it.

/// Percent-encodes each segment of a path, and keeps the slashes between them.
///
/// GitHub does not recognise a ref whose own slashes are encoded.
pub(super) fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

/// Decodes what is encoded, and leaves the rest as it is.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = match escaped {
            Some(_) => after.get(2..).unwrap_or_default(),
            None => after,
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_segment_is_encoded_and_slashes_are_kept() {
        let table = [
            ("feature/x", "feature/x"),
            ("a#b%c+d e?f&g", "a%23b%25c%2Bd%20e%3Ff%26g"),
            ("größe/🎉", "gr%C3%B6%C3%9Fe/%F0%9F%8E%89"),
        ];
        for (text, expected) in table {
            assert_eq!(encoded(text), expected);
            assert_eq!(decoded(expected), text);
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in ["%", "%4", "%zz", "100%"] {
            assert_eq!(decoded(text), text);
        }
    }
}
