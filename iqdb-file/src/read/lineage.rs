//! The lineage of a block in its segment, read when it is asked for.

use std::fmt;
use std::sync::Arc;

use iqdb_core::{Lineage, LineageSource, Result};

use super::body::Body;
use crate::errors::damaged;
use crate::format::segment::lineage::decode_lineage;

/// Where the lineage of one block is.
pub(crate) struct SegmentLineage {
    body: Arc<Body>,
    slot: usize,
    /// How many rows the block has.
    rows: usize,
}

impl SegmentLineage {
    pub(crate) fn new(body: &Arc<Body>, slot: usize, rows: usize) -> Self {
        Self { body: Arc::clone(body), slot, rows }
    }
}

impl LineageSource for SegmentLineage {
    fn read(&self) -> Result<Lineage> {
        decode_lineage(self.body.section(self.slot)?, self.rows)
            .map_err(|error| damaged(self.body.path(), "a lineage makes no sense").caused_by(error))
    }
}

impl fmt::Debug for SegmentLineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SegmentLineage")
    }
}
