//! What fuses the answers of searches, with a defect planted in it.

use iqdb_conformance::naive::NaiveSearch;
use iqdb_core::{
    Explain, Filter, Fused, FusedHit, Fusion, Hit, Hits, PartHit, Query, Result, Scratch, Search,
    Snapshot, Verdict,
};

use crate::defect::Defect;

/// Whether a defect is one of fused queries.
pub(crate) fn is_of_fusion(defect: Defect) -> bool {
    matches!(
        defect,
        Defect::FusedRanksBeginAt0
            | Defect::FusedTiesByPart
            | Defect::FusedAbsentIsLast
            | Defect::FusedSumsBackwards
            | Defect::FusedScoresInF32
            | Defect::FusedWithOneScale
            | Defect::FusedFromTheLeast
            | Defect::FusedEqualsAreNothing
            | Defect::FusedWithEqualWeights
            | Defect::FusedCutsItsParts
            | Defect::FusedIsNotCut
            | Defect::FusedFilterIsOfTheFirst
            | Defect::FusedDepthIsOfTheFirst
            | Defect::FusedPayloadOfTheFirst
            | Defect::FusedTakesAnyWeights
    )
}

pub(crate) struct PlantedFusion(pub(crate) Option<Defect>);

impl PlantedFusion {
    pub(crate) fn fuse(
        &self,
        on: &dyn Snapshot,
        parts: &[Query<'_>],
        (fusion, k): (&Fusion, usize),
        scratch: &mut Scratch,
    ) -> Result<Fused> {
        let mut weights = match fusion {
            Fusion::Weighted(weights) => weights.clone(),
            _ => vec![1.0; parts.len()],
        };
        if self.0 == Some(Defect::FusedTakesAnyWeights) {
            weights.resize(parts.len(), 1.0);
        } else {
            fusion.check(parts.len())?;
            // The kinds of errors that a search has for a `k` of 0.
            NaiveSearch.search(on, &[parts[0].with_limit(k)], &mut [Hits::new()], scratch)?;
        }
        if self.0 == Some(Defect::FusedWithEqualWeights) {
            weights.fill(1.0);
        }
        let mut found = vec![Hits::new(); parts.len()];
        NaiveSearch.search(on, &self.asked(parts, k), &mut found, scratch)?;
        let answers: Vec<Vec<Hit>> = found.iter().map(Hits::to_vec).collect();
        let mut hits = self.scored(&answers, fusion, &weights);
        if self.0 != Some(Defect::FusedIsNotCut) {
            hits.truncate(k);
        }
        let wants = match self.0 {
            Some(Defect::FusedPayloadOfTheFirst) => parts[0].wants_payload(),
            _ => parts.iter().any(Query::wants_payload),
        };
        for hit in hits.iter_mut().filter(|_| wants) {
            let record = on.get(&hit.id)?;
            hit.payload = record.map(|record| record.payload()?.to_payload()).transpose()?;
        }
        let verdicts = vec![Verdict::Exact; parts.len()];
        Ok(Fused { hits, verdicts, explain: Explain::of("planted", "planted") })
    }
}

/// A query with another number of hits.
trait WithLimit {
    fn with_limit(self, k: usize) -> Self;
}

impl WithLimit for Query<'_> {
    fn with_limit(self, k: usize) -> Self {
        let query = Query::nearest(self.input(), k);
        let query = self.field().map_or(query, |field| query.with_field(field));
        self.filter().map_or(query, |filter| query.with_filter(filter))
    }
}

impl PlantedFusion {
    fn asked<'a>(&self, parts: &[Query<'a>], k: usize) -> Vec<Query<'a>> {
        let filter: Option<&'a Filter> = parts[0].filter();
        let asked = |part: &Query<'a>| match self.0 {
            Some(Defect::FusedCutsItsParts) => part.with_limit(k.min(part.goal().limit())),
            Some(Defect::FusedDepthIsOfTheFirst) => part.with_limit(parts[0].goal().limit()),
            Some(Defect::FusedFilterIsOfTheFirst) => {
                filter.map_or(*part, |filter| part.with_filter(filter))
            }
            _ => *part,
        };
        parts.iter().map(asked).collect()
    }

    fn scored(&self, answers: &[Vec<Hit>], fusion: &Fusion, weights: &[f64]) -> Vec<FusedHit> {
        let mut hits: Vec<FusedHit> = Vec::new();
        for hit in answers.iter().flatten() {
            if hits.iter().any(|other| other.id == hit.id) {
                continue;
            }
            let place = |hits: &Vec<Hit>| {
                let before = hits.iter().position(|other| other.id == hit.id)?;
                Some(PartHit { rank: before + 1, distance: hits[before].distance })
            };
            let parts: Vec<Option<PartHit>> = answers.iter().map(place).collect();
            let score = self.score(&parts, answers, fusion, weights);
            hits.push(FusedHit { id: hit.id.clone(), score, parts, payload: None });
        }
        match self.0 {
            Some(Defect::FusedTiesByPart) => hits.sort_by(|a, b| b.score.total_cmp(&a.score)),
            _ => hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id))),
        }
        hits
    }

    #[allow(clippy::cast_possible_truncation)] // what the defect is about
    fn score(
        &self,
        parts: &[Option<PartHit>],
        answers: &[Vec<Hit>],
        fusion: &Fusion,
        weights: &[f64],
    ) -> f64 {
        let term = |(n, part): (usize, &Option<PartHit>)| match (fusion, part) {
            (Fusion::Rrf { k }, Some(part)) if self.0 == Some(Defect::FusedRanksBeginAt0) => {
                1.0 / (k + (part.rank - 1) as f64)
            }
            (Fusion::Rrf { k }, Some(part)) => 1.0 / (k + part.rank as f64),
            (Fusion::Rrf { k }, None) if self.0 == Some(Defect::FusedAbsentIsLast) => {
                1.0 / (k + (answers[n].len() + 1) as f64)
            }
            (Fusion::Weighted(_), Some(part)) => {
                self.weighted(weights[n], part.distance, &answers[n], answers)
            }
            _ => 0.0,
        };
        let mut terms: Vec<f64> = parts.iter().enumerate().map(term).collect();
        match self.0 {
            Some(Defect::FusedSumsBackwards) => terms.reverse(),
            Some(Defect::FusedScoresInF32) => {
                terms.iter_mut().for_each(|term| *term = f64::from(*term as f32));
            }
            _ => {}
        }
        terms.iter().fold(0.0, |sum, term| sum + term)
    }

    /// The weight times where the distance lies between the farthest hit and the nearest.
    fn weighted(&self, weight: f64, distance: f64, own: &[Hit], answers: &[Vec<Hit>]) -> f64 {
        let all: Vec<&Hit> = match self.0 {
            Some(Defect::FusedWithOneScale) => answers.iter().flatten().collect(),
            _ => own.iter().collect(),
        };
        let min = all.iter().map(|hit| hit.distance).fold(f64::INFINITY, f64::min);
        let max = all.iter().map(|hit| hit.distance).fold(f64::NEG_INFINITY, f64::max);
        match self.0 {
            Some(Defect::FusedEqualsAreNothing) if max <= min => 0.0,
            _ if max <= min => weight,
            Some(Defect::FusedFromTheLeast) => weight * (distance - min) / (max - min),
            _ => weight * (max - distance) / (max - min),
        }
    }
}
