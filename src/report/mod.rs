//! Words and lines for people, JSON for programs: consumers of what the watch tells.

pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod words;
