//! Rows that come by columns are written without an allocation for each of them.
#![allow(clippy::unwrap_used)]

use allocation_counter::measure;
use iqdb_arena::ArenaStore;
use iqdb_core::{Batch, Metric, Rows, Schema, Store, StoreExt};

const ROWS: usize = 10_000;

/// Rows with ids from `first` on.
fn rows(schema: &Schema, first: u64) -> Batch {
    let ids: Vec<u64> = (first..first + ROWS as u64).collect();
    let vectors: Vec<f32> = (0..ROWS * 8).map(|n| n as f32).collect();
    Batch::new()
        .upsert_rows(Rows::with_ids(schema, ids).unwrap().with_vectors("vector", vectors).unwrap())
}

#[test]
fn allocations_grow_with_chunks_and_not_with_rows() {
    let schema = Schema::new(8, Metric::Euclidean).unwrap();
    let store = ArenaStore::new(schema.clone());
    let batches: Vec<Batch> = (0..20).map(|n| rows(&schema, n * ROWS as u64)).collect();
    // New ids, and then the same ones again.
    for batch in batches.iter().chain(&batches) {
        let cost = measure(|| _ = store.apply(batch).unwrap());
        assert!(cost.count_total < ROWS as u64 / 20, "{} allocations", cost.count_total);
    }
    assert_eq!(store.snapshot().unwrap().len(), 20 * ROWS as u64);
}
