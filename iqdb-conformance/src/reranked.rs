//! Reranking in the fewest lines: what is expected of hits that are ranked by an expression.

use iqdb_core::rerank::exp;
use iqdb_core::text::ln;
use iqdb_core::{Curve, Decay, Origin, Quantity, Query, Record, Rerank, Result, ScoredHit, Value};

use crate::Model;
use crate::check::exact::assert_hits;
use crate::check::reading::counted;
use crate::further::{all, wanted};

/// The expected hits: the first ones by their sums, equal ones as they were.
pub(crate) fn reranked(model: &Model, query: &Query<'_>, by: Rerank<'_>) -> Result<Vec<ScoredHit>> {
    let mut scored = Vec::new();
    for hit in all(model, query)?.into_iter().take(by.depth) {
        let Some(record) = model.get(&hit.id) else { continue };
        let terms = by
            .by
            .terms()
            .iter()
            .map(|term| term.weight * quantity(&term.quantity, 0.0 - hit.distance, record));
        let sum = terms.fold(0.0, |sum, term| sum + term);
        let score = if f64::is_nan(sum) { f64::NEG_INFINITY } else { sum };
        scored.push(ScoredHit { hit: wanted(hit, query), score });
    }
    scored.sort_by(|a, b| b.score.total_cmp(&a.score));
    scored.truncate(query.goal().limit());
    Ok(scored)
}

fn quantity(quantity: &Quantity, score: f64, record: &Record) -> f64 {
    let greatest = |path: String, of: &dyn Fn(&Value) -> Option<f64>| {
        let all = counted(&[record], &path);
        all.iter().filter_map(|(value, _)| of(value)).reduce(f64::max).unwrap_or(0.0)
    };
    match quantity {
        Quantity::One => 1.0,
        Quantity::Score => score,
        Quantity::Value(path) => greatest(path.to_string(), &|value| match value {
            Value::DateTime(date) => Some(date.as_micros() as f64 / 1e6),
            value => number(value),
        }),
        Quantity::Decay(decay) => {
            greatest(decay.path.to_string(), &|value| Some(decayed(decay, distance(decay, value)?)))
        }
        other => panic!("the model doesn't know {other:?}"),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => Some(*number as f64),
        Value::Float(number) => Some(*number).filter(|number| number.is_finite()),
        _ => None,
    }
}

fn distance(decay: &Decay, value: &Value) -> Option<f64> {
    match (decay.origin, value) {
        (Origin::Number(origin), value) => Some((number(value)? - origin).abs()),
        (Origin::Date(origin), Value::DateTime(date)) => {
            Some(date.as_micros().abs_diff(origin.as_micros()) as f64 / 1e6)
        }
        _ => None,
    }
}

fn decayed(decay: &Decay, distance: f64) -> f64 {
    let (steps, at_scale) = (distance / decay.scale, decay.at_scale);
    match decay.curve {
        Curve::Gauss => exp(ln(at_scale) * (steps * steps)),
        Curve::Exp => exp(ln(at_scale) * steps),
        Curve::Linear => f64::max(0.0, 1.0 - (1.0 - at_scale) * steps),
    }
}

/// Panics unless the hits are the same, in the same order, with the same scores to the last bit.
pub(crate) fn assert_scored(
    found: &[ScoredHit],
    expected: &[ScoredHit],
    context: impl std::fmt::Display,
) {
    let hits = |scored: &[ScoredHit]| scored.iter().map(|it| it.hit.clone()).collect::<Vec<_>>();
    assert_hits(&hits(found), &hits(expected), &context);
    for (rank, (found, expected)) in found.iter().zip(expected).enumerate() {
        let (found, expected) = (found.score, expected.score);
        assert!(
            found.to_bits() == expected.to_bits(),
            "{context}: at rank {rank}, expected the score {expected:?}, found {found:?}"
        );
    }
}
