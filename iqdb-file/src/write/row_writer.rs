//! Writes the vectors of a large batch to the open segment, in parallel with the rest of a commit.
//!
//! Writing and syncing the rows takes about as long as applying the batch in memory and writing and
//! syncing its frame, and neither needs the other: the log ends at a frame whose rows never reached
//! the disk. Only the leader that acknowledges the batch has to wait for both.

use std::mem;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::write_failure::WriteFailure;
use crate::fault::{Defect, InjectedFault};
use crate::options::Durability;
use crate::vfs::{File, FileExt, Process};

/// The rows to write, and their place in a file.
#[derive(Debug)]
pub(crate) struct RowWrite {
    pub(crate) file: Arc<dyn File>,
    pub(crate) path: PathBuf,
    pub(crate) start: u64,
    pub(crate) bytes: Vec<u8>,
    /// Whether they are the first rows of the file: then the writer syncs them, with the file's
    /// header, before the log names the file.
    pub(crate) is_first: bool,
    pub(crate) durability: Durability,
    /// The syncs of the file.
    pub(crate) syncs: Arc<FileSyncs>,
    pub(crate) fault: InjectedFault,
}

/// The syncs of one file by many threads, one at a time. A system reports a failure once, to the
/// thread that syncs first, though it may have lost the bytes of another one: so after one failed
/// sync, all fail.
#[derive(Debug, Default)]
pub(crate) struct FileSyncs(Mutex<Option<WriteFailure>>);

/// Rows that are being written. Dropping them waits until no thread writes them any more.
#[derive(Debug)]
pub(crate) struct PendingRows {
    state: State,
    process: Process,
}

#[derive(Debug)]
enum State {
    /// Another thread writes them.
    Spawned(JoinHandle<Done>),
    /// The thread that waits for them writes them.
    Deferred(RowWrite),
    Done(Done),
}

/// The outcome of the write, and its memory.
#[derive(Debug)]
struct Done {
    bytes: Vec<u8>,
    outcome: Result<(), WriteFailure>,
}

impl RowWrite {
    /// Starts writing.
    pub(crate) fn begin(self) -> PendingRows {
        let state = match self.fault.coin(self.start) {
            _ if self.is_first => State::Done(self.run()),
            None => self.spawn(),
            // A run that must be repeatable starts no threads, but has both orders.
            Some(true) => State::Done(self.run()),
            Some(false) => State::Deferred(self),
        };
        PendingRows { state, process: Process::current() }
    }

    /// Writes on a new thread, or, where none can be started, on the thread that waits for the
    /// rows.
    fn spawn(self) -> State {
        let writing = Arc::new(Mutex::new(Some(self)));
        let take = |writing: &Mutex<Option<Self>>| {
            writing.lock().unwrap_or_else(PoisonError::into_inner).take()
        };
        let run = {
            let writing = Arc::clone(&writing);
            move || take(&writing).map_or_else(Done::nothing, Self::run)
        };
        match std::thread::Builder::new().name("iqdb rows".into()).spawn(run) {
            Ok(thread) => State::Spawned(thread),
            Err(_) => take(&writing).map_or_else(|| State::Done(Done::nothing()), State::Deferred),
        }
    }

    fn run(self) -> Done {
        let outcome = self.write();
        Done { bytes: self.bytes, outcome }
    }

    /// # Errors
    /// A failure to write changes nothing: what lies behind the last row that the log names is
    /// garbage, and cut off before it is used. After a failure to sync the content of the disk is
    /// unknown.
    fn write(&self) -> Result<(), WriteFailure> {
        let written = self.file.write_all_at(&self.bytes, self.start);
        written.map_err(|error| WriteFailure::of(&self.path, "written", error))?;
        match self.durability {
            Durability::Relaxed if !self.is_first => Ok(()),
            _ => self.syncs.one(|| self.sync()),
        }
    }

    fn sync(&self) -> Result<(), WriteFailure> {
        if !self.fault.has(Defect::RowsNotSynced) {
            let unsure =
                |error| WriteFailure::of(&self.path, "synced", error).with_unknown_outcome();
            self.file.sync_data().map_err(unsure)?;
        }
        Ok(())
    }
}

impl FileSyncs {
    fn one(&self, sync: impl FnOnce() -> Result<(), WriteFailure>) -> Result<(), WriteFailure> {
        let mut failed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = &*failed {
            return Err(failure.clone());
        }
        sync().inspect_err(|failure| *failed = Some(failure.clone()))
    }
}

impl PendingRows {
    /// The failure, as far as it is known by now. The first rows of a file are written by now.
    pub(crate) fn failure(&self) -> Option<&WriteFailure> {
        match &self.state {
            State::Done(done) => done.outcome.as_ref().err(),
            State::Spawned(_) | State::Deferred(_) => None,
        }
    }

    /// Returns when the rows have been written, and, unless the durability is relaxed, are on the
    /// disk.
    pub(crate) fn wait(&mut self) -> Result<(), WriteFailure> {
        let done = match mem::replace(&mut self.state, State::Done(Done::nothing())) {
            State::Spawned(thread) => thread.join().unwrap_or_else(|_| {
                let outcome =
                    Err(WriteFailure::new("writing rows panicked").with_unknown_outcome());
                Done { bytes: Vec::new(), outcome }
            }),
            State::Deferred(writing) => writing.run(),
            State::Done(done) => done,
        };
        let outcome = done.outcome.clone();
        self.state = State::Done(done);
        outcome
    }

    /// The memory of rows that have been written.
    pub(crate) fn take_bytes(&mut self) -> Vec<u8> {
        match &mut self.state {
            State::Done(done) => mem::take(&mut done.bytes),
            _ => Vec::new(),
        }
    }
}

impl Done {
    fn nothing() -> Self {
        Self { bytes: Vec::new(), outcome: Ok(()) }
    }
}

impl Drop for PendingRows {
    /// Waits, because the caller that drops the rows may write other rows to their place in the
    /// file.
    fn drop(&mut self) {
        if !matches!(self.state, State::Spawned(_)) {
            return;
        }
        if self.process.is_surely_current() {
            let _ = self.wait();
        } else {
            // A forked child has the handle and not the thread.
            mem::forget(mem::replace(&mut self.state, State::Done(Done::nothing())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_sync_that_failed_all_fail() {
        let syncs = FileSyncs::default();
        assert!(syncs.one(|| Ok(())).is_ok());
        assert!(
            syncs
                .one(|| Err(WriteFailure::new("the disk is gone").with_unknown_outcome()))
                .is_err()
        );
        let later = syncs.one(|| Ok(())).unwrap_err();
        assert!(
            later.is_outcome_unknown() && later.to_string().contains("the disk is gone"),
            "{later}"
        );
    }
}
