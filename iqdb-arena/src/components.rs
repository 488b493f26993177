//! What the rows of one field in one chunk are made of: dense components in lines, sparse terms, or
//! bytes.

use std::ops::Range;

use iqdb_core::{Element, Matrix, Result, RowsRef, VectorRef, bf16, f16};

use crate::byte_rows::{Bytes, BytesAppender};
use crate::column::{Appender, Column, prefetch};
use crate::terms::{Terms, TermsAppender};

/// Bytes of a line; the rows of numbers begin at multiples of it.
pub(crate) const LINE_BYTES: usize = 64;

/// Bytes to which a row of bits is padded.
pub(crate) const WORD_BYTES: usize = 8;

/// What a row of any length is taken to need, where chunks are sized before their rows are known.
const ROW_BYTES_GUESS: usize = 1_024;

/// What a record has in a field: a vector, or what core computed of its payload.
#[derive(Debug, Clone, Copy)]
pub(crate) enum FieldValue<'a> {
    Vector(VectorRef<'a>),
    Bytes(&'a [u8]),
}

impl FieldValue<'_> {
    /// The dimension of the field, 0 where it has none.
    pub(crate) fn dim(self) -> usize {
        match self {
            Self::Vector(vector) => vector.dim().unwrap_or(0),
            Self::Bytes(_) => 0,
        }
    }

    /// Loads the components of a dense vector into the cache, before they are appended.
    pub(crate) fn prefetch(self) {
        match self {
            Self::Vector(VectorRef::F32(row)) => prefetch(&row),
            Self::Vector(VectorRef::F16(row)) => prefetch(&row),
            Self::Vector(VectorRef::BF16(row)) => prefetch(&row),
            Self::Vector(VectorRef::I8(row)) => prefetch(&row),
            Self::Vector(VectorRef::Binary(row)) => prefetch(row.bytes()),
            Self::Vector(VectorRef::Sparse(_)) | Self::Bytes(_) => {}
        }
    }
}

/// What the rows are made of, as readers see it.
#[derive(Debug)]
pub(crate) enum Components {
    F32(Column<[f32; 16]>),
    F16(Column<[f16; 32]>),
    BF16(Column<[bf16; 32]>),
    I8(Column<[i8; 64]>),
    Binary(Column<[u8; WORD_BYTES]>),
    Sparse(Terms),
    Bytes(Bytes),
}

/// The one that fills [`Components`].
#[derive(Debug)]
pub(crate) enum ComponentsAppender {
    F32(Appender<[f32; 16]>),
    F16(Appender<[f16; 32]>),
    BF16(Appender<[bf16; 32]>),
    I8(Appender<[i8; 64]>),
    Binary(Appender<[u8; WORD_BYTES]>),
    Sparse(TermsAppender),
    Bytes(BytesAppender),
}

/// Bytes from one dense row to the next in a chunk; an estimate for a row of any length.
pub(crate) fn row_bytes(element: Option<Element>, dim: Option<usize>) -> usize {
    match (element, dim) {
        (Some(Element::Binary), Some(dim)) => dim.div_ceil(8).next_multiple_of(WORD_BYTES),
        (Some(element), Some(dim)) => element.vector_bytes(dim).next_multiple_of(LINE_BYTES),
        _ => ROW_BYTES_GUESS,
    }
}

impl Components {
    /// Some rows of this dimension; `None` if they are not all there.
    pub(crate) fn rows(&self, dim: usize, rows: Range<usize>) -> Option<Result<RowsRef<'_>>> {
        match self {
            Self::F32(column) => Some(matrix(column, dim, rows)?.map(RowsRef::F32)),
            Self::F16(column) => Some(matrix(column, dim, rows)?.map(RowsRef::F16)),
            Self::BF16(column) => Some(matrix(column, dim, rows)?.map(RowsRef::BF16)),
            Self::I8(column) => Some(matrix(column, dim, rows)?.map(RowsRef::I8)),
            Self::Binary(column) => {
                let rows = matrix(column, dim.div_ceil(8), rows)?;
                Some(rows.map(|rows| RowsRef::Binary { dim, rows }))
            }
            Self::Sparse(terms) => Some(terms.rows(rows)?.map(RowsRef::Sparse)),
            Self::Bytes(bytes) => Some(bytes.rows(rows)?.map(RowsRef::Bytes)),
        }
    }

    /// The bytes that a row of this dimension takes.
    pub(crate) fn bytes(&self, dim: usize, row: usize) -> usize {
        let dense = |element| row_bytes(Some(element), Some(dim));
        match self {
            Self::F32(_) => dense(Element::F32),
            Self::F16(_) => dense(Element::F16),
            Self::BF16(_) => dense(Element::BF16),
            Self::I8(_) => dense(Element::I8),
            Self::Binary(_) => dense(Element::Binary),
            Self::Sparse(terms) => terms.row_bytes(row),
            Self::Bytes(bytes) => bytes.row_bytes(row),
        }
    }
}

/// Rows of whole cells as a matrix; `None` if they are not all there.
fn matrix<T, const N: usize>(
    column: &Column<[T; N]>,
    dim: usize,
    rows: Range<usize>,
) -> Option<Result<Matrix<'_, T>>> {
    let cells = dim.div_ceil(N);
    let cut = rows.start.checked_mul(cells)?..rows.end.checked_mul(cells)?;
    Some(Matrix::new(column.slice(cut)?.as_flattened(), dim, cells * N))
}

impl ComponentsAppender {
    /// Appends a row to `reads`, of which this is the appender.
    ///
    /// # Panics
    /// When the row is not of the field's kind, or there is no room for another one.
    pub(crate) fn push(&mut self, row: FieldValue<'_>, reads: &Components) {
        use FieldValue::{Bytes, Vector};
        match (self, row) {
            (Self::F32(cells), Vector(VectorRef::F32(row))) => push_padded(cells, &row, 0.0),
            (Self::F16(cells), Vector(VectorRef::F16(row))) => push_padded(cells, &row, f16::ZERO),
            (Self::BF16(cells), Vector(VectorRef::BF16(row))) => {
                push_padded(cells, &row, bf16::ZERO);
            }
            (Self::I8(cells), Vector(VectorRef::I8(row))) => push_padded(cells, &row, 0),
            (Self::Binary(cells), Vector(VectorRef::Binary(row))) => {
                push_padded(cells, row.bytes(), 0);
            }
            (Self::Sparse(writes), Vector(VectorRef::Sparse(row))) => match reads {
                Components::Sparse(terms) => writes.push(terms, row),
                _ => unreachable!("an appender and its column are of one kind"),
            },
            (Self::Bytes(writes), Bytes(row)) => match reads {
                Components::Bytes(rows) => writes.push(rows, row),
                _ => unreachable!("an appender and its column are of one kind"),
            },
            _ => unreachable!("the batch was checked against the schema"),
        }
    }
}

/// Appends a row in whole cells, the rest of the last one filled up.
fn push_padded<T: Copy, const N: usize>(cells: &mut Appender<[T; N]>, row: &[T], zero: T) {
    let (whole, rest) = row.as_chunks::<N>();
    cells.extend_from_slice(whole);
    if !rest.is_empty() {
        let mut cell = [zero; N];
        cell[..rest.len()].copy_from_slice(rest);
        cells.push(cell);
    }
}
