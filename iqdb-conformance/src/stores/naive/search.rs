//! A search that sorts everything.

use iqdb_core::{
    Budget, Error, ErrorKind, Explain, Hits, Progress, Query, RecordId, RecordRef, Result, Scratch,
    Search, Snapshot, SnapshotExt, search_remote,
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
        _: &mut Scratch,
    ) -> Result<Explain> {
        Query::check_batch(queries, hits, on.schema())?;
        let answered = answer_all(on, queries, hits);
        if answered.is_err() {
            hits.iter_mut().for_each(Hits::clear);
        }
        answered.map_err(|error| error.during("search"))
    }

    fn prepare(&self, _: &dyn Snapshot, _: Budget<'_>, _: &mut dyn Progress) -> Result<bool> {
        Ok(true)
    }

    fn build_index(&self, _: &dyn Snapshot, _: Budget<'_>, _: &mut dyn Progress) -> Result<bool> {
        Ok(true)
    }
}

fn answer_all(on: &dyn Snapshot, queries: &[Query<'_>], hits: &mut [Hits]) -> Result<Explain> {
    if let (None, Some(remote)) = (on.blocks(), on.remote()) {
        return search_remote(on, remote, queries, hits);
    }
    for (query, hits) in queries.iter().zip(hits) {
        answer(on, query, hits)?;
    }
    Ok(Explain::of("sort", "canonical"))
}

fn answer(on: &dyn Snapshot, query: &Query<'_>, hits: &mut Hits) -> Result<()> {
    let field = &on.schema().fields()[query.field_in(on.schema())?.index()];
    let mut found: Vec<(f64, RecordId, RecordRef<'_>)> = Vec::new();
    for record in on.records(query.filter()) {
        let record = record?;
        let Some(vector) = record.vector(field.name())? else { continue };
        let id = record.id()?.to_id();
        // Stores refuse the vectors that have no distance, so this row is damaged.
        let distance = field.kind().distance(vector, query.vector()).map_err(|error| {
            Error::new(ErrorKind::Damaged, "a stored row is not a vector")
                .with_id(&id)
                .caused_by(error)
        })?;
        if let Some(distance) = distance.filter(|it| *it <= query.goal().max_distance()) {
            found.push((distance, id, record));
        }
    }
    found.sort_by(|(a_distance, a, _), (b_distance, b, _)| {
        a_distance.total_cmp(b_distance).then_with(|| a.cmp(b))
    });
    found.truncate(query.goal().limit());
    for (distance, id, record) in &found {
        let payload = match query.wants_payload() {
            true => Some(record.payload()?.to_payload()?),
            false => None,
        };
        hits.push(id.as_ref(), *distance, payload);
        if let Some(vector) = record.vector(field.name())?.filter(|_| query.wants_vector()) {
            hits.attach_vector(vector);
        }
    }
    Ok(())
}
