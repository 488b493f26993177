//! Panics in a caller's code while the caller uses the store.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use iqdb_core::{Batch, Metric, Record, Result, Schema, Snapshot, SnapshotExt, Store, StoreExt};

use crate::catch::silence_panics;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::threads::{Job, run_concurrently};
use crate::{Harness, Outcome, check_same};

fn schema() -> Result<Schema> {
    Schema::new(2, Metric::Euclidean)
}

fn pair(harness: &Harness) -> Result<Differential<'_>> {
    Differential::of(harness, &schema()?, corpus::records(&schema()?, 20, Distribution::Smooth, 1)?)
}

/// Runs a closure that panics on purpose, on a thread of its own.
fn expect_panic(panics: impl FnOnce() -> Result<()> + Send) {
    let on_purpose = || silence_panics(|| catch_unwind(AssertUnwindSafe(panics)));
    let ended = thread::scope(|scope| scope.spawn(on_purpose).join());
    let ended = ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    assert!(ended.is_err(), "expected the panic made on purpose, found {ended:?}");
}

/// Writes from several threads, and checks that every write is kept.
fn goes_on(mut pair: Differential<'_>) -> Result<()> {
    let record = |n: u64| Record::new(format!("after {n}"), [1.0, 2.0]);
    let store = &*pair.site;
    let jobs = (0..3).map(|n: u64| -> Job<'_, bool> {
        Box::new(move || Ok(store.upsert(record(n)?)?.has_effect()))
    });
    run_concurrently(jobs.collect())?;
    for n in 0..3 {
        pair.model.apply(&Batch::new().upsert(record(n)?))?;
    }
    pair.apply(&Batch::new().delete("after 0"))?;
    pair.check()
}

pub(super) fn a_panic_elsewhere_leaves_the_store_usable(harness: &Harness) -> Result<Outcome> {
    let pair = pair(harness)?;
    let store = &*pair.site;
    let in_a_records_iterator = || {
        let records = corpus::records(&schema()?, 9, Distribution::Smooth, 2)?;
        let failing = records.into_iter().enumerate().map(|(n, record)| {
            assert!(n < 5, "on purpose: in an iterator handed to upsert_many");
            record
        });
        store.upsert_many(failing).map(|_| ())
    };
    let while_holding_a_snapshot = || {
        let snapshot = store.snapshot()?;
        assert!(snapshot.len() > 1_000, "on purpose: while holding a snapshot");
        Ok(())
    };
    let while_reading_a_block = || {
        let snapshot = store.snapshot()?;
        let mut records = snapshot.records(None);
        let record = records.next().transpose()?;
        assert!(record.is_none(), "on purpose: while reading a block");
        Ok(())
    };
    let panics: [&(dyn Fn() -> Result<()> + Sync); 3] =
        [&in_a_records_iterator, &while_holding_a_snapshot, &while_reading_a_block];
    for panics in panics {
        expect_panic(panics);
        check_same(store, &pair.model, harness.search())?;
    }
    goes_on(pair)?;
    Ok(Outcome::Kept)
}

/// Reads from the store when it is dropped, and panics while it holds a snapshot.
struct PanicsInDrop<'a> {
    store: &'a dyn Store,
    held: Arc<dyn Snapshot>,
}

impl Drop for PanicsInDrop<'_> {
    fn drop(&mut self) {
        // A second panic would abort the process. This one comes from a failed case, which reports
        // it.
        if thread::panicking() {
            return;
        }
        let now = self.store.snapshot().map(|snapshot| snapshot.version());
        panic!("on purpose: in a Drop, between {} and {now:?}", self.held.version());
    }
}

pub(super) fn a_panic_in_a_drop_leaves_the_store_usable(harness: &Harness) -> Result<Outcome> {
    let pair = pair(harness)?;
    let store = &*pair.site;
    for _ in 0..3 {
        expect_panic(|| {
            let held = PanicsInDrop { store, held: store.snapshot()? };
            // A caller's error is what makes most values drop early. It is not what the function
            // returns: rustc leaks that when a value dropped on the way out panics, and a leak
            // checker would notice (rust-lang/rust#47949).
            if store.apply(&Batch::new().upsert(Record::new(1, [1.0])?)).is_ok() {
                drop(held);
            }
            Ok(())
        });
        check_same(store, &pair.model, harness.search())?;
    }
    goes_on(pair)?;
    Ok(Outcome::Kept)
}

pub(super) fn a_panic_beside_writers_loses_no_write(harness: &Harness) -> Result<Outcome> {
    const WRITERS: u64 = 4;
    const WRITES: u64 = 25;
    let record = |writer: u64, n: u64| Record::new(format!("{writer}-{n}"), [1.0, n as f32]);
    let mut pair = pair(harness)?;
    let store = &*pair.site;
    let mut jobs: Vec<Job<'_, ()>> = Vec::new();
    for writer in 0..WRITERS {
        jobs.push(Box::new(move || {
            (0..WRITES).try_for_each(|n| store.upsert(record(writer, n)?).map(|_| ()))
        }));
    }
    for _ in 0..3 {
        jobs.push(Box::new(move || {
            for _ in 0..10 {
                expect_panic(|| {
                    let snapshot = store.snapshot()?;
                    let records = snapshot.records(None).count() as u64;
                    assert!(records > snapshot.len(), "on purpose: beside writers");
                    Ok(())
                });
            }
            Ok(())
        }));
    }
    run_concurrently(jobs)?;
    for writer in 0..WRITERS {
        for n in 0..WRITES {
            pair.model.apply(&Batch::new().upsert(record(writer, n)?))?;
        }
    }
    pair.check()?;
    goes_on(pair)?;
    Ok(Outcome::Kept)
}
