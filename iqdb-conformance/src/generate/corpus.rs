//! Records to test with: ids of all kinds, [`vectors`] of every kind, payloads of every shape. The
//! same seed gives the same records.

use fastrand::Rng;
use iqdb_core::limits::PAYLOAD_DEPTH_MAX;
use iqdb_core::{
    DateTime, Field, List, Map, Payload, Record, RecordId, Result, Schema, Uuid, Value,
};

use super::vectors;
pub(crate) use super::vectors::{Distribution, ones, only_kind, vector};

/// Id number `n` of an endless sequence that cycles through the kinds of ids. The number, the text
/// and the UUID with the same `n / 4` print alike.
pub(crate) fn id(n: u64) -> RecordId {
    let m = n / 4;
    match n % 4 {
        0 => m.into(),
        1 => m.to_string().into(),
        2 => Uuid::from_u128(m.into()).into(),
        _ => Uuid::from_u128(m.into()).to_string().into(),
    }
}

/// A payload with at most six keys, those that [`filters`](crate::generate::filters) test. The keys `x`
/// and `in` have values of every kind, and each key is absent from some payloads.
pub(crate) fn payload(rng: &mut Rng) -> Payload {
    let mut payload = Payload::new();
    if rng.u8(..4) > 0 {
        payload.insert("lang", ["en", "eng", "de", ""][rng.usize(..4)]);
    }
    if rng.u8(..4) > 0 {
        payload.insert("year", i64::from(rng.u8(..4)) + 2020);
    }
    if rng.bool() {
        let tags: Vec<&str> = ["a", "b", "draft"].into_iter().filter(|_| rng.bool()).collect();
        payload.insert("tags", tags);
    }
    if rng.bool() {
        payload.insert("x", any_value(rng));
    }
    if rng.bool() {
        payload.insert("in", any_map(rng));
    }
    if rng.u8(..8) == 0 {
        // Not the key `x` in the map `in`.
        payload.insert("in.x", 1);
    }
    payload
}

/// A patch to merge, which removes some keys.
pub(crate) fn patch(rng: &mut Rng) -> Payload {
    let mut patch = payload(rng);
    for key in ["lang", "year", "in", "absent"] {
        if rng.u8(..4) == 0 {
            patch.insert(key, Value::Null);
        }
    }
    if rng.u8(..4) == 0 {
        patch.insert("in", Map::new().with("x", Value::Null).with("new", Map::new().with("x", 1)));
    }
    patch
}

/// A map with values of every kind, and a list of maps.
fn any_map(rng: &mut Rng) -> Map {
    let mut map = Map::new();
    if rng.u8(..4) > 0 {
        map.insert("x", any_value(rng));
    }
    if rng.bool() {
        let element = |rng: &mut Rng| match rng.u8(..4) {
            0 => any_value(rng),
            _ => Map::new().with("a", any_value(rng)).into(),
        };
        let len = rng.u8(..4);
        map.insert("list", (0..len).map(|_| element(rng)).collect::<Vec<_>>());
    }
    map
}

/// The first moment of 2025, and a few after it.
pub(crate) fn date(micros: i64) -> DateTime {
    DateTime::from_micros(1_735_689_600_000_000 + micros).unwrap_or(DateTime::MIN)
}

/// A value of lists and maps in turn that is as deep as any; empty at the bottom, or not.
pub(crate) fn deepest(is_empty: bool) -> Value {
    let bottom = if is_empty { Map::new().into() } else { Value::Null };
    (1..PAYLOAD_DEPTH_MAX).fold(bottom, |value, n| match n % 2 {
        0 => vec![value, 1.into()].into(),
        _ => Map::new().with("a", value).with("b", 1).into(),
    })
}

fn any_value(rng: &mut Rng) -> Value {
    match rng.u8(..18) {
        0 => Value::Null,
        1 => true.into(),
        2 => false.into(),
        3 => 1.into(),
        4 => 1.0.into(),
        5 => (-0.0).into(),
        6 => 0.5.into(),
        7 => 9_007_199_254_740_993_i64.into(),
        8 => 9_007_199_254_740_992.0.into(),
        9 => "1".into(),
        10 => vec![1.into(), 1.0.into(), Value::Null, "1".into(), (-0.0).into()].into(),
        11 => vec![[1, 2].into(), Value::from(Map::new().with("a", "en")), date(0).into()].into(),
        12 => date(0).into(),
        13 => date(1).into(),
        14 => Map::new().into(),
        15 => Map::new().with("a", 1).with("$date", "2025-01-01").into(),
        16 => Map::new().with("a", [Map::new().with("a", date(0))]).into(),
        _ => Value::List(List::default()),
    }
}

/// A record that has each field, but for `gaps` percent of them.
pub(crate) fn record(
    rng: &mut Rng,
    schema: &Schema,
    id: RecordId,
    distribution: Distribution,
    gaps: u32,
) -> Result<Record> {
    let mut record = Record::without_vector(id);
    for field in vectors::fields(schema) {
        if rng.u32(..100) >= gaps {
            let vector = vectors::vector(rng, field.kind(), distribution)?;
            record.set_vector(field.name().to_owned(), Some(vector));
        }
    }
    Ok(record.with_payload(payload(rng)))
}

/// The share of the fields that the records of a schema lack, in percent. Only records of one
/// default field lack none.
pub(crate) fn gaps(schema: &Schema) -> u32 {
    match schema.fields() {
        [field] if field.name() == Field::DEFAULT => 0,
        _ => 25,
    }
}

/// Records with ids number `0..count`, in a scrambled order.
pub(crate) fn records(
    schema: &Schema,
    count: u64,
    distribution: Distribution,
    seed: u64,
) -> Result<Vec<Record>> {
    let mut rng = Rng::with_seed(seed);
    let mut ids: Vec<u64> = (0..count).collect();
    rng.shuffle(&mut ids);
    let gaps = gaps(schema);
    ids.into_iter().map(|n| record(&mut rng, schema, id(n), distribution, gaps)).collect()
}
