//! The same queries give the same bits with any number of threads, any batch and any kernel.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use iqdb_core::{
    Batch, Change, Filter, Hits, Metric, Query, Record, RecordId, Schema, Scratch, Search,
    Snapshot, Store, StoreExt, Vector, distance,
};
use iqdb_memory::MemoryStore;
use iqdb_search::{ExactSearch, Kernel};

const ROWS: u32 = 9_000;
const QUERIES: u32 = 64;
const DIM: usize = 37;

type Bits = Vec<(RecordId, u64)>;

struct Workload {
    snapshot: Arc<dyn Snapshot>,
    vectors: Vec<Vector>,
    filters: [Filter; 2],
}

impl Workload {
    /// A lattice, so that there are ties; random rows; and rows whose scores overflow or vanish in
    /// `f32`.
    fn new(metric: Metric) -> Self {
        let mut random = fastrand::Rng::with_seed(42);
        let mut vector = move |n: u32| -> Vector {
            let scale = match n % 50 {
                0 => 1e38,
                1 => 1e-38,
                2 => 1e19,
                _ => 1.0,
            };
            let mut components: Vec<f32> = (0..DIM)
                .map(|_| match n % 3 {
                    0 => f32::from(random.u8(0..3)) * scale,
                    _ => (random.f32() - 0.3) * scale,
                })
                .collect();
            components[0] = scale;
            Vector::try_from(components).unwrap()
        };
        let store = MemoryStore::new(Schema::new(DIM, metric).unwrap());
        let batch: Batch = (0..ROWS)
            .map(|n| {
                let id = match n % 2 {
                    0 => RecordId::from(u64::from(n)),
                    _ => format!("r{n}").into(),
                };
                Change::Upsert(Record::new(id, vector(n)).unwrap().with("n", n % 100))
            })
            .collect();
        store.apply(&batch).unwrap();
        Self {
            snapshot: store.snapshot().unwrap(),
            vectors: (0..QUERIES).map(|n| vector(n + 1)).collect(),
            filters: ["n < 10", "not n = 3 and @id in [8, 10, 12, \"r9\"]"]
                .map(|text| text.parse().unwrap()),
        }
    }

    fn queries(&self, threads: usize) -> Vec<Query<'_>> {
        self.vectors
            .iter()
            .enumerate()
            .map(|(n, vector)| {
                let vector = vector.as_ref();
                let query = match n % 4 {
                    0 => Query::within(vector, 2.0, 50),
                    1 => Query::nearest(vector, 1),
                    _ => Query::nearest(vector, 10),
                };
                let query = match n % 5 {
                    0 => query.with_filter(&self.filters[0]),
                    1 => query.with_filter(&self.filters[1]),
                    _ => query,
                };
                query.with_threads(threads)
            })
            .collect()
    }

    fn answers(&self, search: &ExactSearch, threads: usize, batch: usize) -> Vec<Bits> {
        let queries = self.queries(threads);
        let mut hits: Vec<Hits> = (0..batch).map(|_| Hits::new()).collect();
        let (mut answers, mut scratch) = (Vec::new(), Scratch::new());
        for queries in queries.chunks(batch) {
            let hits = &mut hits[..queries.len()];
            let explain = search.search(&*self.snapshot, queries, hits, &mut scratch).unwrap();
            assert_eq!(explain.threads, threads);
            answers.extend(hits.iter().map(|hits| {
                hits.iter().map(|hit| (hit.id.to_id(), hit.distance.to_bits())).collect::<Vec<_>>()
            }));
        }
        answers
    }

    /// Every candidate scored by the definition and sorted.
    fn by_definition(&self) -> Vec<Bits> {
        let metric = self.snapshot.schema().fields()[0].kind().metric().unwrap();
        let blocks = self.snapshot.blocks().unwrap();
        let blocks = (0..blocks.block_count()).map(|n| blocks.block(n).unwrap());
        let records: Vec<Record> = blocks
            .flat_map(|block| {
                (0..block.len()).map(move |row| block.record(row).unwrap().to_record().unwrap())
            })
            .collect();
        let answer = |query: &Query<'_>| {
            let mut all: Vec<(f64, &RecordId)> = records
                .iter()
                .filter(|record| {
                    query.filter().is_none_or(|filter| filter.matches(*record).unwrap())
                })
                .map(|record| {
                    (
                        distance::of_numbers(
                            metric,
                            query.vector().unwrap().as_f32().unwrap(),
                            record.only_vector().unwrap().as_f32().unwrap(),
                        ),
                        &record.id,
                    )
                })
                .filter(|(distance, _)| *distance <= query.goal().max_distance())
                .collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
            all.truncate(query.goal().limit());
            all.into_iter().map(|(distance, id)| (id.clone(), distance.to_bits())).collect()
        };
        self.queries(1).iter().map(answer).collect()
    }
}

fn check(metric: Metric) {
    let workload = Workload::new(metric);
    let expected = workload.by_definition();
    assert!(expected.iter().any(|hits| hits.len() == 10));
    // Seven real threads, however many the machine has.
    let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(7).build().unwrap());
    for kernel in Kernel::ALL {
        let search = ExactSearch::new().with_kernel(kernel).with_pool(pool.clone());
        for threads in [1, 2, 7] {
            for batch in [1, 5, 31, 64] {
                let answers = workload.answers(&search, threads, batch);
                assert_eq!(answers.len(), expected.len());
                for (n, (answer, expected)) in answers.iter().zip(&expected).enumerate() {
                    assert_eq!(
                        answer, expected,
                        "query {n}, {metric}, {kernel}, {threads} threads, batch {batch}"
                    );
                }
            }
        }
    }
}

#[test]
fn under_cosine() {
    check(Metric::Cosine);
}

#[test]
fn under_dot() {
    check(Metric::Dot);
}

#[test]
fn under_euclidean() {
    check(Metric::Euclidean);
}

/// Each thread has its own queries then.
#[test]
fn in_a_large_batch() {
    for metric in Metric::OF_NUMBERS {
        let workload = Workload::new(metric);
        let expected = workload.by_definition();
        let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap());
        let search = ExactSearch::new().with_pool(pool);
        for (threads, len) in [(2, 128), (2, 131), (3, 192), (3, 250), (5, 401)] {
            let some = workload.queries(threads);
            let queries: Vec<_> = some.iter().copied().cycle().take(len).collect();
            let mut hits = vec![Hits::new(); len];
            let explain = search
                .search(&*workload.snapshot, &queries, &mut hits, &mut Scratch::new())
                .unwrap();
            assert_eq!(explain.threads, threads.min(3));
            assert_eq!(explain.excluded + explain.rescored, explain.candidates);
            for (n, (hits, expected)) in hits.iter().zip(expected.iter().cycle()).enumerate() {
                let found: Bits =
                    hits.iter().map(|hit| (hit.id.to_id(), hit.distance.to_bits())).collect();
                assert_eq!(&found, expected, "query {n} of {len}, {metric}, {threads} threads");
            }
        }
    }
}

#[test]
fn explain_counts_every_candidate_once_and_most_are_excluded() {
    for metric in Metric::OF_NUMBERS {
        let workload = Workload::new(metric);
        for threads in [1, 2] {
            let queries = workload.queries(threads);
            let mut hits = vec![Hits::new(); queries.len()];
            let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap());
            let search = ExactSearch::new().with_pool(pool);
            let explain = search
                .search(&*workload.snapshot, &queries, &mut hits, &mut Scratch::new())
                .unwrap();
            assert_eq!((explain.plan, explain.threads), ("f32", threads));
            let kernel: Kernel = explain.kernel.parse().unwrap();
            assert!(kernel != Kernel::Auto && kernel.is_available());
            assert_eq!(explain.excluded + explain.rescored, explain.candidates);
            assert!(explain.candidates > 38 * u64::from(ROWS), "{metric} {explain:?}");
            assert!(explain.excluded > 2 * explain.rescored, "{metric} {explain:?}");
            assert_eq!(explain.bytes_read, u64::from(ROWS) * DIM as u64 * 4);
        }
    }
}

#[test]
fn the_reference_kernel_excludes_nothing() {
    let workload = Workload::new(Metric::Dot);
    let queries = workload.queries(1);
    let mut hits = vec![Hits::new(); queries.len()];
    let search = ExactSearch::new().with_kernel(Kernel::Reference);
    let explain =
        search.search(&*workload.snapshot, &queries, &mut hits, &mut Scratch::new()).unwrap();
    assert_eq!((explain.kernel, explain.excluded), ("reference", 0));
}

#[test]
fn a_filter_for_all_queries_spares_the_rows_outside_it() {
    let workload = Workload::new(Metric::Euclidean);
    let query = Query::nearest(workload.vectors[0].as_ref(), 3).with_filter(&workload.filters[0]);
    let mut hits = [Hits::new(), Hits::new()];
    let explain = ExactSearch::new()
        .search(&*workload.snapshot, &[query; 2], &mut hits, &mut Scratch::new())
        .unwrap();
    // One row in ten matches, and both queries look at the same ones.
    assert_eq!(explain.candidates, u64::from(ROWS) / 10 * 2);
    assert_eq!(explain.bytes_read, u64::from(ROWS) / 10 * DIM as u64 * 4);
}
