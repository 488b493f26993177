//! The feed of a store, and the copies that follow it. `n/a` for a store that has none.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use iqdb_core::{
    Batch, Budget, ErrorKind, Feed, Field, Metric, Position, Record, RecordId, Result, Schema,
    Snapshot, SnapshotExt, StoreExt, Version,
};

use super::added_fields;
use crate::check::exact::assert_is;
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::shapes::{self, Held};
use crate::threads::{Job, run_concurrently};
use crate::{Harness, Outcome};

const NONE: Result<Outcome> = Ok(Outcome::NotPromised("the store has no feed"));

fn schema() -> Result<Schema> {
    Schema::new(3, Metric::Euclidean)
}

fn churned<'a>(harness: &'a Harness, schema: &Schema) -> Result<Differential<'a>> {
    Differential::after_churn(harness, schema, 30, Distribution::Smooth)
}

/// The records of a copy, by id.
type Copied = BTreeMap<RecordId, Record>;

fn copied(snapshot: &dyn Snapshot) -> Result<Copied> {
    let mut copy = Copied::new();
    for record in snapshot.records(None) {
        let record = record?.to_record()?;
        copy.insert(record.id.clone(), record);
    }
    Ok(copy)
}

/// Brings the copy from the position to the newest version. Returns the ids that have changed.
fn follow(feed: &dyn Feed, copy: &mut Copied, position: &mut Position) -> Result<Vec<RecordId>> {
    let changes = feed.changes(*position, Budget::new())?;
    assert_is!(changes.upto.version(), changes.snapshot.version(), "the version gone up to");
    for id in &changes.ids {
        match changes.snapshot.get(id)? {
            Some(record) => copy.insert(id.clone(), record.to_record()?),
            None => copy.remove(id),
        };
    }
    assert_is!(*copy, copied(&*changes.snapshot)?, "the copy, brought from {position:?}");
    *position = changes.upto;
    Ok(changes.ids)
}

pub(super) fn a_feed_begins_at_its_snapshot(harness: &Harness) -> Result<Outcome> {
    let mut pair = churned(harness, &schema()?)?;
    for n in 0..3_u64 {
        let Some(feed) = pair.site.feed() else { return NONE };
        let (position, snapshot) = feed.begin(Budget::new())?;
        assert_is!(position.version(), pair.model.version(), "the version of the position");
        pair.check_snapshot(&*snapshot, &pair.model)?;
        let changes = feed.changes(position, Budget::new())?;
        assert_is!(changes.upto, position, "the position that nothing has followed");
        pair.apply(&Batch::new().upsert(Record::new(n, [1.0, 2.0, 3.0])?).delete(corpus::id(n)))?;
    }
    Ok(Outcome::Kept)
}

pub(super) fn changes_are_each_changed_id_once(harness: &Harness) -> Result<Outcome> {
    let mut pair = Differential::new(harness, &schema()?)?;
    let record = |id: u64| Record::new(id, [1.0, id as f32, 0.0]);
    let all = (0..9)
        .try_fold(Batch::new(), |batch, id| Ok::<_, iqdb_core::Error>(batch.upsert(record(id)?)))?;
    pair.apply(&all)?;
    let Some((since, _)) = pair.site.feed().map(|feed| feed.begin(Budget::new())).transpose()?
    else {
        return NONE;
    };
    let mut expected = BTreeSet::<RecordId>::new();
    for (batch, ids) in [
        (Batch::new().upsert(record(20)?).upsert(record(1)?), vec![20, 1]),
        (Batch::new().set_payload(1, corpus::payload(&mut fastrand::Rng::with_seed(1))), vec![]),
        (Batch::new().delete(2).delete("nobody"), vec![2]),
        (Batch::new().delete(3).upsert(record(3)?).upsert(record(3)?), vec![3]),
        (Batch::new().delete("nobody").insert_if_absent(record(4)?), vec![]),
        (Batch::new().delete_where("@id in [5, 6, 77]".parse()?), vec![5, 6]),
        (Batch::new().set_vectors(7, [("vector".into(), None)]), vec![7]),
    ] {
        pair.apply(&batch)?;
        expected.extend(ids.into_iter().map(|id: u64| RecordId::from(id)));
        let feed = pair.site.feed().expect("the feed that was there");
        let mut found = feed.changes(since, Budget::new())?.ids;
        found.sort_unstable();
        let expected: Vec<_> = expected.iter().cloned().collect();
        assert_is!(found, expected, "the ids that have changed");
        let (now, _) = feed.begin(Budget::new())?;
        let ids = feed.changes(now, Budget::new())?.ids;
        assert_is!(ids, Vec::<RecordId>::new(), "what has changed since the newest version");
    }
    if harness.limits()?.fields() > 1 {
        let (before, _) = pair.site.feed().expect("the feed that was there").begin(Budget::new())?;
        let field = Field::new("added", pair.model.schema().fields()[0].kind())?;
        added_fields::add(&mut pair, &field)?;
        let feed = pair.site.feed().expect("the feed that was there");
        let changes = feed.changes(before, Budget::new())?;
        assert_is!(changes.ids, Vec::<RecordId>::new(), "what has changed since a field was added");
        assert_is!(changes.upto.version(), pair.model.version(), "the version with the field");
        assert_is!(changes.snapshot.schema(), pair.model.schema(), "the schema with the field");
    }
    Ok(Outcome::Kept)
}

pub(super) fn following_a_feed_makes_a_copy(harness: &Harness) -> Result<Outcome> {
    let held = Held::of(harness, shapes::all()?)?;
    for schema in &held.schemas {
        let mut pair = churned(harness, schema)?;
        let Some(begun) = pair.site.feed().map(|feed| feed.begin(Budget::new())) else {
            return NONE;
        };
        let (mut position, snapshot) = begun?;
        let mut copy = copied(&*snapshot)?;
        for (n, record) in (0..).zip(corpus::records(schema, 12, Distribution::Smooth, 3)?) {
            pair.apply(&Batch::new().upsert(record).delete(corpus::id(3 * n)))?;
            if n % 3 > 0 {
                let feed = pair.site.feed().expect("the feed that was there");
                follow(feed, &mut copy, &mut position)?;
            }
        }
        let expected: Copied =
            pair.model.records().map(|record| (record.id.clone(), record.clone())).collect();
        assert_is!(copy, expected, "the copy");
    }
    follow_writers(harness)?;
    follow_many_changes(harness)?;
    Ok(held.outcome())
}

/// Follows once after more changes than a ring of them has, or asks for a new beginning.
fn follow_many_changes(harness: &Harness) -> Result<()> {
    let mut pair = churned(harness, &schema()?)?;
    let Some(feed) = pair.site.feed() else { return Ok(()) };
    let (mut position, snapshot) = feed.begin(Budget::new())?;
    let mut copy = copied(&*snapshot)?;
    let mut ids = BTreeSet::new();
    for round in 0..50_u64 {
        let mut batch = Batch::new();
        for n in 0..200 {
            let id = RecordId::from(round * 150 + n);
            ids.insert(id.clone());
            batch = batch.upsert(Record::new(id, [n as f32, round as f32, 0.0])?);
        }
        pair.apply(&batch)?;
    }
    let feed = pair.site.feed().expect("the feed that was there");
    match feed.changes(position, Budget::new()) {
        Err(error) => {
            assert_is!(error.kind(), ErrorKind::VersionGone, "after many changes, {error}");
        }
        Ok(_) => {
            let found: BTreeSet<_> = follow(feed, &mut copy, &mut position)?.into_iter().collect();
            assert!(found == ids, "{} ids have changed, {} were named", ids.len(), found.len());
        }
    }
    Ok(())
}

fn follow_writers(harness: &Harness) -> Result<()> {
    const WRITES: u64 = 40;
    let pair = churned(harness, &schema()?)?;
    let Some(feed) = pair.site.feed() else { return Ok(()) };
    let last = Version(pair.model.version().0 + 2 * WRITES);
    let store = &*pair.site;
    let mut jobs: Vec<Job<'_, ()>> = Vec::new();
    for writer in 0..2_u64 {
        jobs.push(Box::new(move || {
            for n in 0..WRITES {
                let record = Record::new(corpus::id(n % 7), [n as f32, writer as f32, 0.0])?;
                store.apply(&Batch::new().delete(corpus::id(n % 11)).upsert(record))?;
            }
            Ok(())
        }));
    }
    for _ in 0..2 {
        jobs.push(Box::new(move || {
            let (mut position, snapshot) = feed.begin(Budget::new())?;
            let mut copy = copied(&*snapshot)?;
            while position.version() < last {
                follow(feed, &mut copy, &mut position)?;
            }
            Ok(())
        }));
    }
    run_concurrently(jobs).map(drop)
}

pub(super) fn a_position_of_another_history_is_gone(harness: &Harness) -> Result<Outcome> {
    let mut pairs = [churned(harness, &schema()?)?, churned(harness, &schema()?)?];
    for (n, pair) in (0_u64..).zip(&mut pairs) {
        pair.apply(&Batch::new().upsert(Record::new(n, [1.0, 0.0, 0.0])?))?;
    }
    let [Some(feed), Some(other)] = pairs.each_ref().map(|pair| pair.site.feed()) else {
        return NONE;
    };
    let (position, _) = feed.begin(Budget::new())?;
    let (of_other, _) = other.begin(Budget::new())?;
    for gone in [
        of_other,
        Position::new(position.version(), position.history() ^ 1),
        Position::new(Version(u64::MAX), position.history()),
    ] {
        let found = feed.changes(gone, Budget::new());
        assert_refused(found, ErrorKind::VersionGone, format_args!("changes since {gone:?}"));
    }
    let kept = Position::from_bytes(position.to_bytes());
    assert_is!(feed.changes(kept, Budget::new())?.upto, position, "the position that was kept");
    Ok(Outcome::Kept)
}

pub(super) fn a_feed_keeps_to_its_budget(harness: &Harness) -> Result<Outcome> {
    let pair = churned(harness, &schema()?)?;
    let Some(feed) = pair.site.feed() else { return NONE };
    let (position, _) = feed.begin(Budget::new())?;
    let cancel = AtomicBool::new(true);
    for (budget, kind) in [
        (Budget::new().with_deadline(Instant::now()), ErrorKind::DeadlineExceeded),
        (Budget::new().with_cancel(&cancel), ErrorKind::Cancelled),
    ] {
        assert_refused(feed.begin(budget), kind, "begin");
        assert_refused(feed.changes(position, budget), kind, "changes");
    }
    assert_is!(feed.changes(position, Budget::new())?.upto, position, "the position");
    Ok(Outcome::Kept)
}
