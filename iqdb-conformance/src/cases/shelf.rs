//! The shelf, and the layout of sealed blocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use iqdb_core::{Batch, Blocks, Field, Metric, Result, Schema, SealId, Shelf, Snapshot};

use super::added_fields;
use super::blocks::each_block;
use crate::check::exact::assert_is;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::{Harness, Outcome};

const NO_SHELF: Outcome = Outcome::NotPromised("its snapshots have no shelf");

/// A store with some records, and its schema.
fn filled(harness: &Harness) -> Result<Differential<'_>> {
    let schema = Schema::new(2, Metric::Dot)?;
    let records = corpus::records(&schema, 60, Distribution::Smooth, 1)?;
    Differential::of(harness, &schema, records)
}

fn shelf(snapshot: &dyn Snapshot) -> Option<&Shelf> {
    snapshot.blocks()?.shelf()
}

pub(super) fn shelf_outlives_its_snapshots(harness: &Harness) -> Result<Outcome> {
    let mut pair = filled(harness)?;
    let first = pair.site.snapshot()?;
    let Some(kept) = shelf(&*first) else { return Ok(NO_SHELF) };
    assert!(kept.replace("a", None, Arc::new(1_u32)), "a value is put on an empty shelf");
    drop(first);
    pair.apply(&Batch::new().delete(corpus::id(1)))?;
    let later = pair.site.snapshot()?;
    let found = shelf(&*later).and_then(|shelf| shelf.get::<u32>("a"));
    assert_is!(found.as_deref(), Some(&1), "what a later snapshot finds on the shelf");
    Ok(Outcome::Kept)
}

pub(super) fn shelf_loses_no_replacement(harness: &Harness) -> Result<Outcome> {
    const THREADS: u64 = 4;
    const EACH: u64 = 200;
    let pair = filled(harness)?;
    if shelf(&*pair.site.snapshot()?).is_none() {
        return Ok(NO_SHELF);
    }
    let store = &*pair.site;
    let count = || -> Result<()> {
        for _ in 0..EACH {
            let snapshot = store.snapshot()?;
            let Some(shelf) = shelf(&*snapshot) else { continue };
            loop {
                let old = shelf.get::<u64>("count");
                let next = old.as_deref().map_or(1, |count| count + 1);
                if shelf.replace("count", old.as_ref(), Arc::new(next)) {
                    break;
                }
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(count)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Ok(())))
    })?;
    let snapshot = store.snapshot()?;
    let found = shelf(&*snapshot).and_then(|shelf| shelf.get::<u64>("count"));
    assert_is!(found.as_deref(), Some(&(THREADS * EACH)), "how often the value was replaced");
    Ok(Outcome::Kept)
}

pub(super) fn shelf_keys_that_look_alike_are_apart(harness: &Harness) -> Result<Outcome> {
    let mut pair = filled(harness)?;
    pair.site.flush()?;
    let snapshot = pair.site.snapshot()?;
    let Some(kept) = shelf(&*snapshot) else { return Ok(NO_SHELF) };
    let keys =
        ["index:title", "index:Title", "index", "index:", "index:title ", "\u{e9}", "e\u{301}"];
    for (n, key) in keys.iter().enumerate() {
        assert!(kept.replace(key, None, Arc::new(n)), "a value is put under {key:?}");
        kept.save(key, key.as_bytes());
    }
    let check = |shelf: &Shelf, context: &str| {
        for key in keys {
            let found = shelf.load(key).map(|bytes| (*bytes).as_ref().to_vec());
            let fits = found.as_deref().is_none_or(|found| found == key.as_bytes());
            assert!(fits, "{context}: under {key:?} is {found:?}");
        }
    };
    for (n, key) in keys.iter().enumerate() {
        assert_is!(kept.get::<usize>(key).as_deref(), Some(&n), "the value under {key:?}");
    }
    check(kept, "saved");
    drop(snapshot);
    // A field is added, and the shelf is the same one.
    if harness.limits()?.fields() > 1 {
        let field = Field::new("more", pair.model.schema().fields()[0].kind())?;
        added_fields::add(&mut pair, &field)?;
    }
    let snapshot = pair.site.snapshot()?;
    let Some(later) = shelf(&*snapshot) else { panic!("a later snapshot has no shelf") };
    for (n, key) in keys.iter().enumerate() {
        assert_is!(later.get::<usize>(key).as_deref(), Some(&n), "{key:?} after a field was added");
    }
    check(later, "after a field was added");
    if pair.site.reopens() {
        drop(snapshot);
        pair.site.reopen()?;
        if let Some(shelf) = shelf(&*pair.site.snapshot()?) {
            check(shelf, "reopened");
        }
    }
    Ok(Outcome::Kept)
}

/// Counts the values that have been dropped.
#[derive(Debug)]
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(super) fn shelf_values_are_dropped_by_writers(harness: &Harness) -> Result<Outcome> {
    let mut pair = filled(harness)?;
    let snapshot = pair.site.snapshot()?;
    let Some(shelf) = shelf(&*snapshot) else { return Ok(NO_SHELF) };
    let dropped = Arc::new(AtomicUsize::new(0));
    let value = || Arc::new(Dropped(Arc::clone(&dropped)));
    assert!(shelf.replace("a", None, value()), "a value is put on an empty shelf");
    let reader = shelf.get::<Dropped>("a");
    assert!(shelf.replace("a", reader.as_ref(), value()), "the value is replaced");
    let count = || dropped.load(Ordering::SeqCst);
    assert_is!(count(), 0, "values dropped when one was replaced");
    pair.apply(&Batch::new().delete(corpus::id(1)))?;
    assert_is!(count(), 0, "values dropped while a reader holds the replaced one");
    drop(reader);
    assert_is!(count(), 0, "values dropped by the last reader");
    pair.apply(&Batch::new().delete(corpus::id(2)))?;
    pair.site.flush()?;
    assert_is!(count(), 1, "values dropped once a writer has come by");
    Ok(Outcome::Kept)
}

pub(super) fn shelf_saves_until_the_store_is_closed(harness: &Harness) -> Result<Outcome> {
    let mut pair = filled(harness)?;
    let snapshot = pair.site.snapshot()?;
    let Some(kept) = shelf(&*snapshot) else { return Ok(NO_SHELF) };
    if !kept.save("a", b"first") {
        assert!(kept.load("a").is_none(), "nothing was saved, and something is lent");
        return Ok(Outcome::NotPromised("it saves nothing of the shelf"));
    }
    let lent = |shelf: &Shelf| shelf.load("a").map(|bytes| (*bytes).as_ref().to_vec());
    let is_one_of = |found: Option<Vec<u8>>, known: &[&[u8]], context: &str| {
        let fits = found.as_deref().is_none_or(|found| known.contains(&found));
        assert!(fits, "{context}: expected one of {known:?} or nothing, found {found:?}");
    };
    is_one_of(lent(kept), &[b"first"], "what was saved");
    assert!(kept.save("a", b"second"), "a second value is saved");
    is_one_of(lent(kept), &[b"second"], "what was saved last");
    if pair.site.reopens() {
        drop(snapshot);
        pair.site.reopen()?;
        let snapshot = pair.site.snapshot()?;
        if let Some(shelf) = shelf(&*snapshot) {
            is_one_of(lent(shelf), &[b"second"], "what was saved before it was reopened");
        }
        drop(snapshot);
    } else {
        drop(snapshot);
    }
    let snapshot = pair.site.snapshot()?;
    let place = pair.site.close();
    if let Some(shelf) = shelf(&*snapshot) {
        assert!(!shelf.save("a", b"too late"), "something is saved for a store that is closed");
    }
    drop((snapshot, place));
    Ok(Outcome::Kept)
}

/// The seals of a snapshot, with the numbers of their blocks.
fn seals(snapshot: &dyn Snapshot) -> Result<Vec<(usize, SealId)>> {
    let mut seals = Vec::new();
    each_block(snapshot, |i, block| {
        seals.extend(block.seal().map(|seal| (i, seal.id())));
        Ok(())
    })?;
    Ok(seals)
}

pub(super) fn a_layout_is_of_the_same_sealed_blocks(harness: &Harness) -> Result<Outcome> {
    let mut pair = filled(harness)?;
    let mut kept: Vec<Arc<dyn Snapshot>> = Vec::new();
    for round in 0..40 {
        kept.push(pair.site.snapshot()?);
        let schema = Schema::new(2, Metric::Dot)?;
        let records = corpus::records(&schema, 60 + 7 * round, Distribution::Smooth, round)?;
        let new = records.into_iter().skip(50).filter(|_| round % 3 == 0);
        let batch = new.fold(Batch::new(), Batch::upsert);
        pair.apply(&batch.delete(corpus::id(round)))?;
    }
    let all = kept
        .iter()
        .map(|snapshot| Ok((seals(&**snapshot)?, snapshot.blocks().and_then(Blocks::layout))));
    let layouts = all.collect::<Result<Vec<_>>>()?;
    let mut shared = 0;
    for (n, (seals, layout)) in layouts.iter().enumerate() {
        let Some(layout) = layout else {
            return Ok(Outcome::NotPromised("its snapshots have no layout"));
        };
        for (m, (others, other)) in layouts.iter().enumerate().skip(n + 1) {
            let is_same = other.is_some_and(|other| std::ptr::eq(*layout, other));
            if is_same {
                shared += 1;
                assert_is!(others, seals, "the seals of snapshot {m}, in the layout of {n}");
            } else if m == n + 1 {
                assert!(
                    seals != others,
                    "snapshots {n} and {m} have the same seals, and no layout"
                );
            }
        }
    }
    assert!(shared > 0, "no two of {} snapshots have one layout", kept.len());
    Ok(Outcome::Kept)
}
