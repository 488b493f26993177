//! What an index costs and gives: build seconds, bytes a row, and queries a second at each recall.
//!
//! ```sh
//! cargo run --release -p iqdb-search --example recall -- DIR METRIC [ROUNDS]
//! ```
//! DIR has `base.npy`, `queries.npy` and `truth.npy` (32-bit row numbers, nearest first). Prints a line
//! for each recall that is asked for: that which is reached at k = 1, 10 and 100, and the median rate
//! of k = 10.

#![allow(clippy::print_stdout, missing_docs)]

use std::collections::HashSet;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use iqdb_arena::ArenaStore;
use iqdb_core::{
    Accuracy, Batch, Budget, Hits, IdRef, Metric, Query, Record, Schema, Scratch, Search, Snapshot,
    Store, StoreExt, VectorRef,
};
use iqdb_search::IndexedSearch;

const RECALLS: [f32; 7] = [0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 1.0];

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "DIR METRIC [ROUNDS]";
    let dir = args.next().ok_or(usage)?;
    let metric: Metric = args.next().ok_or(usage)?.parse()?;
    let rounds: usize = args.next().map_or(Ok(3), |it| it.parse())?;
    let (base, dim) = read_npy(&Path::new(&dir).join("base.npy"))?;
    let (queries, _) = read_npy(&Path::new(&dir).join("queries.npy"))?;
    let (truth, nearest) = read_npy(&Path::new(&dir).join("truth.npy"))?;
    let (base, queries) = (floats(&base), floats(&queries));
    let truth: Vec<u64> = truth.iter().map(|it| u64::from(u32::from_le_bytes(*it))).collect();

    let store = ArenaStore::new(Schema::new(dim, metric)?);
    for (n, rows) in base.chunks(1_000 * dim).enumerate() {
        let batch = (0..).zip(rows.chunks(dim)).try_fold(Batch::new(), |batch, (m, row)| {
            Ok::<_, iqdb_core::Error>(
                batch.upsert(Record::new(n as u64 * 1_000 + m, row.to_vec())?),
            )
        })?;
        store.apply(&batch)?;
    }
    let (search, on) = (IndexedSearch::new(), store.snapshot()?);
    let started = Instant::now();
    search.prepare(&*on, Budget::new(), &mut ())?;
    let prepared = started.elapsed();
    search.build_index(&*on, Budget::new(), &mut ())?;
    println!(
        "{} rows of {dim}: codes {:.2} s, index {:.2} s",
        on.len(),
        prepared.as_secs_f64(),
        (started.elapsed() - prepared).as_secs_f64()
    );
    for recall in RECALLS {
        let accuracy = Accuracy::Recall(recall);
        let mut line = format!("{recall}:");
        for k in [1, 10, 100] {
            let mut reached = 0;
            let mut hits = [Hits::new()];
            let mut scratch = Scratch::new();
            for (vector, truth) in queries.chunks(dim).zip(truth.chunks(nearest)) {
                let query = Query::nearest(VectorRef::new(vector)?, k).with_accuracy(accuracy);
                search.search(&*on, &[query], &mut hits, &mut scratch)?;
                let truth: HashSet<u64> = truth[..k].iter().copied().collect();
                let is_true = |id| matches!(id, IdRef::Number(n) if truth.contains(&n));
                reached += hits[0].iter().filter(|hit| is_true(hit.id)).count();
            }
            let of = k * (queries.len() / dim);
            line += &format!(" {:.4}", reached as f64 / of as f64);
        }
        let mut rates = Vec::new();
        for _ in 0..rounds {
            rates.push(rate(&search, &*on, &queries, dim, accuracy)?);
        }
        rates.sort_by(f64::total_cmp);
        println!("{line}  {:.0} a second", rates[rounds / 2]);
    }
    Ok(())
}

fn rate(
    search: &IndexedSearch,
    on: &dyn Snapshot,
    queries: &[f32],
    dim: usize,
    accuracy: Accuracy,
) -> Result<f64, Box<dyn Error>> {
    let (mut hits, mut scratch) = ([Hits::new()], Scratch::new());
    let started = Instant::now();
    for vector in queries.chunks(dim) {
        let query = Query::nearest(VectorRef::new(vector)?, 10).with_accuracy(accuracy);
        search.search(on, &[query], &mut hits, &mut scratch)?;
    }
    Ok((queries.len() / dim) as f64 / started.elapsed().as_secs_f64())
}

/// Four bytes each.
type Words = Vec<[u8; 4]>;

/// The words of an array in the format of numpy, and how many a row has.
fn read_npy(path: &Path) -> Result<(Words, usize), Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let head = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let text = String::from_utf8_lossy(&bytes[10..10 + head]).into_owned();
    let shape = text.split_once("shape': (").and_then(|(_, it)| it.split_once(')'));
    let columns = shape.and_then(|(shape, _)| shape.split(',').nth(1)).ok_or("no shape")?;
    Ok((bytes[10 + head..].as_chunks::<4>().0.to_vec(), columns.trim().parse()?))
}

fn floats(words: &[[u8; 4]]) -> Vec<f32> {
    words.iter().map(|word| f32::from_le_bytes(*word)).collect()
}
