//! Reading many records of a snapshot: pages in an order, and aggregates.

mod aggregate;
mod cursor;
mod page;
mod scroll;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use aggregate::aggregate;
pub use aggregate::{Aggregate, Aggregated};
pub use cursor::{Cursor, Direction};
pub use page::Page;
pub(crate) use scroll::scroll;
pub(crate) use values::{Sorted, values_at};

use crate::filter::MaskPool;
use crate::{Block, Budget, Filter, Result, RowMask};

/// How many rows are read between two looks at the budget.
const STRIP_ROWS: usize = 4_096;

/// Calls `visit` with each row that is alive and matches, block by block.
pub(crate) fn for_each_row<'a>(
    blocks: impl Iterator<Item = Result<Block<'a>>>,
    filter: Option<&Filter>,
    budget: Budget<'_>,
    mut visit: impl FnMut(Block<'a>, usize) -> Result<()>,
) -> Result<()> {
    for_each_strip(blocks, filter, budget, |block, mask| {
        let mut next = 0;
        while let Some(row) = mask.next(next) {
            visit(block, row)?;
            next = row + 1;
        }
        Ok(())
    })
}

/// Calls `visit` with the rows of each strip that are alive and match.
fn for_each_strip<'a>(
    blocks: impl Iterator<Item = Result<Block<'a>>>,
    filter: Option<&Filter>,
    budget: Budget<'_>,
    mut visit: impl FnMut(Block<'a>, &RowMask) -> Result<()>,
) -> Result<()> {
    let (mut mask, mut pool) = (RowMask::new(), MaskPool::default());
    for block in blocks {
        let block = block?;
        for start in (0..block.len()).step_by(STRIP_ROWS) {
            budget.check()?;
            let strip = start..block.len().min(start + STRIP_ROWS);
            block.select_while(strip, filter, &mut mask, &mut pool, &|| budget.check())?;
            visit(block, &mask)?;
        }
    }
    Ok(())
}
