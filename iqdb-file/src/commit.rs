//! Commits: who takes the lock, who writes for whom, and what happens when writing fails.
//!
//! A batch is staged under the lock: applied in memory, its frame added to those of its group. The
//! first who finds nobody writing leads the group that is staged: writes and syncs it without the
//! lock, while others go on staging the next, and publishes it. So a sync is shared by all who came
//! while the one before it took its time, and no reader sees what is not on the disk.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use iqdb_core::Result;

use crate::failed_checkpoint::FailedCheckpoint;
use crate::group::{Failure, Group, Job};
use crate::options::Durability;
use crate::probe::Defect;
use crate::problem::refused;
use crate::segment::Segment;
use crate::store::FileStore;
use crate::trouble::Trouble;
use crate::view::View;
use crate::writer::{AtWork, LastGroup, Writer};

/// How long a group waits for more batches, at most, and at most half as long as the last one took.
const PATIENCE_MAX: Duration = Duration::from_millis(1);

impl FileStore {
    /// A panic of a writer must not wedge the store, so the lock's poison is ignored: what was given
    /// up half-way is taken back by the next writer.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn wait<'a>(&self, writer: MutexGuard<'a, Writer>) -> MutexGuard<'a, Writer> {
        self.changed.wait(writer).unwrap_or_else(PoisonError::into_inner)
    }

    /// The writers' lock, with a writer that can take a batch: one that only deletes, or any.
    ///
    /// On a full disk the former go on. The latter are refused while the log can't be sealed or the
    /// reserve isn't whole: what they would fill is what deleting and compacting need. Where the log
    /// can't be sealed for another reason, both are refused once it is several times its bound.
    pub(crate) fn ready(&self, only_deletes: bool) -> Result<MutexGuard<'_, Writer>> {
        let mut writer = self.lock();
        loop {
            writer.check_trouble()?;
            if writer.torn {
                writer = self.mend(writer)?;
            } else if !writer.wants_checkpoint(only_deletes) {
                if !only_deletes {
                    writer.take_reserve().map_err(|failure| failure.to_error())?;
                }
                return Ok(writer);
            } else if writer.at_work.is_some() {
                writer = self.wait(writer);
            } else if !writer.staged.is_empty() {
                writer = self.write_group(writer);
            } else {
                let end = writer.log_end;
                // Where sealing alone is overdue, nothing more is tried.
                let is_overdue = writer.must_seal(only_deletes);
                let chosen = if is_overdue { Vec::new() } else { writer.what_is_worth_it() };
                // To seal the log gains nothing on a full disk, to rewrite does.
                let done = self.checkpoint(writer, &chosen, !chosen.is_empty());
                writer = self.lock();
                if let Err(error) = done {
                    // What is written is safe where it is. Later it may go.
                    let again_from = end + writer.options.log_bytes;
                    let before = writer.failed_checkpoint.take();
                    writer.failed_checkpoint =
                        Some(FailedCheckpoint::after(before, &error, again_from));
                    writer.wants_tidying = false;
                    writer.check_trouble()?;
                    if writer.must_seal(only_deletes) {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// The writers' lock, with everything that was staged on the disk.
    pub(crate) fn idle(&self) -> Result<MutexGuard<'_, Writer>> {
        let mut writer = self.lock();
        loop {
            writer.check_trouble()?;
            if writer.torn {
                writer = self.mend(writer)?;
            } else if writer.at_work.is_some() {
                writer = self.wait(writer);
            } else if !writer.staged.is_empty() {
                writer = self.write_group(writer);
            } else {
                return Ok(writer);
            }
        }
    }

    /// Takes back what a panic left half done.
    pub(crate) fn mend<'a>(
        &'a self,
        mut writer: MutexGuard<'a, Writer>,
    ) -> Result<MutexGuard<'a, Writer>> {
        if writer.at_work.is_some() {
            return Ok(self.wait(writer));
        }
        let group = Arc::clone(&writer.staged.group);
        let mended = writer.back_to(&self.view(), None);
        group.end(Err(Failure::new("another writer of its group gave up")));
        self.changed.notify_all();
        mended.map(|()| writer)
    }

    /// Waits until a batch that has been staged is on the disk and visible, writing it if nobody
    /// else does.
    pub(crate) fn finish<'a>(
        &'a self,
        mut writer: MutexGuard<'a, Writer>,
        group: &Group,
    ) -> Result<()> {
        loop {
            if let Some(outcome) = group.outcome() {
                return outcome;
            }
            writer = if writer.at_work.is_some() || writer.gathering.is_some() {
                self.wait(writer)
            } else if let Some(patience) = writer.patience() {
                self.gather(writer, group, patience)
            } else {
                self.write_group(writer)
            };
        }
    }

    /// Waits until as many batches are staged as the last group had, but not for long: those who were
    /// told of it just now are about to come back, and would wait for this group and for the next.
    fn gather<'a>(
        &'a self,
        mut writer: MutexGuard<'a, Writer>,
        group: &Group,
        patience: Duration,
    ) -> MutexGuard<'a, Writer> {
        writer.gathering = Some(writer.last.batches);
        let waited = self.gathered.wait_timeout(writer, patience);
        let (mut writer, _) = waited.unwrap_or_else(PoisonError::into_inner);
        // Once per group.
        writer.gathering = None;
        writer.last.ended = None;
        if !std::ptr::eq(&*writer.staged.group, group) {
            // Somebody else has written it. Another one may be staged, and waits for its leader.
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
        let mut job = Job {
            dir: writer.dir.clone(),
            names: Arc::clone(&writer.names),
            rows_in: writer.growing.held(),
            lock: Arc::clone(&writer.lock),
            manifest: writer.manifest.number,
            log: Arc::clone(&writer.log),
            start: writer.log_end,
            frames: staged.frames,
            rows: staged.rows,
            durability: writer.options.durability,
            reserve: None,
            gave_up_reserve: AtomicBool::new(false),
            probe: writer.options.probe,
        };
        let (group, batches, started) = (staged.group, staged.batches, Instant::now());
        // A group before it may have used the reserve since this one was staged.
        let room = if staged.only_deletes { Ok(()) } else { writer.take_reserve() };
        if staged.only_deletes {
            job.reserve = writer.reserve_file();
        }
        writer.at_work = Some(AtWork { group: Arc::clone(&group), undo: staged.undo });
        writer.log_end += job.frames.len() as u64;
        drop(writer);

        let run = || match &view {
            Ok(_) => room.and_then(|()| job.run()),
            Err(error) => Err(Failure::new(error)),
        };
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run))
            .unwrap_or_else(|_| Err(Failure::new("writing it panicked").unsure()));

        let mut writer = self.lock();
        let ended = Instant::now();
        writer.last = LastGroup { batches, ended: Some(ended), took: ended - started };
        if job.gave_up_reserve.load(Ordering::Relaxed) {
            writer.reserve.gone();
        }
        let undo = writer.at_work.take().map(|at_work| at_work.undo);
        let forgets = writer.options.probe.has(Defect::FailedSyncForgotten);
        let mut garbage = Vec::new();
        match (outcome, view) {
            (Ok(()), Ok(view)) => {
                self.written(&mut writer, &job, staged.changes);
                self.publish(&mut writer, view);
                garbage = writer.reclaim();
                group.end(Ok(()));
                job.rows.drain(..).for_each(|rows| writer.growing.reuse(rows));
            }
            (Err(failure), Ok(view)) if forgets && failure.is_unsure() => {
                self.written(&mut writer, &job, staged.changes);
                self.publish(&mut writer, view);
                group.end(Err(failure));
            }
            (outcome, _) => {
                let failure = outcome.err().unwrap_or_else(|| Failure::new("there is no view"));
                writer.log_end = job.start;
                let later = Arc::clone(&writer.staged.group);
                let undone = writer.back_to(&self.view(), undo);
                let undone = undone.err().map(|error| Trouble::Unsure(error.to_string()));
                if let Some(trouble) = failure.trouble().or(undone) {
                    writer.trouble = Some(trouble);
                }
                // What was staged since had seen what is not there now.
                later.end(Err(Failure::new(format_args!("a write before it failed: {failure}"))));
                group.end(Err(failure));
            }
        }
        self.changed.notify_all();
        if !garbage.is_empty() {
            // Freeing may take long, and nobody need wait for it.
            drop(writer);
            drop_quietly(garbage);
            writer = self.lock();
        }
        writer
    }

    pub(crate) fn written(&self, writer: &mut Writer, job: &Job, changes: u64) {
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

    /// Seals what the log has, and rewrites these segments into one. The writer must be idle; it may
    /// not be any more when this returns, so the lock is not given back.
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
                writer.trouble = Some(Trouble::Unsure(what.clone()));
                Err(Failure::new(what).unsure().to_error())
            }
        }
    }
}

/// A panic in the `Drop` of somebody's derived data goes no further.
fn drop_quietly(garbage: Vec<Arc<View>>) {
    for view in garbage {
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(view)));
    }
}

impl Writer {
    /// How long the staged group may wait for more: not at all once it has as many batches as the last
    /// one, nor when that is so long ago that nobody will come back for it.
    fn patience(&self) -> Option<Duration> {
        let LastGroup { batches, ended, took } = self.last;
        let is_due = ended? + (took / 2).min(PATIENCE_MAX);
        let left = is_due.saturating_duration_since(Instant::now());
        (self.staged.batches < batches && !left.is_zero()).then_some(left)
    }

    pub(crate) fn check_trouble(&self) -> Result<()> {
        self.trouble.as_ref().map_or(Ok(()), Trouble::refuse)
    }

    /// Whether a later opening will find the files that are written to.
    ///
    /// # Errors
    /// That it won't, and then nothing is written any more; that the system doesn't tell.
    pub(crate) fn check_names(&mut self) -> Result<()> {
        let rows = self.growing.held();
        self.names.check(rows).map_err(|reason| {
            let failure = Failure::not_held(&self.names, reason);
            self.trouble = failure.trouble().or(self.trouble.take());
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

    /// Syncs the rows that are in a segment already. On its own, so that nobody asks again after a
    /// failure: a system that has dropped what it could not write says that all is well.
    pub(crate) fn sync_rows(&mut self) -> Result<()> {
        if let (Some(file), true) = (self.growing.file(), self.unsynced_rows) {
            let synced = file.sync_data();
            synced.map_err(|error| self.sync_failed(error))?;
        }
        self.unsynced_rows = false;
        Ok(())
    }

    fn sync_failed(&mut self, error: std::io::Error) -> iqdb_core::Error {
        let error = refused(self.dir.path(), "synced", error);
        self.trouble = Some(Trouble::Unsure(error.to_string()));
        error
    }
}
