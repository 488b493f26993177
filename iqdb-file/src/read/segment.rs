//! Segments: files of rows that never change, with their ids, payloads and an index.
//!
//! `docs/format.md` has the bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use iqdb_core::{
    Block, Error, ErrorKind, IdRef, RecordId, RecordRef, Result, Schema, Seal, Version,
};

use super::block::SegmentBlock;
use super::body::Body;
use super::column_file::ColumnFile;
use super::context::SegmentContext;
use super::lineage::SegmentLineage;
use super::segment_file::{open_named, read_footer, written_shape};
use super::sidecar::{BlockSidecar, SidecarFile};
use crate::errors::damaged;
use crate::format::file_name::FileName;
use crate::format::manifest::{Entry, SegmentInfo};
use crate::format::segment::block_id::block_id;
use crate::format::segment::header::header;
use crate::format::segment::index;
use crate::format::segment::layout::{Section, Shape};
use crate::vfs::File;

/// An open segment. The file may be gone from its directory meanwhile.
#[derive(Debug)]
pub(crate) struct Segment {
    info: SegmentInfo,
    body: Arc<Body>,
    blocks: Box<[SegmentBlock]>,
    /// That of the fields that there were when it was written.
    shape: Shape,
    seed: u64,
    /// Where the index is, and how many slots it has.
    index: usize,
    slots: usize,
    /// The files of columns of fields that were added later, in the order of the fields.
    columns: Vec<Arc<ColumnFile>>,
    /// The number of rows that have ended, published or not. For writers.
    dead: Arc<AtomicU64>,
}

impl Segment {
    /// Opens a segment that a manifest names, and its column files. O(blocks), and reads only headers and
    /// footers.
    pub(crate) fn open(context: &SegmentContext<'_>, entry: &Entry) -> Result<Self> {
        let info = entry.info;
        let segment =
            Self::of(context, info, open_named(context, FileName::Segment(info.number))?)?;
        let columns = entry.columns.iter().map(|column| {
            ColumnFile::open(context, (&info, &segment.shape), *column).map(Arc::new)
        });
        let segment = segment.with_columns(columns.collect::<Result<_>>()?);
        segment.check_columns(context).map(|()| segment)
    }

    /// Whether it has a column file for each computed field that was added since it was written, and for
    /// no other field.
    fn check_columns(&self, context: &SegmentContext<'_>) -> Result<()> {
        let computed = context.shape.schema.computed_fields().map(|(id, _)| id.index());
        let expected = computed.filter(|field| *field >= self.shape.fields());
        let found = self.columns.iter().map(|column| usize::from(column.info().field));
        let (expected, found): (Vec<_>, Vec<_>) = (expected.collect(), found.collect());
        match expected == found {
            true => Ok(()),
            false => Err(damaged(
                self.body.path(),
                "its column files are not those of the computed fields that were added since",
            )
            .expected(format_args!("files of the fields {expected:?}"))
            .found(format_args!("files of the fields {found:?}"))),
        }
    }

    /// The same segment, with more column files: with those of fields that come after its own.
    pub(crate) fn with_columns(&self, files: Vec<Arc<ColumnFile>>) -> Self {
        let with_all = |(n, block): (usize, &SegmentBlock)| {
            files.iter().fold(block.clone(), |block, file| match file.column(n) {
                Some(column) => block.with_column(file.info().field.into(), column),
                None => block,
            })
        };
        let blocks = self.blocks.iter().enumerate().map(with_all).collect();
        Self {
            info: self.info,
            body: Arc::clone(&self.body),
            blocks,
            shape: self.shape.clone(),
            seed: self.seed,
            index: self.index,
            slots: self.slots,
            columns: self.columns.iter().cloned().chain(files).collect(),
            dead: Arc::clone(&self.dead),
        }
    }

    /// Opens the segment in this file.
    pub(crate) fn of(
        context: &SegmentContext<'_>,
        info: SegmentInfo,
        file: Arc<dyn File>,
    ) -> Result<Self> {
        let path = context.dir.path_of(FileName::Segment(info.number));
        let shape = written_shape(&*file, &path, &context.shape)?;
        let header = header(context.database, info.number, &shape);
        let footer = read_footer(&*file, &path, &header, info.seal, &shape)?;
        if footer.rows != info.rows {
            return Err(damaged(&path, "it has another number of rows than the manifest says")
                .expected(info.rows)
                .found(footer.rows));
        }
        let blocks = shape.blocks(info.rows);
        let index = Section::Index.slot(blocks, shape.fields());
        let vectors = (0..blocks)
            .map(|block| {
                let fields = 0..shape.fields();
                fields.map(|field| footer.vectors(&shape, block, field)).collect::<Result<_>>()
            })
            .collect::<Result<Vec<Vec<usize>>>>()?;
        let body = Body::new(
            path,
            file,
            (context.read_mode, context.fault),
            footer.pieces,
            footer.sections,
        )?;
        let slots = body.len_of(index) / index::SLOT;
        let body = Arc::new(body);
        let derived = SidecarFile::of(context, &info).map(Arc::new);
        let blocks = vectors
            .iter()
            .enumerate()
            .map(|(n, vectors)| {
                let seal = Seal::with_id(block_id(context.database, &info, footer.seed, n));
                let slot = Section::Lineage(n).slot(shape.blocks(info.rows), shape.fields());
                let lineage = SegmentLineage::new(&body, slot, shape.rows_in(n, info.rows));
                let seal = seal.with_lineage_source(lineage);
                let seal = match &derived {
                    Some(file) => seal.with_sidecar(BlockSidecar::new(file, n)),
                    None => seal,
                };
                SegmentBlock::new(&body, &shape, (info.rows, vectors), n, seal)
            })
            .collect();
        Ok(Self {
            info,
            body,
            blocks,
            shape,
            seed: footer.seed,
            index,
            slots,
            columns: Vec::new(),
            dead: Arc::default(),
        })
    }

    pub(crate) fn info(&self) -> SegmentInfo {
        self.info
    }

    /// That of the fields that there were when it was written.
    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// What a manifest says of it, given its dead rows.
    pub(crate) fn entry(&self, dead: Vec<u32>) -> Entry {
        let columns = self.columns.iter().map(|column| column.info()).collect();
        Entry { info: self.info, columns, dead }
    }

    pub(crate) fn blocks(&self) -> &[SegmentBlock] {
        &self.blocks
    }

    pub(crate) fn block(&self, n: usize) -> Option<&SegmentBlock> {
        self.blocks.get(n)
    }

    /// The block and the row in it.
    pub(crate) fn locate(&self, row: u32) -> Option<(&SegmentBlock, usize)> {
        let row = row as usize;
        Some((self.blocks.get(row / self.shape.block_rows)?, row % self.shape.block_rows))
    }

    /// Block number `n`, as it is seen at a version that has this schema, which may have fields more
    /// than the segment.
    ///
    /// # Errors
    /// [`ErrorKind::ContractViolation`](iqdb_core::ErrorKind::ContractViolation) when there is no such
    /// block.
    pub(crate) fn lend<'a>(
        &'a self,
        schema: &'a Schema,
        n: usize,
        at: Version,
    ) -> Result<Block<'a>> {
        let block = self.block(n).ok_or_else(|| no_such_block(self.blocks.len(), n))?;
        Ok(Block::new(block, schema, block.len(), at)?.sealed(block.seal()))
    }

    /// The record of a row, as it was written.
    ///
    /// # Errors
    /// As [`lend`](Self::lend).
    pub(crate) fn record<'a>(
        &'a self,
        schema: &'a Schema,
        row: u32,
        at: Version,
    ) -> Result<RecordRef<'a>> {
        let (row, rows) = (row as usize, self.shape.block_rows);
        self.lend(schema, row / rows, at)?.record(row % rows)
    }

    /// The row that had this id when the segment was made, alive or not. O(1) on average.
    pub(crate) fn find(&self, id: IdRef<'_>) -> Result<Option<u32>> {
        let slot = |n: usize| {
            let start = n * index::SLOT;
            let bytes = self.body.bytes(self.index, start..start + index::SLOT)?;
            Ok(bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)))
        };
        index::find(index::hash(id, self.seed), self.slots, slot, |row| match self.locate(row) {
            Some((block, row)) => Ok(block.id_of(row)? == id),
            None => Err(damaged(self.body.path(), "its index names a row that it doesn't have")),
        })
    }

    /// The row of this id, if it is alive at this version.
    pub(crate) fn find_alive(&self, id: &RecordId, at: Version) -> Result<Option<u32>> {
        let found = self.find(id.as_ref())?;
        Ok(found.filter(|row| self.is_alive(*row, at)))
    }

    pub(crate) fn is_alive(&self, row: u32, at: Version) -> bool {
        self.locate(row).is_some_and(|(block, row)| block.ended().is_alive(row, at))
    }

    /// Ends a row. For writers only, one at a time.
    pub(crate) fn end(&self, row: u32, version: Version) {
        if let Some((block, row)) = self.locate(row) {
            block.ended().end(row, version);
            self.dead.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Ends the rows that were dead when the database had this version.
    pub(crate) fn begin(&self, dead: &[u32], version: Version) {
        dead.iter().for_each(|row| self.end(*row, version));
        self.blocks.iter().for_each(|block| block.ended().know_from(version));
    }

    /// Says that its records have rows in another segment after this version.
    pub(crate) fn hand_over(&self, version: Version) {
        self.blocks.iter().for_each(|block| block.ended().know_up_to(version));
    }

    /// Takes back the end of a row that no view has shown.
    pub(crate) fn revive(&self, row: u32) {
        if let Some((block, row)) = self.locate(row) {
            block.ended().revive(row);
            self.dead.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// How many rows have ended.
    pub(crate) fn dead(&self) -> u64 {
        self.dead.load(Ordering::Relaxed)
    }

    /// About how many bytes the segment would have without its dead rows.
    pub(crate) fn live_bytes(&self) -> u64 {
        let live = self.info.rows - self.dead().min(self.info.rows);
        let per_row = self.bytes() / self.info.rows.max(1);
        live * per_row
    }

    /// The rows that are alive at this version, in order.
    pub(crate) fn live_rows(&self, at: Version) -> impl Iterator<Item = u32> {
        #[allow(clippy::cast_possible_truncation, reason = "checked when it was opened")]
        let rows = self.info.rows as u32;
        (0..rows).filter(move |row| self.is_alive(*row, at))
    }

    /// Skips the checks of a segment that this process has just written, and decodes its payloads, so that
    /// readers need not.
    pub(crate) fn warm(&self) -> Result<()> {
        self.body.trust();
        self.columns.iter().for_each(|column| column.trust());
        self.blocks.iter().try_for_each(|block| block.payloads().map(drop))
    }

    /// Reads and checks everything. Calls `seen` with the number of bytes of each piece.
    pub(crate) fn check_all(&self, seen: &mut dyn FnMut(u64) -> Result<()>) -> Result<()> {
        self.body.check_all(seen)?;
        self.columns.iter().try_for_each(|column| column.check_pieces(seen))?;
        for block in &self.blocks {
            block.check_all()?;
        }
        Ok(())
    }

    /// The bytes of its files.
    pub(crate) fn bytes(&self) -> u64 {
        let columns = self.columns.iter().map(|column| column.info().seal.file_len);
        self.info.seal.file_len + columns.sum::<u64>()
    }

    /// How many files it has.
    pub(crate) fn files(&self) -> u64 {
        1 + self.columns.len() as u64
    }
}

/// The error for a block that a segment or a view doesn't have.
pub(crate) fn no_such_block(count: usize, found: usize) -> Error {
    Error::new(ErrorKind::ContractViolation, "there is no such block")
        .expected(format_args!("a block below {count}"))
        .found(found)
}
