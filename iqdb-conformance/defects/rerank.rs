//! What ranks hits by an expression, with a defect planted in it.

use iqdb_conformance::naive::NaiveSearch;
use iqdb_core::rerank::exp;
use iqdb_core::text::ln;
use iqdb_core::{
    Curve, Decay, Explain, Expression, Goal, Hit, Hits, Origin, Payload, Quantity, Query, Rerank,
    Result, Scored, ScoredHit, Scratch, Search, Snapshot, Value, Verdict,
};

use crate::defect::Defect;

/// Whether a defect is one of hits that are ranked by an expression.
pub(crate) fn is_of_rerank(defect: Defect) -> bool {
    matches!(
        defect,
        Defect::RerankOfKHits
            | Defect::RerankTiesById
            | Defect::RerankLowestFirst
            | Defect::RerankScoreIsTheDistance
            | Defect::RerankDistanceIsTheScore
            | Defect::RerankTakesTheFirstOfAList
            | Defect::RerankGaussIsExp
            | Defect::RerankAbsentIsTheOrigin
            | Defect::RerankDatesAreCutToDays
            | Defect::RerankAlwaysHalvesAtTheScale
            | Defect::RerankLinearGoesBelow0
            | Defect::RerankNoNumberComesFirst
            | Defect::RerankForgetsTheFilter
            | Defect::RerankForgetsTheDistance
            | Defect::RerankHasPayloads
            | Defect::RerankTakesNoDepth
            | Defect::RerankTakesNoTerms
    )
}

pub(crate) struct PlantedRerank(pub(crate) Option<Defect>);

impl PlantedRerank {
    fn has(&self, defect: Defect) -> bool {
        self.0 == Some(defect)
    }

    pub(crate) fn rerank(
        &self,
        on: &dyn Snapshot,
        query: &Query<'_>,
        by: Rerank<'_>,
    ) -> Result<Scored> {
        let checked = match self.0 {
            Some(Defect::RerankTakesNoDepth) => by.by.check(),
            Some(Defect::RerankTakesNoTerms) if by.by.terms().is_empty() => Ok(()),
            _ => by.check(),
        };
        checked?;
        query.check(on.schema())?;
        let mut scored = Vec::new();
        for mut hit in self.nearest(on, query, by.depth)? {
            let payload = hit.payload.clone().unwrap_or_default();
            let score = self.score(by.by, hit.distance, &payload);
            if self.has(Defect::RerankDistanceIsTheScore) {
                hit.distance = 0.0 - score;
            }
            if !query.wants_payload() && !self.has(Defect::RerankHasPayloads) {
                hit.payload = None;
            }
            scored.push(ScoredHit { hit, score });
        }
        if self.has(Defect::RerankTiesById) {
            scored.sort_by(|a, b| a.hit.id.cmp(&b.hit.id));
        }
        match self.has(Defect::RerankLowestFirst) {
            true => scored.sort_by(|a, b| a.score.total_cmp(&b.score)),
            false => scored.sort_by(|a, b| b.score.total_cmp(&a.score)),
        }
        scored.truncate(query.goal().limit());
        let explain = Explain::of("planted", "planted");
        Ok(Scored { hits: scored, verdict: Verdict::Exact, explain })
    }

    /// The nearest hits, which are ranked, with payloads.
    fn nearest(&self, on: &dyn Snapshot, query: &Query<'_>, depth: usize) -> Result<Vec<Hit>> {
        let depth = match self.0 {
            Some(Defect::RerankOfKHits) => depth.min(query.goal().limit()),
            _ => depth.max(1),
        };
        let goal = match query.goal() {
            Goal::Within { distance, .. } if !self.has(Defect::RerankForgetsTheDistance) => {
                Goal::Within { distance, limit: depth }
            }
            _ => Goal::Nearest { k: depth },
        };
        let mut all = Query::new(query.input(), goal).with_payload(true);
        all = query.field().map_or(all, |field| all.with_field(field));
        if !self.has(Defect::RerankForgetsTheFilter) {
            all = query.filter().map_or(all, |filter| all.with_filter(filter));
        }
        let (mut hits, all) = ([Hits::new()], all.with_vector(query.wants_vector()));
        NaiveSearch.search(on, &[all], &mut hits, &mut Scratch::new())?;
        Ok(hits[0].to_vec())
    }

    fn score(&self, by: &Expression, distance: f64, payload: &Payload) -> f64 {
        let mut sum = 0.0;
        for term in by.terms() {
            let quantity = match &term.quantity {
                Quantity::One => 1.0,
                Quantity::Score if self.has(Defect::RerankScoreIsTheDistance) => distance,
                Quantity::Score => 0.0 - distance,
                Quantity::Value(path) => {
                    self.best(payload, path.as_key(), |value| self.number(value), 0.0)
                }
                Quantity::Decay(decay) => {
                    let absent = f64::from(u8::from(self.has(Defect::RerankAbsentIsTheOrigin)));
                    let of = |value: &Value| self.decayed(decay, value);
                    self.best(payload, decay.path.as_key(), of, absent)
                }
                other => panic!("planted without {other:?}"),
            };
            sum += term.weight * quantity;
        }
        match f64::is_nan(sum) {
            true if self.has(Defect::RerankNoNumberComesFirst) => f64::INFINITY,
            true => f64::NEG_INFINITY,
            false => sum,
        }
    }

    /// The greatest quantity of the values of a key.
    fn best(
        &self,
        payload: &Payload,
        key: Option<&str>,
        of: impl Fn(&Value) -> Option<f64>,
        absent: f64,
    ) -> f64 {
        let values: Vec<Value> = match key.and_then(|key| payload.get(key)) {
            Some(Value::List(list)) => list.iter().cloned().collect(),
            other => other.cloned().into_iter().collect(),
        };
        let mut found = values.iter().filter_map(of);
        match self.has(Defect::RerankTakesTheFirstOfAList) {
            true => found.next().unwrap_or(absent),
            false => found.reduce(f64::max).unwrap_or(absent),
        }
    }

    fn number(&self, value: &Value) -> Option<f64> {
        match value {
            Value::Int(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            Value::DateTime(date) if self.has(Defect::RerankDatesAreCutToDays) => {
                Some((date.as_micros() / 86_400_000_000 * 86_400) as f64)
            }
            Value::DateTime(date) => Some(date.as_micros() as f64 / 1e6),
            _ => None,
        }
    }

    fn decayed(&self, decay: &Decay, value: &Value) -> Option<f64> {
        let distance = match (decay.origin, value) {
            (Origin::Number(_), Value::DateTime(_)) => return None,
            (Origin::Number(origin), value) => (self.number(value)? - origin).abs(),
            (Origin::Date(origin), Value::DateTime(date)) => {
                (date.as_micros() - origin.as_micros()).abs() as f64 / 1e6
            }
            _ => return None,
        };
        let at_scale = match self.has(Defect::RerankAlwaysHalvesAtTheScale) {
            true => 0.5,
            false => decay.at_scale,
        };
        let steps = distance / decay.scale;
        Some(match decay.curve {
            Curve::Gauss if !self.has(Defect::RerankGaussIsExp) => {
                exp(ln(at_scale) * (steps * steps))
            }
            Curve::Gauss | Curve::Exp => exp(ln(at_scale) * steps),
            Curve::Linear => match 1.0 - (1.0 - at_scale) * steps {
                below if below < 0.0 && !self.has(Defect::RerankLinearGoesBelow0) => 0.0,
                quantity => quantity,
            },
        })
    }
}
