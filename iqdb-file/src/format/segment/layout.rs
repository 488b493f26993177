//! How a segment is laid out, and the file of a column beside one: the sizes that follow from the schema,
//! and the sections.

use iqdb_core::{Element, Field, FieldKind, Result, Schema};

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

/// What a row takes at least where blocks are sized, in bytes.
const ROW_BYTES_MIN: usize = 64;

/// What a sparse vector is taken to need where blocks are sized, in bytes.
const SPARSE_BYTES: usize = 1_024;

/// What the bytes of a computed field are taken to need where blocks are sized: about as much as the
/// text of a paragraph.
const COMPUTED_BYTES: usize = 512;

/// Bytes to which a vector of bits is padded.
const WORD: usize = 8;

/// What a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contents {
    /// Records: all sections of a segment.
    Records,
    /// The column of one field, and nothing in any other section.
    Column,
}

/// The sizes that follow from a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) schema: Schema,
    /// Rows in each block but the last.
    pub(crate) block_rows: usize,
    pub(crate) contents: Contents,
}

impl Shape {
    pub(crate) fn of(schema: &Schema) -> Self {
        let row_bytes: usize = schema.fields().iter().map(|field| stride_of(field.kind())).sum();
        let block_rows = BLOCK_BYTES_MAX / row_bytes.max(ROW_BYTES_MIN);
        let block_rows = 1 << block_rows.clamp(1, BLOCK_ROWS_MAX).ilog2();
        Self { schema: schema.clone(), block_rows, contents: Contents::Records }
    }

    /// The shape of the file that has the column of one field beside a segment of this shape: its blocks
    /// are those of the segment.
    ///
    /// # Errors
    /// Those of [`Schema::from_fields`].
    pub(crate) fn of_column(&self, field: &Field) -> Result<Self> {
        let schema = Schema::from_fields(vec![field.clone()])?;
        Ok(Self { schema, block_rows: self.block_rows, contents: Contents::Column })
    }

    /// The shape of the first fields; of all, where there are no more.
    ///
    /// # Errors
    /// Those of [`Schema::from_fields`].
    pub(crate) fn of_first(&self, fields: usize) -> Result<Self> {
        match self.schema.fields().get(..fields) {
            Some(first) if fields < self.fields() => {
                Ok(Self::of(&Schema::from_fields(first.to_vec())?))
            }
            _ => Ok(self.clone()),
        }
    }

    /// How many fields there are.
    pub(crate) fn fields(&self) -> usize {
        self.schema.fields().len()
    }

    /// Bytes of a row's vectors, about.
    pub(crate) fn row_bytes(&self) -> usize {
        self.schema.fields().iter().map(|field| stride_of(field.kind())).sum()
    }

    /// The only field of the schema, if it is a dense one of whole [lines](LINE): then the vectors of
    /// a segment come first in its file, one after the other, and a large batch may write its own
    /// there.
    pub(crate) fn placed(&self) -> Option<FieldKind> {
        // Sections and pieces begin at lines, and so does every vector then.
        let is_placed =
            |kind: &FieldKind| kind.dim().is_some() && stride_of(*kind).is_multiple_of(LINE);
        match self.schema.fields() {
            [field] => Some(field.kind()).filter(is_placed),
            _ => None,
        }
    }

    /// How many blocks `rows` rows take.
    pub(crate) fn blocks(&self, rows: u64) -> usize {
        usize::try_from(rows).unwrap_or(usize::MAX).div_ceil(self.block_rows)
    }

    /// How many of `rows` rows are in a block.
    pub(crate) fn rows_in(&self, block: usize, rows: u64) -> usize {
        let before = block * self.block_rows;
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        rows.saturating_sub(before).min(self.block_rows)
    }
}

/// Bytes from one dense vector to the next; an estimate for a sparse one, and for a computed field.
pub(crate) fn stride_of(kind: FieldKind) -> usize {
    match (kind.element(), kind.dim()) {
        (Some(Element::Binary), Some(dim)) => {
            Element::Binary.vector_bytes(dim).next_multiple_of(WORD)
        }
        (Some(element), Some(dim)) => element.vector_bytes(dim).next_multiple_of(LINE),
        _ if kind.is_computed() => COMPUTED_BYTES,
        _ => SPARSE_BYTES,
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
    /// The ids of a block.
    Ids(usize),
    /// The payloads of a block.
    Payloads(usize),
    /// Where the rows of a block come from.
    Lineage(usize),
    /// A part of a column: of which block, of which field.
    Column(usize, usize, ColumnPart),
    /// From an id to its row.
    Index,
}

/// A part of the vectors of one field in one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnPart {
    /// Dense vectors, a stride apart; of sparse ones the indices; of a computed field the bytes.
    Vectors,
    /// The row of the block that each vector is of; empty where all rows have one, or none has.
    RowsOf,
    /// Where each sparse vector ends, in terms, or each row of a computed field, in bytes, after a 0;
    /// empty without rows.
    Ends,
    /// The weights of sparse vectors, one for each index.
    Weights,
}

impl ColumnPart {
    const COUNT: usize = 4;
}

impl Section {
    /// Its place among all sections of a segment with `blocks` blocks and `fields` fields.
    pub(crate) fn slot(self, blocks: usize, fields: usize) -> usize {
        let of_block = 3 + ColumnPart::COUNT * fields;
        match self {
            Self::Ids(block) => block * of_block,
            Self::Payloads(block) => block * of_block + 1,
            Self::Lineage(block) => block * of_block + 2,
            Self::Column(block, field, part) => {
                block * of_block + 3 + ColumnPart::COUNT * field + part as usize
            }
            Self::Index => blocks * of_block,
        }
    }
}
