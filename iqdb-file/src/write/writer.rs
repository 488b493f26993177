//! The state that writers work on: the database in memory, ahead of what is on the disk.
//!
//! A record goes downwards: [`Writer::stage`] plans its batch, writes large vectors to the open
//! segment, appends a frame for the log to the staged group, and applies the batch to the memtable. The
//! leader of the group takes all of it to the disk, and publishes [`Writer::view`].

use std::sync::Arc;

use iqdb_core::{Applied, Batch, Budget, Result, Schema, Version};

use super::added_field::AddedField;
use super::checkpoint::Checkpoint;
use super::checkpoint_policy::{shrinkable, worth_rewriting};
use super::checkpoint_schedule::CheckpointSchedule;
use super::clean_end::{CleanEnd, publish_log_end};
use super::group_write::{GroupWrite, WriteTarget};
use super::plain_batch::PlainBatch;
use super::read_only::ReadOnlyReason;
use super::row_writer::PendingRows;
use super::staged_frames::StagedFrames;
use super::staged_group::{StagedGroup, Undo};
use super::tables::Tables;
use super::write_failure::WriteFailure;
use crate::errors::refused;
use crate::files::database_files::DatabaseFiles;
use crate::files::reserve::Reserve;
use crate::format::batch::encode_batch;
use crate::format::file_name::FileName;
use crate::format::log::LogEnd;
use crate::options::{Durability, FileOptions};
use crate::read::context::SegmentContext;
use crate::read::segment::Segment;
use crate::read::view::View;
use crate::vfs::Process;

/// What the writers' lock guards, except the state of groups.
#[derive(Debug)]
pub(crate) struct Writer {
    options: FileOptions,
    process: Process,
    files: DatabaseFiles,
    tables: Tables,
    /// What the next group writes.
    staged: StagedGroup,
    schedule: CheckpointSchedule,
    /// The space that is kept for a full disk.
    reserve: Reserve,
    /// Why the database takes no writes, if it does not.
    read_only: Option<ReadOnlyReason>,
    /// A panic left a batch half applied.
    is_half_applied: bool,
}

impl Writer {
    /// The writer of a database with these files and tables; `wants_rewrite` says whether a segment has
    /// enough dead rows to be worth rewriting.
    pub(crate) fn new(
        options: &FileOptions,
        files: DatabaseFiles,
        tables: Tables,
        wants_rewrite: bool,
    ) -> Self {
        let mut schedule = CheckpointSchedule::default();
        schedule.request_rewrite_if(wants_rewrite);
        Self {
            options: options.clone(),
            process: Process::current(),
            tables,
            staged: StagedGroup::default(),
            schedule,
            reserve: Reserve::new(options.reserve_bytes, files.manifest().database),
            read_only: None,
            is_half_applied: false,
            files,
        }
    }

    pub(crate) fn options(&self) -> &FileOptions {
        &self.options
    }

    pub(crate) fn files(&self) -> &DatabaseFiles {
        &self.files
    }

    pub(crate) fn schema(&self) -> &Schema {
        self.files.schema()
    }

    pub(crate) fn tables(&self) -> &Tables {
        &self.tables
    }

    pub(crate) fn staged(&self) -> &StagedGroup {
        &self.staged
    }

    pub(crate) fn schedule(&self) -> &CheckpointSchedule {
        &self.schedule
    }

    /// The newest version. Its changes may not be on the disk yet.
    pub(crate) fn version(&self) -> Version {
        self.tables.memtable().version()
    }

    /// Whether a panic left a batch half applied.
    pub(crate) fn is_half_applied(&self) -> bool {
        self.is_half_applied
    }

    /// The view that readers get once everything that is staged is on the disk.
    pub(crate) fn view(&self) -> Result<View> {
        self.tables.view(self.process)
    }

    /// # Errors
    /// That the database takes no writes.
    pub(crate) fn check_writable(&self) -> Result<()> {
        self.read_only.as_ref().map_or(Ok(()), ReadOnlyReason::refuse)
    }

    /// Takes no writes from now on.
    pub(crate) fn make_read_only(&mut self, reason: ReadOnlyReason) {
        self.read_only = Some(reason);
    }

    /// Applies a checked batch in memory, and adds its frame and rows to the staged group.
    ///
    /// # Errors
    /// Those of reading and writing segments and of the budget; then nothing has changed.
    pub(crate) fn stage(&mut self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        self.is_half_applied = true;
        let staged = self.stage_or_fail(batch, budget);
        self.is_half_applied = false;
        staged
    }

    fn stage_or_fail(&mut self, batch: &Batch, budget: Budget<'_>) -> Result<Applied> {
        let plain = PlainBatch::of(batch, budget, || self.view())?;
        budget.check()?;
        self.stage_plain(plain.batch()).map(|applied| plain.count(applied))
    }

    /// Stages a batch of statements that a frame has.
    fn stage_plain(&mut self, batch: &Batch) -> Result<Applied> {
        let plan = self.tables.plan(batch)?;
        if !plan.applied().has_effect() {
            return Ok(*plan.applied());
        }
        let position = self.tables.open_segment().position();
        let context = SegmentContext::of(&self.files, &self.options);
        let (placed, rows) = self.tables.place_rows(&context, &self.options, batch)?.unzip();
        let body = encode_batch(batch, self.files.schema(), placed.as_ref())?;
        let frames = self.staged.frames_mut().len();
        let version = plan.applied().version;
        let framed = self.tables.log().frame(self.staged.frames_mut(), &body, version);
        let applied = framed.and_then(|()| {
            let undo = (self.staged.undo_mut(), position);
            self.tables.apply(&plan, placed.as_ref(), undo, self.options.segment_bytes)
        });
        match applied {
            Ok(is_worth_rewriting) => self.schedule.request_rewrite_if(is_worth_rewriting),
            Err(error) => {
                self.staged.frames_mut().truncate(frames);
                self.tables.open_segment_mut().roll_back(position);
                return Err(error);
            }
        }
        self.staged.add(batch, rows);
        Ok(*plan.applied())
    }

    /// Takes out the staged group, for its leader to write.
    pub(crate) fn take_staged(&mut self) -> StagedGroup {
        self.staged.take()
    }

    /// The write of these frames, at the end of the log, and of these rows.
    pub(crate) fn begin_write(
        &mut self,
        frames: StagedFrames,
        rows: Vec<PendingRows>,
        may_give_up_reserve: bool,
    ) -> GroupWrite {
        let start = self.tables.log().end();
        let target = WriteTarget {
            names: Arc::clone(self.files.names()),
            rows_in: self.tables.open_segment().held(),
            lock: Arc::clone(self.files.lock()),
            log: Arc::clone(self.tables.log().log()),
            start: self.files.published(start),
            durability: self.options.durability,
            fault: self.options.fault,
        };
        let reserve = if may_give_up_reserve { self.reserve.file(self.files.dir()) } else { None };
        self.tables.log_mut().set_end(frames.end(start));
        GroupWrite::new(target, frames, rows, reserve)
    }

    /// Notes that a leader freed the reserve.
    pub(crate) fn note_reserve_given_up(&mut self) {
        self.reserve.gone();
    }

    /// Notes a group of this many changes that is in the log.
    pub(crate) fn note_written(&mut self, write: &GroupWrite, changes: u64) {
        self.files.remove_retired();
        self.tables.log_mut().add_changes(changes);
        match write.durability() {
            Durability::Immediate => self.tables.log_mut().set_synced(write.end()),
            Durability::Relaxed if write.has_rows() => {
                self.tables.open_segment_mut().note_unsynced_rows();
            }
            Durability::Relaxed => {}
        }
    }

    /// Takes back the memory of rows that have been written.
    pub(crate) fn reuse(&mut self, rows: Vec<PendingRows>) {
        rows.into_iter().for_each(|rows| self.tables.open_segment_mut().reuse(rows));
    }

    /// Goes back to the published view: takes back a group that failed, which began there in the log,
    /// and what was staged after it.
    ///
    /// # Errors
    /// Those of restoring the memtable.
    pub(crate) fn roll_back(
        &mut self,
        published: &View,
        failed: Option<(LogEnd, Undo)>,
    ) -> Result<()> {
        let (_, _, _, staged) = self.staged.take().into_parts();
        self.tables.undo(staged);
        if let Some((start, undo)) = failed {
            self.tables.log_mut().set_end(start);
            self.tables.undo(undo);
        }
        self.tables.restore_memtable(published)?;
        self.is_half_applied = false;
        Ok(())
    }

    /// Checks that a later opening will find the files that the writer writes to.
    ///
    /// # Errors
    /// That it won't, and then the database takes no more writes; that the system doesn't tell.
    fn check_names(&mut self) -> Result<()> {
        let rows = self.tables.open_segment().held();
        let names = self.files.names();
        names.check(rows).map_err(|reason| {
            let failure = WriteFailure::not_held(names, reason);
            self.read_only = failure.read_only_reason().or(self.read_only.take());
            failure.to_error()
        })
    }

    /// Syncs what is not synced yet.
    ///
    /// # Errors
    /// Those of the system; then the database takes no more writes.
    pub(crate) fn sync(&mut self) -> Result<()> {
        let log = self.tables.log();
        if log.synced() != log.end() || self.tables.open_segment().has_unsynced_rows() {
            self.sync_rows()?;
            let synced = self.tables.log().log().file().sync_data();
            synced.map_err(|error| self.sync_failed(error))?;
            self.tables.log_mut().note_all_synced();
        }
        self.check_names()?;
        let marked = self.files.publish(self.tables.log().synced());
        marked.map_err(|error| refused(self.files.lock().path(), "marked", error))
    }

    /// # Errors
    /// Those of [`DatabaseFiles::begin_marks`].
    fn begin_marks(&mut self, may_use_reserve: bool) -> Result<()> {
        let Self { files, reserve, .. } = self;
        let give_up_reserve = || may_use_reserve && reserve.give_up(files.dir());
        files.begin_marks(self.tables.log().synced(), give_up_reserve)
    }

    /// Syncs the rows that are in the open segment already. Never again after a failure: a system that
    /// has dropped what it could not write reports success then.
    fn sync_rows(&mut self) -> Result<()> {
        self.tables.open_segment_mut().sync().map_err(|error| self.sync_failed(error))
    }

    fn sync_failed(&mut self, error: std::io::Error) -> iqdb_core::Error {
        let error = refused(self.files.dir().path(), "synced", error);
        self.read_only = Some(ReadOnlyReason::OutcomeUnknown(error.to_string()));
        error
    }

    /// Whether the writer has to seal the log, or to rewrite segments, before it takes a batch.
    pub(crate) fn wants_checkpoint(&self, only_deletes: bool) -> bool {
        self.schedule.is_due(only_deletes, &self.tables.log_size(&self.options))
    }

    /// Whether the log must not grow by such a batch before it has been sealed.
    pub(crate) fn must_seal(&self, only_deletes: bool) -> bool {
        self.schedule.must_seal(only_deletes, &self.tables.log_size(&self.options))
    }

    /// Notes that a checkpoint failed, which began when the log ended at `end`.
    pub(crate) fn note_failed_checkpoint(&mut self, error: &iqdb_core::Error, end: u64) {
        self.schedule.note_failure(error, end + self.options.log_bytes);
    }

    /// The segments that a checkpoint rewrites unasked.
    pub(crate) fn worth_rewriting(&self) -> Vec<Arc<Segment>> {
        worth_rewriting(self.tables.segments().all(), self.options.segment_bytes)
    }

    /// The segments that rewriting makes smaller or fewer; at most `most` of them.
    pub(crate) fn shrinkable(&self, most: usize) -> Vec<Arc<Segment>> {
        shrinkable(self.tables.segments().all(), self.options.segment_bytes, most)
    }

    /// Seals the log, rewrites `rewrite` into one segment, and adds a field. Returns whether there was
    /// anything to do; the caller publishes the view then. Gives the reserve up only when it needs the
    /// space, and restores it afterwards.
    ///
    /// # Errors
    /// Those of the system and of the budget. Nothing has changed then, unless the database takes no
    /// more writes.
    pub(crate) fn checkpoint(
        &mut self,
        rewrite: &[Arc<Segment>],
        added: Option<&mut AddedField>,
        may_use_reserve: bool,
        budget: Budget<'_>,
    ) -> Result<bool> {
        self.schedule.note_attempt();
        if rewrite.is_empty() && added.is_none() && self.tables.log().frame_bytes() == 0 {
            return Ok(false);
        }
        self.sync_rows()?;
        self.check_names()?;
        self.begin_marks(may_use_reserve)?;
        let Self { options, files, tables, reserve, .. } = self;
        let checkpoint =
            Checkpoint { options, files, tables, reserve, rewrite, added, may_use_reserve };
        if let Err(failure) = checkpoint.run(budget) {
            self.read_only = failure.read_only.or(self.read_only.take());
            return Err(failure.error.during("checkpoint"));
        }
        self.schedule = CheckpointSchedule::default();
        Ok(true)
    }

    /// Leaves the directory in a state in which the next opening has little to replay, and knows how
    /// far the log goes.
    ///
    /// # Errors
    /// Those of [`sync`](Self::sync) and [`checkpoint`](Self::checkpoint).
    pub(crate) fn close(&mut self) -> Result<()> {
        self.sync()?;
        match CleanEnd::of(&self.files, &self.tables) {
            CleanEnd::Checkpoint => {
                self.checkpoint(&self.worth_rewriting(), None, true, Budget::new())?;
                // A checkpoint goes on where the system doesn't tell; a mark does not.
                self.check_names()?;
            }
            CleanEnd::Publish => {
                self.begin_marks(true)?;
                let fault = self.options.fault;
                let before = publish_log_end(&mut self.files, &self.tables, fault)?;
                self.check_names()?;
                self.files.retire(vec![before]);
                let _ = self.files.publish(self.tables.log().synced());
            }
            CleanEnd::Nothing => {}
        }
        let published = self.files.published(self.tables.log().synced());
        let _ = self.files.lock().end_cleanly(published);
        Ok(())
    }

    /// Makes the reserve as large as it should be, as far as there is space.
    pub(crate) fn restore_reserve(&mut self) {
        let sealing = self.tables.bytes_to_seal(&self.staged);
        self.reserve.fit(self.files.dir(), sealing);
    }

    /// Makes the reserve large enough for the log as it is.
    ///
    /// # Errors
    /// Only that the disk is full.
    pub(crate) fn take_reserve(&mut self) -> Result<(), WriteFailure> {
        let (sealing, dir) = (self.tables.bytes_to_seal(&self.staged), self.files.dir());
        self.reserve.take(dir, sealing).map_err(|error| {
            WriteFailure::of(&dir.path_of(FileName::Reserve), "taken again", error)
        })
    }
}
