//! Candidates: the scripts that are one step simpler than a given one.
//!
//! Each candidate has fewer parts, or replaces a part by a minimal one (the component 0 or 1, the
//! value 1, a small number as id) that later steps keep. Both are bounded, so shrinking terminates.

use std::collections::BTreeSet;

use iqdb_core::filter::Expr;
use iqdb_core::{Batch, Change, Filter, Goal, Payload, Record, RecordId, Schema, Value, Vector};

use crate::generate::operation::{Operation, Question};
use crate::generate::script::Script;

/// All candidates, the largest simplifications first.
pub(crate) fn scripts(script: &Script) -> Vec<Script> {
    let mut scripts = with_fewer_dimensions(script);
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

fn with_fewer_dimensions(script: &Script) -> Vec<Script> {
    let dims = [1, 2, 3, 8].into_iter().filter(|dim| *dim < script.schema.dim());
    let cut = |dim| {
        let schema = Schema::new(dim, script.schema.metric()).ok()?;
        let cut = |vector: &Vector| Vector::try_from(vector.get(..dim)?).ok();
        let cut = |vector: &Vector| cut(vector).unwrap_or_else(|| vector.clone());
        let operations = script.operations.iter().map(|operation| with_vectors(operation, &cut));
        Some(Script { schema, operations: operations.collect() })
    };
    dims.filter_map(cut).collect()
}

fn with_vectors(operation: &Operation, change: &dyn Fn(&Vector) -> Vector) -> Operation {
    match operation {
        Operation::Apply(batch) => Operation::Apply(with_changes(
            batch,
            batch.changes().iter().map(|it| match it {
                Change::Upsert(record) => {
                    Change::Upsert(Record { vector: change(&record.vector), ..record.clone() })
                }
                other => other.clone(),
            }),
        )),
        Operation::Search(questions) => Operation::Search(
            questions
                .iter()
                .map(|question| Question { vector: change(&question.vector), ..question.clone() })
                .collect(),
        ),
        other => other.clone(),
    }
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
        Script { schema: script.schema, operations }
    };
    ids.into_iter().filter(|id| !numbers.contains(id)).map(renamed).collect()
}

fn ids(operation: &Operation) -> Vec<&RecordId> {
    match operation {
        Operation::Apply(batch) => batch.changes().iter().map(Change::id).collect(),
        Operation::Get(id) => vec![id],
        _ => Vec::new(),
    }
}

fn with_ids(operation: &Operation, rename: &dyn Fn(&RecordId) -> RecordId) -> Operation {
    match operation {
        Operation::Apply(batch) => Operation::Apply(with_changes(
            batch,
            batch.changes().iter().map(|change| match change {
                Change::Upsert(record) => {
                    Change::Upsert(Record { id: rename(&record.id), ..record.clone() })
                }
                Change::Delete(id) => Change::Delete(rename(id)),
                Change::SetPayload(id, payload) => Change::SetPayload(rename(id), payload.clone()),
            }),
        )),
        Operation::Get(id) => Operation::Get(rename(id)),
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
        Change::Upsert(record) => {
            let vectors = vectors(&record.vector).into_iter();
            let with_vectors = vectors.map(|vector| Record { vector, ..record.clone() });
            let payloads = payloads(&record.payload).into_iter();
            let with_payloads = payloads.map(|payload| Record { payload, ..record.clone() });
            with_payloads.chain(with_vectors).map(Change::Upsert).collect()
        }
        Change::Delete(_) => Vec::new(),
        Change::SetPayload(id, payload) => {
            let payloads = payloads(payload).into_iter();
            payloads.map(|payload| Change::SetPayload(id.clone(), payload)).collect()
        }
    }
}

/// The rank of a component in the order of simplicity: 0, then 1, then all others.
fn weight(component: f32) -> u8 {
    match component.to_bits() {
        bits if bits == 0.0_f32.to_bits() => 0,
        bits if bits == 1.0_f32.to_bits() => 1,
        _ => 2,
    }
}

fn vectors(vector: &Vector) -> Vec<Vector> {
    let mut vectors = Vec::new();
    let mut first_axis = vec![0.0; vector.len()];
    first_axis[0] = 1.0;
    if vector.iter().map(|x| usize::from(weight(*x))).sum::<usize>() > 1 {
        vectors.extend(Vector::try_from(first_axis));
    }
    for (at, component) in vector.iter().enumerate() {
        for simple in [0.0, 1.0] {
            if weight(simple) < weight(*component) {
                let mut components = vector.to_vec();
                components[at] = simple;
                vectors.extend(Vector::try_from(components));
            }
        }
    }
    vectors
}

fn payloads(payload: &Payload) -> Vec<Payload> {
    let mut payloads = Vec::new();
    if payload.len() > 1 {
        payloads.push(Payload::new());
    }
    for (field, value) in payload.iter() {
        let mut fewer = payload.clone();
        fewer.remove(field);
        payloads.push(fewer);
        if *value != Value::Int(1) {
            payloads.push(payload.clone().with(field, 1));
        }
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
    questions
        .extend(vectors(&question.vector).into_iter().map(|vector| Question { vector, ..like() }));
    questions
}
