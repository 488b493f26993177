//! Columns with padding between their rows.

use std::ops::Range;

use iqdb_core::limits::DIM_MAX;
use iqdb_core::{
    ByteRows, Csr, Element, Error, ErrorKind, FieldKind, Matrix, Result, RowsRef, VectorColumn,
    VectorRef, bf16, f16,
};

/// Components of padding per row, or bytes for bits. A search that mistakes the stride for the
/// dimension fails on them.
const PADDING: usize = 3;

/// The vectors of one field in one chunk.
#[derive(Debug, Clone)]
pub(super) struct PaddedColumn {
    kind: FieldKind,
    /// Components of a row without padding, or bytes for bits.
    width: usize,
    rows_of: Vec<u32>,
    rows: Rows,
}

#[derive(Debug, Clone)]
enum Rows {
    F32(Vec<f32>),
    F16(Vec<f16>),
    BF16(Vec<bf16>),
    I8(Vec<i8>),
    Binary(Vec<u8>),
    Sparse { ends: Vec<u64>, indices: Vec<u32>, weights: Vec<f32> },
    Bytes { ends: Vec<u64>, bytes: Vec<u8> },
}

impl PaddedColumn {
    pub(super) fn new(kind: FieldKind) -> Self {
        let dim = kind.dim().unwrap_or(0);
        let (width, rows) = match kind.element() {
            Some(Element::F16) => (dim, Rows::F16(Vec::new())),
            Some(Element::BF16) => (dim, Rows::BF16(Vec::new())),
            Some(Element::I8) => (dim, Rows::I8(Vec::new())),
            Some(Element::Binary) => (dim.div_ceil(8), Rows::Binary(Vec::new())),
            Some(_) => (dim, Rows::F32(Vec::new())),
            None if kind.is_computed() => {
                (0, Rows::Bytes { ends: vec![BYTES_BEFORE], bytes: vec![] })
            }
            None => (0, Rows::Sparse { ends: vec![0], indices: vec![], weights: vec![] }),
        };
        Self { kind, width, rows_of: Vec::new(), rows }
    }

    /// The distance between rows. At most [`DIM_MAX`], the longest row that a block may have, so the
    /// longest vectors have less padding or none.
    fn stride(&self) -> usize {
        (self.width + PADDING).min(DIM_MAX)
    }

    /// Appends the bytes of a row of the chunk, to the column of a computed field.
    pub(super) fn push_bytes(&mut self, chunk_row: u32, row: &[u8]) {
        if let Rows::Bytes { ends, bytes } = &mut self.rows {
            bytes.extend_from_slice(row);
            ends.push(BYTES_BEFORE + bytes.len() as u64);
            self.rows_of.push(chunk_row);
        }
    }

    /// Appends the vector of a row of the chunk.
    pub(super) fn push(&mut self, chunk_row: u32, vector: VectorRef<'_>) -> Result<()> {
        let stride = self.stride();
        match (&mut self.rows, vector) {
            (Rows::F32(rows), VectorRef::F32(vector)) => append(rows, &vector, stride),
            (Rows::F16(rows), VectorRef::F16(vector)) => append(rows, &vector, stride),
            (Rows::BF16(rows), VectorRef::BF16(vector)) => append(rows, &vector, stride),
            (Rows::I8(rows), VectorRef::I8(vector)) => append(rows, &vector, stride),
            (Rows::Binary(rows), VectorRef::Binary(vector)) => {
                append(rows, vector.bytes(), stride);
            }
            (Rows::Sparse { ends, indices, weights }, VectorRef::Sparse(vector)) => {
                indices.extend_from_slice(vector.indices());
                weights.extend_from_slice(vector.weights());
                ends.push(indices.len() as u64);
            }
            _ => {
                return Err(Error::new(ErrorKind::ElementMismatch, "a vector of another kind")
                    .expected(self.kind)
                    .found(format_args!("{vector:?}")));
            }
        }
        self.rows_of.push(chunk_row);
        Ok(())
    }
}

/// Where the ends of rows of bytes begin: only their differences count.
const BYTES_BEFORE: u64 = 1_000;

fn append<T: Copy + Default>(rows: &mut Vec<T>, vector: &[T], stride: usize) {
    rows.extend_from_slice(vector);
    rows.extend(std::iter::repeat_n(T::default(), stride - vector.len()));
}

impl VectorColumn for PaddedColumn {
    fn rows_of(&self) -> Option<&[u32]> {
        Some(&self.rows_of)
    }

    fn rows(&self, range: Range<usize>) -> Result<RowsRef<'_>> {
        let (width, stride) = (self.width, self.stride());
        let cut = range.start * stride..range.end * stride;
        match &self.rows {
            Rows::F32(rows) => Matrix::new(&rows[cut], width, stride).map(RowsRef::F32),
            Rows::F16(rows) => Matrix::new(&rows[cut], width, stride).map(RowsRef::F16),
            Rows::BF16(rows) => Matrix::new(&rows[cut], width, stride).map(RowsRef::BF16),
            Rows::I8(rows) => Matrix::new(&rows[cut], width, stride).map(RowsRef::I8),
            Rows::Binary(rows) => Ok(RowsRef::Binary {
                dim: self.kind.dim().unwrap_or(0),
                rows: Matrix::new(&rows[cut], width, stride)?,
            }),
            Rows::Sparse { ends, indices, weights } => {
                let ends = &ends[range.start..=range.end];
                // The terms of these rows and a few of the rows after them.
                let first = usize::try_from(ends[0]).unwrap_or(usize::MAX);
                Csr::new(ends, &indices[first..], &weights[first..]).map(RowsRef::Sparse)
            }
            Rows::Bytes { ends, bytes } => {
                let ends = &ends[range.start..=range.end];
                // The bytes of these rows and of those after them.
                let first = usize::try_from(ends[0] - BYTES_BEFORE).unwrap_or(usize::MAX);
                ByteRows::new(ends, &bytes[first..]).map(RowsRef::Bytes)
            }
        }
    }

    fn rows_some(&self, range: Range<usize>, _: &[u32]) -> Result<RowsRef<'_>> {
        self.rows(range)
    }
}
