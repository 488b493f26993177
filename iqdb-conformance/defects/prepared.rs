//! The data that the planted search derives from sealed blocks, and wrongly relies on.

use iqdb_core::filter::MaskPool;
use iqdb_core::{Blocks, Record, Result, RowMask, Snapshot, Vector, VectorRef};

use crate::column::blocks_of;

/// The mark of a block that has been quantized.
#[derive(Debug)]
struct Coded;

/// The rows of a block that were alive when it was prepared.
#[derive(Debug)]
struct AliveWhenPrepared(RowMask);

/// Codes every sealed block.
pub(crate) fn code(on: &dyn Snapshot) -> Result<()> {
    let on = blocks_of(on)?;
    for i in 0..on.block_count() {
        if let Some(seal) = on.block(i)?.seal() {
            seal.derived().put(Coded);
        }
    }
    Ok(())
}

/// Whether any block has been coded.
pub(crate) fn is_coded(on: &dyn Snapshot) -> Result<bool> {
    let on = blocks_of(on)?;
    for i in 0..on.block_count() {
        if on.block(i)?.seal().is_some_and(|seal| seal.derived().get::<Coded>().is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A row, quantized to four bits and decoded again.
pub(crate) fn as_coded(row: VectorRef<'_>) -> Vector {
    let components = row.as_f32().unwrap_or_default();
    let largest = components.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    let code = |x: &f32| (x / largest * 7.0).round() * (largest / 7.0);
    let coded = Vector::try_from(components.iter().map(code).collect::<Vec<_>>());
    coded.unwrap_or_else(|_| row.to_vector())
}

/// Remembers the rows of every sealed block that are alive.
pub(crate) fn remember_alive(on: &dyn Snapshot) -> Result<()> {
    let on = blocks_of(on)?;
    for i in 0..on.block_count() {
        if let Some(seal) = on.block(i)?.seal() {
            seal.derived().put(AliveWhenPrepared(alive(on, i)?));
        }
    }
    Ok(())
}

/// The records that were alive when their block was prepared, and were replaced or deleted since.
pub(crate) fn stale_records(on: &dyn Snapshot) -> Result<Vec<Record>> {
    let on = blocks_of(on)?;
    let mut stale_records = Vec::new();
    for i in 0..on.block_count() {
        let block = on.block(i)?;
        let then = block.seal().and_then(|seal| seal.derived().get::<AliveWhenPrepared>());
        let Some(AliveWhenPrepared(then)) = then else { continue };
        let now = alive(on, i)?;
        for row in then.rows().filter(|row| !now.contains(*row)) {
            stale_records.push(block.record(row)?.to_record()?);
        }
    }
    Ok(stale_records)
}

fn alive(on: &dyn Blocks, i: usize) -> Result<RowMask> {
    let block = on.block(i)?;
    let mut mask = RowMask::new();
    block.select(0..block.len(), None, &mut mask, &mut MaskPool::default())?;
    Ok(mask)
}
