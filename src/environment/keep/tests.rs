//! Tables of the rules of `keep`.
