//! The batches that `Store::apply_within` refuses. A refused batch changes nothing.

use iqdb_core::limits::{
    ID_BYTES_MAX, KEY_BYTES_MAX, LIST_LEN_MAX, PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX,
    PAYLOAD_KEYS_MAX,
};
use iqdb_core::{
    Batch, Change, ErrorKind, Map, Metric, Payload, Record, RecordId, Result, Schema, StoreExt,
    Value, Version,
};

use crate::check::exact::{assert_is, assert_record};
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::{Harness, Outcome};

fn schema() -> Result<Schema> {
    Schema::new(3, Metric::Cosine)
}

fn record(id: impl Into<RecordId>) -> Result<Record> {
    Record::new(id, [1.0, 2.0, 3.0])
}

fn long_id() -> String {
    "x".repeat(ID_BYTES_MAX + 1)
}

pub(super) fn a_batch_with_one_bad_change_changes_nothing(harness: &Harness) -> Result<Outcome> {
    let half = |key: &str| Payload::new().with(key, "x".repeat(PAYLOAD_BYTES_MAX / 2));
    let bad = [
        // What is found only once the changes before it are known.
        (Change::Insert(record(3)?), ErrorKind::AlreadyExists),
        (Change::MergePayload(4.into(), half("other")), ErrorKind::InvalidPayload),
        (Change::Upsert(Record::new(1, [1.0, 2.0])?), ErrorKind::DimensionMismatch),
        (Change::Upsert(Record::new(1, [0.0; 3])?), ErrorKind::InvalidVector),
        (Change::Upsert(record(long_id())?), ErrorKind::InvalidId),
        (Change::Delete(long_id().into()), ErrorKind::InvalidId),
        (Change::SetPayload(long_id().into(), Payload::new()), ErrorKind::InvalidId),
        (Change::Upsert(record(1)?.with("x", f64::NAN)), ErrorKind::InvalidPayload),
        (Change::SetPayload(1.into(), Payload::new().with("", 1)), ErrorKind::InvalidPayload),
    ];
    let good = [
        Change::Upsert(record("new")?.with("n", 1)),
        Change::Upsert(Record::new(1, [3.0, 2.0, 1.0])?),
        Change::Delete(2.into()),
        Change::SetPayload(3.into(), Payload::new().with("n", 2)),
    ];
    let large = record(4)?.with_payload(half("one"));
    let before = [record(1)?.with("n", 0), record(2)?, record(3)?.with("n", 0), large];
    let mut pair = Differential::of(harness, &schema()?, before)?;
    let snapshot = pair.site.snapshot()?;
    for (change, kind) in bad {
        for position in 0..=good.len() {
            let mut changes = good.to_vec();
            changes.insert(position, change.clone());
            pair.refuses(&changes.into_iter().collect(), kind)?;
        }
    }
    pair.check_snapshot(&*snapshot, &pair.model)?;
    let applied = pair.apply(&good.into_iter().collect())?;
    assert_is!(applied.version, Version(2), "the version after the first good batch");
    pair.check()?;
    Ok(Outcome::Kept)
}

pub(super) fn an_unexpected_version_is_a_conflict(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    for current in 0..4 {
        // Also those that a narrower number can't tell from the current one.
        let alike = [8, 16, 32, 63].map(|bits| current + (1 << bits));
        for expected in [0, 1, 2, 3, 4, u64::MAX].into_iter().chain(alike) {
            if expected == current {
                continue;
            }
            let batch = Batch::new().expect_version(Version(expected));
            let conflict = ErrorKind::VersionConflict;
            pair.refuses(&batch, conflict)?;
            pair.refuses(&batch.clone().delete("nobody"), conflict)?;
            pair.refuses(&batch.clone().upsert(record(1)?.with("n", 1)), conflict)?;
            pair.refuses(&batch.delete(1), conflict)?;
        }
        let current = Version(current);
        pair.apply(&Batch::new().expect_version(current))?;
        pair.apply(&Batch::new().expect_version(current).upsert(record(1)?))?;
        pair.check()?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn a_wrong_dimension_is_refused(harness: &Harness) -> Result<Outcome> {
    for metric in Metric::OF_NUMBERS {
        for dim in [1, 3, 8, 17] {
            let mut pair = Differential::new(harness, &Schema::new(dim, metric)?)?;
            for state in ["empty", "not empty", "emptied"] {
                for wrong in [1, dim - 1, dim + 1, 2 * dim, 2 * dim + 8] {
                    if wrong == dim || wrong == 0 {
                        continue;
                    }
                    let batch = Batch::new().upsert(Record::new(9, vec![1.0; wrong])?);
                    let error = pair.site.apply(&batch).err();
                    let named = error.as_ref().and_then(|error| error.id().cloned());
                    assert_is!(
                        named,
                        Some(9.into()),
                        "the record at fault, by the error {error:?} of a store that is {state}"
                    );
                    pair.refuses(&batch, ErrorKind::DimensionMismatch)?;
                }
                pair.apply(&match state {
                    "empty" => Batch::new().upsert(Record::new(1, vec![1.0; dim])?),
                    _ => Batch::new().delete(1),
                })?;
            }
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn a_zero_vector_is_refused_where_the_metric_needs_a_direction(
    harness: &Harness,
) -> Result<Outcome> {
    for metric in Metric::OF_NUMBERS {
        for dim in [1, 3, 9] {
            let mut pair = Differential::new(harness, &Schema::new(dim, metric)?)?;
            let mut zeros = [vec![0.0; dim], vec![-0.0; dim], vec![0.0; dim]];
            zeros[2][dim - 1] = -0.0;
            for (n, zero) in (0..).zip(zeros) {
                let batch = Batch::new().upsert(Record::new(n, zero)?);
                if metric.needs_direction() {
                    pair.refuses(&batch, ErrorKind::InvalidVector)?;
                } else {
                    pair.apply(&batch)?;
                }
            }
            // The smallest vector that isn't zero has a direction.
            let mut tiny = vec![0.0; dim];
            tiny[dim - 1] = -f32::from_bits(1);
            pair.apply(&Batch::new().upsert(Record::new("tiny", tiny)?))?;
            pair.check()?;
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn ids_are_limited_in_length(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    let two_bytes = "\u{e9}".repeat(ID_BYTES_MAX / 2);
    for good in [
        String::new(),
        "x".repeat(ID_BYTES_MAX - 1),
        "x".repeat(ID_BYTES_MAX),
        format!("{}y", "x".repeat(ID_BYTES_MAX - 1)),
        "\0".repeat(ID_BYTES_MAX),
        two_bytes.clone(),
    ] {
        let batch = Batch::new().upsert(record(&*good)?).set_payload(&*good, Payload::new());
        let applied = pair.apply(&batch)?;
        assert_is!(applied.inserted, 1, "inserted, of an id of {} bytes", good.len());
    }
    pair.check()?;
    for bad in [long_id(), format!("{two_bytes}x"), "x".repeat(1 << 20)] {
        pair.refuses(&Batch::new().upsert(record(&*bad)?), ErrorKind::InvalidId)?;
        pair.refuses(&Batch::new().delete(&*bad), ErrorKind::InvalidId)?;
        let set = Batch::new().set_payload(&*bad, Payload::new());
        pair.refuses(&set, ErrorKind::InvalidId)?;
    }
    Ok(Outcome::Kept)
}

/// The shapes of payloads at the limits, by the number that is limited.
mod shaped {
    use super::*;

    pub(super) fn named(bytes: usize) -> Payload {
        Payload::new().with("x".repeat(bytes), 1)
    }

    pub(super) fn wide(keys: usize) -> Payload {
        (0..keys).map(|n| (n.to_string(), n as f64)).collect()
    }

    pub(super) fn listed(len: usize) -> Payload {
        Payload::new().with("x", vec![true; len])
    }

    /// With the text that fills it, together with one byte of key and eight of value.
    pub(super) fn heavy(bytes: usize) -> Payload {
        Payload::new().with("x", "y".repeat(bytes - 9))
    }

    pub(super) fn one(value: Value) -> Payload {
        Payload::new().with("x", value)
    }

    /// A map, and lists in it.
    pub(super) fn deep(depth: usize) -> Payload {
        let lists = (2..depth).fold(Value::from(1), |value, _| vec![value].into());
        one(Map::new().with("x", lists).into())
    }

    pub(super) fn inner(map: Map) -> Payload {
        one(vec![Value::from(map)].into())
    }
}

/// Payloads at the limits and within them.
pub(super) fn allowed_payloads() -> Vec<Payload> {
    use shaped::{deep, heavy, inner, listed, named, wide};
    vec![
        Payload::new(),
        named(1),
        named(KEY_BYTES_MAX - 1),
        named(KEY_BYTES_MAX),
        Payload::new().with("\u{e9}".repeat(KEY_BYTES_MAX / 2), "\0"),
        wide(PAYLOAD_KEYS_MAX - 1),
        wide(PAYLOAD_KEYS_MAX),
        listed(0),
        listed(LIST_LEN_MAX - 1),
        listed(LIST_LEN_MAX),
        heavy(PAYLOAD_BYTES_MAX - 1),
        heavy(PAYLOAD_BYTES_MAX),
        inner(Map::new().with("x".repeat(KEY_BYTES_MAX), 1)),
        inner(wide(PAYLOAD_KEYS_MAX).into()),
        inner(Map::new().with("y", "z".repeat(PAYLOAD_BYTES_MAX - 26))),
        deep(PAYLOAD_DEPTH_MAX),
        Payload::new().with("x", [f64::MAX, f64::MIN, f64::from_bits(1), -0.0]),
        Payload::new().with("x", [i64::MIN, i64::MAX]).with("X", "").with("y", false),
    ]
}

pub(super) fn payloads_are_limited(harness: &Harness) -> Result<Outcome> {
    use shaped::{deep, heavy, inner, listed, named, one, wide};
    let bad = [
        named(0),
        named(KEY_BYTES_MAX + 1),
        Payload::new().with("\u{e9}".repeat(KEY_BYTES_MAX / 2 + 1), 1),
        wide(PAYLOAD_KEYS_MAX + 1),
        listed(LIST_LEN_MAX + 1),
        heavy(PAYLOAD_BYTES_MAX + 1),
        one(f64::NAN.into()),
        one(f64::INFINITY.into()),
        one(vec![Value::from(1), f64::NEG_INFINITY.into()].into()),
        inner(Map::new().with("y", f64::NAN)),
        inner(Map::new().with("", 1)),
        inner(Map::new().with("x".repeat(KEY_BYTES_MAX + 1), 1)),
        inner(wide(PAYLOAD_KEYS_MAX + 1).into()),
        inner(Map::new().with("y", "z".repeat(PAYLOAD_BYTES_MAX - 25))),
        deep(PAYLOAD_DEPTH_MAX + 1),
        deep(PAYLOAD_DEPTH_MAX + 2),
        deep(10_000),
    ];
    let mut pair =
        Differential::of(harness, &schema()?, [record("set")?, record("kept")?.with("x", 1)])?;
    for (n, payload) in (0..).zip(allowed_payloads()) {
        let upserted = record(n)?.with_payload(payload.clone());
        pair.apply(&Batch::new().upsert(upserted.clone()).set_payload("set", payload.clone()))?;
        assert_record(pair.site.get(&n.into())?.as_ref(), Some(&upserted), "get");
        let set = record("set")?.with_payload(payload);
        assert_record(pair.site.get(&"set".into())?.as_ref(), Some(&set), "get");
        // Large payloads would make every later check of the whole store slow.
        pair.apply(&Batch::new().delete(n).set_payload("set", Payload::new()))?;
    }
    pair.check()?;
    for payload in bad {
        let kind = ErrorKind::InvalidPayload;
        let upsert = |id| record(id).map(|record: Record| record.with_payload(payload.clone()));
        pair.refuses(&Batch::new().upsert(upsert("new")?), kind)?;
        pair.refuses(&Batch::new().upsert(upsert("kept")?), kind)?;
        pair.refuses(&Batch::new().set_payload("kept", payload.clone()), kind)?;
        pair.refuses(&Batch::new().set_payload("nobody", payload.clone()), kind)?;
    }
    let small = corpus::records(&schema()?, 9, Distribution::Smooth, 1)?;
    pair.apply(&small.into_iter().fold(Batch::new(), Batch::upsert))?;
    pair.check()?;
    Ok(Outcome::Kept)
}
