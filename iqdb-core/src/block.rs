//! Blocks: how a snapshot lends its rows to the searches over it.

use std::fmt;
use std::ops::Range;

use crate::filter::{Asked, MaskPool};
use crate::limits::BLOCK_ROWS_MAX;
use crate::{
    BlockSource, Column, Error, ErrorKind, FieldId, Filter, IdRef, Narrow, PayloadRef, Result,
    RowMask, Schema, Seal, Version,
};

/// Some rows of a snapshot. Copying it copies a few words.
#[derive(Clone, Copy)]
pub struct Block<'a> {
    source: &'a dyn BlockSource,
    schema: &'a Schema,
    len: usize,
    at: Version,
    seal: Option<&'a Seal>,
}

impl<'a> Block<'a> {
    /// The first `len` rows of `source`, with the fields of `schema`, as they are at version `at`.
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] for more than [`BLOCK_ROWS_MAX`] rows.
    pub fn new(
        source: &'a dyn BlockSource,
        schema: &'a Schema,
        len: usize,
        at: Version,
    ) -> Result<Self> {
        if len > BLOCK_ROWS_MAX {
            return Err(Error::new(ErrorKind::ContractViolation, "a block has too many rows")
                .expected(format_args!("at most {BLOCK_ROWS_MAX}"))
                .found(len));
        }
        Ok(Self { source, schema, len, at, seal: None })
    }

    /// The block, marked as sealed by `seal`.
    #[must_use]
    pub fn sealed(mut self, seal: &'a Seal) -> Self {
        self.seal = Some(seal);
        self
    }

    /// The schema of the snapshot.
    #[must_use]
    pub fn schema(&self) -> &'a Schema {
        self.schema
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

    /// The vectors of a field; `None` when no record of the block has one. O(log rows).
    ///
    /// # Errors
    /// [`ErrorKind::UnknownField`] for a field of another schema; whatever the source reports.
    pub fn column(&self, field: FieldId) -> Result<Option<Column<'a>>> {
        let kind = self.schema.kind(field).ok_or_else(|| {
            Error::new(ErrorKind::UnknownField, "the field is of another schema")
                .expected(format_args!("a field below {}", self.schema.fields().len()))
                .found(field.index())
        })?;
        let source = self.source.column(field)?;
        Ok(source.and_then(|source| Column::new(source, kind, self.len)))
    }

    /// Whether a row is alive, at the version of the block. O(1).
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] when the row is not in the block; whatever the source reports.
    pub fn is_alive(&self, row: usize) -> Result<bool> {
        self.check_row(row)?;
        self.source.is_alive(row, self.at)
    }

    /// Appends to `out` the rows that ended between version `other` and the version of the block,
    /// whichever is later, and returns true; or returns false where that is not known any more. So what
    /// was counted at another version is carried to this one, forwards or back. O(log rows), and O(rows
    /// that ended).
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`] when the source names rows that it doesn't have; whatever it
    /// reports. `out` is then as it was.
    pub fn ended(&self, other: Version, out: &mut Vec<u32>) -> Result<bool> {
        let (since, at) = (other.min(self.at), other.max(self.at));
        if since == at {
            return Ok(true);
        }
        let before = out.len();
        let known = self.source.ended(since, at, out);
        // The block may have fewer rows than its source has by now.
        let checked = known.and_then(|known| {
            let outside = |row: &&u32| **row as usize >= self.len;
            match (self.seal, out.get(before..).unwrap_or_default().iter().find(outside)) {
                (Some(_), Some(row)) => self.check_row(*row as usize).map(|()| known),
                _ => Ok(known),
            }
        });
        match checked {
            Ok(true) => {
                let mut n = 0;
                out.retain(|row| {
                    n += 1;
                    n <= before || (*row as usize) < self.len
                });
            }
            _ => out.truncate(before),
        }
        checked
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
        self.select_while(range, filter, mask, pool, &|| Ok(()))
    }

    /// As [`select`](Self::select), as long as `go_on` returns no error: it is called before each
    /// condition of the filter, and now and then within one. What `mask` is after an error says nothing.
    ///
    /// # Errors
    /// Those of [`select`](Self::select) and of `go_on`.
    pub fn select_while(
        &self,
        range: Range<usize>,
        filter: Option<&Filter>,
        mask: &mut RowMask,
        pool: &mut MaskPool,
        go_on: &dyn Fn() -> Result<()>,
    ) -> Result<()> {
        mask.set_range(self.len, range);
        self.source.clear_dead(self.at, &mut Narrow::new(mask))?;
        match filter {
            Some(filter) => filter.narrow(&self.asked(go_on), mask, pool),
            None => Ok(()),
        }
    }

    /// Makes `mask` the rows that match `filter`, whether they are alive or not: of a sealed block
    /// the same in every snapshot, so that it can be kept. As long as `go_on` returns no error.
    ///
    /// # Errors
    /// As [`select_while`](Self::select_while).
    pub fn matching(
        &self,
        filter: &Filter,
        mask: &mut RowMask,
        pool: &mut MaskPool,
        go_on: &dyn Fn() -> Result<()>,
    ) -> Result<()> {
        mask.set_all(self.len);
        filter.narrow(&self.asked(go_on), mask, pool)
    }

    fn asked<'b>(&'b self, go_on: &'b dyn Fn() -> Result<()>) -> Asked<'b> {
        Asked { source: self.source, schema: self.schema, go_on }
    }

    pub(crate) fn check_row(&self, row: usize) -> Result<()> {
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
            .field("len", &self.len)
            .field("at", &self.at)
            .field("seal", &self.seal)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Matrix, Metric, Predicate, RowsRef, VectorColumn};

    /// A source that lends whatever it was given, right or wrong.
    struct Lender {
        rows_of: Option<Vec<u32>>,
        components: Vec<f32>,
        stride: usize,
    }

    impl Lender {
        fn new(components: Vec<f32>, stride: usize) -> Self {
            Self { rows_of: None, components, stride }
        }
    }

    impl VectorColumn for Lender {
        fn rows_of(&self) -> Option<&[u32]> {
            self.rows_of.as_deref()
        }
        fn rows(&self, _: Range<usize>) -> Result<RowsRef<'_>> {
            Matrix::new(&self.components, self.stride.min(3), self.stride).map(RowsRef::F32)
        }
        fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<RowsRef<'_>> {
            self.rows(range)
        }
    }

    impl BlockSource for Lender {
        fn column(&self, _: FieldId) -> Result<Option<&dyn VectorColumn>> {
            Ok(Some(self))
        }
        fn clear_dead(&self, _: Version, _: &mut Narrow<'_>) -> Result<()> {
            Ok(())
        }
        fn is_alive(&self, _: usize, _: Version) -> Result<bool> {
            Ok(true)
        }
        fn ended(&self, _: Version, _: Version, out: &mut Vec<u32>) -> Result<bool> {
            out.extend([0, 1, 7]);
            Ok(true)
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

    fn schema() -> (Schema, FieldId) {
        let schema = Schema::new(3, Metric::Dot).unwrap();
        let field = schema.default_field().unwrap();
        (schema, field)
    }

    #[test]
    fn too_many_rows_are_refused() {
        let (schema, _) = schema();
        let source = Lender::new(vec![], 3);
        for len in [BLOCK_ROWS_MAX + 1, usize::MAX] {
            let error = Block::new(&source, &schema, len, Version(0)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ContractViolation);
        }
        assert!(Block::new(&source, &schema, BLOCK_ROWS_MAX, Version(0)).is_ok());
    }

    #[test]
    fn a_source_that_lends_something_else_is_an_error_not_a_panic() {
        let (schema, field) = schema();
        for source in [
            Lender::new(vec![0.0; 7], 4),
            Lender::new(vec![0.0; 4], 4),
            Lender::new(vec![0.0; 12], 4),
            Lender::new(vec![0.0; 4], 2),
        ] {
            let block = Block::new(&source, &schema, 2, Version(0)).unwrap();
            let column = block.column(field).unwrap().unwrap();
            assert_eq!(column.rows(0..2).unwrap_err().kind(), ErrorKind::ContractViolation);
            let record = block.record(0).unwrap();
            assert!(source.components.len() == 4 || record.to_record().is_err());
        }
    }

    #[test]
    fn rows_outside_the_block_are_an_error() {
        let (schema, field) = schema();
        let source = Lender::new(vec![0.0; 8], 4);
        let block = Block::new(&source, &schema, 2, Version(0)).unwrap();
        let column = block.column(field).unwrap().unwrap();
        #[allow(clippy::reversed_empty_ranges)]
        for range in [0..3, 3..3, 2..1, 0..usize::MAX] {
            assert_eq!(column.rows(range).unwrap_err().kind(), ErrorKind::ContractViolation);
        }
        assert!(block.id(2).is_err() && block.payload(2).is_err() && block.record(2).is_err());
        assert!(block.record(usize::MAX).is_err());
        assert_eq!(
            block.column(FieldId::new(1).unwrap()).unwrap_err().kind(),
            ErrorKind::UnknownField
        );
    }

    #[test]
    fn rows_that_ended_are_rows_of_the_block() {
        let (schema, _) = schema();
        let source = Lender::new(vec![0.0; 8], 4);
        let (mut out, seal) = (vec![9], Seal::new());
        // A source that is still being filled has more rows by now.
        let block = Block::new(&source, &schema, 2, Version(5)).unwrap();
        for other in [Version(3), Version(9)] {
            assert!(block.ended(other, &mut out).unwrap());
            assert_eq!(out, [9, 0, 1]);
            out.truncate(1);
        }
        assert!(block.ended(Version(5), &mut out).unwrap());
        let error = block.sealed(&seal).ended(Version(3), &mut out).unwrap_err();
        assert_eq!((error.kind(), &out[..]), (ErrorKind::ContractViolation, &[9][..]));
        assert!(block.is_alive(1).unwrap() && block.is_alive(2).is_err());
    }

    #[test]
    fn a_column_is_cut_to_its_block() {
        let (schema, field) = schema();
        let mut source = Lender::new(vec![0.0; 8], 4);
        source.rows_of = Some(vec![1, 2, 5]);
        let cut = |len| {
            let block = Block::new(&source, &schema, len, Version(0)).unwrap();
            let column = block.column(field).unwrap();
            column.map(|column| (column.len(), column.rows_of().map(<[u32]>::to_vec)))
        };
        assert_eq!(cut(0), None);
        assert_eq!(cut(1), None);
        assert_eq!(cut(2), Some((1, Some(vec![1]))));
        assert_eq!(cut(5), Some((2, Some(vec![1, 2]))));
        assert_eq!(cut(9), Some((3, Some(vec![1, 2, 5]))));
        let block = Block::new(&source, &schema, 9, Version(0)).unwrap();
        let column = block.column(field).unwrap().unwrap();
        assert_eq!(
            (column.block_row(2), column.position(5), column.position(4)),
            (5, Some(2), None)
        );
    }

    #[test]
    fn a_column_with_a_row_for_every_row_needs_no_list() {
        let (schema, field) = schema();
        let mut source = Lender::new(vec![0.0; 8], 4);
        source.rows_of = Some(vec![0, 1, 2]);
        let block = Block::new(&source, &schema, 2, Version(0)).unwrap();
        let column = block.column(field).unwrap().unwrap();
        assert_eq!((column.len(), column.rows_of()), (2, None));
        assert_eq!(
            (column.block_row(1), column.position(1), column.position(2)),
            (1, Some(1), None)
        );
    }
}
