//! What a scan is asked: the queries and the snapshot that they read. All threads share it.

use std::ops::Range;

use iqdb_core::{Block, Error, ErrorKind, Query, Result, Snapshot};

use crate::query_batch::QueryBatch;
use crate::top_k::SharedThreshold;

/// The queries of a search and the snapshot that they read, shared by all threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScanContext<'a> {
    pub(crate) batch: &'a QueryBatch,
    pub(crate) on: &'a dyn Snapshot,
    pub(crate) queries: &'a [Query<'a>],
    /// The threshold that threads share, one per query; empty when one thread searches alone.
    pub(crate) shared: &'a [SharedThreshold],
}

/// A range of rows of one block.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) block: usize,
    pub(crate) rows: Range<usize>,
}

impl ScanContext<'_> {
    /// # Errors
    /// [`ErrorKind::ContractViolation`] for a block of another dimension than the schema says.
    pub(super) fn check(&self, block: &Block<'_>) -> Result<()> {
        if block.dim() == self.batch.dim {
            return Ok(());
        }
        Err(Error::new(ErrorKind::ContractViolation, "a block has another dimension")
            .expected(format_args!("{} components", self.batch.dim))
            .found(format_args!("{} components", block.dim())))
    }
}
