//! What filtered queries cost and find, by the share of the rows that match.
//!
//! Matching rows are random ones; or those on the query's side of the data; or those on the other side.
//! Prints, for each share and k = 10: the recall reached, the rate, that of the exact search, and the ways
//! that queries were answered in.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use iqdb_core::{
    Accuracy, Budget, Filter, Hits, Metric, Query, Scratch, Search, Snapshot, Store, VectorRef,
};
use iqdb_search::{ExactSearch, IndexedSearch};

use crate::arrays::Arrays;

/// Of a thousand rows.
const SHARES: [i64; 6] = [500, 200, 100, 50, 20, 5];

/// Directions by which rows are near or far: each is that of a row.
const DIRECTIONS: usize = 8;

/// Measures the first `count` queries at a recall.
pub(crate) fn run(
    mut arrays: Arrays,
    metric: Metric,
    recall: f32,
    count: usize,
) -> Result<(), Box<dyn Error>> {
    arrays.queries.truncate(count * arrays.dim);
    let ranks = ranks(&arrays);
    let store = arrays.store(metric, |row, record| {
        // A hash of the row's number, and how far it is along each direction, in thousandths.
        let random = (row as i64).wrapping_mul(0x9e37_79b9).rem_euclid(1_000_003) % 1_000;
        ranks.iter().enumerate().fold(record.with("random", random), |record, (n, ranks)| {
            record.with(format!("along{n}"), ranks[row])
        })
    })?;
    let (search, on) = (IndexedSearch::new(), store.snapshot()?);
    search.prepare(&*on, Budget::new(), &mut ())?;
    search.build_index(&*on, Budget::new(), &mut ())?;
    let run =
        Run { search: &search, on: &*on, arrays: &arrays, accuracy: Accuracy::Recall(recall) };
    println!("{} rows, {count} queries at {recall}", on.len());
    for share in SHARES {
        run.print("random", share, |_| format!("random < {share}").parse())?;
        run.print("near", share, |at| format!("along{} >= {}", run.of(at), 1_000 - share).parse())?;
        run.print("far", share, |at| format!("along{} < {share}", run.of(at)).parse())?;
    }
    Ok(())
}

/// The rank of each row by its inner product with each direction, in thousandths.
fn ranks(arrays: &Arrays) -> Vec<Vec<i64>> {
    let rows = arrays.base.len() / arrays.dim;
    (0..DIRECTIONS)
        .map(|direction| {
            let direction = arrays.direction(direction);
            let along: Vec<f32> =
                arrays.base.chunks(arrays.dim).map(|row| dot(row, direction)).collect();
            let mut order: Vec<usize> = (0..rows).collect();
            order.sort_by(|a, b| along[*a].total_cmp(&along[*b]));
            let mut ranks = vec![0; rows];
            order.iter().enumerate().for_each(|(n, row)| ranks[*row] = (n * 1_000 / rows) as i64);
            ranks
        })
        .collect()
}

impl Arrays {
    fn direction(&self, n: usize) -> &[f32] {
        let rows = self.base.len() / self.dim;
        let row = n * rows / DIRECTIONS;
        &self.base[row * self.dim..][..self.dim]
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

struct Run<'a> {
    search: &'a IndexedSearch,
    on: &'a dyn Snapshot,
    arrays: &'a Arrays,
    accuracy: Accuracy,
}

impl Run<'_> {
    /// The direction that a query is farthest along.
    fn of(&self, query: &[f32]) -> usize {
        let along = |n: &usize| dot(query, self.arrays.direction(*n));
        (0..DIRECTIONS).max_by(|a, b| along(a).total_cmp(&along(b))).unwrap_or(0)
    }

    fn print(
        &self,
        what: &str,
        share: i64,
        filter: impl Fn(&[f32]) -> iqdb_core::Result<Filter>,
    ) -> Result<(), Box<dyn Error>> {
        let queries: Vec<_> = self.arrays.queries.chunks(self.arrays.dim).collect();
        let filters = queries.iter().map(|at| filter(at)).collect::<Result<Vec<_>, _>>()?;
        let exact = self.answers(&ExactSearch::new(), &queries, &filters, Accuracy::Exact)?;
        let found = self.answers(self.search, &queries, &filters, self.accuracy)?;
        let (mut same, mut all) = (0, 0);
        for (found, exact) in found.hits.iter().zip(&exact.hits) {
            same += exact.iter().filter(|id| found.contains(id)).count();
            all += exact.len();
        }
        println!(
            "{what:>6} {:>5.1} %: recall {:.4}, {:>6.0} a second, exactly {:>6.0}  {:?}",
            share as f64 / 10.0,
            same as f64 / all as f64,
            found.rate,
            exact.rate,
            found.ways
        );
        Ok(())
    }

    fn answers(
        &self,
        search: &dyn Search,
        queries: &[&[f32]],
        filters: &[Filter],
        accuracy: Accuracy,
    ) -> Result<Answers, Box<dyn Error>> {
        let (mut hits, mut scratch) = ([Hits::new()], Scratch::new());
        let mut answers = Answers::default();
        // The first rounds make what blocks keep of the filters.
        for round in 0..3 {
            answers = Answers::default();
            let started = Instant::now();
            for (vector, filter) in queries.iter().zip(filters) {
                let query = Query::nearest(VectorRef::new(vector)?, 10)
                    .with_filter(filter)
                    .with_accuracy(accuracy);
                let explain = search.search(self.on, &[query], &mut hits, &mut scratch)?;
                if round == 2 {
                    *answers.ways.entry((explain.plan, explain.reason)).or_default() += 1;
                    answers.hits.push(hits[0].iter().map(|hit| hit.id.to_string()).collect());
                }
            }
            answers.rate = queries.len() as f64 / started.elapsed().as_secs_f64();
        }
        Ok(answers)
    }
}

#[derive(Default)]
struct Answers {
    hits: Vec<Vec<String>>,
    rate: f64,
    ways: BTreeMap<(&'static str, &'static str), usize>,
}
