//! The payloads that rows lend, whole and key by key.

use iqdb_core::filter::MaskPool;
use iqdb_core::limits::{KEY_BYTES_MAX, PAYLOAD_KEYS_MAX};
use iqdb_core::{
    Batch, DateTime, Map, Metric, Payload, PayloadRef, Record, RecordId, Result, RowMask, Schema,
    Snapshot, Value, ValueRef,
};

use crate::cases::blocks::{NO_BLOCKS, has_blocks};
use crate::check::exact::{difference, same_payload};
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::{Harness, Model, Outcome};

/// Calls `check` with every live row: its id, and the payload that its block lends.
fn each_row(
    snapshot: &dyn Snapshot,
    mut check: impl FnMut(RecordId, PayloadRef<'_>) -> Result<()>,
) -> Result<()> {
    let mut alive = RowMask::new();
    let Some(blocks) = snapshot.blocks() else { return Ok(()) };
    for i in 0..blocks.block_count() {
        let block = blocks.block(i)?;
        block.select(0..block.len(), None, &mut alive, &mut MaskPool::default())?;
        for row in alive.rows() {
            check(block.id(row)?.to_id(), block.payload(row)?)?;
        }
    }
    Ok(())
}

/// Panics unless every row lends the payload that its record has in the model.
fn check_payloads(snapshot: &dyn Snapshot, model: &Model) -> Result<()> {
    each_row(snapshot, |id, found| {
        let (found, expected) = (found.to_payload()?, model.get(&id).map(|record| &record.payload));
        assert!(
            expected.is_some_and(|expected| same_payload(&found, expected)),
            "the payload of the row of {id:?}: {}",
            difference(&Some(&found), &expected)
        );
        Ok(())
    })
}

/// Keys that an imprecise lookup confuses with each other or with an absent one.
fn names() -> Vec<String> {
    let plain =
        ["a", "A", "aa", "a ", " a", "a.b", "a.B", "\0", "a\0", "é", "e\u{301}", "and", "`"];
    let longest = "x".repeat(KEY_BYTES_MAX);
    let almost = "x".repeat(KEY_BYTES_MAX - 1);
    plain.into_iter().map(String::from).chain([longest, almost]).collect()
}

/// One record per shape of a payload: no key, one key, all or half of the similar keys, the
/// largest number of keys, and each kind of value.
fn shapes(schema: &Schema) -> Result<Vec<Record>> {
    let mut payloads = vec![Payload::new()];
    let alike = |from: usize, step: usize| -> Payload {
        names().into_iter().zip(0_i64..).skip(from).step_by(step).collect()
    };
    payloads.extend([alike(0, 1), alike(0, 2), alike(1, 2)]);
    payloads.extend(names().into_iter().map(|name| Payload::new().with(name, 1)));
    payloads.push((0..PAYLOAD_KEYS_MAX).map(|n| (format!("key {n}"), n.to_string())).collect());
    let values = [
        Value::Null,
        false.into(),
        i64::MIN.into(),
        (-0.0).into(),
        5e-324.into(),
        "".into(),
        "x\0y".repeat(5_000).into(),
        DateTime::MIN.into(),
        DateTime::MAX.into(),
        Value::from(Vec::<Value>::new()),
        vec![1.into(), 1.0.into(), (-0.0).into(), Value::Null, "1".into()].into(),
        Map::new().into(),
        names().into_iter().zip(0_i64..).collect::<Map>().into(),
        corpus::deepest(false),
        corpus::deepest(true),
    ];
    payloads.extend(values.iter().map(|value| Payload::new().with("a", value.clone())));
    payloads.push(values.into_iter().zip(names()).map(|(value, name)| (name, value)).collect());
    let mut rng = fastrand::Rng::with_seed(1);
    (0..)
        .zip(payloads)
        .map(|(n, payload)| {
            let vector = corpus::vector(&mut rng, corpus::only_kind(schema), Distribution::Smooth)?;
            Ok(Record::new(corpus::id(n), vector)?.with_payload(payload))
        })
        .collect()
}

fn schema() -> Result<Schema> {
    Schema::new(2, Metric::Dot)
}

pub(super) fn row_payloads_are_as_of_their_snapshot(harness: &Harness) -> Result<Outcome> {
    if !has_blocks(harness)? {
        return Ok(NO_BLOCKS);
    }
    let mut pair = Differential::after_churn(harness, &schema()?, 40, Distribution::Smooth)?;
    let mut kept = vec![(pair.site.snapshot()?, pair.model.clone())];
    for n in 0..60_i64 {
        let payload = Payload::new().with("n", n).with(format!("only {n}"), true);
        // Each record is written several times, so that it has had several payloads.
        pair.apply(&Batch::new().set_payload(corpus::id(n.cast_unsigned() % 20), payload))?;
        kept.push((pair.site.snapshot()?, pair.model.clone()));
    }
    for (snapshot, model) in kept.iter().rev().chain(&kept) {
        check_payloads(&**snapshot, model)?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn row_payloads_list_every_key(harness: &Harness) -> Result<Outcome> {
    if !has_blocks(harness)? {
        return Ok(NO_BLOCKS);
    }
    for pair in [
        Differential::of(harness, &schema()?, shapes(&schema()?)?)?,
        Differential::after_churn(harness, &schema()?, 120, Distribution::Smooth)?,
    ] {
        check_payloads(&*pair.site.snapshot()?, &pair.model)?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn row_payloads_find_every_key(harness: &Harness) -> Result<Outcome> {
    if !has_blocks(harness)? {
        return Ok(NO_BLOCKS);
    }
    let names = names();
    for pair in [
        Differential::of(harness, &schema()?, shapes(&schema()?)?)?,
        Differential::after_churn(harness, &schema()?, 120, Distribution::Smooth)?,
    ] {
        each_row(&*pair.site.snapshot()?, |id, found| {
            let expected = pair.model.get(&id).map(|record| record.payload.clone());
            let expected = expected.unwrap_or_default();
            let own = expected.iter().map(|(name, _)| name);
            for name in own.chain(names.iter().map(String::as_str)).chain(["", "lang", "tags"]) {
                // Wrapped in a payload of one key, because `same_payload` compares to the last
                // bit.
                let alone = |value: Option<Value>| -> Payload {
                    value.into_iter().map(|value| (name, value)).collect()
                };
                let found = alone(found.get(name)?.map(ValueRef::to_value));
                let expected = alone(expected.get(name).cloned());
                assert!(
                    same_payload(&found, &expected),
                    "the key {name:?} in the row of {id:?}: {}",
                    difference(&found, &expected)
                );
            }
            Ok(())
        })?;
    }
    Ok(Outcome::Kept)
}
