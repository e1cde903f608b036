//! Tables of the rules of `checkout`.
