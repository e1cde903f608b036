//! Tables of the rules of `config`.
