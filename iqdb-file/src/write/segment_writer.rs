//! Writes a segment: rows as they come; their ids and payloads, the index and the footer at the end.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use iqdb_core::{BlockSource, IdRef, Payload, PayloadRef, RecordId, Result};

use crate::errors::{defect, refused};
use crate::format::file_name::FileName;
use crate::format::manifest::SegmentInfo;
use crate::format::payloads::PayloadBlock;
use crate::format::segment::footer::Footer;
use crate::format::segment::header::header;
use crate::format::segment::ids::encode_ids;
use crate::format::segment::index;
use crate::format::segment::layout::{HEADER, LINE, Piece, Section, pieces};
use crate::read::context::SegmentContext;
use crate::read::segment::Segment;
use crate::vfs::{File, FileExt};

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
    /// Rows that are in the file or in the buffer.
    rows: u64,
    buffer: Vec<u8>,
    /// Of the block at hand.
    ids: Vec<RecordId>,
    payloads: Vec<Payload>,
    /// Of the blocks before: ids, payloads.
    blocks: Vec<(Vec<u8>, Vec<u8>)>,
    index: Vec<(u64, u32)>,
    described: u32,
    seed: u64,
}

impl<'a> SegmentWriter<'a> {
    /// A new file, which replaces one of its number that no manifest refers to.
    pub(crate) fn create(context: SegmentContext<'a>, number: u64) -> Result<Self> {
        let path = context.dir.path_of(FileName::Segment(number));
        let file = create(&context, number).map_err(|error| refused(&path, "made", error))?;
        Ok(Self::over(context, number, path, file.into(), Vec::new(), 0))
    }

    /// A file with `rows` rows in these pieces; what follows them is garbage.
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
            context,
            path,
            number,
            file,
            pieces,
            rows,
            buffer: Vec::new(),
            ids: Vec::new(),
            payloads: Vec::new(),
            blocks: Vec::new(),
            index: Vec::new(),
            described: 0,
        }
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Says what the next row of the file is that has not been described yet.
    pub(crate) fn describe(&mut self, id: IdRef<'_>, payload: &PayloadRef<'_>) -> Result<()> {
        let row = self.described;
        self.index.push((index::hash(id, self.seed), row));
        self.describe_as(id.to_id(), payload.to_payload()?)
    }

    /// Passes over the next row of the file: no id leads to it.
    pub(crate) fn describe_dead(&mut self) -> Result<()> {
        self.describe_as(RecordId::from(0), Payload::new())
    }

    fn describe_as(&mut self, id: RecordId, payload: Payload) -> Result<()> {
        self.described = self
            .described
            .checked_add(1)
            .filter(|described| *described < u32::MAX)
            .ok_or_else(|| defect("a segment has too many rows"))?;
        self.ids.push(id);
        self.payloads.push(payload);
        if self.ids.len() == self.context.shape.block_rows {
            self.end_block()?;
        }
        Ok(())
    }

    /// Appends a row, after all that the file has, and describes it.
    pub(crate) fn push(
        &mut self,
        id: IdRef<'_>,
        vector: &[f32],
        payload: &PayloadRef<'_>,
    ) -> Result<()> {
        push_row(&mut self.buffer, vector, self.context.shape.stride);
        self.rows += 1;
        self.describe(id, payload)?;
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(())
    }

    /// Appends a row of another segment.
    pub(crate) fn push_row_of(&mut self, segment: &Segment, row: u32) -> Result<()> {
        let (block, row) = segment.locate(row).ok_or_else(|| defect("a row is in no block"))?;
        let vector = block.rows(row..row + 1)?;
        let vector = vector
            .get(..segment.shape().dim)
            .ok_or_else(|| defect("a row has too few components"))?;
        self.push(block.id_of(row)?, vector, &block.payload(row)?)
    }

    /// Writes everything else and syncs the file, but not the directory. What the manifest is to say
    /// of it, and the file.
    pub(crate) fn finish(mut self) -> Result<(SegmentInfo, Arc<dyn File>)> {
        self.flush()?;
        if !self.ids.is_empty() {
            self.end_block()?;
        }
        if u64::from(self.described) != self.rows {
            return Err(defect("a segment has rows that were not described"));
        }
        let shape = self.context.shape;
        let blocks = self.blocks.len();
        let mut sections = vec![0..0; Section::Index.slot(blocks) + 1];
        let mut start = HEADER as u64;
        for block in 0..blocks {
            let rows = (self.rows - (block * shape.block_rows) as u64).min(shape.block_rows as u64);
            let end = start + rows * shape.row_bytes() as u64;
            sections[Section::Rows(block).slot(blocks)] = start..end;
            start = end;
        }
        for (block, (ids, payloads)) in std::mem::take(&mut self.blocks).into_iter().enumerate() {
            sections[Section::Ids(block).slot(blocks)] = self.append(&ids)?;
            sections[Section::Payloads(block).slot(blocks)] = self.append(&payloads)?;
        }
        let slots = index::build(&self.index);
        sections[Section::Index.slot(blocks)] = self.append(&slots)?;
        self.flush()?;
        let footer = Footer {
            rows: self.rows,
            pieces: self.pieces.into(),
            sections: sections.into(),
            seed: self.seed,
        };
        let (bytes, seal) = footer.encode(&self.header);
        let path = &self.path;
        let io = |what| move |error| refused(path, what, error);
        self.file.write_all_at(&bytes, self.end).map_err(io("written"))?;
        // A file that was left behind, or grown into, may be longer.
        self.file.set_len(seal.file_len).map_err(io("cut"))?;
        self.file.sync_data().map_err(io("synced"))?;
        Ok((SegmentInfo { number: self.number, rows: self.rows, seal }, self.file))
    }

    fn end_block(&mut self) -> Result<()> {
        let ids = encode_ids(self.ids.iter().map(RecordId::as_ref))
            .ok_or_else(|| defect("the ids of a block are too long together"))?;
        let payloads = PayloadBlock::encode(&self.payloads);
        self.blocks.push((ids, payloads));
        self.ids.clear();
        self.payloads.clear();
        Ok(())
    }

    /// Adds a section, padded to whole lines; returns where it lies, without its padding.
    fn append(&mut self, bytes: &[u8]) -> Result<std::ops::Range<u64>> {
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

/// Makes the file of a segment, with its header.
///
/// # Errors
/// Those of [`DatabaseDir::create`](crate::files::database_dir::DatabaseDir::create), and of writing.
pub(crate) fn create(context: &SegmentContext<'_>, number: u64) -> io::Result<Box<dyn File>> {
    let header = header(context.database, number, &context.shape);
    context.dir.create(FileName::Segment(number), context.database, &header)
}

/// Appends a row with its padding.
pub(crate) fn push_row(bytes: &mut Vec<u8>, vector: &[f32], stride: usize) {
    let end = bytes.len() + stride * size_of::<f32>();
    bytes.extend_from_slice(bytemuck::cast_slice(vector));
    bytes.resize(end, 0);
}
