//! Tables of the rules of `gates`.
