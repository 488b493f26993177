//! The model: a reference store in the fewest lines, and the oracle of the whole suite.
//!
//! It has no locks, no blocks and no optimisations. It shares with the backends only the functions
//! of the contract itself: the check of a batch, the evaluation of a filter, the canonical
//! distance.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use iqdb_core::filter::Subject;
use iqdb_core::text::TextQuery;
use iqdb_core::{
    Applied, Batch, Change, Error, ErrorKind, Field, Filter, Hit, IdRef, Input, Limits, PayloadRef,
    Query, Record, RecordId, Result, Schema, Version, merge_patch,
};

use crate::texts;

/// A record as a filter sees it.
struct Seen<'a> {
    record: &'a Record,
    schema: &'a Schema,
}

impl Subject for Seen<'_> {
    fn id(&self) -> Result<IdRef<'_>> {
        self.record.id()
    }

    fn payload(&self) -> Result<PayloadRef<'_>> {
        Subject::payload(self.record)
    }

    fn has_field(&self, name: &str) -> Result<bool> {
        match self.schema.computed_fields().find(|(_, field)| field.name() == name) {
            Some((_, field)) => field.compute(&Subject::payload(self)?, &mut Vec::new()),
            None => self.record.has_field(name),
        }
    }
}

/// A schema, a version, and the records by id. Copies share their records.
#[derive(Debug, Clone)]
pub struct Model {
    schema: Schema,
    version: Version,
    records: BTreeMap<RecordId, Arc<Record>>,
}

impl Model {
    /// A model without records, at version 0.
    #[must_use]
    pub fn new(schema: Schema) -> Self {
        Self { schema, version: Version(0), records: BTreeMap::new() }
    }

    /// The schema it was made with, and the fields added since.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The number of batches that have had an effect, and of fields added.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The record of this id.
    #[must_use]
    pub fn get(&self, id: &RecordId) -> Option<&Record> {
        self.records.get(id).map(|record| &**record)
    }

    /// What core computes for a field of the record of this id; `None` where it lacks the field.
    ///
    /// # Errors
    /// Those of [`Field::compute`].
    pub fn computed(&self, id: &RecordId, field: &Field) -> Result<Option<Vec<u8>>> {
        let Some(record) = self.get(id) else { return Ok(None) };
        let mut bytes = Vec::new();
        let has_it = field.compute(&PayloadRef::from(&record.payload), &mut bytes)?;
        Ok(has_it.then_some(bytes))
    }

    /// All records, in the order of their ids.
    #[must_use]
    pub fn records(&self) -> impl ExactSizeIterator<Item = &Record> {
        self.records.values().map(|record| &**record)
    }

    /// Applies a batch: all of it or nothing, as one version.
    ///
    /// # Errors
    /// Those of [`Batch::check`]; the model is then unchanged.
    pub fn apply(&mut self, batch: &Batch) -> Result<Applied> {
        batch.check(&self.schema, self.version)?;
        let before = batch
            .changes()
            .iter()
            .any(|change| matches!(change, Change::Insert(_) | Change::MergePayload(..)));
        let before = before.then(|| self.records.clone());
        let mut applied = Applied::at(self.version);
        for change in batch.changes() {
            if let Err(error) = self.perform(change, &mut applied) {
                self.records = before.unwrap_or_default();
                return Err(error);
            }
        }
        if applied.has_effect() {
            self.version = self.version.next();
            applied.version = self.version;
        }
        Ok(applied)
    }

    /// Appends a field, as a version.
    ///
    /// # Errors
    /// Those of [`Limits::add_field`]; the model is then unchanged.
    pub fn add_field(&mut self, field: Field, limits: Limits) -> Result<Version> {
        self.schema = limits.add_field(&self.schema, field)?;
        self.version = self.version.next();
        Ok(self.version)
    }

    /// Performs one statement, and counts it. Only an insert and a merge fail.
    fn perform(&mut self, change: &Change, applied: &mut Applied) -> Result<()> {
        let is_there = change.id().is_some_and(|id| self.records.contains_key(id));
        match change {
            Change::Upsert(record) => self.upsert(record.clone(), applied),
            Change::UpsertRows(rows) => {
                let records = rows.to_records().into_iter();
                records.for_each(|record| self.upsert(record, applied));
            }
            Change::Insert(record) if is_there => {
                return Err(Error::new(ErrorKind::AlreadyExists, "the id is there already")
                    .with_id(&record.id));
            }
            Change::InsertIfAbsent(_) if is_there => applied.kept += 1,
            Change::Insert(record) | Change::InsertIfAbsent(record) => {
                applied.inserted += 1;
                self.records.insert(record.id.clone(), Arc::new(record.clone()));
            }
            Change::DeleteWhere(filter) => {
                let matching = self.matching(Some(filter))?;
                let ids: Vec<_> = matching.iter().map(|record| record.id.clone()).collect();
                applied.deleted += ids.len() as u64;
                ids.iter().for_each(|id| drop(self.records.remove(id)));
            }
            Change::Delete(id) if is_there => {
                applied.deleted += 1;
                self.records.remove(id);
            }
            Change::SetPayload(id, payload) if is_there => {
                applied.payload_set += 1;
                if let Some(record) = self.records.get_mut(id) {
                    Arc::make_mut(record).payload = payload.clone();
                }
            }
            Change::MergePayload(id, patch) if is_there => {
                applied.payload_set += 1;
                if let Some(record) = self.records.get_mut(id) {
                    let merged = merge_patch(record.payload.clone(), patch)
                        .map_err(|error| error.with_id(id))?;
                    Arc::make_mut(record).payload = merged;
                }
            }
            Change::SetVectors(id, vectors) if is_there => {
                applied.vectors_set += 1;
                if let Some(record) = self.records.get_mut(id) {
                    let record = Arc::make_mut(record);
                    for (name, vector) in vectors {
                        record.set_vector(name.clone(), vector.clone());
                    }
                }
            }
            Change::Delete(_)
            | Change::SetPayload(..)
            | Change::MergePayload(..)
            | Change::SetVectors(..) => applied.absent += 1,
            other => panic!("the model doesn't know the statement {other:?}"),
        }
        Ok(())
    }

    fn upsert(&mut self, record: Record, applied: &mut Applied) {
        match self.records.insert(record.id.clone(), Arc::new(record)) {
            Some(_) => applied.replaced += 1,
            None => applied.inserted += 1,
        }
    }

    /// The records that match `filter`, in the order of their ids.
    ///
    /// # Errors
    /// Those of [`Filter::check_for`].
    pub fn matching(&self, filter: Option<&Filter>) -> Result<Vec<&Record>> {
        filter.map_or(Ok(()), |filter| filter.check_for(&self.schema))?;
        let mut found = Vec::new();
        for record in self.records() {
            let matches = match filter {
                Some(filter) => filter.matches(&Seen { record, schema: &self.schema })?,
                None => true,
            };
            if matches {
                found.push(record);
            }
        }
        Ok(found)
    }

    /// The expected hits of a search: every record that has a vector of the query's field, or whose text
    /// has what is asked, matches and is within the query's distance, sorted by (distance, id), up to the
    /// query's limit.
    ///
    /// # Errors
    /// Those of [`Query::check`].
    pub fn search(&self, query: &Query<'_>) -> Result<Vec<Hit>> {
        query.check(&self.schema)?;
        let mut hits = Vec::new();
        let field = &self.schema.fields()[query.field_in(&self.schema)?.index()];
        if let Input::Text(text) = query.input() {
            return self.search_texts(query, field, text);
        }
        for record in self.matching(query.filter())? {
            let Some(vector) = record.vector(field.name()) else { continue };
            let Some(distance) = field.kind().distance(vector, query.vector()?)? else { continue };
            if distance <= query.goal().max_distance() {
                hits.push(Hit {
                    id: record.id.clone(),
                    distance,
                    payload: query.wants_payload().then(|| record.payload.clone()),
                    vector: query.wants_vector().then(|| vector.to_vector()),
                });
            }
        }
        Ok(ranked(hits, query))
    }

    /// The records whose texts have what is asked. Every record with a text counts for the scores.
    fn search_texts(&self, query: &Query<'_>, field: &Field, text: &TextQuery) -> Result<Vec<Hit>> {
        let wanted: BTreeSet<&RecordId> =
            self.matching(query.filter())?.into_iter().map(|record| &record.id).collect();
        let of = |record| Some((record, texts::words(field, record)?));
        let (records, texts): (Vec<&Record>, Vec<_>) = self.records().filter_map(of).unzip();
        let scores = texts::scores(text, &texts);
        let hit = |(record, score): (&Record, Option<f64>)| {
            let distance = 0.0 - score?;
            let is_hit = distance <= query.goal().max_distance() && wanted.contains(&record.id);
            is_hit.then(|| Hit {
                id: record.id.clone(),
                distance,
                payload: query.wants_payload().then(|| record.payload.clone()),
                vector: None,
            })
        };
        Ok(ranked(records.into_iter().zip(scores).filter_map(hit).collect(), query))
    }
}

/// The hits by (distance, id), up to the query's limit.
fn ranked(mut hits: Vec<Hit>, query: &Query<'_>) -> Vec<Hit> {
    hits.sort_by(|a, b| a.distance.total_cmp(&b.distance).then_with(|| a.id.cmp(&b.id)));
    hits.truncate(query.goal().limit());
    hits
}

#[cfg(test)]
mod tests {
    use iqdb_core::{Metric, VectorRef};

    use super::*;

    #[test]
    fn a_history_spelled_out() -> Result<()> {
        let mut model = Model::new(Schema::new(1, Metric::Euclidean)?);
        assert!(model.matching(Some(&Filter::eq("", 1))).is_err());
        let batch = Batch::new()
            .upsert(Record::new("b", [2.0])?.with("n", 1))
            .upsert(Record::new("a", [0.0])?)
            .upsert(Record::new(9, [5.0])?)
            .delete("nobody");
        let applied = model.apply(&batch)?;
        assert_eq!((applied.inserted, applied.absent), (3, 1));
        assert_eq!(model.version(), Version(1));

        let query = [1.0];
        let hits = model.search(&Query::nearest(VectorRef::new(&query)?, 2))?;
        let found: Vec<_> = hits.into_iter().map(|hit| (hit.id, hit.distance)).collect();
        assert_eq!(found, [("a".into(), 1.0), ("b".into(), 1.0)]);

        assert_eq!(model.apply(&Batch::new().delete("nobody"))?.absent, 1);
        assert_eq!(model.version(), Version(1));
        model
            .apply(&Batch::new().delete("a").set_payload("b", [("n", 2)].into_iter().collect()))?;
        assert_eq!(model.matching(Some(&Filter::eq("n", 2)))?.len(), 1);
        assert_eq!((model.len(), model.version()), (2, Version(2)));
        Ok(())
    }
}
