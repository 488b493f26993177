//! Records with vectors, terms and texts, many of them alike, and questions about all of these.

use fastrand::Rng;
use iqdb_core::text::TextQuery;
use iqdb_core::{
    Analyzer, Batch, Computation, DateTime, Field, FieldKind, Input, Metric, Payload, Record,
    RecordId, Result, Schema, Value, Vector,
};

use super::corpus;
use crate::Harness;
use crate::differential::Differential;

const WORDS: [&str; 6] = ["the", "fox", "red", "dog", "lazy", "rare"];

/// The first of these schemas that the backend holds, without text where `texts` says so: vectors, terms and
/// texts; vectors and terms; two fields of vectors; one.
pub(crate) fn schema(harness: &Harness, texts: bool) -> Result<Schema> {
    let vectors = || Schema::builder().dense("vector", 2, Metric::Euclidean);
    let terms = || vectors().sparse("terms", Metric::Dot);
    let shapes = [
        terms().text("body", Analyzer::words()).build()?,
        terms().build()?,
        vectors().dense("image", 2, Metric::Dot).build()?,
    ];
    let limits = harness.limits()?;
    let is_held = |schema: &Schema| {
        limits.check(schema).is_ok() && (texts || schema.computed_fields().next().is_none())
    };
    shapes.into_iter().find(is_held).map_or_else(|| vectors().build(), Ok)
}

fn words(rng: &mut Rng, most: usize) -> String {
    let word = |rng: &mut Rng| WORDS[rng.usize(..WORDS.len()).min(rng.usize(..WORDS.len()))];
    let count = 1 + rng.usize(..most);
    (0..count).map(|_| word(rng)).collect::<Vec<_>>().join(" ")
}

/// A vector that has few different values, so that many distances are equal.
fn vector(rng: &mut Rng, kind: FieldKind) -> Result<Vector> {
    if matches!(kind, FieldKind::Sparse { .. }) {
        let indices: Vec<u32> = (0..6).filter(|_| rng.u8(..3) == 0).chain([7]).collect();
        let weights: Vec<f32> = indices.iter().map(|_| f32::from(1 + rng.u8(..3))).collect();
        return Vector::sparse(indices, weights);
    }
    Vector::try_from([f32::from(rng.u8(..6)), f32::from(rng.u8(..4))])
}

/// A record that may lack each of the fields. Some have a group, and some are in many; most have numbers and a
/// date.
pub(crate) fn record(rng: &mut Rng, schema: &Schema, id: RecordId) -> Result<Record> {
    let n = i64::from(rng.u8(..4));
    let mut payload = Payload::new().with("n", n);
    if n > 0 {
        // 2026-11-01 and some times 10 hours.
        let posted = DateTime::from_micros((1793491200 + n * 36_000) * 1_000_000)?;
        payload.insert("posted", posted);
        payload.insert("marks", vec![Value::Int(n), Value::Float(3.0 - n as f64)]);
    }
    if rng.u8(..6) > 0 {
        payload.insert("body", words(rng, 6));
    }
    match rng.u8(..8) {
        0 => {}
        1 => payload.insert("author", vec![author(rng), author(rng), Value::Null]).map_or((), drop),
        2 => payload.insert("author", Payload::new().as_map().clone()).map_or((), drop),
        _ => payload.insert("author", author(rng)).map_or((), drop),
    }
    let mut record = Record::without_vector(id).with_payload(payload);
    for field in schema.fields().iter().filter(|field| !field.kind().is_computed()) {
        if rng.u8(..8) > 0 {
            record.set_vector(field.name().to_owned(), Some(vector(rng, field.kind())?));
        }
    }
    Ok(record)
}

/// Names, numbers and dates; a few of them are frequent, and some are equal in another form.
fn author(rng: &mut Rng) -> Value {
    match rng.u8(..9) {
        0..=2 => "ann".into(),
        3..=4 => "bob".into(),
        5 => 7_i64.into(),
        6 => 7.0.into(),
        7 => true.into(),
        _ => format!("author {}", rng.u8(..6)).into(),
    }
}

/// A store and a model after many writes, which leave dead rows where a backend keeps any.
pub(crate) fn written<'a>(
    harness: &'a Harness,
    schema: &Schema,
    count: u64,
    seed: u64,
) -> Result<Differential<'a>> {
    let mut rng = Rng::with_seed(seed);
    let mut pair = Differential::new(harness, schema)?;
    for first in (0..count).step_by(9) {
        let records =
            (first..count.min(first + 9)).map(|n| record(&mut rng, schema, corpus::id(n)));
        let records = records.collect::<Result<Vec<_>>>()?;
        pair.apply(&records.into_iter().fold(Batch::new(), Batch::upsert))?;
    }
    for n in 0..count / 2 {
        let id = corpus::id(rng.u64(..count));
        let batch = Batch::new();
        pair.apply(&match n % 3 {
            0 => batch.delete(id),
            1 => batch.set_payload(&id, record(&mut rng, schema, id.clone())?.payload),
            _ => batch.upsert(record(&mut rng, schema, id)?),
        })?;
    }
    Ok(pair)
}

/// A question about a field.
#[derive(Debug)]
pub(crate) enum Asked {
    Vector(Vector),
    Text(TextQuery),
}

impl Asked {
    pub(crate) fn of(rng: &mut Rng, field: &Field) -> Result<Self> {
        match field.kind() {
            FieldKind::Computed(Computation::Text(analyzer)) => {
                TextQuery::parse(&words(rng, 3), analyzer).map(Self::Text)
            }
            kind => vector(rng, kind).map(Self::Vector),
        }
    }

    pub(crate) fn input(&self) -> Input<'_> {
        match self {
            Self::Vector(vector) => vector.as_ref().into(),
            Self::Text(text) => text.into(),
        }
    }
}
