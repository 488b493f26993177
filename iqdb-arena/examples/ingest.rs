//! How fast the arena takes records in: 20 batches of 1,000 records of 384 components into an empty
//! store, and into the next one.
//!
//! `cargo run --release -p iqdb-arena --example ingest -- 2` writes for two seconds, and prints records
//! per second. `cargo xtask bench turns` compares two builds of it.

use std::error::Error;
use std::time::{Duration, Instant};

use iqdb_arena::ArenaStore;
use iqdb_core::{Batch, Metric, Record, Schema, StoreExt};

const DIM: u16 = 384;

/// The records of a batch.
const RECORDS: u64 = 1_000;

/// The batches of a store.
const BATCHES: u64 = 20;

fn record(n: u64) -> Result<Record, iqdb_core::Error> {
    #[allow(clippy::cast_precision_loss, reason = "any components do")]
    let vector: Vec<f32> = (0..u64::from(DIM)).map(|i| (n * 31 + i) as f32).collect();
    Record::new(n, vector)
}

fn batch(number: u64) -> Result<Batch, iqdb_core::Error> {
    let ids = number * RECORDS..(number + 1) * RECORDS;
    ids.map(record).try_fold(Batch::new(), |batch, record| Ok(batch.upsert(record?)))
}

#[allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "it is what it is for")]
fn main() -> Result<(), Box<dyn Error>> {
    let span = std::env::args().nth(1).ok_or("how many seconds")?.parse()?;
    let span = Duration::from_secs_f64(span);
    let schema = Schema::new(DIM.into(), Metric::Euclidean)?;
    let batches: Vec<Batch> = (0..BATCHES).map(batch).collect::<Result<_, _>>()?;
    let (mut written, mut spent) = (0, Duration::ZERO);
    while spent < span {
        let store = ArenaStore::new(schema.clone());
        let start = Instant::now();
        for batch in &batches {
            store.apply(batch)?;
        }
        spent += start.elapsed();
        written += RECORDS * BATCHES;
    }
    println!("records/s {:.0}", written as f64 / spent.as_secs_f64());
    Ok(())
}
