//! The built-in environment: a small team's world, simulated on this machine.

pub(crate) mod repository;
