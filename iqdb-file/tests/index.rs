//! A toy of an approximate index over a directory: what it keeps on the shelf survives checkpoints,
//! compactions and the rows' way from memory to a segment.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use iqdb_conformance::naive::NaiveIndex;
use iqdb_conformance::{CASES, Harness, Outcome};
use iqdb_core::{
    Accuracy, Batch, Budget, Hits, Metric, Query, Record, Result, Schema, Scratch, SealId, Search,
    Snapshot, Store, StoreExt, VectorRef, Verdict,
};
use iqdb_file::{FileOptions, FileStore};

#[test]
fn what_may_be_estimated_and_what_is_kept_is_as_the_contract_says() {
    let options = FileOptions::new().with_seal_bounds(9_000, 300, u64::MAX);
    let open = move |path: &Path, schema| FileStore::open_or_create(path, schema, &options);
    let harness = Harness::in_directory("file, indexed", open, NaiveIndex::new());
    let families = ["estimates", "shelf", "lineage", "liveness"];
    for case in CASES.iter().filter(|case| families.contains(&case.family)) {
        assert_eq!(case.check(&harness).unwrap(), Outcome::Kept, "{}", case.full_name);
    }
}

fn record(n: u16) -> Result<Record> {
    Record::new(u64::from(n), [f32::from(n % 7) - 3.0, f32::from(n % 11) - 5.0])
}

fn estimate(index: &NaiveIndex, on: &dyn Snapshot) -> Result<()> {
    let vector = [2.0, -3.0];
    let query = Query::nearest(VectorRef::new(&vector)?, 5).with_accuracy(Accuracy::Recall(0.5));
    let mut hits = [Hits::new()];
    index.search(on, &[query], &mut hits, &mut Scratch::new())?;
    assert!(matches!(hits[0].verdict(), Verdict::Estimated { .. }) && hits[0].len() == 5);
    Ok(())
}

fn seals(on: &dyn Snapshot) -> Result<Vec<SealId>> {
    let on = on.blocks().unwrap();
    let blocks = (0..on.block_count()).map(|n| on.block(n));
    blocks.filter_map(|block| block.map(|block| Some(block.seal()?.id())).transpose()).collect()
}

#[test]
fn a_row_is_read_once_however_often_it_is_copied() -> Result<()> {
    let home = tempfile::tempdir().expect("a directory");
    let dir = home.path().join("db");
    let store = FileStore::create(&dir, Schema::new(2, Metric::Euclidean)?, &FileOptions::new())?;
    let records = (0..1_000).map(record).collect::<Result<Vec<_>>>()?;
    store.apply(&records.into_iter().fold(Batch::new(), Batch::upsert))?;
    let index = NaiveIndex::new();
    assert!(index.prepare(&*store.snapshot()?, Budget::new(), &mut ())?);
    let in_memory = index.rows_read();
    assert!(in_memory > 400, "{in_memory} of 1,000 rows are sealed in memory");

    // From memory to a segment, and twice from one segment to the next.
    for rest in 0_u64..3 {
        let gone = (0_u64..1_000).filter(|n| n % 7 == rest);
        store.apply(&gone.fold(Batch::new(), Batch::delete))?;
        store.compact()?;
        let snapshot = store.snapshot()?;
        assert!(index.prepare(&*snapshot, Budget::new(), &mut ())?);
        estimate(&index, &*snapshot)?;
        let read = index.rows_read();
        assert!(read <= 1_000, "{read} rows were read, some of them twice, in round {rest}");
    }

    // Another process finds the same blocks, and the same birthplaces.
    let (before, birthplace) = {
        let snapshot = store.snapshot()?;
        let seal = snapshot.blocks().unwrap().block(0)?;
        let birthplace = seal.seal().map(|seal| seal.birthplace(0)).transpose()?;
        (seals(&*snapshot)?, birthplace)
    };
    drop(store);
    let store = FileStore::open(&dir, &FileOptions::new())?;
    let snapshot = store.snapshot()?;
    assert_eq!(seals(&*snapshot)?, before);
    let block = snapshot.blocks().unwrap().block(0)?;
    let again = block.seal().map(|seal| seal.birthplace(0)).transpose()?;
    assert_eq!(again, birthplace);
    assert!(again.is_some_and(|place| !before.contains(&place.seal)), "it was born elsewhere");
    Ok(())
}
