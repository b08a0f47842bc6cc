//! What a pattern may cost. Nothing here depends on the clock: the same pattern and text always give
//! the same answer.

/// Why a pattern that the API may accept cannot be evaluated here: a clause without a final dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider) struct Unsupported(pub(super) &'static str);

impl Unsupported {
    /// The reason, as a clause.
    pub(in crate::provider) fn reason(self) -> &'static str {
        self.0
    }
}

/// The steps that were allowed are used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::provider) struct Exhausted;

/// How many steps are left to all searches of a call.
#[derive(Debug)]
pub(in crate::provider) struct Steps(u64);

impl Steps {
    /// So many steps.
    pub(in crate::provider) const fn new(count: u64) -> Self {
        Self(count)
    }

    /// Takes some.
    pub(super) fn take(&mut self, count: u64) -> Result<(), Exhausted> {
        self.0 = self.0.checked_sub(count).ok_or(Exhausted)?;
        Ok(())
    }

    /// How many are left.
    #[cfg(test)]
    pub(super) fn left(&self) -> u64 {
        self.0
    }
}
