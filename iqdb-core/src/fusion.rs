//! Fusion: the answers of several queries over one snapshot as one ranking.

use std::collections::BTreeMap;

use crate::{Error, ErrorKind, Explain, Hits, IdRef, Payload, RecordId, Result, Verdict};

/// How the ranks or the distances of the parts become one score. A higher score is better.
///
/// The score of a record is a sum over the parts that found it, in the order of the parts, in `f64`, each term
/// computed from left to right as written. A part that has not found the record adds nothing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fusion {
    /// Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): `1 / (k + rank)`, with ranks from 1.
    Rrf {
        /// How little the first ranks stand out: 0 or more, usually 60.
        k: f64,
    },
    /// `weight · (max − distance) / (max − min)`, with the least and the greatest distance among the hits of
    /// the part; `weight` where those are equal. One weight for each part, 0 or more.
    Weighted(Vec<f64>),
}

impl Default for Fusion {
    fn default() -> Self {
        Self::Rrf { k: 60.0 }
    }
}

/// A record that at least one part has found.
#[derive(Debug, Clone, PartialEq)]
pub struct FusedHit {
    /// The record.
    pub id: RecordId,
    /// Its score, the higher the better.
    pub score: f64,
    /// For each part, where it found the record; `None` where it didn't.
    pub parts: Vec<Option<PartHit>>,
    /// Its payload, when a part asked for payloads.
    pub payload: Option<Payload>,
}

/// Where one part of a fused query found a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartHit {
    /// The rank among the hits of the part, from 1.
    pub rank: usize,
    /// The distance there.
    pub distance: f64,
}

/// The answer of a fused query.
#[derive(Debug, Clone, Default)]
pub struct Fused {
    /// The hits, best first, equal scores by id.
    pub hits: Vec<FusedHit>,
    /// How exact the answer of each part is.
    pub verdicts: Vec<Verdict>,
    /// What was done for all parts.
    pub explain: Explain,
}

impl Fusion {
    /// Checks that it makes scores of this many parts.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidQuery`] without parts, for a `k` below 0 or not finite, for another number of
    /// weights, and for a weight below 0 or not finite.
    pub fn check(&self, parts: usize) -> Result<()> {
        let invalid = |message: &'static str| Error::new(ErrorKind::InvalidQuery, message);
        let is_good = |number: &f64| number.is_finite() && *number >= 0.0;
        if parts == 0 {
            return Err(invalid("a fused query has no parts").expected("at least 1").found(0));
        }
        match self {
            Self::Rrf { k } if !is_good(k) => {
                Err(invalid("ranks can't be fused").expected("a k of 0 or more").found(k))
            }
            Self::Weighted(weights) if weights.len() != parts => {
                Err(invalid("each part of a fused query needs a weight")
                    .expected(format_args!("{parts} weights"))
                    .found(weights.len()))
            }
            Self::Weighted(weights) => match weights.iter().find(|weight| !is_good(weight)) {
                Some(bad) => {
                    Err(invalid("a weight is out of range").expected("0 or more").found(bad))
                }
                None => Ok(()),
            },
            Self::Rrf { .. } => Ok(()),
        }
    }

    /// The `limit` best records of the hits of all parts, best first, equal scores by id, without payloads.
    /// O(hits · log hits).
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub fn fuse(&self, parts: &[Hits], limit: usize) -> Result<Vec<FusedHit>> {
        self.check(parts.len())?;
        let mut fused: BTreeMap<IdRef<'_>, FusedHit> = BTreeMap::new();
        for (part, hits) in parts.iter().enumerate() {
            let term = self.term(part, hits);
            for (before, hit) in hits.iter().enumerate() {
                let found = PartHit { rank: before + 1, distance: hit.distance };
                let entry = fused.entry(hit.id).or_insert_with(|| FusedHit {
                    id: hit.id.to_id(),
                    score: 0.0,
                    parts: vec![None; parts.len()],
                    payload: None,
                });
                entry.score += term(found);
                entry.parts[part] = Some(found);
            }
        }
        // The map has them by id, and the sort keeps the order of equals.
        let mut fused: Vec<FusedHit> = fused.into_values().collect();
        fused.sort_by(|a, b| b.score.total_cmp(&a.score));
        fused.truncate(limit);
        Ok(fused)
    }

    /// What a hit of a part adds to the score of its record.
    fn term(&self, part: usize, hits: &Hits) -> impl Fn(PartHit) -> f64 {
        let distances = || hits.iter().map(|hit| hit.distance);
        let min = distances().fold(f64::INFINITY, f64::min);
        let max = distances().fold(f64::NEG_INFINITY, f64::max);
        move |hit| match self {
            Self::Rrf { k } => 1.0 / (k + hit.rank as f64),
            Self::Weighted(weights) if max > min => {
                weights[part] * (max - hit.distance) / (max - min)
            }
            Self::Weighted(weights) => weights[part],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(found: &[(u64, f64)]) -> Hits {
        let mut hits = Hits::new();
        found.iter().for_each(|(id, distance)| hits.push(IdRef::Number(*id), *distance, None));
        hits
    }

    fn ids(fused: &[FusedHit]) -> Vec<RecordId> {
        fused.iter().map(|hit| hit.id.clone()).collect()
    }

    #[test]
    fn ranks_are_fused_and_ties_come_by_id() {
        let parts = [hits(&[(9, 0.1), (2, 0.2), (3, 0.3)]), hits(&[(2, -5.0), (9, -4.0)])];
        let fused = Fusion::Rrf { k: 60.0 }.fuse(&parts, 9).unwrap();
        assert_eq!(ids(&fused), [2, 9, 3].map(RecordId::from));
        assert_eq!(fused[0].score, 1.0 / 62.0 + 1.0 / 61.0);
        assert_eq!(fused[0].score.to_bits(), fused[1].score.to_bits());
        assert_eq!(fused[2].parts, [Some(PartHit { rank: 3, distance: 0.3 }), None]);
        assert_eq!(Fusion::default().fuse(&parts, 1).unwrap(), fused[..1]);
        assert!(Fusion::default().fuse(&[Hits::new()], 9).unwrap().is_empty());
        assert_eq!(Fusion::default().fuse(&[], 9).unwrap_err().kind(), ErrorKind::InvalidQuery);
    }

    #[test]
    fn distances_are_weighted_between_the_least_and_the_greatest() {
        let parts = [hits(&[(1, 1.0), (2, 2.0), (3, 5.0)]), hits(&[(3, -7.0)]), hits(&[])];
        let fused = Fusion::Weighted(vec![2.0, 0.5, 9.0]).fuse(&parts, 9).unwrap();
        let scores: Vec<f64> = fused.iter().map(|hit| hit.score).collect();
        assert_eq!(
            (ids(&fused), scores),
            ([1, 2, 3].map(RecordId::from).to_vec(), vec![2.0, 1.5, 0.5])
        );
    }

    #[test]
    fn what_makes_no_score_is_refused() {
        let parts = [hits(&[(1, 1.0)])];
        for bad in [
            Fusion::Rrf { k: -1.0 },
            Fusion::Rrf { k: f64::NAN },
            Fusion::Weighted(vec![]),
            Fusion::Weighted(vec![1.0, 1.0]),
            Fusion::Weighted(vec![f64::INFINITY]),
            Fusion::Weighted(vec![-0.5]),
        ] {
            assert_eq!(bad.fuse(&parts, 1).unwrap_err().kind(), ErrorKind::InvalidQuery, "{bad:?}");
        }
    }
}
