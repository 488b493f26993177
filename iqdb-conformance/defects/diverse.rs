//! What chooses hits that differ, with a defect planted in it.

use iqdb_conformance::naive::NaiveSearch;
use iqdb_core::{
    Diversity, Explain, Goal, Hit, Hits, Query, Reranked, Result, Scratch, Search, Snapshot,
    Verdict,
};

use crate::defect::Defect;

/// Whether a defect is one of hits that differ.
pub(crate) fn is_of_diversity(defect: Defect) -> bool {
    matches!(
        defect,
        Defect::DiverseFromTheFarthest
            | Defect::DiverseFromTheLast
            | Defect::DiverseTiesByTheLast
            | Defect::DiverseOfKHits
            | Defect::DiverseWithLambdaReversed
            | Defect::DiverseDistanceIsTheLoss
            | Defect::DiverseForgetsTheFilter
            | Defect::DiverseHasVectors
            | Defect::DiverseTakesAnyLambda
    )
}

pub(crate) struct PlantedDiversity(pub(crate) Option<Defect>);

impl PlantedDiversity {
    fn has(&self, defect: Defect) -> bool {
        self.0 == Some(defect)
    }

    pub(crate) fn diversify(
        &self,
        on: &dyn Snapshot,
        query: &Query<'_>,
        by: Diversity,
    ) -> Result<Reranked> {
        if !self.has(Defect::DiverseTakesAnyLambda) {
            by.check()?;
        }
        query.vector()?;
        query.check(on.schema())?;
        let kind = on.schema().fields()[query.field_in(on.schema())?.index()].kind();
        let mut left = self.nearest(on, query, by.depth)?;
        let mut chosen: Vec<Hit> = Vec::new();
        while chosen.len() < query.goal().limit() && !left.is_empty() {
            let mut best = (f64::INFINITY, 0);
            for (n, hit) in left.iter().enumerate().filter(|(n, _)| !chosen.is_empty() || *n == 0) {
                let mut distances = Vec::new();
                for other in &chosen {
                    let pair = hit.vector.as_ref().zip(other.vector.as_ref());
                    let distance = pair.map(|(a, b)| kind.distance(a.as_ref(), b.as_ref()));
                    distances.push(distance.transpose()?.flatten().unwrap_or(0.0));
                }
                let loss = self.loss(hit.distance, &distances, by.lambda);
                let is_tie = self.has(Defect::DiverseTiesByTheLast) && loss == best.0;
                if loss < best.0 || is_tie {
                    best = (loss, n);
                }
            }
            let mut hit = left.remove(best.1);
            if self.has(Defect::DiverseDistanceIsTheLoss) && !chosen.is_empty() {
                hit.distance = best.0;
            }
            chosen.push(hit);
        }
        if !query.wants_vector() && !self.has(Defect::DiverseHasVectors) {
            chosen.iter_mut().for_each(|hit| hit.vector = None);
        }
        let explain = Explain::of("planted", "planted");
        Ok(Reranked { hits: chosen, verdict: Verdict::Exact, explain })
    }

    /// The nearest hits, among which are those that come out.
    fn nearest(&self, on: &dyn Snapshot, query: &Query<'_>, depth: usize) -> Result<Vec<Hit>> {
        let depth = match self.0 {
            Some(Defect::DiverseOfKHits) => depth.min(query.goal().limit()),
            _ => depth,
        };
        let goal = match query.goal() {
            Goal::Within { distance, .. } => Goal::Within { distance, limit: depth },
            _ => Goal::Nearest { k: depth },
        };
        let mut all = Query::new(query.input(), goal).with_vector(true);
        all = query.field().map_or(all, |field| all.with_field(field));
        if !self.has(Defect::DiverseForgetsTheFilter) {
            all = query.filter().map_or(all, |filter| all.with_filter(filter));
        }
        let (mut hits, all) = ([Hits::new()], all.with_payload(query.wants_payload()));
        NaiveSearch.search(on, &[all], &mut hits, &mut Scratch::new())?;
        Ok(hits[0].to_vec())
    }

    fn loss(&self, distance: f64, others: &[f64], lambda: f64) -> f64 {
        let nearest = match self.0 {
            Some(Defect::DiverseFromTheFarthest) => others.iter().copied().reduce(f64::max),
            Some(Defect::DiverseFromTheLast) => others.last().copied(),
            _ => others.iter().copied().reduce(f64::min),
        };
        let (nearest, lambda) = match self.0 {
            Some(Defect::DiverseWithLambdaReversed) => (nearest.unwrap_or(0.0), 1.0 - lambda),
            _ => (nearest.unwrap_or(0.0), lambda),
        };
        lambda * distance - (1.0 - lambda) * nearest
    }
}
