//! Durability: the content that outlives the process. `n/a` for a store that doesn't promise it. A
//! failure says after which batch and which reopening it arose.

use fastrand::Rng;
use iqdb_core::limits::{FIELD_NAME_BYTES_MAX, ID_BYTES_MAX, SPARSE_TERMS_MAX};
use iqdb_core::{
    Batch, Element, ErrorKind, FieldKind, IdRef, Metric, Page, Record, Result, Rows, Schema,
    Vector, Version,
};

use super::refusals;
use crate::check::exact::{assert_is, assert_record};
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::generate::vectors;
use crate::shapes::{self, Held};
use crate::{Harness, Outcome};

const NOT_DURABLE: Result<Outcome> = Ok(Outcome::NotPromised("it is not durable"));

fn schema() -> Result<Schema> {
    Schema::new(3, Metric::Cosine)
}

/// An empty store that can be reopened, if that is promised.
fn pair<'a>(harness: &'a Harness, schema: &Schema) -> Result<Option<Differential<'a>>> {
    let pair = Differential::new(harness, schema)?;
    // `capabilities_never_change` fails for a store that promises durability without a `Place`.
    let is_durable = pair.site.capabilities().durable() && pair.site.reopens();
    Ok(is_durable.then_some(pair))
}

/// Calls `check` with an empty store of the simple schema, of one with every kind of field, and of
/// one without any, if reopening is promised.
fn each_shape<'a>(
    harness: &'a Harness,
    check: impl Fn(&mut Differential<'a>, &Schema) -> Result<()>,
) -> Result<Outcome> {
    let shapes = vec![schema()?, shapes::every_kind()?, Schema::builder().build()?];
    let held = Held::of(harness, shapes)?;
    for schema in &held.schemas {
        let Some(mut pair) = pair(harness, schema)? else { return NOT_DURABLE };
        pair.run(|pair| check(pair, schema))?;
    }
    Ok(held.outcome())
}

/// Batches of every sort, all of them with an effect.
fn batches(schema: &Schema, seed: u64) -> Result<Vec<Batch>> {
    let records = corpus::records(schema, 30, Distribution::Extreme, seed)?;
    let mut batches: Vec<Batch> = records
        .chunks(4)
        .map(|some| some.iter().cloned().fold(Batch::new(), Batch::upsert))
        .collect();
    let (first, second) = (&records[0], &records[1]);
    batches.push(Batch::new().set_payload(&first.id, second.payload.clone()));
    batches.push(Batch::new().delete(&second.id));
    batches.push(Batch::new().delete(&first.id).upsert(first.clone()));
    Ok(batches)
}

pub(super) fn acknowledged_writes_outlive_the_process(harness: &Harness) -> Result<Outcome> {
    each_shape(harness, |pair, schema| {
        for batch in batches(schema, 1)? {
            pair.apply(&batch)?;
            pair.site.reopen_after_kill()?;
            pair.check()?;
        }
        Ok(())
    })
}

pub(super) fn reopening_keeps_version_and_content(harness: &Harness) -> Result<Outcome> {
    each_shape(harness, |pair, schema| {
        pair.site.reopen()?;
        pair.check()?;
        for (n, batch) in (1..).zip(batches(schema, 2)?) {
            pair.apply(&batch)?;
            if n % 2 == 0 {
                pair.site.flush()?;
            }
            pair.site.reopen()?;
            assert_is!(pair.site.snapshot()?.version(), Version(n), "the version after reopening");
            pair.check()?;
            // The version goes on from there: the store refuses a batch that expects the one before.
            let next = Batch::new().expect_version(Version(n - 1)).delete("nobody");
            pair.refuses(&next, ErrorKind::VersionConflict)?;
        }
        Ok(())
    })
}

pub(super) fn reopening_twice_changes_nothing(harness: &Harness) -> Result<Outcome> {
    each_shape(harness, |pair, schema| {
        for batch in batches(schema, 3)? {
            pair.apply(&batch)?;
        }
        for _ in 0..3 {
            pair.site.reopen()?;
            pair.check()?;
        }
        for _ in 0..3 {
            pair.site.reopen_after_kill()?;
            pair.check()?;
        }
        Ok(())
    })
}

pub(super) fn writes_after_a_kill_are_kept_too(harness: &Harness) -> Result<Outcome> {
    let Some(mut pair) = pair(harness, &schema()?)? else { return NOT_DURABLE };
    pair.run(|pair| {
        for seed in 0..4 {
            for batch in batches(&schema()?, seed)? {
                pair.apply(&batch)?;
            }
            // An incomplete write at the end of a file must not hide later writes behind it.
            pair.site.reopen_after_kill()?;
            pair.apply(&Batch::new().upsert(Record::new(seed, [1.0, 2.0, 3.0])?))?;
            pair.site.reopen()?;
            pair.check()?;
        }
        Ok(())
    })?;
    Ok(Outcome::Kept)
}

pub(super) fn a_refused_batch_leaves_no_trace_on_reopening(harness: &Harness) -> Result<Outcome> {
    let Some(mut pair) = pair(harness, &schema()?)? else { return NOT_DURABLE };
    let good = || Record::new("good", [1.0, 2.0, 3.0]);
    pair.run(|pair| {
        for after_kill in [false, true] {
            let stale = Batch::new().expect_version(Version(u64::MAX)).upsert(good()?);
            pair.refuses(&stale, ErrorKind::VersionConflict)?;
            let short = Batch::new().upsert(good()?).upsert(Record::new("short", [1.0])?);
            pair.refuses(&short, ErrorKind::DimensionMismatch)?;
            if after_kill {
                pair.site.reopen_after_kill()?;
            } else {
                pair.site.reopen()?;
            }
            pair.check()?;
            pair.apply(&Batch::new().upsert(Record::new("other", [3.0, 2.0, 1.0])?))?;
        }
        Ok(())
    })?;
    Ok(Outcome::Kept)
}

/// A vector of the largest dimension, or with the most terms.
fn largest(kind: FieldKind) -> Result<Vector> {
    let count = u32::try_from(SPARSE_TERMS_MAX).unwrap_or(u32::MAX);
    match kind {
        FieldKind::Sparse { .. } => {
            let indices: Vec<u32> = (0..count).map(|n| n * 3 + n / 7).collect();
            let weights: Vec<f32> = (0..count).map(|n| n as f32 + 0.5).collect();
            Vector::sparse(indices, weights)
        }
        kind => vectors::vector(&mut Rng::with_seed(3), kind, Distribution::Smooth),
    }
}

pub(super) fn what_is_at_the_limits_outlives_the_process(harness: &Harness) -> Result<Outcome> {
    let long = |last: &str| format!("{}{last}", "f".repeat(FIELD_NAME_BYTES_MAX - 1));
    let limits = harness.limits()?;
    let dense = |element| limits.dim(element);
    let mut fields = Schema::builder()
        .dense(long("a"), dense(Element::F32), Metric::Dot)
        .dense(long("b"), dense(Element::Binary), Metric::Hamming)
        .element(Element::Binary);
    if limits.sparse_terms() == SPARSE_TERMS_MAX {
        fields = fields.sparse(long("c"), Metric::Dot);
    }
    let schema = fields.build()?;
    if limits.check(&schema).is_err() {
        return Ok(Outcome::NotPromised("its limits hold no such fields"));
    }
    let Some(mut pair) = pair(harness, &schema)? else { return NOT_DURABLE };
    let id = |last: &str| format!("{}{last}", "i".repeat(ID_BYTES_MAX - 1));
    let mut full = Record::without_vector(id("a"));
    for field in schema.fields() {
        full.set_vector(field.name().to_owned(), Some(largest(field.kind())?));
    }
    let mut batches = vec![Batch::new().upsert(full).upsert(Record::without_vector(id("b")))];
    for (n, payload) in (0_u64..).zip(refusals::allowed_payloads()) {
        batches.push(Batch::new().upsert(Record::without_vector(n).with_payload(payload)));
    }
    let check = |pair: &Differential<'_>| -> Result<()> {
        let snapshot = pair.site.snapshot()?;
        assert_is!(snapshot.version(), pair.model.version(), "the version");
        assert_is!(snapshot.len(), pair.model.len() as u64, "the length");
        for record in pair.model.records() {
            let found = pair.site.get(&record.id)?;
            assert_record(found.as_ref(), Some(record), "what is at a limit, reopened");
        }
        Ok(())
    };
    for (n, batch) in batches.iter().enumerate() {
        pair.apply(batch)?;
        match n % 3 {
            0 => pair.site.reopen_after_kill()?,
            1 => pair.site.reopen()?,
            _ => {}
        }
        assert_is!(pair.site.snapshot()?.len(), pair.model.len() as u64, "the length");
    }
    check(&pair)?;
    pair.site.reopen_after_kill()?;
    check(&pair)?;
    pair.apply(&Batch::new().delete("nobody").upsert(Record::without_vector("more")))?;
    pair.site.reopen()?;
    check(&pair)?;
    Ok(Outcome::Kept)
}

pub(super) fn large_batches_outlive_the_process(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::builder().build()?;
    if harness.limits()?.check(&schema).is_err() {
        return Ok(Outcome::NotPromised("its limits hold no schema without fields"));
    }
    let Some(mut pair) = pair(harness, &schema)? else { return NOT_DURABLE };
    for (first, count) in [(0, 255_u64), (1_000, 256), (2_000, 257), (10_000, 65_537)] {
        let many =
            |offset: u64| (0..count).map(move |n| Record::without_vector(first + offset + n));
        pair.apply(&many(0).fold(Batch::new(), Batch::upsert))?;
        // Half of them go, one by one, and come back as rows.
        pair.apply(&(0..count).fold(Batch::new(), |batch, n| batch.delete(first + n - n % 2)))?;
        let rows: Vec<Record> = many(count / 2).collect();
        pair.apply(&Batch::new().upsert_rows(Rows::of_records(&schema, &rows)?))?;
        // Others, of which nothing comes back later.
        pair.apply(&many(300_000).fold(Batch::new(), Batch::upsert))?;
    }
    // And few changes of many bytes.
    let text = "y".repeat(1_000_000);
    let heavy = (0..4).map(|n| Record::without_vector(n).with("x", text.as_str()));
    pair.apply(&heavy.fold(Batch::new(), Batch::upsert))?;
    for _ in 0..2 {
        pair.site.reopen_after_kill()?;
        for id in (0..4_u64).map(Into::into) {
            assert_record(pair.site.get(&id)?.as_ref(), pair.model.get(&id), "of a heavy batch");
        }
        let snapshot = pair.site.snapshot()?;
        assert_is!(snapshot.version(), pair.model.version(), "the version");
        let mut rows = Rows::new(&schema);
        snapshot.scroll(&Page::new(200_000), &mut rows)?;
        let found = rows.ids().iter().map(IdRef::to_id);
        let expected = pair.model.records().map(|record| record.id.clone());
        assert!(found.eq(expected), "the ids of {} records, reopened", pair.model.len());
    }
    Ok(Outcome::Kept)
}
