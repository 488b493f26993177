//! What the facade takes in Rust, for the bench that holds Python's rates against it.
//!
//! `rates search CALLS`: the median of a search in one row, in ns. `rates filter CALLS`: the same with a
//! filter that was parsed before. `rates upsert ROWS DIM`: rows/s by columns. `rates threads COUNT ROWS DIM
//! SECONDS`: searches/s. The data is that of `benches/overhead.py`.

#![allow(clippy::print_stdout, clippy::cast_precision_loss)]

use std::error::Error;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use iqdb::{Filter, Iqdb, Metric, Record, Rows, Schema};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The rows of a batch, as Python writes them.
const BATCH_ROWS: usize = 8_192;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |n: usize| -> Result<usize> { Ok(args.get(n).ok_or("an argument")?.parse()?) };
    let rate = match args.first().map(String::as_str) {
        Some("search") => search(number(1)?, None)?,
        Some("filter") => search(number(1)?, Some("lang = \"en\"".parse()?))?,
        Some("upsert") => upsert(number(1)?, number(2)?)?,
        Some("threads") => threads(number(1)?, number(2)?, number(3)?, number(4)?)?,
        _ => return Err("search, filter, upsert or threads".into()),
    };
    println!("{rate}");
    Ok(())
}

fn search(calls: usize, filter: Option<Filter>) -> Result<f64> {
    let db = Iqdb::open_in_memory(Schema::new(384, Metric::Cosine)?)?;
    db.upsert(Record::new(1, vec![0.5; 384])?.with("lang", "en"))?;
    let vector = vec![0.5_f32; 384];
    let mut took = Vec::with_capacity(calls);
    for _ in 0..calls {
        let start = Instant::now();
        let mut query = db.query(&vector).k(10).with_payload();
        if let Some(filter) = &filter {
            query = query.filter(filter);
        }
        black_box(query.run()?);
        took.push(start.elapsed());
    }
    took.sort_unstable();
    Ok(took[calls / 2].as_nanos() as f64)
}

/// A generator that both languages write alike: `x = x * 1664525 + 1013904223`, as a share of 2^32.
fn made(rows: usize, dim: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state as f32 / u32::MAX as f32
    };
    std::iter::repeat_with(next).take(rows * dim).collect()
}

fn filled(rows: usize, dim: usize) -> Result<(Iqdb, Vec<f32>, Duration)> {
    let schema = Schema::new(dim, Metric::Euclidean)?;
    let db = Iqdb::open_in_memory(schema.clone())?;
    let data = made(rows, dim);
    let start = Instant::now();
    for (n, batch) in data.chunks(BATCH_ROWS * dim).enumerate() {
        let first = (n * BATCH_ROWS) as u64;
        let ids: Vec<u64> = (first..first + (batch.len() / dim) as u64).collect();
        let rows = Rows::with_ids(&schema, ids)?.with_vectors("vector", batch.to_vec())?;
        db.upsert_rows(rows)?;
    }
    Ok((db, data, start.elapsed()))
}

fn upsert(rows: usize, dim: usize) -> Result<f64> {
    let (_, _, took) = filled(rows, dim)?;
    Ok(rows as f64 / took.as_secs_f64())
}

fn threads(count: usize, rows: usize, dim: usize, seconds: usize) -> Result<f64> {
    let (db, data, _) = filled(rows, dim)?;
    db.prepare()?;
    let end = Instant::now() + Duration::from_secs(seconds as u64);
    let done: usize = thread::scope(|scope| {
        let workers: Vec<_> = (0..count)
            .map(|n| {
                let (db, data) = (&db, &data);
                scope.spawn(move || {
                    let mut done = 0;
                    while Instant::now() < end {
                        let at = (n + done * 7) % rows * dim;
                        let query = db.query(&data[at..at + dim]).k(10).with_payload();
                        black_box(query.run().is_ok());
                        done += 1;
                    }
                    done
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or(0)).sum()
    });
    Ok(done as f64 / seconds as f64)
}
