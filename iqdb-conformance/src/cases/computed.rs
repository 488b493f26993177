//! Computed fields: their columns follow the payloads, whatever writes those, and when they are added.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use iqdb_core::{
    Analyzer, Batch, Budget, ErrorKind, Field, Filter, Hits, Metric, Payload, Query, Record,
    Result, Rows, Schema, Scratch, StoreExt, Value, Vector, Version,
};

use super::added_fields;
use crate::check::check_rows_computed;
use crate::check::exact::assert_is;
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::shapes::{self, COMPUTED};
use crate::threads::{Job, Writers, run_concurrently};
use crate::{Harness, Outcome};

const NOT_KEPT: Outcome = Outcome::NotPromised("it keeps no computed fields");

fn computed(name: &str) -> Result<Field> {
    Field::new(name, COMPUTED)
}

/// A field of the terms of what `source` leads to.
fn text(name: &str, source: &str) -> Result<Field> {
    Field::text(name, Analyzer::words())?.with_source(source)
}

/// Values of a key, those that a computed field has bytes of and others.
fn values() -> Vec<Value> {
    vec![
        "".into(),
        "one".into(),
        vec!["a", "", "Three three, a"].into(),
        vec!["many"; 300].into(),
        Value::List(iqdb_core::List::default()),
        vec![Value::from(1), "é".into(), vec!["nested"].into()].into(),
        "x".repeat(70_000).into(),
        Value::Null,
        7.into(),
    ]
}

/// Compacts a store that can.
pub(super) fn compact(pair: &Differential<'_>) -> Result<()> {
    let Some(maintenance) = pair.site.maintenance() else { return Ok(()) };
    match maintenance.compact(Budget::new(), &mut ()) {
        Err(error) if error.kind() == ErrorKind::NotSupported => Ok(()),
        compacted => compacted,
    }
}

pub(super) fn computed_columns_are_made_of_the_payloads(harness: &Harness) -> Result<Outcome> {
    if !harness.limits()?.computed() {
        return Ok(NOT_KEPT);
    }
    let schema = shapes::computed()?;
    let mut pair = Differential::new(harness, &schema)?;
    let of = |value: &Value| Payload::new().with("tags", value.clone()).with("other", 1);
    for (n, value) in (0_u64..).zip(values()) {
        let record = |id: u64| -> Result<Record> {
            Ok(Record::new(id, [1.0, n as f32, 0.0])?.with_payload(of(&value)))
        };
        let rows = Rows::of_records(&schema, &[record(100 + n)?, record(200 + n)?])?;
        let vector = Some(Vector::try_from([2.0, 1.0, 0.0])?);
        for batch in [
            // A batch of upserts alone, and one with other statements.
            Batch::new().upsert(record(n)?).upsert_rows(rows.clone()),
            Batch::new().delete(200 + n).upsert_rows(rows).insert_if_absent(record(300 + n)?),
            // Each id takes each value in turn, in place of the one before.
            Batch::new().set_payload(0, of(&value)),
            Batch::new().merge_payload(1, of(&value)),
            Batch::new().upsert(record(2)?),
            Batch::new().set_vectors(3, [("vector".into(), vector)]),
            Batch::new().merge_payload(100 + n, Payload::new().with("other", Value::Null)),
            Batch::new().set_payload(4, of(&value)).delete_where(Filter::has("tags").not()),
        ] {
            let (before, model) = (pair.site.snapshot()?, pair.model.clone());
            pair.apply(&batch)?;
            pair.check()?;
            pair.check_snapshot(&*before, &model)?;
        }
        compact(&pair)?;
        pair.check()?;
        if pair.site.reopens() {
            pair.site.reopen()?;
            pair.check()?;
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn computed_fields_take_no_vectors(harness: &Harness) -> Result<Outcome> {
    if !harness.limits()?.computed() {
        return Ok(NOT_KEPT);
    }
    let schema = shapes::computed()?;
    let mut pair = Differential::after_churn(harness, &schema, 24, Distribution::Smooth)?;
    for vector in [Vector::try_from([1.0])?, Vector::sparse([1], [1.0])?, Vector::try_from([1_i8])?]
    {
        let record = Record::without_vector("new").with_vector("tags", vector.clone())?;
        let kind = ErrorKind::ElementMismatch;
        pair.refuses(&Batch::new().upsert(record), kind)?;
        let set = |vector| [("tags".into(), vector)];
        pair.refuses(&Batch::new().set_vectors(corpus::id(0), set(Some(vector.clone()))), kind)?;
        pair.refuses(&Batch::new().set_vectors(corpus::id(0), set(None)), kind)?;
        // Rows with a field of vectors under the name.
        let other = Schema::builder().sparse("tags", Metric::Dot).build()?;
        let sparse = Vector::sparse([1], [1.0])?;
        let row = Record::without_vector("new").with_vector("tags", sparse)?;
        pair.refuses(&Batch::new().upsert_rows(Rows::of_records(&other, &[row])?), kind)?;
        let query = Query::nearest(vector.as_ref(), 3).with_field("tags");
        let (snapshot, mut hits) = (pair.site.snapshot()?, [Hits::new()]);
        let found = pair.search().search(&*snapshot, &[query], &mut hits, &mut Scratch::new());
        assert_refused(found, kind, format_args!("a search for {vector:?} in a computed field"));
    }
    Ok(Outcome::Kept)
}

pub(super) fn an_added_computed_field_has_every_record(harness: &Harness) -> Result<Outcome> {
    if !harness.limits()?.computed() {
        return Ok(NOT_KEPT);
    }
    for schema in [Schema::new(3, Metric::Euclidean)?, shapes::computed()?] {
        let mut pair = Differential::after_churn(harness, &schema, 300, Distribution::Smooth)?;
        let dense = schema.fields().iter().find(|field| !field.kind().is_computed());
        let dense = dense.map(|field| Field::new("dense", field.kind())).transpose()?;
        let fields = [Some(computed("lang")?), dense, Some(text("in", "in.x")?)];
        for (n, field) in (0..).zip(fields.into_iter().flatten()) {
            let (before, model) = (pair.site.snapshot()?, pair.model.clone());
            added_fields::add(&mut pair, &field)?;
            pair.check()?;
            pair.check_snapshot(&*before, &model)?;
            added_fields::write(&mut pair, 30, n)?;
            pair.check()?;
            compact(&pair)?;
            pair.check()?;
            pair.check_snapshot(&*before, &model)?;
            if pair.site.reopens() {
                drop(before);
                pair.site.reopen()?;
                pair.check()?;
            }
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn a_computed_field_is_added_whole_or_not_at_all(harness: &Harness) -> Result<Outcome> {
    if !harness.limits()?.computed() {
        return Ok(NOT_KEPT);
    }
    let schema = Schema::new(3, Metric::Euclidean)?;
    let limits = harness.limits()?;
    // Cancelled at once, and once more than a little is done.
    for done_before in [0, 1] {
        let mut pair = Differential::after_churn(harness, &schema, 300, Distribution::Smooth)?;
        let cancel = AtomicBool::new(false);
        let mut hears = |done: u64, _: u64| {
            if done >= done_before {
                cancel.store(true, Ordering::Relaxed);
            }
        };
        let budget = Budget::new().with_cancel(&cancel);
        match pair.site.add_field(computed("lang")?, budget, &mut hears) {
            // It was decided before it saw the flag.
            Ok(version) => {
                assert_is!(
                    version,
                    pair.model.add_field(computed("lang")?, limits)?,
                    "the version"
                );
            }
            found => {
                assert_refused(found, ErrorKind::Cancelled, "add_field, cancelled");
            }
        }
        pair.check()?;
        compact(&pair)?;
        pair.check()?;
        // Nothing of it comes back in the fields that take its place.
        for field in [computed("tags")?, Field::new("dense", schema.fields()[0].kind())?] {
            added_fields::add(&mut pair, &field)?;
            pair.check()?;
        }
        added_fields::write(&mut pair, 12, 1)?;
        pair.check()?;
        if pair.site.reopens() {
            pair.site.reopen_after_kill()?;
            pair.check()?;
        }
    }
    Ok(Outcome::Kept)
}

/// The payload that a writer gives a record at a time.
fn payload_at(n: u64) -> Payload {
    let values = values();
    let value = values[usize::try_from(n).unwrap_or(0) % 5].clone();
    Payload::new().with("body", value).with("n", n.cast_signed())
}

/// Writes that a writer makes, each of them one version, on records that no other writer touches.
fn writes_of(writer: u64, n: u64) -> Result<Batch> {
    let id = |n: u64| writer * 1_000 + n % 40;
    Ok(match n % 4 {
        0..2 => Batch::new()
            .upsert(Record::new(id(n), [1.0, 2.0])?.with_payload(payload_at(n + writer))),
        2 => Batch::new()
            .upsert(Record::new(id(n), [3.0, 4.0])?)
            .set_payload(id(n / 2), payload_at(n))
            .merge_payload(id(n), payload_at(n)),
        _ => Batch::new()
            .upsert(Record::new(id(n + 1), [0.0, 1.0])?)
            .delete(id(n + 1))
            .upsert(Record::new(id(n + 2), [0.0, 1.0])?.with_payload(payload_at(n))),
    })
}

pub(super) fn a_computed_field_is_added_beside_writers(harness: &Harness) -> Result<Outcome> {
    const WRITES: u64 = 120;
    if !harness.limits()?.computed() {
        return Ok(NOT_KEPT);
    }
    let schema = Schema::new(2, Metric::Euclidean)?;
    let mut pair = Differential::new(harness, &schema)?;
    let many = (10_000..10_400_u64)
        .map(|id| Ok(Record::new(id, [1.0, 1.0])?.with_payload(payload_at(id))));
    let many: Vec<Record> = many.collect::<Result<_>>()?;
    for some in many.chunks(50) {
        pair.apply(&some.iter().cloned().fold(Batch::new(), Batch::upsert))?;
    }
    let (writers, store) = (Writers::new(3), &*pair.site);
    let mut jobs: Vec<Job<'_, ()>> = Vec::new();
    for writer in 0..2 {
        let guard = writers.guard();
        jobs.push(Box::new(move || {
            let _guard = guard;
            (0..WRITES).try_for_each(|n| {
                // The field is added meanwhile, on a machine with few cores, too.
                thread::sleep(Duration::from_micros(250));
                store.apply(&writes_of(writer, n)?).map(drop)
            })
        }));
    }
    let guard = writers.guard();
    jobs.push(Box::new(move || {
        let _guard = guard;
        store.add_field(computed("body")?, Budget::new(), &mut ())?;
        store.add_field(text("n", "body")?, Budget::new(), &mut ()).map(drop)
    }));
    jobs.push(Box::new(|| {
        let mut version = Version(0);
        while !writers.are_done() {
            let snapshot = store.snapshot()?;
            assert!(snapshot.version() >= version, "a snapshot goes back");
            version = snapshot.version();
            check_rows_computed(&*snapshot)?;
        }
        Ok(())
    }));
    run_concurrently(jobs)?;
    let limits = harness.limits()?;
    for field in [computed("body")?, text("n", "body")?] {
        pair.model.add_field(field, limits)?;
    }
    for (writer, n) in (0..2).flat_map(|writer| (0..WRITES).map(move |n| (writer, n))) {
        pair.model.apply(&writes_of(writer, n)?)?;
    }
    pair.check()?;
    if pair.site.reopens() {
        pair.site.reopen_after_kill()?;
        pair.check()?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn computed_fields_outlive_the_process(harness: &Harness) -> Result<Outcome> {
    if !harness.limits()?.computed() {
        return Ok(NOT_KEPT);
    }
    for schema in [Schema::new(3, Metric::Euclidean)?, shapes::computed()?] {
        let mut pair = Differential::after_churn(harness, &schema, 60, Distribution::Smooth)?;
        if !(pair.site.capabilities().durable() && pair.site.reopens()) {
            return Ok(Outcome::NotPromised("it is not durable"));
        }
        pair.run(|pair| {
            for (n, field) in (0..).zip([computed("lang")?, text("in", "in.x")?]) {
                added_fields::add(pair, &field)?;
                pair.site.reopen_after_kill()?;
                pair.check()?;
                added_fields::write(pair, 9, n)?;
                pair.site.reopen_after_kill()?;
                pair.check()?;
                compact(pair)?;
                added_fields::write(pair, 3, n)?;
                pair.site.reopen()?;
                pair.check()?;
            }
            Ok(())
        })?;
    }
    Ok(Outcome::Kept)
}
