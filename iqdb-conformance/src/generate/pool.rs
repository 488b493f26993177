//! The pool of a history: a few [`interesting`] ids and values, their neighbours, the longest id, the
//! deepest value, and texts and lists of sizes around powers of two. A history that draws again and again
//! from a few meets them in many combinations.

use fastrand::Rng;
use iqdb_core::limits::ID_BYTES_MAX;
use iqdb_core::{DateTime, Filter, IdRef, Payload, RecordId, Uuid, Value};

use super::{corpus, interesting};

/// The ids and the values of a pool, before their neighbours.
const DRAWN: usize = 10;

/// The largest size of a text or a list. A larger one belongs to the cases about limits: a history
/// compares every value after each step.
const SIZE_MAX: usize = 1_025;

/// What one history draws from beside the [`corpus`].
#[derive(Debug)]
pub(crate) struct Pool {
    ids: Vec<RecordId>,
    values: Vec<Value>,
}

impl Pool {
    /// Whether the history of this seed has a pool: half of all do, of every kind of schema.
    pub(crate) fn is_for(seed: u64) -> bool {
        seed % 4 >= 2
    }

    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let (all_ids, all_values) = (interesting::ids(), interesting::values());
        let mut ids = Vec::new();
        let mut values = vec![corpus::deepest(rng.bool())];
        for _ in 0..DRAWN {
            let id = &all_ids[rng.usize(..all_ids.len())];
            ids.extend([id.clone(), id_beside(rng, id)]);
            let value = &all_values[rng.usize(..all_values.len())];
            values.extend([value.clone(), value_beside(rng, value)]);
        }
        if rng.bool() {
            ids.push("i".repeat(ID_BYTES_MAX).into());
        }
        values.push("\u{e9}".repeat(size(rng) / 2).into());
        values.push((0..size(rng)).map(|n| Value::from(n % 3 == 0)).collect::<Vec<_>>().into());
        ids.retain(|id| id.check().is_ok());
        values.retain(|value| Payload::new().with("x", value.clone()).check().is_ok());
        Self { ids, values }
    }

    pub(crate) fn id(&self, rng: &mut Rng) -> RecordId {
        self.ids[rng.usize(..self.ids.len())].clone()
    }

    pub(crate) fn value(&self, rng: &mut Rng) -> Value {
        self.values[rng.usize(..self.values.len())].clone()
    }

    /// Puts values of the pool where filters look.
    pub(crate) fn fill(&self, rng: &mut Rng, payload: &mut Payload) {
        for key in ["x", "lang", "year"] {
            if rng.bool() {
                payload.insert(key, self.value(rng));
            }
        }
    }

    /// A filter that compares with values and ids of the pool.
    pub(crate) fn filter(&self, rng: &mut Rng) -> Filter {
        let key = ["x", "lang", "year"][rng.usize(..3)];
        match rng.u8(..8) {
            0 => Filter::eq(key, self.value(rng)),
            1 => Filter::ne(key, self.value(rng)),
            2 => Filter::lt(key, self.value(rng)),
            3 => Filter::ge(key, self.value(rng)),
            4 => Filter::contains(key, self.value(rng)),
            5 => Filter::is_in(key, [self.value(rng), self.value(rng), self.value(rng)]),
            6 => Filter::id_in([self.id(rng), self.id(rng), self.id(rng)]),
            _ => match self.value(rng) {
                Value::Text(text) if rng.bool() => Filter::starts_with(key, first_half(&text)),
                Value::Text(text) => Filter::contains_text(key, first_half(&text)),
                value => Filter::le(key, value),
            },
        }
    }
}

/// The size of a text in bytes, or of a list: at a power of two, or one beside it.
fn size(rng: &mut Rng) -> usize {
    let power = 1 << rng.u32(..=SIZE_MAX.ilog2());
    (power + rng.usize(..3)).saturating_sub(1).min(SIZE_MAX)
}

fn first_half(text: &str) -> String {
    let len = text.chars().count();
    text.chars().take(len.div_ceil(2)).collect()
}

/// An id that differs little from this one.
fn id_beside(rng: &mut Rng, id: &RecordId) -> RecordId {
    match id.as_ref() {
        IdRef::Number(number) if rng.bool() => number.wrapping_add(1).into(),
        IdRef::Number(number) => (number ^ 1 << rng.u32(..64)).into(),
        IdRef::Uuid(uuid) => Uuid::from_u128(uuid.as_u128() ^ 1 << rng.u32(..128)).into(),
        IdRef::Text(text) => text_beside(rng, text).into(),
    }
}

/// A value that differs little from this one, or is of another kind and reads the same.
fn value_beside(rng: &mut Rng, value: &Value) -> Value {
    match value {
        Value::Int(int) if rng.bool() => int.wrapping_add(1).into(),
        #[allow(clippy::cast_precision_loss, reason = "that is the neighbour")]
        Value::Int(int) => (*int as f64).into(),
        Value::Float(float) if rng.bool() => (-float).into(),
        Value::Float(float) => float.next_up().into(),
        Value::Text(text) => text_beside(rng, text).into(),
        Value::DateTime(date) => {
            DateTime::from_micros(date.as_micros().saturating_add(1)).unwrap_or(*date).into()
        }
        Value::List(list) => {
            let mut values = list.clone().into_vec();
            match values.pop() {
                Some(last) if rng.bool() => values.extend([last.clone(), last]),
                _ => {}
            }
            values.into()
        }
        Value::Map(map) => map.clone().with("a", Value::Null).into(),
        other => vec![other.clone()].into(),
    }
}

fn text_beside(rng: &mut Rng, text: &str) -> String {
    match rng.u8(..5) {
        0 => text.to_uppercase(),
        1 => format!("{text} "),
        2 => format!("{text}\0"),
        3 => text.chars().take(text.chars().count().saturating_sub(1)).collect(),
        _ => format!("{text}{}", char::from_u32(rng.u32(..0xd800)).unwrap_or('x')),
    }
}
