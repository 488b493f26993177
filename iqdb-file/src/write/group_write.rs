//! Writes a group: its frames to the log and its rows to the open segment, synced, with their files
//! under the right names.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use iqdb_core::Result;

use super::row_writer::PendingRows;
use super::staged_frames::StagedFrames;
use super::write_failure::{WriteFailure, worse};
use crate::fault::{Defect, InjectedFault};
use crate::files::held_names::HeldNames;
use crate::files::lock::{Lock, LockedBy};
use crate::files::log::Log;
use crate::files::reserve;
use crate::format::file_name::FileName;
use crate::format::log::LogEnd;
use crate::format::mark::Published;
use crate::options::Durability;
use crate::vfs::{File, FileExt, FileId};

/// Where a group is written to.
#[derive(Debug)]
pub(crate) struct WriteTarget {
    /// The files that must have their names when the group is acknowledged.
    pub(crate) names: Arc<HeldNames>,
    /// The file of the open segment.
    pub(crate) rows_in: Option<(FileName, FileId)>,
    pub(crate) lock: Arc<Lock>,
    pub(crate) log: Arc<Log>,
    /// Where the group begins in the log: what is published so far, unless the log has frames that are
    /// not synced.
    pub(crate) start: Published,
    pub(crate) durability: Durability,
    pub(crate) fault: InjectedFault,
}

/// A group that its leader writes while other writers stage the next one.
#[derive(Debug)]
pub(crate) struct GroupWrite {
    target: WriteTarget,
    frames: StagedFrames,
    rows: Vec<PendingRows>,
    /// The file of the reserve, if the leader may give it up for the group.
    reserve: Option<Arc<dyn File>>,
    /// The leader gave it up.
    gave_up_reserve: AtomicBool,
}

impl GroupWrite {
    /// The write of these frames and rows. The leader may give `reserve` up for them.
    pub(crate) fn new(
        target: WriteTarget,
        frames: StagedFrames,
        rows: Vec<PendingRows>,
        reserve: Option<Arc<dyn File>>,
    ) -> Self {
        Self { target, frames, rows, reserve, gave_up_reserve: AtomicBool::new(false) }
    }

    /// Where the first frame begins.
    pub(crate) fn start(&self) -> LogEnd {
        self.target.start.end
    }

    /// Where the last frame ends.
    pub(crate) fn end(&self) -> LogEnd {
        self.frames.end(self.start())
    }

    pub(crate) fn durability(&self) -> Durability {
        self.target.durability
    }

    /// Whether the leader freed the reserve for the group.
    pub(crate) fn gave_up_reserve(&self) -> bool {
        self.gave_up_reserve.load(Ordering::Relaxed)
    }

    pub(crate) fn has_rows(&self) -> bool {
        !self.rows.is_empty()
    }

    /// The rows, once they are written.
    pub(crate) fn take_rows(&mut self) -> Vec<PendingRows> {
        std::mem::take(&mut self.rows)
    }

    /// Writes the frames and syncs them, and waits until the rows that they name are there, too. Then it
    /// looks the names up, and writes the mark.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when nothing was written that a later opening could find;
    /// [`ErrorKind::OutcomeUnknown`] when the leader can't tell.
    pub(crate) fn run(&mut self) -> Result<(), WriteFailure> {
        if self.target.fault.has(Defect::AcknowledgedBeforeWritten) {
            return Ok(());
        }
        // If only the file `lock` is locked and it is gone, another writer may be writing to the same
        // place of the log: then this writer neither writes nor cuts there.
        let only_file_is_locked = self.target.lock.locked_by() == LockedBy::File;
        if only_file_is_locked && let Err(failure) = self.check_names() {
            self.rows.iter_mut().for_each(|rows| _ = rows.wait());
            return Err(failure);
        }
        if let Err(failure) = self.begin_marks() {
            self.rows.iter_mut().for_each(|rows| _ = rows.wait());
            return Err(failure);
        }
        // No frame names rows in a file that may not be there.
        let known = self.rows.iter().find_map(PendingRows::failure).cloned();
        let frames = known.map_or_else(|| self.write_frames(), Err);
        // Waits for all rows, even after some have failed: a later batch must not write to their place
        // meanwhile.
        let rows = self.rows.iter_mut().map(PendingRows::wait).fold(Ok(()), worse);
        let written = worse(frames, rows).and_then(|()| {
            if self.target.fault.has(Defect::MarkBeforeLookUp) {
                self.publish();
            }
            let checked = self.check_names();
            checked.map_err(|failure| {
                if only_file_is_locked { failure.with_unknown_outcome() } else { failure }
            })
        });
        let failure = match written {
            Ok(()) => {
                self.publish();
                return Ok(());
            }
            Err(failure) if failure.is_outcome_unknown() => return Err(failure),
            Err(failure) => failure,
        };
        // Some of the frames may be in the log, and no later opening may find them.
        let cut = self.target.log.file().set_len(self.start().offset);
        Err(match cut.and_then(|()| self.target.log.file().sync_data()) {
            Ok(()) => failure,
            Err(_) => failure.with_unknown_outcome(),
        })
    }

    /// Makes sure that this process has synced a mark of the manifest before it writes a frame. The
    /// checkpoint that made the manifest has, unless the system refused to.
    fn begin_marks(&self) -> Result<(), WriteFailure> {
        let WriteTarget { lock, start, .. } = &self.target;
        if lock.has_begun(start.manifest) {
            return Ok(());
        }
        self.check_names()?;
        let begun = self.retry_with_reserve(|| lock.begin_marks(*start));
        begun.map_err(|error| WriteFailure::of(lock.path(), "marked", error))
    }

    /// Marks the group as published, if it is synced. A mark that can't be written fails no group: the
    /// next one has a mark of its own.
    fn publish(&self) {
        if self.target.durability == Durability::Immediate {
            let published = Published { end: self.end(), ..self.target.start };
            let _ = self.target.lock.publish(published);
        }
    }

    /// Whether a later opening will find what was written.
    fn check_names(&self) -> Result<(), WriteFailure> {
        let rows = self.target.rows_in.filter(|_| !self.rows.is_empty());
        self.target
            .names
            .check(rows)
            .map_err(|reason| WriteFailure::not_held(&self.target.names, reason))
    }

    fn write_frames(&self) -> Result<(), WriteFailure> {
        let (log, start) = (self.target.log.file(), self.start().offset);
        let write = || log.write_all_at(self.frames.bytes(), start);
        let of = |what| move |error| WriteFailure::of(self.target.log.path(), what, error);
        self.retry_with_reserve(write).map_err(of("written"))?;
        if self.target.fault.has(Defect::MarkBeforeSync) {
            self.publish();
        }
        if self.target.durability == Durability::Immediate
            && !self.target.fault.has(Defect::LogNotSynced)
        {
            self.target
                .log
                .file()
                .sync_data()
                .map_err(|error| of("synced")(error).with_unknown_outcome())?;
        }
        Ok(())
    }

    /// Writes. On a full disk, gives up the reserve, if the group may, and writes once more.
    fn retry_with_reserve(&self, write: impl Fn() -> std::io::Result<()>) -> std::io::Result<()> {
        match write() {
            Err(error) if error.kind() == std::io::ErrorKind::StorageFull => {
                match self.reserve.as_deref().map(reserve::give_up) {
                    Some(Ok(())) => {
                        self.gave_up_reserve.store(true, Ordering::Relaxed);
                        write()
                    }
                    _ => Err(error),
                }
            }
            result => result,
        }
    }
}
