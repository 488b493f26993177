//! Fields that are added to a store which has records.

use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use iqdb_core::limits::{DIM_MAX, FIELDS_MAX};
use iqdb_core::{
    Batch, Budget, Direction, Element, ErrorKind, Field, FieldKind, Hits, Limits, Metric, Page,
    Parts, Path, Query, Record, Result, Rows, Schema, Scratch, Snapshot, StoreExt, Version,
};

use crate::check::exact::{assert_hits, assert_is, assert_record};
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::generate::vectors;
use crate::shapes::{self, COMPUTED, Held};
use crate::threads::{Job, Writers, run_concurrently};
use crate::{Harness, Outcome};

fn bits(name: &str, dim: usize) -> Result<Field> {
    let metric = Metric::Hamming;
    Field::new(name, FieldKind::Dense { dim, metric, element: Element::Binary })
}

/// A field of each kind, of those that the backend holds, under names that no shape has.
fn fields(limits: Limits) -> Result<Vec<Field>> {
    let dense = |metric, element| FieldKind::Dense { dim: 5, metric, element };
    let kinds = [
        dense(Metric::Cosine, Element::F32),
        FieldKind::Sparse { metric: Metric::Dot },
        dense(Metric::Dot, Element::I8),
        dense(Metric::Jaccard, Element::Binary),
        dense(Metric::Euclidean, Element::F16),
    ];
    let named = (0..).zip(kinds).map(|(n, kind)| Field::new(format!("added {n}"), kind));
    // Core computes it of the key of its name, which some records have.
    let named = named.chain([Field::new("lang", COMPUTED)]);
    let fields: Vec<Field> = named.collect::<Result<_>>()?;
    let is_held = |field: &Field| {
        let alone = Schema::from_fields([field.clone()]);
        alone.is_ok_and(|schema| limits.check(&schema).is_ok())
    };
    Ok(fields.into_iter().filter(is_held).collect())
}

/// Adds a field to the store and to the model.
pub(super) fn add(pair: &mut Differential<'_>, field: &Field) -> Result<()> {
    let limits = pair.site.capabilities().limits();
    let mut last = None;
    let mut hears = |done: u64, of: u64| last = Some((done, of));
    let version = pair.site.add_field(field.clone(), Budget::new(), &mut hears)?;
    assert_is!(version, pair.model.add_field(field.clone(), limits)?, "what add_field returned");
    assert!(last.is_some_and(|(done, of)| done == of), "the last progress: {last:?}");
    Ok(())
}

/// Batches that write records with the fields of the model, and change those that are there.
pub(super) fn write(pair: &mut Differential<'_>, count: u64, seed: u64) -> Result<()> {
    let schema = pair.model.schema().clone();
    for (n, record) in (0..).zip(corpus::records(&schema, count, Distribution::Smooth, seed)?) {
        let vectors: Vec<_> = record
            .vectors()
            .map(|(name, vector)| (name.to_owned().into(), Some(vector.to_vector())))
            .collect();
        pair.apply(&match n % 3 {
            0 => Batch::new().upsert(record),
            1 => Batch::new().set_vectors(corpus::id(2 * n), vectors),
            _ => Batch::new().delete(corpus::id(n / 2)).set_payload(corpus::id(n), record.payload),
        })?;
    }
    Ok(())
}

pub(super) fn adding_a_field_is_a_version_of_its_own(harness: &Harness) -> Result<Outcome> {
    let held = Held::of(harness, shapes::all()?)?;
    let fields = fields(harness.limits()?)?;
    for schema in &held.schemas {
        let mut pair = Differential::after_churn(harness, schema, 24, Distribution::Smooth)?;
        let before = pair.model.version();
        for (n, field) in (1..).zip(&fields) {
            add(&mut pair, field)?;
            assert_is!(pair.site.snapshot()?.version(), Version(before.0 + n), "the version");
            pair.check()?;
            let last = Batch::new().expect_version(Version(before.0 + n - 1)).delete("nobody");
            pair.refuses(&last, ErrorKind::VersionConflict)?;
        }
        let stale = Batch::new().expect_version(before).delete("nobody");
        pair.refuses(&stale, ErrorKind::VersionConflict)?;
    }
    Ok(held.outcome())
}

pub(super) fn older_records_lack_an_added_field(harness: &Harness) -> Result<Outcome> {
    let held = Held::of(harness, shapes::all()?)?;
    let fields = fields(harness.limits()?)?;
    for schema in &held.schemas {
        let mut pair = Differential::after_churn(harness, schema, 24, Distribution::Smooth)?;
        for (n, field) in (0..).zip(&fields) {
            add(&mut pair, field)?;
            pair.check()?;
            write(&mut pair, 9, n)?;
            pair.check()?;
            if let Some(maintenance) = pair.site.maintenance().filter(|_| n % 2 == 0) {
                match maintenance.compact(Budget::new(), &mut ()) {
                    Err(error) if error.kind() == ErrorKind::NotSupported => {}
                    compacted => compacted?,
                }
                pair.check()?;
            }
            if pair.site.reopens() {
                pair.site.reopen()?;
                pair.check()?;
            }
        }
    }
    Ok(held.outcome())
}

pub(super) fn older_snapshots_lack_an_added_field(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(3, Metric::Euclidean)?;
    let mut pair = Differential::after_churn(harness, &schema, 24, Distribution::Smooth)?;
    for field in fields(harness.limits()?)? {
        let (before, model) = (pair.site.snapshot()?, pair.model.clone());
        add(&mut pair, &field)?;
        write(&mut pair, 9, 1)?;
        // Rows that were read there can be written here.
        let mut rows = Rows::new(before.schema());
        before.scroll(&Page::new(5), &mut rows)?;
        pair.apply(&Batch::new().upsert_rows(rows))?;
        pair.check_snapshot(&*before, &model)?;
        if field.kind().is_computed() {
            continue;
        }
        let vector = corpus::ones(field.kind())?;
        let query = Query::nearest(vector.as_ref(), 3).with_field(field.name());
        let search = |on: &dyn Snapshot| {
            harness.search().search(on, &[query], &mut [Hits::new()], &mut Scratch::new())
        };
        let what = "a search of an added field, in the snapshot before";
        assert_refused(search(&*before), ErrorKind::UnknownField, what);
        search(&*pair.site.snapshot()?)?;
        pair.check()?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn a_field_that_cannot_be_added_changes_nothing(harness: &Harness) -> Result<Outcome> {
    let held = Held::of(harness, vec![Schema::new(3, Metric::Dot)?, shapes::every_kind()?])?;
    let limits = harness.limits()?;
    let cancel = AtomicBool::new(true);
    let late = Budget::new().with_deadline(Instant::now());
    let cancelled = Budget::new().with_cancel(&cancel);
    for schema in &held.schemas {
        let mut pair = Differential::after_churn(harness, schema, 12, Distribution::Smooth)?;
        let field = |n: usize| Field::new(format!("number {n}"), schema.fields()[0].kind());
        let mut refused = vec![
            (late, field(0)?, ErrorKind::DeadlineExceeded),
            (cancelled, field(0)?, ErrorKind::Cancelled),
        ];
        for there in schema.fields() {
            refused.push((Budget::new(), there.clone(), ErrorKind::AlreadyExists));
            refused.push((Budget::new(), bits(there.name(), 8)?, ErrorKind::AlreadyExists));
        }
        if limits.sparse_terms() == 0 {
            let sparse = Field::new("sparse", FieldKind::Sparse { metric: Metric::Dot })?;
            refused.push((Budget::new(), sparse, ErrorKind::NotSupported));
        }
        let most = limits.dim(Element::Binary);
        if most < DIM_MAX {
            refused.push((Budget::new(), bits("wide", most + 1)?, ErrorKind::NotSupported));
        }
        for (budget, field, kind) in refused {
            let what = format!("add_field of {field:?}");
            assert_refused(pair.site.add_field(field, budget, &mut ()), kind, what);
            pair.check()?;
        }
        let most = limits.fields();
        for n in schema.fields().len()..most {
            add(&mut pair, &field(n)?)?;
        }
        let kind = match most {
            FIELDS_MAX => ErrorKind::InvalidSchema,
            _ => ErrorKind::NotSupported,
        };
        let found = pair.site.add_field(field(most)?, Budget::new(), &mut ());
        assert_refused(found, kind, "add_field, of one field too many");
        write(&mut pair, 6, 1)?;
        pair.check()?;
        if pair.site.reopens() {
            pair.site.reopen_after_kill()?;
            pair.check()?;
        }
    }
    Ok(held.outcome())
}

pub(super) fn fields_are_added_beside_readers_and_writers(harness: &Harness) -> Result<Outcome> {
    const WRITES: u64 = 40;
    let schema = Schema::new(2, Metric::Euclidean)?;
    let mut pair = Differential::new(harness, &schema)?;
    let field = |n: u64| Field::new(format!("field {n}"), schema.fields()[0].kind());
    let record = |writer: u64, n: u64| Record::new(writer * 1_000 + n, [1.0, n as f32]);
    let fields = (harness.limits()?.fields() as u64).min(6);
    let writers = Writers::new(3);
    let store = &*pair.site;
    let mut jobs: Vec<Job<'_, ()>> = Vec::new();
    for writer in 0..2 {
        let (guard, record) = (writers.guard(), &record);
        jobs.push(Box::new(move || {
            let _guard = guard;
            (0..WRITES).try_for_each(|n| {
                // Fields are added meanwhile, on a machine with few cores, too.
                thread::sleep(Duration::from_micros(250));
                store.upsert(record(writer, n)?).map(drop)
            })
        }));
    }
    let (guard, added) = (writers.guard(), &field);
    jobs.push(Box::new(move || {
        let _guard = guard;
        for n in 1..fields {
            store.add_field(added(n)?, Budget::new(), &mut ())?;
            let named = [(format!("field {n}").into(), Some([7.0, n as f32].try_into()?))];
            store.apply(
                &Batch::new()
                    .upsert(Record::without_vector(9_000 + n))
                    .set_vectors(9_000 + n, named),
            )?;
        }
        Ok(())
    }));
    jobs.push(Box::new(|| {
        let (mut version, mut count) = (Version(0), 1);
        while !writers.are_done() {
            let snapshot = store.snapshot()?;
            let fields = snapshot.schema().fields().len();
            assert!(snapshot.version() >= version && fields >= count, "a snapshot goes back");
            // Each record, of a writer or beside a field, and each added field is one version.
            let expected = Version(snapshot.len() + fields as u64 - 1);
            assert_is!(snapshot.version(), expected, "the version of {fields} fields");
            (version, count) = (snapshot.version(), fields);
        }
        Ok(())
    }));
    run_concurrently(jobs)?;
    let limits = harness.limits()?;
    for n in 1..fields {
        pair.model.add_field(field(n)?, limits)?;
        let named = [(format!("field {n}").into(), Some([7.0, n as f32].try_into()?))];
        let batch =
            Batch::new().upsert(Record::without_vector(9_000 + n)).set_vectors(9_000 + n, named);
        pair.model.apply(&batch)?;
    }
    for (writer, n) in (0..2).flat_map(|writer| (0..WRITES).map(move |n| (writer, n))) {
        pair.model.apply(&Batch::new().upsert(record(writer, n)?))?;
    }
    pair.check()?;
    Ok(Outcome::Kept)
}

pub(super) fn an_added_field_outlives_the_process(harness: &Harness) -> Result<Outcome> {
    let held = Held::of(harness, shapes::all()?)?;
    let fields = fields(harness.limits()?)?;
    for schema in &held.schemas {
        let mut pair = Differential::after_churn(harness, schema, 12, Distribution::Smooth)?;
        if !(pair.site.capabilities().durable() && pair.site.reopens()) {
            return Ok(Outcome::NotPromised("it is not durable"));
        }
        pair.run(|pair| {
            for (n, field) in (0..).zip(&fields) {
                add(pair, field)?;
                pair.site.reopen_after_kill()?;
                pair.check()?;
                write(pair, 3, n)?;
                pair.site.reopen()?;
                pair.check()?;
                // The version goes on from there.
                let stale = Batch::new().expect_version(Version(pair.model.version().0 - 1));
                pair.refuses(&stale.delete("nobody"), ErrorKind::VersionConflict)?;
            }
            Ok(())
        })?;
    }
    Ok(held.outcome())
}

pub(super) fn buffers_follow_the_schema(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(3, Metric::Euclidean)?;
    let mut pair = Differential::after_churn(harness, &schema, 24, Distribution::Smooth)?;
    let mut kept = vec![(pair.site.snapshot()?, pair.model.clone())];
    for (n, field) in (0..).zip(fields(harness.limits()?)?) {
        add(&mut pair, &field)?;
        write(&mut pair, 9, n)?;
        kept.push((pair.site.snapshot()?, pair.model.clone()));
    }
    // The same rows, hits and scratch, from the oldest schema to the newest and back.
    let (mut rows, mut hits) = (Rows::new(&schema), [Hits::new()]);
    let (mut scratch, year) = (Scratch::new(), Path::key("year"));
    for (snapshot, model) in kept.iter().chain(kept.iter().rev()) {
        let ids: Vec<_> = model.records().map(|record| record.id.clone()).collect();
        for read in 0..3 {
            match read {
                0 => drop(snapshot.scroll(&Page::new(1_000), &mut rows)?),
                1 => snapshot.get_many(&ids, Parts::ALL, &mut rows, Budget::new())?,
                _ => {
                    let by_year = Page::new(1_000).with_order(&year, Direction::Up);
                    snapshot.scroll(&by_year, &mut rows)?;
                }
            }
            assert_is!(rows.schema(), model.schema(), "the schema of the rows");
            assert_is!(rows.len(), model.len(), "the number of rows");
            for found in rows.to_records() {
                assert_record(Some(&found), model.get(&found.id), "a row in a buffer used before");
            }
        }
        for field in vectors::fields(model.schema()) {
            let asked = corpus::ones(field.kind())?;
            let query =
                Query::nearest(asked.as_ref(), 5).with_field(field.name()).with_vector(true);
            harness.search().search(&**snapshot, &[query], &mut hits, &mut scratch)?;
            assert_hits(&hits[0].to_vec(), &model.search(&query)?, format_args!("{query:?}"));
        }
    }
    Ok(Outcome::Kept)
}
