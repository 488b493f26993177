//! Blocks: how a snapshot lends its rows to the searches over it.

use std::fmt;
use std::ops::Range;

use crate::limits::{BLOCK_ROWS_MAX, DIM_MAX};
use crate::{
    Error, ErrorKind, Filter, IdRef, Narrow, PayloadRef, Predicate, RecordRef, Result, RowMask,
    Seal, Version, filter::MaskPool,
};

/// The rows behind a block: one chunk or segment of a backend, shared by all views of it.
///
/// A row is `stride` components long, of which the first `dim` are the vector and the rest zero.
/// Rows are numbered from 0. All methods may be called from many threads at once.
pub trait BlockSource: Send + Sync {
    /// Lends the rows of `range`, one after the other.
    ///
    /// - `rows_are_the_records_exact_bits`: The first `dim` components of a row are the record's
    ///   vector, bit for bit.
    /// - `row_padding_is_zero`: The components from `dim` to `stride` are `0.0`.
    /// - `rows_of_any_range_agree`: Any range inside the block lends what the whole block does,
    ///   `stride` components per row.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] or [`ErrorKind::Io`] when reading the range for the first time
    /// fails.
    fn rows(&self, range: Range<usize>) -> Result<&[f32]>;

    /// Lends the rows of `range` to a caller that reads only those that `wanted` lists, counted
    /// from the start of the range. A source that reads and checks at the first use needs do so for
    /// these alone.
    ///
    /// - `rows_some_lends_what_rows_does`: For the rows that are wanted.
    ///
    /// # Errors
    /// As [`rows`](Self::rows), for the rows that are wanted.
    fn rows_some(&self, range: Range<usize>, wanted: &[u32]) -> Result<&[f32]>;

    /// Clears from `live` the rows that are not alive at version `at`.
    ///
    /// - `clear_dead_clears_exactly_the_dead_rows`: Whichever rows of the block `live` has.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] or [`ErrorKind::Io`] when reading them fails.
    fn clear_dead(&self, at: Version, live: &mut Narrow<'_>) -> Result<()>;

    /// The id of a row. O(1).
    ///
    /// - `row_ids_are_those_of_their_records`: In whatever order, and however often, they are asked
    ///   for.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] or [`ErrorKind::Io`] when reading it fails.
    fn id(&self, row: usize) -> Result<IdRef<'_>>;

    /// The payload of a row.
    ///
    /// - `row_payloads_are_as_of_their_snapshot`: One that was set later is in later snapshots only.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] or [`ErrorKind::Io`] when reading it fails.
    fn payload(&self, row: usize) -> Result<PayloadRef<'_>>;

    /// Narrows `mask` to the rows that match `leaf`, by whole columns, and returns true; or leaves
    /// it alone and returns false, and the rows are asked one by one.
    ///
    /// - `matching_agrees_with_the_predicate`: Where it returns true, the mask is what asking each
    ///   row would have left; where false, it is untouched.
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] or [`ErrorKind::Io`] when reading the columns fails.
    fn matching(&self, leaf: &Predicate, mask: &mut Narrow<'_>) -> Result<bool>;
}

/// Some rows of a snapshot, lent as one matrix. Copying it copies a few words.
#[derive(Clone, Copy)]
pub struct Block<'a> {
    source: &'a dyn BlockSource,
    dim: usize,
    stride: usize,
    len: usize,
    at: Version,
    seal: Option<&'a Seal>,
}

/// Rows lent by a block: `len` rows of `stride` components, the first `dim` being the vector.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    components: &'a [f32],
    dim: usize,
    stride: usize,
}

impl<'a> Block<'a> {
    /// The first `len` rows of `source`, as they are at version `at`.
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] unless `1 <= dim <= stride <= DIM_MAX` and `len` is at most
    /// [`BLOCK_ROWS_MAX`]: what a search computes from these numbers can then neither overflow nor
    /// exhaust memory, whatever a backend claims.
    pub fn new(
        source: &'a dyn BlockSource,
        dim: usize,
        stride: usize,
        len: usize,
        at: Version,
    ) -> Result<Self> {
        if dim == 0 || dim > stride || stride > DIM_MAX || len > BLOCK_ROWS_MAX {
            return Err(Error::new(
                ErrorKind::ContractViolation,
                "a block has an impossible shape",
            )
            .expected(format_args!(
                "1 <= dim <= stride <= {DIM_MAX}, and at most {BLOCK_ROWS_MAX} rows"
            ))
            .found(format_args!("dim {dim}, stride {stride}, {len} rows")));
        }
        Ok(Self { source, dim, stride, len, at, seal: None })
    }

    /// The block, marked as sealed by `seal`.
    #[must_use]
    pub fn sealed(mut self, seal: &'a Seal) -> Self {
        self.seal = Some(seal);
        self
    }

    /// The dimension of the vectors.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// The distance from one row to the next, in components.
    #[must_use]
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// How many rows there are, dead ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The version at which it is seen.
    #[must_use]
    pub fn at(&self) -> Version {
        self.at
    }

    /// The seal, if the block never changes again.
    #[must_use]
    pub fn seal(&self) -> Option<&'a Seal> {
        self.seal
    }

    /// Lends the rows of `range`.
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] when `range` is not inside the block or the source lends another
    /// number of components; whatever the source reports.
    pub fn rows(&self, range: Range<usize>) -> Result<Rows<'a>> {
        self.check_range(&range)?;
        let lent = self.source.rows(range.clone())?;
        self.shaped(&range, lent)
    }

    /// Lends the rows of `range` to a caller that reads only those that `wanted` lists, counted
    /// from its start: the others may hold anything.
    ///
    /// # Errors
    /// As [`rows`](Self::rows).
    pub fn rows_some(&self, range: Range<usize>, wanted: &[u32]) -> Result<Rows<'a>> {
        self.check_range(&range)?;
        let lent = self.source.rows_some(range.clone(), wanted)?;
        self.shaped(&range, lent)
    }

    fn shaped(&self, range: &Range<usize>, components: &'a [f32]) -> Result<Rows<'a>> {
        // Within `new`'s bounds this can't overflow.
        let expected = range.len() * self.stride;
        if components.len() != expected {
            return Err(Error::new(
                ErrorKind::ContractViolation,
                "a source lent the wrong amount of rows",
            )
            .expected(format_args!("{expected} components"))
            .found(format_args!("{} components", components.len())));
        }
        Ok(Rows { components, dim: self.dim, stride: self.stride })
    }

    /// The id of a row. O(1).
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] when the row is not in the block; whatever the source reports.
    pub fn id(&self, row: usize) -> Result<IdRef<'a>> {
        self.check_row(row)?;
        self.source.id(row)
    }

    /// The payload of a row.
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] when the row is not in the block; whatever the source reports.
    pub fn payload(&self, row: usize) -> Result<PayloadRef<'a>> {
        self.check_row(row)?;
        self.source.payload(row)
    }

    /// The whole record of a row.
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] when the row is not in the block; whatever the source reports.
    pub fn record(&self, row: usize) -> Result<RecordRef<'a>> {
        self.check_row(row)?;
        let rows = self.rows(row..row + 1)?;
        Ok(RecordRef::new(self.source.id(row)?, rows.vector(0), self.source.payload(row)?))
    }

    /// Makes `mask` the rows of `range` that are alive and match `filter`. `pool` lends the masks
    /// that a nested filter needs in between; reused, it allocates nothing.
    ///
    /// Rows outside `range` cost nothing, so that threads can share a block.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidFilter`] when the filter breaks a limit; whatever the source reports.
    pub fn select(
        &self,
        range: Range<usize>,
        filter: Option<&Filter>,
        mask: &mut RowMask,
        pool: &mut MaskPool,
    ) -> Result<()> {
        mask.set_range(self.len, range);
        self.source.clear_dead(self.at, &mut Narrow::new(mask))?;
        match filter {
            Some(filter) => filter.narrow(self, mask, pool),
            None => Ok(()),
        }
    }

    /// Makes `mask` the rows that match `filter`, whether they are alive or not: of a sealed block
    /// the same in every snapshot, so that it can be kept.
    ///
    /// # Errors
    /// As [`select`](Self::select).
    pub fn matching(&self, filter: &Filter, mask: &mut RowMask, pool: &mut MaskPool) -> Result<()> {
        mask.set_all(self.len);
        filter.narrow(self, mask, pool)
    }

    pub(crate) fn source(&self) -> &'a dyn BlockSource {
        self.source
    }

    fn check_range(&self, range: &Range<usize>) -> Result<()> {
        if range.start <= range.end && range.end <= self.len {
            return Ok(());
        }
        Err(Error::new(ErrorKind::ContractViolation, "rows were asked for outside their block")
            .expected(format_args!("a range within 0..{}", self.len))
            .found(format_args!("{range:?}")))
    }

    fn check_row(&self, row: usize) -> Result<()> {
        if row < self.len {
            return Ok(());
        }
        Err(Error::new(ErrorKind::ContractViolation, "a row was asked for outside its block")
            .expected(format_args!("a row below {}", self.len))
            .found(row))
    }
}

impl fmt::Debug for Block<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block")
            .field("dim", &self.dim)
            .field("stride", &self.stride)
            .field("len", &self.len)
            .field("at", &self.at)
            .field("seal", &self.seal)
            .finish_non_exhaustive()
    }
}

impl<'a> Rows<'a> {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.components.len() / self.stride
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.components.is_empty()
    }

    /// All components, padding included: `len * stride` of them.
    #[must_use]
    pub fn components(&self) -> &'a [f32] {
        self.components
    }

    /// The distance from one row to the next, in components.
    #[must_use]
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The vector of row `n` of these, without padding.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn vector(&self, n: usize) -> &'a [f32] {
        let start = n * self.stride;
        &self.components[start..start + self.dim]
    }
}

impl fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rows({} × {}, stride {})", self.len(), self.dim, self.stride)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source that lends whatever it was given, right or wrong.
    struct Lender(Vec<f32>);

    impl BlockSource for Lender {
        fn rows(&self, _: Range<usize>) -> Result<&[f32]> {
            Ok(&self.0)
        }
        fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<&[f32]> {
            self.rows(range)
        }
        fn clear_dead(&self, _: Version, _: &mut Narrow<'_>) -> Result<()> {
            Ok(())
        }
        fn id(&self, row: usize) -> Result<IdRef<'_>> {
            Ok(IdRef::Number(row as u64))
        }
        fn payload(&self, _: usize) -> Result<PayloadRef<'_>> {
            Ok(PayloadRef::empty())
        }
        fn matching(&self, _: &Predicate, _: &mut Narrow<'_>) -> Result<bool> {
            Ok(false)
        }
    }

    #[test]
    fn impossible_shapes_are_refused() {
        let source = Lender(vec![]);
        for (dim, stride, len) in [
            (0, 1, 1),
            (2, 1, 1),
            (1, usize::MAX, 0),
            (1, DIM_MAX + 1, 1),
            (1, 1, BLOCK_ROWS_MAX + 1),
            (1, 1, usize::MAX),
        ] {
            let error = Block::new(&source, dim, stride, len, Version(0)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ContractViolation);
        }
        assert!(Block::new(&source, DIM_MAX, DIM_MAX, BLOCK_ROWS_MAX, Version(0)).is_ok());
    }

    #[test]
    fn a_source_that_lends_too_little_is_an_error_not_a_panic() {
        let source = Lender(vec![0.0; 7]);
        let block = Block::new(&source, 3, 4, 2, Version(0)).unwrap();
        assert_eq!(block.rows(0..2).unwrap_err().kind(), ErrorKind::ContractViolation);
        assert_eq!(block.record(0).unwrap_err().kind(), ErrorKind::ContractViolation);
    }

    #[test]
    fn rows_outside_the_block_are_an_error() {
        let source = Lender(vec![0.0; 8]);
        let block = Block::new(&source, 3, 4, 2, Version(0)).unwrap();
        #[allow(clippy::reversed_empty_ranges)]
        for range in [0..3, 3..3, 2..1, 0..usize::MAX] {
            assert_eq!(block.rows(range).unwrap_err().kind(), ErrorKind::ContractViolation);
        }
        assert!(block.id(2).is_err() && block.payload(2).is_err() && block.record(2).is_err());
        assert!(block.record(usize::MAX).is_err());
    }

    #[test]
    fn a_row_is_lent_without_its_padding() {
        let source = Lender(vec![1.0, 2.0, 3.0, 0.0, 4.0, 5.0, 6.0, 0.0]);
        let block = Block::new(&source, 3, 4, 2, Version(0)).unwrap();
        let rows = block.rows(0..2).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows.vector(1), [4.0, 5.0, 6.0]);
    }
}
