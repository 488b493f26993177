//! Writes a segment: the vectors of a schema that places them as they come, and everything else at the
//! end; of any other schema block by block. The index and the footer come last.

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use iqdb_core::{Birthplace, Lineage, Payload, RecordId, RecordRef, Result};

use crate::errors::{defect, refused};
use crate::format::file_name::FileName;
use crate::format::manifest::SegmentInfo;
use crate::format::payloads::PayloadBlock;
use crate::format::segment::footer::Footer;
use crate::format::segment::header::header;
use crate::format::segment::ids::encode_ids;
use crate::format::segment::index;
use crate::format::segment::layout::{
    ColumnPart, HEADER, LINE, Piece, Section, Shape, pieces, stride_of,
};
use crate::format::segment::lineage::encode_lineage;
use crate::format::vectors::put_row;
use crate::read::context::SegmentContext;
use crate::vfs::{File, FileExt};
use crate::write::column_writer::ColumnWriter;

/// How many bytes of rows are collected before they are written.
const BUFFER: usize = 1 << 20;

/// A segment that is being written. Dropped before [`finish`](Self::finish), it leaves a file that
/// no manifest refers to.
pub(crate) struct SegmentWriter<'a> {
    context: SegmentContext<'a>,
    path: PathBuf,
    number: u64,
    file: Arc<dyn File>,
    header: Vec<u8>,
    pieces: Vec<Piece>,
    /// Where the next byte goes.
    end: u64,
    buffer: Vec<u8>,
    /// Of the block at hand.
    ids: Vec<RecordId>,
    payloads: Vec<Payload>,
    columns: Vec<ColumnWriter>,
    lineage: Lineage,
    /// Of the blocks before.
    blocks: Vec<BlockParts>,
    /// Bytes of sections that are kept.
    kept: u64,
    index: Vec<(u64, u32)>,
    described: u32,
    seed: u64,
    /// How many vectors lie at the beginning of the file, one after the other, where the shape
    /// [places](Shape::placed) them; and how many of them have been described.
    placed: u64,
    described_placed: u64,
}

/// The parts of a finished block.
struct BlockParts {
    ids: Part,
    payloads: Part,
    lineage: Part,
    columns: Vec<ColumnParts>,
}

/// A section: its bytes where placed vectors come before it in the file, else its place.
enum Part {
    Kept(Vec<u8>),
    Written(Range<u64>),
}

/// The parts of a finished column.
struct ColumnParts {
    /// How many placed vectors it has.
    placed: usize,
    /// In the order of [`ColumnPart`]; those of placed vectors are known at the end.
    sections: [Range<u64>; 4],
    /// The rows that have placed vectors, where some have none.
    rows_of: Vec<u8>,
}

impl<'a> SegmentWriter<'a> {
    /// A new file, which replaces one of its number that no manifest refers to.
    pub(crate) fn create(context: SegmentContext<'a>, number: u64) -> Result<Self> {
        let path = context.dir.path_of(FileName::Segment(number));
        let file = create(&context, number).map_err(|error| refused(&path, "made", error))?;
        Ok(Self::over(context, number, path, file.into(), Vec::new(), 0))
    }

    /// A file with `rows` placed vectors in these pieces; what follows them is garbage.
    pub(crate) fn adopt(
        context: SegmentContext<'a>,
        number: u64,
        file: Arc<dyn File>,
        pieces: Vec<Piece>,
        rows: u64,
    ) -> Result<Self> {
        let path = context.dir.path_of(FileName::Segment(number));
        let writer = Self::over(context, number, path, file, pieces, rows);
        // A crash before the first sync may have kept the rows and lost the header.
        let written = writer.file.write_all_at(&writer.header, 0);
        written.map_err(|error| refused(&writer.path, "written", error))?;
        Ok(writer)
    }

    fn over(
        context: SegmentContext<'a>,
        number: u64,
        path: PathBuf,
        file: Arc<dyn File>,
        pieces: Vec<Piece>,
        rows: u64,
    ) -> Self {
        Self {
            header: header(context.database, number, &context.shape),
            end: pieces.last().map_or(HEADER as u64, |piece| piece.end),
            // No user can know it before the segment is written, so none can choose ids that
            // collide.
            seed: context.fault.random(number),
            columns: columns_of(&context.shape),
            context,
            path,
            number,
            file,
            pieces,
            buffer: Vec::new(),
            ids: Vec::new(),
            payloads: Vec::new(),
            lineage: Lineage::new(),
            blocks: Vec::new(),
            kept: 0,
            index: Vec::new(),
            described: 0,
            placed: rows,
            described_placed: 0,
        }
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> u64 {
        self.described.into()
    }

    /// How many bytes it has of finished blocks, and of all placed vectors.
    pub(crate) fn bytes(&self) -> u64 {
        self.end + self.buffer.len() as u64 + self.kept
    }

    /// Says which record the next placed vector is of that has not been described yet.
    pub(crate) fn describe_placed(&mut self, record: &RecordRef<'_>) -> Result<()> {
        self.note_placed()?;
        self.describe(record)
    }

    fn describe(&mut self, record: &RecordRef<'_>) -> Result<()> {
        let id = record.id()?;
        self.index.push((index::hash(id, self.seed), self.described));
        self.describe_as(id.to_id(), record.payload()?.to_payload()?, record.birthplace()?)
    }

    /// Passes over the next placed vector: no id leads to it.
    pub(crate) fn describe_dead(&mut self) -> Result<()> {
        self.note_placed()?;
        self.describe_as(RecordId::from(0), Payload::new(), None)
    }

    /// Notes that the row at hand has the next placed vector.
    fn note_placed(&mut self) -> Result<()> {
        let row = self.row()?;
        let column = self.columns.first_mut().filter(|_| self.context.shape.placed().is_some());
        column.ok_or_else(|| defect("vectors are placed without a field"))?.note_placed(row);
        self.described_placed += 1;
        Ok(())
    }

    /// The number of the row at hand in its block.
    fn row(&self) -> Result<u32> {
        u32::try_from(self.ids.len()).map_err(|_| defect("a block has too many rows"))
    }

    fn describe_as(
        &mut self,
        id: RecordId,
        payload: Payload,
        birthplace: Option<Birthplace>,
    ) -> Result<()> {
        self.described = self
            .described
            .checked_add(1)
            .filter(|described| *described < u32::MAX)
            .ok_or_else(|| defect("a segment has too many rows"))?;
        self.ids.push(id);
        self.payloads.push(payload);
        self.lineage.push(birthplace);
        if self.ids.len() == self.context.shape.block_rows {
            self.end_block()?;
        }
        Ok(())
    }

    /// Appends a record, after all that the file has.
    pub(crate) fn push(&mut self, record: &RecordRef<'_>) -> Result<()> {
        let row = self.row()?;
        let is_placed = self.context.shape.placed().is_some();
        for (column, field) in self.columns.iter_mut().zip(self.context.shape.schema.fields()) {
            let Some(vector) = record.vector(field.name())? else { continue };
            if is_placed {
                put_row(&mut self.buffer, vector, stride_of(field.kind()));
                column.note_placed(row);
                self.placed += 1;
                self.described_placed += 1;
            } else {
                column.push(row, vector)?;
            }
        }
        self.describe(record)?;
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes everything else and syncs the file, but not the directory. What the manifest is to say
    /// of it, and the file.
    pub(crate) fn finish(mut self) -> Result<(SegmentInfo, Arc<dyn File>)> {
        self.flush()?;
        if !self.ids.is_empty() {
            self.end_block()?;
        }
        if self.described_placed != self.placed {
            return Err(defect("a segment has vectors that were not described"));
        }
        let sections = self.end_sections()?;
        self.flush()?;
        let rows = self.rows();
        let footer =
            Footer { rows, pieces: self.pieces.into(), sections: sections.into(), seed: self.seed };
        let (bytes, seal) = footer.encode(&self.header);
        let path = &self.path;
        let io = |what| move |error| refused(path, what, error);
        self.file.write_all_at(&bytes, self.end).map_err(io("written"))?;
        // A file that was left behind, or grown into, may be longer.
        self.file.set_len(seal.file_len).map_err(io("cut"))?;
        self.file.sync_data().map_err(io("synced"))?;
        Ok((SegmentInfo { number: self.number, rows, seal }, self.file))
    }

    /// Writes the rest of all blocks, and the index; returns where everything lies.
    fn end_sections(&mut self) -> Result<Vec<Range<u64>>> {
        let (blocks, fields) = (self.blocks.len(), self.context.shape.fields());
        let stride = self.context.shape.placed().map_or(0, stride_of) as u64;
        let mut sections = vec![0..0; Section::Index.slot(blocks, fields) + 1];
        let mut placed = HEADER as u64;
        for (block, parts) in std::mem::take(&mut self.blocks).into_iter().enumerate() {
            for (field, mut column) in parts.columns.into_iter().enumerate() {
                if column.placed > 0 {
                    let end = placed + column.placed as u64 * stride;
                    column.sections[ColumnPart::Vectors as usize] = placed..end;
                    placed = end;
                    let rows_of = self.append(&column.rows_of)?;
                    column.sections[ColumnPart::RowsOf as usize] = rows_of;
                }
                let first = Section::Column(block, field, ColumnPart::Vectors).slot(blocks, fields);
                sections[first..first + column.sections.len()].clone_from_slice(&column.sections);
            }
            sections[Section::Ids(block).slot(blocks, fields)] = self.place(parts.ids)?;
            sections[Section::Payloads(block).slot(blocks, fields)] = self.place(parts.payloads)?;
            sections[Section::Lineage(block).slot(blocks, fields)] = self.place(parts.lineage)?;
        }
        let slots = index::build(&self.index);
        sections[Section::Index.slot(blocks, fields)] = self.append(&slots)?;
        // An empty section lies where any section can.
        for section in sections.iter_mut().filter(|section| section.is_empty()) {
            *section = HEADER as u64..HEADER as u64;
        }
        Ok(sections)
    }

    fn end_block(&mut self) -> Result<()> {
        let ids = encode_ids(self.ids.iter().map(RecordId::as_ref))
            .ok_or_else(|| defect("the ids of a block are too long together"))?;
        let payloads = PayloadBlock::encode(&self.payloads);
        let rows = self.ids.len();
        let mut columns = Vec::new();
        for column in std::mem::replace(&mut self.columns, columns_of(&self.context.shape)) {
            columns.push(self.end_column(column, rows)?);
        }
        let lineage = encode_lineage(&std::mem::take(&mut self.lineage));
        let (ids, payloads, lineage) = (self.part(ids)?, self.part(payloads)?, self.part(lineage)?);
        self.blocks.push(BlockParts { ids, payloads, lineage, columns });
        self.ids.clear();
        self.payloads.clear();
        Ok(())
    }

    /// Writes a section, unless placed vectors may come before it.
    fn part(&mut self, bytes: Vec<u8>) -> Result<Part> {
        match self.context.shape.placed() {
            Some(_) => {
                self.kept += bytes.len() as u64;
                Ok(Part::Kept(bytes))
            }
            None => self.append(&bytes).map(Part::Written),
        }
    }

    /// Writes a section that was kept; returns where it lies.
    fn place(&mut self, part: Part) -> Result<Range<u64>> {
        match part {
            Part::Kept(bytes) => self.append(&bytes),
            Part::Written(place) => Ok(place),
        }
    }

    /// Writes a column, unless its vectors are placed.
    fn end_column(&mut self, column: ColumnWriter, rows: usize) -> Result<ColumnParts> {
        let placed = column.placed();
        let [vectors, rows_of, ends, weights] = column.finish(rows);
        let mut sections = [const { 0..0 }; 4];
        if placed > 0 {
            return Ok(ColumnParts { placed, sections, rows_of });
        }
        for (section, bytes) in sections.iter_mut().zip([vectors, rows_of, ends, weights]) {
            *section = self.append(&bytes)?;
        }
        Ok(ColumnParts { placed, sections, rows_of: Vec::new() })
    }

    /// Adds a section, padded to whole lines; returns where it lies, without its padding.
    fn append(&mut self, bytes: &[u8]) -> Result<Range<u64>> {
        if self.buffer.len() + bytes.len() > BUFFER {
            self.flush()?;
        }
        let start = self.end + self.buffer.len() as u64;
        self.buffer.extend_from_slice(bytes);
        self.buffer.resize(self.buffer.len().next_multiple_of(LINE), 0);
        Ok(start..start + bytes.len() as u64)
    }

    fn flush(&mut self) -> Result<()> {
        self.file
            .write_all_at(&self.buffer, self.end)
            .map_err(|error| refused(&self.path, "written", error))?;
        self.pieces.extend(pieces(&self.buffer, self.end));
        self.end += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

/// Empty columns, one for each field.
fn columns_of(shape: &Shape) -> Vec<ColumnWriter> {
    shape.schema.fields().iter().map(|field| ColumnWriter::new(field.kind())).collect()
}

/// Makes the file of a segment, with its header.
///
/// # Errors
/// Those of [`DatabaseDir::create`](crate::files::database_dir::DatabaseDir::create), and of writing.
pub(crate) fn create(context: &SegmentContext<'_>, number: u64) -> io::Result<Box<dyn File>> {
    let header = header(context.database, number, &context.shape);
    context.dir.create(FileName::Segment(number), context.database, &header)
}
