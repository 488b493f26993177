//! What the planted search keeps with sealed blocks, and should not rely on.

use iqdb_core::filter::MaskPool;
use iqdb_core::{Record, Result, RowMask, Snapshot};

/// The block has been coded.
#[derive(Debug)]
struct Coded;

/// The rows of a block that were alive when it was prepared.
#[derive(Debug)]
struct AliveThen(RowMask);

/// Codes every sealed block.
pub(crate) fn code(on: &dyn Snapshot) -> Result<()> {
    for i in 0..on.block_count() {
        if let Some(seal) = on.block(i)?.seal() {
            seal.derived().put(Coded);
        }
    }
    Ok(())
}

/// Whether any block has been coded.
pub(crate) fn is_coded(on: &dyn Snapshot) -> Result<bool> {
    for i in 0..on.block_count() {
        if on.block(i)?.seal().is_some_and(|seal| seal.derived().get::<Coded>().is_some()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A row as a code of four bits shows it.
pub(crate) fn as_coded(row: &[f32]) -> Vec<f32> {
    let largest = row.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    row.iter().map(|x| (x / largest * 7.0).round() * (largest / 7.0)).collect()
}

/// Remembers the rows of every sealed block that are alive.
pub(crate) fn remember_alive(on: &dyn Snapshot) -> Result<()> {
    for i in 0..on.block_count() {
        if let Some(seal) = on.block(i)?.seal() {
            seal.derived().put(AliveThen(alive(on, i)?));
        }
    }
    Ok(())
}

/// The records that are remembered as alive, and have been replaced or deleted since.
pub(crate) fn undead(on: &dyn Snapshot) -> Result<Vec<Record>> {
    let mut undead = Vec::new();
    for i in 0..on.block_count() {
        let block = on.block(i)?;
        let then = block.seal().and_then(|seal| seal.derived().get::<AliveThen>());
        let Some(AliveThen(then)) = then else { continue };
        let now = alive(on, i)?;
        for row in then.rows().filter(|row| !now.contains(*row)) {
            undead.push(block.record(row)?.to_record()?);
        }
    }
    Ok(undead)
}

fn alive(on: &dyn Snapshot, i: usize) -> Result<RowMask> {
    let block = on.block(i)?;
    let mut mask = RowMask::new();
    block.select(0..block.len(), None, &mut mask, &mut MaskPool::default())?;
    Ok(mask)
}
