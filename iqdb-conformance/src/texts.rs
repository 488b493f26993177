//! BM25 in the fewest lines, from the texts: what a query for text is expected to find.

use iqdb_core::text::{TextQuery, Unit, ln};
use iqdb_core::{Analyzer, Computation, Field, FieldKind, PayloadRef, Record, Value};

/// The words of a record's text, with `None` for a gap; `None` for a record without text.
pub(crate) fn words(field: &Field, record: &Record) -> Option<Vec<Option<String>>> {
    let FieldKind::Computed(Computation::Text(analyzer)) = field.kind() else { return None };
    let source = field.source()?;
    let payload = PayloadRef::from(&record.payload);
    let first = payload.get(source.first_key().ok()?).ok()??;
    let mut texts: Vec<Vec<Option<String>>> = Vec::new();
    source.any(first, |value| {
        match value.to_value() {
            Value::Text(text) => texts.push(terms(analyzer, &text)),
            Value::List(list) => texts.extend(list.iter().filter_map(|item| match item {
                Value::Text(text) => Some(terms(analyzer, text)),
                _ => None,
            })),
            _ => {}
        }
        false
    });
    (!texts.is_empty()).then(|| texts.join(&None))
}

fn terms(analyzer: Analyzer, text: &str) -> Vec<Option<String>> {
    let mut terms = Vec::new();
    analyzer.terms(text, |term| terms.push(Some(term.to_owned())));
    terms
}

/// The score of each text that the query hits, by its place in `texts`. The formula is that of
/// [`ranking`](iqdb_core::text::ranking).
pub(crate) fn scores(query: &TextQuery, texts: &[Vec<Option<String>>]) -> Vec<Option<f64>> {
    let (k1, b, count) = (query.bm25().k1, query.bm25().b, texts.len() as f64);
    let len = |text: &[Option<String>]| text.iter().flatten().count() as f64;
    let total: f64 = texts.iter().map(|text| len(text)).sum();
    let tf = |unit: &Unit, text: &[Option<String>]| {
        let is_there = |window: &&[Option<String>]| {
            window.iter().map(Option::as_deref).eq(unit.terms().map(Some))
        };
        text.windows(unit.terms().len()).filter(is_there).count() as f64
    };
    let n = |unit: &Unit| texts.iter().filter(|text| tf(unit, text) > 0.0).count() as f64;
    let weights: Vec<f64> = query
        .units()
        .iter()
        .map(|unit| ln(1.0 + (count - n(unit) + 0.5) / (n(unit) + 0.5)))
        .collect();
    let score = |text: &Vec<Option<String>>| {
        let tf: Vec<f64> = query.units().iter().map(|unit| tf(unit, text)).collect();
        let has = |place: &usize| tf[*place] > 0.0;
        let is_missed = |(place, unit): (usize, &Unit)| unit.is_required() && !has(&place);
        let is_hit = !query.units().iter().enumerate().any(is_missed)
            && !query.excluded().iter().any(|places| places.iter().all(has));
        let found: Vec<f64> = (0..tf.len())
            .filter(|place| query.units()[*place].is_scored() && has(place))
            .map(|place| {
                weights[place] * tf[place] * (k1 + 1.0)
                    / (tf[place] + k1 * (1.0 - b + b * len(text) * count / total))
            })
            .collect();
        (is_hit && !found.is_empty()).then(|| found.iter().sum())
    };
    texts.iter().map(score).collect()
}
