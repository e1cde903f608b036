//! Words and lines for people, JSON for programs: consumers of what the watch tells.

pub(crate) mod words;
