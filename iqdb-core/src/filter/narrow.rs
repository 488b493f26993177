//! Filters over whole blocks: from an expression to a mask of rows, before any distance.

use super::{Expr, Filter, Predicate};
use crate::{BlockSource, Narrow, Result, RowMask, Schema};

/// Masks for a nested filter to work in, reused from block to block.
#[derive(Debug, Default)]
pub struct MaskPool(Vec<RowMask>);

impl MaskPool {
    fn take(&mut self) -> RowMask {
        self.0.pop().unwrap_or_default()
    }

    fn give_back(&mut self, mask: RowMask) {
        self.0.push(mask);
    }
}

/// How many rows are asked one by one between two looks at whether to go on.
const LOOK_ROWS: usize = 1_024;

/// The block that a filter is asked of, and whether to go on asking.
pub(crate) struct Asked<'a> {
    pub(crate) source: &'a dyn BlockSource,
    pub(crate) schema: &'a Schema,
    /// Called before each condition, and now and then within one.
    pub(crate) go_on: &'a dyn Fn() -> Result<()>,
}

impl Filter {
    /// Narrows `mask` to the rows of a block that match.
    ///
    /// Every step works on the rows that are still set, so in an `and` the later operands see
    /// only what the earlier ones left.
    pub(crate) fn narrow(
        &self,
        asked: &Asked<'_>,
        mask: &mut RowMask,
        pool: &mut MaskPool,
    ) -> Result<()> {
        match self.expr()? {
            Expr::And(operands) => {
                operands.iter().try_for_each(|operand| operand.narrow(asked, mask, pool))
            }
            Expr::Or(operands) => {
                let mut open = pool.take();
                let mut matched = pool.take();
                matched.clear_all(mask.len());
                for operand in operands {
                    // What an earlier operand has matched needs no second look.
                    open.copy_from(mask);
                    open.subtract(&matched);
                    operand.narrow(asked, &mut open, pool)?;
                    matched.unite(&open);
                }
                mask.intersect(&matched);
                pool.give_back(open);
                pool.give_back(matched);
                Ok(())
            }
            Expr::Not(operand) => {
                let mut matched = pool.take();
                matched.copy_from(mask);
                operand.narrow(asked, &mut matched, pool)?;
                mask.subtract(&matched);
                pool.give_back(matched);
                Ok(())
            }
            Expr::Is(predicate) => {
                (asked.go_on)()?;
                asked.narrow_to(predicate, mask)
            }
        }
    }
}

impl Asked<'_> {
    /// Keeps the rows of which a condition is true.
    fn narrow_to(&self, predicate: &Predicate, mask: &mut RowMask) -> Result<()> {
        if let Predicate::Has { field } = predicate {
            return self.narrow_to_vectors(field, mask);
        }
        if self.source.matching(predicate, &mut Narrow::new(mask))? {
            return Ok(());
        }
        let mut rows = 0_usize;
        mask.retain(|row| {
            rows += 1;
            if rows.is_multiple_of(LOOK_ROWS) {
                (self.go_on)()?;
            }
            match predicate.path() {
                Some(_) => predicate.matches_payload(&self.source.payload(row)?),
                None => Ok(predicate.matches_id(self.source.id(row)?)),
            }
        })
    }

    /// Keeps the rows that have a vector of the field.
    fn narrow_to_vectors(&self, field: &str, mask: &mut RowMask) -> Result<()> {
        let Some(column) = self.source.column(self.schema.field(field)?)? else {
            mask.clear_all(mask.len());
            return Ok(());
        };
        let Some(rows) = column.rows_of() else { return Ok(()) };
        // A block has at most u32::MAX rows.
        mask.retain(|row| Ok(u32::try_from(row).is_ok_and(|row| rows.binary_search(&row).is_ok())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_that_is_given_back_is_taken_again() {
        let mut pool = MaskPool::default();
        let mut mask = pool.take();
        assert!(mask.is_empty());
        mask.set_all(100);
        pool.give_back(mask);
        assert_eq!(pool.take().len(), 100);
        assert!(pool.take().is_empty());
    }
}
