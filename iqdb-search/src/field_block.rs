//! The vectors of one field in one block: what the scan and what is derived from blocks read.

use std::ops::Range;

use iqdb_core::{
    Block, Blocks, Column, DerivedCell, Element, Error, ErrorKind, FieldId, FieldKind, Matrix,
    Result, RowsRef, Seal, Sidecar,
};

use crate::numbers::Numbers;
use crate::widen::Widened;

/// A block that has vectors of a field, and those vectors. Rows are numbered in the column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldBlock<'a> {
    block: Block<'a>,
    field: FieldId,
    column: Column<'a>,
}

impl<'a> FieldBlock<'a> {
    /// The vectors of a field in block number `n` of a snapshot; `None` when it has none.
    ///
    /// # Errors
    /// As [`Snapshot::block`] and [`Block::column`]; [`ErrorKind::ContractViolation`] for vectors of
    /// another shape than the snapshot's schema says.
    pub(crate) fn of(on: &'a dyn Blocks, n: usize, field: FieldId) -> Result<Option<Self>> {
        let block = on.block(n)?;
        let Some(column) = block.column(field)? else { return Ok(None) };
        let (found, expected) = (column.kind(), on.schema().kind(field));
        let shape = |kind: FieldKind| (kind.element(), kind.dim());
        if expected.map(shape) != Some(shape(found)) {
            return Err(Error::new(ErrorKind::ContractViolation, "a block has other vectors")
                .expected(on.schema())
                .found(found));
        }
        Ok(Some(Self { block, field, column }))
    }

    pub(crate) fn block(&self) -> &Block<'a> {
        &self.block
    }

    pub(crate) fn column(&self) -> &Column<'a> {
        &self.column
    }

    /// The position of the field in its schema.
    pub(crate) fn field(&self) -> FieldId {
        self.field
    }

    pub(crate) fn kind(&self) -> FieldKind {
        self.column.kind()
    }

    /// Whether the vectors are of numbers, which are scored as `f32`.
    pub(crate) fn has_numbers(&self) -> bool {
        self.kind().element().is_some_and(|element| element != Element::Binary)
    }

    /// How many vectors there are.
    pub(crate) fn len(&self) -> usize {
        self.column.len()
    }

    /// The dimension; 0 for sparse vectors.
    pub(crate) fn dim(&self) -> usize {
        self.kind().dim().unwrap_or(0)
    }

    /// What is derived from the vectors, where the block is sealed.
    pub(crate) fn derived(&self) -> Option<&'a DerivedCell> {
        self.block.seal().map(|seal| seal.derived_of(self.field))
    }

    /// Where derived data can be saved, where the block has a place for it.
    pub(crate) fn sidecar(&self) -> Option<&'a dyn Sidecar> {
        self.block.seal().and_then(Seal::sidecar)
    }

    /// The rows of a range.
    ///
    /// # Errors
    /// As [`Column::rows`].
    pub(crate) fn rows(&self, range: Range<usize>) -> Result<RowsRef<'a>> {
        self.column.rows(range)
    }

    /// The rows of a range as `f32`: lent by the block, or widened into `room`.
    ///
    /// # Errors
    /// As [`Column::rows`]; [`ErrorKind::ContractViolation`] for rows that are no numbers.
    pub(crate) fn floats<'b>(
        &self,
        range: Range<usize>,
        room: &'b mut Widened,
    ) -> Result<Matrix<'b, f32>>
    where
        'a: 'b,
    {
        room.all(Numbers::of(self.rows(range)?)?)
    }
}
