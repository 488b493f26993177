//! Collects the vectors of one field in one block of a segment, or the bytes of a computed field.

use iqdb_core::{FieldKind, Result, VectorRef};

use crate::errors::defect;
use crate::format::segment::layout::stride_of;
use crate::format::vectors::put_row;
use crate::format::wire::{put_bytes, put_u32, put_u64};

/// The vectors of one field in the block at hand, as bytes; or which rows have vectors that lie in
/// the file already.
#[derive(Debug)]
pub(crate) struct ColumnWriter {
    kind: FieldKind,
    /// The row of each vector.
    rows_of: Vec<u32>,
    /// How many vectors lie in the file already.
    placed: usize,
    /// Dense vectors, or the indices of sparse ones, or the bytes of a computed field.
    vectors: Vec<u8>,
    /// Where each sparse vector ends, in terms; or each row of a computed field, in bytes.
    ends: Vec<u64>,
    weights: Vec<u8>,
}

impl ColumnWriter {
    pub(crate) fn new(kind: FieldKind) -> Self {
        Self {
            kind,
            rows_of: Vec::new(),
            placed: 0,
            vectors: Vec::new(),
            ends: Vec::new(),
            weights: Vec::new(),
        }
    }

    /// How many vectors lie in the file already.
    pub(crate) fn placed(&self) -> usize {
        self.placed
    }

    /// Notes that a row has the next vector that lies in the file already.
    pub(crate) fn note_placed(&mut self, row: u32) {
        self.rows_of.push(row);
        self.placed += 1;
    }

    /// Appends the vector of a row.
    ///
    /// # Errors
    /// A defect of the caller, for a vector of another kind.
    pub(crate) fn push(&mut self, row: u32, vector: VectorRef<'_>) -> Result<()> {
        let is_of_kind = vector.element() == self.kind.element() && vector.dim() == self.kind.dim();
        if !is_of_kind || self.kind.is_computed() {
            return Err(defect("a vector is not of its field's kind"));
        }
        self.rows_of.push(row);
        if let VectorRef::Sparse(vector) = vector {
            let before = self.ends.last().copied().unwrap_or(0);
            self.ends.push(before + vector.indices().len() as u64);
            put_bytes(&mut self.vectors, bytemuck::cast_slice(vector.indices()));
            put_bytes(&mut self.weights, bytemuck::cast_slice(vector.weights()));
        } else {
            put_row(&mut self.vectors, vector, stride_of(self.kind));
        }
        Ok(())
    }

    /// Appends what core computed for a row.
    ///
    /// # Errors
    /// A defect of the caller, for a column of vectors.
    pub(crate) fn push_bytes(&mut self, row: u32, bytes: &[u8]) -> Result<()> {
        if !self.kind.is_computed() {
            return Err(defect("a field of vectors takes no bytes"));
        }
        self.rows_of.push(row);
        put_bytes(&mut self.vectors, bytes);
        self.ends.push(self.vectors.len() as u64);
        Ok(())
    }

    /// The parts of the column of a block of `rows` rows, in the order of
    /// [`ColumnPart`](crate::format::segment::layout::ColumnPart).
    pub(crate) fn finish(self, rows: usize) -> [Vec<u8>; 4] {
        let mut rows_of = Vec::new();
        if self.rows_of.len() < rows {
            self.rows_of.iter().for_each(|row| put_u32(&mut rows_of, *row));
        }
        let mut ends = Vec::new();
        if !self.ends.is_empty() {
            put_u64(&mut ends, 0);
            self.ends.iter().for_each(|end| put_u64(&mut ends, *end));
        }
        [self.vectors, rows_of, ends, self.weights]
    }
}
