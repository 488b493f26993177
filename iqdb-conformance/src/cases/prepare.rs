//! The data that a search derives from sealed blocks never changes an answer.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

use fastrand::Rng;
use iqdb_core::{
    Batch, Budget, Filter, Hit, Hits, Metric, Query, Record, Result, Schema, Scratch, Search,
    Snapshot, Vector,
};

use crate::check::exact::assert_hits;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::generate::filters;
use crate::{Harness, Model, Outcome};

/// In 2 dimensions all vectors are in one plane, where the bounds of an angle by other angles are
/// tight. 37 is no multiple of the width of any kernel.
const DIMS: [usize; 2] = [2, 37];

/// Enough records to fill several blocks of most stores.
const RECORDS: u64 = 700;

/// Vectors at very different and at nearly equal distances: random ones, clusters, and copies of an
/// earlier vector: identical, with one bit flipped, twice as long, or negated.
fn vectors(rng: &mut Rng, schema: &Schema, count: u64) -> Result<Vec<Vector>> {
    let kind = corpus::only_kind(schema);
    let dim = kind.dim().unwrap_or(0);
    let mut all: Vec<Vector> = Vec::new();
    for n in 0..count {
        let before = (!all.is_empty()).then(|| components(&all[rng.usize(..all.len())]));
        let mut next: Vec<f32> = match (n % 7, before) {
            (0, _) | (_, None) => {
                let distribution = Distribution::ALL[rng.usize(..3)];
                components(&corpus::vector(rng, kind, distribution)?)
            }
            (1, Some(before)) => before,
            (2, Some(before)) => {
                let mut near = before;
                let at = rng.usize(..near.len());
                near[at] = f32::from_bits(near[at].to_bits() ^ 1);
                near
            }
            (3, Some(before)) => {
                before.iter().map(|x| if x.abs() < 1e30 { 2.0 * x } else { *x }).collect()
            }
            (4, Some(before)) => before.iter().map(|x| -x).collect(),
            _ => {
                let mut center = Rng::with_seed(n % 5);
                (0..dim).map(|_| center.f32() - 0.4 + 0.1 * rng.f32()).collect()
            }
        };
        // Flipping a bit may have left a zero vector.
        if next.iter().all(|x| *x == 0.0) {
            next[0] = 1.0;
        }
        all.push(Vector::try_from(next)?);
    }
    Ok(all)
}

fn components(vector: &Vector) -> Vec<f32> {
    vector.as_f32().unwrap_or_default().to_vec()
}

fn records(schema: &Schema, first: u64, seed: u64) -> Result<Vec<Record>> {
    let mut rng = Rng::with_seed(seed);
    let vectors = vectors(&mut rng, schema, RECORDS)?;
    let records = (first..).zip(vectors).map(|(n, vector)| {
        Ok(Record::new(corpus::id(n), vector)?.with_payload(corpus::payload(&mut rng)))
    });
    records.collect()
}

/// Queries of every sort, each with the model's answer.
struct ExpectedAnswers<'q> {
    queries: Vec<Query<'q>>,
    answers: Vec<Vec<Hit>>,
    /// Which third is checked next in small batches.
    turn: Cell<usize>,
}

impl<'q> ExpectedAnswers<'q> {
    fn of(model: &Model, query_vectors: &'q [Vector], filters: &'q [Filter]) -> Result<Self> {
        let mut queries = Vec::new();
        for (n, query_vector) in query_vectors.iter().enumerate() {
            let query_vector = query_vector.as_ref();
            for k in [1, 10, 100, usize::MAX] {
                queries.push(Query::nearest(query_vector, k));
            }
            let ranked = model.search(&Query::nearest(query_vector, 30))?;
            for hit in ranked.iter().step_by(9) {
                let exact = hit.distance;
                for distance in [exact, exact.next_down(), exact.next_up()] {
                    queries.push(Query::within(query_vector, distance, 40));
                }
            }
            let filter = &filters[n % filters.len()];
            queries.push(Query::nearest(query_vector, 10).with_filter(filter).with_payload(true));
            queries.push(Query::within(query_vector, ranked[20].distance, 5).with_filter(filter));
        }
        let answers = queries.iter().map(|query| model.search(query)).collect::<Result<_>>()?;
        Ok(Self { queries, answers, turn: Cell::new(0) })
    }

    /// Runs the queries as one batch, and about a third of them in batches of five and one by one: those of
    /// other query vectors each time.
    fn check(&self, on: &dyn Snapshot, search: &dyn Search, context: &str) -> Result<()> {
        let all = self.queries.len();
        let turn = self.turn.get();
        self.turn.set((turn + 1) % 3);
        let third = all * turn / 3..all * (turn + 1) / 3;
        for (size, range) in [(all, 0..all), (5, third.clone()), (1, third)] {
            let expected = self.answers[range.clone()].chunks(size);
            for (queries, expected) in self.queries[range].chunks(size).zip(expected) {
                let mut hits = vec![Hits::new(); queries.len()];
                search.search(on, queries, &mut hits, &mut Scratch::new())?;
                for ((query, hits), expected) in queries.iter().zip(hits).zip(expected) {
                    let context = format_args!("{context}, {size} at a time, {query:?}");
                    assert_hits(&hits.to_vec(), expected, context);
                }
            }
        }
        Ok(())
    }
}

/// Lets a search prepare itself until it has reported `parts` parts.
fn prepare(search: &dyn Search, on: &dyn Snapshot, parts: usize) -> Result<()> {
    let (cancel, mut reports) = (AtomicBool::new(parts == 0), 0);
    let done = search.prepare(on, Budget::new().with_cancel(&cancel), &mut |done, of| {
        assert!(done <= of, "{done} of {of} parts are done");
        reports += 1;
        cancel.store(reports >= parts, Ordering::Relaxed);
    })?;
    assert!(reports <= parts + 1, "it was cancelled and reported {} parts more", reports - parts);
    assert!(done || cancel.into_inner(), "it wasn't cancelled, and didn't finish");
    Ok(())
}

pub(super) fn search_answers_are_the_same_once_prepared(harness: &Harness) -> Result<Outcome> {
    for (metric, dim) in
        Metric::OF_NUMBERS.into_iter().flat_map(|metric| DIMS.map(|dim| (metric, dim)))
    {
        let schema = Schema::new(dim, metric)?;
        let mut pair = Differential::of(harness, &schema, records(&schema, 0, 1)?)?;
        let gone = (0..RECORDS).step_by(6).map(corpus::id);
        pair.apply(&gone.fold(Batch::new(), Batch::delete))?;

        let filters = filters::nested();
        let mut query_vectors = vectors(&mut Rng::with_seed(1), &schema, 12)?;
        query_vectors.extend(vectors(&mut Rng::with_seed(3), &schema, 6)?);
        let early =
            (pair.site.snapshot()?, ExpectedAnswers::of(&pair.model, &query_vectors, &filters)?);
        let search = pair.search();
        early.1.check(&*early.0, search, "before anything is prepared")?;
        for (blocks, context) in [
            (0, "stopped at once"),
            (1, "stopped after the first block"),
            (usize::MAX - 1, "once prepared"),
            (usize::MAX - 1, "prepared again"),
        ] {
            prepare(search, &*early.0, blocks)?;
            early.1.check(&*early.0, search, context)?;
        }

        // Half of the records replaced, some deleted, and new ones added.
        let replaced = records(&schema, RECORDS / 2, 2)?;
        pair.apply(&replaced.into_iter().fold(Batch::new(), Batch::upsert))?;
        let gone = (0..2 * RECORDS).step_by(5).map(corpus::id);
        pair.apply(&gone.fold(Batch::new(), Batch::delete))?;
        let late =
            (pair.site.snapshot()?, ExpectedAnswers::of(&pair.model, &query_vectors, &filters)?);
        late.1.check(&*late.0, search, "of later writes, prepared for what was before them")?;
        early.1.check(&*early.0, search, "of a snapshot before later writes")?;
        prepare(search, &*late.0, usize::MAX - 1)?;
        late.1.check(&*late.0, search, "of later writes, once prepared")?;
        early.1.check(&*early.0, search, "of an earlier snapshot, once a later one is prepared")?;
    }
    Ok(Outcome::Kept)
}
