//! Groups, diverse hits and means of examples in the fewest lines: what is expected of questions that go on
//! with hits.

use iqdb_core::distance::squared_norm;
use iqdb_core::{
    Diversity, Examples, Goal, Group, Grouping, Hit, Metric, Query, RecordId, Result, Vector,
    VectorRef,
};

use crate::Model;
use crate::check::reading::{counted, shown};

/// All hits of a query, whatever its limit, with payloads and vectors.
pub(crate) fn all(model: &Model, query: &Query<'_>) -> Result<Vec<Hit>> {
    let goal = match query.goal() {
        Goal::Within { distance, .. } => Goal::Within { distance, limit: usize::MAX },
        _ => Goal::Nearest { k: usize::MAX },
    };
    model.search(&query.with_goal(goal).with_payload(true).with_vector(true))
}

/// The hit with what the query wants.
pub(crate) fn wanted(mut hit: Hit, query: &Query<'_>) -> Hit {
    hit.payload = hit.payload.filter(|_| query.wants_payload());
    hit.vector = hit.vector.filter(|_| query.wants_vector());
    hit
}

/// The expected groups: every hit goes into the group of each of its values.
pub(crate) fn groups(
    model: &Model,
    query: &Query<'_>,
    by: Grouping<'_>,
    path: &str,
) -> Result<Vec<Group>> {
    let mut groups: Vec<Group> = Vec::new();
    for hit in all(model, query)? {
        let Some(record) = model.get(&hit.id) else { continue };
        for (value, _) in counted(&[record], path) {
            let (value, hit) = (shown(&value), wanted(hit.clone(), query));
            match groups.iter_mut().find(|group| group.value == value) {
                Some(group) => group.hits.push(hit),
                None => groups.push(Group { value, hits: vec![hit] }),
            }
        }
    }
    groups.truncate(by.groups);
    groups.iter_mut().for_each(|group| group.hits.truncate(by.per_group));
    Ok(groups)
}

/// The expected hits: each time the one that is best beside those before it.
pub(crate) fn diverse(model: &Model, query: &Query<'_>, by: Diversity) -> Result<Vec<Hit>> {
    let field = &model.schema().fields()[query.field_in(model.schema())?.index()];
    let distance = |a: &Hit, b: &Hit| -> Result<f64> {
        let (Some(a), Some(b)) = (&a.vector, &b.vector) else { return Ok(0.0) };
        Ok(field.kind().distance(a.as_ref(), b.as_ref())?.unwrap_or(0.0))
    };
    let mut left = all(model, query)?;
    left.truncate(by.depth);
    let mut chosen: Vec<Hit> = Vec::new();
    while chosen.len() < query.goal().limit() && !left.is_empty() {
        let mut losses = Vec::new();
        for hit in &left {
            let mut nearest = f64::INFINITY;
            for other in &chosen {
                nearest = nearest.min(distance(hit, other)?);
            }
            losses.push(by.lambda * hit.distance - (1.0 - by.lambda) * nearest);
        }
        let is_least = |n: &usize| losses.iter().all(|loss| losses[*n] <= *loss);
        let best = if chosen.is_empty() { 0 } else { (0..left.len()).find(is_least).unwrap_or(0) };
        chosen.push(left.remove(best));
    }
    Ok(chosen.into_iter().map(|hit| wanted(hit, query)).collect())
}

/// The expected mean, as numbers before they are rounded: by component, or by index for terms.
pub(crate) fn mean(model: &Model, field: &str, examples: Examples<'_>) -> Vec<f64> {
    let is_cosine = model
        .schema()
        .fields()
        .iter()
        .any(|other| other.name() == field && other.kind().metric() == Some(Metric::Cosine));
    let of = |ids: &[RecordId]| {
        let mut sums = Vec::new();
        for id in ids {
            let vector = model.get(id).and_then(|record| record.vector(field));
            let numbers = vector.map(numbers).unwrap_or_default();
            let norm = vector.filter(|_| is_cosine).map_or(1.0, norm);
            sums.resize(numbers.len().max(sums.len()), 0.0);
            numbers.iter().enumerate().for_each(|(n, x)| sums[n] += x / norm);
        }
        sums.iter().map(|sum| sum / ids.len() as f64).collect::<Vec<f64>>()
    };
    let (mut mean, negative) = (of(examples.positive), of(examples.negative));
    mean.resize(mean.len().max(negative.len()), 0.0);
    let minus = |n: usize| negative.get(n).copied().unwrap_or_default();
    match examples.negative {
        [] => mean,
        _ => mean.iter().enumerate().map(|(n, p)| p + (p - minus(n))).collect(),
    }
}

/// The length of a vector, by the rule of the canonical distance.
fn norm(vector: VectorRef<'_>) -> f64 {
    let square = match vector {
        VectorRef::F32(vector) => squared_norm(&vector),
        VectorRef::F16(vector) => squared_norm(&vector),
        VectorRef::BF16(vector) => squared_norm(&vector),
        VectorRef::I8(vector) => squared_norm(&vector),
        VectorRef::Sparse(_) | VectorRef::Binary(_) => 1.0,
    };
    square.sqrt()
}

/// The components of a vector as `f64`, or its weights by their indices.
pub(crate) fn numbers(vector: VectorRef<'_>) -> Vec<f64> {
    match vector {
        VectorRef::F32(vector) => vector.iter().map(|x| f64::from(*x)).collect(),
        VectorRef::F16(vector) => vector.iter().map(|x| x.to_f64()).collect(),
        VectorRef::BF16(vector) => vector.iter().map(|x| x.to_f64()).collect(),
        VectorRef::I8(vector) => vector.iter().map(|x| f64::from(*x)).collect(),
        VectorRef::Sparse(vector) => {
            let mut numbers = Vec::new();
            for (index, weight) in vector.indices().iter().zip(vector.weights()) {
                let place = usize::try_from(*index).unwrap_or_default();
                numbers.resize(place + 1, 0.0);
                numbers[place] = f64::from(*weight);
            }
            numbers
        }
        VectorRef::Binary(_) => Vec::new(),
    }
}

/// The expected mean as a vector of the same kind as `like`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(crate) fn as_vector(numbers: &[f64], like: VectorRef<'_>) -> Result<Vector> {
    let narrow: Vec<f32> = numbers.iter().map(|x| *x as f32).collect();
    match like {
        VectorRef::F16(_) => Vector::try_from(narrow)?.to_f16(),
        VectorRef::BF16(_) => Vector::try_from(narrow)?.to_bf16(),
        VectorRef::I8(_) => {
            let whole = numbers.iter().map(|x| x.round_ties_even().clamp(-128.0, 127.0) as i8);
            Vector::try_from(whole.collect::<Vec<i8>>())
        }
        VectorRef::Sparse(_) => {
            let terms = (0..).zip(narrow).filter(|(_, weight)| *weight != 0.0);
            let (indices, weights): (Vec<u32>, Vec<f32>) = terms.unzip();
            Vector::sparse(indices, weights)
        }
        _ => Vector::try_from(narrow),
    }
}
