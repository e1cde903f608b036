//! Tables of the rules of `choose`.
