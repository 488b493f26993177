//! The rows that an index is built from: those of the sealed blocks of a snapshot, by their numbers.

use iqdb_core::{Blocks, FieldId, FieldKind, Result};

use super::births::{Births, births_of, number};
use crate::field_block::FieldBlock;
use crate::widen::Widened;

/// Rows that are read at a time.
const STRIP_ROWS: usize = 256;

/// The rows of sealed blocks, each once.
#[derive(Debug)]
pub(super) struct Source<'a> {
    on: &'a dyn Blocks,
    field: FieldId,
    pub(super) births: Births,
    /// Block, first row in the column, and how many: in the order of numbers.
    parts: Vec<(usize, usize, usize)>,
}

impl<'a> Source<'a> {
    /// The rows of all sealed blocks. `None` where a row is there twice, or there are too many.
    pub(super) fn new(on: &'a dyn Blocks, field: FieldId) -> Result<Option<Self>> {
        let (mut births, mut parts) = (Births::default(), Vec::new());
        let mut rows = 0;
        for n in 0..on.block_count() {
            let block = on.block(n)?;
            let (Some(seal), Some(lent)) = (block.seal(), FieldBlock::of(on, n, field)?) else {
                continue;
            };
            rows += lent.len();
            if rows >= u32::MAX as usize / 4 {
                return Ok(None);
            }
            births_of(&block, seal, lent.column(), |rows, from| {
                births.push(from, number(rows.len()));
                parts.push((n, rows.start, rows.len()));
            })?;
        }
        Ok(births.sort().then_some(Self { on, field, births, parts }))
    }

    /// What the rows hold.
    pub(super) fn kind(&self) -> Option<FieldKind> {
        self.on.schema().kind(self.field)
    }

    pub(super) fn len(&self) -> usize {
        self.births.len() as usize
    }

    /// Calls `each` with the number and the components of every row, as long as it and `go_on`, which
    /// is asked between strips, say so. Returns whether all were read.
    pub(super) fn for_each(
        &self,
        go_on: &mut dyn FnMut(usize) -> bool,
        mut each: impl FnMut(usize, &[f32]) -> bool,
    ) -> Result<bool> {
        let (mut room, mut number) = (Widened::default(), 0);
        for (block, first, len) in &self.parts {
            let Some(lent) = FieldBlock::of(self.on, *block, self.field)? else { return Ok(false) };
            for start in (0..*len).step_by(STRIP_ROWS) {
                if !go_on(number) {
                    return Ok(false);
                }
                let end = (*len).min(start + STRIP_ROWS);
                let rows = lent.floats(first + start..first + end, &mut room)?;
                for n in 0..rows.len() {
                    if !each(number, rows.row(n)) {
                        return Ok(false);
                    }
                    number += 1;
                }
            }
        }
        Ok(true)
    }

    /// Calls `each` with the components of some rows, whose numbers rise.
    pub(super) fn for_some(
        &self,
        numbers: &[u32],
        mut each: impl FnMut(usize, &[f32]),
    ) -> Result<()> {
        let (mut room, mut first_number) = (Widened::default(), 0);
        let mut numbers = numbers.iter().enumerate().peekable();
        for (block, first, len) in &self.parts {
            let Some(lent) = FieldBlock::of(self.on, *block, self.field)? else { continue };
            while let Some((n, number)) =
                numbers.next_if(|(_, number)| (**number as usize) < first_number + len)
            {
                let row = first + (*number as usize - first_number);
                each(n, lent.floats(row..row + 1, &mut room)?.row(0));
            }
            first_number += len;
        }
        Ok(())
    }
}
