//! The hits of a search, and their order.

use iqdb_core::{Batch, Filter, Metric, Query, Record, RecordId, Result, Schema, Uuid, Vector};

use crate::check::check_queries;
use crate::check::exact::assert_is;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::generate::filters;
use crate::generate::vectors;
use crate::shapes::{self, Held};
use crate::{Harness, Outcome};

/// A few query vectors.
fn query_vectors(schema: &Schema, distribution: Distribution) -> Result<Vec<Vector>> {
    let mut rng = fastrand::Rng::with_seed(99);
    (0..6).map(|_| corpus::vector(&mut rng, corpus::only_kind(schema), distribution)).collect()
}

/// Checks queries against the model, each as a batch of one.
fn check_each<'q>(
    pair: &Differential<'_>,
    queries: impl IntoIterator<Item = Query<'q>>,
) -> Result<()> {
    let snapshot = pair.site.snapshot()?;
    for query in queries {
        check_queries(&*snapshot, &pair.model, pair.search(), &[query])?;
    }
    Ok(())
}

pub(super) fn search_ranks_by_distance_then_id(harness: &Harness) -> Result<Outcome> {
    for metric in Metric::OF_NUMBERS {
        let schema = Schema::new(2, metric)?;
        // All distances tie, so that the rank is the order of the ids alone.
        let mut ids: Vec<RecordId> = (0..40).map(corpus::id).collect();
        ids.extend([u64::MAX.into(), "".into(), Uuid::max().into(), "\u{10ffff}".into()]);
        fastrand::Rng::with_seed(1).shuffle(&mut ids);
        let records = ids.iter().map(|id| Record::new(id, [2.0, 1.0]));
        let ties = Differential::of(harness, &schema, records.collect::<Result<Vec<_>>>()?)?;
        let mixed = Differential::after_churn(harness, &schema, 150, Distribution::Lattice)?;
        for pair in [ties, mixed] {
            for query_vector in query_vectors(&schema, Distribution::Lattice)? {
                let ks = [1, 2, 3, 5, 10, 39, 44, 150];
                check_each(&pair, ks.map(|k| Query::nearest(query_vector.as_ref(), k)))?;
            }
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn search_distances_are_canonical(harness: &Harness) -> Result<Outcome> {
    for metric in Metric::OF_NUMBERS {
        for dim in [1, 2, 3, 7, 8, 9, 16, 17, 31, 100, 384] {
            let schema = Schema::new(dim, metric)?;
            for distribution in Distribution::ALL {
                let pair = Differential::of(
                    harness,
                    &schema,
                    corpus::records(&schema, 12, distribution, 7)?,
                )?;
                for query_vector in query_vectors(&schema, distribution)?.iter().take(3) {
                    check_each(&pair, [Query::nearest(query_vector.as_ref(), 12)])?;
                }
            }
        }
    }
    let held = Held::of(harness, shapes::all()?)?;
    let mut rng = fastrand::Rng::with_seed(99);
    for schema in &held.schemas {
        for distribution in Distribution::ALL {
            let records = corpus::records(schema, 40, distribution, 7)?;
            let pair = Differential::of(harness, schema, records)?;
            for field in vectors::fields(schema) {
                for _ in 0..4 {
                    let query_vector = corpus::vector(&mut rng, field.kind(), distribution)?;
                    let nearest = Query::nearest(query_vector.as_ref(), 40);
                    check_each(&pair, [nearest.with_field(field.name())])?;
                }
            }
        }
    }
    Ok(held.outcome())
}

pub(super) fn search_with_k_above_len_returns_every_record(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(3, Metric::Euclidean)?;
    let query_vector = [1.0, 2.0, 3.0];
    let query_vector = Vector::try_from(query_vector)?;
    for count in [1, 2, 63, 64, 65] {
        let pair = Differential::of(
            harness,
            &schema,
            corpus::records(&schema, count, Distribution::Smooth, 1)?,
        )?;
        let len = pair.model.len();
        let snapshot = pair.site.snapshot()?;
        // A search that reserved room for the largest `k` would run out of memory.
        for k in [len, len + 1, 1 << 20, usize::MAX / 64, usize::MAX - 1, usize::MAX] {
            let queries = [
                Query::nearest(query_vector.as_ref(), k),
                Query::within(query_vector.as_ref(), f64::INFINITY, k),
            ];
            assert_is!(pair.model.search(&queries[0])?.len(), len, "what the model finds");
            check_queries(&*snapshot, &pair.model, pair.search(), &queries)?;
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn search_within_is_inclusive_and_capped(harness: &Harness) -> Result<Outcome> {
    for metric in Metric::OF_NUMBERS {
        let schema = Schema::new(3, metric)?;
        for distribution in Distribution::ALL {
            let pair = Differential::after_churn(harness, &schema, 60, distribution)?;
            for query_vector in query_vectors(&schema, distribution)? {
                let ranked =
                    pair.model.search(&Query::nearest(query_vector.as_ref(), usize::MAX))?;
                let mut distances = vec![
                    f64::INFINITY,
                    f64::NEG_INFINITY,
                    f64::MAX,
                    f64::MIN,
                    0.0,
                    -0.0,
                    -1.0,
                    -f64::from_bits(1),
                ];
                for hit in ranked.iter().step_by(5) {
                    let exact = hit.distance;
                    distances.extend([exact, exact.next_down(), exact.next_up()]);
                }
                for distance in distances {
                    let limits = [1, 2, 7, ranked.len(), usize::MAX];
                    let ask = |limit| Query::within(query_vector.as_ref(), distance, limit);
                    check_each(&pair, limits.map(ask))?;
                }
            }
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn search_of_an_empty_store_finds_nothing(harness: &Harness) -> Result<Outcome> {
    for metric in Metric::OF_NUMBERS {
        let schema = Schema::new(2, metric)?;
        let mut pair = Differential::new(harness, &schema)?;
        let query_vector = Vector::try_from([1.0, 2.0])?;
        let english = Filter::eq("lang", "en").not();
        for _ in 0..2 {
            check_each(
                &pair,
                [
                    Query::nearest(query_vector.as_ref(), 1),
                    Query::nearest(query_vector.as_ref(), usize::MAX).with_payload(true),
                    Query::nearest(query_vector.as_ref(), 3).with_filter(&english),
                    Query::nearest(query_vector.as_ref(), 3).with_threads(7),
                    Query::within(query_vector.as_ref(), f64::INFINITY, 9),
                ],
            )?;
            // Once more on a store whose records have all been deleted.
            for record in corpus::records(&schema, 12, Distribution::Smooth, 1)? {
                let id = record.id.clone();
                pair.apply(&Batch::new().upsert(record))?;
                pair.apply(&Batch::new().delete(id))?;
            }
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn search_filters_before_it_ranks(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(2, Metric::Euclidean)?;
    // The few records that match are the farthest.
    let records = (0_u16..200).map(|n| {
        let record = Record::new(u64::from(n), [f32::from(n), 0.0])?;
        Ok(if n >= 190 { record.with("rare", true) } else { record })
    });
    let pair = Differential::of(harness, &schema, records.collect::<Result<Vec<_>>>()?)?;
    let origin = Vector::try_from([0.0, 0.0])?;
    let rare = Filter::eq("rare", true);
    let query = Query::nearest(origin.as_ref(), 5).with_filter(&rare);
    assert_is!(pair.model.search(&query)?.len(), 5, "what the model finds");
    check_each(
        &pair,
        [1, 5, 10, 11].map(|k| Query::nearest(origin.as_ref(), k).with_filter(&rare)),
    )?;
    check_each(
        &pair,
        [189.9, 190.0, 195.5].map(|d| Query::within(origin.as_ref(), d, 3).with_filter(&rare)),
    )?;

    let pair = Differential::after_churn(harness, &schema, 150, Distribution::Lattice)?;
    let snapshot = pair.site.snapshot()?;
    for filter in filters::predicates().iter().chain(&filters::nested()) {
        let mut queries = Vec::new();
        for k in [1, 10, 200] {
            queries.push(Query::nearest(origin.as_ref(), k).with_filter(filter));
        }
        queries.push(Query::within(origin.as_ref(), 1.0, 8).with_filter(filter).with_payload(true));
        check_queries(&*snapshot, &pair.model, pair.search(), &queries)?;
    }
    for filter in &filters::at_the_limits() {
        check_each(&pair, [Query::nearest(origin.as_ref(), 3).with_filter(filter)])?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn search_ranks_extreme_values_canonically(harness: &Harness) -> Result<Outcome> {
    // Distances that are equal in f32 or out of its range. The canonical distances all differ.
    let odd: [[f32; 4]; 16] = [
        [3e38, 3e38, 3e38, 3e38],
        [3e38, 3e38, 3e38, 2.999_999_9e38],
        [-3e38, 3e38, -3e38, 3e38],
        [f32::MAX, 0.0, 0.0, 0.0],
        [f32::MAX, f32::from_bits(1), 0.0, -0.0],
        [f32::MIN, f32::MIN, f32::MIN, f32::MIN],
        [1e20, 1e20, 1e20, 1e20],
        [1e-20, 1e-20, 1e-20, 1e-20],
        [f32::from_bits(1), 0.0, 0.0, 0.0],
        [f32::from_bits(1), f32::from_bits(2), 0.0, 0.0],
        [f32::MIN_POSITIVE, -f32::MIN_POSITIVE, 0.0, 1e-40],
        [1.0, 1.0, 1.0, 1.0],
        [1.0, 1.0, 1.0, 1.0 + f32::EPSILON],
        [1.0, 1.0, 1.0, 1.0 - f32::EPSILON / 2.0],
        [16_777_216.0, 1.0, -16_777_216.0, 1.0],
        [16_777_216.0, -1.0, -16_777_216.0, 1.0],
    ];
    for metric in Metric::OF_NUMBERS {
        let schema = Schema::new(4, metric)?;
        // Ordinary rows whose distances differ by less than the rounding of an f32 sum.
        let close = (0_u16..40).map(|n| [1.0, 1e4, 1e-4, f32::from(n) * f32::EPSILON]);
        let records = odd.into_iter().chain(close).zip(0..);
        let records = records.map(|(vector, n)| Record::new(corpus::id(n), vector));
        let pair = Differential::of(harness, &schema, records.collect::<Result<Vec<_>>>()?)?;
        for vector in odd {
            let query_vector = Vector::try_from(vector)?;
            let nearest = [1, 5, 20, 100].map(|k| Query::nearest(query_vector.as_ref(), k));
            check_each(&pair, nearest)?;
            check_each(
                &pair,
                [0.0, 1e-9, 1.0, 1e39].map(|d| Query::within(query_vector.as_ref(), d, 9)),
            )?;
        }
    }
    for metric in Metric::OF_NUMBERS {
        for dim in [1, 9, 33] {
            let schema = Schema::new(dim, metric)?;
            let pair = Differential::after_churn(harness, &schema, 120, Distribution::Extreme)?;
            for query_vector in query_vectors(&schema, Distribution::Extreme)? {
                check_each(&pair, [1, 10, 200].map(|k| Query::nearest(query_vector.as_ref(), k)))?;
            }
        }
    }
    Ok(Outcome::Kept)
}
