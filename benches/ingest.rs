//! Writing: batches of 1,000 records, the first snapshot after them, and the codes of the blocks.
#![allow(missing_docs, clippy::expect_used)]

use criterion::measurement::WallTime;
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main,
};
use data::{batch, vectors};
use iqdb_arena::ArenaStore;
use iqdb_core::{Batch, Budget, Metric, Schema, Search, Store, StoreExt};
use iqdb_memory::MemoryStore;
use iqdb_search::ExactSearch;

const BATCH: usize = 1_000;

fn ingest(c: &mut Criterion) {
    let mut group = c.benchmark_group("ingest");
    group.throughput(Throughput::Elements(BATCH as u64));
    for dim in [128, 768] {
        let batch = batch(&vectors(BATCH, dim));
        let schema = Schema::new(dim, Metric::Cosine).expect("a schema");
        backend(&mut group, "arena", dim, &batch, || ArenaStore::new(schema.clone()));
        backend(&mut group, "memory", dim, &batch, || MemoryStore::new(schema.clone()));
    }
    group.finish();
    coded(c);
}

/// Records of a batch whose blocks are sealed and coded, all on one thread.
fn coded(c: &mut Criterion) {
    const ROWS: usize = 20_000;
    let mut group = c.benchmark_group("ingest, codes included");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(10);
    for (dim, metric) in [(128, Metric::Euclidean), (384, Metric::Cosine)] {
        let batch = batch(&vectors(ROWS, dim));
        let schema = Schema::new(dim, metric).expect("a schema");
        let search = ExactSearch::new();
        group.bench_function(format!("arena: {ROWS} at dim {dim}, {metric}"), |b| {
            b.iter_with_large_drop(|| {
                let store = ArenaStore::new(schema.clone());
                store.apply(&batch).expect("a valid batch");
                let snapshot = store.snapshot().expect("a snapshot");
                assert!(search.prepare(&*snapshot, Budget::new(), &mut ()).expect("rows"));
                store
            });
        });
    }
    group.finish();
}

fn backend<S: Store>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    dim: usize,
    batch: &Batch,
    empty: impl Fn() -> S,
) {
    let filled = || {
        let store = empty();
        let applied = store.apply(batch).expect("a valid batch");
        assert_eq!(applied.inserted, BATCH as u64, "records were lost");
        store
    };
    assert_eq!(filled().len().expect("a count"), BATCH as u64);
    group.bench_function(format!("{name}: apply a batch of {BATCH} at dim {dim}"), |b| {
        b.iter_with_large_drop(&filled);
    });
    group.bench_function(format!("{name}: first snapshot of {BATCH} at dim {dim}"), |b| {
        b.iter_batched(&filled, |store| store.snapshot(), BatchSize::LargeInput);
    });
}

criterion_group!(benches, ingest);
criterion_main!(benches);
