//! A search that sorts everything.

use std::collections::BTreeSet;

use iqdb_core::text::{TextMatches, TextQuery};
use iqdb_core::{
    Budget, Error, ErrorKind, Explain, Hits, Input, Progress, Query, RecordId, RecordRef, Result,
    Scratch, Search, Snapshot, SnapshotExt, search_remote,
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
    queries.iter().try_for_each(|query| query.budget().check())?;
    if let (None, Some(remote)) = (on.blocks(), on.remote()) {
        return search_remote(on, remote, queries, hits);
    }
    for (query, hits) in queries.iter().zip(hits) {
        answer(on, query, hits)?;
    }
    Ok(Explain::of("sort", "canonical"))
}

/// Adds every record to the statistics, and ranks those that match.
fn answer_text(
    on: &dyn Snapshot,
    query: &Query<'_>,
    text: &TextQuery,
    hits: &mut Hits,
) -> Result<()> {
    let field = &on.schema().fields()[query.field_in(on.schema())?.index()];
    let mut wanted = BTreeSet::new();
    for record in on.records(query.filter()) {
        wanted.insert(record?.id()?.to_id());
    }
    let (mut matches, mut ids) = (TextMatches::default(), Vec::new());
    matches.begin(text);
    for record in on.records(None) {
        let record = record?;
        let Some(bytes) = record.computed(field.name())? else { continue };
        let id = record.id()?.to_id();
        matches.add(text, bytes, ids.len() as u64, wanted.contains(&id))?;
        ids.push(id);
    }
    let id = |key: u64| &ids[usize::try_from(key).unwrap_or(usize::MAX)];
    let scores = matches.scores(text).map(|(key, score)| (0.0 - score, id(key)));
    let within = |(distance, _): &(f64, &RecordId)| *distance <= query.goal().max_distance();
    let mut found: Vec<(f64, &RecordId)> = scores.filter(within).collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
    found.truncate(query.goal().limit());
    for (distance, id) in found {
        let payload = match query.wants_payload() {
            true => on.get(id)?.map(|record| record.payload()?.to_payload()).transpose()?,
            false => None,
        };
        hits.push(id.as_ref(), distance, payload);
    }
    Ok(())
}

fn answer(on: &dyn Snapshot, query: &Query<'_>, hits: &mut Hits) -> Result<()> {
    if let Input::Text(text) = query.input() {
        return answer_text(on, query, text, hits);
    }
    let field = &on.schema().fields()[query.field_in(on.schema())?.index()];
    let mut found: Vec<(f64, RecordId, RecordRef<'_>)> = Vec::new();
    for record in on.records(query.filter()) {
        let record = record?;
        let Some(vector) = record.vector(field.name())? else { continue };
        let id = record.id()?.to_id();
        // Stores refuse the vectors that have no distance, so this row is damaged.
        let distance = field.kind().distance(vector, query.vector()?).map_err(|error| {
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
