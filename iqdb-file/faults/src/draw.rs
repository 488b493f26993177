//! Records and batches at random: few ids, so that many are replaced, deleted and missed.

use fastrand::Rng;
use iqdb_core::{Batch, Payload, Record, RecordId, Result, Schema, Uuid, Value};

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

/// A record of this schema, with a payload or without.
///
/// # Errors
/// None that this schema could give.
pub(crate) fn record(rng: &mut Rng, schema: &Schema, id: RecordId) -> Result<Record> {
    let vector: Vec<f32> = (0..schema.dim()).map(|_| rng.f32() + 0.25).collect();
    Ok(Record::new(id, vector)?.with_payload(payload(rng)))
}

fn payload(rng: &mut Rng) -> Payload {
    let mut payload = Payload::new();
    for _ in 0..rng.usize(..4) {
        let value: Value = match rng.u8(..6) {
            0 => Value::Null,
            1 => rng.bool().into(),
            2 => rng.i64(..).into(),
            3 => rng.f64().into(),
            4 => (0..rng.usize(..60)).map(|_| rng.alphanumeric()).collect::<String>().into(),
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
        batch = match rng.u8(..8) {
            0 | 1 => batch.delete(id),
            2 => batch.set_payload(id, payload(rng)),
            _ => batch.upsert(record(rng, schema, id)?),
        };
    }
    Ok(batch)
}

/// Two numbers as one that looks like neither.
pub(crate) fn mixed(a: u64, b: u64) -> u64 {
    Rng::with_seed(a.rotate_left(32) ^ b.wrapping_mul(0x9E37_79B9_7F4A_7C15)).u64(..)
}
