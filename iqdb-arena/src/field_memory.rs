//! Memory for the rows of one field in one chunk.

use iqdb_core::VectorRef;
use iqdb_core::limits::FIELDS_MAX;

use crate::byte_rows::byte_rows;
use crate::column::{Appender, Column, columns};
use crate::components::{
    Components, ComponentsAppender, FieldValue, LINE_BYTES, WORD_BYTES, row_bytes,
};
use crate::layout::Layout;
use crate::terms::terms;

/// Memory for the vectors of one field in one chunk.
#[derive(Debug)]
pub(crate) struct Memory {
    /// The most rows.
    rows: usize,
    pub(crate) writes: ComponentsAppender,
    pub(crate) reads: Components,
}

/// Memory that was taken for the next chunks together with that of an earlier one, per field.
#[derive(Debug, Default)]
pub(crate) struct ReservedMemory([Vec<Memory>; FIELDS_MAX]);

/// The bytes of a field from which a chunk shares a mapping with the next chunks, so that the mapping
/// has room for several huge pages.
const MANY_BYTES: usize = 1 << 20;

/// The size of such a shared mapping.
const MAPPED_BYTES: usize = 8 << 20;

/// Where a chunk takes the memory for the rows of a field from.
#[derive(Debug)]
pub(crate) struct ChunkMemory<'a> {
    pub(crate) reserved: &'a mut ReservedMemory,
    pub(crate) layout: &'a Layout,
    /// The number of the chunk.
    pub(crate) chunk: usize,
    /// The most rows of the chunk.
    pub(crate) rows_max: usize,
    /// The position of the field.
    pub(crate) field: usize,
}

impl ChunkMemory<'_> {
    /// Memory for rows like this one; if it is large, also for those of the next chunks of the same
    /// capacity, up to [`MAPPED_BYTES`].
    pub(crate) fn take(&mut self, row: FieldValue<'_>) -> Memory {
        let (layout, chunk, rows) = (self.layout, self.chunk, self.rows_max);
        let reserved = &mut self.reserved.0[self.field];
        // A chunk without rows of the field took none, so there may be some of another capacity.
        reserved.retain(|memory| memory.rows == rows);
        reserved.pop().unwrap_or_else(|| {
            let vector = match row {
                FieldValue::Vector(vector) => vector,
                FieldValue::Bytes(_) => return Memory::of_bytes(rows, 0),
            };
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

impl Memory {
    /// Memory for `rows` rows of a computed field, which have about this many bytes; 0 if that is not
    /// known.
    pub(crate) fn of_bytes(rows: usize, bytes: usize) -> Self {
        let (writes, reads) = byte_rows(rows, bytes);
        Self { rows, writes: ComponentsAppender::Bytes(writes), reads: Components::Bytes(reads) }
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
