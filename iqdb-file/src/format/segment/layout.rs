//! How a segment is laid out: the sizes that follow from the schema, and the footer.

use iqdb_core::Schema;

/// The header's size, and where the rows begin.
pub(crate) const HEADER: usize = 4_096;

/// The unit of everything in the body, in bytes: a line of the cache.
pub(crate) const LINE: usize = 64;

/// The most bytes under one checksum: what is read to look at a single row of a file that is larger
/// than memory.
pub(crate) const PIECE_BYTES_MAX: usize = 16 << 10;

/// The most bytes of rows in a block.
const BLOCK_BYTES_MAX: usize = 4 << 20;

/// The most rows in a block.
const BLOCK_ROWS_MAX: usize = 1 << 16;

/// The sizes that follow from a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Components of a vector.
    pub(crate) dim: usize,
    /// Components from one row to the next.
    pub(crate) stride: usize,
    /// Rows in each block but the last.
    pub(crate) block_rows: usize,
}

impl Shape {
    pub(crate) fn of(schema: &Schema) -> Self {
        let stride = schema.dim().next_multiple_of(LINE / size_of::<f32>());
        let block_rows = (BLOCK_BYTES_MAX / (stride * size_of::<f32>())).clamp(1, BLOCK_ROWS_MAX);
        Self { dim: schema.dim(), stride, block_rows: 1 << block_rows.ilog2() }
    }

    /// Bytes from one row to the next.
    pub(crate) fn row_bytes(&self) -> usize {
        self.stride * size_of::<f32>()
    }

    /// How many blocks `rows` rows take.
    pub(crate) fn blocks(&self, rows: u64) -> usize {
        usize::try_from(rows).unwrap_or(usize::MAX).div_ceil(self.block_rows)
    }
}

/// A part of the body under one checksum: it begins where the one before ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Where it ends, in bytes of the file.
    pub(crate) end: u64,
    /// XXH3-64 of its bytes.
    pub(crate) hash: u64,
}

/// Cuts `bytes`, which begin at `start`, into pieces.
pub(crate) fn pieces(bytes: &[u8], start: u64) -> impl Iterator<Item = Piece> {
    bytes.chunks(PIECE_BYTES_MAX).scan(start, |end, piece| {
        *end += piece.len() as u64;
        Some(Piece { end: *end, hash: xxhash_rust::xxh3::xxh3_64(piece) })
    })
}

/// Which part of a body something is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// The rows of a block.
    Rows(usize),
    /// The ids of a block.
    Ids(usize),
    /// The payloads of a block.
    Payloads(usize),
    /// From an id to its row.
    Index,
}

impl Section {
    /// Its place among all sections of a segment with `blocks` blocks.
    pub(crate) fn slot(self, blocks: usize) -> usize {
        match self {
            Self::Rows(block) => block,
            Self::Ids(block) => blocks + 2 * block,
            Self::Payloads(block) => blocks + 2 * block + 1,
            Self::Index => 3 * blocks,
        }
    }
}
