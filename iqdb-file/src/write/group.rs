//! The outcome of a group of batches that share one write and one sync.

use std::sync::OnceLock;

use iqdb_core::Result;

use super::write_failure::WriteFailure;

/// A group, for every writer with a batch in it.
#[derive(Debug, Default)]
pub(crate) struct CommitGroup {
    outcome: OnceLock<Result<(), WriteFailure>>,
}

impl CommitGroup {
    /// Ends the group with this outcome, if it has not ended before.
    pub(crate) fn end(&self, outcome: Result<(), WriteFailure>) {
        let _ = self.outcome.set(outcome);
    }

    /// `None` until the group has ended.
    pub(crate) fn outcome(&self) -> Option<Result<()>> {
        self.outcome.get().map(|outcome| outcome.as_ref().map_err(WriteFailure::to_error).copied())
    }
}
