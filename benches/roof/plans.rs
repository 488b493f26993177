//! The certified scan beside the plain one, on data that suits it and on data made to defeat it.

use std::fmt;

use iqdb_core::{Budget, Hits, Metric, Plan, Query, Scratch, Search, VectorRef};
use iqdb_search::ExactSearch;
use serde::Serialize;

use crate::contest::Contest;
use crate::matrix::Matrix;
use crate::record::rounded;

/// Bytes of rows: far more than any cache.
const BYTES: usize = 256 << 20;

/// Queries that a contender answers in its turn, one by one.
const QUERIES: usize = 8;

/// How the rows lie.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Data {
    /// Around a thousand centers, as embeddings do.
    Clusters,
    /// In uniformly random directions: nearly all of them at a right angle to the query.
    Uniform,
    /// The same, but one component in a hundred is a hundred times as large.
    Outliers,
    /// All the same.
    Equal,
}

impl Data {
    pub(crate) const ALL: [Self; 4] = [Self::Clusters, Self::Uniform, Self::Outliers, Self::Equal];

    fn fill(self, random: &mut fastrand::Rng, centers: &[f32], row: &mut [f32]) {
        let dim = row.len();
        let center = &centers[random.usize(..centers.len() / dim) * dim..][..dim];
        for (x, center) in row.iter_mut().zip(center) {
            // Nearly normal.
            let noise = random.f32() + random.f32() + random.f32() - 1.5;
            *x = match self {
                Self::Clusters => center + 0.5 * noise,
                Self::Uniform => noise,
                Self::Outliers if random.u8(..100) == 0 => 100.0 * noise,
                Self::Outliers => noise,
                Self::Equal => centers[0],
            };
        }
    }
}

/// Both plans on one set.
#[derive(Debug, Serialize)]
pub(crate) struct Plans {
    data: Data,
    metric: Metric,
    dim: usize,
    rows: usize,
    f32_ms: f64,
    certified_ms: f64,
    /// How many times faster the certified scan is.
    times_f32: f64,
    /// The plan that answered.
    plan: &'static str,
    /// Rows that were scored canonically, per query.
    rescored: u64,
    bytes_read: u64,
}

pub(crate) fn measure(data: Data, metric: Metric, dim: usize, rounds: usize) -> Plans {
    let mut random = fastrand::Rng::with_seed(dim as u64);
    let mut centers = vec![0.0; 1_000 * dim];
    centers.fill_with(|| random.f32() - 0.5);
    let matrix = Matrix::filled(metric, dim, BYTES, |row| data.fill(&mut random, &centers, row));
    let search = ExactSearch::new();
    search.prepare(&matrix, Budget::new(), &mut ()).expect("rows that can be read");

    let mut vectors = vec![0.0; QUERIES * dim];
    vectors.chunks_mut(dim).for_each(|vector| data.fill(&mut random, &centers, vector));
    let queries: Vec<Query<'_>> = vectors
        .chunks(dim)
        .map(|vector| Query::nearest(VectorRef::new(vector).expect("a vector"), 10))
        .collect();
    let (matrix, search) = (&matrix, &search);
    let ask = |query: Query<'_>, plan, hits: &mut [Hits; 1], scratch: &mut Scratch| {
        search.search(matrix, &[query.with_plan(plan)], hits, scratch).expect("an answer")
    };
    let mut contest = Contest::default();
    for (name, plan) in [("f32", Plan::F32), ("certified", Plan::Auto)] {
        let (queries, mut hits, mut scratch) = (&queries, [Hits::new()], Scratch::new());
        contest.enter(name, QUERIES as f64, move || {
            for query in queries {
                ask(*query, plan, &mut hits, &mut scratch);
            }
        });
    }
    let speeds = contest.run(rounds);
    let explain = ask(queries[0], Plan::Auto, &mut [Hits::new()], &mut Scratch::new());
    Plans {
        data,
        metric,
        dim,
        rows: matrix.rows(),
        f32_ms: rounded(1e3 / speeds[0].1),
        certified_ms: rounded(1e3 / speeds[1].1),
        times_f32: rounded(speeds[1].1 / speeds[0].1),
        plan: explain.plan,
        rescored: explain.rescored,
        bytes_read: explain.bytes_read,
    }
}

impl fmt::Display for Plans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { data, metric, dim, rows, f32_ms, certified_ms, times_f32, rescored, .. } = self;
        let data = format!("{data:?}").to_lowercase();
        write!(f, "{data:9} {metric:9} {rows:7} × {dim:5}: f32 {f32_ms} ms, ")?;
        write!(f, "certified {certified_ms} ms, {times_f32} × as fast; {rescored} rescored")
    }
}
