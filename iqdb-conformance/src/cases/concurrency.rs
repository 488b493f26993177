//! Many threads at once, more than there are cores.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use iqdb_core::{
    Batch, ErrorKind, Filter, Hits, Metric, Payload, Query, Record, RecordId, Result, Schema,
    Scratch, Search, Snapshot, SnapshotExt, Store, StoreExt, Value, Vector, Version,
};

use crate::check::exact::assert_is;
use crate::differential::Differential;
use crate::threads::{Job, Writers, run_concurrently};
use crate::{Harness, Outcome, linear};

fn schema() -> Result<Schema> {
    Schema::new(2, Metric::Euclidean)
}

fn number(payload: &Payload) -> Option<u64> {
    match payload.get("n") {
        Some(Value::Int(n)) => u64::try_from(*n).ok(),
        _ => None,
    }
}

fn numbered(id: impl Into<RecordId>, n: u64) -> Result<Record> {
    Ok(Record::new(id, [1.0, n as f32])?.with("n", n.cast_signed()))
}

pub(super) fn concurrent_writes_are_all_kept(harness: &Harness) -> Result<Outcome> {
    const WRITERS: u64 = 8;
    const BATCHES: u64 = 25;
    let batch = |writer: u64, n: u64| -> Result<Batch> {
        let id = |part: &str| format!("{writer}-{n}-{part}");
        Ok(Batch::new()
            .upsert(numbered(id("kept"), n)?)
            .upsert(numbered(id("deleted"), n)?)
            .upsert(numbered(writer, n)?)
            .delete(id("deleted")))
    };
    let mut pair = Differential::new(harness, &schema()?)?;
    let store = &*pair.site;
    let writers = (0..WRITERS).map(|writer| -> Job<'_, Vec<Version>> {
        Box::new(move || {
            (0..BATCHES).map(|n| Ok(store.apply(&batch(writer, n)?)?.version)).collect()
        })
    });
    let versions = run_concurrently(writers.collect())?;
    for of_one in &versions {
        assert!(of_one.is_sorted(), "the versions of one writer: {of_one:?}");
    }
    let versions: BTreeSet<_> = versions.into_iter().flatten().collect();
    let expected: BTreeSet<_> = (1..=WRITERS * BATCHES).map(Version).collect();
    assert_is!(versions, expected, "the versions that the batches made");
    for n in 0..BATCHES {
        for writer in 0..WRITERS {
            pair.model.apply(&batch(writer, n)?)?;
        }
    }
    pair.check()?;
    long_writing_keeps_every_write(harness)?;
    no_update_is_lost(harness)?;
    Ok(Outcome::Kept)
}

/// Several writers over thousands of versions: what goes wrong once in a while goes wrong.
fn long_writing_keeps_every_write(harness: &Harness) -> Result<()> {
    const WRITERS: u64 = 4;
    const BATCHES_MAX: u64 = 2_000;
    const AT_MOST: Duration = Duration::from_secs(2);
    let mut pair = Differential::new(harness, &schema()?)?;
    let store = &*pair.site;
    let began = Instant::now();
    let writers = (0..WRITERS).map(|writer| -> Job<'_, Vec<Version>> {
        Box::new(move || {
            (0..BATCHES_MAX)
                .take_while(|_| began.elapsed() < AT_MOST)
                .map(|n| Ok(store.upsert(numbered(writer * BATCHES_MAX + n, n)?)?.version))
                .collect()
        })
    });
    let versions = run_concurrently(writers.collect())?;
    for (writer, of_one) in (0..).zip(&versions) {
        for n in 0..of_one.len() as u64 {
            let record = numbered(writer * BATCHES_MAX + n, n)?;
            pair.model.apply(&Batch::new().upsert(record))?;
        }
    }
    let mut versions: Vec<_> = versions.into_iter().flatten().collect();
    versions.sort_unstable();
    let expected: Vec<_> = (1..=versions.len() as u64).map(Version).collect();
    assert_is!(versions, expected, "the versions that the batches made");
    pair.check()
}

/// Read, modify, write, guarded by the version, from many threads on one record.
fn no_update_is_lost(harness: &Harness) -> Result<()> {
    const THREADS: u64 = 6;
    const INCREMENTS: u64 = 15;
    let site = harness.create(&schema()?)?;
    let store = &*site;
    store.upsert(numbered("counter", 0)?)?;
    let increment = || -> Result<()> {
        // An attempt fails only if another thread's has succeeded meanwhile.
        for _ in 0..=THREADS * INCREMENTS {
            let snapshot = store.snapshot()?;
            let record = snapshot.get(&"counter".into())?;
            let record = record.map(|record| record.to_record()).transpose()?;
            let n = record.and_then(|record| number(&record.payload));
            let n = n.unwrap_or_else(|| panic!("expected a counter, found none"));
            let next = Batch::new().upsert(numbered("counter", n + 1)?);
            match store.apply(&next.expect_version(snapshot.version())) {
                Err(error) if error.kind() == ErrorKind::VersionConflict => {}
                result => return result.map(|_| ()),
            }
        }
        panic!("a conflict more often than any other thread has written")
    };
    let jobs = (0..THREADS)
        .map(|_| -> Job<'_, ()> { Box::new(|| (0..INCREMENTS).try_for_each(|_| increment())) });
    run_concurrently(jobs.collect())?;
    let counted = site.get(&"counter".into())?.and_then(|record| number(&record.payload));
    assert_is!(counted, Some(THREADS * INCREMENTS), "the counter");
    Ok(())
}

/// The number of groups of records. Each has a writer of its own.
const GROUPS: u64 = 3;
/// The number of records in a group that carry its counter.
const MEMBERS: u64 = 4;
const ROUNDS: u64 = 60;

/// Round `n` of a group: the same counter in all its members, and a flag that moves.
fn round(group: u64, n: u64) -> Result<Batch> {
    let mut batch = Batch::new();
    for member in 0..MEMBERS - 1 {
        batch = batch.upsert(numbered(group * MEMBERS + member, n)?);
    }
    let last = group * MEMBERS + MEMBERS - 1;
    let payload = Payload::new().with("n", n.cast_signed());
    let flag = |n: u64| format!("{group}-{}", n % 2);
    Ok(batch
        .upsert(numbered(last, 0)?)
        .set_payload(last, payload)
        .delete(flag(n + 1))
        .upsert(numbered(flag(n), n)?))
}

pub(super) fn concurrent_statements_see_what_is_there(harness: &Harness) -> Result<Outcome> {
    merges_are_all_kept(harness)?;
    deletes_take_only_what_matches(harness)?;
    Ok(Outcome::Kept)
}

/// Each writer merges keys of its own into one record.
fn merges_are_all_kept(harness: &Harness) -> Result<()> {
    const WRITERS: usize = 4;
    const MERGES: usize = 60;
    let pair = Differential::of(harness, &schema()?, [numbered("all", 0)?])?;
    let store = &*pair.site;
    let writers = (0..WRITERS).map(|writer| -> Job<'_, ()> {
        Box::new(move || {
            for n in 0..MERGES {
                let patch = Payload::new().with(format!("{writer}-{n}"), 1);
                let applied = store.apply(&Batch::new().merge_payload("all", patch))?;
                assert_is!(applied.payload_set, 1, "payloads set");
            }
            Ok(())
        })
    });
    run_concurrently(writers.collect())?;
    let found = store.get(&"all".into())?.expect("it is never deleted");
    assert_is!(found.payload.len(), 1 + WRITERS * MERGES, "the keys that were merged");
    Ok(())
}

/// One thread deletes all that is stale. Another one makes records stale, and then no longer so: each
/// that was there to be changed stays.
fn deletes_take_only_what_matches(harness: &Harness) -> Result<()> {
    const ROUNDS: u64 = 200;
    let state = |text: &str| Payload::new().with("state", text);
    let old = (1_000..1_500).map(|id| Ok(numbered(id, id)?.with_payload(state("old"))));
    let pair = Differential::of(harness, &schema()?, old.collect::<Result<Vec<_>>>()?)?;
    let (writers, store) = (Writers::new(1), &*pair.site);
    let (guard, stale) = (writers.guard(), Filter::eq("state", "stale"));
    let writer: Job<'_, Vec<u64>> = Box::new(|| {
        let _guard = guard;
        let mut kept = Vec::new();
        for id in 0..ROUNDS {
            store.upsert(numbered(id, id)?.with_payload(state("stale")))?;
            (0..id % 7).for_each(|_| std::thread::yield_now());
            if store.set_payload(id, state("kept"))? {
                kept.push(id);
            }
        }
        Ok(kept)
    });
    let sweeper: Job<'_, Vec<u64>> = Box::new(|| {
        while !writers.are_done() {
            store.delete_where(&stale)?;
        }
        Ok(Vec::new())
    });
    let kept: Vec<u64> = run_concurrently(vec![writer, sweeper])?.into_iter().flatten().collect();
    for id in kept {
        let found = store.get(&id.into())?.map(|record| record.payload);
        assert_is!(found, Some(state("kept")), "record {id}, which was there when it was changed");
    }
    assert_is!(store.count(Some(&Filter::eq("state", "old")))?, 500, "the records never touched");
    Ok(())
}

pub(super) fn concurrent_readers_see_whole_batches(harness: &Harness) -> Result<Outcome> {
    let site = harness.create(&schema()?)?;
    let store = &*site;
    for group in 0..GROUPS {
        store.apply(&round(group, 0)?)?;
    }
    let writers = Writers::new(GROUPS);
    let mut jobs: Vec<Job<'_, ()>> = Vec::new();
    for group in 0..GROUPS {
        let guard = writers.guard();
        jobs.push(Box::new(move || {
            let _guard = guard;
            (1..=ROUNDS).try_for_each(|n| store.apply(&round(group, n)?).map(|_| ()))
        }));
    }
    for _ in 0..4 {
        jobs.push(Box::new(|| {
            let mut last = Observation::default();
            loop {
                let is_last = writers.are_done();
                last = observe(store, harness.search(), &last)?;
                if is_last {
                    return Ok(());
                }
            }
        }));
    }
    run_concurrently(jobs)?;
    let last = observe(store, harness.search(), &Observation::default())?;
    assert_is!(last.version, Version(GROUPS * (ROUNDS + 1)), "the last version");
    Ok(Outcome::Kept)
}

/// What a reader observed: the version, and the counter of each group.
#[derive(Default)]
struct Observation {
    version: Version,
    counters: BTreeMap<u64, u64>,
}

fn observe(store: &dyn Store, search: &dyn Search, last: &Observation) -> Result<Observation> {
    let earlier = store.get(&0.into())?.and_then(|record| number(&record.payload));
    let snapshot = store.snapshot()?;
    let mut scanned = BTreeMap::new();
    for record in snapshot.records(None) {
        let record = record?;
        scanned.insert(record.id()?.to_id(), number(&record.payload()?.to_payload()?));
    }
    assert_is!(scanned.len() as u64, GROUPS * (MEMBERS + 1), "records in {scanned:?}");
    assert_is!(snapshot.len(), scanned.len() as u64, "the length of the snapshot");

    let mut counters = BTreeMap::new();
    for group in 0..GROUPS {
        let counter = |id: RecordId| scanned.get(&id).copied().flatten();
        let Some(n) = counter((group * MEMBERS).into()) else {
            panic!("expected a counter in every record, found {scanned:?}");
        };
        for member in 0..MEMBERS {
            let found = counter((group * MEMBERS + member).into());
            assert_is!(found, Some(n), "the counter in member {member} of group {group}");
        }
        let flag = counter(format!("{group}-{}", n % 2).into());
        assert_is!(flag, Some(n), "the counter in the flag of group {group}");
        let before = last.counters.get(&group).copied().unwrap_or(0);
        assert!(n >= before, "group {group}: expected round {before} or later, found {n}");
        counters.insert(group, n);
    }
    // Each round of each group is one version, so the counters determine the version.
    let version = snapshot.version();
    let rounds: u64 = counters.values().sum();
    assert_is!(version, Version(GROUPS + rounds), "the version that shows {counters:?}");
    assert!(version >= last.version, "expected {} or later, found {version}", last.version);
    check_found(&*snapshot, search, &scanned)?;

    let shown = counters.get(&0).copied();
    assert!(earlier <= shown, "a snapshot shows {shown:?}, after a get has found {earlier:?}");
    let later = store.get(&0.into())?.and_then(|record| number(&record.payload));
    assert!(later >= shown, "get after a snapshot goes back to {later:?}");
    Ok(Observation { version, counters })
}

/// A search sees the same records with the same counters as a scan of the same snapshot.
fn check_found(
    snapshot: &dyn Snapshot,
    search: &dyn Search,
    scanned: &BTreeMap<RecordId, Option<u64>>,
) -> Result<()> {
    let query_vector = Vector::try_from([1.0, 0.0])?;
    let query = Query::nearest(query_vector.as_ref(), usize::MAX).with_payload(true);
    let mut hits = [Hits::new()];
    search.search(snapshot, &[query], &mut hits, &mut Scratch::new())?;
    let found: BTreeMap<_, _> =
        hits[0].iter().map(|hit| (hit.id.to_id(), hit.payload.and_then(number))).collect();
    assert_is!(&found, scanned, "what a search of the snapshot finds");
    Ok(())
}

pub(super) fn concurrent_histories_are_linearizable(harness: &Harness) -> Result<Outcome> {
    linear::check_histories(harness)?;
    Ok(Outcome::Kept)
}

/// How long readers look on at one writer.
const LOOKING_ON: Duration = Duration::from_secs(2);

pub(super) fn batch_n_makes_version_n_for_every_reader(harness: &Harness) -> Result<Outcome> {
    const RECORDS: u64 = 12;
    let site = harness.create(&schema()?)?;
    let store = &*site;
    // Batch n writes n into each record but one, which it deletes.
    let batch = |n: u64| -> Result<Batch> {
        (0..RECORDS).try_fold(Batch::new(), |batch, id| {
            let payload = Payload::new().with("n", n.cast_signed());
            Ok(match id == n % RECORDS {
                true => batch.delete(id),
                false => batch.upsert(Record::new(id, [n as f32, 1.0])?.with_payload(payload)),
            })
        })
    };
    store.apply(&batch(1)?)?;
    let (writers, until) = (Writers::new(1), Instant::now() + LOOKING_ON);
    let guard = writers.guard();
    let mut jobs: Vec<Job<'_, ()>> = vec![Box::new(move || {
        let _guard = guard;
        for n in 2.. {
            if Instant::now() > until {
                break;
            }
            assert_is!(store.apply(&batch(n)?)?.version, Version(n), "the version of batch {n}");
        }
        Ok(())
    })];
    for reader in 0..3 {
        jobs.push(Box::new({
            let writers = &writers;
            move || {
                let (mut last, mut turn) = (Version(0), reader);
                while !writers.are_done() {
                    turn += 1;
                    let snapshot = store.snapshot()?;
                    let Version(n) = snapshot.version();
                    assert!(snapshot.version() >= last, "a snapshot goes back");
                    last = snapshot.version();
                    assert_is!(snapshot.len(), RECORDS - 1, "the length at version {n}");
                    let of_n = Filter::eq("n", n.cast_signed());
                    if turn % 4 == 0 {
                        let count = snapshot.count(Some(&of_n))?;
                        assert_is!(count, RECORDS - 1, "the records of batch {n} at version {n}");
                    }
                    for id in 0..RECORDS {
                        let found = snapshot.get(&id.into())?;
                        assert_is!(found.is_none(), id == n % RECORDS, "whether {id} is gone");
                        let Some(found) = found else { continue };
                        let found = found.to_record()?.payload.get("n").cloned();
                        assert_is!(found, Some(n.cast_signed().into()), "record {id} at {n}");
                    }
                }
                Ok(())
            }
        }));
    }
    run_concurrently(jobs)?;
    Ok(Outcome::Kept)
}
