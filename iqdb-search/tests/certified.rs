//! The certified scan gives the canonical answer, bit for bit, whatever the rows are like.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use iqdb_arena::{ArenaOptions, ArenaStore};
use iqdb_core::{
    Batch, Budget, Change, Filter, Hits, Metric, Plan, Query, Record, RecordId, Schema, Scratch,
    Search, Snapshot, Store, StoreExt, Vector, distance,
};
use iqdb_search::{ExactSearch, Kernel};

type Bits = Vec<(RecordId, u64)>;

/// Rows around a few centers, so that there is something to be found, and odd ones: duplicates,
/// lattice points, huge and tiny components, zeros.
fn vector(random: &mut fastrand::Rng, dim: usize, n: usize) -> Vector {
    let mut center = fastrand::Rng::with_seed(n as u64 % 11);
    let scale = match n % 40 {
        0 => 3e38,
        1 => 1e-40,
        2 => 1e15,
        3 => 1e-9,
        _ => 1.0,
    };
    let mut components: Vec<f32> = (0..dim)
        .map(|_| match n % 8 {
            0 => f32::from(random.u8(0..3)) / 2.0 * scale,
            7 => f32::from(center.u8(..)),
            _ => (center.f32() - 0.4 + 0.3 * random.f32()) * scale,
        })
        .collect();
    if n % 40 == 5 {
        components.fill(0.0);
    }
    if components.iter().all(|x| *x == 0.0) {
        components[0] = if n % 40 == 5 { 1e-30 } else { scale };
    }
    Vector::try_from(components).unwrap()
}

struct Workload {
    snapshot: Arc<dyn Snapshot>,
    vectors: Vec<Vector>,
    filters: [Filter; 3],
    rows: usize,
}

impl Workload {
    fn new(metric: Metric, dim: usize, rows: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(dim as u64);
        let options = ArenaOptions::default().with_chunk_rows(64, 256);
        let store = ArenaStore::with_options(Schema::new(dim, metric).unwrap(), options);
        let batch: Batch = (0..rows)
            .map(|n| {
                let record = Record::new(n as u64, vector(&mut random, dim, n)).unwrap();
                Change::Upsert(record.with("n", (n * 7 % 100) as i64))
            })
            .collect();
        store.apply(&batch).unwrap();
        for n in (0..rows).step_by(9) {
            store.delete(n as u64).unwrap();
        }
        Self {
            snapshot: store.snapshot().unwrap(),
            vectors: (0..40).map(|n| vector(&mut random, dim, n + 3)).collect(),
            filters: ["n < 1", "n < 20", "n < 70"].map(|text| text.parse().unwrap()),
            rows,
        }
    }

    fn queries<'a>(&'a self, threads: usize, plan: Plan) -> Vec<Query<'a>> {
        let query = |(n, vector): (usize, &'a Vector)| {
            let vector = vector.as_ref();
            let query = match n % 6 {
                0 => Query::within(vector, 0.9, 30),
                1 => Query::nearest(vector, 1),
                2 => Query::nearest(vector, 100),
                3 if n < 9 => Query::nearest(vector, self.rows),
                _ => Query::nearest(vector, 10),
            };
            let query = match n % 5 {
                1 => query.with_filter(&self.filters[n % 3]),
                _ => query,
            };
            query.with_threads(threads).with_plan(plan)
        };
        self.vectors.iter().enumerate().map(query).collect()
    }
}

fn answers(search: &ExactSearch, on: &dyn Snapshot, queries: &[Query<'_>]) -> (Vec<Bits>, bool) {
    let mut hits: Vec<_> = queries.iter().map(|_| Hits::new()).collect();
    let explain = search.search(on, queries, &mut hits, &mut Scratch::new()).unwrap();
    let bits =
        |hits: &Hits| hits.iter().map(|hit| (hit.id.to_id(), hit.distance.to_bits())).collect();
    (hits.iter().map(bits).collect(), explain.plan == "certified")
}

#[test]
fn the_certified_scan_gives_the_canonical_answer() {
    let mut certified = 0;
    for (dim, rows) in
        [(1, 500), (2, 900), (3, 700), (8, 900), (17, 2_000), (100, 2_500), (384, 1_500)]
    {
        for metric in Metric::OF_NUMBERS {
            let workload = Workload::new(metric, dim, rows);
            let on = &*workload.snapshot;
            let reference = ExactSearch::new().with_kernel(Kernel::Reference);
            let (expected, _) = answers(&reference, on, &workload.queries(1, Plan::Auto));
            for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
                let search = ExactSearch::new().with_kernel(kernel);
                assert!(search.prepare(on, Budget::new(), &mut ()).unwrap());
                for threads in [1, 2] {
                    let queries = workload.queries(threads, Plan::Auto);
                    for batch in [1, 7, 40] {
                        let mut found = Vec::new();
                        for queries in queries.chunks(batch) {
                            let (more, by_codes) = answers(&search, on, queries);
                            found.extend(more);
                            certified += usize::from(by_codes);
                        }
                        let what = (metric, dim, kernel, threads, batch);
                        for (n, (found, expected)) in found.iter().zip(&expected).enumerate() {
                            assert_eq!(found, expected, "query {n} of {what:?}");
                        }
                    }
                }
                let (plain, by_codes) = answers(&search, on, &workload.queries(1, Plan::F32));
                assert!(!by_codes, "the plain scan was asked for");
                assert_eq!(plain, expected, "{kernel}");
            }
        }
    }
    assert!(certified > 1_000, "{certified}");
}

/// Rows that come cluster by cluster, far from each other, as sorted data does: what is taken off a
/// query before it is compared with one block's codes is not what another's are compared with.
#[test]
fn blocks_far_from_each_other_are_searched_canonically() {
    let (dim, metric) = (24, Metric::Euclidean);
    let mut random = fastrand::Rng::with_seed(32);
    let options = ArenaOptions::default().with_chunk_rows(64, 64);
    let store = ArenaStore::with_options(Schema::new(dim, metric).unwrap(), options);
    let vectors: Vec<Vector> = (0..64 * 12 + 1)
        .map(|n| {
            let mut center = fastrand::Rng::with_seed(n / 64 % 5);
            let near = |_| 20.0 * center.f32() + random.f32();
            Vector::try_from((0..dim).map(near).collect::<Vec<_>>()).unwrap()
        })
        .collect();
    let record = |(n, vector): (u64, &Vector)| Change::Upsert(Record::new(n, vector).unwrap());
    store.apply(&(0..).zip(&vectors).map(record).collect()).unwrap();
    let snapshot = store.snapshot().unwrap();
    let queries: Vec<_> =
        vectors.iter().step_by(7).map(|vector| Query::nearest(vector.as_ref(), 20)).collect();
    let reference = ExactSearch::new().with_kernel(Kernel::Reference);
    let (expected, _) = answers(&reference, &*snapshot, &queries);
    for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
        let search = ExactSearch::new().with_kernel(kernel);
        assert!(search.prepare(&*snapshot, Budget::new(), &mut ()).unwrap());
        let (found, _) = answers(&search, &*snapshot, &queries);
        for (n, (query, expected)) in queries.iter().zip(&expected).enumerate() {
            assert_eq!(&found[n], expected, "{kernel}, query {n} in a batch");
            let alone = answers(&search, &*snapshot, &[*query]).0;
            assert_eq!(&alone[0], expected, "{kernel}, query {n} alone");
        }
    }
}

/// Rows whose codes are turned away from a query by as much as they can be: query, row and code are
/// in one plane, in this order. With each row comes its opposite, so that the mean is the origin.
fn turned_away(random: &mut fastrand::Rng, dim: usize) -> (Vector, Vec<Vector>) {
    // Component 0 is the query's largest, component 1 the codes'; each fixes a scale.
    let mut code: Vec<f32> = (0..dim).map(|_| f32::from(random.i8(-6..=6))).collect();
    (code[0], code[1]) = (0.0, 7.0);
    let mut query: Vec<f32> = (0..dim).map(|_| f32::from(random.i8(-60..=60))).collect();
    (query[0], query[1]) = (127.0, 0.0);
    let mut rows = Vec::new();
    for _ in 0..32 {
        // What rounds to the code.
        let step = 0.49 * random.f32() / 127.0;
        let row = || code.iter().zip(&query).map(|(c, q)| c + step * q);
        rows.push(Vector::try_from(row().collect::<Vec<_>>()).unwrap());
        rows.push(Vector::try_from(row().map(|x| -x).collect::<Vec<_>>()).unwrap());
    }
    (Vector::try_from(query).unwrap(), rows)
}

#[test]
fn a_row_is_found_within_its_own_distance_however_its_code_is_turned() {
    let mut random = fastrand::Rng::with_seed(31);
    let mut certified = 0;
    for (dim, metric) in
        [20, 50, 128].into_iter().flat_map(|dim| Metric::OF_NUMBERS.map(|m| (dim, m)))
    {
        for _ in 0..10 {
            let (query, rows) = turned_away(&mut random, dim);
            let options = ArenaOptions::default().with_chunk_rows(64, 64);
            let store = ArenaStore::with_options(Schema::new(dim, metric).unwrap(), options);
            let record = |(n, row): (u64, &Vector)| Record::new(n, row).unwrap();
            // One more row, so that the others are sealed.
            let batch = (0..).zip(rows.iter().chain([&query])).map(record).map(Change::Upsert);
            store.apply(&batch.collect()).unwrap();
            let snapshot = store.snapshot().unwrap();
            for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
                let search = ExactSearch::new().with_kernel(kernel);
                assert!(search.prepare(&*snapshot, Budget::new(), &mut ()).unwrap());
                for (n, row) in (0_u64..).zip(&rows) {
                    let distance = distance::of_numbers(
                        metric,
                        query.as_f32().unwrap(),
                        row.as_f32().unwrap(),
                    );
                    let query = Query::within(query.as_ref(), distance, 2 * rows.len());
                    let (found, by_codes) = answers(&search, &*snapshot, &[query]);
                    certified += usize::from(by_codes);
                    let last = found[0].last().map(|hit| hit.1);
                    let here = found[0].iter().any(|hit| hit.0 == n);
                    assert!(here, "{metric}, {kernel}: row {n} at {distance} is lost");
                    assert_eq!(last, Some(distance.to_bits()), "nothing beyond it is found");
                }
            }
        }
    }
    assert!(certified > 5_000, "{certified}");
}

/// What `explain` counts: one query reads the upper bits of all codes and the lowest of a few groups,
/// many read all bits.
#[test]
fn one_query_reads_three_bits_of_nearly_all_codes() {
    const DIM: usize = 64;
    const BLOCKS: usize = 40;
    let options = ArenaOptions::default().with_chunk_rows(64, 64);
    let store = ArenaStore::with_options(Schema::new(DIM, Metric::Cosine).unwrap(), options);
    let mut random = fastrand::Rng::with_seed(33);
    let vectors: Vec<Vector> = (0..64 * BLOCKS + 1)
        .map(|n| {
            // A center per 16 rows, so that the groups of codes are far from each other.
            let mut center = fastrand::Rng::with_seed(n as u64 / 16);
            let near = |_| center.f32() - 0.5 + 0.1 * random.f32();
            Vector::try_from((0..DIM).map(near).collect::<Vec<_>>()).unwrap()
        })
        .collect();
    let record = |(n, vector): (u64, &Vector)| Change::Upsert(Record::new(n, vector).unwrap());
    store.apply(&(0..).zip(&vectors).map(record).collect()).unwrap();
    let snapshot = store.snapshot().unwrap();
    let search = ExactSearch::new();
    assert!(search.prepare(&*snapshot, Budget::new(), &mut ()).unwrap());
    let far = Vector::try_from((0..DIM).map(|i| (i % 2) as f32 - 0.5).collect::<Vec<_>>()).unwrap();
    // Of sixteen rows: six lines of upper bits and one of what is known of them, two and one of the
    // lowest bits.
    let groups = 64 * BLOCKS as u64 / 16;
    let (upper, lower, row) = (groups * 7 * 64, groups * 3 * 64, DIM as u64 * 4);
    let bytes_read = |queries: &[Query<'_>]| {
        let mut hits: Vec<_> = queries.iter().map(|_| Hits::new()).collect();
        let explain = search.search(&*snapshot, queries, &mut hits, &mut Scratch::new()).unwrap();
        assert_eq!(explain.plan, "certified");
        explain.bytes_read
    };
    // The open block's one row is looked at in any case.
    let far = Query::within(far.as_ref(), 0.001, 100);
    assert_eq!(bytes_read(&[far]), upper + row);
    assert_eq!(bytes_read(&[far; 40]), upper + lower + row);
    let near = Query::within(vectors[700].as_ref(), 0.05, 100);
    let one = bytes_read(&[near]) - upper;
    assert!((2..=17).contains(&(one / row)), "{one}: rows of one group, and of the open block");
    assert_eq!(one % row, lower / groups, "the lowest bits of that group");
}
