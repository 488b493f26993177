//! Groups: batches that share one write and one sync.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use iqdb_core::{Error, ErrorKind, Result};

use crate::fault::{Defect, InjectedFault};
use crate::files::held_names::{HeldNames, NotHeld};
use crate::files::lock::{Lock, LockedBy};
use crate::files::log::Log;
use crate::files::reserve;
use crate::format::file_name::FileName;
use crate::options::Durability;
use crate::vfs::{File, FileExt, FileId};
use crate::write::read_only::ReadOnlyReason;
use crate::write::row_writer::PendingRows;

/// The outcome of a group, for every writer with a batch in it.
#[derive(Debug, Default)]
pub(crate) struct Group {
    outcome: OnceLock<Result<(), WriteFailure>>,
}

/// Why a group was not written.
#[derive(Debug, Clone)]
pub(crate) struct WriteFailure {
    kind: ErrorKind,
    what: String,
    cause: Option<Arc<std::io::Error>>,
    /// The file that was written is not where it belongs.
    is_misplaced: bool,
}

impl Group {
    pub(crate) fn end(&self, outcome: Result<(), WriteFailure>) {
        // It ends once.
        let _ = self.outcome.set(outcome);
    }

    /// `None` until the group has ended.
    pub(crate) fn outcome(&self) -> Option<Result<()>> {
        self.outcome.get().map(|outcome| outcome.as_ref().map_err(WriteFailure::to_error).copied())
    }
}

impl WriteFailure {
    pub(crate) fn new(what: impl fmt::Display) -> Self {
        Self { kind: ErrorKind::Io, what: what.to_string(), cause: None, is_misplaced: false }
    }

    /// The same failure, after which the content of the disk is unknown.
    pub(crate) fn unsure(mut self) -> Self {
        self.kind = ErrorKind::OutcomeUnknown;
        self
    }

    /// Names no longer refer to the files that a writer has open, or the system doesn't tell.
    pub(crate) fn not_held(names: &HeldNames, reason: NotHeld) -> Self {
        let what = names.describe(&reason);
        match reason {
            NotHeld::Unknown(_, error) => Self { cause: Some(Arc::new(error)), ..Self::new(what) },
            _ => Self { is_misplaced: true, ..Self::new(what).unsure() },
        }
    }

    /// Why the store has to refuse all writes from now on, if it has to.
    pub(crate) fn read_only(&self) -> Option<ReadOnlyReason> {
        match self.is_misplaced {
            true => Some(ReadOnlyReason::Misplaced(self.what.clone())),
            false if self.is_unsure() => Some(ReadOnlyReason::Unsure(self.to_string())),
            false => None,
        }
    }

    pub(crate) fn is_unsure(&self) -> bool {
        self.kind == ErrorKind::OutcomeUnknown
    }

    pub(crate) fn is_full(&self) -> bool {
        self.cause.as_ref().is_some_and(|cause| cause.kind() == std::io::ErrorKind::StorageFull)
    }

    pub(crate) fn of(path: &std::path::Path, what: &str, cause: std::io::Error) -> Self {
        let what = format!("{}: it can't be {what}", path.display());
        Self { kind: ErrorKind::Io, what, cause: Some(Arc::new(cause)), is_misplaced: false }
    }

    pub(crate) fn to_error(&self) -> Error {
        let error = Error::new(self.kind, self.what.clone()).during("apply");
        let error = match self.kind {
            _ if self.is_misplaced => {
                error.hint("put the file back and open the database again, or restore a backup")
            }
            ErrorKind::OutcomeUnknown => {
                error.hint("close the database and open it again; what was acknowledged is there")
            }
            _ if self.is_full() => {
                error.hint("free some space; deleting records and compacting work without")
            }
            _ => error,
        };
        match &self.cause {
            Some(cause) => error.caused_by(Arc::clone(cause)),
            None => error,
        }
    }
}

impl fmt::Display for WriteFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => write!(f, "{} ({cause})", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// What the leader of a group writes while other writers go on staging.
#[derive(Debug)]
pub(crate) struct GroupWrite {
    /// The files that must have their names when the group is written.
    pub(crate) names: Arc<HeldNames>,
    pub(crate) rows_in: Option<(FileName, FileId)>,
    pub(crate) lock: Arc<Lock>,
    pub(crate) manifest: u64,
    pub(crate) log: Arc<Log>,
    pub(crate) start: u64,
    pub(crate) frames: Vec<u8>,
    pub(crate) rows: Vec<PendingRows>,
    pub(crate) durability: Durability,
    /// The reserve, if the leader may give it up for the group.
    pub(crate) reserve: Option<Arc<dyn File>>,
    /// Whether the leader gave it up.
    pub(crate) gave_up_reserve: AtomicBool,
    pub(crate) fault: InjectedFault,
}

impl GroupWrite {
    /// Writes the frames and syncs them, and waits until the rows that they name are there, too.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when nothing was written that a later opening could find;
    /// [`ErrorKind::OutcomeUnknown`] when the leader can't tell.
    pub(crate) fn run(&mut self) -> Result<(), WriteFailure> {
        if self.fault.has(Defect::AcknowledgedBeforeWritten) {
            return Ok(());
        }
        // Without the file that is locked another writer may be at work, and write to the same place of
        // the log: then this one neither writes nor cuts there.
        let shares_nothing_else = self.lock.locked_by() == LockedBy::File;
        if shares_nothing_else && let Err(failure) = self.check_names() {
            self.rows.iter_mut().for_each(|rows| _ = rows.wait());
            return Err(failure);
        }
        // No frame names rows in a file that may not be there.
        let known = self.rows.iter().find_map(PendingRows::failure).cloned();
        let frames = known.map_or_else(|| self.write_frames(), Err);
        // Waits for all of them, also after one has failed: so no later batch writes to their place
        // meanwhile.
        let rows = self.rows.iter_mut().map(PendingRows::wait).fold(Ok(()), worse);
        let written = worse(frames, rows).and_then(|()| {
            let checked = self.check_names();
            checked.map_err(|failure| if shares_nothing_else { failure.unsure() } else { failure })
        });
        let failure = match written {
            Ok(()) => {
                if self.durability == Durability::Immediate {
                    let end = self.start + self.frames.len() as u64;
                    self.lock.publish(self.manifest, self.log.number(), end);
                }
                return Ok(());
            }
            Err(failure) if failure.is_unsure() => return Err(failure),
            Err(failure) => failure,
        };
        // Some of the frames may be in the log, and no later opening may find them.
        let cut = self.log.file().set_len(self.start);
        Err(match cut.and_then(|()| self.log.file().sync_data()) {
            Ok(()) => failure,
            Err(_) => failure.unsure(),
        })
    }

    /// Whether a later opening will find what was written.
    fn check_names(&self) -> Result<(), WriteFailure> {
        let rows = self.rows_in.filter(|_| !self.rows.is_empty());
        self.names.check(rows).map_err(|reason| WriteFailure::not_held(&self.names, reason))
    }

    fn write_frames(&self) -> Result<(), WriteFailure> {
        let write = || self.log.file().write_all_at(&self.frames, self.start);
        let of = |what| move |error| WriteFailure::of(self.log.path(), what, error);
        self.with_reserve(write).map_err(of("written"))?;
        if self.durability == Durability::Immediate && !self.fault.has(Defect::LogNotSynced) {
            self.log.file().sync_data().map_err(|error| of("synced")(error).unsure())?;
        }
        Ok(())
    }

    /// Writes. On a full disk, gives up the reserve, if the group may, and writes once more.
    fn with_reserve(&self, write: impl Fn() -> std::io::Result<()>) -> std::io::Result<()> {
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

/// Success of both, or the failure after which less is known.
fn worse(a: Result<(), WriteFailure>, b: Result<(), WriteFailure>) -> Result<(), WriteFailure> {
    match (a, b) {
        (Ok(()), b) => b,
        (a, Ok(())) => a,
        (Err(a), Err(b)) => Err(if b.is_unsure() && !a.is_unsure() { b } else { a }),
    }
}
