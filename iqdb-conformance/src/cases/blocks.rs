//! The blocks of a snapshot: rows, ids, liveness, filters and seals.

use std::collections::BTreeMap;
use std::sync::Arc;

use iqdb_core::filter::MaskPool;
use iqdb_core::{
    Batch, Block, Column, ErrorKind, Field, Filter, Metric, Record, Result, RowMask, Schema,
    SealId, Snapshot, VectorRef,
};

use crate::check::check_blocks;
use crate::check::exact::{assert_is, assert_record, difference, same_vector};
use crate::check::refusal::assert_refused;
use crate::check::rows::{assert_padding, same_row};
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::generate::filters;
use crate::shapes::{self, Held};
use crate::{Harness, Outcome};

/// Stores with dead rows, of dimensions on both sides of every usual padding, and of every shape.
pub(super) fn each_store(
    harness: &Harness,
    mut check: impl FnMut(&Differential<'_>, &dyn Snapshot) -> Result<()>,
) -> Result<Outcome> {
    for (dim, distribution) in [
        (1, Distribution::Smooth),
        (3, Distribution::Extreme),
        (8, Distribution::Lattice),
        (16, Distribution::Smooth),
        (17, Distribution::Extreme),
    ] {
        let schema = Schema::new(dim, Metric::Dot)?;
        let empty = Differential::new(harness, &schema)?;
        if empty.site.snapshot()?.blocks().is_none() {
            return Ok(NO_BLOCKS);
        }
        check(&empty, &*empty.site.snapshot()?)?;
        let full = Differential::after_churn(harness, &schema, 90, distribution)?;
        check(&full, &*full.site.snapshot()?)?;
    }
    let held = Held::of(harness, shapes::all()?)?;
    for (n, schema) in held.schemas.iter().enumerate() {
        let pair = Differential::after_churn(harness, schema, 60, Distribution::ALL[n % 3])?;
        check(&pair, &*pair.site.snapshot()?)?;
    }
    Ok(held.outcome())
}

pub(super) const NO_BLOCKS: Outcome = Outcome::NotPromised("its snapshots have no blocks");

/// Whether the snapshots of the backend have blocks.
pub(super) fn has_blocks(harness: &Harness) -> Result<bool> {
    let store = harness.create(&Schema::new(1, Metric::Dot)?)?;
    Ok(store.snapshot()?.blocks().is_some())
}

pub(super) fn each_block(
    snapshot: &dyn Snapshot,
    mut check: impl FnMut(usize, Block<'_>) -> Result<()>,
) -> Result<()> {
    let Some(blocks) = snapshot.blocks() else { return Ok(()) };
    (0..blocks.block_count()).try_for_each(|i| check(i, blocks.block(i)?))
}

/// Calls `check` with each column of each block, and what to call it in a message.
fn each_column(
    snapshot: &dyn Snapshot,
    mut check: impl FnMut(&str, Column<'_>) -> Result<()>,
) -> Result<()> {
    each_block(snapshot, |i, block| {
        for (id, field) in block.schema().iter() {
            if let Some(column) = block.column(id)? {
                check(&format!("{} in block {i}", field.name()), column)?;
            }
        }
        Ok(())
    })
}

pub(super) fn selected(block: &Block<'_>, filter: Option<&Filter>) -> Result<RowMask> {
    let mut mask = RowMask::new();
    block.select(0..block.len(), filter, &mut mask, &mut MaskPool::default())?;
    Ok(mask)
}

/// Panics unless selecting over any part of a block gives the same rows as selecting over all of it.
fn check_parts(i: usize, block: &Block<'_>, filter: Option<&Filter>) -> Result<()> {
    let whole = selected(block, filter)?;
    let matching = filter.map_or_else(String::new, |filter| format!(" and match `{filter}`"));
    let len = block.len();
    let (mut mask, mut pool) = (RowMask::new(), MaskPool::default());
    for part in (0..len).flat_map(|row| [0..row, row..row + 1, row..len]) {
        block.select(part.clone(), filter, &mut mask, &mut pool)?;
        let expected = whole.rows().filter(|row| part.contains(row));
        assert_is!(
            mask.rows().collect::<Vec<_>>(),
            expected.collect::<Vec<_>>(),
            "the rows {part:?} of block {i} that are alive{matching}"
        );
    }
    Ok(())
}

pub(super) fn blocks_cover_every_live_record_once(harness: &Harness) -> Result<Outcome> {
    each_store(harness, |pair, snapshot| check_blocks(snapshot, &pair.model))
}

pub(super) fn blocks_have_the_columns_of_the_schema(harness: &Harness) -> Result<Outcome> {
    each_store(harness, |pair, snapshot| {
        each_block(snapshot, |i, block| {
            assert_is!(block.schema(), pair.model.schema(), "the schema of block {i}");
            assert_is!(block.at(), snapshot.version(), "the version of block {i}");
            Ok(())
        })?;
        // Rows of another element or dimension are refused where they are read.
        each_column(snapshot, |_, column| column.rows(0..column.len()).map(drop))
    })
}

pub(super) fn block_out_of_range_is_an_error(harness: &Harness) -> Result<Outcome> {
    each_store(harness, |_, snapshot| {
        let Some(blocks) = snapshot.blocks() else { return Ok(()) };
        let count = blocks.block_count();
        for i in [count, count + 1, usize::MAX] {
            let context = format_args!("block {i} of {count}");
            assert_refused(blocks.block(i), ErrorKind::ContractViolation, context);
        }
        Ok(())
    })
}

pub(super) fn sealed_blocks_never_change(harness: &Harness) -> Result<Outcome> {
    if !has_blocks(harness)? {
        return Ok(NO_BLOCKS);
    }
    const RECORDS: u64 = 1_200;
    let schema = Schema::new(2, Metric::Dot)?;
    let mut pair = Differential::new(harness, &schema)?;
    // Two stores that seal as many blocks: no seal of one is mistaken for one of the other.
    let mut other = Differential::new(harness, &schema)?;
    // Where each seal was found first, and what was in that block.
    let mut known: BTreeMap<SealId, (String, Vec<Record>)> = BTreeMap::new();
    let mut kept: Vec<(&str, Arc<dyn Snapshot>)> = Vec::new();
    for seed in 0..4 {
        let records = corpus::records(&schema, RECORDS, Distribution::Lattice, 4 + seed)?;
        other.apply(&records.into_iter().fold(Batch::new(), Batch::upsert))?;
        kept.push(("the second store", other.site.snapshot()?));
        let records = corpus::records(&schema, RECORDS, Distribution::Smooth, seed)?;
        pair.apply(&records.iter().cloned().fold(Batch::new(), Batch::upsert))?;
        for some in records.iter().take(12) {
            kept.push(("the store", pair.site.snapshot()?));
            pair.apply(
                &Batch::new()
                    .set_payload(&some.id, corpus::payload(&mut fastrand::Rng::with_seed(seed))),
            )?;
            pair.apply(&Batch::new().delete(&some.id))?;
        }
        kept.push(("the store", pair.site.snapshot()?));
    }
    // From the last to the first, then in order: the content must not depend on the order of reads.
    for (store, snapshot) in kept.iter().rev().chain(&kept) {
        each_block(&**snapshot, |i, block| {
            let Some(seal) = block.seal() else {
                return Ok(());
            };
            let here = format!("block {i} of {store} at version {}", snapshot.version());
            let contents = (0..block.len()).map(|row| block.record(row)?.to_record());
            let contents = contents.collect::<Result<Vec<Record>>>()?;
            let Some((first, before)) = known.get(&seal.id()) else {
                known.insert(seal.id(), (here, contents));
                return Ok(());
            };
            let context = format!("{here}, whose seal is that of {first}");
            assert_is!(contents.len(), before.len(), "the number of rows of {context}");
            for (row, (before, now)) in before.iter().zip(&contents).enumerate() {
                assert_record(Some(now), Some(before), format_args!("row {row} of {context}"));
            }
            Ok(())
        })?;
    }
    if known.is_empty() {
        return Ok(Outcome::NotPromised("it sealed no block of the first 4,800 rows"));
    }
    Ok(Outcome::Kept)
}

/// The live record of each row of a column, and the vector that the column lends for it.
fn each_live_row(
    pair: &Differential<'_>,
    snapshot: &dyn Snapshot,
    mut check: impl FnMut(&str, Option<VectorRef<'_>>, VectorRef<'_>) -> Result<()>,
) -> Result<()> {
    each_block(snapshot, |i, block| {
        let alive = selected(&block, None)?;
        for (id, field) in block.schema().iter() {
            if field.kind().is_computed() {
                continue;
            }
            let Some(column) = block.column(id)? else { continue };
            let rows = column.rows(0..column.len())?;
            for n in (0..column.len()).filter(|n| alive.contains(column.block_row(*n))) {
                let row = column.block_row(n);
                let id = block.id(row)?.to_id();
                let record = pair.model.get(&id);
                let expected = record.and_then(|record| record.vector(field.name()));
                let context = format!("{} in row {row} of block {i} ({id:?})", field.name());
                check(&context, expected, rows.vector(n)?)?;
                check(&context, expected, column.vector(n)?)?;
                let lent = block.record(row)?;
                if let Some(lent) = lent.vector(field.name())? {
                    check(&context, expected, lent)?;
                }
            }
        }
        Ok(())
    })
}

pub(super) fn columns_have_a_row_for_each_vector_and_no_other(
    harness: &Harness,
) -> Result<Outcome> {
    each_store(harness, |pair, snapshot| {
        each_block(snapshot, |i, block| {
            let alive = selected(&block, None)?;
            for (id, field) in block.schema().iter() {
                let column = block.column(id)?;
                let all: Vec<usize> = column
                    .iter()
                    .flat_map(|column| (0..column.len()).map(|n| column.block_row(n)))
                    .collect();
                let rises = all.is_sorted_by(|a, b| a < b);
                assert!(rises, "the rows of {} in block {i}: {all:?}", field.name());
                for row in alive.rows() {
                    let id = block.id(row)?.to_id();
                    let has = Filter::has(field.name());
                    let expected =
                        pair.model.matching(Some(&has))?.iter().any(|record| record.id == id);
                    let context = format!("{} in row {row} of block {i} ({id:?})", field.name());
                    assert_is!(all.contains(&row), expected, "whether there is {context}");
                    let lent = block.record(row)?.has_field(field.name())?;
                    assert_is!(lent, expected, "whether the record has {context}");
                }
            }
            Ok(())
        })
    })
}

pub(super) fn rows_are_the_records_exact_bits(harness: &Harness) -> Result<Outcome> {
    each_store(harness, |pair, snapshot| {
        each_live_row(pair, snapshot, |context, expected, found| {
            assert!(
                expected.is_some_and(|expected| same_vector(expected, found)),
                "{context}: {}",
                difference(&Some(found), &expected)
            );
            Ok(())
        })
    })
}

pub(super) fn row_padding_is_zero(harness: &Harness) -> Result<Outcome> {
    each_store(harness, |_, snapshot| {
        each_column(snapshot, |context, column| {
            assert_padding(&column.rows(0..column.len())?, context);
            Ok(())
        })
    })
}

pub(super) fn rows_of_any_range_agree(harness: &Harness) -> Result<Outcome> {
    each_store(harness, |_, snapshot| {
        each_column(snapshot, |context, column| {
            let len = column.len();
            let whole = column.rows(0..len)?;
            // All ranges of a small column, and those near both ends and the middle of a large one.
            let near =
                |row: usize| [0, len / 2, len].into_iter().any(|mark| mark.abs_diff(row) <= 20);
            let ends: Vec<_> = (0..=len).filter(|row| near(*row)).collect();
            for start in &ends {
                for end in ends.iter().filter(|end| *end >= start) {
                    let found = column.rows(*start..*end)?;
                    assert_is!(found.len(), end - start, "the number of rows in {start}..{end}");
                    let agree = (0..found.len()).all(|n| same_row(&whole, start + n, &found, n));
                    assert!(
                        agree,
                        "rows {start}..{end} of {context} differ from the same rows of the whole"
                    );
                }
            }
            Ok(())
        })
    })
}

pub(super) fn rows_some_lends_what_rows_does(harness: &Harness) -> Result<Outcome> {
    each_store(harness, |_, snapshot| {
        each_column(snapshot, |context, column| {
            let len = column.len();
            for (start, step) in [(0, 1), (0, 7), (len / 3, 2), (len / 2, 5), (len, 1)] {
                let wanted: Vec<u32> = (0..).take(len - start).step_by(step).collect();
                let some = column.rows_some(start..len, &wanted)?;
                assert_is!(some.len(), len - start, "the number of rows from {start} on");
                let all = column.rows(start..len)?;
                for row in wanted.iter().map(|row| *row as usize) {
                    assert!(
                        same_row(&all, row, &some, row),
                        "row {} of {context} differs from itself when others are not wanted",
                        start + row
                    );
                }
            }
            Ok(())
        })
    })
}

pub(super) fn clear_dead_clears_exactly_the_dead_rows(harness: &Harness) -> Result<Outcome> {
    each_store(harness, |pair, snapshot| {
        let mut alive = 0;
        each_block(snapshot, |i, block| {
            alive += selected(&block, None)?.count();
            // Threads that share a block each select over a part of its rows.
            check_parts(i, &block, None)
        })?;
        assert_is!(alive, pair.model.len(), "the number of rows that are alive");
        Ok(())
    })
}

pub(super) fn row_ids_are_those_of_their_records(harness: &Harness) -> Result<Outcome> {
    if !has_blocks(harness)? {
        return Ok(NO_BLOCKS);
    }
    const RECORDS: u16 = 90;
    // The vector identifies the record.
    let schema = Schema::new(1, Metric::Dot)?;
    let record = |n: u16| Record::new(corpus::id(n.into()), [f32::from(n)]);
    let mut pair = Differential::new(harness, &schema)?;
    for every in [1, 2, 3] {
        for n in (0..RECORDS).filter(|n| n.is_multiple_of(every)) {
            pair.apply(&Batch::new().upsert(record(n)?))?;
        }
        for n in (0..RECORDS).filter(|n| n % 7 == every) {
            pair.apply(&Batch::new().delete(corpus::id(n.into())))?;
        }
    }
    each_block(&*pair.site.snapshot()?, |i, block| {
        let alive: Vec<usize> = selected(&block, None)?.rows().collect();
        for row in alive.iter().chain(alive.iter().rev()).chain(&alive) {
            let record = block.record(*row)?;
            let vector = record.vector(Field::DEFAULT)?.and_then(VectorRef::as_f32);
            let n = (0..RECORDS).find(|n| vector == Some([f32::from(*n)].as_slice()));
            let expected = n.map(|n| corpus::id(n.into()));
            let found = block.id(*row)?.to_id();
            assert_is!(Some(found), expected, "the id of row {row} of block {i}, {vector:?}");
        }
        Ok(())
    })?;
    Ok(Outcome::Kept)
}

pub(super) fn matching_agrees_with_the_predicate(harness: &Harness) -> Result<Outcome> {
    if !has_blocks(harness)? {
        return Ok(NO_BLOCKS);
    }
    let schema = Schema::new(2, Metric::Dot)?;
    let pair = Differential::after_churn(harness, &schema, 240, Distribution::Lattice)?;
    let snapshot = pair.site.snapshot()?;
    for filter in filters::predicates().iter().chain(&filters::nested()) {
        each_block(&*snapshot, |i, block| {
            let found = selected(&block, Some(filter))?;
            let mut expected = selected(&block, None)?;
            expected.retain(|row| filter.matches(&block.record(row)?))?;
            assert_is!(found, expected, "the rows of block {i} that match `{filter}`");
            // The complement among the live rows, for which the same leaf narrows another mask.
            let mut complement = selected(&block, None)?;
            complement.subtract(&expected);
            let found = selected(&block, Some(&filter.clone().not()))?;
            assert_is!(found, complement, "the rows of block {i} that don't match `{filter}`");
            check_parts(i, &block, Some(filter))
        })?;
    }
    Ok(Outcome::Kept)
}
