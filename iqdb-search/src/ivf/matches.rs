//! The rows that a query's filter lets through.

use iqdb_core::{Block, Blocks, Query, Result, RowMask};

use crate::budgets::Budgets;
use crate::derived::filter_masks::{Selector, fingerprint};

/// The live rows that match a filter.
#[derive(Debug, Default)]
pub(super) struct Matches {
    selector: Selector,
    /// Of each block, numbered in the block; more than there are blocks, after a larger snapshot.
    masks: Vec<RowMask>,
    is_filtered: bool,
    count: usize,
}

impl Matches {
    /// Selects the live rows that match the query's filter.
    ///
    /// # Errors
    /// Whatever reading the snapshot reports; that of a budget that ends.
    pub(super) fn select(&mut self, on: &dyn Blocks, query: &Query<'_>) -> Result<()> {
        self.count = usize::try_from(on.len()).unwrap_or(usize::MAX);
        self.is_filtered = query.filter().is_some();
        let Some(filter) = query.filter() else { return Ok(()) };
        let filter = (filter, fingerprint(filter));
        let blocks = on.block_count();
        self.masks.resize_with(self.masks.len().max(blocks), RowMask::default);
        self.count = 0;
        let budgets = Budgets::of(std::slice::from_ref(query));
        let go_on = || budgets.check();
        for (n, mask) in self.masks[..blocks].iter_mut().enumerate() {
            let block = on.block(n)?;
            self.selector.select(&block, 0..block.len(), Some(filter), mask, &go_on)?;
            self.count += mask.count();
        }
        Ok(())
    }

    /// How many there are; without a filter, all live rows.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Whether there is a filter.
    pub(super) fn is_filtered(&self) -> bool {
        self.is_filtered
    }

    /// The matching rows of block number `n`.
    pub(super) fn of_block(&self, n: usize) -> Option<&RowMask> {
        self.masks.get(n).filter(|_| self.is_filtered)
    }

    /// Whether a row of block number `n` is alive and matches.
    #[inline]
    pub(super) fn has(&self, n: usize, block: &Block<'_>, row: usize) -> Result<bool> {
        match self.of_block(n) {
            Some(mask) => Ok(mask.contains(row)),
            None => block.is_alive(row),
        }
    }
}
