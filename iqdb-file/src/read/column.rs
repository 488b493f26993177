//! The vectors of one field in one block of a segment, or the bytes of a computed field, as a snapshot
//! lends them.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use iqdb_core::{ByteRows, Csr, Error, ErrorKind, FieldKind, Result, RowsRef, VectorColumn};

use super::body::Body;
use crate::errors::damaged;
use crate::format::segment::footer::{END_BYTES, TERM_BYTES};
use crate::format::segment::layout::{ColumnPart, stride_of};
use crate::format::vectors;

/// A column of a block. Its bytes are checked at their first use.
#[derive(Debug)]
pub(crate) struct SegmentColumn {
    body: Arc<Body>,
    kind: FieldKind,
    /// How many vectors there are.
    len: usize,
    /// The slot of the first part; the others follow.
    slot: usize,
    /// How many rows the block has.
    block_rows: usize,
    /// Set once the rows of vectors, and the ends of those of no fixed length, have been checked.
    places_are_checked: OnceLock<()>,
}

impl SegmentColumn {
    /// The `len` vectors of a field in a block of `block_rows` rows, of which the first part is in
    /// this slot of the body.
    pub(crate) fn new(
        body: Arc<Body>,
        kind: FieldKind,
        (len, block_rows): (usize, usize),
        slot: usize,
    ) -> Self {
        Self { body, kind, len, slot, block_rows, places_are_checked: OnceLock::new() }
    }

    /// The column, ready to be lent; `None` when it has no vectors. O(vectors) at the first use where
    /// some rows have none, and of a sparse or computed field; else O(1).
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`] when rows or ends are none that a writer writes.
    pub(crate) fn lend(&self) -> Result<Option<&Self>> {
        if self.len == 0 {
            return Ok(None);
        }
        if self.places_are_checked.get().is_none() {
            self.check_rows()?;
            self.check_ends()?;
            // Another reader may have been faster.
            let _ = self.places_are_checked.set(());
        }
        Ok(Some(self))
    }

    fn check_rows(&self) -> Result<()> {
        if !self.names_rows() {
            return Ok(());
        }
        let rows = self.named_rows()?;
        let rises = rows.is_sorted_by(|a, b| a < b);
        if !rises || rows.last().is_none_or(|last| *last as usize >= self.block_rows) {
            return Err(damaged(self.body.path(), "the rows of vectors make no sense"));
        }
        Ok(())
    }

    /// Whether the ends of sparse vectors divide all terms, and those of computed rows all bytes.
    fn check_ends(&self) -> Result<()> {
        if self.kind.dim().is_some() {
            return Ok(());
        }
        let ends: &[u64] = self.numbers(self.body.section(self.slot_of(ColumnPart::Ends))?)?;
        let items = self.body.len_of(self.slot_of(ColumnPart::Vectors)) / self.item_bytes();
        let is_whole = ends.first() == Some(&0) && ends.last() == Some(&(items as u64));
        match is_whole && ends.is_sorted() {
            true => Ok(()),
            false => Err(self.senseless_ends()),
        }
    }

    /// Whether all of it makes sense.
    pub(crate) fn check_all(&self) -> Result<()> {
        let Some(column) = self.lend()? else { return Ok(()) };
        let rows = column.rows(0..self.len)?;
        if self.kind.is_computed() {
            // Any bytes may be there: only core knows what they mean.
            return Ok(());
        }
        let check = |n| rows.vector(n).and_then(|vector| self.kind.check_vector(vector));
        (0..self.len).try_for_each(|n| {
            check(n)
                .map_err(|error| damaged(self.body.path(), "a row is no vector").caused_by(error))
        })
    }

    /// Whether some rows of the block have no vector.
    fn names_rows(&self) -> bool {
        self.len < self.block_rows
    }

    fn slot_of(&self, part: ColumnPart) -> usize {
        self.slot + part as usize
    }

    fn named_rows(&self) -> Result<&[u32]> {
        self.numbers(self.body.section(self.slot_of(ColumnPart::RowsOf))?)
    }

    fn numbers<'a, T: bytemuck::AnyBitPattern>(&self, bytes: &'a [u8]) -> Result<&'a [T]> {
        bytemuck::try_cast_slice(bytes)
            .map_err(|_| damaged(self.body.path(), "vectors are not where they can be"))
    }

    fn check_range(&self, range: &Range<usize>) -> Result<()> {
        match range.start <= range.end && range.end <= self.len {
            true => Ok(()),
            // For a caller that keeps a source and asks for more rows than its block has.
            false => Err(Error::new(
                ErrorKind::ContractViolation,
                "there are no such vectors in the block",
            )),
        }
    }

    fn dense<'a>(&self, bytes: &'a [u8]) -> Result<RowsRef<'a>> {
        vectors::rows(self.kind, bytes, stride_of(self.kind))
            .unwrap_or_else(|| Err(damaged(self.body.path(), "vectors are not where they can be")))
    }

    fn sparse(&self, range: Range<usize>) -> Result<RowsRef<'_>> {
        let (ends, terms) = self.ends(range)?;
        let indices = self.body.bytes(self.slot_of(ColumnPart::Vectors), terms.clone())?;
        let weights = self.body.bytes(self.slot_of(ColumnPart::Weights), terms)?;
        Csr::new(ends, self.numbers(indices)?, self.numbers(weights)?)
            .map(RowsRef::Sparse)
            .map_err(|error| self.senseless_ends().caused_by(error))
    }

    /// The rows of a computed field, of which only `wanted` are read, if not all.
    fn computed(&self, range: Range<usize>, wanted: Option<&[u32]>) -> Result<RowsRef<'_>> {
        let (ends, place) = self.ends(range)?;
        let slot = self.slot_of(ColumnPart::Vectors);
        let bytes = match wanted {
            None => self.body.bytes(slot, place)?,
            Some(wanted) => {
                // What is no row is refused as a place outside of the range.
                let place_of = |n: usize| {
                    ends.get(n).and_then(|end| usize::try_from(*end).ok()).unwrap_or(usize::MAX)
                };
                let rows = wanted.iter().map(|row| *row as usize);
                let places = rows.map(|row| place_of(row)..place_of(row.saturating_add(1)));
                self.body.some_bytes(slot, place, places)?
            }
        };
        ByteRows::new(ends, bytes)
            .map(RowsRef::Bytes)
            .map_err(|error| self.senseless_ends().caused_by(error))
    }

    /// The ends of these rows, after the end of the row before; and where the rows are among the bytes
    /// of all.
    fn ends(&self, range: Range<usize>) -> Result<(&[u64], Range<usize>)> {
        let ends = range.start * END_BYTES..(range.end + 1) * END_BYTES;
        let ends: &[u64] = self.numbers(self.body.bytes(self.slot_of(ColumnPart::Ends), ends)?)?;
        let place = |end: Option<&u64>| {
            end.and_then(|end| usize::try_from(*end).ok()?.checked_mul(self.item_bytes()))
                .ok_or_else(|| self.senseless_ends())
        };
        Ok((ends, place(ends.first())?..place(ends.last())?))
    }

    /// Bytes of what ends count.
    fn item_bytes(&self) -> usize {
        if self.kind.is_computed() { 1 } else { TERM_BYTES }
    }

    fn senseless_ends(&self) -> Error {
        damaged(self.body.path(), "the ends of vectors make no sense")
    }
}

impl VectorColumn for SegmentColumn {
    fn rows_of(&self) -> Option<&[u32]> {
        // `lend` has read and checked them.
        self.names_rows().then(|| self.named_rows().unwrap_or_default())
    }

    /// Checks at its first use what it lends.
    fn rows(&self, range: Range<usize>) -> Result<RowsRef<'_>> {
        self.check_range(&range)?;
        if self.kind.dim().is_none() {
            return match self.kind.is_computed() {
                true => self.computed(range, None),
                false => self.sparse(range),
            };
        }
        let stride = stride_of(self.kind);
        let bytes = range.start * stride..range.end * stride;
        self.dense(self.body.bytes(self.slot_of(ColumnPart::Vectors), bytes)?)
    }

    /// Checks at their first use the rows that are wanted, and reads no others from the disk.
    fn rows_some(&self, range: Range<usize>, wanted: &[u32]) -> Result<RowsRef<'_>> {
        self.check_range(&range)?;
        if self.kind.is_computed() {
            return self.computed(range, Some(wanted));
        }
        if self.kind.dim().is_none() {
            return self.sparse(range);
        }
        let stride = stride_of(self.kind);
        let start = range.start * stride;
        let bytes = self.body.some_bytes(
            self.slot_of(ColumnPart::Vectors),
            start..range.end * stride,
            wanted.iter().map(|row| {
                let first = start + *row as usize * stride;
                first..first + stride
            }),
        )?;
        self.dense(bytes)
    }
}

#[cfg(test)]
mod tests;
