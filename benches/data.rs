//! What the benchmarks run on: seeded vectors in clusters, so that neighbours are near, as in
//! real embeddings.

use iqdb_arena::ArenaStore;
use iqdb_core::{
    Batch, Change, Hits, Metric, Query, Record, RecordId, Schema, Scratch, Search, Snapshot,
    SnapshotExt, StoreExt, Vector,
};
use iqdb_search::ExactSearch;

/// How many clusters the vectors fall into.
const CLUSTERS: usize = 64;

/// The same `n` vectors of `dim` components for every run.
///
/// # Panics
/// When `dim` is 0 or above the limit.
#[must_use]
pub fn vectors(n: usize, dim: usize) -> Vec<Vector> {
    let mut random = fastrand::Rng::with_seed(dim as u64);
    let mut normal = move || (0..4).map(|_| random.f32() - 0.5).sum::<f32>();
    let centres: Vec<Vec<f32>> =
        (0..CLUSTERS).map(|_| (0..dim).map(|_| normal()).collect()).collect();
    (0..n)
        .map(|i| {
            let components: Vec<f32> =
                centres[i % CLUSTERS].iter().map(|x| x + 0.5 * normal()).collect();
            Vector::try_from(components).expect("a dimension within the limits")
        })
        .collect()
}

/// One batch that upserts the vectors under ids from 0, with a small payload each.
///
/// # Panics
/// Never: a record with a valid vector is valid.
#[must_use]
pub fn batch(vectors: &[Vector]) -> Batch {
    vectors
        .iter()
        .zip(0_u64..)
        .map(|(vector, id)| {
            let record = Record::new(id, vector).expect("a valid vector");
            Change::Upsert(record.with("lang", if id % 2 == 0 { "en" } else { "de" }))
        })
        .collect()
}

/// A store that holds the vectors, all in sealed chunks.
///
/// # Panics
/// When the vectors are not of one dimension.
#[must_use]
pub fn store(metric: Metric, vectors: &[Vector]) -> ArenaStore {
    let schema =
        Schema::new(vectors[0].dim().unwrap_or(0), metric).expect("a dimension within the limits");
    let store = ArenaStore::new(schema);
    store.apply(&batch(vectors)).expect("vectors of one dimension");
    store.compact();
    store
}

/// Asserts that `search` answers all of the queries as the definition says, ids and distances,
/// before its speed means anything.
///
/// # Panics
/// When it doesn't.
pub fn verify(search: &ExactSearch, on: &dyn Snapshot, queries: &[Query<'_>]) {
    let mut hits = vec![Hits::new(); queries.len()];
    search.search(on, queries, &mut hits, &mut Scratch::new()).expect("a valid query");
    for (query, hits) in queries.iter().zip(&hits) {
        let field = query.field_in(on.schema()).expect("a field of the schema");
        let field = &on.schema().fields()[field.index()];
        let asked = query.vector().expect("a query for a vector");
        let mut expected: Vec<(f64, RecordId)> = on
            .records(query.filter())
            .filter_map(|record| {
                let record = record.expect("a readable record");
                let vector = record.vector(field.name()).expect("a readable vector")?;
                let distance = field.kind().distance(asked, vector);
                let distance = distance.expect("vectors of one field")?;
                Some((distance, record.id().expect("a readable id").to_id()))
            })
            .collect();
        expected.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        expected.truncate(query.goal().limit());
        let found: Vec<_> = hits.iter().map(|hit| (hit.distance, hit.id.to_id())).collect();
        assert_eq!(found, expected, "a wrong answer");
    }
}
