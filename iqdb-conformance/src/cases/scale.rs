//! Many records, many versions, many snapshots and large batches: sizes at which a store takes another way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use iqdb_core::{
    Batch, Budget, Change, ErrorKind, Filter, IdRef, Metric, Page, Parts, Payload, Query, Record,
    RecordId, Result, Rows, Schema, Snapshot, SnapshotExt, StoreExt, Vector,
};

use super::reading::check_aggregates;
use crate::check::check_queries;
use crate::check::exact::{assert_is, assert_record};
use crate::differential::Differential;
use crate::threads::{Job, Writers, run_concurrently};
use crate::{Harness, Outcome};

/// More rows than 16 bits count.
const MANY: u64 = 70_000;

fn schema() -> Result<Schema> {
    Schema::new(2, Metric::Euclidean)
}

/// A point on a spiral: no two are alike, and neighbours by id are not neighbours by distance. Few
/// records have more than a number, so that many of them take little memory.
fn record(id: u64, round: u64) -> Result<Record> {
    let angle = (id % 997) as f32;
    let vector = [(id / 7) as f32 + angle / 1_000.0, angle - round as f32];
    let payload = Payload::new().with("n", id.cast_signed());
    let payload = match id % 14 {
        0 => payload.with("name", format!("name {}", id / 14)),
        1..4 => payload.with("bucket", (id % 300).cast_signed()),
        _ => payload,
    };
    Ok(Record::new(id, vector)?.with_payload(payload))
}

/// Checks every record, by pages.
pub(super) fn check_pages(pair: &Differential<'_>, snapshot: &dyn Snapshot) -> Result<()> {
    let (mut rows, mut cursor) = (Rows::new(snapshot.schema()), None);
    let mut expected = pair.model.records();
    loop {
        let page = Page::new(10_000);
        let next = match &cursor {
            Some(cursor) => snapshot.scroll(&page.with_after(cursor), &mut rows)?,
            None => snapshot.scroll(&page, &mut rows)?,
        };
        for record in rows.records() {
            let found = record?.to_record()?;
            assert_record(Some(&found), expected.next(), "a record of a page");
        }
        match next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_record(None, expected.next(), "a record after the last page");
    Ok(())
}

/// Checks every record by pages and some by their ids, some counts, and some searches.
fn check_many(pair: &Differential<'_>, snapshot: &dyn Snapshot) -> Result<()> {
    assert_is!(snapshot.len(), pair.model.len() as u64, "the length");
    check_pages(pair, snapshot)?;
    let mut rows = Rows::new(snapshot.schema());
    for id in [0, 255, 256, 65_535, 65_536, MANY - 1, MANY].map(RecordId::from) {
        let found = snapshot.get(&id)?.map(|record| record.to_record()).transpose()?;
        assert_record(found.as_ref(), pair.model.get(&id), "get");
    }
    for filter in [
        Filter::eq("bucket", 255).or(Filter::eq("bucket", 256)),
        Filter::eq("name", "name 4999"),
        Filter::eq("name", "name 300"),
        Filter::ge("n", 65_530).and(Filter::lt("n", 65_550)),
        Filter::is_in("n", (0..1_100).map(|n| n * 61)),
        Filter::id_in((0..1_100_u64).map(|n| n * 61)),
    ] {
        let expected = pair.model.matching(Some(&filter))?.len() as u64;
        assert_is!(snapshot.count(Some(&filter))?, expected, "the count of `{filter}`");
    }
    // Many ids at once, in no order, and many different values.
    let ids: Vec<RecordId> = (0..6_000).map(|n| (n * 7_919 % (MANY + 9)).into()).collect();
    snapshot.get_many(&ids, Parts::ID.with_payload(), &mut rows, Budget::new())?;
    let there = ids.iter().filter(|id| pair.model.get(id).is_some());
    let found = rows.ids().iter().map(IdRef::to_id);
    assert!(found.eq(there.cloned()), "the ids of get_many, of {} asked", ids.len());
    let some = Filter::lt("n", 20_000);
    check_aggregates(snapshot, &pair.model.matching(Some(&some))?, Some(&some), "name")?;
    let points = [[0.0, 0.0], [9_362.0, 3.5], [5_000.5, 500.0]].map(Vector::try_from);
    for point in points {
        let point = point?;
        let filter = Filter::ge("n", 65_000);
        let queries = [
            Query::nearest(point.as_ref(), 10).with_payload(true),
            Query::nearest(point.as_ref(), 1_500).with_threads(2),
            Query::nearest(point.as_ref(), 10).with_filter(&filter),
        ];
        check_queries(snapshot, &pair.model, pair.search(), &queries)?;
    }
    Ok(())
}

pub(super) fn a_store_of_many_records_shows_each(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    for first in (0..MANY).step_by(10_000) {
        let records = (first..MANY.min(first + 10_000)).map(|id| record(id, 0));
        let records: Vec<Record> = records.collect::<Result<_>>()?;
        pair.apply(&Batch::new().upsert_rows(Rows::of_records(&schema()?, &records)?))?;
    }
    check_many(&pair, &*pair.site.snapshot()?)?;
    // Some in the middle and some at the ends change, one by one.
    for id in [0, 1, 4_095, 4_096, 32_768, 65_535, 65_536, 65_537, MANY - 1] {
        pair.apply(&Batch::new().upsert(record(id, 1)?))?;
        pair.apply(&Batch::new().delete((id + 7) % MANY))?;
        pair.apply(&Batch::new().set_payload((id + 9) % MANY, Payload::new().with("bucket", 255)))?;
    }
    pair.apply(&Batch::new().delete_where(Filter::ge("n", 61_000)))?;
    check_many(&pair, &*pair.site.snapshot()?)?;
    if pair.site.reopens() {
        pair.site.reopen()?;
        check_many(&pair, &*pair.site.snapshot()?)?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn many_versions_show_each_write(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    let mut held = Vec::new();
    for round in 0..300_u64 {
        let ids = (0..40).map(|n| (round * 13 + n * 7) % 500);
        let batch = ids.enumerate().try_fold(Batch::new(), |batch, (n, id)| -> Result<Batch> {
            Ok(match n % 5 {
                0 => batch.delete(id),
                1 => batch.set_payload(id, Payload::new().with("round", round.cast_signed())),
                _ => batch.upsert(record(id, round)?),
            })
        })?;
        pair.apply(&batch)?;
        // The whole of it now and then, and what was just written each time.
        if round % 25 == 0 {
            pair.check()?;
        }
        let snapshot = pair.site.snapshot()?;
        assert_is!(snapshot.len(), pair.model.len() as u64, "the length in round {round}");
        if round % 40 == 3 {
            held.push((pair.site.snapshot()?, pair.model.clone()));
        }
        for id in batch.changes().iter().filter_map(Change::id) {
            assert_record(pair.site.get(id)?.as_ref(), pair.model.get(id), "get");
        }
    }
    pair.check()?;
    for (snapshot, model) in &held {
        pair.check_snapshot(&**snapshot, model)?;
    }
    drop(held);
    if pair.site.reopens() {
        pair.site.reopen_after_kill()?;
        pair.check()?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn many_snapshots_stay_what_they_are(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    let mut held = Vec::new();
    for round in 0..200_u64 {
        let ids = (0..20).map(|n| (round * 31 + n * 97) % 2_000);
        let batch = ids.enumerate().try_fold(Batch::new(), |batch, (n, id)| -> Result<Batch> {
            Ok(if n % 6 == 5 { batch.delete(id) } else { batch.upsert(record(id, round)?) })
        })?;
        pair.apply(&batch)?;
        held.push((pair.site.snapshot()?, round, pair.model.len() as u64, pair.model.clone()));
        // The models are as large as the snapshots, so only some are kept.
        if round % 8 != 0 {
            let (snapshot, round, len, _) = held.pop().expect("it was just pushed");
            held.push((snapshot, round, len, crate::Model::new(schema()?)));
        }
    }
    for (snapshot, round, len, model) in &held {
        assert_is!(snapshot.len(), *len, "the length of the snapshot of round {round}");
        assert_is!(snapshot.count(Some(&Filter::ge("n", 0)))?, *len, "its count");
        if !model.is_empty() {
            pair.check_snapshot(&**snapshot, model)?;
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn a_large_batch_is_seen_whole_or_not_at_all(harness: &Harness) -> Result<Outcome> {
    const RECORDS: u64 = 3_000;
    let pair = Differential::new(harness, &schema()?)?;
    let (writers, store) = (Writers::new(1), &*pair.site);
    let generation = |n: u64| -> Result<Batch> {
        (0..RECORDS).try_fold(Batch::new(), |batch, id| {
            let payload = Payload::new().with("generation", n.cast_signed());
            Ok(batch.upsert(Record::new(id, [n as f32, id as f32])?.with_payload(payload)))
        })
    };
    store.apply(&generation(0)?)?;
    let (guard, checked) = (writers.guard(), AtomicU64::new(0));
    let mut jobs: Vec<Job<'_, ()>> = vec![Box::new(|| {
        let _guard = guard;
        (1..=12).try_for_each(|n| store.apply(&generation(n)?).map(drop))
    })];
    for _ in 0..2 {
        jobs.push(Box::new(|| {
            loop {
                let is_last = writers.are_done();
                let snapshot = store.snapshot()?;
                let first = snapshot.get(&0.into())?.expect("it is never deleted").to_record()?;
                let same = first.payload.get("generation").cloned().expect("each has one");
                let filter = Filter::eq("generation", same);
                assert_is!(snapshot.count(Some(&filter))?, RECORDS, "the records of `{filter}`");
                checked.fetch_add(1, Ordering::Relaxed);
                if is_last {
                    return Ok(());
                }
            }
        }));
    }
    run_concurrently(jobs)?;
    assert!(checked.into_inner() >= 2, "readers have read");
    Ok(Outcome::Kept)
}

pub(super) fn a_bad_change_anywhere_in_a_large_batch_refuses_it(
    harness: &Harness,
) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    let ids = (0..9).map(|id| record(id, 0));
    let first: Vec<Record> = ids.collect::<Result<_>>()?;
    pair.apply(&first.into_iter().fold(Batch::new(), Batch::upsert))?;
    for (len, at) in
        [(255, 254), (256, 255), (257, 256), (1_000, 128), (5_000, 4_999), (66_000, 65_536)]
    {
        let mut changes = (0..len).map(|id| Ok(Change::Upsert(record(id, 1)?)));
        let mut changes: Vec<Change> = changes.by_ref().collect::<Result<_>>()?;
        let bad = [
            (Change::Upsert(Record::new(7, [1.0; 3])?), ErrorKind::DimensionMismatch),
            (Change::Insert(record(3, 1)?), ErrorKind::AlreadyExists),
            (
                Change::SetPayload(3.into(), Payload::new().with("x", f64::NAN)),
                ErrorKind::InvalidPayload,
            ),
        ];
        // One kind is enough for the largest.
        let kinds = if len > 10_000 { 1 } else { bad.len() };
        for (change, kind) in bad.into_iter().take(kinds) {
            let good = std::mem::replace(&mut changes[at], change);
            let batch: Batch = changes.iter().cloned().collect();
            pair.refuses(&batch, kind)?;
            changes[at] = good;
        }
    }
    let good = (0..66_000).map(|id| Ok(Change::Upsert(record(id, 2)?)));
    let good: Batch = good.collect::<Result<Vec<_>>>()?.into_iter().collect();
    pair.apply(&good)?;
    check_many(&pair, &*pair.site.snapshot()?)?;
    if pair.site.reopens() {
        pair.site.reopen_after_kill()?;
        check_many(&pair, &*pair.site.snapshot()?)?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn changes_of_a_large_batch_apply_in_order(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    for count in [1_500_u64, 70_000] {
        let mut batch = Batch::new();
        for n in 0..count {
            let id = n * 7 % 700;
            batch = match n % 9 {
                0..3 => batch.upsert(record(id, n)?),
                3 => batch.delete(id),
                4 => batch.set_payload(id, Payload::new().with("n", n.cast_signed())),
                5 => batch.merge_payload(id, Payload::new().with("bucket", id.cast_signed())),
                6 => batch.insert_if_absent(record(id, n)?),
                7 if n % 997 == 7 => batch.delete_where(Filter::lt("n", 90)),
                _ => batch.delete((id + 350) % 700),
            };
        }
        // What was counted is compared, too.
        pair.apply(&batch)?;
        pair.check()?;
        let rows = (0..count).map(|n| record(n % 300, n));
        let rows = Rows::of_records(&schema()?, &rows.collect::<Result<Vec<_>>>()?)?;
        pair.apply(&Batch::new().upsert_rows(rows))?;
        pair.check()?;
    }
    if pair.site.reopens() {
        pair.site.reopen_after_kill()?;
        pair.check()?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn a_large_write_ended_by_its_budget_changes_nothing(
    harness: &Harness,
) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    let batch = |round: u64| -> Result<Batch> {
        (0..6_000).try_fold(Batch::new(), |batch, id| Ok(batch.upsert(record(id, round)?)))
    };
    for (round, micros) in (0..).zip([0, 50, 300, 1_000, 3_000, 10_000, 30_000, 10_000_000]) {
        let batch = batch(round)?;
        let budget = Budget::new().with_deadline(Instant::now() + Duration::from_micros(micros));
        match pair.site.apply_within(&batch, budget) {
            Ok(found) => assert_is!(found, pair.model.apply(&batch)?, "what apply_within returned"),
            Err(error) => {
                assert_is!(error.kind(), ErrorKind::DeadlineExceeded, "the error, {error}");
            }
        }
        let snapshot = pair.site.snapshot()?;
        assert_is!(snapshot.version(), pair.model.version(), "the version");
        assert_is!(snapshot.len(), pair.model.len() as u64, "the length");
        for id in [0, 1, 127, 128, 999, 1_000, 1_024, 4_096, 5_999].map(RecordId::from) {
            assert_record(pair.site.get(&id)?.as_ref(), pair.model.get(&id), "get");
        }
    }
    Ok(Outcome::Kept)
}
