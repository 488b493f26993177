//! Groups: batches that share one write and one sync.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use iqdb_core::{Error, ErrorKind, Result};

use crate::growing::NewRows;
use crate::log::Log;
use crate::names::Name;
use crate::options::Durability;
use crate::probe::{Defect, Probe};
use crate::vfs::{FileExt, Vfs};

/// What became of a group, for everybody whose batch is in it.
#[derive(Debug, Default)]
pub(crate) struct Group {
    outcome: OnceLock<Result<(), Failure>>,
}

/// Why a group was not written.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    kind: ErrorKind,
    what: String,
    cause: Option<Arc<std::io::Error>>,
}

impl Group {
    pub(crate) fn end(&self, outcome: Result<(), Failure>) {
        // It ends once.
        let _ = self.outcome.set(outcome);
    }

    /// `None` while it is not decided.
    pub(crate) fn outcome(&self) -> Option<Result<()>> {
        self.outcome.get().map(|outcome| outcome.as_ref().map_err(Failure::to_error).copied())
    }
}

impl Failure {
    pub(crate) fn new(what: impl fmt::Display) -> Self {
        Self { kind: ErrorKind::Io, what: what.to_string(), cause: None }
    }

    /// The same, but nobody knows what is on the disk.
    pub(crate) fn unsure(mut self) -> Self {
        self.kind = ErrorKind::OutcomeUnknown;
        self
    }

    pub(crate) fn is_unsure(&self) -> bool {
        self.kind == ErrorKind::OutcomeUnknown
    }

    pub(crate) fn is_full(&self) -> bool {
        self.cause.as_ref().is_some_and(|cause| cause.kind() == std::io::ErrorKind::StorageFull)
    }

    pub(crate) fn of(path: &std::path::Path, what: &str, cause: std::io::Error) -> Self {
        let what = format!("{}: it can't be {what}", path.display());
        Self { kind: ErrorKind::Io, what, cause: Some(Arc::new(cause)) }
    }

    pub(crate) fn to_error(&self) -> Error {
        let error = Error::new(self.kind, self.what.clone()).during("apply");
        let error = match self.kind {
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

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => write!(f, "{} ({cause})", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// What a group's leader writes while others go on staging.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) vfs: Arc<dyn Vfs>,
    pub(crate) dir: PathBuf,
    pub(crate) log: Arc<Log>,
    pub(crate) start: u64,
    pub(crate) frames: Vec<u8>,
    pub(crate) rows: Vec<NewRows>,
    pub(crate) durability: Durability,
    /// Whether space may be given up for it.
    pub(crate) may_use_reserve: bool,
    /// Whether it was.
    pub(crate) gave_up_reserve: AtomicBool,
    pub(crate) probe: Probe,
}

impl Job {
    /// Writes rows, then frames, each synced before anything relies on it.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when nothing was written that a later opening could find;
    /// [`ErrorKind::OutcomeUnknown`] when nobody knows.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        if self.probe.has(Defect::AcknowledgedBeforeWritten) {
            return Ok(());
        }
        let is_immediate = self.durability == Durability::Immediate;
        for rows in &self.rows {
            let write = || rows.file.write_all_at(&rows.bytes, rows.start);
            // What is written behind the last row is garbage, and cut off before it is used.
            self.with_reserve(write).map_err(|error| Failure::of(&rows.path, "written", error))?;
        }
        if let (Some(last), true) = (self.rows.last(), is_immediate) {
            if !self.probe.has(Defect::RowsNotSynced) {
                let unsure = |error| Failure::of(&last.path, "synced", error).unsure();
                last.file.sync_data().map_err(unsure)?;
            }
            if self.rows.iter().any(|rows| rows.is_new)
                && !self.probe.has(Defect::DirectoryNotSynced)
            {
                let unsure = |error| Failure::of(&self.dir, "synced", error).unsure();
                self.vfs.sync_dir(&self.dir).map_err(unsure)?;
            }
        }
        let write = || self.log.file().write_all_at(&self.frames, self.start);
        if let Err(error) = self.with_reserve(write) {
            let failure = Failure::of(self.log.path(), "written", error);
            // Some of it may be there, and must never be found.
            let cut = self.log.file().set_len(self.start);
            return Err(match cut.and_then(|()| self.log.file().sync_data()) {
                Ok(()) => failure,
                Err(_) => failure.unsure(),
            });
        }
        if is_immediate && !self.probe.has(Defect::LogNotSynced) {
            let unsure = |error| Failure::of(self.log.path(), "synced", error).unsure();
            self.log.file().sync_data().map_err(unsure)?;
        }
        Ok(())
    }

    /// Tries again without the reserve where the disk is full and that is worth it.
    fn with_reserve(&self, write: impl Fn() -> std::io::Result<()>) -> std::io::Result<()> {
        match write() {
            Err(error)
                if error.kind() == std::io::ErrorKind::StorageFull && self.may_use_reserve =>
            {
                match self.vfs.remove(&Name::Reserve.within(&self.dir)) {
                    Ok(()) => {
                        self.gave_up_reserve.store(true, Ordering::Relaxed);
                        write()
                    }
                    Err(_) => Err(error),
                }
            }
            result => result,
        }
    }
}
