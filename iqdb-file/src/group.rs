//! Groups: batches that share one write and one sync.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use iqdb_core::{Error, ErrorKind, Result};

use crate::log::Log;
use crate::names::Name;
use crate::new_rows::NewRows;
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
    /// Writes the frames and syncs them, and waits until the rows that they name are there, too.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when nothing was written that a later opening could find;
    /// [`ErrorKind::OutcomeUnknown`] when nobody knows.
    pub(crate) fn run(&mut self) -> Result<(), Failure> {
        if self.probe.has(Defect::AcknowledgedBeforeWritten) {
            return Ok(());
        }
        let frames = self.write_frames();
        // All of them, also after one has failed: nobody else writes to their place meanwhile.
        let rows = self.rows.iter_mut().map(NewRows::wait).fold(Ok(()), worse);
        let failure = match worse(frames, rows) {
            Ok(()) => return Ok(()),
            Err(failure) if failure.is_unsure() => return Err(failure),
            Err(failure) => failure,
        };
        // Some of the frames may be there, and must never be found.
        let cut = self.log.file().set_len(self.start);
        Err(match cut.and_then(|()| self.log.file().sync_data()) {
            Ok(()) => failure,
            Err(_) => failure.unsure(),
        })
    }

    fn write_frames(&self) -> Result<(), Failure> {
        let write = || self.log.file().write_all_at(&self.frames, self.start);
        let of = |what| move |error| Failure::of(self.log.path(), what, error);
        self.with_reserve(write).map_err(of("written"))?;
        if self.durability == Durability::Immediate && !self.probe.has(Defect::LogNotSynced) {
            self.log.file().sync_data().map_err(|error| of("synced")(error).unsure())?;
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

/// Both, or the failure after which less is known.
fn worse(a: Result<(), Failure>, b: Result<(), Failure>) -> Result<(), Failure> {
    match (a, b) {
        (Ok(()), b) => b,
        (a, Ok(())) => a,
        (Err(a), Err(b)) => Err(if b.is_unsure() && !a.is_unsure() { b } else { a }),
    }
}
