//! The column of a computed field for the rows of a block: what a store asks for when the field is
//! added.

use crate::{Block, Budget, ColumnBuf, Field, Result};

/// How many rows are computed between two looks at the budget.
const STRIDE: usize = 64;

impl Block<'_> {
    /// The column of a computed field, made of the payloads of the rows that are alive. Empty for a
    /// field that is not computed. O(bytes of the payloads).
    ///
    /// # Errors
    /// Those of the budget; whatever reading the payloads reports.
    pub fn compute(&self, field: &Field, budget: Budget<'_>) -> Result<ColumnBuf> {
        let mut column = ColumnBuf::new(field.kind());
        let mut bytes = Vec::new();
        // A block has fewer rows than 32 bits count.
        for (row, number) in (0..self.len()).zip(0_u32..) {
            if row.is_multiple_of(STRIDE) {
                budget.check()?;
            }
            if self.is_alive(row)? && field.compute(&self.payload(row)?, &mut bytes)? {
                column.push_bytes(number, &bytes)?;
                bytes.clear();
            }
        }
        Ok(column)
    }
}
