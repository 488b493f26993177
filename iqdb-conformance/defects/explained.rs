//! What a search counts of its work, with a defect in it.

use iqdb_core::{Explain, Hits, Query, Result, Snapshot, SnapshotExt};

use crate::defect::Defect;

/// Whether the defect is in what is counted.
pub(crate) fn is_miscounted(defect: Defect) -> bool {
    matches!(
        defect,
        Defect::ExplainIsOfTheFirstQuery
            | Defect::ExplainCountsWhatDoesNotMatch
            | Defect::ExplainCountsHits
            | Defect::ExplainExcludesAll
            | Defect::ExplainSaysTheMostThreads
            | Defect::ExplainReadsNoBytes
    )
}

/// The counts of an exact scan on one thread, with the defect in them.
pub(crate) fn explain(
    defect: Defect,
    on: &dyn Snapshot,
    queries: &[Query<'_>],
    hits: &[Hits],
) -> Result<Explain> {
    let mut explain = Explain::of("scan", "canonical");
    if !is_miscounted(defect) {
        return Ok(explain);
    }
    for (n, (query, hits)) in queries.iter().zip(hits).enumerate() {
        let field = on.schema().fields()[query.field_in(on.schema())?.index()].clone();
        let mut candidates = 0;
        for record in on.records(query.filter()) {
            let row = record?.vector(field.name())?.map(|vector| vector.dim().unwrap_or(1));
            candidates += u64::from(row.is_some());
            explain.bytes_read += row.map_or(0, |dim| dim as u64 * 4);
        }
        let candidates = match defect {
            Defect::ExplainIsOfTheFirstQuery if n > 0 => 0,
            Defect::ExplainCountsWhatDoesNotMatch => on.len(),
            Defect::ExplainCountsHits => hits.len() as u64,
            _ => candidates,
        };
        explain.candidates += candidates;
        explain.rescored += candidates;
    }
    match defect {
        // Says that it was excluded what was scored as well.
        Defect::ExplainExcludesAll => explain.excluded = explain.candidates,
        Defect::ExplainReadsNoBytes => explain.bytes_read = 0,
        Defect::ExplainSaysTheMostThreads => {
            explain.threads = queries.iter().map(Query::threads).max().unwrap_or(1);
        }
        _ => {}
    }
    Ok(explain)
}
