//! What has to be known about the built-in types: how lists merge, and which fields exist.

pub(crate) mod lists;
