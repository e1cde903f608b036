//! What has to be known about the built-in types: how lists merge, which fields exist, what stands
//! for nothing.

mod decode;
pub(crate) mod lists;
mod omitted;
mod skeleton;

pub(crate) use decode::{Mismatch, decode};
pub(crate) use skeleton::skeleton;
