//! Writes a segment: the vectors of a schema that places them as they come, and everything else at the
//! end; of any other schema block by block. The index and the footer come last.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use iqdb_core::{Birthplace, Payload, RecordId, RecordRef, Result};

use super::open_block::{BlockParts, OpenBlock, Part};
use super::section_writer::SectionWriter;
use crate::errors::{defect, refused};
use crate::format::file_name::FileName;
use crate::format::manifest::SegmentInfo;
use crate::format::segment::header::header;
use crate::format::segment::index;
use crate::format::segment::layout::{ColumnPart, HEADER, Piece, Section, stride_of};
use crate::read::context::SegmentContext;
use crate::vfs::File;

/// A segment that is being written. Dropped before [`finish`](Self::finish), it leaves a file that
/// no manifest refers to.
pub(crate) struct SegmentWriter<'a> {
    context: SegmentContext<'a>,
    number: u64,
    file: SectionWriter,
    block: OpenBlock,
    /// The blocks before.
    blocks: Vec<BlockParts>,
    /// Bytes of sections that are kept.
    kept: u64,
    index: Vec<(u64, u32)>,
    described: u32,
    seed: u64,
    placed: PlacedVectors,
}

/// The vectors that lie at the beginning of the file, one after the other, where the shape
/// [places](crate::format::segment::layout::Shape::placed) them.
#[derive(Debug, Default)]
struct PlacedVectors {
    written: u64,
    /// How many of them have been described.
    described: u64,
}

impl<'a> SegmentWriter<'a> {
    /// A new file, which replaces one of its number that no manifest refers to.
    pub(crate) fn create(context: SegmentContext<'a>, number: u64) -> Result<Self> {
        let path = context.dir.path_of(FileName::Segment(number));
        let file = create(&context, number).map_err(|error| refused(&path, "made", error))?;
        Ok(Self::over(context, number, file.into(), Vec::new(), 0))
    }

    /// A file with `rows` placed vectors in these pieces; what follows them is garbage.
    pub(crate) fn adopt(
        context: SegmentContext<'a>,
        number: u64,
        file: Arc<dyn File>,
        pieces: Vec<Piece>,
        rows: u64,
    ) -> Result<Self> {
        let writer = Self::over(context, number, file, pieces, rows);
        // A crash before the first sync may have kept the rows and lost the header.
        writer.file.write_header()?;
        Ok(writer)
    }

    fn over(
        context: SegmentContext<'a>,
        number: u64,
        file: Arc<dyn File>,
        pieces: Vec<Piece>,
        rows: u64,
    ) -> Self {
        let path = context.dir.path_of(FileName::Segment(number));
        let header = header(context.database, number, &context.shape);
        Self {
            file: SectionWriter::new(path, file, header, pieces),
            // No user can know it before the segment is written, so none can choose ids that
            // collide.
            seed: context.fault.random(number),
            block: OpenBlock::new(&context.shape),
            context,
            number,
            blocks: Vec::new(),
            kept: 0,
            index: Vec::new(),
            described: 0,
            placed: PlacedVectors { written: rows, described: 0 },
        }
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> u64 {
        self.described.into()
    }

    /// How many bytes it has of finished blocks, and of all placed vectors.
    pub(crate) fn bytes(&self) -> u64 {
        self.file.end() + self.kept
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
        let is_placed = self.context.shape.placed().is_some();
        if !is_placed || !self.block.note_placed()? {
            return Err(defect("vectors are placed without a field"));
        }
        self.placed.described += 1;
        Ok(())
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
        self.block.end_row(id, payload, birthplace);
        if self.block.rows() == self.context.shape.block_rows {
            self.end_block()?;
        }
        Ok(())
    }

    /// Appends a record, after all that the file has, with what core computed of it.
    pub(crate) fn push(&mut self, record: &RecordRef<'_>) -> Result<()> {
        match self.context.shape.placed() {
            Some(kind) => {
                for field in self.context.shape.schema.fields() {
                    let Some(vector) = record.vector(field.name())? else { continue };
                    self.file.append_row(vector, stride_of(kind))?;
                    self.block.note_placed()?;
                    self.placed.written += 1;
                    self.placed.described += 1;
                }
            }
            None => self.block.push(&self.context.shape.schema, record)?,
        }
        self.describe(record)
    }

    /// Writes everything else and syncs the file, but not the directory. What the manifest is to say
    /// of it, and the file.
    pub(crate) fn finish(mut self) -> Result<(SegmentInfo, Arc<dyn File>)> {
        self.file.flush()?;
        if self.block.rows() > 0 {
            self.end_block()?;
        }
        if self.placed.described != self.placed.written {
            return Err(defect("a segment has vectors that were not described"));
        }
        let sections = self.end_sections()?;
        let rows = self.rows();
        let written = self.file.finish(rows, self.seed, sections)?;
        written.sync()?;
        Ok((SegmentInfo { number: self.number, rows, seal: written.seal }, written.file))
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
                    let rows_of = self.file.append(&column.rows_of)?;
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
        sections[Section::Index.slot(blocks, fields)] = self.file.append(&slots)?;
        Ok(sections)
    }

    fn end_block(&mut self) -> Result<()> {
        let block = std::mem::replace(&mut self.block, OpenBlock::new(&self.context.shape));
        let bytes = block.encode()?;
        let mut columns = Vec::new();
        for column in bytes.columns {
            columns.push(column.write(&mut self.file)?);
        }
        let [ids, payloads, lineage] =
            [bytes.ids, bytes.payloads, bytes.lineage].map(|bytes| self.part(bytes));
        let (ids, payloads, lineage) = (ids?, payloads?, lineage?);
        self.blocks.push(BlockParts { ids, payloads, lineage, columns });
        Ok(())
    }

    /// Writes a section, unless placed vectors may come before it.
    fn part(&mut self, bytes: Vec<u8>) -> Result<Part> {
        match self.context.shape.placed() {
            Some(_) => {
                self.kept += bytes.len() as u64;
                Ok(Part::Kept(bytes))
            }
            None => self.file.append(&bytes).map(Part::Written),
        }
    }

    /// Writes a section that was kept; returns where it lies.
    fn place(&mut self, part: Part) -> Result<Range<u64>> {
        match part {
            Part::Kept(bytes) => self.file.append(&bytes),
            Part::Written(place) => Ok(place),
        }
    }
}

/// Makes the file of a segment, with its header.
///
/// # Errors
/// Those of [`DatabaseDir::create`](crate::files::database_dir::DatabaseDir::create), and of writing.
pub(crate) fn create(context: &SegmentContext<'_>, number: u64) -> io::Result<Box<dyn File>> {
    let header = header(context.database, number, &context.shape);
    context.dir.create(FileName::Segment(number), context.database, &header)
}
