//! Hostile input: huge limits in queries, input beyond the limits, damaged rows, numbers at the
//! ends of their range.
//!
//! Only a harness with an allocation meter can check the bounds of memory.

use iqdb_core::limits::{DIM_MAX, PAYLOAD_BYTES_MAX};
use iqdb_core::{
    Batch, ErrorKind, Filter, Hits, Metric, Payload, Query, Record, Result, Schema, Scratch,
    StoreExt, Vector,
};

use crate::check::check_queries;
use crate::check::exact::assert_is;
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::stores::fixed_snapshot::FixedSnapshot;
use crate::{Harness, Outcome};

const NO_METER: &str = "no allocation meter (Harness::with_allocation_meter)";

/// The bytes that a call on a store of a few records may allocate at a time: far more than any call
/// needs, and far less than any of the sizes that the queries ask for.
const PEAK_BYTES_MAX: u64 = 512 * 1024;

pub(super) fn search_of_a_row_that_is_no_vector_is_damaged(harness: &Harness) -> Result<Outcome> {
    const ROWS: u8 = 70;
    let not_a_number = [f32::NAN, 1.0];
    for (metric, row) in [
        (Metric::Cosine, [0.0, -0.0]),
        (Metric::Cosine, not_a_number),
        (Metric::Cosine, [f32::INFINITY, 1.0]),
        (Metric::Dot, not_a_number),
        (Metric::Dot, [f32::NEG_INFINITY, 1.0]),
        (Metric::Euclidean, not_a_number),
        (Metric::Euclidean, [1.0, f32::INFINITY]),
    ] {
        let asked = Vector::try_from([1.0, 1.0])?;
        for at in [0, 1, ROWS / 2, ROWS - 1].map(usize::from) {
            // The rows are in the order of distance, except for the invalid one.
            let mut rows: Vec<[f32; 2]> =
                (0..ROWS).map(|n| [1.0, 1.0 - f32::from(n) / 100.0]).collect();
            rows[at] = row;
            let snapshot = FixedSnapshot::new(2, metric, rows.concat())?;
            for query in [
                Query::nearest(asked.as_ref(), 1),
                Query::nearest(asked.as_ref(), ROWS.into()),
                Query::nearest(asked.as_ref(), 3).with_threads(4),
                Query::within(asked.as_ref(), f64::INFINITY, ROWS.into()),
            ] {
                let mut hits = [Hits::new()];
                let answer =
                    harness.search().search(&snapshot, &[query], &mut hits, &mut Scratch::new());
                let context = format_args!("{query:?} ({metric}) over {row:?} in row {at}");
                let error = assert_refused(answer, ErrorKind::Damaged, context);
                assert_is!(error.id(), Some(&(at as u64).into()), "{context}: the record at fault");
                assert!(hits[0].is_empty(), "{context}: expected no hits, found {:?}", hits[0]);
            }
            // A query that another row answers keeps no hits either where the one beside it fails.
            let another = Filter::id_in([(at as u64 + 1) % u64::from(ROWS)]);
            let query = Query::nearest(asked.as_ref(), 3);
            let answered = query.with_filter(&another);
            for batch in [[answered, query], [query, answered]] {
                let mut hits = [Hits::new(), Hits::new()];
                let answer =
                    harness.search().search(&snapshot, &batch, &mut hits, &mut Scratch::new());
                let context = format_args!("two queries ({metric}) over {row:?} in row {at}");
                assert_refused(answer, ErrorKind::Damaged, context);
                assert!(hits.iter().all(Hits::is_empty), "{context}: hits are left: {hits:?}");
            }
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn search_memory_is_bounded_by_what_is_there(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(3, Metric::Euclidean)?;
    let pair = Differential::after_churn(harness, &schema, 60, Distribution::Smooth)?;
    let snapshot = pair.site.snapshot()?;
    let query_vector = Vector::try_from([1.0, 2.0, 3.0])?;
    let mut outcome = Outcome::Kept;
    for huge in [1 << 20, 1 << 40, usize::MAX] {
        for query in [
            Query::nearest(query_vector.as_ref(), huge),
            Query::within(query_vector.as_ref(), f64::MAX, huge),
            Query::within(query_vector.as_ref(), f64::INFINITY, huge).with_threads(huge),
        ] {
            check_queries(&*snapshot, &pair.model, pair.search(), &[query])?;
            let mut hits = [Hits::new()];
            let mut answer = None;
            let measured = harness.measure(&mut || {
                answer = Some(pair.search().search(
                    &*snapshot,
                    &[query],
                    &mut hits,
                    &mut Scratch::new(),
                ));
            });
            match measured {
                None => outcome = Outcome::NotPromised(NO_METER),
                Some(cost) => assert!(
                    cost.peak_bytes <= PEAK_BYTES_MAX,
                    "the memory of {query:?} over {} records: expected at most {PEAK_BYTES_MAX} \
                     bytes, found {cost:?}",
                    pair.model.len()
                ),
            }
            answer.transpose()?;
        }
    }
    Ok(outcome)
}

pub(super) fn refused_input_costs_no_memory(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(3, Metric::Cosine)?;
    let mut pair =
        Differential::of(harness, &schema, corpus::records(&schema, 9, Distribution::Smooth, 1)?)?;
    let text = "x".repeat(PAYLOAD_BYTES_MAX);
    let heavy = || Payload::new().with("x", &*text);
    let record = |n: u64| Record::new(n, [1.0, 2.0, 3.0]);
    let many = || {
        let big = Payload::new().with("x", &text[..PAYLOAD_BYTES_MAX / 2]);
        (0..8).try_fold(Batch::new(), |batch, n| {
            Ok::<_, iqdb_core::Error>(batch.upsert(record(n)?.with_payload(big.clone())))
        })
    };
    let mut outcome = Outcome::Kept;
    for (batch, kind) in [
        (Batch::new().upsert(record(1)?.with_payload(heavy())), ErrorKind::InvalidPayload),
        (Batch::new().set_payload(1, heavy()), ErrorKind::InvalidPayload),
        (Batch::new().set_payload("nobody", heavy()), ErrorKind::InvalidPayload),
        (many()?.upsert(Record::new(1, vec![1.0; DIM_MAX])?), ErrorKind::DimensionMismatch),
        (many()?.upsert(Record::new(1, [0.0; 3])?), ErrorKind::InvalidVector),
        (many()?.expect_version(iqdb_core::Version(9)), ErrorKind::VersionConflict),
    ] {
        let mut answer = None;
        let measured = harness.measure(&mut || answer = Some(pair.site.apply(&batch)));
        if let Some(answer) = answer {
            assert_refused(answer, kind, "apply");
        }
        match measured {
            None => outcome = Outcome::NotPromised(NO_METER),
            Some(cost) => assert!(
                cost.peak_bytes <= PEAK_BYTES_MAX,
                "the memory of refusing a batch ({kind}): expected at most {PEAK_BYTES_MAX} bytes, \
                 found {cost:?}"
            ),
        }
        pair.refuses(&batch, kind)?;
    }
    Ok(outcome)
}

/// The distance that a search finds between two vectors.
fn distance<const N: usize>(
    harness: &Harness,
    metric: Metric,
    stored: [f32; N],
    asked: [f32; N],
) -> Result<f64> {
    let site = harness.create(&Schema::new(N, metric)?)?;
    site.upsert(Record::new(1, stored)?)?;
    let (asked, mut hits) = (Vector::try_from(asked)?, [Hits::new()]);
    let query = Query::nearest(asked.as_ref(), 1);
    harness.search().search(&*site.snapshot()?, &[query], &mut hits, &mut Scratch::new())?;
    let found = hits[0].get(0).map(|hit| hit.distance);
    Ok(found.unwrap_or_else(|| panic!("expected a hit, found none")))
}

/// Expects distances that were computed by hand: in all other cases the model computes them with
/// the same function as the search.
pub(super) fn distances_of_huge_and_tiny_components_are_right(
    harness: &Harness,
) -> Result<Outcome> {
    use Metric::{Cosine, Dot, Euclidean};
    let right_angle_halved = 1.0 - std::f64::consts::FRAC_1_SQRT_2;
    let tiny = f32::from_bits(1);
    for (metric, stored, asked, expected) in [
        (Cosine, [3e38, 3e38], [1.0, 0.0], right_angle_halved),
        (Cosine, [3e38, 3e38], [3e38, 0.0], right_angle_halved),
        (Cosine, [tiny, tiny], [1.0, 0.0], right_angle_halved),
        (Cosine, [tiny, tiny], [f32::MAX, -0.0], right_angle_halved),
        (Cosine, [3e38, 3e38], [-3e38, -3e38], 2.0),
        (Cosine, [tiny, -tiny], [f32::MAX, f32::MAX], 1.0),
        (Euclidean, [3e38, 4e37], [3e38, 4e37], 0.0),
        (Euclidean, [0.0, 0.0], [-0.0, -0.0], 0.0),
        (Euclidean, [f32::MAX, 0.0], [f32::MIN, 0.0], 2.0 * f64::from(f32::MAX)),
        (Dot, [f32::MAX, 0.0], [f32::MAX, 1.0], -f64::from(f32::MAX).powi(2)),
        (Dot, [0.0, 0.0], [f32::MAX, f32::MAX], 0.0),
    ] {
        for (stored, asked) in [(stored, asked), (asked, stored)] {
            let found = distance(harness, metric, stored, asked)?;
            let is_right = (found - expected).abs() <= 1e-12 * expected.abs().max(1.0);
            assert!(
                is_right,
                "the {metric} distance of {stored:?} and {asked:?}: expected {expected}, found \
                 {found}"
            );
        }
    }
    // The cosine distance of a vector to itself is exactly 0, in spite of rounding.
    for vector in [[0.1, 0.2], [1e-20, 3e38], [tiny, 1.0], [0.3, 3e-8]] {
        assert_is!(distance(harness, Cosine, vector, vector)?, 0.0, "to itself, of {vector:?}");
    }
    Ok(Outcome::Kept)
}
