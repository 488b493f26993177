//! The extension traits `StoreExt` and `SnapshotExt`.

use std::collections::BTreeSet;

use iqdb_core::limits::ID_BYTES_MAX;
use iqdb_core::{
    Batch, ErrorKind, Filter, Metric, Payload, Record, RecordId, Result, Schema, SnapshotExt,
    StoreExt, Version,
};

use crate::check::exact::{assert_is, assert_record};
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::generate::filters;
use crate::{Harness, Outcome};

fn schema() -> Result<Schema> {
    Schema::new(2, Metric::Euclidean)
}

/// A store with records and one without any: a filter that is invalid is refused by both.
fn full_and_empty(harness: &Harness) -> Result<[Differential<'_>; 2]> {
    let full = Differential::after_churn(harness, &schema()?, 120, Distribution::Lattice)?;
    Ok([full, Differential::new(harness, &schema()?)?])
}

pub(super) fn upsert_is_a_batch_of_one(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    let (new, replacing) = (
        corpus::records(&schema()?, 12, Distribution::Lattice, 5)?,
        corpus::records(&schema()?, 12, Distribution::Lattice, 6)?,
    );
    for record in new.into_iter().chain(replacing) {
        let expected = pair.model.apply(&Batch::new().upsert(record.clone()))?;
        assert_is!(pair.site.upsert(record)?, expected, "what upsert returned");
        pair.check()?;
    }
    let refused = pair.site.upsert(Record::new(1, [1.0])?);
    assert_refused(refused, ErrorKind::DimensionMismatch, "upsert of another dimension");
    pair.check()?;
    Ok(Outcome::Kept)
}

/// Calls a function twice for each present and each absent id. Panics unless it returns whether the
/// id was present, and has the effect of `batch`.
fn check_each_id<'a>(
    harness: &'a Harness,
    what: &str,
    call: impl Fn(&Differential<'a>, RecordId) -> Result<bool>,
    batch: impl Fn(RecordId) -> Batch,
) -> Result<Outcome> {
    let records = corpus::records(&schema()?, 8, Distribution::Lattice, 7)?;
    let mut pair = Differential::of(harness, &schema()?, records)?;
    for id in (0..12).map(corpus::id).chain(["nobody".into(), "".into()]) {
        for _ in 0..2 {
            let expected = pair.model.get(&id).is_some();
            assert_is!(call(&pair, id.clone())?, expected, "what {what} of {id:?} returned");
            pair.model.apply(&batch(id.clone()))?;
            pair.check()?;
        }
    }
    let refused = call(&pair, "x".repeat(ID_BYTES_MAX + 1).into());
    assert_refused(refused, ErrorKind::InvalidId, format_args!("{what} of an oversized id"));
    pair.check()?;
    Ok(Outcome::Kept)
}

pub(super) fn delete_says_whether_the_record_was_there(harness: &Harness) -> Result<Outcome> {
    let delete = |pair: &Differential<'_>, id| pair.site.delete(id);
    check_each_id(harness, "delete", delete, |id| Batch::new().delete(id))
}

pub(super) fn set_payload_says_whether_the_record_was_there(harness: &Harness) -> Result<Outcome> {
    let payload = || Payload::new().with("set", "later");
    let set = |pair: &Differential<'_>, id| pair.site.set_payload(id, payload());
    check_each_id(harness, "set_payload", set, |id| Batch::new().set_payload(id, payload()))
}

/// Writes, replaces and deletes records, and calls `check` after each write.
fn after_each_write(
    harness: &Harness,
    mut ask: impl FnMut(&Differential<'_>) -> Result<()>,
) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    ask(&pair)?;
    for seed in [8, 9] {
        for record in corpus::records(&schema()?, 20, Distribution::Lattice, seed)? {
            pair.apply(&Batch::new().upsert(record))?;
            ask(&pair)?;
        }
    }
    for id in (0..24).map(corpus::id) {
        pair.apply(&Batch::new().delete(id))?;
        ask(&pair)?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn len_follows_every_write(harness: &Harness) -> Result<Outcome> {
    after_each_write(harness, |pair| {
        assert_is!(pair.site.len()?, pair.model.len() as u64, "Store::len");
        Ok(())
    })
}

pub(super) fn count_follows_every_write(harness: &Harness) -> Result<Outcome> {
    let filter = Filter::exists("lang").and(Filter::ne("lang", "de"));
    after_each_write(harness, |pair| {
        assert_is!(
            pair.site.count(None)?,
            pair.model.len() as u64,
            "Store::count without a filter"
        );
        let expected = pair.model.matching(Some(&filter))?.len() as u64;
        assert_is!(pair.site.count(Some(&filter))?, expected, "Store::count of `{filter}`");
        Ok(())
    })?;
    for pair in full_and_empty(harness)? {
        for filter in &filters::invalid() {
            let context = format_args!("Store::count of {} records", pair.model.len());
            assert_refused(pair.site.count(Some(filter)), ErrorKind::InvalidFilter, context);
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn a_snapshot_is_empty_when_its_len_is_0(harness: &Harness) -> Result<Outcome> {
    let mut kept = Vec::new();
    after_each_write(harness, |pair| {
        kept.push((pair.site.snapshot()?, pair.model.len()));
        for (snapshot, len) in &kept {
            assert_is!(snapshot.len(), *len as u64, "Snapshot::len");
            assert_is!(snapshot.is_empty(), *len == 0, "Snapshot::is_empty");
        }
        Ok(())
    })
}

pub(super) fn upsert_many_is_one_batch(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    let records = corpus::records(&schema()?, 60, Distribution::Lattice, 3)?;
    let applied = pair.site.upsert_many(records.clone())?;
    assert_is!((applied.version, applied.inserted), (Version(1), 60), "what it returned");
    pair.model.apply(&records.iter().cloned().fold(Batch::new(), Batch::upsert))?;
    pair.check()?;

    let mut with_a_bad_one = corpus::records(&schema()?, 80, Distribution::Lattice, 4)?;
    with_a_bad_one[70] = Record::new(1, [1.0])?;
    let refused = pair.site.upsert_many(with_a_bad_one);
    assert_refused(refused, ErrorKind::DimensionMismatch, "upsert_many with a bad record");
    pair.check()?;

    let applied = pair.site.upsert_many([])?;
    assert_is!(applied.version, Version(1), "the version after none at all");
    pair.check()?;
    Ok(Outcome::Kept)
}

pub(super) fn is_empty_means_len_is_0(harness: &Harness) -> Result<Outcome> {
    let site = harness.create(&schema()?)?;
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
    let pair = Differential::after_churn(harness, &schema()?, 30, Distribution::Smooth)?;
    let mut ids: Vec<RecordId> = (0..30).rev().map(corpus::id).collect();
    ids.extend((0..10).map(corpus::id));
    ids.push("x".repeat(10_000).into());
    let found = pair.site.get_many(&ids)?;
    assert_is!(found.len(), ids.len(), "the number of answers");
    for (id, found) in ids.iter().zip(&found) {
        assert_record(found.as_ref(), pair.model.get(id), format_args!("get_many of {id:?}"));
    }
    assert!(found.contains(&None), "some of these ids are absent");
    assert_is!(pair.site.get_many(&[])?, [], "the answer to no ids");
    Ok(Outcome::Kept)
}

pub(super) fn delete_where_deletes_exactly_the_matches(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    let mut all = filters::nested();
    all.extend(filters::predicates().into_iter().step_by(3));
    for (seed, filter) in (0..).zip(&all) {
        let records = corpus::records(&schema()?, 24, Distribution::Lattice, seed)?;
        pair.apply(&records.into_iter().fold(Batch::new(), Batch::upsert))?;
        let matches = pair.model.matching(Some(filter))?;
        let expected = matches.len() as u64;
        let batch = matches.iter().fold(Batch::new(), |batch, record| batch.delete(&record.id));
        let deleted = pair.site.delete_where(filter)?;
        assert_is!(deleted, expected, "how many `{filter}` deleted");
        pair.model.apply(&batch)?;
        pair.check()?;
    }
    for pair in full_and_empty(harness)? {
        for filter in &filters::invalid() {
            let context = format_args!("delete_where on {} records", pair.model.len());
            assert_refused(pair.site.delete_where(filter), ErrorKind::InvalidFilter, context);
        }
        pair.check()?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn count_agrees_with_the_filter(harness: &Harness) -> Result<Outcome> {
    for pair in full_and_empty(harness)? {
        let snapshot = pair.site.snapshot()?;
        let expected = pair.model.len() as u64;
        assert_is!(snapshot.count(None)?, expected, "the count without a filter");
        for filter in filters::predicates().iter().chain(&filters::nested()) {
            let expected = pair.model.matching(Some(filter))?.len() as u64;
            assert_is!(snapshot.count(Some(filter))?, expected, "the count of `{filter}`");
        }
        for filter in &filters::invalid() {
            let context = format_args!("count of {} records", pair.model.len());
            assert_refused(snapshot.count(Some(filter)), ErrorKind::InvalidFilter, context);
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn records_yields_each_live_match_once(harness: &Harness) -> Result<Outcome> {
    let (predicates, nested) = (filters::predicates(), filters::nested());
    for pair in full_and_empty(harness)? {
        let snapshot = pair.site.snapshot()?;
        let some = predicates.iter().chain(&nested).map(Some);
        for filter in some.chain([None::<&Filter>]) {
            let mut found = BTreeSet::new();
            for record in snapshot.records(filter) {
                let record = record?.to_record()?;
                assert_record(Some(&record), pair.model.get(&record.id), "records");
                let first_time = found.insert(record.id.clone());
                assert!(first_time, "records yields {:?} a second time", record.id);
            }
            let expected = pair.model.matching(filter)?;
            let expected: BTreeSet<_> = expected.iter().map(|record| record.id.clone()).collect();
            assert_is!(found, expected, "the records that match {filter:?}");
        }
        for filter in &filters::invalid() {
            let context = format_args!("records of {}", pair.model.len());
            let mut records = snapshot.records(Some(filter));
            let first = records.next().transpose();
            assert_refused(first, ErrorKind::InvalidFilter, context);
            assert!(records.next().is_none(), "{context}: more after the error of the filter");
        }
    }
    Ok(Outcome::Kept)
}
