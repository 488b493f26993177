//! A checkpoint that failed: what is told of it, and when another one is tried.
//!
//! What is written is safe in the log, so a failure in the background fails no write at first. But it
//! can be seen at once, and the log doesn't grow without end.

use std::error::Error as _;

use iqdb_core::Error;

use crate::errors::is_full;

/// How many times its bound the log may be before writes are refused.
pub(crate) const GROWS_AT_MOST: u64 = 4;

/// What failed, and where the log was then.
#[derive(Debug, Clone)]
pub(crate) struct FailedCheckpoint {
    /// What the last attempt said.
    pub(crate) cause: String,
    /// How many attempts have failed, one after the other.
    pub(crate) attempts: u64,
    /// The end of the log from which on another one is tried.
    pub(crate) again_from: u64,
    /// It failed because the disk is full.
    pub(crate) is_full: bool,
}

impl FailedCheckpoint {
    /// After another failure. The first one is an event of the log of the program.
    pub(crate) fn after(before: Option<Self>, error: &Error, again_from: u64) -> Self {
        let attempts = before.map_or(0, |before| before.attempts) + 1;
        let cause = with_causes(error);
        if attempts == 1 {
            log::warn!(target: "iqdb", "a checkpoint failed, and is tried again later: {cause}");
        }
        Self { cause, attempts, again_from, is_full: is_full(error) }
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
