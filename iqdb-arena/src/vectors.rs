//! The vectors of one field in one chunk: packed, padded to whole lines, and lent without a copy.
//!
//! The memory of a field is taken when the chunk's first record with a vector of it is written.
//! Until a record without one is written, the rows of the field are the rows of the chunk; from then
//! on a list names the chunk's row of each.
//!
//! ```text
//! skip(row):                 the record of this row has no vector
//!     if there are vectors but no list: set the list to the rows so far
//! push(row, vector):
//!     if there are no vectors but rows before this one: set an empty list
//!     if there is no memory: take it
//!     append the vector, and the row to the list
//! ```
//! A reader loads the memory first and the list afterwards. Its view shows rows that were written
//! before the view was published, so the list that it needs was set before; a list that was set
//! later begins with the same rows.

use std::ops::Range;
use std::sync::OnceLock;

use iqdb_core::limits::FIELDS_MAX;
use iqdb_core::{
    Element, Error, ErrorKind, Matrix, Result, RowsRef, VectorColumn, VectorRef, bf16, f16,
};

use crate::column::{Appender, Column, column, columns};
use crate::layout::Layout;
use crate::terms::{Terms, TermsAppender, terms};

/// Bytes of a line; the rows of numbers begin at multiples of it.
pub(crate) const LINE_BYTES: usize = 64;

/// Bytes to which a row of bits is padded.
const WORD_BYTES: usize = 8;

/// What a sparse row is taken to need, where chunks are sized before their rows are known.
const SPARSE_ROW_BYTES: usize = 1_024;

/// The vectors of one field in one chunk, as readers see them.
#[derive(Debug, Default)]
pub(crate) struct FieldColumn {
    /// With the dimension of the field, 0 for a sparse one.
    components: OnceLock<(usize, Components)>,
    rows_of: OnceLock<Column<u32>>,
}

/// Dense components in lines, or sparse terms.
#[derive(Debug)]
enum Components {
    F32(Column<[f32; 16]>),
    F16(Column<[f16; 32]>),
    BF16(Column<[bf16; 32]>),
    I8(Column<[i8; 64]>),
    Binary(Column<[u8; WORD_BYTES]>),
    Sparse(Terms),
}

/// The one that fills a [`FieldColumn`].
#[derive(Debug, Default)]
pub(crate) struct FieldAppender {
    components: Option<ComponentsAppender>,
    rows_of: Option<Appender<u32>>,
    /// How many vectors there are.
    len: u32,
}

#[derive(Debug)]
enum ComponentsAppender {
    F32(Appender<[f32; 16]>),
    F16(Appender<[f16; 32]>),
    BF16(Appender<[bf16; 32]>),
    I8(Appender<[i8; 64]>),
    Binary(Appender<[u8; WORD_BYTES]>),
    Sparse(TermsAppender),
}

/// Memory for the vectors of one field in one chunk.
#[derive(Debug)]
pub(crate) struct Memory {
    /// The most rows.
    rows: usize,
    writes: ComponentsAppender,
    reads: Components,
}

/// Memory that was taken for the next chunks together with that of an earlier one, per field.
#[derive(Debug, Default)]
pub(crate) struct ReservedMemory([Vec<Memory>; FIELDS_MAX]);

/// The bytes of vectors from which a chunk shares a mapping with the next chunks, so that the mapping
/// has room for several huge pages.
const MANY_BYTES: usize = 1 << 20;

/// The size of such a shared mapping.
const MAPPED_BYTES: usize = 8 << 20;

/// Where a chunk takes the memory for the vectors of a field from.
#[derive(Debug)]
pub(crate) struct ChunkMemory<'a> {
    pub(crate) reserved: &'a mut ReservedMemory,
    pub(crate) layout: &'a Layout,
    /// The number of the chunk.
    pub(crate) chunk: usize,
    /// The position of the field.
    pub(crate) field: usize,
}

impl ChunkMemory<'_> {
    /// Memory for vectors like this one; if it is large, also for those of the next chunks of the
    /// same capacity, up to [`MAPPED_BYTES`].
    fn take(&mut self, vector: VectorRef<'_>) -> Memory {
        let (layout, chunk) = (self.layout, self.chunk);
        let rows = layout.chunk_rows(chunk);
        let reserved = &mut self.reserved.0[self.field];
        // A chunk without vectors of the field took none, so there may be some of another capacity.
        reserved.retain(|memory| memory.rows == rows);
        reserved.pop().unwrap_or_else(|| {
            let bytes = rows * row_bytes(vector.element(), vector.dim());
            let huge_pages = layout.huge_pages();
            let count = match bytes {
                MANY_BYTES.. if huge_pages => {
                    layout.equal_chunks(chunk, MAPPED_BYTES / bytes).max(1)
                }
                _ => 1,
            };
            *reserved = memory(vector, rows, count, huge_pages);
            reserved.reverse();
            reserved.pop().expect("there is room for one chunk at least")
        })
    }
}

/// Bytes from one dense row to the next in a chunk; an estimate for a sparse row.
pub(crate) fn row_bytes(element: Option<Element>, dim: Option<usize>) -> usize {
    match (element, dim) {
        (Some(Element::Binary), Some(dim)) => dim.div_ceil(8).next_multiple_of(WORD_BYTES),
        (Some(element), Some(dim)) => element.vector_bytes(dim).next_multiple_of(LINE_BYTES),
        _ => SPARSE_ROW_BYTES,
    }
}

/// Memory for vectors like this one in `count` chunks of `rows` rows, side by side where that is
/// possible.
fn memory(vector: VectorRef<'_>, rows: usize, count: usize, huge_pages: bool) -> Vec<Memory> {
    use Components as C;
    use ComponentsAppender as A;
    let bytes = rows * row_bytes(vector.element(), vector.dim());
    let (lines, words) = (bytes / LINE_BYTES, bytes / WORD_BYTES);
    let (many, huge) = (count, huge_pages);
    match vector {
        VectorRef::F32(_) => dense(rows, columns(lines, many, huge), A::F32, C::F32),
        VectorRef::F16(_) => dense(rows, columns(lines, many, huge), A::F16, C::F16),
        VectorRef::BF16(_) => dense(rows, columns(lines, many, huge), A::BF16, C::BF16),
        VectorRef::I8(_) => dense(rows, columns(lines, many, huge), A::I8, C::I8),
        VectorRef::Binary(_) => dense(rows, columns(words, many, huge), A::Binary, C::Binary),
        VectorRef::Sparse(_) => {
            let (writes, reads) = terms(rows);
            vec![Memory { rows, writes: A::Sparse(writes), reads: C::Sparse(reads) }]
        }
    }
}

fn dense<T>(
    rows: usize,
    pairs: Vec<(Appender<T>, Column<T>)>,
    writes: fn(Appender<T>) -> ComponentsAppender,
    reads: fn(Column<T>) -> Components,
) -> Vec<Memory> {
    let memory =
        |(appender, column)| Memory { rows, writes: writes(appender), reads: reads(column) };
    pairs.into_iter().map(memory).collect()
}

impl FieldColumn {
    /// The column, once a vector was written.
    pub(crate) fn written(&self) -> Option<&Self> {
        self.components.get().map(|_| self)
    }

    /// Where the vector of a row of the chunk is, if it has one. O(log rows).
    fn position(&self, row: usize) -> Option<usize> {
        self.components.get()?;
        match self.rows_of.get() {
            None => Some(row),
            Some(rows) => rows.all().binary_search(&u32::try_from(row).ok()?).ok(),
        }
    }

    /// The bytes that the vector of a row of the chunk takes; 0 if it has none. O(log rows).
    pub(crate) fn bytes(&self, row: usize) -> usize {
        let (Some(position), Some((_, components))) = (self.position(row), self.components.get())
        else {
            return 0;
        };
        match components {
            Components::Sparse(terms) => terms.row_bytes(position),
            Components::Binary(_) => row_bytes(Some(Element::Binary), self.dim()),
            Components::F32(_) => row_bytes(Some(Element::F32), self.dim()),
            Components::F16(_) => row_bytes(Some(Element::F16), self.dim()),
            Components::BF16(_) => row_bytes(Some(Element::BF16), self.dim()),
            Components::I8(_) => row_bytes(Some(Element::I8), self.dim()),
        }
    }

    fn dim(&self) -> Option<usize> {
        self.components.get().map(|(dim, _)| *dim)
    }

    /// The vector of a row of the chunk, if it has one. O(dim), and O(log rows) to find it.
    pub(crate) fn vector(&self, row: usize) -> Option<VectorRef<'_>> {
        let position = self.position(row)?;
        self.lend(position..position.checked_add(1)?)?.ok()?.vector(0).ok()
    }

    /// Some rows, numbered in the column; `None` if they are not all there.
    fn lend(&self, rows: Range<usize>) -> Option<Result<RowsRef<'_>>> {
        let (dim, components) = self.components.get()?;
        let dim = *dim;
        match components {
            Components::F32(column) => Some(matrix(column, dim, rows)?.map(RowsRef::F32)),
            Components::F16(column) => Some(matrix(column, dim, rows)?.map(RowsRef::F16)),
            Components::BF16(column) => Some(matrix(column, dim, rows)?.map(RowsRef::BF16)),
            Components::I8(column) => Some(matrix(column, dim, rows)?.map(RowsRef::I8)),
            Components::Binary(column) => {
                let rows = matrix(column, dim.div_ceil(8), rows)?;
                Some(rows.map(|rows| RowsRef::Binary { dim, rows }))
            }
            Components::Sparse(terms) => Some(terms.rows(rows)?.map(RowsRef::Sparse)),
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
    /// Appends the vector of row `row` of chunk number `chunk`, which is above the rows before.
    ///
    /// # Panics
    /// When the vector is not of the field's kind, or the chunk is full.
    pub(crate) fn push(
        &mut self,
        field: &FieldColumn,
        row: u32,
        vector: VectorRef<'_>,
        at: &mut ChunkMemory<'_>,
    ) {
        if self.rows_of.is_none() && row != self.len {
            self.name_rows(field, at.layout.chunk_rows(at.chunk));
        }
        let components = self.components.get_or_insert_with(|| {
            let Memory { writes, reads, .. } = at.take(vector);
            let dim = vector.dim().unwrap_or(0);
            field.components.set((dim, reads)).expect("the writer sets it once");
            writes
        });
        components.push(vector, field.components.get().map(|(_, components)| components));
        if let Some(rows_of) = &mut self.rows_of {
            rows_of.push(row);
        }
        self.len += 1;
    }

    /// Notes that a row of the chunk has no vector.
    pub(crate) fn skip(&mut self, field: &FieldColumn, at: &ChunkMemory<'_>) {
        if self.len > 0 && self.rows_of.is_none() {
            self.name_rows(field, at.layout.chunk_rows(at.chunk));
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

impl ComponentsAppender {
    fn push(&mut self, vector: VectorRef<'_>, reads: Option<&Components>) {
        match (self, vector) {
            (Self::F32(cells), VectorRef::F32(vector)) => push_padded(cells, &vector, 0.0),
            (Self::F16(cells), VectorRef::F16(vector)) => push_padded(cells, &vector, f16::ZERO),
            (Self::BF16(cells), VectorRef::BF16(vector)) => {
                push_padded(cells, &vector, bf16::ZERO);
            }
            (Self::I8(cells), VectorRef::I8(vector)) => push_padded(cells, &vector, 0),
            (Self::Binary(cells), VectorRef::Binary(vector)) => {
                push_padded(cells, vector.bytes(), 0);
            }
            (Self::Sparse(writes), VectorRef::Sparse(vector)) => match reads {
                Some(Components::Sparse(terms)) => writes.push(terms, vector),
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
