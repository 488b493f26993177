//! The end of the log: where the next frame goes, and how much of the log is on the disk.

use std::sync::Arc;

use iqdb_core::{Result, Version};

use super::staged_frames::StagedFrames;
use crate::files::log::Log;
use crate::format::log::LogEnd;

/// The log, and what the writers have appended to it.
#[derive(Debug)]
pub(crate) struct LogTail {
    log: Arc<Log>,
    /// Where the staged frames go.
    end: LogEnd,
    /// The log is synced up to there.
    synced: LogEnd,
    /// The number of changes in the log.
    changes: u64,
}

impl LogTail {
    /// The end of an empty log.
    pub(crate) fn new(log: Log) -> Self {
        let start = log.start();
        Self { log: Arc::new(log), end: start, synced: start, changes: 0 }
    }

    pub(crate) fn log(&self) -> &Arc<Log> {
        &self.log
    }

    pub(crate) fn end(&self) -> LogEnd {
        self.end
    }

    pub(crate) fn synced(&self) -> LogEnd {
        self.synced
    }

    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// Bytes of frames.
    pub(crate) fn frame_bytes(&self) -> u64 {
        self.end.offset - self.log.start().offset
    }

    /// Appends the frame of this body to `staged`, which is to be written at the end of the log.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`](iqdb_core::ErrorKind::NotSupported) for a body of more than 4 GiB.
    pub(crate) fn frame(
        &self,
        staged: &mut StagedFrames,
        body: &[u8],
        version: Version,
    ) -> Result<()> {
        staged
            .append(self.end, |out, at| self.log.frame(out, body, at, version, self.synced.offset))
    }

    /// Counts changes that have been written to the log, or read from it.
    pub(crate) fn add_changes(&mut self, changes: u64) {
        self.changes += changes;
    }

    /// Moves the end: forwards over frames that a leader writes, or back when it failed to.
    pub(crate) fn set_end(&mut self, end: LogEnd) {
        self.end = end;
    }

    /// Notes that all of the log is synced.
    pub(crate) fn note_all_synced(&mut self) {
        self.synced = self.end;
    }

    /// Notes that the log is synced up to there.
    pub(crate) fn set_synced(&mut self, end: LogEnd) {
        self.synced = end;
    }
}
