//! When the next checkpoint is due, and what is told of one that failed.
//!
//! The log keeps everything safe, so a checkpoint that fails in the background fails no write at first.
//! But users can see the failure, and the log doesn't grow without end.

use std::error::Error as _;

use iqdb_core::Error;

use crate::errors::is_full;

/// How many times its bound the log may be before writes are refused.
const GROWS_AT_MOST: u64 = 4;

/// The size of a log and its open segment, and the bounds from which they are sealed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogSize {
    /// The end of the log.
    pub(crate) end: u64,
    /// Found and bound: bytes of frames, changes, and bytes of rows in the open segment.
    pub(crate) found_and_bounds: [(u64, u64); 3],
}

/// When the next checkpoint is due.
#[derive(Debug, Default)]
pub(crate) struct CheckpointSchedule {
    /// The last checkpoint failed, and none has succeeded since.
    failed: Option<FailedCheckpoint>,
    /// A segment has enough dead rows to be worth rewriting.
    wants_rewrite: bool,
}

/// The last failure.
#[derive(Debug, Clone)]
pub(crate) struct FailedCheckpoint {
    /// The error of the last attempt, with its causes.
    pub(crate) cause: String,
    /// The number of attempts that have failed, one after the other.
    pub(crate) attempts: u64,
    /// The end of the log from which on another attempt is made.
    again_from: u64,
    /// It failed because the disk is full.
    is_full: bool,
}

impl LogSize {
    /// Whether the log has reached one of its bounds, each multiplied by `times`.
    fn reaches(&self, times: u64) -> bool {
        self.found_and_bounds.iter().any(|(found, bound)| *found >= bound.saturating_mul(times))
    }
}

impl CheckpointSchedule {
    /// Whether a checkpoint has to seal the log, or rewrite segments, before a batch is taken.
    pub(crate) fn is_due(&self, only_deletes: bool, log: &LogSize) -> bool {
        let again_from = self.failed.as_ref().map_or(0, |failed| failed.again_from);
        self.wants_rewrite
            || self.must_seal(only_deletes, log)
            || log.reaches(1) && log.end >= again_from
    }

    /// Whether the log must not grow by such a batch before it has been sealed: the disk is full, or
    /// sealing has failed for long enough.
    pub(crate) fn must_seal(&self, only_deletes: bool, log: &LogSize) -> bool {
        match &self.failed {
            None => false,
            Some(failed) if failed.is_full => !only_deletes && log.reaches(1),
            Some(_) => log.reaches(GROWS_AT_MOST),
        }
    }

    /// The last failure, if no checkpoint has succeeded since.
    pub(crate) fn failed(&self) -> Option<&FailedCheckpoint> {
        self.failed.as_ref()
    }

    /// Notes whether a segment has got enough dead rows to be worth rewriting.
    pub(crate) fn request_rewrite_if(&mut self, is_worth_rewriting: bool) {
        self.wants_rewrite |= is_worth_rewriting;
    }

    /// A checkpoint begins.
    pub(crate) fn note_attempt(&mut self) {
        self.wants_rewrite = false;
    }

    /// A checkpoint has failed. Another one is tried once the log ends at `again_from`.
    pub(crate) fn note_failure(&mut self, error: &Error, again_from: u64) {
        let attempts = self.failed.as_ref().map_or(0, |failed| failed.attempts) + 1;
        let cause = with_causes(error);
        if attempts == 1 {
            log::warn!(target: "iqdb", "a checkpoint failed, and is tried again later: {cause}");
        }
        let is_full = is_full(error);
        self.failed = Some(FailedCheckpoint { cause, attempts, again_from, is_full });
        self.wants_rewrite = false;
    }
}

/// An error with what the system said.
fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    for cause in std::iter::successors(error.source(), |&cause| cause.source()) {
        text = format!("{text}: {cause}");
    }
    text
}
