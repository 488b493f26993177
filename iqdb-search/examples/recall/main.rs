//! What an index costs and gives: build seconds, bytes a row, and queries a second at each recall.
//!
//! ```sh
//! cargo run --release -p iqdb-search --example recall -- DIR METRIC [ROUNDS]
//! cargo run --release -p iqdb-search --example recall -- DIR METRIC filters [RECALL] [QUERIES]
//! ```
//! DIR has `base.npy`, `queries.npy` and `truth.npy` (32-bit row numbers, nearest first). Prints a line
//! for each recall that is asked for: that which is reached at k = 1, 10 and 100, and the median rate
//! of k = 10. With `filters`, the same of queries with filters (`filtered.rs`).

#![allow(clippy::print_stdout, missing_docs)]

use std::collections::HashSet;
use std::error::Error;
use std::time::Instant;

use iqdb_core::{
    Accuracy, Budget, Hits, IdRef, Metric, Query, Scratch, Search, Snapshot, Store, VectorRef,
};
use iqdb_search::IndexedSearch;

use self::arrays::Arrays;

mod arrays;
mod filtered;

const RECALLS: [f32; 7] = [0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 1.0];

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let usage = "DIR METRIC [ROUNDS | filters [RECALL] [QUERIES]]";
    let dir = args.next().ok_or(usage)?;
    let metric: Metric = args.next().ok_or(usage)?.parse()?;
    let arrays = Arrays::read(&dir)?;
    let rounds = args.next().unwrap_or_else(|| "3".to_owned());
    if rounds == "filters" {
        let recall = args.next().map_or(Ok(0.95), |it| it.parse())?;
        let count = args.next().map_or(Ok(400), |it| it.parse())?;
        return filtered::run(arrays, metric, recall, count);
    }
    let rounds: usize = rounds.parse()?;
    let store = arrays.store(metric, |_, record| record)?;
    let Arrays { dim, queries, truth, nearest, .. } = arrays;
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
