//! Answers depend on the query alone, and not on buffers, threads, batches or earlier errors.

use iqdb_core::limits::{KEY_BYTES_MAX, LIST_LEN_MAX, PAYLOAD_BYTES_MAX};
use iqdb_core::{
    Budget, Error, ErrorKind, Filter, Goal, Hits, IdRef, Metric, Payload, Plan, Query, Record,
    Result, Schema, Scratch, Value, Vector,
};

use crate::check::check_queries;
use crate::check::exact::{assert_hits, assert_is};
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::generate::{filters, vectors};
use crate::shapes::{self, Held};
use crate::{Harness, Outcome};

fn schema() -> Result<Schema> {
    Schema::new(3, Metric::Euclidean)
}

fn query_vectors(schema: &Schema, count: usize) -> Result<Vec<Vector>> {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut next =
        |n| corpus::vector(&mut rng, corpus::only_kind(schema), Distribution::ALL[n % 2]);
    (0..count).map(&mut next).collect()
}

/// A buffer with the hits of an earlier query.
fn used() -> Hits {
    let payload = Payload::new().with("stale", true);
    let mut hits = Hits::new();
    for n in 0..20 {
        hits.push(IdRef::Number(u64::MAX - n), -1e300, Some(payload.clone()));
        hits.push(IdRef::Text("stale"), -1e300, Some(payload.clone()));
    }
    hits
}

/// Queries of every sort, one per query vector.
fn mixed<'q>(query_vectors: &'q [Vector], filters: &'q [Filter]) -> Vec<Query<'q>> {
    let queries = query_vectors.iter().enumerate().map(|(n, query_vector)| {
        let goal = |k| match n % 3 {
            0 => Query::within(query_vector.as_ref(), 1.0, k),
            _ => Query::nearest(query_vector.as_ref(), k),
        };
        let query = goal([1, 3, 10, 500][n % 4]).with_payload(n % 2 == 0);
        match n % 5 {
            0 | 1 => query,
            _ => query.with_filter(&filters[n % filters.len()]),
        }
    });
    queries.collect()
}

pub(super) fn search_returns_payloads_when_asked(harness: &Harness) -> Result<Outcome> {
    let pair = Differential::after_churn(harness, &schema()?, 60, Distribution::Smooth)?;
    let snapshot = pair.site.snapshot()?;
    let english = Filter::eq("lang", "en");
    for query_vector in &query_vectors(&schema()?, 4)? {
        for goal in
            [Query::nearest(query_vector.as_ref(), 9), Query::within(query_vector.as_ref(), 1e9, 9)]
        {
            for query in [goal, goal.with_filter(&english)] {
                for wanted in [true, false] {
                    let query = query.with_payload(wanted);
                    let mut hits = [Hits::new()];
                    pair.search().search(&*snapshot, &[query], &mut hits, &mut Scratch::new())?;
                    for hit in &hits[0] {
                        let found = hit.payload.is_some();
                        assert_is!(found, wanted, "whether a payload comes with {:?}", hit.id);
                    }
                    assert_hits(&hits[0].to_vec(), &pair.model.search(&query)?, "the search");
                }
            }
        }
    }
    large_payloads_come_whole(harness)
}

/// Lists and texts at the limits come with hits as they are.
fn large_payloads_come_whole(harness: &Harness) -> Result<Outcome> {
    let list: Vec<Value> = (0..LIST_LEN_MAX).map(|n| Value::Bool(n % 3 == 0)).collect();
    // Two bytes each, so that a limit in bytes cuts elsewhere than one in characters.
    let text = "é".repeat(PAYLOAD_BYTES_MAX / 2 - KEY_BYTES_MAX);
    let records = vec![
        Record::new("list", [1.0, 0.0, 0.0])?.with("x", list),
        Record::new("text", [2.0, 0.0, 0.0])?.with("x", text),
    ];
    let pair = Differential::of(harness, &schema()?, records)?;
    let asked = Vector::try_from([0.0, 0.0, 0.0])?;
    let nearest = Query::nearest(asked.as_ref(), 2).with_payload(true);
    check_queries(&*pair.site.snapshot()?, &pair.model, pair.search(), &[nearest])?;
    Ok(Outcome::Kept)
}

pub(super) fn search_returns_vectors_when_asked(harness: &Harness) -> Result<Outcome> {
    let held = Held::of(harness, shapes::all()?)?;
    let mut rng = fastrand::Rng::with_seed(9);
    for schema in held.schemas.iter().chain([&schema()?]) {
        let pair = Differential::after_churn(harness, schema, 60, Distribution::Extreme)?;
        let snapshot = pair.site.snapshot()?;
        for field in vectors::fields(schema) {
            let asked = corpus::vector(&mut rng, field.kind(), Distribution::Smooth)?;
            let nearest = Query::nearest(asked.as_ref(), 20).with_field(field.name());
            let queries = [
                nearest.with_vector(true),
                nearest.with_vector(true).with_payload(true),
                nearest,
                Query::within(asked.as_ref(), 1e9, 3).with_field(field.name()).with_vector(true),
            ];
            check_queries(&*snapshot, &pair.model, pair.search(), &queries)?;
            for query in queries {
                check_queries(&*snapshot, &pair.model, pair.search(), &[query])?;
            }
        }
    }
    Ok(held.outcome())
}

/// Vectors of which the components of one are equal, or nearly so, beside others.
fn flat(rng: &mut fastrand::Rng, dim: usize) -> Result<Vector> {
    let level = [1.0, -1.0, 0.5, 1.0 + f32::EPSILON, 3.0][rng.usize(..5)];
    let mut components = vec![level; dim];
    if rng.bool() {
        components[rng.usize(..dim)] += [f32::EPSILON, -0.25, 1e-6][rng.usize(..3)];
    }
    Vector::try_from(components)
}

pub(super) fn search_answers_are_the_same_for_any_plan(harness: &Harness) -> Result<Outcome> {
    for (dim, metric) in [1, 2, 37, 38, 64, 100, 129]
        .into_iter()
        .zip([Metric::Cosine, Metric::Dot, Metric::Euclidean].into_iter().cycle())
    {
        let schema = Schema::new(dim, metric)?;
        let mut rng = fastrand::Rng::with_seed(dim as u64);
        let mut records = corpus::records(&schema, 150, Distribution::Smooth, 5)?;
        for id in 0..150_u64 {
            records.push(Record::new(id + 10_000, flat(&mut rng, dim)?)?);
        }
        let pair = Differential::of(harness, &schema, records)?;
        let snapshot = pair.site.snapshot()?;
        let mut asked = query_vectors(&schema, 4)?;
        for _ in 0..4 {
            asked.push(flat(&mut rng, dim)?);
        }
        let filters = filters::nested();
        // Before and after the search has derived what it derives.
        for _ in 0..2 {
            for plan in [Plan::Auto, Plan::F32] {
                for k in [1, 7, 100] {
                    let queries: Vec<_> = asked
                        .iter()
                        .enumerate()
                        .map(|(n, vector)| {
                            let query = Query::nearest(vector.as_ref(), k).with_plan(plan);
                            match n % 3 {
                                2 => query.with_filter(&filters[(n + k) % filters.len()]),
                                _ => query,
                            }
                        })
                        .collect();
                    check_queries(&*snapshot, &pair.model, pair.search(), &queries)?;
                    check_queries(&*snapshot, &pair.model, pair.search(), &queries[3..5])?;
                }
            }
            pair.search().prepare(&*snapshot, Budget::new(), &mut ())?;
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn search_ignores_what_hits_held_before(harness: &Harness) -> Result<Outcome> {
    let full = Differential::after_churn(harness, &schema()?, 60, Distribution::Smooth)?;
    let empty = Differential::new(harness, &schema()?)?;
    let other_dim = Schema::new(17, Metric::Dot)?;
    let other = Differential::after_churn(harness, &other_dim, 30, Distribution::Lattice)?;
    let (query_vectors, other_probes) =
        (query_vectors(&schema()?, 3)?, query_vectors(&other_dim, 3)?);
    let all = filters::nested();
    let (queries, other_queries) = (mixed(&query_vectors, &all), mixed(&other_probes, &all));
    // One set of buffers for all searches, as a caller reuses them for speed.
    let mut hits = vec![used(), used(), used()];
    for round in 0..3 {
        for (pair, queries) in [(&full, &queries), (&empty, &queries), (&other, &other_queries)] {
            let snapshot = pair.site.snapshot()?;
            pair.search().search(&*snapshot, queries, &mut hits, &mut Scratch::new())?;
            for (query, hits) in queries.iter().zip(&hits) {
                let context = format_args!("round {round}, into a used buffer");
                assert_hits(&hits.to_vec(), &pair.model.search(query)?, context);
            }
        }
        hits.rotate_left(1);
    }
    // Two stores that are at one version and hold as many records, in the buffers of the other.
    let twin = |seed| -> Result<Differential<'_>> {
        let records = corpus::records(&schema()?, 40, Distribution::Smooth, seed)?;
        Differential::of(harness, &schema()?, records)
    };
    let (one, other) = (twin(21)?, twin(22)?);
    let mut scratch = Scratch::new();
    for _ in 0..3 {
        for pair in [&one, &other] {
            let snapshot = pair.site.snapshot()?;
            pair.search().search(&*snapshot, &queries, &mut hits, &mut scratch)?;
            for (query, hits) in queries.iter().zip(&hits) {
                let context = "into the buffers of another store at the same version";
                assert_hits(&hits.to_vec(), &pair.model.search(query)?, context);
            }
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn search_answers_are_the_same_for_any_thread_count(
    harness: &Harness,
) -> Result<Outcome> {
    for (dim, distribution) in [(2, Distribution::Lattice), (17, Distribution::Smooth)] {
        let schema = Schema::new(dim, Metric::Cosine)?;
        let pair = Differential::after_churn(harness, &schema, 600, distribution)?;
        let snapshot = pair.site.snapshot()?;
        let (query_vectors, filters) = (query_vectors(&schema, 12)?, filters::nested());
        for threads in [1, 2, 7, 64, usize::MAX] {
            let mut queries = mixed(&query_vectors, &filters);
            queries.iter_mut().for_each(|query| *query = query.with_threads(threads));
            check_queries(&*snapshot, &pair.model, pair.search(), &queries)?;
            check_queries(&*snapshot, &pair.model, pair.search(), &queries[1..2])?;
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn search_answers_are_the_same_for_any_batch(harness: &Harness) -> Result<Outcome> {
    for (dim, metric) in [(2, Metric::Dot), (17, Metric::Cosine), (8, Metric::Euclidean)] {
        let schema = Schema::new(dim, metric)?;
        let pair = Differential::after_churn(harness, &schema, 150, Distribution::Smooth)?;
        let snapshot = pair.site.snapshot()?;
        let (query_vectors, filters) = (query_vectors(&schema, 64)?, filters::nested());
        let queries = mixed(&query_vectors, &filters);
        for size in [1, 2, 7, 64] {
            for some in queries.chunks(size) {
                check_queries(&*snapshot, &pair.model, pair.search(), some)?;
            }
        }
        check_queries(&*snapshot, &pair.model, pair.search(), &[])?;
        let same = vec![queries[1]; 9];
        check_queries(&*snapshot, &pair.model, pair.search(), &same)?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn search_rejects_bad_queries(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(3, Metric::Cosine)?;
    let full = Differential::after_churn(harness, &schema, 30, Distribution::Smooth)?;
    let empty = Differential::new(harness, &schema)?;
    let vectors: Vec<Vector> = [vec![1.0; 2], vec![1.0; 4], vec![1.0], vec![0.0; 3], vec![-0.0; 3]]
        .into_iter()
        .map(Vector::try_from)
        .collect::<Result<_>>()?;
    let good = Vector::try_from([1.0, 2.0, 3.0])?;
    let nearest = Query::nearest(good.as_ref(), 3);
    let invalid = filters::invalid();
    let mut bad = vec![
        (Query::nearest(good.as_ref(), 0), ErrorKind::InvalidQuery),
        (Query::within(good.as_ref(), 1.0, 0), ErrorKind::InvalidQuery),
        (Query::within(good.as_ref(), f64::NAN, 3), ErrorKind::InvalidQuery),
        (nearest.with_threads(0), ErrorKind::InvalidQuery),
    ];
    for vector in &vectors[..3] {
        bad.push((Query::nearest(vector.as_ref(), 3), ErrorKind::DimensionMismatch));
        let goal = Goal::Within { distance: 1.0, limit: 3 };
        bad.push((Query::new(vector.as_ref(), goal), ErrorKind::DimensionMismatch));
    }
    for vector in &vectors[3..] {
        bad.push((Query::nearest(vector.as_ref(), 3), ErrorKind::InvalidVector));
    }
    bad.extend(
        invalid.iter().map(|filter| (nearest.with_filter(filter), ErrorKind::InvalidFilter)),
    );
    for pair in [full, empty] {
        let snapshot = pair.site.snapshot()?;
        let ask = |queries: &[Query<'_>], buffers: usize| {
            let mut hits = vec![used(); buffers];
            let answer = pair.search().search(&*snapshot, queries, &mut hits, &mut Scratch::new());
            answer.map(|_| hits)
        };
        for (query, kind) in &bad {
            assert_refused(ask(&[*query], 1), *kind, "a search");
        }
        for (queries, buffers) in [(1, 0), (0, 1), (1, 2), (2, 1), (64, 63)] {
            let context = format_args!("{queries} queries and {buffers} buffers");
            let answer = ask(&vec![nearest; queries], buffers);
            assert_refused(answer, ErrorKind::InvalidQuery, context);
        }
        assert!(ask(&[], 0)?.is_empty(), "no query is no error");
    }
    Ok(Outcome::Kept)
}

pub(super) fn search_leaves_every_buffer_empty_on_error(harness: &Harness) -> Result<Outcome> {
    let full = Differential::after_churn(harness, &schema()?, 30, Distribution::Smooth)?;
    let empty = Differential::new(harness, &schema()?)?;
    let query_vectors = query_vectors(&schema()?, 5)?;
    let wrong = Vector::try_from([1.0])?;
    let invalid = Filter::eq("", 1);
    let bad = [
        Query::nearest(query_vectors[0].as_ref(), 0),
        Query::nearest(wrong.as_ref(), 3),
        Query::nearest(query_vectors[0].as_ref(), 3).with_filter(&invalid),
        Query::within(query_vectors[0].as_ref(), f64::NAN, 3),
    ];
    for pair in [full, empty] {
        let snapshot = pair.site.snapshot()?;
        let expect_empty = |queries: &[Query<'_>], buffers: usize| -> Option<Error> {
            let mut hits = vec![used(); buffers];
            let answer = pair.search().search(&*snapshot, queries, &mut hits, &mut Scratch::new());
            for (n, hits) in hits.iter().enumerate() {
                assert!(
                    hits.is_empty(),
                    "buffer {n} after an error: expected no hits, found {hits:?}"
                );
            }
            answer.err()
        };
        for bad in bad {
            for position in [0, 2, 5] {
                let good = query_vectors
                    .iter()
                    .map(|query_vector| Query::nearest(query_vector.as_ref(), 3));
                let mut queries: Vec<_> = good.collect();
                queries.insert(position, bad);
                assert!(expect_empty(&queries, 6).is_some(), "one bad query fails its batch");
            }
        }
        let good = Query::nearest(query_vectors[0].as_ref(), 3);
        assert!(expect_empty(&[good], 2).is_some(), "a buffer too many is an error");
        assert!(expect_empty(&[good, good], 1).is_some(), "a buffer too few is an error");
    }
    Ok(Outcome::Kept)
}

pub(super) fn explain_counts_what_was_done(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(17, Metric::Euclidean)?;
    let pair = Differential::after_churn(harness, &schema, 400, Distribution::Smooth)?;
    let snapshot = pair.site.snapshot()?;
    if snapshot.blocks().is_none() {
        return Ok(Outcome::NotPromised("its rows are elsewhere"));
    }
    let (asked, filters) = (query_vectors(&schema, 9)?, filters::nested());
    let mut counts = 0;
    for threads in [1, 2, 1 << 40] {
        let queries: Vec<_> =
            mixed(&asked, &filters).iter().map(|query| query.with_threads(threads)).collect();
        for queries in [&queries[..1], &queries[3..4], &queries[2..7], &queries[..]] {
            let mut hits = vec![Hits::new(); queries.len()];
            let search = pair.search();
            let explain = search.search(&*snapshot, queries, &mut hits, &mut Scratch::new())?;
            let mut expected = 0;
            for query in queries {
                expected += pair.model.matching(query.filter())?.len() as u64;
            }
            let found: usize = hits.iter().map(Hits::len).sum();
            let what = format!("{} queries on {threads} threads: {explain}", queries.len());
            if explain.candidates == 0 {
                continue;
            }
            counts += 1;
            assert_is!(explain.candidates, expected, "the candidates of {what}");
            let decided = explain.excluded + explain.rescored;
            assert_is!(decided, expected, "those excluded or rescored of {what}");
            assert!(explain.rescored >= found as u64, "{found} hits of {what}");
            assert!(explain.bytes_read > 0, "candidates without a byte that was read: {what}");
            assert!(explain.threads >= 1 && explain.threads <= threads, "{what}");
            assert!(explain.threads as u64 <= expected.max(1), "a thread has no part: {what}");
        }
    }
    match counts {
        0 => Ok(Outcome::NotPromised("its searches count nothing")),
        _ => Ok(Outcome::Kept),
    }
}
