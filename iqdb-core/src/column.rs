//! Vector columns: the vectors of one field in one block, packed.

use std::fmt;
use std::ops::Range;

use crate::{Error, ErrorKind, FieldKind, Result, RowsRef, VectorRef};

/// The vectors of one field in a [`BlockSource`](crate::BlockSource). Packed: a record without a
/// vector takes no row, so no search ever sees a hole.
///
/// All methods may be called from many threads at once.
pub trait VectorColumn: Send + Sync {
    /// The block row of each row of the column, rising; `None` when every row of the block has a
    /// vector.
    ///
    /// - `columns_have_a_row_for_each_vector_and_no_other`: Each record with a vector of the field
    ///   has one row in the column, and no other record has one.
    fn rows_of(&self) -> Option<&[u32]>;

    /// Lends the rows of `range`, counted in the column.
    ///
    /// - `rows_are_the_records_exact_bits`: A row is the record's vector, bit for bit.
    /// - `row_padding_is_zero`: What follows a row's components up to the next row is 0.
    /// - `rows_of_any_range_agree`: Any range inside the column lends what the whole column does.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] or [`ErrorKind::Io`] when reading the range for the first time
    /// fails.
    fn rows(&self, range: Range<usize>) -> Result<RowsRef<'_>>;

    /// Lends the rows of `range` to a caller that reads only those that `wanted` lists, counted
    /// from the start of the range. A source that reads and checks at the first use needs do so for
    /// these alone.
    ///
    /// - `rows_some_lends_what_rows_does`: For the rows that are wanted.
    ///
    /// # Errors
    /// As [`rows`](Self::rows), for the rows that are wanted.
    fn rows_some(&self, range: Range<usize>, wanted: &[u32]) -> Result<RowsRef<'_>>;
}

/// A [`VectorColumn`] as a [`Block`](crate::Block) lends it: cut to the block's rows, and checked.
/// Copying it copies a few words.
#[derive(Clone, Copy)]
pub struct Column<'a> {
    source: &'a dyn VectorColumn,
    kind: FieldKind,
    /// `None` when every block row has a vector.
    rows_of: Option<&'a [u32]>,
    len: usize,
}

impl<'a> Column<'a> {
    /// The column's rows that belong to the first `block_rows` rows of the block; `None` when there
    /// are none. O(log rows).
    pub(crate) fn new(
        source: &'a dyn VectorColumn,
        kind: FieldKind,
        block_rows: usize,
    ) -> Option<Self> {
        let rows_of = source.rows_of().map(|rows| {
            let len =
                rows.partition_point(|row| usize::try_from(*row).is_ok_and(|n| n < block_rows));
            &rows[..len]
        });
        let len = rows_of.map_or(block_rows, <[u32]>::len);
        // Rising rows below `block_rows`, as many as that, are all rows.
        let rows_of = rows_of.filter(|_| len < block_rows);
        (len > 0).then_some(Self { source, kind, rows_of, len })
    }

    /// What the rows hold.
    #[must_use]
    pub fn kind(&self) -> FieldKind {
        self.kind
    }

    /// How many rows there are, those of dead records included; at least 1.
    #[must_use]
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(&self) -> usize {
        self.len
    }

    /// The block row of each row, rising; `None` when every row of the block has a vector, so that
    /// the rows of the column are those of the block.
    #[must_use]
    pub fn rows_of(&self) -> Option<&'a [u32]> {
        self.rows_of
    }

    /// The block row of row `n` of the column. O(1).
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    #[inline]
    pub fn block_row(&self, n: usize) -> usize {
        assert!(n < self.len, "row {n} of {}", self.len);
        self.rows_of.map_or(n, |rows| rows[n] as usize)
    }

    /// The column's row of a block row, if that has a vector. O(log rows).
    #[must_use]
    pub fn position(&self, block_row: usize) -> Option<usize> {
        match self.rows_of {
            None => (block_row < self.len).then_some(block_row),
            Some(rows) => rows.binary_search(&u32::try_from(block_row).ok()?).ok(),
        }
    }

    /// Lends the rows of `range`, counted in the column.
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] when `range` is not inside the column or the source lends
    /// rows of another number, element or dimension; whatever the source reports.
    pub fn rows(&self, range: Range<usize>) -> Result<RowsRef<'a>> {
        self.check_range(&range)?;
        let rows = self.source.rows(range.clone())?;
        self.checked(&range, rows)
    }

    /// Lends the rows of `range` to a caller that reads only those that `wanted` lists, counted
    /// from its start: the others may hold anything.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn rows_some(&self, range: Range<usize>, wanted: &[u32]) -> Result<RowsRef<'a>> {
        self.check_range(&range)?;
        let rows = self.source.rows_some(range.clone(), wanted)?;
        self.checked(&range, rows)
    }

    /// The vector of row `n`, counted in the column. O(dim).
    ///
    /// # Errors
    /// As [`rows`](Self::rows); [`ErrorKind::Damaged`] when the row holds no vector.
    pub fn vector(&self, n: usize) -> Result<VectorRef<'a>> {
        self.rows(n..n.saturating_add(1))?.vector(0)
    }

    /// The bytes of row `n` of a computed field, counted in the column. O(1).
    ///
    /// # Errors
    /// As [`rows`](Self::rows); [`ErrorKind::ContractViolation`] for a column of vectors.
    pub fn bytes(&self, n: usize) -> Result<&'a [u8]> {
        match self.rows(n..n.saturating_add(1))? {
            RowsRef::Bytes(rows) => Ok(rows.row(0)),
            _ => Err(Error::new(ErrorKind::ContractViolation, "a column of vectors has no bytes")),
        }
    }

    fn check_range(&self, range: &Range<usize>) -> Result<()> {
        if range.start <= range.end && range.end <= self.len {
            return Ok(());
        }
        Err(Error::new(ErrorKind::ContractViolation, "rows were asked for outside their column")
            .expected(format_args!("a range within 0..{}", self.len))
            .found(format_args!("{range:?}")))
    }

    fn checked(&self, range: &Range<usize>, rows: RowsRef<'a>) -> Result<RowsRef<'a>> {
        if rows.len() == range.len() && rows.is_of(self.kind) {
            return Ok(rows);
        }
        Err(Error::new(
            ErrorKind::ContractViolation,
            "a source lent other rows than those asked for",
        )
        .expected(format_args!("{} rows, {}", range.len(), self.kind))
        .found(format_args!("{rows:?}")))
    }
}

impl fmt::Debug for Column<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Column({} rows, {})", self.len, self.kind)
    }
}
