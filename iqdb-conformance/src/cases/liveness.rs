//! Which rows are alive, asked one by one, and which ended between two versions.

use std::collections::BTreeMap;
use std::sync::Arc;

use iqdb_core::{Batch, Metric, Result, RowMask, Schema, SealId, Snapshot};

use super::blocks::{each_block, each_store, selected};
use crate::check::exact::assert_is;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::{Harness, Outcome};

pub(super) fn is_alive_agrees_with_clear_dead(harness: &Harness) -> Result<Outcome> {
    each_store(harness, |_, snapshot| {
        each_block(snapshot, |i, block| {
            let alive = selected(&block, None)?;
            for row in 0..block.len() {
                let context = format_args!("whether row {row} of block {i} is alive");
                assert_is!(block.is_alive(row)?, alive.contains(row), "{context}");
            }
            Ok(())
        })
    })
}

/// The live rows of each sealed block of a snapshot.
fn live_rows(snapshot: &dyn Snapshot) -> Result<BTreeMap<SealId, RowMask>> {
    let mut live = BTreeMap::new();
    each_block(snapshot, |_, block| {
        if let Some(seal) = block.seal() {
            live.insert(seal.id(), selected(&block, None)?);
        }
        Ok(())
    })?;
    Ok(live)
}

/// Panics unless each sealed block of `on` knows what became of its rows between its version and that
/// of `other`, or says that it doesn't; returns how often it knew.
fn check_ended(
    on: &dyn Snapshot,
    other: &dyn Snapshot,
    [at, then]: [&BTreeMap<SealId, RowMask>; 2],
) -> Result<usize> {
    let mut known = 0;
    each_block(on, |i, block| {
        let Some(id) = block.seal().map(iqdb_core::Seal::id) else { return Ok(()) };
        let (Some(at), Some(then)) = (at.get(&id), then.get(&id)) else { return Ok(()) };
        let mut found = vec![u32::MAX];
        if block.ended(other.version(), &mut found)? {
            known += 1;
            let (now, before) =
                if on.version() > other.version() { (at, then) } else { (then, at) };
            let expected = before.rows().filter(|row| !now.contains(*row));
            let mut expected: Vec<usize> = expected.collect();
            expected.push(u32::MAX as usize);
            let mut found: Vec<usize> = found.into_iter().map(|row| row as usize).collect();
            found.sort_unstable();
            let between = (other.version(), on.version());
            assert_is!(found, expected, "the rows of block {i} that ended between {between:?}");
        } else {
            assert_is!(found, [u32::MAX], "what was found in block {i}, where nothing is known");
        }
        Ok(())
    })?;
    Ok(known)
}

pub(super) fn ended_names_the_rows_that_ended_between_two_versions(
    harness: &Harness,
) -> Result<Outcome> {
    const RECORDS: u64 = 600;
    let schema = Schema::new(2, Metric::Dot)?;
    let mut pair = Differential::new(harness, &schema)?;
    let records = corpus::records(&schema, RECORDS, Distribution::Smooth, 1)?;
    pair.apply(&records.iter().cloned().fold(Batch::new(), Batch::upsert))?;
    let mut kept: Vec<(Arc<dyn Snapshot>, BTreeMap<SealId, RowMask>)> = Vec::new();
    for round in 0..12 {
        let snapshot = pair.site.snapshot()?;
        let live = live_rows(&*snapshot)?;
        kept.push((snapshot, live));
        // One version ends one row, and the next one several.
        pair.apply(&Batch::new().delete(corpus::id(round)))?;
        let some = (0..RECORDS).filter(|n| n % 97 == 13 + round).map(corpus::id);
        pair.apply(&some.fold(Batch::new(), Batch::delete))?;
    }
    let mut known = 0;
    for (on, at) in &kept {
        for (other, then) in &kept {
            known += check_ended(&**on, &**other, [at, then])?;
        }
    }
    match known {
        0 => Ok(Outcome::NotPromised("it sealed no block, or knows of no end")),
        _ => Ok(Outcome::Kept),
    }
}
