//! The block of a segment that is being filled, and the parts of those that were.

use std::ops::Range;

use iqdb_core::{Birthplace, Lineage, Payload, RecordId, RecordRef, Result, Schema};

use super::column_writer::ColumnWriter;
use super::section_writer::SectionWriter;
use crate::errors::defect;
use crate::format::payloads::PayloadBlock;
use crate::format::segment::ids::encode_ids;
use crate::format::segment::layout::Shape;
use crate::format::segment::lineage::encode_lineage;

/// The rows of a block so far. The columns may be one row ahead of ids and payloads.
#[derive(Debug)]
pub(crate) struct OpenBlock {
    ids: Vec<RecordId>,
    payloads: Vec<Payload>,
    columns: Vec<ColumnWriter>,
    lineage: Lineage,
}

/// The bytes of a block.
pub(crate) struct BlockBytes {
    pub(crate) ids: Vec<u8>,
    pub(crate) payloads: Vec<u8>,
    pub(crate) lineage: Vec<u8>,
    pub(crate) columns: Vec<ColumnBytes>,
}

/// The bytes of a column.
pub(crate) struct ColumnBytes {
    /// How many vectors lie in the file already.
    placed: usize,
    /// In the order of [`ColumnPart`](crate::format::segment::layout::ColumnPart).
    parts: [Vec<u8>; 4],
}

/// The parts of a finished block.
pub(crate) struct BlockParts {
    pub(crate) ids: Part,
    pub(crate) payloads: Part,
    pub(crate) lineage: Part,
    pub(crate) columns: Vec<ColumnParts>,
}

/// A section: its bytes where placed vectors come before it in the file, else its place.
pub(crate) enum Part {
    Kept(Vec<u8>),
    Written(Range<u64>),
}

/// The parts of a finished column.
pub(crate) struct ColumnParts {
    /// How many placed vectors it has.
    pub(crate) placed: usize,
    /// In the order of [`ColumnPart`](crate::format::segment::layout::ColumnPart); those of placed
    /// vectors are known at the end.
    pub(crate) sections: [Range<u64>; 4],
    /// The rows that have placed vectors, where some have none.
    pub(crate) rows_of: Vec<u8>,
}

impl OpenBlock {
    /// Without rows.
    pub(crate) fn new(shape: &Shape) -> Self {
        let columns = shape.schema.fields().iter().map(|field| ColumnWriter::new(field.kind()));
        Self {
            ids: Vec::new(),
            payloads: Vec::new(),
            columns: columns.collect(),
            lineage: Lineage::new(),
        }
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> usize {
        self.ids.len()
    }

    /// The number of the row at hand.
    fn row(&self) -> Result<u32> {
        u32::try_from(self.ids.len()).map_err(|_| defect("a block has too many rows"))
    }

    /// Notes that the row at hand has the next placed vector; returns false where there is no column.
    pub(crate) fn note_placed(&mut self) -> Result<bool> {
        let row = self.row()?;
        let column = self.columns.first_mut().map(|column| column.note_placed(row));
        Ok(column.is_some())
    }

    /// Adds the vectors of the row at hand, and what core computed of it.
    pub(crate) fn push(&mut self, schema: &Schema, record: &RecordRef<'_>) -> Result<()> {
        let row = self.row()?;
        for (column, field) in self.columns.iter_mut().zip(schema.fields()) {
            if field.kind().is_computed() {
                if let Some(bytes) = record.computed(field.name())? {
                    column.push_bytes(row, bytes)?;
                }
            } else if let Some(vector) = record.vector(field.name())? {
                column.push(row, vector)?;
            }
        }
        Ok(())
    }

    /// Ends the row at hand.
    pub(crate) fn end_row(
        &mut self,
        id: RecordId,
        payload: Payload,
        birthplace: Option<Birthplace>,
    ) {
        self.ids.push(id);
        self.payloads.push(payload);
        self.lineage.push(birthplace);
    }

    /// The bytes of all parts.
    pub(crate) fn encode(self) -> Result<BlockBytes> {
        let ids = encode_ids(self.ids.iter().map(RecordId::as_ref))
            .ok_or_else(|| defect("the ids of a block are too long together"))?;
        let rows = self.ids.len();
        let columns = self
            .columns
            .into_iter()
            .map(|column| ColumnBytes { placed: column.placed(), parts: column.finish(rows) });
        Ok(BlockBytes {
            ids,
            payloads: PayloadBlock::encode(&self.payloads),
            lineage: encode_lineage(&self.lineage),
            columns: columns.collect(),
        })
    }
}

impl ColumnBytes {
    /// Writes a column, unless its vectors are placed.
    pub(crate) fn write(self, file: &mut SectionWriter) -> Result<ColumnParts> {
        let Self { placed, parts } = self;
        if placed > 0 {
            let [_, rows_of, ..] = parts;
            return Ok(ColumnParts { placed, sections: [const { 0..0 }; 4], rows_of });
        }
        let sections = file.append_column(&parts)?;
        Ok(ColumnParts { placed, sections, rows_of: Vec::new() })
    }
}
