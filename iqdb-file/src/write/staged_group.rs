//! The staged group: batches that are applied in memory, and neither on the disk nor visible.

use std::sync::Arc;

use iqdb_core::{Batch, Change, RecordId};

use super::group::CommitGroup;
use super::open_segment::{OpenSegment, Position};
use super::row_writer::PendingRows;
use super::staged_frames::StagedFrames;
use crate::read::segment::Segment;

/// What the next group writes.
#[derive(Debug)]
pub(crate) struct StagedGroup {
    group: Arc<CommitGroup>,
    frames: StagedFrames,
    rows: Vec<PendingRows>,
    batches: usize,
    changes: u64,
    /// All batches only delete, and so free space sooner or later.
    only_deletes: bool,
    undo: Undo,
}

/// How to take back what a group changed in segments.
#[derive(Debug, Default)]
pub(crate) struct Undo {
    ended: Vec<(Arc<Segment>, u32)>,
    /// The row that a record's vector had in the open segment before.
    rows: Vec<(RecordId, Option<u32>)>,
    /// The end of the open segment before the group.
    position: Option<Position>,
}

impl Default for StagedGroup {
    fn default() -> Self {
        Self {
            group: Arc::default(),
            frames: StagedFrames::default(),
            rows: Vec::new(),
            batches: 0,
            changes: 0,
            only_deletes: true,
            undo: Undo::default(),
        }
    }
}

impl StagedGroup {
    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub(crate) fn group(&self) -> &Arc<CommitGroup> {
        &self.group
    }

    pub(crate) fn batches(&self) -> usize {
        self.batches
    }

    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    pub(crate) fn frame_bytes(&self) -> usize {
        self.frames.bytes().len()
    }

    /// The frames, to which the next batch appends its own.
    pub(crate) fn frames_mut(&mut self) -> &mut StagedFrames {
        &mut self.frames
    }

    pub(crate) fn undo_mut(&mut self) -> &mut Undo {
        &mut self.undo
    }

    /// Adds a batch whose frame has been appended, and the rows that are being written for it.
    pub(crate) fn add(&mut self, batch: &Batch, rows: Option<PendingRows>) {
        self.rows.extend(rows);
        self.only_deletes &=
            batch.changes().iter().all(|change| matches!(change, Change::Delete(_)));
        self.batches += 1;
        self.changes += batch.changes().len() as u64;
    }

    /// Whether all batches only delete.
    pub(crate) fn only_deletes(&self) -> bool {
        self.only_deletes
    }

    /// Takes the group out; the next batch begins another one.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// The group's outcome, its frames, its rows, and how to take it back.
    pub(crate) fn into_parts(self) -> (Arc<CommitGroup>, StagedFrames, Vec<PendingRows>, Undo) {
        (self.group, self.frames, self.rows, self.undo)
    }
}

impl Undo {
    /// Notes the end of the open segment before a batch. The first batch of a group counts.
    pub(crate) fn note_position(&mut self, position: Position) {
        self.position.get_or_insert(position);
    }

    /// Notes rows that a batch has ended.
    pub(crate) fn note_ended(&mut self, ended: &[(Arc<Segment>, u32)]) {
        self.ended.extend(ended.iter().cloned());
    }

    /// Notes the row that a record's vector had in the open segment.
    pub(crate) fn note_row(&mut self, id: &RecordId, before: Option<u32>) {
        self.rows.push((id.clone(), before));
    }

    /// Takes the changes back.
    pub(crate) fn run(self, open_segment: &mut OpenSegment) {
        for (segment, row) in self.ended.iter().rev() {
            segment.revive(*row);
        }
        for (id, row) in self.rows.into_iter().rev() {
            open_segment.set_row(&id, row);
        }
        if let Some(position) = self.position {
            open_segment.roll_back(position);
        }
    }
}
