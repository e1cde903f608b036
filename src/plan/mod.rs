//! What a run is to change: all targets with their images before and after, and what goes with
//! them. Shown, approved, and applied as one value.

pub(crate) mod approve;
pub(crate) mod checks;
pub(crate) mod deployment;
pub(crate) mod managers;
pub(crate) mod numbers;
pub(crate) mod patch;
pub(crate) mod select;
pub(crate) mod standing;
pub(crate) mod words;

/// All changes of one run and the targets that already are as wanted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) namespace: String,
    pub(crate) patches: Vec<patch::Patch>,
}
