//! Candidates: the scripts that are one step simpler than a given one.
//!
//! Each candidate has fewer parts, or replaces a part by a minimal one (the component 0 or 1, the
//! value 1, a small number as id) that later steps keep. Both are bounded, so shrinking terminates.

use std::collections::BTreeSet;

use iqdb_core::filter::Expr;
use iqdb_core::{
    Batch, Change, Field, FieldKind, Filter, Goal, NamedVector, Payload, Record, RecordId, Rows,
    Schema, Value, Vector, VectorRef,
};

use super::vectors;
use crate::generate::operation::{Operation, Question};
use crate::generate::script::Script;

/// All candidates, the largest simplifications first.
pub(crate) fn scripts(script: &Script) -> Vec<Script> {
    let mut scripts = without_a_field(script);
    scripts.extend(with_fewer_dimensions(script));
    for (at, operation) in script.operations.iter().enumerate() {
        scripts.extend(operations(operation).into_iter().map(|simpler| {
            let mut script = script.clone();
            script.operations[at] = simpler;
            script
        }));
    }
    scripts.extend(with_simpler_ids(script));
    scripts
}

/// An upsert of rows, without those that can't be stored.
fn rows_of(schema: &Schema, records: &[Record]) -> Change {
    let mut rows = Rows::new(schema);
    for record in records {
        let _ = rows.push(record);
    }
    Change::UpsertRows(rows.into())
}

/// The script without each field of its schema.
fn without_a_field(script: &Script) -> Vec<Script> {
    let without = |gone: &Field| {
        let fields = script.schema.fields().iter().filter(|field| *field != gone).cloned();
        let schema = Schema::from_fields(fields.collect::<Vec<_>>()).ok()?;
        let keep =
            |field: &str, vector: VectorRef<'_>| (field != gone.name()).then(|| vector.to_vector());
        Some(with_vectors(script, schema, &keep))
    };
    script.schema.fields().iter().filter_map(without).collect()
}

fn with_fewer_dimensions(script: &Script) -> Vec<Script> {
    let mut scripts = Vec::new();
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
            scripts.push(with_vectors(script, schema, &cut));
        }
    }
    scripts
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
    let operations = script.operations.iter().map(|operation| match operation {
        Operation::Apply(batch) => Operation::Apply(with_changes(
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
        )),
        Operation::Search(questions) => {
            Operation::Search(questions.iter().filter_map(question).collect())
        }
        other => other.clone(),
    });
    let operations = operations.collect();
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

/// The batch with other changes.
fn with_changes(batch: &Batch, changes: impl IntoIterator<Item = Change>) -> Batch {
    let changed: Batch = changes.into_iter().collect();
    match batch.expected_version() {
        Some(version) => changed.expect_version(version),
        None => changed,
    }
}

/// One candidate per id: the id is replaced everywhere by the smallest unused number.
fn with_simpler_ids(script: &Script) -> Vec<Script> {
    let ids: BTreeSet<&RecordId> = script.operations.iter().flat_map(ids).collect();
    let numbers: BTreeSet<RecordId> = (0..ids.len() as u64).map(RecordId::from).collect();
    let Some(free) = numbers.iter().find(|number| !ids.contains(number)) else {
        return Vec::new();
    };
    let renamed = |from: &RecordId| {
        let rename = |id: &RecordId| if id == from { free.clone() } else { id.clone() };
        let operations = script.operations.iter().map(|it| with_ids(it, &rename)).collect();
        Script { schema: script.schema.clone(), operations }
    };
    ids.into_iter().filter(|id| !numbers.contains(id)).map(renamed).collect()
}

fn ids(operation: &Operation) -> Vec<&RecordId> {
    match operation {
        Operation::Apply(batch) => batch.changes().iter().filter_map(Change::id).collect(),
        Operation::Get(id) => vec![id],
        _ => Vec::new(),
    }
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

fn operations(operation: &Operation) -> Vec<Operation> {
    match operation {
        Operation::Apply(batch) => batches(batch).into_iter().map(Operation::Apply).collect(),
        Operation::DeleteWhere(filter) => {
            filters(filter).into_iter().map(Operation::DeleteWhere).collect()
        }
        Operation::Count(filter) => filters(filter).into_iter().map(Operation::Count).collect(),
        Operation::Search(questions) => {
            lists(questions, questions_like).into_iter().map(Operation::Search).collect()
        }
        Operation::Reopen { after_kill: true } => vec![Operation::Reopen { after_kill: false }],
        _ => Vec::new(),
    }
}

/// The list without its halves, without each element, and with each element made simpler.
fn lists<T: Clone>(list: &[T], simpler: impl Fn(&T) -> Vec<T>) -> Vec<Vec<T>> {
    let mut lists = Vec::new();
    if list.len() > 2 {
        let (first, second) = list.split_at(list.len() / 2);
        lists.extend([first.to_vec(), second.to_vec()]);
    }
    for at in 0..list.len() {
        let mut shorter = list.to_vec();
        shorter.remove(at);
        lists.push(shorter);
    }
    for (at, element) in list.iter().enumerate() {
        lists.extend(simpler(element).into_iter().map(|simpler| {
            let mut list = list.to_vec();
            list[at] = simpler;
            list
        }));
    }
    lists
}

fn batches(batch: &Batch) -> Vec<Batch> {
    let mut batches = Vec::new();
    if batch.expected_version().is_some() {
        batches.push(batch.changes().iter().cloned().collect());
    }
    let lists = lists(batch.changes(), changes).into_iter();
    batches.extend(lists.map(|changes| with_changes(batch, changes)));
    batches
}

fn changes(change: &Change) -> Vec<Change> {
    match change {
        Change::Upsert(record) => upserts(record, Change::Upsert),
        Change::Insert(record) => upserts(record, Change::Insert),
        Change::InsertIfAbsent(record) => upserts(record, Change::InsertIfAbsent),
        Change::SetPayload(id, payload) => {
            let payloads = payloads(payload).into_iter();
            payloads.map(|payload| Change::SetPayload(id.clone(), payload)).collect()
        }
        Change::MergePayload(id, patch) => {
            let patches = payloads(patch).into_iter();
            patches.map(|patch| Change::MergePayload(id.clone(), patch)).collect()
        }
        Change::UpsertRows(rows) => {
            let simpler = |record: &Record| {
                let changes = upserts(record, Change::Upsert).into_iter();
                let records = changes.filter_map(|change| match change {
                    Change::Upsert(record) => Some(record),
                    _ => None,
                });
                records.collect()
            };
            let lists = lists(&rows.to_records(), simpler).into_iter();
            lists.map(|records| rows_of(rows.schema(), &records)).collect()
        }
        Change::DeleteWhere(filter) => {
            filters(filter).into_iter().map(Change::DeleteWhere).collect()
        }
        Change::SetVectors(id, vectors) => {
            let lists = lists(vectors, vectors_to_set).into_iter();
            lists.map(|vectors| Change::SetVectors(id.clone(), vectors)).collect()
        }
        _ => Vec::new(),
    }
}

fn vectors_to_set((name, vector): &NamedVector) -> Vec<NamedVector> {
    let simpler = vector.iter().flat_map(|vector| vectors::simpler(vector.as_ref()));
    simpler.map(|vector| (name.clone(), Some(vector))).collect()
}

fn upserts(record: &Record, change: fn(Record) -> Change) -> Vec<Change> {
    let payloads = payloads(&record.payload).into_iter();
    let with_payloads = payloads.map(|payload| record.clone().with_payload(payload));
    with_payloads.chain(records(record)).map(change).collect()
}

/// The record without each of its vectors, and with each made simpler.
fn records(record: &Record) -> Vec<Record> {
    let with = |name: &str, vector: Option<Vector>| {
        let mut record = record.clone();
        record.set_vector(name.to_owned(), vector);
        record
    };
    let mut records: Vec<_> = record.vectors().map(|(name, _)| with(name, None)).collect();
    for (name, vector) in record.vectors() {
        let simpler = vectors::simpler(vector).into_iter();
        records.extend(simpler.map(|vector| with(name, Some(vector))));
    }
    records
}

fn payloads(payload: &Payload) -> Vec<Payload> {
    let mut payloads = Vec::new();
    if payload.len() > 1 {
        payloads.push(Payload::new());
    }
    for (key, value) in payload.iter() {
        let mut fewer = payload.clone();
        fewer.remove(key);
        payloads.push(fewer);
        if *value != Value::Int(1) {
            payloads.push(payload.clone().with(key, 1));
        }
        let inside: Vec<&Value> = match value {
            Value::List(list) => list.iter().collect(),
            Value::Map(map) => map.iter().map(|(_, value)| value).collect(),
            _ => Vec::new(),
        };
        payloads.extend(inside.into_iter().map(|value| payload.clone().with(key, value.clone())));
    }
    payloads
}

fn filters(filter: &Filter) -> Vec<Filter> {
    match filter.expr() {
        Ok(Expr::And(operands) | Expr::Or(operands)) => operands.clone(),
        Ok(Expr::Not(operand)) => vec![operand.clone()],
        _ => Vec::new(),
    }
}

fn questions_like(question: &Question) -> Vec<Question> {
    let like = || question.clone();
    let mut questions = Vec::new();
    if let Some(filter) = &question.filter {
        questions.push(Question { filter: None, ..like() });
        let filters = filters(filter).into_iter();
        questions.extend(filters.map(|filter| Question { filter: Some(filter), ..like() }));
    }
    if question.payload {
        questions.push(Question { payload: false, ..like() });
    }
    if question.threads > 1 {
        questions.push(Question { threads: 1, ..like() });
    }
    if question.goal != (Goal::Nearest { k: 1 }) {
        questions.push(Question { goal: Goal::Nearest { k: 1 }, ..like() });
    }
    let vectors = vectors::simpler(question.vector.as_ref()).into_iter();
    questions.extend(vectors.map(|vector| Question { vector, ..like() }));
    questions
}
