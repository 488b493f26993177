//! What follows from the traits: `StoreExt` and `SnapshotExt`.

use std::collections::BTreeSet;

use iqdb_core::limits::ID_BYTES_MAX;
use iqdb_core::{
    Batch, ErrorKind, Filter, Metric, Payload, Record, RecordId, Result, Schema, Snapshot,
    SnapshotExt, StoreExt, VectorRef, Version,
};

use crate::corpus::{self, Texture};
use crate::exact::{assert_is, assert_record};
use crate::filters;
use crate::refusal::assert_refused;
use crate::twin::Twin;
use crate::{Harness, Model, Outcome};

fn schema() -> Result<Schema> {
    Schema::new(2, Metric::Euclidean)
}

/// A store with records and one without any: a filter that is invalid is refused by both.
fn full_and_empty(harness: &Harness) -> Result<[Twin<'_>; 2]> {
    let full = Twin::with_a_past(harness, schema()?, 120, Texture::Lattice)?;
    Ok([full, Twin::new(harness, schema()?)?])
}

pub(super) fn upsert_is_a_batch_of_one(harness: &Harness) -> Result<Outcome> {
    let mut twin = Twin::new(harness, schema()?)?;
    let (new, replacing) = (
        corpus::records(&schema()?, 12, Texture::Lattice, 5)?,
        corpus::records(&schema()?, 12, Texture::Lattice, 6)?,
    );
    for record in new.into_iter().chain(replacing) {
        let expected = twin.model.apply(&Batch::new().upsert(record.clone()))?;
        assert_is!(twin.site.upsert(record)?, expected, "what upsert returned");
        twin.check()?;
    }
    let refused = twin.site.upsert(Record::new(1, [1.0])?);
    assert_refused(refused, ErrorKind::DimensionMismatch, "upsert of another dimension");
    twin.check()?;
    Ok(Outcome::Kept)
}

/// Calls something for ids that are there and that are not, twice each, and fails unless it says
/// which, and does what `batch` would.
fn check_each_id<'a>(
    harness: &'a Harness,
    what: &str,
    call: impl Fn(&Twin<'a>, RecordId) -> Result<bool>,
    batch: impl Fn(RecordId) -> Batch,
) -> Result<Outcome> {
    let records = corpus::records(&schema()?, 8, Texture::Lattice, 7)?;
    let mut twin = Twin::of(harness, schema()?, records)?;
    for id in (0..12).map(corpus::id).chain(["nobody".into(), "".into()]) {
        for _ in 0..2 {
            let expected = twin.model.get(&id).is_some();
            assert_is!(call(&twin, id.clone())?, expected, "what {what} of {id:?} returned");
            twin.model.apply(&batch(id.clone()))?;
            twin.check()?;
        }
    }
    let refused = call(&twin, "x".repeat(ID_BYTES_MAX + 1).into());
    assert_refused(refused, ErrorKind::InvalidId, format_args!("{what} of an oversized id"));
    twin.check()?;
    Ok(Outcome::Kept)
}

pub(super) fn delete_says_whether_the_record_was_there(harness: &Harness) -> Result<Outcome> {
    let delete = |twin: &Twin<'_>, id| twin.site.delete(id);
    check_each_id(harness, "delete", delete, |id| Batch::new().delete(id))
}

pub(super) fn set_payload_says_whether_the_record_was_there(harness: &Harness) -> Result<Outcome> {
    let payload = || Payload::new().with("set", "later");
    let set = |twin: &Twin<'_>, id| twin.site.set_payload(id, payload());
    check_each_id(harness, "set_payload", set, |id| Batch::new().set_payload(id, payload()))
}

/// Writes, replaces and deletes, and after each write asks about the store.
fn after_each_write(
    harness: &Harness,
    mut ask: impl FnMut(&Twin<'_>) -> Result<()>,
) -> Result<Outcome> {
    let mut twin = Twin::new(harness, schema()?)?;
    ask(&twin)?;
    for seed in [8, 9] {
        for record in corpus::records(&schema()?, 20, Texture::Lattice, seed)? {
            twin.apply(&Batch::new().upsert(record))?;
            ask(&twin)?;
        }
    }
    for id in (0..24).map(corpus::id) {
        twin.apply(&Batch::new().delete(id))?;
        ask(&twin)?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn len_follows_every_write(harness: &Harness) -> Result<Outcome> {
    after_each_write(harness, |twin| {
        assert_is!(twin.site.len()?, twin.model.len() as u64, "Store::len");
        Ok(())
    })
}

pub(super) fn count_follows_every_write(harness: &Harness) -> Result<Outcome> {
    let filter = Filter::exists("lang").and(Filter::ne("lang", "de"));
    after_each_write(harness, |twin| {
        assert_is!(
            twin.site.count(None)?,
            twin.model.len() as u64,
            "Store::count without a filter"
        );
        let expected = twin.model.matching(Some(&filter))?.len() as u64;
        assert_is!(twin.site.count(Some(&filter))?, expected, "Store::count of `{filter}`");
        Ok(())
    })?;
    for twin in full_and_empty(harness)? {
        for filter in &filters::invalid() {
            let context = format_args!("Store::count of {} records", twin.model.len());
            assert_refused(twin.site.count(Some(filter)), ErrorKind::InvalidFilter, context);
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn a_snapshot_is_empty_when_its_len_is_0(harness: &Harness) -> Result<Outcome> {
    let mut kept = Vec::new();
    after_each_write(harness, |twin| {
        kept.push((twin.site.snapshot()?, twin.model.len()));
        for (snapshot, len) in &kept {
            assert_is!(snapshot.len(), *len as u64, "Snapshot::len");
            assert_is!(snapshot.is_empty(), *len == 0, "Snapshot::is_empty");
        }
        Ok(())
    })
}

pub(super) fn upsert_many_is_one_batch(harness: &Harness) -> Result<Outcome> {
    let mut twin = Twin::new(harness, schema()?)?;
    let records = corpus::records(&schema()?, 60, Texture::Lattice, 3)?;
    let applied = twin.site.upsert_many(records.clone())?;
    assert_is!((applied.version, applied.inserted), (Version(1), 60), "what it returned");
    twin.model.apply(&records.iter().cloned().fold(Batch::new(), Batch::upsert))?;
    twin.check()?;

    let mut with_a_bad_one = corpus::records(&schema()?, 80, Texture::Lattice, 4)?;
    with_a_bad_one[70] = Record::new(1, [1.0])?;
    let refused = twin.site.upsert_many(with_a_bad_one);
    assert_refused(refused, ErrorKind::DimensionMismatch, "upsert_many with a bad record");
    twin.check()?;

    let applied = twin.site.upsert_many([])?;
    assert_is!(applied.version, Version(1), "the version after none at all");
    twin.check()?;
    Ok(Outcome::Kept)
}

pub(super) fn is_empty_means_len_is_0(harness: &Harness) -> Result<Outcome> {
    let site = harness.create(schema()?)?;
    let expect = |len: u64| -> Result<()> {
        assert_is!(site.len()?, len, "Store::len");
        assert_is!(site.is_empty()?, len == 0, "Store::is_empty");
        Ok(())
    };
    expect(0)?;
    site.apply(&Batch::new().upsert(Record::new(1, [1.0, 0.0])?).delete(1))?;
    expect(0)?;
    site.upsert(Record::new(1, [1.0, 0.0])?)?;
    expect(1)?;
    site.upsert(Record::new(1, [1.0, 0.0])?)?;
    expect(1)?;
    assert!(site.delete(1)?, "delete of a record that is there");
    expect(0)?;
    assert!(!site.delete(1)?, "delete of a record that is gone");
    expect(0)?;
    Ok(Outcome::Kept)
}

pub(super) fn get_many_keeps_the_order_of_the_ids(harness: &Harness) -> Result<Outcome> {
    let twin = Twin::with_a_past(harness, schema()?, 30, Texture::Smooth)?;
    let mut ids: Vec<RecordId> = (0..30).rev().map(corpus::id).collect();
    ids.extend((0..10).map(corpus::id));
    ids.push("x".repeat(10_000).into());
    let found = twin.site.get_many(&ids)?;
    assert_is!(found.len(), ids.len(), "the number of answers");
    for (id, found) in ids.iter().zip(&found) {
        assert_record(found.as_ref(), twin.model.get(id), format_args!("get_many of {id:?}"));
    }
    assert!(found.contains(&None), "some of these ids are absent");
    assert_is!(twin.site.get_many(&[])?, [], "the answer to no ids");
    Ok(Outcome::Kept)
}

pub(super) fn delete_where_deletes_exactly_the_matches(harness: &Harness) -> Result<Outcome> {
    let mut twin = Twin::new(harness, schema()?)?;
    let mut all = filters::nested();
    all.extend(filters::predicates().into_iter().step_by(3));
    for (seed, filter) in (0..).zip(&all) {
        let records = corpus::records(&schema()?, 24, Texture::Lattice, seed)?;
        twin.apply(&records.into_iter().fold(Batch::new(), Batch::upsert))?;
        let matches = twin.model.matching(Some(filter))?;
        let expected = matches.len() as u64;
        let batch = matches.iter().fold(Batch::new(), |batch, record| batch.delete(&record.id));
        let deleted = twin.site.delete_where(filter)?;
        assert_is!(deleted, expected, "how many `{filter}` deleted");
        twin.model.apply(&batch)?;
        twin.check()?;
    }
    for twin in full_and_empty(harness)? {
        for filter in &filters::invalid() {
            let context = format_args!("delete_where on {} records", twin.model.len());
            assert_refused(twin.site.delete_where(filter), ErrorKind::InvalidFilter, context);
        }
        twin.check()?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn count_agrees_with_the_filter(harness: &Harness) -> Result<Outcome> {
    for twin in full_and_empty(harness)? {
        let snapshot = twin.site.snapshot()?;
        let expected = twin.model.len() as u64;
        assert_is!(snapshot.count(None)?, expected, "the count without a filter");
        for filter in filters::predicates().iter().chain(&filters::nested()) {
            let expected = twin.model.matching(Some(filter))?.len() as u64;
            assert_is!(snapshot.count(Some(filter))?, expected, "the count of `{filter}`");
        }
        for filter in &filters::invalid() {
            let context = format_args!("count of {} records", twin.model.len());
            assert_refused(snapshot.count(Some(filter)), ErrorKind::InvalidFilter, context);
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn records_yields_each_live_match_once(harness: &Harness) -> Result<Outcome> {
    let (predicates, nested) = (filters::predicates(), filters::nested());
    for twin in full_and_empty(harness)? {
        let snapshot = twin.site.snapshot()?;
        let some = predicates.iter().chain(&nested).map(Some);
        for filter in some.chain([None::<&Filter>]) {
            let mut found = BTreeSet::new();
            for record in snapshot.records(filter) {
                let record = record?.to_record()?;
                assert_record(Some(&record), twin.model.get(&record.id), "records");
                let first_time = found.insert(record.id.clone());
                assert!(first_time, "records yields {:?} a second time", record.id);
            }
            let expected = twin.model.matching(filter)?;
            let expected: BTreeSet<_> = expected.iter().map(|record| record.id.clone()).collect();
            assert_is!(found, expected, "the records that match {filter:?}");
        }
        for filter in &filters::invalid() {
            let context = format_args!("records of {}", twin.model.len());
            let mut records = snapshot.records(Some(filter));
            let first = records.next().transpose();
            assert_refused(first, ErrorKind::InvalidFilter, context);
            assert!(records.next().is_none(), "{context}: more after the error of the filter");
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn live_rows_are_the_records_part_by_part(harness: &Harness) -> Result<Outcome> {
    let (predicates, nested) = (filters::predicates(), filters::nested());
    for twin in full_and_empty(harness)? {
        let snapshot = twin.site.snapshot()?;
        let some = predicates.iter().chain(&nested).map(Some);
        for filter in some.chain([None::<&Filter>]) {
            check_rows(&*snapshot, &twin.model, filter)?;
        }
        for filter in &filters::invalid() {
            let context = format_args!("live_rows of {}", twin.model.len());
            let mut rows = snapshot.live_rows(Some(filter));
            let first = rows.next().transpose();
            assert_refused(first, ErrorKind::InvalidFilter, context);
            assert!(rows.next().is_none(), "{context}: more rows after the error of the filter");
        }
    }
    Ok(Outcome::Kept)
}

/// `live_rows` has the same records as `records` and the model, each to be read part by part.
fn check_rows(snapshot: &dyn Snapshot, model: &Model, filter: Option<&Filter>) -> Result<()> {
    let (mut rows, mut count) = (snapshot.live_rows(filter), 0);
    for record in snapshot.records(filter) {
        let record = record?.to_record()?;
        let row = rows.next().transpose()?;
        let row = row.unwrap_or_else(|| panic!("live_rows: expected {record:?}, found no more"));
        let found = Record {
            id: row.id()?.to_id(),
            vector: VectorRef::new(row.record()?.vector())?.into(),
            payload: row.payload()?.to_payload()?,
        };
        assert_record(Some(&found), Some(&record), "live_rows");
        assert_record(Some(&found), model.get(&found.id), "live_rows");
        count += 1;
    }
    assert_is!(count, model.matching(filter)?.len(), "how many live_rows of {filter:?}");
    assert!(rows.next().is_none(), "live_rows has more than records of {filter:?}");
    Ok(())
}
