//! Tables of the rules of `namespace`.
