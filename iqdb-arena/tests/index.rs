//! A toy of an approximate index over the arena: what it keeps on the shelf survives a compaction.

#![allow(clippy::unwrap_used)]

use iqdb_arena::{ArenaOptions, ArenaStore};
use iqdb_conformance::naive::NaiveIndex;
use iqdb_conformance::{CASES, Harness, Outcome};
use iqdb_core::{
    Accuracy, Batch, Budget, Hits, Metric, Query, Record, Result, Schema, Scratch, Search, Store,
    StoreExt, VectorRef, Verdict,
};

fn options() -> ArenaOptions {
    ArenaOptions::new().with_chunk_rows(5, 64).with_dead_ratio_max(0.3).with_dead_bytes_min(0)
}

#[test]
fn what_may_be_estimated_and_what_is_kept_is_as_the_contract_says() {
    let harness = Harness::new(
        "arena, indexed",
        |schema| Ok(ArenaStore::with_options(schema, options())),
        NaiveIndex::new(),
    );
    for case in CASES {
        let saves = case.name == "shelf_saves_until_the_store_is_closed";
        if matches!(case.family, "estimates" | "shelf" | "lineage" | "liveness") && !saves {
            assert_eq!(case.check(&harness).unwrap(), Outcome::Kept, "{}", case.full_name);
        }
    }
}

fn record(n: u16) -> Result<Record> {
    Record::new(u64::from(n), [f32::from(n % 7) - 3.0, f32::from(n % 11) - 5.0])
}

#[test]
fn a_row_is_read_once_however_often_it_is_copied() -> Result<()> {
    let schema = Schema::new(2, Metric::Euclidean)?;
    let store = ArenaStore::with_options(schema, options().with_dead_ratio_max(1.0));
    let records = (0..1_000).map(record).collect::<Result<Vec<_>>>()?;
    store.apply(&records.into_iter().fold(Batch::new(), Batch::upsert))?;
    let index = NaiveIndex::new();
    assert!(index.prepare(&*store.snapshot()?, Budget::new(), &mut ())?);
    let sealed = index.rows_read();
    assert!(sealed > 900, "{sealed} of 1,000 rows are sealed");

    let gone = (0_u64..1_000).filter(|n| n % 3 == 0);
    store.apply(&gone.fold(Batch::new(), Batch::delete))?;
    for _ in 0..2 {
        store.compact();
        let snapshot = store.snapshot()?;
        let vector = [2.0, -3.0];
        let query =
            Query::nearest(VectorRef::new(&vector)?, 5).with_accuracy(Accuracy::Recall(0.5));
        let mut hits = [Hits::new()];
        assert!(index.prepare(&*snapshot, Budget::new(), &mut ())?);
        index.search(&*snapshot, &[query], &mut hits, &mut Scratch::new())?;
        assert!(matches!(hits[0].verdict(), Verdict::Estimated { .. }) && hits[0].len() == 5);
        // Only the rows of the chunk that was open are new to it: they are sealed now.
        assert!(index.rows_read() <= 1_000, "{} rows were read", index.rows_read());
    }
    Ok(())
}
