//! Whole searches from memory: one query, a batch, a filter, two threads; certified and plain.
#![allow(missing_docs, clippy::expect_used)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use data::{store, vectors, verify};
use iqdb_core::{Budget, Filter, Hits, Metric, Plan, Query, Scratch, Search, Store};
use iqdb_search::ExactSearch;

const ROWS: usize = 50_000;
const DIM: usize = 384;
const BATCH: usize = 64;

fn scan(c: &mut Criterion) {
    let vectors = vectors(ROWS, DIM);
    let search = ExactSearch::new();
    let filter: Filter = "lang = \"en\"".parse().expect("a filter");
    for metric in Metric::OF_NUMBERS {
        let snapshot = store(metric, &vectors).snapshot().expect("a snapshot");
        search.prepare(&*snapshot, Budget::new(), &mut ()).expect("rows that can be read");
        let one = Query::nearest(vectors[1].as_ref(), 10);
        let many: Vec<Query<'_>> = vectors
            .iter()
            .step_by(ROWS / BATCH)
            .take(BATCH)
            .map(|vector| Query::nearest(vector.as_ref(), 10))
            .collect();

        let mut group = c.benchmark_group(format!("scan/{metric}/{ROWS}x{DIM}"));
        group.sample_size(20);
        for (name, queries) in [
            ("one query", vec![one]),
            ("one query, half filtered out", vec![one.with_filter(&filter)]),
            ("one query, two threads", vec![one.with_threads(2)]),
            ("batch of 64", many),
        ] {
            for (plan, plan_name) in [(Plan::Auto, "certified"), (Plan::F32, "f32")] {
                let queries: Vec<_> = queries.iter().map(|query| query.with_plan(plan)).collect();
                verify(&search, &*snapshot, &queries[..queries.len().min(4)]);
                let (mut hits, mut scratch) = (vec![Hits::new(); queries.len()], Scratch::new());
                group.throughput(Throughput::Elements(queries.len() as u64));
                group.bench_function(format!("{name}, {plan_name}"), |b| {
                    b.iter(|| {
                        search
                            .search(&*snapshot, &queries, &mut hits, &mut scratch)
                            .expect("an answer")
                    });
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, scan);
criterion_main!(benches);
