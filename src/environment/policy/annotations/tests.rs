//! Tables of the rules of `annotations`.
