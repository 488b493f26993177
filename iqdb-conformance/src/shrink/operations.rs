//! Operations that are one step simpler than a given one.

use std::ops::ControlFlow;

use iqdb_core::filter::Expr;
use iqdb_core::{
    Batch, Change, Filter, Goal, NamedVector, Payload, Record, Rows, Schema, Value, Vector,
};

use super::each::{Each, lists};
use super::vectors;
use crate::generate::operation::{Operation, Question};

/// The simpler operations, the largest simplifications first.
pub(super) fn simpler(operation: &Operation, each: Each<'_, Operation>) -> ControlFlow<()> {
    match operation {
        Operation::Apply(batch) => batches(batch, &mut |batch| each(Operation::Apply(batch))),
        Operation::DeleteWhere(filter) => {
            filters(filter).into_iter().map(Operation::DeleteWhere).try_for_each(each)
        }
        Operation::Count(filter) => {
            filters(filter).into_iter().map(Operation::Count).try_for_each(each)
        }
        Operation::Search(questions) => {
            lists(questions, questions_like, &mut |questions| each(Operation::Search(questions)))
        }
        Operation::Reopen { after_kill: true } => each(Operation::Reopen { after_kill: false }),
        _ => ControlFlow::Continue(()),
    }
}

/// The batch with other changes.
pub(super) fn with_changes(batch: &Batch, changes: impl IntoIterator<Item = Change>) -> Batch {
    let changed: Batch = changes.into_iter().collect();
    match batch.expected_version() {
        Some(version) => changed.expect_version(version),
        None => changed,
    }
}

/// An upsert of rows, without those that can't be stored.
pub(super) fn rows_of(schema: &Schema, records: &[Record]) -> Change {
    let mut rows = Rows::new(schema);
    for record in records {
        let _ = rows.push(record);
    }
    Change::UpsertRows(rows.into())
}

fn batches(batch: &Batch, each: Each<'_, Batch>) -> ControlFlow<()> {
    if batch.expected_version().is_some() {
        each(batch.changes().iter().cloned().collect())?;
    }
    lists(batch.changes(), changes, &mut |changes| each(with_changes(batch, changes)))
}

fn changes(change: &Change, each: Each<'_, Change>) -> ControlFlow<()> {
    match change {
        Change::Upsert(record) => records(record, &mut |it| each(Change::Upsert(it))),
        Change::Insert(record) => records(record, &mut |it| each(Change::Insert(it))),
        Change::InsertIfAbsent(record) => {
            records(record, &mut |it| each(Change::InsertIfAbsent(it)))
        }
        Change::SetPayload(id, payload) => {
            payloads(payload, &mut |payload| each(Change::SetPayload(id.clone(), payload)))
        }
        Change::MergePayload(id, patch) => {
            payloads(patch, &mut |patch| each(Change::MergePayload(id.clone(), patch)))
        }
        Change::UpsertRows(rows) => {
            let each = &mut |records: Vec<Record>| each(rows_of(rows.schema(), &records));
            lists(&rows.to_records(), records, each)
        }
        Change::DeleteWhere(filter) => {
            filters(filter).into_iter().map(Change::DeleteWhere).try_for_each(each)
        }
        Change::SetVectors(id, vectors) => {
            let each = &mut |vectors| each(Change::SetVectors(id.clone(), vectors));
            lists(vectors, vectors_to_set, each)
        }
        _ => ControlFlow::Continue(()),
    }
}

fn vectors_to_set((name, vector): &NamedVector, each: Each<'_, NamedVector>) -> ControlFlow<()> {
    match vector {
        Some(vector) => {
            vectors::simpler(vector.as_ref(), &mut |vector| each((name.clone(), Some(vector))))
        }
        None => ControlFlow::Continue(()),
    }
}

/// The record with a simpler payload, without each of its vectors, and with each made simpler.
fn records(record: &Record, each: Each<'_, Record>) -> ControlFlow<()> {
    payloads(&record.payload, &mut |payload| each(record.clone().with_payload(payload)))?;
    let with = |name: &str, vector: Option<Vector>| {
        let mut record = record.clone();
        record.set_vector(name.to_owned(), vector);
        record
    };
    for (name, _) in record.vectors() {
        each(with(name, None))?;
    }
    for (name, vector) in record.vectors() {
        vectors::simpler(vector, &mut |vector| each(with(name, Some(vector))))?;
    }
    ControlFlow::Continue(())
}

fn payloads(payload: &Payload, each: Each<'_, Payload>) -> ControlFlow<()> {
    if payload.len() > 1 {
        each(Payload::new())?;
    }
    for (key, value) in payload.iter() {
        let mut fewer = payload.clone();
        fewer.remove(key);
        each(fewer)?;
        let mut with = |value: Value| each(payload.clone().with(key, value));
        if *value != Value::Int(1) {
            with(1.into())?;
        }
        match value {
            Value::List(list) => list.iter().cloned().try_for_each(with)?,
            Value::Map(map) => map.iter().map(|(_, value)| value.clone()).try_for_each(with)?,
            _ => {}
        }
    }
    ControlFlow::Continue(())
}

fn filters(filter: &Filter) -> Vec<Filter> {
    match filter.expr() {
        Ok(Expr::And(operands) | Expr::Or(operands)) => operands.clone(),
        Ok(Expr::Not(operand)) => vec![operand.clone()],
        _ => Vec::new(),
    }
}

fn questions_like(question: &Question, each: Each<'_, Question>) -> ControlFlow<()> {
    let like = || question.clone();
    if let Some(filter) = &question.filter {
        each(Question { filter: None, ..like() })?;
        for filter in filters(filter) {
            each(Question { filter: Some(filter), ..like() })?;
        }
    }
    if question.payload {
        each(Question { payload: false, ..like() })?;
    }
    if question.threads > 1 {
        each(Question { threads: 1, ..like() })?;
    }
    if question.goal != (Goal::Nearest { k: 1 }) {
        each(Question { goal: Goal::Nearest { k: 1 }, ..like() })?;
    }
    vectors::simpler(question.vector.as_ref(), &mut |vector| each(Question { vector, ..like() }))
}
