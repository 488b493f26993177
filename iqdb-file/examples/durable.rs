//! How fast a database in a directory writes and opens: single records, batches, openings.
//!
//! `cargo run --release -p iqdb-file --example durable -- singles 2` writes for two seconds, each record
//! synced before the next, and prints records per second; `batches` writes 1,000 records at a time,
//! `open` opens a database of 20,000 records, and closes it. The directory is a temporary one, or below
//! the third argument. `cargo xtask bench turns` compares two builds of it.

use std::error::Error;
use std::time::{Duration, Instant};

use iqdb_core::{Batch, Metric, Record, Schema, StoreExt};
use iqdb_file::{FileOptions, FileStore};

const DIM: usize = 256;

fn record(n: u64) -> Result<Record, iqdb_core::Error> {
    #[allow(clippy::cast_precision_loss, reason = "any components do")]
    let vector: Vec<f32> = (0..DIM as u64).map(|i| (n * 31 + i) as f32).collect();
    Ok(Record::new(n, vector)?.with("lang", "en").with("year", 2_000))
}

fn batch(from: u64, count: u64) -> Result<Batch, iqdb_core::Error> {
    (from..from + count).try_fold(Batch::new(), |batch, n| Ok(batch.upsert(record(n)?)))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let what = args.next().ok_or("what: singles, batches or open")?;
    let span = Duration::from_secs_f64(args.next().ok_or("how many seconds")?.parse()?);
    let home = match args.next() {
        Some(above) => tempfile::tempdir_in(above)?,
        None => tempfile::tempdir()?,
    };
    let dir = home.path().join("db");
    let options = FileOptions::new();
    let schema = Schema::new(DIM, Metric::Cosine)?;
    let store = FileStore::create(&dir, schema, &options)?;
    let mut done = 0_u64;
    let each = match what.as_str() {
        "singles" => 1,
        "batches" => 1_000,
        "open" => {
            for n in 0..20 {
                store.apply(&batch(n * 1_000, 1_000)?)?;
            }
            drop(store);
            let start = Instant::now();
            while start.elapsed() < span {
                drop(FileStore::open(&dir, &options)?);
                done += 1;
            }
            return say("openings/s", done, start);
        }
        other => return Err(format!("`{other}` is none of singles, batches, open").into()),
    };
    // What is written is made before, as far as memory allows.
    let batches: Vec<Batch> = (0..64).map(|n| batch(n * each, each)).collect::<Result<_, _>>()?;
    store.apply(&batches[0])?;
    let start = Instant::now();
    for batch in batches.iter().cycle() {
        store.apply(batch)?;
        done += each;
        if start.elapsed() >= span {
            break;
        }
    }
    say("records/s", done, start)
}

#[allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "it is what it is for")]
fn say(what: &str, done: u64, start: Instant) -> Result<(), Box<dyn Error>> {
    println!("{what} {:.2}", done as f64 / start.elapsed().as_secs_f64());
    Ok(())
}
