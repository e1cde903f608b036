//! What the process was started in, as values: variables and terminals. A leaf.

use std::collections::BTreeMap;

/// Environment variables whose name and value are UTF-8.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables(pub(crate) BTreeMap<String, String>);

impl Variables {
    /// Returns a variable that is set and not empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Returns whether the variable is set to anything but nothing, `0`, or `false`.
    pub(crate) fn is_on(&self, name: &str) -> bool {
        self.filled(name)
            .is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
    }
}

/// Which of the standard streams are terminals, and whether a person can be asked at all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Terminal {
    pub(crate) stdout: bool,
    pub(crate) stderr: bool,
    /// `/dev/tty` opens.
    pub(crate) can_ask: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_is_on_unless_it_says_no() {
        for (value, expected) in [
            ("", false),
            ("0", false),
            ("false", false),
            ("False", false),
            ("true", true),
            ("1", true),
            ("github", true),
        ] {
            let variables = Variables(BTreeMap::from([("CI".to_owned(), value.to_owned())]));
            assert_eq!(variables.is_on("CI"), expected, "CI={value:?}");
        }
        assert!(!Variables::default().is_on("CI"));
    }
}
