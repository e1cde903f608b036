//! Text in annotations: one line, nothing that acts on a terminal, and the same text when read back.

/// Returns the text on one line, with a backslash before what must not stand there as it is.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\'' | '"' => escaped.push(character),
            _ => escaped.extend(character.escape_debug()),
        }
    }
    escaped
}

/// Returns the text as one word: as [`escape`], and without blanks; `-` stands for no text.
pub(super) fn escape_word(text: &str) -> String {
    match text {
        "" => "-".to_owned(),
        "-" => "\\u{2d}".to_owned(),
        _ => escape(text).replace(' ', "\\s"),
    }
}

/// Returns what was escaped. What no escape can have made is kept as it is: people edit
/// annotations.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        plain.push_str(before);
        match read_escape(escape) {
            Some((character, length)) => {
                plain.push(character);
                rest = escape.get(length..).unwrap_or_default();
            }
            None => {
                plain.push('\\');
                rest = escape.get(1..).unwrap_or_default();
            }
        }
    }
    plain.push_str(rest);
    plain
}

pub(super) fn unescape_word(word: &str) -> String {
    match word {
        "-" => String::new(),
        _ => unescape(word),
    }
}

/// Reads one escape at the start of `text`: the character and how many bytes stand for it.
fn read_escape(text: &str) -> Option<(char, usize)> {
    let simple = match text.as_bytes().get(1)? {
        b'\\' => '\\',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'0' => '\0',
        b's' => ' ',
        _ => {
            let (digits, _) = text.strip_prefix("\\u{")?.split_once('}')?;
            let code = u32::from_str_radix(digits, 16).ok()?;
            return Some((char::from_u32(code)?, digits.len() + 4));
        }
    };
    Some((simple, 2))
}

/// Returns as much of the text, cut at its end, as takes at most `limit` bytes when escaped.
///
/// A cut shows as an ellipsis.
pub(super) fn cut(text: &str, limit: usize) -> String {
    const ELLIPSIS: char = '…';
    if escape_word(text).len() <= limit {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut length = ELLIPSIS.len_utf8();
    for character in text.chars() {
        length += escape_word(character.encode_utf8(&mut [0; 4])).len();
        if length > limit {
            break;
        }
        kept.push(character);
    }
    if limit >= ELLIPSIS.len_utf8() {
        kept.push(ELLIPSIS);
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_text_becomes_one_harmless_line() {
        for (text, expected) in [
            ("alice", "alice"),
            ("it's \"fine\" – ok", "it's \"fine\" – ok"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("c:\\new", "c:\\\\new"),
        ] {
            assert_eq!(escape(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_word_has_no_blank_and_is_never_empty() {
        for (text, expected) in [
            ("", "-"),
            ("-", "\\u{2d}"),
            ("Alice B", "Alice\\sB"),
            ("a\u{3000}b", "a\\u{3000}b"),
        ] {
            assert_eq!(escape_word(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_people_wrote_by_hand_is_read_as_it_stands() {
        for text in [
            "\\",
            "a\\",
            "\\q",
            "\\u{}",
            "\\u{110000}",
            "\\u{zz}",
            "\\u{20",
            "\\ü",
        ] {
            assert_eq!(unescape(text), text);
        }
    }

    proptest! {
        #[test]
        fn escaping_is_undone(text in any::<String>()) {
            prop_assert_eq!(unescape(&escape(&text)), text.clone());
            prop_assert_eq!(unescape_word(&escape_word(&text)), text);
        }

        #[test]
        fn words_hold_nothing_that_parts_words(text in any::<String>()) {
            let word = escape_word(&text);
            prop_assert_eq!(word.split_whitespace().count(), 1);
            prop_assert!(!word.chars().any(char::is_control));
        }

        #[test]
        fn a_cut_text_fits(text in any::<String>(), limit in 3usize..60) {
            let cut = cut(&text, limit);
            prop_assert!(escape_word(&cut).len() <= limit);
            prop_assert!(escape(&cut).len() <= limit);
        }
    }
}
