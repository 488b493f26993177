//! The exact search against the model: the same hits, in the same order, with the same bits.
//!
//! Queries may be wrong; then the search has to refuse them with the error that the model has.

use std::sync::{Arc, LazyLock};

use arbitrary::{Result, Unstructured};
use iqdb_conformance::naive::NaiveStore;
use iqdb_conformance::{Model, Question};
use iqdb_core::{Batch, Goal, Hit, Hits, Query, Schema, Scratch, Search, Store, StoreExt};
use iqdb_memory::MemoryStore;
use iqdb_search::{ExactSearch, Kernel};

use crate::entropy::{self, Entropy};
use crate::seed::{self, Seed};

/// More than one register of any machine, and odd ones among them.
const DIM_MAX: usize = 70;
const RECORDS_MAX: usize = 40;

/// The search that every target shares, because its threads are made once.
pub(crate) fn exact_search() -> ExactSearch {
    static SEARCH: LazyLock<ExactSearch> = LazyLock::new(|| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build();
        ExactSearch::new().with_pool(Arc::new(pool.expect("three threads")))
    });
    SEARCH.clone()
}

/// What the bytes stand for.
#[derive(Debug)]
struct Case {
    schema: Schema,
    batches: Vec<Batch>,
    questions: Vec<Question>,
}

/// Answers a batch of queries with every kernel over two stores of one content, which lend it in
/// one block and in many.
///
/// # Panics
/// When an answer differs from the model's by a bit.
pub fn top_k_vs_naive(data: &[u8]) {
    let Ok(case) = case(data) else {
        return;
    };
    let mut model = Model::new(case.schema.clone());
    let stores: [Box<dyn Store>; 2] = [
        Box::new(MemoryStore::new(case.schema.clone())),
        Box::new(NaiveStore::new(case.schema.clone())),
    ];
    for batch in &case.batches {
        let expected = model.apply(batch).is_ok();
        for store in &stores {
            assert_eq!(store.apply(batch).is_ok(), expected, "{batch:?}");
        }
    }
    let queries: Vec<Query<'_>> = case.questions.iter().map(Question::query).collect();
    let expected: Result<Vec<Vec<Hit>>, iqdb_core::Error> =
        queries.iter().map(|query| model.search(query)).collect();
    // Reused, as a caller would, so that what one search leaves in them meets the next.
    let mut hits = vec![Hits::new(); queries.len()];
    for store in &stores {
        let snapshot = store.snapshot().expect("a snapshot in memory");
        for kernel in Kernel::ALL {
            let search = exact_search().with_kernel(kernel);
            let found = search.search(&*snapshot, &queries, &mut hits, &mut Scratch::new());
            match (found, &expected) {
                (Ok(_), Ok(expected)) => {
                    for ((query, hits), expected) in queries.iter().zip(&hits).zip(expected) {
                        assert_same(&hits.to_vec(), expected, kernel, query, &case);
                    }
                }
                (Err(found), Err(expected)) => {
                    assert_eq!(found.kind(), expected.kind(), "{kernel}: {case:#?}");
                    assert!(hits.iter().all(Hits::is_empty), "hits beside an error: {case:#?}");
                }
                (found, expected) => {
                    panic!("{kernel}: expected {expected:?}, found {found:?}: {case:#?}")
                }
            }
        }
    }
}

fn assert_same(found: &[Hit], expected: &[Hit], kernel: Kernel, query: &Query<'_>, case: &Case) {
    let same = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| {
            found.id == expected.id
                && found.distance.to_bits() == expected.distance.to_bits()
                && found.payload == expected.payload
        });
    assert!(same, "{kernel}: expected {expected:?}, found {found:?} for {query:?} in {case:#?}");
}

fn case(data: &[u8]) -> Result<Case> {
    let mut from = Unstructured::new(data);
    let schema = entropy::schema(&mut from, DIM_MAX)?;
    let count = from.int_in_range(1..=3_u8)?;
    let questions = (0..count).map(|_| question(&mut from, &schema)).collect::<Result<_>>()?;
    let mut batches = Vec::new();
    let mut records = 0;
    while !from.is_empty() && records < RECORDS_MAX {
        // Mostly records, and now and then a batch that may delete or be refused.
        batches.push(match from.int_in_range(0..=7_u8)? {
            7 => entropy::batch(&mut from, &schema)?,
            _ => {
                let id = entropy::id(&mut from)?;
                Batch::new().upsert(entropy::record(&mut from, &schema, id)?)
            }
        });
        records += 1;
    }
    Ok(Case { schema, batches, questions })
}

/// A question that may be refused.
fn question(from: &mut Entropy<'_>, schema: &Schema) -> Result<Question> {
    let flaw = from.int_in_range(0..=31_u8)?;
    let field = entropy::field(from, schema)?;
    let vector = match flaw {
        28 => entropy::misfit(from, field.kind())?,
        29 => entropy::any_vector(from, field.kind())?,
        _ => entropy::vector(from, field.kind())?,
    };
    let goal = match flaw {
        30 => Goal::Within { distance: f64::NAN, limit: 1 },
        31 => Goal::Nearest { k: 0 },
        _ => entropy::goal(from)?,
    };
    let question = entropy::question(field, vector, goal)?;
    let question = match from.int_in_range(0..=7_u8)? {
        0..=4 => question,
        5..=6 => question.with_filter(entropy::valid_filter(from, schema)?),
        _ => question.with_filter(entropy::filter(from, 3)?),
    };
    let payload = from.arbitrary()?;
    let threads = match flaw {
        27 => 0,
        _ => from.int_in_range(1..=3)?,
    };
    Ok(question.with_payload(payload).with_threads(threads))
}

/// Random bytes that stand for what their names say.
pub(crate) fn seeds() -> Vec<Seed> {
    // Records in the end, and the queries that are asked of them.
    let held = |data: &[u8]| {
        let case = case(data).ok()?;
        let mut model = Model::new(case.schema.clone());
        for batch in &case.batches {
            let _ = model.apply(batch);
        }
        let answers: Result<Vec<_>, _> =
            case.questions.iter().map(|question| model.search(&question.query())).collect();
        Some((case, model.len(), answers))
    };
    vec![
        seed::drawn("ties", 400, |data| {
            held(data).is_some_and(|(_, _, answers)| {
                answers.is_ok_and(|answers| {
                    answers.iter().any(|hits| {
                        hits.windows(2).any(|pair| pair[0].distance == pair[1].distance)
                    })
                })
            })
        }),
        seed::drawn("long-vectors", 700, |data| {
            held(data).is_some_and(|(case, records, answers)| {
                case.schema.fields()[0].kind().dim() > Some(16) && records > 3 && answers.is_ok()
            })
        }),
        seed::drawn("several-fields", 400, |data| {
            held(data).is_some_and(|(case, records, answers)| {
                let answered = |answers: Vec<Vec<Hit>>| answers.iter().all(|hits| !hits.is_empty());
                case.schema.fields().len() > 1 && records > 3 && answers.is_ok_and(answered)
            })
        }),
        seed::drawn("filtered-on-three-threads", 400, |data| {
            held(data).is_some_and(|(case, records, answers)| {
                let query = case.questions[0].query();
                answers.is_ok_and(|answers| !answers[0].is_empty())
                    && records > 4
                    && query.filter().is_some()
                    && query.threads() == 3
            })
        }),
        seed::drawn("refused", 100, |data| {
            held(data).is_some_and(|(_, records, answers)| records > 1 && answers.is_err())
        }),
    ]
}
