//! What a scan is asked: the queries and the snapshot that they read. All threads share it.

use std::ops::Range;

use iqdb_core::{Blocks, FieldId, Query};

use crate::budgets::Budgets;
use crate::query_batch::QueryBatch;
use crate::top_k::SharedThreshold;

/// The queries of a search and the snapshot that they read, shared by all threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScanContext<'a> {
    pub(crate) batch: &'a QueryBatch,
    pub(crate) on: &'a dyn Blocks,
    pub(crate) queries: &'a [Query<'a>],
    /// The field that all of them look in.
    pub(crate) field: FieldId,
    /// Until when the search may work.
    pub(crate) budgets: Budgets<'a>,
    /// The threshold that threads share, one per query; empty when one thread searches alone.
    pub(crate) shared: &'a [SharedThreshold],
}

/// A range of vectors of one block.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) block: usize,
    /// Numbered in the field's column.
    pub(crate) rows: Range<usize>,
}
