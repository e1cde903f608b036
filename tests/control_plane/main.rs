//! The scenarios on a real control plane.
