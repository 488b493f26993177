//! Reranking: the first hits of a query in the order of an expression over their scores and payloads.

mod expression;
mod parse;
mod print;

pub use crate::exponential::exp;
pub use expression::{Curve, Decay, Expression, Origin, Quantity, Term};

use crate::{
    Error, ErrorKind, Explain, FusedHit, Goal, Hit, HitRef, Hits, Payload, PayloadRef, Query,
    Result, Scratch, Search, Snapshot, Verdict,
};

/// Which hits are ranked anew, and by what.
#[derive(Debug, Clone, Copy)]
pub struct Rerank<'a> {
    /// How many of the first hits are looked at, at least 1. There are no more hits.
    pub depth: usize,
    /// What gives them their scores: the highest comes first, equal ones keep their order.
    pub by: &'a Expression,
}

/// A hit with the score that an [`Expression`] gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredHit {
    /// The hit, with its distance to the query.
    pub hit: Hit,
    /// The score, the higher the better.
    pub score: f64,
}

/// Hits in the order of their scores.
#[derive(Debug, Clone, Default)]
pub struct Scored {
    /// The hits, best first.
    pub hits: Vec<ScoredHit>,
    /// How exact the answer is.
    pub verdict: Verdict,
    /// What was done for it.
    pub explain: Explain,
}

impl Rerank<'_> {
    /// Checks that hits can be ranked so.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidQuery`] for a depth of 0; those of [`Expression::check`].
    pub fn check(self) -> Result<()> {
        match self.depth {
            0 => Err(Error::new(ErrorKind::InvalidQuery, "the depth is 0")
                .expected("at least 1")
                .found(0)),
            _ => self.by.check(),
        }
    }

    /// The `k` best of the first hits of a fused query, which carry their payloads: each with the score that
    /// the expression makes of the fused one. O(depth · log depth) beside the payloads.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidQuery`] for a `k` of 0; those of [`check`](Self::check) and of [`Expression::score`].
    pub fn fused(self, mut hits: Vec<FusedHit>, k: usize) -> Result<Vec<FusedHit>> {
        self.check()?;
        if k == 0 {
            return Err(Error::new(ErrorKind::InvalidQuery, "k is 0")
                .expected("at least 1")
                .found(0));
        }
        hits.truncate(self.depth);
        for hit in &mut hits {
            hit.score = self.score(hit.score, hit.payload.as_ref())?;
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        hits.truncate(k);
        Ok(hits)
    }

    fn score(self, score: f64, payload: Option<&Payload>) -> Result<f64> {
        let none = Payload::new();
        self.by.score(score, &PayloadRef::from(payload.unwrap_or(&none)))
    }
}

pub(crate) fn rerank(
    search: &(impl Search + ?Sized),
    on: &dyn Snapshot,
    query: &Query<'_>,
    by: Rerank<'_>,
    scratch: &mut Scratch,
) -> Result<Scored> {
    by.check()?;
    query.check(on.schema())?;
    let goal = match query.goal() {
        Goal::Nearest { .. } => Goal::Nearest { k: by.depth },
        Goal::Within { distance, .. } => Goal::Within { distance, limit: by.depth },
    };
    let mut found = [Hits::new()];
    let asked = query.with_goal(goal).with_payload(true);
    let explain = search.search(on, &[asked], &mut found, scratch)?;
    let [found] = found;
    let mut scores: Vec<(f64, HitRef<'_>)> = Vec::with_capacity(found.len());
    for hit in &found {
        scores.push((by.score(0.0 - hit.distance, hit.payload)?, hit));
    }
    scores.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    scores.truncate(query.goal().limit());
    let hit = |(score, hit): (f64, HitRef<'_>)| {
        let payload = hit.payload.filter(|_| query.wants_payload());
        ScoredHit { hit: HitRef { payload, ..hit }.to_hit(), score }
    };
    let hits = scores.into_iter().map(hit).collect();
    Ok(Scored { hits, verdict: found.verdict(), explain })
}

#[cfg(test)]
mod tests;
