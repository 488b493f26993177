//! The generator: draws random operations, with weights that are drawn anew for each history.
//!
//! Leaving some operations out of a history altogether finds what an even mixture hides: a
//! history without deletes grows large, one without upserts of old ids has no dead rows.

pub(crate) mod corpus;
pub(crate) mod filters;
pub(crate) mod hybrid;
pub(crate) mod interesting;
pub(crate) mod operation;
pub(crate) mod pool;
pub(crate) mod script;
pub(crate) mod seed;
pub(crate) mod vectors;
pub(crate) mod weights;

use fastrand::Rng;
use iqdb_core::limits::ID_BYTES_MAX;
use iqdb_core::{
    Batch, Change, Field, Filter, Goal, Metric, NamedVector, Payload, Query, Record, RecordId,
    Result, Rows, Schema, Version,
};

use crate::Model;
use corpus::Distribution;
use operation::{Operation, Question};
use pool::Pool;
use script::Script;
use weights::Weights;

const DIMS: [usize; 5] = [1, 2, 3, 8, 17];

/// The number of operations in the history of this seed. Most histories are short, because the
/// whole store is checked after each step of a short one. A few are long, because some defects take
/// many records.
pub(crate) fn steps(seed: u64) -> usize {
    match seed % 10 {
        0..7 => 100,
        7..9 => 500,
        _ => 3_000,
    }
}

/// The schema of the history of this seed: a simple one, or one of the other shapes. Ten seeds have
/// histories of every length, and the next ten swap the two.
fn schema(seed: u64, shapes: &[Schema]) -> Result<Schema> {
    let turn = usize::try_from(seed / 2).unwrap_or(0);
    if (seed + seed / 10).is_multiple_of(2) || shapes.is_empty() {
        let turn = turn % 15;
        return Schema::new(DIMS[turn / 3], Metric::OF_NUMBERS[turn % 3]);
    }
    Ok(shapes[turn % shapes.len()].clone())
}

/// The history of this seed. It follows from the seed alone, from the shapes that the store holds,
/// and from whether it reopens.
pub(crate) fn history(seed: u64, shapes: &[Schema], reopens: bool) -> Result<Script> {
    let schema = schema(seed, shapes)?;
    let mut rng = Rng::with_seed(seed);
    let mut generator = Generator::new(&mut rng, &schema, reopens, steps(seed));
    if Pool::is_for(seed) {
        generator.pool = Some(Pool::draw(&mut rng));
    }
    let mut model = Model::new(schema.clone());
    let mut operations = Vec::new();
    for _ in 0..steps(seed) {
        let operation = generator.next(&mut rng, &model)?;
        operation.apply_to(&mut model)?;
        operations.push(operation);
    }
    Ok(Script::new(schema, operations))
}

/// Draws the operations of one history.
#[derive(Debug)]
struct Generator {
    schema: Schema,
    /// The share of the fields that records lack, in percent.
    gaps: u32,
    operations: Weights<9>,
    changes: Weights<9>,
    distributions: Weights<3>,
    hot_ids: Vec<RecordId>,
    cold_ids: u64,
    /// What half of the histories draw from, too.
    pool: Option<Pool>,
}

impl Generator {
    fn new(rng: &mut Rng, schema: &Schema, reopens: bool, steps: usize) -> Self {
        let reopen = if reopens { 2 } else { 0 };
        let distributions = Weights::thinned(rng, [4, 3, 2]).rotated_right(rng.usize(..3));
        // A longer history has room for more records.
        let cold_ids = (10 << rng.u8(..4)) * (steps as u64 / 300).max(1);
        let hot = rng.u64(..cold_ids);
        Self {
            schema: schema.clone(),
            gaps: corpus::gaps(schema).max([0, 0, 25, 70][rng.usize(..4)]),
            operations: Weights::thinned(rng, [40, 3, 6, 4, 12, 4, 3, 2, reopen]),
            changes: Weights::thinned(rng, [20, 10, 8, 6, 4, 1, 4, 4, 1]),
            distributions,
            // Neighbours are of different kinds and share their texts.
            hot_ids: (hot..hot + 4).map(corpus::id).collect(),
            cold_ids,
            pool: None,
        }
    }

    /// The pool, for a third of what is drawn.
    fn pool(&self, rng: &mut Rng) -> Option<&Pool> {
        self.pool.as_ref().filter(|_| rng.u8(..3) == 0)
    }

    fn filter(&self, rng: &mut Rng) -> Filter {
        // Some values of the pool are none that a filter takes.
        let drawn = self.pool(rng).map(|pool| pool.filter(rng));
        drawn.filter(|filter| filter.check().is_ok()).unwrap_or_else(|| filters::random(rng))
    }

    fn payload(&self, rng: &mut Rng, mut payload: Payload) -> Payload {
        if let Some(pool) = self.pool(rng) {
            pool.fill(rng, &mut payload);
        }
        payload
    }

    fn next(&self, rng: &mut Rng, model: &Model) -> Result<Operation> {
        Ok(match self.operations.choose(rng) {
            0 => Operation::Apply(self.batch(rng, model)?),
            1 => Operation::DeleteWhere(self.filter(rng)),
            2 => Operation::Get(self.id(rng)),
            3 => Operation::Count(self.filter(rng)),
            4 => {
                let questions = 0..[1, 1, 3, 17][rng.usize(..4)];
                let questions = questions.filter_map(|_| {
                    let field = self.field(rng)?;
                    Some(self.question(rng, model, field))
                });
                Operation::Search(questions.collect::<Result<_>>()?)
            }
            5 => Operation::KeepSnapshot,
            6 => Operation::CheckSnapshots,
            7 => Operation::Flush,
            _ => Operation::Reopen { after_kill: rng.bool() },
        })
    }

    fn id(&self, rng: &mut Rng) -> RecordId {
        if let Some(pool) = self.pool(rng) {
            pool.id(rng)
        } else if rng.bool() {
            self.hot_ids[rng.usize(..self.hot_ids.len())].clone()
        } else {
            corpus::id(rng.u64(..self.cold_ids))
        }
    }

    fn distribution(&self, rng: &mut Rng) -> Distribution {
        Distribution::ALL[self.distributions.choose(rng)]
    }

    fn record(&self, rng: &mut Rng, id: RecordId) -> Result<Record> {
        let distribution = self.distribution(rng);
        let mut record = corpus::record(rng, &self.schema, id, distribution, self.gaps)?;
        record.payload = self.payload(rng, record.payload);
        Ok(record)
    }

    fn batch(&self, rng: &mut Rng, model: &Model) -> Result<Batch> {
        let mut changes = Vec::new();
        for _ in 0..rng.usize(0..=8) {
            changes.push(self.change(rng)?);
        }
        if rng.u8(..12) == 0 {
            changes.insert(rng.usize(0..=changes.len()), self.bad_change(rng)?);
        }
        let batch: Batch = changes.into_iter().collect();
        let Version(current) = model.version();
        Ok(match rng.u8(..16) {
            0..=1 => batch.expect_version(Version(current)),
            2 => batch.expect_version(Version(current + 1)),
            3 => batch.expect_version(Version(current.saturating_sub(1))),
            _ => batch,
        })
    }

    fn change(&self, rng: &mut Rng) -> Result<Change> {
        let id = self.id(rng);
        Ok(match self.changes.choose(rng) {
            0 => Change::Upsert(self.record(rng, id)?),
            1 => Change::Delete(id),
            2 => {
                let payload = corpus::payload(rng);
                Change::SetPayload(id, self.payload(rng, payload))
            }
            3 => Change::SetVectors(id, self.some_vectors(rng)?),
            4 => Change::InsertIfAbsent(self.record(rng, id)?),
            5 => Change::Insert(self.record(rng, id)?),
            6 => {
                let patch = corpus::patch(rng);
                Change::MergePayload(id, self.payload(rng, patch))
            }
            7 => Change::UpsertRows(self.rows(rng)?.into()),
            _ => Change::DeleteWhere(self.filter(rng)),
        })
    }

    /// A few rows, some of them with one id.
    fn rows(&self, rng: &mut Rng) -> Result<Rows> {
        let mut rows = Rows::new(&self.schema);
        for _ in 0..rng.usize(0..=6) {
            let id = self.id(rng);
            rows.push(&self.record(rng, id)?)?;
        }
        Ok(rows)
    }

    /// Vectors for some of the fields, and `None` for others.
    fn some_vectors(&self, rng: &mut Rng) -> Result<Vec<NamedVector>> {
        let mut vectors = Vec::new();
        for field in vectors::fields(&self.schema) {
            let distribution = self.distribution(rng);
            let name = field.name().to_owned().into();
            match rng.u8(..4) {
                0 => vectors.push((name, None)),
                1..3 => {
                    let vector = vectors::vector(rng, field.kind(), distribution)?;
                    vectors.push((name, Some(vector)));
                }
                _ => {}
            }
        }
        Ok(vectors)
    }

    fn bad_change(&self, rng: &mut Rng) -> Result<Change> {
        let id = self.id(rng);
        let turn = rng.u8(..7);
        if let (0..4, Some(field)) = (turn, self.field(rng)) {
            let (kind, record) = (field.kind(), self.record(rng, id)?);
            return Ok(Change::Upsert(match turn {
                0 => record.with_vector(field.name().to_owned(), vectors::too_long(kind)?)?,
                1 if kind.metric().is_some_and(Metric::needs_direction) => {
                    record.with_vector(field.name().to_owned(), vectors::zeros(kind)?)?
                }
                2 => {
                    record.with_vector(field.name().to_owned(), vectors::of_another_kind(kind)?)?
                }
                _ => record.with_vector("no such field", vectors::ones(kind)?)?,
            }));
        }
        Ok(match turn {
            4 => Change::Delete("x".repeat(ID_BYTES_MAX + 1).into()),
            5 => Change::SetPayload(id, Payload::new().with("x", f64::INFINITY)),
            _ => Change::Upsert(self.record(rng, id)?.with("", "an empty key")),
        })
    }

    fn field(&self, rng: &mut Rng) -> Option<&Field> {
        rng.choice(vectors::fields(&self.schema).collect::<Vec<_>>())
    }

    fn question(&self, rng: &mut Rng, model: &Model, field: &Field) -> Result<Question> {
        let distribution = self.distribution(rng);
        let vector = vectors::vector(rng, field.kind(), distribution)?;
        let limit = [1, 2, 10, model.len() + 1, usize::MAX][rng.usize(..5)];
        let filter = (rng.u8(..3) == 0).then(|| self.filter(rng));
        let goal = if rng.u8(..3) == 0 {
            // At exactly the distance of some record, where it matters that this is inclusive.
            let nearest = Query::nearest(vector.as_ref(), usize::MAX).with_field(field.name());
            let ranked = model.search(&nearest)?;
            let distance = match ranked.len() {
                0 => 1.0,
                len => ranked[rng.usize(..len)].distance,
            };
            Goal::Within { distance, limit }
        } else {
            Goal::Nearest { k: limit }
        };
        Ok(Question {
            vector,
            field: (field.name() != Field::DEFAULT).then(|| field.name().to_owned()),
            goal,
            filter,
            payload: rng.bool(),
            threads: [1, 1, 2, 7][rng.usize(..4)],
        })
    }
}
