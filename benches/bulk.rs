//! Bulk writes: rows by columns into the arena, beside a copy of the same bytes into fresh memory.
//!
//! `cargo xtask bench bulk` runs it. Rounds alternate, and medians are compared, all on one thread.
#![allow(clippy::expect_used, clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use iqdb_arena::ArenaStore;
use iqdb_core::{Batch, Metric, Rows, Schema, StoreExt};

const DIM: usize = 128;
const BATCH: usize = 10_000;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let rows: usize = arguments.next().unwrap_or(1_000_000);
    let rounds: usize = arguments.next().unwrap_or(7);
    let schema = Schema::new(DIM, Metric::Euclidean).expect("a schema");
    let batches: Vec<Batch> = (0..rows / BATCH).map(|n| batch(&schema, n)).collect();
    let vectors: Vec<f32> = (0..BATCH * DIM).map(component).collect();

    let (mut copies, mut writes) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        copies.push(copy(&vectors, batches.len()));
        writes.push(write(&schema, &batches));
    }
    let bytes = (batches.len() * BATCH * DIM * size_of::<f32>()) as f64;
    let rate = |time: Duration| bytes / time.as_secs_f64() / 1e9;
    let (copy, write) = (median(&mut copies), median(&mut writes));
    println!("{} rows of {DIM} f32, batches of {BATCH}, {rounds} rounds", batches.len() * BATCH);
    println!("copy into fresh memory   {:6.2} GB/s", rate(copy));
    println!("upsert_rows, arena       {:6.2} GB/s", rate(write));
    println!("ratio                    {:6.3}", copy.as_secs_f64() / write.as_secs_f64());
}

fn component(n: usize) -> f32 {
    (n % 8_191) as f32 / 8_191.0 - 0.5
}

fn batch(schema: &Schema, n: usize) -> Batch {
    let ids: Vec<u64> = (0..BATCH).map(|row| (n * BATCH + row) as u64).collect();
    let vectors: Vec<f32> = (0..BATCH * DIM).map(|i| component(i + n)).collect();
    let rows = Rows::with_ids(schema, ids).and_then(|rows| rows.with_vectors("vector", vectors));
    Batch::new().upsert_rows(rows.expect("valid rows"))
}

/// Copies the bytes of all batches to memory that was not touched before.
fn copy(vectors: &[f32], batches: usize) -> Duration {
    let start = Instant::now();
    let mut all: Vec<f32> = Vec::with_capacity(vectors.len() * batches);
    for _ in 0..batches {
        all.extend_from_slice(black_box(vectors));
    }
    black_box(&all);
    start.elapsed()
}

fn write(schema: &Schema, batches: &[Batch]) -> Duration {
    let store = ArenaStore::new(schema.clone());
    let start = Instant::now();
    for batch in batches {
        store.apply(batch).expect("a valid batch");
    }
    start.elapsed()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
