//! One file a verb: its wiring from top to bottom.

pub(crate) mod environment_files;
pub(crate) mod sandbox;
