//! The capabilities that a store promises beyond the contract, apart from durability.

use iqdb_core::filter::MaskPool;
use iqdb_core::{Metric, Result, RowMask, Schema};

use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::{Harness, Outcome};

pub(super) fn wait_free_reads_allocate_nothing(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(3, Metric::Euclidean)?;
    let pair =
        Differential::of(harness, &schema, corpus::records(&schema, 40, Distribution::Smooth, 1)?)?;
    if !pair.site.capabilities().wait_free_reads() {
        return Ok(Outcome::NotPromised("its reads are not wait-free"));
    }
    let ids: Vec<_> = (0..50).map(corpus::id).collect();
    let (mut mask, mut pool) = (RowMask::new(), MaskPool::default());
    let mut read = || -> Result<usize> {
        let snapshot = pair.site.snapshot()?;
        let mut found = 0;
        for id in &ids {
            found += usize::from(snapshot.get(id)?.is_some());
        }
        let Some(blocks) = snapshot.blocks() else { return Ok(found) };
        for i in 0..blocks.block_count() {
            let block = blocks.block(i)?;
            block.select(0..block.len(), None, &mut mask, &mut pool)?;
            let field = block.schema().default_field()?;
            let Some(column) = block.column(field)? else { continue };
            let rows = column.rows(0..column.len())?;
            for row in mask.rows() {
                block.id(row)?;
                block.payload(row)?;
                if let Some(n) = column.position(row) {
                    found += usize::from(rows.vector(n)?.dim() == column.kind().dim());
                }
            }
        }
        Ok(found)
    };
    // The caller's masks grow in the first run only.
    read()?;
    let mut found = Ok(0);
    let Some(cost) = harness.measure(&mut || found = read()) else {
        return Ok(Outcome::NotPromised("no allocation meter (Harness::with_allocation_meter)"));
    };
    assert_eq!(found?, 2 * pair.model.len(), "the records found, by id and in blocks");
    assert_eq!(cost.total_bytes, 0, "the bytes that reading allocated");
    Ok(Outcome::Kept)
}
