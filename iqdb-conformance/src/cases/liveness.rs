//! Which rows are alive, asked one by one, and which ended between two versions.

use std::collections::BTreeMap;
use std::sync::Arc;

use iqdb_core::{Batch, IdRef, Metric, RecordId, Result, Schema, Snapshot, Version};

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

/// The version that ended each record.
pub(super) type Ends = BTreeMap<RecordId, Version>;

/// Panics unless each sealed block of `on` knows which of its rows ended between its version and that
/// of `other`, or says that it doesn't; returns how often it knew.
pub(super) fn check_ended(on: &dyn Snapshot, other: &dyn Snapshot, ends: &Ends) -> Result<usize> {
    let (first, last) = match on.version() < other.version() {
        true => (on.version(), other.version()),
        false => (other.version(), on.version()),
    };
    let has_ended = |id: IdRef<'_>| {
        ends.get(&id.to_id()).is_some_and(|version| *version > first && *version <= last)
    };
    let mut known = 0;
    each_block(on, |i, block| {
        if block.seal().is_none() {
            return Ok(());
        }
        let mut found = vec![u32::MAX];
        if !block.ended(other.version(), &mut found)? {
            assert_is!(found, [u32::MAX], "what was found in block {i}, where nothing is known");
            return Ok(());
        }
        known += 1;
        let mut expected = Vec::new();
        for row in 0..block.len() {
            if has_ended(block.id(row)?) {
                expected.push(row);
            }
        }
        expected.push(u32::MAX as usize);
        let mut found: Vec<usize> = found.into_iter().map(|row| row as usize).collect();
        found.sort_unstable();
        let context = format_args!("{} and {}, seen at {}", first.0, last.0, on.version().0);
        assert_is!(found, expected, "the rows of block {i} that ended between versions {context}");
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
    // Each record has one life, so its end is that of each row that has held it, unless it had moved.
    let records = corpus::records(&schema, RECORDS, Distribution::Smooth, 1)?;
    pair.apply(&records.iter().cloned().fold(Batch::new(), Batch::upsert))?;
    let mut kept: Vec<Arc<dyn Snapshot>> = Vec::new();
    let mut ends = Ends::new();
    for round in 0..20 {
        kept.push(pair.site.snapshot()?);
        // One version ends one row, and the next one several: at last enough that a store may compact.
        let several = |n: &u64| match round {
            0..12 => n % 97 == 13 + round,
            _ => n % 11 == round - 10,
        };
        for ids in [vec![round], (0..RECORDS).filter(several).collect()] {
            let ids: Vec<RecordId> = ids.into_iter().map(corpus::id).collect();
            let applied = pair.apply(&ids.iter().cloned().fold(Batch::new(), Batch::delete))?;
            ids.into_iter().for_each(|id| _ = ends.entry(id).or_insert(applied.version));
        }
    }
    let mut known = 0;
    for on in &kept {
        for other in &kept {
            known += check_ended(&**on, &**other, &ends)?;
        }
    }
    match known {
        0 => Ok(Outcome::NotPromised("it sealed no block, or knows of no end")),
        _ => Ok(Outcome::Kept),
    }
}
