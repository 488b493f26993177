//! The tables of a database: its segments, and what the log adds to them in memory.

use std::sync::Arc;

use iqdb_core::{Batch, Change, Field, FieldKind, Result, Shelf};

use super::batch_plan::BatchPlan;
use super::checkpoint_policy::is_mostly_dead;
use super::checkpoint_schedule::LogSize;
use super::log_tail::LogTail;
use super::memtable::Memtable;
use super::open_segment::{OpenSegment, Position};
use super::row_writer::PendingRows;
use super::staged_group::{StagedGroup, Undo};
use crate::fault::InjectedFault;
use crate::files::log::Log;
use crate::format::batch::PlacedRows;
use crate::format::manifest::{Entry, Manifest};
use crate::format::segment::footer::{END_BYTES, ROW_OF_BYTES};
use crate::format::segment::layout::{LINE, Section, Shape, stride_of};
use crate::format::segment::lineage::{BLOCK_ID_BYTES, RUN_BYTES};
use crate::options::FileOptions;
use crate::read::context::SegmentContext;
use crate::read::last_layout::LastLayout;
use crate::read::view::{Segments, View};
use crate::vfs::{Access, Process};

/// Bytes of a record in a segment beside its vector, its id and its payload, at most: in the index, the
/// ends of ids, in the lineage, and a field of a payload more or less.
const INDEXED_BYTES: usize = 48 + RUN_BYTES + BLOCK_ID_BYTES;

/// Bytes of a vector in a segment beside its components, at most: the number of its row, and where a
/// sparse one ends.
const COLUMN_BYTES: usize = ROW_OF_BYTES + END_BYTES;

/// Bytes of a section beside its content, at most: its place in the footer, and padding.
const SECTION_BYTES: usize = 16 + LINE;

/// Segments, log, open segment and memtable. A checkpoint replaces all of them.
#[derive(Debug)]
pub(crate) struct Tables {
    shape: Shape,
    segments: Arc<Segments>,
    log: LogTail,
    open_segment: OpenSegment,
    memtable: Memtable,
    shelf: Arc<Shelf>,
    layouts: LastLayout,
}

impl Tables {
    /// The tables at the start of the manifest's log.
    pub(crate) fn new(
        manifest: &Manifest,
        segments: Segments,
        (log, shelf): (Log, Arc<Shelf>),
        fault: InjectedFault,
    ) -> Self {
        let rows = |entry: &Entry| entry.info.rows - entry.dead.len() as u64;
        let live = manifest.segments.iter().map(rows).sum();
        Self {
            shape: Shape::of(&manifest.schema),
            segments: Arc::new(segments),
            log: LogTail::new(log),
            open_segment: OpenSegment::new(manifest.open_segment),
            memtable: Memtable::new(manifest, live, fault),
            shelf,
            layouts: LastLayout::default(),
        }
    }

    pub(crate) fn segments(&self) -> &Segments {
        &self.segments
    }

    /// What searches keep.
    pub(crate) fn shelf(&self) -> &Arc<Shelf> {
        &self.shelf
    }

    pub(crate) fn log(&self) -> &LogTail {
        &self.log
    }

    pub(crate) fn log_mut(&mut self) -> &mut LogTail {
        &mut self.log
    }

    pub(crate) fn open_segment(&self) -> &OpenSegment {
        &self.open_segment
    }

    pub(crate) fn open_segment_mut(&mut self) -> &mut OpenSegment {
        &mut self.open_segment
    }

    pub(crate) fn memtable(&self) -> &Memtable {
        &self.memtable
    }

    /// The view that readers get once everything that is staged is on the disk.
    ///
    /// # Errors
    /// Those of the memtable.
    pub(crate) fn view(&self, process: Process) -> Result<View> {
        let memtable = self.memtable.snapshot()?;
        Ok(View {
            layout: self.layouts.of(&memtable),
            shelf: Arc::clone(&self.shelf),
            schema: self.memtable.schema(),
            version: self.memtable.version(),
            live: self.memtable.live(),
            segments: Arc::clone(&self.segments),
            memtable,
            process,
        })
    }

    /// Decides what a batch does. Changes nothing.
    ///
    /// # Errors
    /// Those of reading the segments.
    pub(crate) fn plan<'b>(&self, batch: &'b Batch) -> Result<BatchPlan<'b>> {
        BatchPlan::new(batch, &self.memtable, &self.segments)
    }

    /// Begins to write the vectors of a large batch to the open segment. `None` for a batch whose
    /// vectors go to the log: a small one, one with a record without a vector, or any where the
    /// schema has several fields.
    ///
    /// # Errors
    /// Those of making the file.
    pub(crate) fn place_rows(
        &mut self,
        context: &SegmentContext<'_>,
        options: &FileOptions,
        batch: &Batch,
    ) -> Result<Option<(PlacedRows, PendingRows)>> {
        let Some(kind) = self.shape.placed() else { return Ok(None) };
        let mut upserts = 0;
        for change in batch.changes() {
            if let Change::Upsert(record) = change {
                upserts += 1;
                if record.only_vector().is_err() {
                    return Ok(None);
                }
            }
        }
        let bytes = (upserts * vector_bytes(kind)) as u64;
        let is_large = bytes > 0 && bytes >= options.placed_bytes;
        if !is_large || !self.open_segment.is_ready(context)? {
            return Ok(None);
        }
        self.open_segment.append_rows(context, options, batch).map(Some)
    }

    /// Applies a planned batch in memory, and notes in `staged` how to take it back. Returns whether a
    /// segment has enough dead rows now to be worth rewriting.
    ///
    /// # Errors
    /// Those of the memtable; then nothing has changed.
    pub(crate) fn apply(
        &mut self,
        plan: &BatchPlan<'_>,
        placed: Option<&PlacedRows>,
        (undo, position): (&mut Undo, Position),
        segment_bytes: u64,
    ) -> Result<bool> {
        let version = plan.applied().version;
        self.memtable.apply(plan.changes(), plan.applied())?;
        // Nothing fails from here on.
        undo.note_position(position);
        let mut is_worth_rewriting = false;
        for (segment, row) in plan.ended() {
            segment.end(*row, version);
            is_worth_rewriting |= is_mostly_dead(segment, segment_bytes);
        }
        undo.note_ended(plan.ended());
        let mut row = placed.and_then(|placed| u32::try_from(placed.first_row).ok()).unwrap_or(0);
        for change in plan.batch().changes() {
            let Some(id) = change.id() else { continue };
            let now = match (change, placed) {
                (Change::Upsert(_), Some(_)) => {
                    row += 1;
                    Some(row - 1)
                }
                (Change::Upsert(_) | Change::Delete(_), _) => None,
                // The vector stays where it is.
                _ => continue,
            };
            let before = self.open_segment.set_row(id, now);
            if before != now {
                undo.note_row(id, before);
            }
        }
        Ok(is_worth_rewriting)
    }

    /// Reads the vectors of a batch that opening has read from the log; `None` when they never reached
    /// the disk.
    ///
    /// # Errors
    /// Those of [`OpenSegment::recover`].
    pub(crate) fn recover_rows(
        &mut self,
        context: &SegmentContext<'_>,
        access: Access,
        placed: &PlacedRows,
    ) -> Result<Option<Vec<u8>>> {
        self.open_segment.recover(context, access, placed)
    }

    /// Applies a batch that opening has read from the log. Returns whether it has an effect, and whether
    /// a segment has enough dead rows now to be worth rewriting.
    ///
    /// # Errors
    /// Those of reading the segments.
    pub(crate) fn replay(
        &mut self,
        batch: &Batch,
        placed: Option<&PlacedRows>,
        segment_bytes: u64,
    ) -> Result<(bool, bool)> {
        let position = self.open_segment.position();
        let plan = self.plan(batch)?;
        if !plan.applied().has_effect() {
            return Ok((false, false));
        }
        // The log has the batch, so no writer takes it back.
        let undo = (&mut Undo::default(), position);
        let is_worth_rewriting = self.apply(&plan, placed, undo, segment_bytes)?;
        self.log.add_changes(batch.changes().len() as u64);
        Ok((true, is_worth_rewriting))
    }

    /// Takes back what a group changed in segments.
    pub(crate) fn undo(&mut self, undo: Undo) {
        undo.run(&mut self.open_segment);
    }

    /// Restores the memtable of a published view.
    ///
    /// # Errors
    /// Those of reading the records.
    pub(crate) fn restore_memtable(&mut self, published: &View) -> Result<()> {
        self.memtable.restore(&*published.memtable, published.version, published.live)
    }

    /// The size of the log, and the bounds from which a checkpoint seals it.
    pub(crate) fn log_size(&self, options: &FileOptions) -> LogSize {
        LogSize {
            end: self.log.end().offset,
            found_and_bounds: [
                (self.log.frame_bytes(), options.log_bytes),
                (self.log.changes(), options.log_changes),
                (self.open_segment.rows() * self.shape.row_bytes() as u64, options.segment_bytes),
            ],
        }
    }

    /// About how many bytes a segment sealed from the log would have, at most, without the rows that
    /// are in the open segment: the bytes of the log, with rows padded to lines, the places of vectors
    /// and sections, and an index. What core computes of a payload is taken to need no more bytes than
    /// the log has for it. Counts the staged group as if the log had it.
    pub(crate) fn bytes_to_seal(&self, staged: &StagedGroup) -> u64 {
        let kinds = self.shape.schema.fields().iter().map(Field::kind);
        let more = |kind| stride_of(kind).abs_diff(vector_bytes(kind)) + COLUMN_BYTES;
        let more_per_row = kinds.map(more).sum::<usize>() + INDEXED_BYTES;
        let bytes = self.log.frame_bytes() + staged.frame_bytes() as u64;
        let bytes = bytes * (1 + self.shape.schema.computed_fields().count() as u64);
        let changes = self.log.changes() + staged.changes();
        let blocks = self.shape.blocks(changes);
        // With an index for each block, though there is one for all: nothing takes no bytes.
        let sections = Section::Index.slot(blocks, self.shape.fields()) + blocks;
        bytes + changes * more_per_row as u64 + (sections * SECTION_BYTES) as u64
    }
}

/// Bytes of a dense vector, without padding; an estimate for a sparse one and for a computed field.
fn vector_bytes(kind: FieldKind) -> usize {
    match (kind.element(), kind.dim()) {
        (Some(element), Some(dim)) => element.vector_bytes(dim),
        _ => stride_of(kind),
    }
}
