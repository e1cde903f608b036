//! The real binary against the sandbox.
