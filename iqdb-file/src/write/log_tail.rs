//! The end of the log: where the next frame goes, and how much of the log is on the disk.

use std::sync::Arc;

use iqdb_core::{Result, Version};

use crate::files::log::Log;
use crate::format::log::HEADER;

/// The log, and what the writers have appended to it.
#[derive(Debug)]
pub(crate) struct LogTail {
    log: Arc<Log>,
    /// The offset at which the staged frames go.
    end: u64,
    /// The log is synced up to this offset.
    synced: u64,
    /// The number of changes in the log.
    changes: u64,
}

impl LogTail {
    /// The end of an empty log.
    pub(crate) fn new(log: Log) -> Self {
        let start = HEADER as u64;
        Self { log: Arc::new(log), end: start, synced: start, changes: 0 }
    }

    pub(crate) fn log(&self) -> &Arc<Log> {
        &self.log
    }

    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    pub(crate) fn synced(&self) -> u64 {
        self.synced
    }

    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// Bytes of frames.
    pub(crate) fn frame_bytes(&self) -> u64 {
        self.end - HEADER as u64
    }

    /// Appends the frame of this body to `staged`, which is to be written at the end of the log.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`](iqdb_core::ErrorKind::NotSupported) for a body of more than 4 GiB.
    pub(crate) fn frame(&self, staged: &mut Vec<u8>, body: &[u8], version: Version) -> Result<()> {
        self.log.frame(staged, body, self.end, version, self.synced)
    }

    /// Counts changes that have been written to the log, or read from it.
    pub(crate) fn add_changes(&mut self, changes: u64) {
        self.changes += changes;
    }

    /// Moves the end: forwards over frames that a leader writes, or back when it failed to.
    pub(crate) fn set_end(&mut self, end: u64) {
        self.end = end;
    }

    /// Notes that all of the log is synced.
    pub(crate) fn note_all_synced(&mut self) {
        self.synced = self.end;
    }

    /// Notes that the log is synced up to this offset.
    pub(crate) fn set_synced(&mut self, offset: u64) {
        self.synced = offset;
    }
}
