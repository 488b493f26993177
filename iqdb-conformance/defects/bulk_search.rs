//! A search with a defect in what a batch of queries shares, in long vectors, or in what it says of itself.

use iqdb_conformance::naive::NaiveSearch;
use iqdb_core::{
    Accuracy, Budget, Element, Explain, FieldKind, Hits, Metric, Query, Result, Scratch, Search,
    Snapshot, Verdict,
};

use crate::bulk::is_of_the_rest;
use crate::defect::Defect;
use crate::estimates::write;
use crate::explained;

/// Whether this search has the defect.
pub(crate) fn is_of_bulk(defect: Defect) -> bool {
    matches!(
        defect,
        Defect::ByteSumsAreOf31Bits
            | Defect::BitsAreCountedIn16
            | Defect::FiltersAreBitsOfAWord
            | Defect::TheFirstBudgetCounts
            | Defect::ThreadsLeaveTheRest
            | Defect::EstimatesSayWhatWasAsked
            | Defect::ExplainReadsNoBytes
    )
}

/// Answers the queries with the defect.
pub(crate) fn search(
    defect: Defect,
    on: &dyn Snapshot,
    queries: &[Query<'_>],
    hits: &mut [Hits],
    scratch: &mut Scratch,
) -> Result<Explain> {
    Query::check_batch(queries, hits, on.schema())?;
    let asked = queries.iter().enumerate().map(|(n, query)| match defect {
        Defect::FiltersAreBitsOfAWord => match (query.filter(), queries[n % 64].filter()) {
            (Some(_), Some(filter)) => query.with_filter(filter),
            _ => *query,
        },
        Defect::TheFirstBudgetCounts if n > 0 => query.with_budget(Budget::new()),
        _ => *query,
    });
    let asked: Vec<Query<'_>> = asked.collect();
    let explain = NaiveSearch.search(on, &asked, hits, scratch)?;
    for (query, hits) in queries.iter().zip(hits.iter_mut()) {
        let kind = on.schema().kind(query.field_in(on.schema())?);
        let mut found = hits.to_vec();
        match defect {
            Defect::ByteSumsAreOf31Bits | Defect::BitsAreCountedIn16 => {
                found.iter_mut().for_each(|hit| wrap(defect, kind, &mut hit.distance));
                found.sort_by(|a, b| {
                    a.distance.total_cmp(&b.distance).then_with(|| a.id.cmp(&b.id))
                });
                write(hits, found, Verdict::Exact);
            }
            Defect::ThreadsLeaveTheRest => {
                found.retain(|hit| !is_of_the_rest(hit.id.as_ref(), on.len(), query.threads()));
                write(hits, found, Verdict::Exact);
            }
            Defect::EstimatesSayWhatWasAsked => {
                if let Accuracy::Recall(recall) = query.accuracy()
                    && !query.accuracy().is_exact()
                {
                    found.truncate(1);
                    write(hits, found, Verdict::Estimated { recall, epoch: None });
                }
            }
            _ => {}
        }
    }
    match defect {
        Defect::ExplainReadsNoBytes => explained::explain(defect, on, queries, hits),
        _ => Ok(explain),
    }
}

/// The distance that comes of a sum which has no more bits.
fn wrap(defect: Defect, kind: Option<FieldKind>, distance: &mut f64) {
    let metric = kind.and_then(FieldKind::metric);
    let element = kind.and_then(FieldKind::element);
    match (defect, metric, element) {
        (Defect::ByteSumsAreOf31Bits, Some(Metric::Euclidean), Some(Element::I8)) => {
            *distance = (*distance * *distance % f64::from(1_u32 << 31)).sqrt();
        }
        (Defect::BitsAreCountedIn16, Some(Metric::Hamming), _) => *distance %= 65_536.0,
        _ => {}
    }
}
