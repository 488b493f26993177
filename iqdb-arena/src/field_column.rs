//! What the records of one chunk have in one field, vectors or computed bytes: packed, dense ones padded
//! to whole lines, and lent without a copy.
//!
//! The memory of a field is taken when the chunk's first record that has it is written. Until a record
//! without it is written, the rows of the field are the rows of the chunk; from then on a list names
//! the chunk's row of each.
//!
//! ```text
//! skip(row):                 the record of this row lacks the field
//!     if there are values but no list: set the list to the rows so far
//! push(row, value):
//!     if there are no values but rows before this one: set an empty list
//!     if there is no memory: take it
//!     append the value, and the row to the list
//! fill(column):              the field is added to a chunk that has rows
//!     set the list, if the column has one
//!     set the memory
//! ```
//! A reader loads the memory first and the list afterwards. Its view shows rows that were written
//! before the view was published, so the list that it needs was set before; a list that was set
//! later begins with the same rows. A column is filled before the first view is published whose schema
//! has the field, and readers of earlier views don't ask for it.

use std::ops::Range;
use std::sync::OnceLock;

use iqdb_core::{ColumnBuf, Error, ErrorKind, Result, RowsRef, VectorColumn};

use crate::column::{Appender, Column, column};
use crate::components::{Components, ComponentsAppender, FieldValue};
use crate::field_memory::{ChunkMemory, Memory};

/// One field in one chunk, as readers see it.
#[derive(Debug, Default)]
pub(crate) struct FieldColumn {
    /// With the dimension of the field, 0 where it has none.
    components: OnceLock<(usize, Components)>,
    rows_of: OnceLock<Column<u32>>,
}

/// The one that fills a [`FieldColumn`].
#[derive(Debug, Default)]
pub(crate) struct FieldAppender {
    components: Option<ComponentsAppender>,
    rows_of: Option<Appender<u32>>,
    /// How many rows there are.
    len: u32,
}

impl FieldColumn {
    /// The column, once a row was written.
    pub(crate) fn written(&self) -> Option<&Self> {
        self.components.get().map(|_| self)
    }

    /// Where a row of the chunk is in the column, if it has the field. O(log rows).
    fn position(&self, row: usize) -> Option<usize> {
        self.components.get()?;
        match self.rows_of.get() {
            None => Some(row),
            Some(rows) => rows.all().binary_search(&u32::try_from(row).ok()?).ok(),
        }
    }

    /// The bytes that a row of the chunk takes in the field; 0 if it lacks it. O(log rows).
    pub(crate) fn bytes(&self, row: usize) -> usize {
        match (self.position(row), self.components.get()) {
            (Some(position), Some((dim, components))) => components.bytes(*dim, position),
            _ => 0,
        }
    }

    /// What a row of the chunk has in the field. O(dim), and O(log rows) to find it.
    pub(crate) fn value(&self, row: usize) -> Option<FieldValue<'_>> {
        let position = self.position(row)?;
        match self.lend(position..position.checked_add(1)?)?.ok()? {
            RowsRef::Bytes(rows) => Some(FieldValue::Bytes(rows.row(0))),
            rows => rows.vector(0).ok().map(FieldValue::Vector),
        }
    }

    /// Takes over the rows of `column`, which may be those of a field that is being added. The chunk's
    /// column is empty, and no view is published whose schema has the field. O(1).
    pub(crate) fn fill(&self, column: Self) {
        if let Some(rows_of) = column.rows_of.into_inner() {
            self.rows_of.set(rows_of).expect("the writer sets it once");
        }
        if let Some(components) = column.components.into_inner() {
            self.components.set(components).expect("the writer sets it once");
        }
    }

    /// Some rows, numbered in the column; `None` if they are not all there.
    fn lend(&self, rows: Range<usize>) -> Option<Result<RowsRef<'_>>> {
        let (dim, components) = self.components.get()?;
        components.rows(*dim, rows)
    }
}

impl VectorColumn for FieldColumn {
    fn rows_of(&self) -> Option<&[u32]> {
        self.rows_of.get().map(Column::all)
    }

    fn rows(&self, range: Range<usize>) -> Result<RowsRef<'_>> {
        self.lend(range).unwrap_or_else(|| {
            // For a caller that keeps a column and asks it for rows that are not in its block.
            Err(Error::new(ErrorKind::ContractViolation, "there are no such rows in the chunk"))
        })
    }

    fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<RowsRef<'_>> {
        self.rows(range)
    }
}

impl FieldAppender {
    /// Appends what row `row` of the chunk has in the field, which is above the rows before.
    ///
    /// # Panics
    /// When the value is not of the field's kind, or the chunk is full.
    pub(crate) fn push(
        &mut self,
        field: &FieldColumn,
        row: u32,
        value: FieldValue<'_>,
        at: &mut ChunkMemory<'_>,
    ) {
        self.append(field, row, value, at.rows_max, || at.take(value));
    }

    /// Notes that a row of the chunk lacks the field.
    pub(crate) fn skip(&mut self, field: &FieldColumn, at: &ChunkMemory<'_>) {
        self.lack_one(field, at.rows_max);
    }

    /// The column of a computed field, for the first `rows` rows of a chunk that has room for
    /// `rows_max`, and its appender. O(rows + bytes).
    ///
    /// # Errors
    /// Those of the column.
    pub(crate) fn of_bytes(
        column: &ColumnBuf,
        rows: usize,
        rows_max: usize,
    ) -> Result<(Self, FieldColumn)> {
        let (mut writes, reads) = (Self::default(), FieldColumn::default());
        let RowsRef::Bytes(lent) = column.rows(0..column.len())? else {
            return Ok((writes, reads));
        };
        let bytes: usize = (0..lent.len()).map(|n| lent.row(n).len()).sum();
        // The rows that are still to come are taken to be as long as those so far, within bounds: one
        // of them may be much longer than the others.
        let room = bytes.saturating_mul(rows_max) / rows.max(1);
        let room = room.min(bytes.saturating_mul(2));
        for (n, row) in column.rows_of().into_iter().flatten().enumerate() {
            let value = FieldValue::Bytes(lent.row(n));
            writes.append(&reads, *row, value, rows_max, || Memory::of_bytes(rows_max, room));
        }
        if lent.len() < rows {
            writes.lack_one(&reads, rows_max);
        }
        Ok((writes, reads))
    }

    fn append(
        &mut self,
        field: &FieldColumn,
        row: u32,
        value: FieldValue<'_>,
        rows_max: usize,
        take: impl FnOnce() -> Memory,
    ) {
        if self.rows_of.is_none() && row != self.len {
            self.name_rows(field, rows_max);
        }
        let components = self.components.get_or_insert_with(|| {
            let Memory { writes, reads, .. } = take();
            field.components.set((value.dim(), reads)).expect("the writer sets it once");
            writes
        });
        if let Some((_, reads)) = field.components.get() {
            components.push(value, reads);
        }
        if let Some(rows_of) = &mut self.rows_of {
            rows_of.push(row);
        }
        self.len += 1;
    }

    /// Has a list name the rows, because a row after them lacks the field.
    fn lack_one(&mut self, field: &FieldColumn, rows_max: usize) {
        if self.len > 0 && self.rows_of.is_none() {
            self.name_rows(field, rows_max);
        }
    }

    /// From here on, a list names the rows. Those so far are the first of the chunk.
    fn name_rows(&mut self, field: &FieldColumn, capacity: usize) {
        let (mut writes, reads) = column(capacity);
        (0..self.len).for_each(|row| writes.push(row));
        field.rows_of.set(reads).expect("the writer sets it once");
        self.rows_of = Some(writes);
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use iqdb_core::{Computation, FieldKind};

    use super::*;
    use crate::field_memory::ReservedMemory;
    use crate::layout::Layout;

    const ROWS_MAX: usize = 8;
    const ROWS: [u32; ROWS_MAX] = [0, 1, 2, 3, 4, 5, 6, 7];

    /// A column for a field that is added to `rows` rows, of which these have it.
    fn added(has: &[u32], rows: usize) -> (FieldAppender, FieldColumn) {
        let mut column = ColumnBuf::new(FieldKind::Computed(Computation::TextLengths));
        for row in has {
            column.push_bytes(*row, &bytes(*row)).unwrap();
        }
        FieldAppender::of_bytes(&column, rows, ROWS_MAX).unwrap()
    }

    fn bytes(row: u32) -> Vec<u8> {
        vec![7; row as usize % 3]
    }

    /// Checks that these of the first `rows` rows have the field, and no others.
    fn check(reads: &FieldColumn, has: &[u32], rows: usize) {
        let all = || ROWS[..rows].to_vec();
        let named = reads.written().map(|reads| reads.rows_of().map_or_else(all, <[u32]>::to_vec));
        assert_eq!(named.unwrap_or_default(), has, "of {rows} rows");
        for row in ROWS[..rows].iter().copied() {
            let found = reads.value(row as usize).map(|value| match value {
                FieldValue::Bytes(bytes) => bytes.to_vec(),
                FieldValue::Vector(_) => panic!("{value:?}"),
            });
            let expected = has.contains(&row).then(|| bytes(row));
            assert_eq!(found, expected, "row {row} of {has:?}");
            assert_eq!(reads.bytes(row as usize), expected.map_or(0, |bytes| bytes.len()));
        }
    }

    #[test]
    fn a_column_that_is_added_goes_on_as_if_it_had_been_there() {
        let shapes: [(&[u32], usize); 9] = [
            (&[], 0),
            (&[], 3),
            (&[0, 1, 2], 3),
            (&[0, 1], 3),
            (&[1, 2], 3),
            (&[0, 2], 3),
            (&[3], 5),
            (&[0, 1, 2, 3, 4, 5, 6, 7], 8),
            (&[0, 1, 2, 3, 4, 5, 6], 8),
        ];
        let layout = Layout::new(64).with_chunk_rows(ROWS_MAX, ROWS_MAX);
        for (has, rows) in shapes {
            let (mut writes, column) = added(has, rows);
            let reads = FieldColumn::default();
            reads.fill(column);
            check(&reads, has, rows);
            let mut has = has.to_vec();
            for row in ROWS[rows..].iter().copied() {
                let reserved = &mut ReservedMemory::default();
                let (layout, rows_max) = (&layout, ROWS_MAX);
                let mut at = ChunkMemory { reserved, layout, chunk: 0, rows_max, field: 1 };
                // Every other row has the field.
                match row % 2 {
                    0 => writes.skip(&reads, &at),
                    _ => {
                        has.push(row);
                        writes.push(&reads, row, FieldValue::Bytes(&bytes(row)), &mut at);
                    }
                }
                check(&reads, &has, row as usize + 1);
            }
        }
    }

    /// In a chunk of 65,536 rows a column of as many rows like it would fit no memory.
    #[test]
    fn one_long_row_takes_no_memory_for_as_many_like_it() {
        let mut column = ColumnBuf::new(FieldKind::Computed(Computation::TextLengths));
        column.push_bytes(0, &vec![1; 1 << 20]).unwrap();
        let cost = allocation_counter::measure(|| {
            let (_, reads) = FieldAppender::of_bytes(&column, 1, 1 << 16).unwrap();
            assert_eq!(reads.bytes(0), 1 << 20);
        });
        // The bytes themselves are mapped, which isn't counted; too many of them would abort.
        assert!(cost.bytes_total < 4 << 20, "{cost:?}");
    }
}
