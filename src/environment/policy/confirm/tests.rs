//! Tables of the rules of `confirm`.
