//! Diversity: hits that are near the query and unlike each other, by maximal marginal relevance.

use crate::{
    Error, ErrorKind, Explain, FieldKind, Goal, Hit, HitRef, Hits, Query, Result, Scratch, Search,
    Snapshot, VectorRef, Verdict,
};

/// How much hits are to differ (maximal marginal relevance, Carbonell and Goldstein, SIGIR 1998).
///
/// The first hit is the nearest. Each further one is, of the `depth` nearest that are left, the one with the
/// least `λ · distance − (1 − λ) · nearest`, where `nearest` is the least distance to a hit before it. Equal
/// ones come in the order of their distance to the query, and then of their ids. All of it is `f64`; sparse
/// vectors without a common index are at distance 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Diversity {
    /// From 0, as different as possible, to 1, as near as possible.
    pub lambda: f64,
    /// How many of the nearest records are looked at, at least 1. There are no more hits.
    pub depth: usize,
}

/// Hits in another order than that of their distances.
#[derive(Debug, Clone, Default)]
pub struct Reranked {
    /// The hits, best first, with their distances to the query.
    pub hits: Vec<Hit>,
    /// How exact the answer is.
    pub verdict: Verdict,
    /// What was done for it.
    pub explain: Explain,
}

impl Diversity {
    /// Checks that hits can differ so.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidQuery`] for a lambda outside of 0 to 1, and for a depth of 0.
    pub fn check(self) -> Result<()> {
        let invalid = |message: &'static str| Error::new(ErrorKind::InvalidQuery, message);
        if !(0.0..=1.0).contains(&self.lambda) {
            return Err(invalid("there is no such lambda").expected("0 to 1").found(self.lambda));
        }
        match self.depth {
            0 => Err(invalid("the depth is 0").expected("at least 1").found(0)),
            _ => Ok(()),
        }
    }
}

pub(crate) fn diversify(
    search: &(impl Search + ?Sized),
    on: &dyn Snapshot,
    query: &Query<'_>,
    by: Diversity,
    scratch: &mut Scratch,
) -> Result<Reranked> {
    by.check()?;
    query.vector()?;
    query.check(on.schema())?;
    let kind = on.schema().fields()[query.field_in(on.schema())?.index()].kind();
    let goal = match query.goal() {
        Goal::Nearest { .. } => Goal::Nearest { k: by.depth },
        Goal::Within { distance, .. } => Goal::Within { distance, limit: by.depth },
    };
    let mut found = [Hits::new()];
    let asked = query.with_goal(goal).with_vector(true);
    let explain = search.search(on, &[asked], &mut found, scratch)?;
    let [found] = found;
    let verdict = found.verdict();
    let chosen = chosen(&found, kind, by.lambda, query.goal().limit())?;
    let hit = |n: &usize| found.get(*n).map(HitRef::to_hit);
    let mut hits: Vec<Hit> = chosen.iter().filter_map(hit).collect();
    if !query.wants_vector() {
        hits.iter_mut().for_each(|hit| hit.vector = None);
    }
    Ok(Reranked { hits, verdict, explain })
}

/// Which hits are chosen, one after the other. O(chosen × hits × dim).
fn chosen(hits: &Hits, kind: FieldKind, lambda: f64, most: usize) -> Result<Vec<usize>> {
    let mut left: Vec<Candidate<'_>> = Vec::with_capacity(hits.len());
    for (place, hit) in hits.iter().enumerate() {
        let vector = hit.vector.ok_or_else(|| {
            Error::new(ErrorKind::ContractViolation, "a hit lacks the vector that was asked for")
                .with_id(&hit.id.to_id())
        })?;
        left.push(Candidate { place, vector, distance: hit.distance, nearest: f64::INFINITY });
    }
    let mut chosen = Vec::new();
    while chosen.len() < most && !left.is_empty() {
        let best = match chosen.is_empty() {
            true => 0,
            false => (1..left.len()).fold(0, |best, n| {
                if left[n].loss(lambda) < left[best].loss(lambda) { n } else { best }
            }),
        };
        let taken = left.remove(best);
        chosen.push(taken.place);
        for candidate in &mut left {
            let distance = kind.distance(candidate.vector, taken.vector)?.unwrap_or(0.0);
            candidate.nearest = candidate.nearest.min(distance);
        }
    }
    Ok(chosen)
}

/// A hit that has not been chosen yet.
struct Candidate<'a> {
    place: usize,
    vector: VectorRef<'a>,
    /// From the query.
    distance: f64,
    /// The least distance from a chosen hit.
    nearest: f64,
}

impl Candidate<'_> {
    fn loss(&self, lambda: f64) -> f64 {
        lambda * self.distance - (1.0 - lambda) * self.nearest
    }
}
