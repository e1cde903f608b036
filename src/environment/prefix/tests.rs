//! Tables of the rules of `prefix`.
