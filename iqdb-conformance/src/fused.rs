//! Fusion in the fewest lines: what a fused query is expected to find.

use std::collections::BTreeSet;

use iqdb_core::{FusedHit, Fusion, Hit, PartHit, Query, RecordId, Result};

use crate::Model;
use crate::check::exact::{difference, same_payload};

/// The expected hits of the parts, fused, by (score, id), up to `k`.
pub(crate) fn fused(
    model: &Model,
    parts: &[Query<'_>],
    fusion: &Fusion,
    k: usize,
) -> Result<Vec<FusedHit>> {
    let answers = parts.iter().map(|part| model.search(part)).collect::<Result<Vec<_>>>()?;
    let ids: BTreeSet<&RecordId> = answers.iter().flatten().map(|hit| &hit.id).collect();
    let hit = |id: &RecordId| {
        let parts: Vec<_> = answers.iter().map(|hits| place(id, hits)).collect();
        let terms = parts.iter().enumerate().filter_map(|(part, place)| {
            let PartHit { rank, distance } = (*place)?;
            Some(match fusion {
                Fusion::Rrf { k } => 1.0 / (k + rank as f64),
                Fusion::Weighted(weights) => weighted(weights[part], distance, &answers[part]),
                other => panic!("the model doesn't know {other:?}"),
            })
        });
        let (score, payload) = (terms.fold(0.0, |sum, term| sum + term), None);
        FusedHit { id: id.clone(), score, parts, payload }
    };
    let mut hits: Vec<FusedHit> = ids.into_iter().map(hit).collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
    hits.truncate(k);
    if parts.iter().any(Query::wants_payload) {
        for hit in &mut hits {
            hit.payload = model.get(&hit.id).map(|record| record.payload.clone());
        }
    }
    Ok(hits)
}

fn place(id: &RecordId, hits: &[Hit]) -> Option<PartHit> {
    let before = hits.iter().position(|hit| hit.id == *id)?;
    Some(PartHit { rank: before + 1, distance: hits[before].distance })
}

/// The weight times where the distance lies between the farthest hit and the nearest.
fn weighted(weight: f64, distance: f64, hits: &[Hit]) -> f64 {
    match hits {
        [nearest, .., farthest] if nearest.distance < farthest.distance => {
            weight * (farthest.distance - distance) / (farthest.distance - nearest.distance)
        }
        _ => weight,
    }
}

/// Panics unless the hits are the same, in the same order, to the last bit.
pub(crate) fn assert_fused(
    found: &[FusedHit],
    expected: &[FusedHit],
    context: impl std::fmt::Display,
) {
    let same_place = |(a, b): (&Option<PartHit>, &Option<PartHit>)| match (a, b) {
        (Some(a), Some(b)) => a.rank == b.rank && a.distance.to_bits() == b.distance.to_bits(),
        (a, b) => a == b,
    };
    for (rank, (found, expected)) in found.iter().zip(expected).enumerate() {
        let same = found.id == expected.id
            && found.score.to_bits() == expected.score.to_bits()
            && found.parts.len() == expected.parts.len()
            && found.parts.iter().zip(&expected.parts).all(same_place)
            && match (&found.payload, &expected.payload) {
                (Some(found), Some(expected)) => same_payload(found, expected),
                (found, expected) => found == expected,
            };
        assert!(same, "{context}: at rank {rank}, {}", difference(found, expected));
    }
    assert!(
        found.len() == expected.len(),
        "{context}: expected {} hits, found {}",
        expected.len(),
        found.len()
    );
}
