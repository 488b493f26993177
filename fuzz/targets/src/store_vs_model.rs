//! Every backend against the model: the operations of `iqdb-conformance`, chosen by a fuzzer.
//!
//! The suite says what is the same and what isn't; nothing is compared here.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use iqdb_arena::{ArenaOptions, ArenaStore};
use iqdb_conformance::{Harness, Model, Operation, Question, replay};
use iqdb_core::{Batch, Change, Schema};
use iqdb_memory::MemoryStore;

use crate::entropy::{self, Entropy};
use crate::seed::{self, Seed};
use crate::top_k_vs_naive::exact_search;

const DIM_MAX: usize = 6;
/// In a script of this many operations `replay` still checks the whole store after each of them.
const OPERATIONS_MAX: usize = 32;

/// Every backend of the workspace, with the search that it is used with.
static BACKENDS: LazyLock<Vec<Harness>> = LazyLock::new(|| {
    // Chunks so small that they are sealed and compacted within a script.
    let small =
        ArenaOptions::new().with_chunk_rows(2, 8).with_dead_ratio_max(0.3).with_dead_bytes_min(0);
    let arena = move |schema| Ok(ArenaStore::with_options(schema, small.clone()));
    vec![
        Harness::new("memory", |schema| Ok(MemoryStore::new(schema)), exact_search()),
        Harness::new("arena", arena, exact_search()),
    ]
});

/// Lets every backend live through the operations that the bytes stand for.
///
/// # Panics
/// When a backend disagrees with the model.
pub fn store_vs_model(data: &[u8]) {
    let Ok(script) = script(data) else {
        return;
    };
    for backend in &*BACKENDS {
        replay(backend, script.schema.clone(), script.operations.clone());
    }
}

/// What the bytes stand for.
#[derive(Debug)]
struct Script {
    schema: Schema,
    operations: Vec<Operation>,
}

fn script(data: &[u8]) -> Result<Script> {
    let mut from = Unstructured::new(data);
    let schema = entropy::schema(&mut from, DIM_MAX)?;
    let mut operations = Vec::new();
    while !from.is_empty() && operations.len() < OPERATIONS_MAX {
        operations.push(operation(&mut from, &schema)?);
    }
    Ok(Script { schema, operations })
}

fn operation(from: &mut Entropy<'_>, schema: &Schema) -> Result<Operation> {
    Ok(match from.int_in_range(0..=15_u8)? {
        0..=6 => Operation::Apply(entropy::batch(from, schema)?),
        7 => Operation::DeleteWhere(entropy::valid_filter(from, schema)?),
        8 => Operation::Get(entropy::id(from)?),
        9 => Operation::Count(entropy::valid_filter(from, schema)?),
        10..=12 => {
            let count = from.int_in_range(1..=3_u8)?;
            let questions = (0..count).map(|_| question(from, schema));
            Operation::Search(questions.collect::<Result<_>>()?)
        }
        13 => Operation::KeepSnapshot,
        14 => Operation::CheckSnapshots,
        _ => Operation::Flush,
    })
}

fn question(from: &mut Entropy<'_>, schema: &Schema) -> Result<Question> {
    let field = entropy::field(from, schema)?;
    let (vector, goal) = (entropy::vector(from, field.kind())?, entropy::goal(from)?);
    let question = entropy::question(field, vector, goal)?;
    let question = match from.arbitrary()? {
        true => question.with_filter(entropy::valid_filter(from, schema)?),
        false => question,
    };
    Ok(question.with_payload(from.arbitrary()?).with_threads(from.int_in_range(1..=3)?))
}

/// Random bytes that stand for what their names say.
pub(crate) fn seeds() -> Vec<Seed> {
    let script = |data: &[u8]| script(data).ok();
    let any =
        |script: &Script, wanted: fn(&Operation) -> bool| script.operations.iter().any(wanted);
    let changes = |script: &Script, wanted: fn(&Change) -> bool| {
        let batches = script.operations.iter().filter_map(|operation| match operation {
            Operation::Apply(batch) => Some(batch),
            _ => None,
        });
        batches.flat_map(Batch::changes).filter(|change| wanted(change)).count()
    };
    let upserts = |script: &Script| changes(script, |change| matches!(change, Change::Upsert(_)));
    vec![
        seed::drawn("upserts-and-deletes", 200, |data| {
            script(data).is_some_and(|script| {
                upserts(&script) > 4
                    && changes(&script, |change| matches!(change, Change::Delete(_))) > 2
            })
        }),
        seed::drawn("snapshots-outlive-writes", 200, |data| {
            script(data).is_some_and(|script| {
                let kept = |operation: &Operation| matches!(operation, Operation::KeepSnapshot);
                let keeps = script.operations.iter().position(kept);
                keeps.is_some_and(|at| at + 2 < script.operations.len()) && upserts(&script) > 2
            })
        }),
        seed::drawn("payloads-set-and-seen", 300, |data| {
            script(data).is_some_and(|script| {
                let mut model = Model::new(script.schema.clone());
                script.operations.iter().any(|operation| match operation {
                    Operation::Apply(batch) => model.apply(batch).is_ok_and(|applied| {
                        applied.payload_set > 0
                            && applied.inserted + applied.replaced + applied.deleted == 0
                    }),
                    _ => false,
                })
            })
        }),
        seed::drawn("filters-and-searches", 300, |data| {
            script(data).is_some_and(|script| {
                upserts(&script) > 3
                    && any(&script, |operation| matches!(operation, Operation::DeleteWhere(_)))
                    && any(&script, |operation| matches!(operation, Operation::Search(_)))
            })
        }),
        seed::drawn("fields-set-and-searched", 400, |data| {
            script(data).is_some_and(|script| {
                script.schema.fields().len() > 1
                    && upserts(&script) > 3
                    && changes(&script, |change| matches!(change, Change::SetVectors(..))) > 0
                    && any(&script, |operation| matches!(operation, Operation::Search(_)))
            })
        }),
        seed::drawn("inserts-and-deletes-where", 300, |data| {
            script(data).is_some_and(|script| {
                changes(&script, |change| matches!(change, Change::DeleteWhere(_))) > 0
                    && changes(&script, |change| matches!(change, Change::Insert(_))) > 0
                    && changes(&script, |change| matches!(change, Change::InsertIfAbsent(_))) > 0
            })
        }),
        seed::drawn("a-long-history", 600, |data| {
            script(data).is_some_and(|script| script.operations.len() > 14 && upserts(&script) > 9)
        }),
    ]
}
