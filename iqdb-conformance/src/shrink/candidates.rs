//! Candidates: the scripts that are one step simpler than a given one.
//!
//! Each candidate has fewer parts, or replaces a part by a minimal one (the component 0 or 1, the
//! value 1, a small number as id) that later steps keep. Both are bounded, so shrinking terminates.
//! They are made one at a time, and share the operations that they don't change.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use iqdb_core::{
    Change, Field, FieldKind, IdRef, NamedVector, Record, RecordId, Schema, Vector, VectorRef,
};

use super::each::Each;
use super::{operations, vectors};
use crate::generate::operation::{Operation, Question};
use crate::generate::script::Script;
use operations::{rows_of, with_changes};

/// The script without each field of its schema, and with fewer dimensions of each.
pub(super) fn of_schema(script: &Script, each: Each<'_, Script>) -> ControlFlow<()> {
    for gone in script.schema.fields() {
        let fields = script.schema.fields().iter().filter(|field| *field != gone).cloned();
        let Ok(schema) = Schema::from_fields(fields.collect::<Vec<_>>()) else { continue };
        let keep =
            |field: &str, vector: VectorRef<'_>| (field != gone.name()).then(|| vector.to_vector());
        each(with_vectors(script, schema, &keep))?;
    }
    for (id, field) in script.schema.iter() {
        let FieldKind::Dense { dim, metric, element } = field.kind() else { continue };
        for dim in [1, 2, 3, 8].into_iter().filter(|shorter| *shorter < dim) {
            let mut fields = script.schema.fields().to_vec();
            let shorter = FieldKind::Dense { dim, metric, element };
            let shorter = Field::new(field.name(), shorter).map(|shorter| {
                fields[id.index()] = shorter;
                fields
            });
            let Ok(schema) = shorter.and_then(Schema::from_fields) else { continue };
            let cut = |name: &str, vector: VectorRef<'_>| {
                let cut = (name == field.name()).then(|| vectors::cut(vector, dim)).flatten();
                Some(cut.unwrap_or_else(|| vector.to_vector()))
            };
            each(with_vectors(script, schema, &cut))?;
        }
    }
    ControlFlow::Continue(())
}

/// The script with the operation at this index made simpler.
pub(super) fn of_operation(script: &Script, at: usize, each: Each<'_, Script>) -> ControlFlow<()> {
    operations::simpler(&script.operations[at], &mut |simpler| {
        each(script.with_operation(at, simpler))
    })
}

/// The script for another schema, with other vectors. A question without a vector is left out.
fn with_vectors(
    script: &Script,
    schema: Schema,
    change: &dyn Fn(&str, VectorRef<'_>) -> Option<Vector>,
) -> Script {
    let record = |record: &Record| {
        let mut changed = Record::without_vector(&record.id).with_payload(record.payload.clone());
        for (name, vector) in record.vectors() {
            changed.set_vector(name.to_owned(), change(name, vector));
        }
        changed
    };
    let question = |question: &Question| {
        let vector = change(question.field_name(), question.vector.as_ref())?;
        Some(Question { vector, ..question.clone() })
    };
    let operation = |operation: &Arc<Operation>| match &**operation {
        Operation::Apply(batch) => Arc::new(Operation::Apply(with_changes(
            batch,
            batch.changes().iter().map(|it| match it {
                Change::Upsert(it) => Change::Upsert(record(it)),
                Change::Insert(it) => Change::Insert(record(it)),
                Change::InsertIfAbsent(it) => Change::InsertIfAbsent(record(it)),
                Change::UpsertRows(rows) => {
                    let records: Vec<_> = rows.to_records().iter().map(record).collect();
                    rows_of(&schema, &records)
                }
                Change::SetVectors(id, vectors) => {
                    Change::SetVectors(id.clone(), named(vectors, &schema, change))
                }
                other => other.clone(),
            }),
        ))),
        Operation::Search(questions) => {
            Arc::new(Operation::Search(questions.iter().filter_map(question).collect()))
        }
        _ => Arc::clone(operation),
    };
    let operations = script.operations.iter().map(operation).collect();
    Script { schema, operations }
}

/// The vectors to set, changed, of the fields that the schema has.
fn named(
    vectors: &[NamedVector],
    schema: &Schema,
    change: &dyn Fn(&str, VectorRef<'_>) -> Option<Vector>,
) -> Vec<NamedVector> {
    let changed = vectors.iter().filter_map(|(name, vector)| match vector {
        Some(vector) => Some((name.clone(), Some(change(name, vector.as_ref())?))),
        None => schema.field(name).is_ok().then(|| (name.clone(), None)),
    });
    changed.collect()
}

/// One candidate per id: the id is replaced everywhere by the smallest unused number.
pub(super) fn of_ids(script: &Script, each: Each<'_, Script>) -> ControlFlow<()> {
    let ids: BTreeSet<&RecordId> = script.operations.iter().flat_map(|it| ids(it)).collect();
    let count = ids.len() as u64;
    let is_small = |id: &RecordId| matches!(id.as_ref(), IdRef::Number(number) if number < count);
    let Some(free) = (0..count).map(RecordId::from).find(|number| !ids.contains(number)) else {
        return ControlFlow::Continue(());
    };
    for from in ids.iter().copied().filter(|id| !is_small(id)) {
        let rename = |id: &RecordId| if id == from { free.clone() } else { id.clone() };
        let operations = script.operations.iter().map(|operation| match names(operation, from) {
            true => Arc::new(with_ids(operation, &rename)),
            false => Arc::clone(operation),
        });
        each(Script { schema: script.schema.clone(), operations: operations.collect() })?;
    }
    ControlFlow::Continue(())
}

fn ids(operation: &Operation) -> Vec<&RecordId> {
    match operation {
        Operation::Apply(batch) => batch.changes().iter().filter_map(Change::id).collect(),
        Operation::Get(id) => vec![id],
        _ => Vec::new(),
    }
}

/// Whether the operation names the id, in rows as well.
fn names(operation: &Operation, wanted: &RecordId) -> bool {
    let in_rows = |change: &Change| match change {
        Change::UpsertRows(rows) => rows.ids().iter().any(|id| id == wanted.as_ref()),
        _ => false,
    };
    ids(operation).contains(&wanted)
        || matches!(operation, Operation::Apply(batch) if batch.changes().iter().any(in_rows))
}

fn with_ids(operation: &Operation, rename: &dyn Fn(&RecordId) -> RecordId) -> Operation {
    match operation {
        Operation::Apply(batch) => Operation::Apply(with_changes(
            batch,
            batch.changes().iter().map(|change| with_id(change, rename)),
        )),
        Operation::Get(id) => Operation::Get(rename(id)),
        other => other.clone(),
    }
}

fn with_id(change: &Change, rename: &dyn Fn(&RecordId) -> RecordId) -> Change {
    let renamed = |record: &Record| {
        let mut record = record.clone();
        record.id = rename(&record.id);
        record
    };
    match change {
        Change::Upsert(record) => Change::Upsert(renamed(record)),
        Change::Insert(record) => Change::Insert(renamed(record)),
        Change::InsertIfAbsent(record) => Change::InsertIfAbsent(renamed(record)),
        Change::UpsertRows(rows) => {
            let records: Vec<_> = rows.to_records().iter().map(renamed).collect();
            rows_of(rows.schema(), &records)
        }
        Change::MergePayload(id, patch) => Change::MergePayload(rename(id), patch.clone()),
        Change::Delete(id) => Change::Delete(rename(id)),
        Change::SetPayload(id, payload) => Change::SetPayload(rename(id), payload.clone()),
        Change::SetVectors(id, vectors) => Change::SetVectors(rename(id), vectors.clone()),
        other => other.clone(),
    }
}
