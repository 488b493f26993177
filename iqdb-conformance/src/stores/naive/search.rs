//! A search that sorts everything.

use iqdb_core::{
    Error, ErrorKind, Explain, Hits, Query, RecordRef, Result, Search, Snapshot, SnapshotExt,
};

/// The slowest correct search: the distance to every record that matches, then a sort.
#[derive(Debug, Clone, Copy, Default)]
pub struct NaiveSearch;

impl Search for NaiveSearch {
    fn search(
        &self,
        on: &dyn Snapshot,
        queries: &[Query<'_>],
        hits: &mut [Hits],
    ) -> Result<Explain> {
        Query::check_batch(queries, hits, on.schema())?;
        let answered = answer_all(on, queries, hits);
        if answered.is_err() {
            hits.iter_mut().for_each(Hits::clear);
        }
        answered.map_err(|error| error.during("search"))
    }
}

fn answer_all(on: &dyn Snapshot, queries: &[Query<'_>], hits: &mut [Hits]) -> Result<Explain> {
    if let Some(explain) = on.push_down(queries, hits)? {
        return Ok(explain);
    }
    for (query, hits) in queries.iter().zip(hits) {
        // A push-down that declined may have written some hits.
        hits.clear();
        answer(on, query, hits)?;
    }
    Ok(Explain::of("sort", "canonical"))
}

fn answer(on: &dyn Snapshot, query: &Query<'_>, hits: &mut Hits) -> Result<()> {
    let mut found: Vec<(f64, RecordRef<'_>)> = Vec::new();
    for record in on.records(query.wanted_filter()) {
        let record = record?;
        let distance = on.schema().metric().distance(record.vector(), &query.vector());
        // Stores refuse the vectors that have no finite distance, so this row is damaged.
        if !distance.is_finite() {
            return Err(Error::new(ErrorKind::Damaged, "a stored row is not a vector")
                .with_id(&record.id().to_id())
                .expected("a finite distance")
                .found(distance));
        }
        if distance <= query.goal().max_distance() {
            found.push((distance, record));
        }
    }
    found.sort_by(|(a_distance, a), (b_distance, b)| {
        a_distance.total_cmp(b_distance).then_with(|| a.id().cmp(&b.id()))
    });
    found.truncate(query.goal().limit());
    for (distance, record) in &found {
        let payload = match query.wants_payload() {
            true => Some(record.payload().to_payload()?),
            false => None,
        };
        hits.push(record.id(), *distance, payload);
    }
    Ok(())
}
