//! Tables of the rules of `policy`.
