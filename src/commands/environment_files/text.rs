//! Turns the bytes of a configuration file into text, whichever way an editor encoded it.

/// Why bytes are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadText {
    #[error("byte {at} (line {line}) is no part of a text in UTF-8, or in UTF-16 with its mark")]
    Bytes { at: usize, line: usize },
    #[error("it is marked as UTF-16 and is not")]
    Utf16,
}

/// Decodes UTF-8 and, where a byte order mark says so, UTF-16, which PowerShell writes.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, BadText> {
    match bytes.as_slice() {
        [0xFF, 0xFE, rest @ ..] => decode_utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => decode_utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => decode_utf8(rest.to_vec()),
        _ => decode_utf8(bytes),
    }
}

fn decode_utf8(bytes: Vec<u8>) -> Result<String, BadText> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        bad_byte(error.as_bytes(), at)
    })?;
    // YAML has no NUL, and a binary file that happens to be UTF-8 nearly always has one.
    match text.find('\0') {
        Some(at) => Err(bad_byte(text.as_bytes(), at)),
        None => Ok(text),
    }
}

fn bad_byte(bytes: &[u8], at: usize) -> BadText {
    let lines = bytes.iter().take(at).filter(|byte| **byte == b'\n');
    BadText::Bytes {
        at,
        line: lines.count() + 1,
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, BadText> {
    let (pairs, []) = bytes.as_chunks::<2>() else {
        return Err(BadText::Utf16);
    };
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    String::from_utf16(&units).map_err(|_| BadText::Utf16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_utf_8_or_marked_utf_16() {
        let utf16 = |text: &str, unit: fn(u16) -> [u8; 2]| {
            ["\u{feff}", text]
                .concat()
                .encode_utf16()
                .flat_map(unit)
                .collect::<Vec<u8>>()
        };
        let text = "user: änn\n".to_owned();
        let good = [
            text.clone().into_bytes(),
            ["\u{feff}", &text].concat().into_bytes(),
            utf16(&text, u16::to_le_bytes),
            utf16(&text, u16::to_be_bytes),
        ];
        for bytes in good {
            assert_eq!(decode(bytes), Ok(text.clone()));
        }
        assert_eq!(decode(Vec::new()), Ok(String::new()));
    }

    #[test]
    fn what_is_no_text_is_named_by_its_first_wrong_byte() {
        let byte = |at, line| Err(BadText::Bytes { at, line });
        let cases = [
            (b"a: \xff\n".to_vec(), byte(3, 1)),
            (b"a: 1\nb: 2\n\x80".to_vec(), byte(10, 3)),
            (b"\x7fELF\x02\x01\x01\0".to_vec(), byte(7, 1)),
            // UTF-16 without its mark.
            (b"a\0:\0".to_vec(), byte(1, 1)),
            (vec![0xFF, 0xFE, b'a'], Err(BadText::Utf16)),
            (vec![0xFF, 0xFE, 0x00, 0xD8], Err(BadText::Utf16)),
        ];
        for (bytes, expected) in cases {
            assert_eq!(decode(bytes.clone()), expected, "{bytes:?}");
        }
    }
}
