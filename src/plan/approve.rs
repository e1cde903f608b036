//! The gate between a plan and the cluster: the writer accepts nothing but an [`Approved`] value.

/// A value that passed the gate.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Approved<T>(T);

impl<T> Approved<T> {
    pub(crate) fn value(&self) -> &T {
        &self.0
    }

    /// Lets edge tests write without a gate.
    #[cfg(test)]
    pub(crate) fn for_tests(value: T) -> Self {
        Self(value)
    }
}
