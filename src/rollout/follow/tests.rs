//! The watch as a whole: recordings of a real control plane, scripted situations, and disorder.

mod disorder;
mod recordings;
mod situations;
mod support;
