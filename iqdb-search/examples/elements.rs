//! How fast a plain scan is over vectors of each element, beside vectors of `f32`: one thread, one
//! query at a time, no codes. Each round asks one query of every element, in turn; what is printed are
//! medians, and the ratio of each to `f32`.
//!
//! ```text
//! cargo run --release -p iqdb-search --example elements [ROWS] [DIM] [ROUNDS]
//! ```
#![allow(clippy::print_stdout, clippy::cast_possible_truncation)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use iqdb_arena::ArenaStore;
use iqdb_core::{
    Batch, Element, Hits, Metric, Plan, Query, Record, Result, Schema, Scratch, Search, Snapshot,
    Store, StoreExt, Vector,
};
use iqdb_search::ExactSearch;

/// How many queries there are; each round asks the next one.
const QUERIES: usize = 16;

struct Subject {
    element: Element,
    snapshot: Arc<dyn Snapshot>,
    queries: Vec<Vector>,
    times: Vec<Duration>,
}

fn vector(rng: &mut fastrand::Rng, element: Element, dim: usize) -> Result<Vector> {
    let floats = |rng: &mut fastrand::Rng| -> Result<Vector> {
        (0..dim).map(|_| rng.f32() - 0.5).collect::<Vec<_>>().try_into()
    };
    match element {
        Element::F16 => floats(rng)?.to_f16(),
        Element::BF16 => floats(rng)?.to_bf16(),
        Element::I8 => (0..dim).map(|_| rng.i8(..)).collect::<Vec<_>>().try_into(),
        Element::Binary => {
            Vector::binary(dim, (0..dim / 8).map(|_| rng.u8(..)).collect::<Vec<_>>())
        }
        _ => floats(rng),
    }
}

fn subject(element: Element, metric: Metric, rows: u64, dim: usize) -> Result<Subject> {
    let schema = Schema::builder().dense("vector", dim, metric).element(element).build()?;
    let store = ArenaStore::new(schema);
    let mut rng = fastrand::Rng::with_seed(element as u64);
    for first in (0..rows).step_by(10_000) {
        let mut batch = Batch::new();
        for id in first..rows.min(first + 10_000) {
            batch = batch.upsert(Record::new(id, vector(&mut rng, element, dim)?)?);
        }
        store.apply(&batch)?;
    }
    let queries = (0..QUERIES).map(|_| vector(&mut rng, element, dim)).collect::<Result<_>>()?;
    Ok(Subject { element, snapshot: store.snapshot()?, queries, times: Vec::new() })
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse().expect("a number"));
    let rows = arguments.next().unwrap_or(200_000);
    let dim = arguments.next().unwrap_or(1_024_usize).next_multiple_of(8);
    let rounds = arguments.next().unwrap_or(15).max(1);
    let mut subjects = Vec::new();
    for element in Element::ALL {
        let metric = if element == Element::Binary { Metric::Hamming } else { Metric::Dot };
        subjects.push(subject(element, metric, rows as u64, dim)?);
    }
    let (search, mut hits) = (ExactSearch::new(), [Hits::new()]);
    // One round more than is counted: norms are computed and pages are touched in the first.
    for round in 0..=rounds {
        for subject in &mut subjects {
            let vector = &subject.queries[round % QUERIES];
            let query = [Query::nearest(vector.as_ref(), 10).with_plan(Plan::F32)];
            let start = Instant::now();
            search.search(&*subject.snapshot, &query, &mut hits, &mut Scratch::new())?;
            if round > 0 {
                subject.times.push(start.elapsed());
            }
        }
    }
    println!("{rows} rows of {dim}, one thread, {rounds} rounds");
    let mut of_f32 = Duration::ZERO;
    for Subject { element, times, .. } in &mut subjects {
        times.sort_unstable();
        let median = times[times.len() / 2];
        if *element == Element::F32 {
            of_f32 = median;
        }
        let gigabytes = (element.vector_bytes(dim) * rows) as f64 / 1e9 / median.as_secs_f64();
        let ratio = of_f32.as_secs_f64() / median.as_secs_f64();
        println!("{element:<8}{median:>12.2?}{gigabytes:>8.1} GB/s{ratio:>8.2} × f32");
    }
    Ok(())
}
