//! One file a verb: its wiring from top to bottom.

pub(crate) mod sandbox;
