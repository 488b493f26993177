//! Layouts: what is derived from the blocks of a snapshot together, whatever the version.

use crate::DerivedCell;

/// One object for all snapshots that lend the same sealed blocks in the same order. A search keeps here
/// what depends on nothing else, such as a map from seal ids to block numbers.
///
/// A store makes a new one when it seals, merges or drops a block, and at no other change.
#[derive(Debug, Default)]
pub struct Layout {
    derived: DerivedCell,
}

impl Layout {
    /// A layout without derived data.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What has been derived from the sealed blocks; dropped with the last snapshot of the layout.
    /// Nothing in it may depend on which rows are alive, nor on blocks that are not sealed.
    #[must_use]
    pub fn derived(&self) -> &DerivedCell {
        &self.derived
    }
}
