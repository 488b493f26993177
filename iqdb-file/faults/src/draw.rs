//! Schemas, records and batches at random: few ids, so that many are replaced, deleted and missed.

use fastrand::Rng;
use iqdb_core::{
    Batch, Computation, Element, Field, FieldKind, Filter, Limits, Metric, NamedVector, Payload,
    Record, RecordId, Result, Schema, Uuid, Value, Vector, bf16, f16,
};

/// How many ids there are.
const IDS: u64 = 40;

/// One of the ids, of any kind.
pub(crate) fn id(rng: &mut Rng) -> RecordId {
    nth_id(rng.u64(..IDS))
}

fn nth_id(n: u64) -> RecordId {
    match n % 5 {
        0 => format!("doc-{n}").into(),
        1 => Uuid::from_u128(u128::from(n) << 64 | 7).into(),
        _ => n.into(),
    }
}

/// One dense field of `f32`, or up to five fields of any kinds; some schemas have a computed field
/// besides.
///
/// # Errors
/// None: all kinds are valid.
pub(crate) fn schema(rng: &mut Rng) -> Result<Schema> {
    let schema = schema_of_vectors(rng)?;
    match rng.u8(..6) {
        0 => Limits::default().add_field(&schema, computed("text")?),
        _ => Ok(schema),
    }
}

/// The computed fields that can be added to a schema.
///
/// # Errors
/// None: their names are free.
pub(crate) fn later_fields(schema: &Schema) -> Result<Vec<Field>> {
    let is_free = |name: &&str| schema.field(name).is_err();
    ["text", "lang"].into_iter().filter(is_free).map(computed).collect()
}

/// A field that core computes of the payload's key of its name.
fn computed(name: &'static str) -> Result<Field> {
    Field::new(name, FieldKind::Computed(Computation::TextLengths))
}

fn schema_of_vectors(rng: &mut Rng) -> Result<Schema> {
    if rng.u8(..2) == 0 {
        return Schema::new([1, 2, 3, 8, 17][rng.usize(..5)], metric(rng));
    }
    rich_schema(rng)
}

/// Up to five fields of any kinds.
fn rich_schema(rng: &mut Rng) -> Result<Schema> {
    let fields = (0..rng.usize(..6)).map(|n| {
        let element = Element::ALL[rng.usize(..Element::ALL.len())];
        let dim = [1, 5, 33][rng.usize(..3)];
        let kind = match rng.u8(..5) {
            0 => FieldKind::Sparse { metric: Metric::Dot },
            _ if element == Element::Binary => {
                let metric = [Metric::Hamming, Metric::Jaccard][rng.usize(..2)];
                FieldKind::Dense { dim, metric, element }
            }
            _ => FieldKind::Dense { dim, metric: metric(rng), element },
        };
        Field::new(format!("field {n}"), kind)
    });
    Schema::from_fields(fields.collect::<Result<Vec<_>>>()?)
}

fn metric(rng: &mut Rng) -> Metric {
    [Metric::Cosine, Metric::Dot, Metric::Euclidean][rng.usize(..3)]
}

/// A record of this schema, with a payload or without. Of several fields, it may lack some.
///
/// # Errors
/// None that this schema could give.
pub(crate) fn record(rng: &mut Rng, schema: &Schema, id: RecordId) -> Result<Record> {
    let lacks = if rng.bool() { 4 } else { 0 };
    let mut record = Record::without_vector(id);
    for field in schema.fields().iter().filter(|field| !field.kind().is_computed()) {
        if rng.u8(..8) >= lacks {
            record.set_vector(field.name().to_owned(), Some(vector(rng, field.kind())?));
        }
    }
    Ok(record.with_payload(payload(rng)))
}

/// A vector that is not all zeros.
fn vector(rng: &mut Rng, kind: FieldKind) -> Result<Vector> {
    let (Some(dim), Some(element)) = (kind.dim(), kind.element()) else {
        let mut indices: Vec<u32> = (0..rng.usize(1..7)).map(|_| rng.u32(..50)).collect();
        indices.sort_unstable();
        indices.dedup();
        let weights: Vec<f32> = indices.iter().map(|_| rng.f32() - 1.25).collect();
        return Vector::sparse(indices, weights);
    };
    let numbers: Vec<f32> = (0..dim).map(|_| rng.f32() + 0.25).collect();
    match element {
        Element::F16 => numbers.into_iter().map(f16::from_f32).collect::<Vec<_>>().try_into(),
        Element::BF16 => numbers.into_iter().map(bf16::from_f32).collect::<Vec<_>>().try_into(),
        Element::I8 => (0..dim).map(|_| rng.i8(1..)).collect::<Vec<_>>().try_into(),
        Element::Binary => {
            let mut bytes: Vec<u8> = (0..dim.div_ceil(8)).map(|_| rng.u8(..) | 0x80).collect();
            if let Some(last) = bytes.last_mut() {
                // Spare bits are 0.
                *last &= u8::MAX << (dim.next_multiple_of(8) - dim);
            }
            Vector::binary(dim, bytes)
        }
        _ => numbers.try_into(),
    }
}

fn payload(rng: &mut Rng) -> Payload {
    let mut payload = Payload::new();
    for _ in 0..rng.usize(..4) {
        let mut text = || (0..rng.usize(..60)).map(|_| rng.alphanumeric()).collect::<String>();
        let texts = [text(), text()];
        let value: Value = match rng.u8(..7) {
            0 => Value::Null,
            1 => rng.bool().into(),
            2 => rng.i64(..).into(),
            3 => rng.f64().into(),
            4 => texts[0].clone().into(),
            5 => texts.to_vec().into(),
            _ => vec![rng.i64(..9), 1].into(),
        };
        payload.insert(["lang", "year", "text"][rng.usize(..3)], value);
    }
    payload
}

/// A batch of some changes, most of them upserts.
///
/// # Errors
/// None that this schema could give.
pub(crate) fn batch(rng: &mut Rng, schema: &Schema) -> Result<Batch> {
    let mut batch = Batch::new();
    // Large batches take another way.
    let changes = if rng.u8(..4) == 0 { rng.usize(8..40) } else { rng.usize(1..5) };
    for _ in 0..changes {
        let id = id(rng);
        batch = match rng.u8(..32) {
            0..8 => batch.delete(id),
            8..12 => batch.set_payload(id, payload(rng)),
            12 => batch.insert_if_absent(record(rng, schema, id)?),
            13 => batch.set_vectors(id, vectors(rng, schema)?),
            15 => batch.merge_payload(id, payload(rng)),
            14 => batch.delete_where(Filter::eq("year", rng.bool())),
            _ => batch.upsert(record(rng, schema, id)?),
        };
    }
    Ok(batch)
}

/// A vector of some fields, and the absence of others.
fn vectors(rng: &mut Rng, schema: &Schema) -> Result<Vec<NamedVector>> {
    let mut vectors = Vec::new();
    for field in schema.fields().iter().filter(|field| !field.kind().is_computed()) {
        if rng.bool() {
            let vector = if rng.bool() { Some(vector(rng, field.kind())?) } else { None };
            vectors.push((field.name().to_owned().into(), vector));
        }
    }
    Ok(vectors)
}

/// Two numbers as one that looks like neither.
pub(crate) fn mixed(a: u64, b: u64) -> u64 {
    Rng::with_seed(a.rotate_left(32) ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15)).u64(..)
}
