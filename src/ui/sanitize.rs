//! The one boundary between text from outside and a terminal, a CI log, or a JSON reader.
//!
//! An allow-list (`kubernetes.md` 3.4): what is printable passes, everything else is shown as an
//! escape, so it can be seen and cannot act.

use std::fmt::Write as _;

const TAB: &str = "    ";

/// Returns the text as it may stand on one line: tabs expanded, line breaks and everything that
/// could act on a terminal or reorder text made visible.
pub(crate) fn sanitize_line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => safe.push_str(TAB),
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            _ if is_dangerous(character) => push_escape(&mut safe, character),
            _ => safe.push(character),
        }
    }
    safe
}

fn push_escape(safe: &mut String, character: char) {
    let code = u32::from(character);
    let written = if code < 0x100 {
        write!(safe, "\\x{code:02x}")
    } else {
        write!(safe, "\\u{{{code:x}}}")
    };
    debug_assert!(written.is_ok(), "writing to a String does not fail");
}

/// Controls (C0, DEL, C1), bidirectional overrides and isolates, zero-width characters, line and
/// paragraph separators, tags, and interlinear marks.
fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Returns the line with a workflow command at its start made harmless: GitHub Actions reads
/// `::name::` and `##[name]` at the beginning of a line as orders.
pub(crate) fn defuse_command(line: &str) -> String {
    let text = line.trim_start();
    let indent = &line[..line.len() - text.len()];
    for order in ["::", "##["] {
        if let Some(rest) = text.strip_prefix(order) {
            let (first, second) = order.split_at(1);
            return format!("{indent}{first} {second}{rest}");
        }
    }
    line.to_owned()
}

/// Returns the value as JSON on one line, with everything that could act on a terminal escaped.
pub(crate) fn json_text(value: &serde_json::Value) -> String {
    let mut safe = String::new();
    for character in value.to_string().chars() {
        if is_dangerous(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let written = write!(safe, "\\u{unit:04x}");
                debug_assert!(written.is_ok(), "writing to a String does not fail");
            }
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_could_act_is_shown_instead() {
        for (name, text, expected) in [
            (
                "plain",
                "web: 3 of 10 – größer 日本",
                "web: 3 of 10 – größer 日本",
            ),
            ("colour", "\u{1b}[31mred", "\\x1b[31mred"),
            ("C1 CSI", "\u{9b}31m", "\\x9b31m"),
            ("OSC 52", "\u{1b}]52;c;aGk=\u{7}", "\\x1b]52;c;aGk=\\x07"),
            ("carriage return", "done\rfailed", "done\\rfailed"),
            ("line break", "a\nverdict: done", "a\\nverdict: done"),
            ("tab", "a\tb", "a    b"),
            ("backspace", "ab\u{8}c", "ab\\x08c"),
            ("delete", "\u{7f}", "\\x7f"),
            ("override", "\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("isolate", "\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
            ("zero width", "ad\u{200b}min", "ad\\u{200b}min"),
            ("byte order mark", "\u{feff}x", "\\u{feff}x"),
            ("line separator", "a\u{2028}b", "a\\u{2028}b"),
            ("tag characters", "\u{e0041}", "\\u{e0041}"),
        ] {
            assert_eq!(sanitize_line(text), expected, "{name}");
        }
    }

    #[test]
    fn workflow_commands_are_broken_up_only_at_the_start() {
        for (line, expected) in [
            ("::error::x", ": :error::x"),
            ("  ::set-output name=a::b", "  : :set-output name=a::b"),
            ("##[error]x", "# #[error]x"),
            ("std::fmt", "std::fmt"),
            ("", ""),
        ] {
            assert_eq!(defuse_command(line), expected);
        }
    }

    #[test]
    fn json_stays_equal_and_harmless() {
        let value = serde_json::json!({"text": "\u{1b}[31m\u{9b}\u{202e}\u{e0041}ü"});
        let text = json_text(&value);
        assert!(!text.chars().any(is_dangerous), "{text}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).expect("still JSON"),
            value
        );
    }

    proptest! {
        #[test]
        fn nothing_dangerous_passes(text in any::<String>()) {
            prop_assert!(!sanitize_line(&text).chars().any(is_dangerous));
            let json = json_text(&serde_json::Value::from(text));
            prop_assert!(!json.chars().any(is_dangerous));
        }
    }
}
