//! Tables of what an environment says about itself.
