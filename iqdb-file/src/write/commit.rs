//! Commits: how writers take the lock, how the leader of a group writes for the others, and what
//! happens when a write fails.
//!
//! A writer stages its batch under the lock: it applies the batch in memory and adds its frame to
//! those of the staged group. The first writer that finds no group being written leads the staged
//! group: it writes and syncs the group without the lock, while other writers stage the next one,
//! and then publishes it. So all writers that come during one sync share the next one, and no
//! reader sees what is not on the disk.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use iqdb_core::Result;

use crate::errors::refused;
use crate::fault::Defect;
use crate::options::Durability;
use crate::read::segment::Segment;
use crate::read::view::View;
use crate::store::FileStore;
use crate::write::failed_checkpoint::FailedCheckpoint;
use crate::write::group::{Group, GroupWrite, WriteFailure};
use crate::write::read_only::ReadOnlyReason;
use crate::write::writer::{GroupInFlight, LastGroup, Writer};

/// The longest that a group waits for more batches; it also waits at most half as long as the last
/// group took.
const BATCH_WINDOW_MAX: Duration = Duration::from_millis(1);

impl FileStore {
    /// A panic of a writer must not wedge the store, so this ignores the lock's poison: the next
    /// writer takes back what the panic left half done.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn wait<'a>(&self, writer: MutexGuard<'a, Writer>) -> MutexGuard<'a, Writer> {
        self.changed.wait(writer).unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the writers' lock once the writer can take a batch: one that only deletes, or any.
    ///
    /// On a full disk batches that only delete go on. The store refuses other batches while it
    /// can't seal the log or the reserve isn't whole: they would fill the space that deletes and
    /// compaction need. Where it can't seal the log for another reason, it refuses both once the
    /// log is several times its bound.
    pub(crate) fn ready(&self, only_deletes: bool) -> Result<MutexGuard<'_, Writer>> {
        let mut writer = self.lock();
        loop {
            writer.check_writable()?;
            if writer.torn {
                writer = self.undo_panic(writer)?;
            } else if !writer.wants_checkpoint(only_deletes) {
                if !only_deletes {
                    writer.take_reserve().map_err(|failure| failure.to_error())?;
                }
                return Ok(writer);
            } else if writer.in_flight.is_some() {
                writer = self.wait(writer);
            } else if !writer.staged.is_empty() {
                writer = self.write_group(writer);
            } else {
                let end = writer.log_end;
                // Where sealing is overdue, the checkpoint seals the log and rewrites nothing.
                let is_overdue = writer.must_seal(only_deletes);
                let chosen = if is_overdue { Vec::new() } else { writer.what_is_worth_it() };
                // On a full disk, sealing the log gains no space; rewriting segments does.
                let done = self.checkpoint(writer, &chosen, !chosen.is_empty());
                writer = self.lock();
                if let Err(error) = done {
                    // The log is safe as it is. A later checkpoint may succeed.
                    let again_from = end + writer.options.log_bytes;
                    let before = writer.failed_checkpoint.take();
                    writer.failed_checkpoint =
                        Some(FailedCheckpoint::after(before, &error, again_from));
                    writer.wants_rewrite = false;
                    writer.check_writable()?;
                    if writer.must_seal(only_deletes) {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Takes the writers' lock once everything that was staged is on the disk.
    pub(crate) fn idle(&self) -> Result<MutexGuard<'_, Writer>> {
        let mut writer = self.lock();
        loop {
            writer.check_writable()?;
            if writer.torn {
                writer = self.undo_panic(writer)?;
            } else if writer.in_flight.is_some() {
                writer = self.wait(writer);
            } else if !writer.staged.is_empty() {
                writer = self.write_group(writer);
            } else {
                return Ok(writer);
            }
        }
    }

    /// Takes back what a panic left half done.
    pub(crate) fn undo_panic<'a>(
        &'a self,
        mut writer: MutexGuard<'a, Writer>,
    ) -> Result<MutexGuard<'a, Writer>> {
        if writer.in_flight.is_some() {
            return Ok(self.wait(writer));
        }
        let group = Arc::clone(&writer.staged.group);
        let mended = writer.back_to(&self.view(), None);
        group.end(Err(WriteFailure::new("another writer of its group gave up")));
        self.changed.notify_all();
        mended.map(|()| writer)
    }

    /// Waits until a staged batch is on the disk and visible; writes its group if no other writer
    /// does.
    pub(crate) fn finish<'a>(
        &'a self,
        mut writer: MutexGuard<'a, Writer>,
        group: &Group,
    ) -> Result<()> {
        loop {
            if let Some(outcome) = group.outcome() {
                return outcome;
            }
            writer = if writer.in_flight.is_some() || writer.awaited_batches.is_some() {
                self.wait(writer)
            } else if let Some(batch_window) = writer.batch_window() {
                self.wait_for_followers(writer, group, batch_window)
            } else {
                self.write_group(writer)
            };
        }
    }

    /// Waits until as many batches are staged as the last group had, but not for long: the writers
    /// of that group have just learned its outcome and are about to come back. Without this, they
    /// would wait for this group and for the next.
    fn wait_for_followers<'a>(
        &'a self,
        mut writer: MutexGuard<'a, Writer>,
        group: &Group,
        batch_window: Duration,
    ) -> MutexGuard<'a, Writer> {
        writer.awaited_batches = Some(writer.last.batches);
        let waited = self.followers_staged.wait_timeout(writer, batch_window);
        let (mut writer, _) = waited.unwrap_or_else(PoisonError::into_inner);
        // Once per group.
        writer.awaited_batches = None;
        writer.last.ended = None;
        if !std::ptr::eq(&*writer.staged.group, group) {
            // Another writer has written it. A later group may be staged, and waits for its leader.
            self.changed.notify_all();
        }
        writer
    }

    /// Leads the group that is staged: writes it, without the lock, and publishes it.
    pub(crate) fn write_group<'a>(
        &'a self,
        mut writer: MutexGuard<'a, Writer>,
    ) -> MutexGuard<'a, Writer> {
        let view = writer.view();
        let staged = std::mem::take(&mut writer.staged);
        let mut job = GroupWrite {
            names: Arc::clone(&writer.names),
            rows_in: writer.open_segment.held(),
            lock: Arc::clone(&writer.lock),
            manifest: writer.manifest.number,
            log: Arc::clone(&writer.log),
            start: writer.log_end,
            frames: staged.frames,
            rows: staged.rows,
            durability: writer.options.durability,
            reserve: None,
            gave_up_reserve: AtomicBool::new(false),
            fault: writer.options.fault,
        };
        let (group, batches, started) = (staged.group, staged.batches, Instant::now());
        // An earlier group may have used the reserve since this one was staged.
        let room = if staged.only_deletes { Ok(()) } else { writer.take_reserve() };
        if staged.only_deletes {
            job.reserve = writer.reserve_file();
        }
        writer.in_flight = Some(GroupInFlight { group: Arc::clone(&group), undo: staged.undo });
        writer.log_end += job.frames.len() as u64;
        drop(writer);

        let run = || match &view {
            Ok(_) => room.and_then(|()| job.run()),
            Err(error) => Err(WriteFailure::new(error)),
        };
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run))
            .unwrap_or_else(|_| Err(WriteFailure::new("writing it panicked").unsure()));

        let mut writer = self.lock();
        let ended = Instant::now();
        writer.last = LastGroup { batches, ended: Some(ended), took: ended - started };
        if job.gave_up_reserve.load(Ordering::Relaxed) {
            writer.reserve.gone();
        }
        let undo = writer.in_flight.take().map(|in_flight| in_flight.undo);
        let forgets = writer.options.fault.has(Defect::FailedSyncForgotten);
        let mut garbage = Vec::new();
        match (outcome, view) {
            (Ok(()), Ok(view)) => {
                self.written(&mut writer, &job, staged.changes);
                self.publish(&mut writer, view);
                garbage = writer.reclaim();
                group.end(Ok(()));
                job.rows.drain(..).for_each(|rows| writer.open_segment.reuse(rows));
            }
            (Err(failure), Ok(view)) if forgets && failure.is_unsure() => {
                self.written(&mut writer, &job, staged.changes);
                self.publish(&mut writer, view);
                group.end(Err(failure));
            }
            (outcome, _) => {
                let failure =
                    outcome.err().unwrap_or_else(|| WriteFailure::new("there is no view"));
                writer.log_end = job.start;
                let later = Arc::clone(&writer.staged.group);
                let undone = writer.back_to(&self.view(), undo);
                let undone = undone.err().map(|error| ReadOnlyReason::Unsure(error.to_string()));
                if let Some(read_only) = failure.read_only().or(undone) {
                    writer.read_only = Some(read_only);
                }
                // Batches staged since then were applied to a state that is gone now.
                later.end(Err(WriteFailure::new(format_args!(
                    "a write before it failed: {failure}"
                ))));
                group.end(Err(failure));
            }
        }
        self.changed.notify_all();
        if !garbage.is_empty() {
            // Freeing may take long, and no other writer need wait for it.
            drop(writer);
            drop_quietly(garbage);
            writer = self.lock();
        }
        writer
    }

    pub(crate) fn written(&self, writer: &mut Writer, job: &GroupWrite, changes: u64) {
        writer.changes += changes;
        match job.durability {
            Durability::Immediate => writer.synced = job.start + job.frames.len() as u64,
            Durability::Relaxed => {
                writer.unsynced_rows |= !job.rows.is_empty();
            }
        }
    }

    pub(crate) fn publish(&self, writer: &mut Writer, view: View) {
        writer.retired.push_back(self.view.swap(Arc::new(view)));
    }

    /// Seals the log and rewrites these segments into one. The writer must be idle. Another writer
    /// may be at work by the time this returns, so it doesn't return the lock.
    pub(crate) fn checkpoint(
        &self,
        mut writer: MutexGuard<'_, Writer>,
        rewrite: &[Arc<Segment>],
        may_use_reserve: bool,
    ) -> Result<()> {
        let checkpoint =
            std::panic::AssertUnwindSafe(|| writer.checkpoint(rewrite, may_use_reserve));
        match std::panic::catch_unwind(checkpoint) {
            Ok(done) => {
                if done? {
                    let view = writer.view()?;
                    self.publish(&mut writer, view);
                }
                let garbage = writer.reclaim();
                drop(writer);
                drop_quietly(garbage);
                Ok(())
            }
            Err(_) => {
                let what = "sealing the log panicked".to_owned();
                writer.read_only = Some(ReadOnlyReason::Unsure(what.clone()));
                Err(WriteFailure::new(what).unsure().to_error())
            }
        }
    }
}

/// Drops views. A panic in the `Drop` of a caller's derived data goes no further.
fn drop_quietly(garbage: Vec<Arc<View>>) {
    for view in garbage {
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(view)));
    }
}

impl Writer {
    /// How long the staged group may wait for more batches: not at all once it has as many as the
    /// last group, nor when that group ended so long ago that its writers will not come back in
    /// time.
    fn batch_window(&self) -> Option<Duration> {
        let LastGroup { batches, ended, took } = self.last;
        let is_due = ended? + (took / 2).min(BATCH_WINDOW_MAX);
        let left = is_due.saturating_duration_since(Instant::now());
        (self.staged.batches < batches && !left.is_zero()).then_some(left)
    }

    pub(crate) fn check_writable(&self) -> Result<()> {
        self.read_only.as_ref().map_or(Ok(()), ReadOnlyReason::refuse)
    }

    /// Checks that a later opening will find the files that the writer writes to.
    ///
    /// # Errors
    /// That it won't, and then the store refuses all writes; that the system doesn't tell.
    pub(crate) fn check_names(&mut self) -> Result<()> {
        let rows = self.open_segment.held();
        self.names.check(rows).map_err(|reason| {
            let failure = WriteFailure::not_held(&self.names, reason);
            self.read_only = failure.read_only().or(self.read_only.take());
            failure.to_error()
        })
    }

    /// Syncs what is not synced yet.
    pub(crate) fn sync(&mut self) -> Result<()> {
        if self.synced != self.log_end || self.unsynced_rows {
            self.sync_rows()?;
            self.log.file().sync_data().map_err(|error| self.sync_failed(error))?;
            self.synced = self.log_end;
        }
        self.check_names()?;
        self.lock.publish(self.manifest.number, self.log.number(), self.synced);
        Ok(())
    }

    /// Syncs the rows that are in a segment already. On its own, so that no writer syncs again
    /// after a failure: a system that has dropped what it could not write reports success then.
    pub(crate) fn sync_rows(&mut self) -> Result<()> {
        if let (Some(file), true) = (self.open_segment.file(), self.unsynced_rows) {
            let synced = file.sync_data();
            synced.map_err(|error| self.sync_failed(error))?;
        }
        self.unsynced_rows = false;
        Ok(())
    }

    fn sync_failed(&mut self, error: std::io::Error) -> iqdb_core::Error {
        let error = refused(self.dir.path(), "synced", error);
        self.read_only = Some(ReadOnlyReason::Unsure(error.to_string()));
        error
    }
}
