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

impl Filter {
    /// Narrows `mask` to the rows of a block that match.
    ///
    /// Every step works on the rows that are still set, so in an `and` the later operands see
    /// only what the earlier ones left.
    pub(crate) fn narrow(
        &self,
        source: &dyn BlockSource,
        schema: &Schema,
        mask: &mut RowMask,
        pool: &mut MaskPool,
    ) -> Result<()> {
        match self.expr()? {
            Expr::And(operands) => {
                operands.iter().try_for_each(|operand| operand.narrow(source, schema, mask, pool))
            }
            Expr::Or(operands) => {
                let mut open = pool.take();
                let mut matched = pool.take();
                matched.clear_all(mask.len());
                for operand in operands {
                    // What an earlier operand has matched needs no second look.
                    open.copy_from(mask);
                    open.subtract(&matched);
                    operand.narrow(source, schema, &mut open, pool)?;
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
                operand.narrow(source, schema, &mut matched, pool)?;
                mask.subtract(&matched);
                pool.give_back(matched);
                Ok(())
            }
            Expr::Is(Predicate::Has { field }) => narrow_to_vectors(source, schema, field, mask),
            Expr::Is(predicate) => {
                if source.matching(predicate, &mut Narrow::new(mask))? {
                    return Ok(());
                }
                match predicate.path() {
                    Some(_) => mask.retain(|row| predicate.matches_payload(&source.payload(row)?)),
                    None => mask.retain(|row| Ok(predicate.matches_id(source.id(row)?))),
                }
            }
        }
    }
}

/// Keeps the rows that have a vector of the field.
fn narrow_to_vectors(
    source: &dyn BlockSource,
    schema: &Schema,
    field: &str,
    mask: &mut RowMask,
) -> Result<()> {
    let Some(column) = source.column(schema.field(field)?)? else {
        mask.clear_all(mask.len());
        return Ok(());
    };
    let Some(rows) = column.rows_of() else { return Ok(()) };
    // A block has at most u32::MAX rows.
    mask.retain(|row| Ok(u32::try_from(row).is_ok_and(|row| rows.binary_search(&row).is_ok())))
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
