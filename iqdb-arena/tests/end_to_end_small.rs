//! A whole small life of a store, for tools that are slow and see much: miri, and sanitizers.
//!
//! With the reference kernel, which is plain Rust. `cargo xtask miri` and `cargo xtask sanitize`
//! run it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use iqdb_arena::{ArenaOptions, ArenaStore};
use iqdb_core::{
    Batch, Filter, Hits, Metric, Query, Record, RecordId, Schema, Scratch, Search, Snapshot,
    SnapshotExt, Store, StoreExt, VectorRef,
};
use iqdb_search::{ExactSearch, Kernel};

/// How many batches a writer makes.
const ROUNDS: u64 = if cfg!(miri) { 12 } else { 200 };

/// Which ids there are.
const IDS: u64 = 10;

fn store() -> ArenaStore {
    let options =
        ArenaOptions::new().with_chunk_rows(2, 8).with_dead_ratio_max(0.6).with_dead_bytes_min(0);
    ArenaStore::with_options(Schema::new(3, Metric::Euclidean).unwrap(), options)
}

/// Numbers and strings in turn.
fn id(n: u64) -> RecordId {
    match n % 2 {
        0 => n.into(),
        _ => format!("number {n}").into(),
    }
}

fn record(n: u64, round: u64) -> Record {
    let record = Record::new(id(n), [n as f32, round as f32, 1.0]).unwrap();
    record.with("n", i64::try_from(n).unwrap()).with("round", i64::try_from(round).unwrap())
}

/// All records of one round, so that a snapshot that shows two rounds is seen.
fn round_of(round: u64) -> Batch {
    (0..IDS).fold(Batch::new(), |batch, n| batch.upsert(record(n, round)))
}

fn content(snapshot: &dyn Snapshot) -> BTreeMap<RecordId, Record> {
    let records = snapshot.records(None).map(|record| record.unwrap().to_record().unwrap());
    records.map(|record| (record.id.clone(), record)).collect()
}

/// The content of a snapshot that shows one round and nothing else.
fn check_round(snapshot: &dyn Snapshot) -> u64 {
    let round = snapshot.version().0;
    let expected = (0..IDS).map(|n| (id(n), record(n, round))).collect();
    assert_eq!(content(snapshot), expected);
    let found = snapshot.get(&id(3)).unwrap().unwrap().to_record().unwrap();
    assert_eq!(found, record(3, round));
    round
}

/// The nearest record is the one asked for, with a filter and without.
fn check_search(snapshot: &dyn Snapshot, hits: &mut [Hits; 2]) {
    let filter: Filter = "n >= 3 and @id in [2, \"number 5\", \"number 7\"]".parse().unwrap();
    let vector = [2.0, snapshot.version().0 as f32, 1.0];
    let query = Query::nearest(VectorRef::new(&vector).unwrap(), 2);
    let search = ExactSearch::new().with_kernel(Kernel::Reference);
    search
        .search(snapshot, &[query, query.with_filter(&filter)], hits, &mut Scratch::new())
        .unwrap();
    let nearest = |hits: &Hits| hits.get(0).map(|hit| (hit.id.to_id(), hit.distance));
    assert_eq!(nearest(&hits[0]), Some((id(2), 0.0)));
    assert_eq!(nearest(&hits[1]), Some((id(5), 3.0)));
}

#[test]
fn readers_beside_a_writer_see_one_round_at_a_time() {
    let store = Arc::new(store());
    store.apply(&round_of(1)).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let (mut hits, mut last) = ([Hits::new(), Hits::new()], 0);
                while !done.load(Ordering::Relaxed) {
                    let snapshot = store.snapshot().unwrap();
                    let round = check_round(&*snapshot);
                    assert!(last <= round, "versions go back");
                    last = round;
                    check_search(&*snapshot, &mut hits);
                }
            });
        }
        for round in 2..=ROUNDS {
            store.apply(&round_of(round)).unwrap();
            if round % 5 == 0 {
                store.compact();
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(check_round(&*store.snapshot().unwrap()), ROUNDS);
}

#[test]
fn snapshots_outlive_compactions_and_the_store() {
    let store = store();
    let mut kept = Vec::new();
    for round in 1..=ROUNDS.min(20) {
        store.apply(&round_of(round)).unwrap();
        kept.push(store.snapshot().unwrap());
        if round % 4 == 0 {
            store.compact();
            // Not in the order of the versions.
            kept.swap_remove(0);
        }
    }
    let reader = std::thread::spawn(move || {
        let mut hits = [Hits::new(), Hits::new()];
        for snapshot in kept {
            check_round(&*snapshot);
            check_search(&*snapshot, &mut hits);
        }
    });
    drop(store);
    reader.join().unwrap();
}

#[test]
fn deleting_setting_payloads_and_compacting_keep_the_rest() {
    let store = store();
    store.apply(&round_of(1)).unwrap();
    let mut expected = content(&*store.snapshot().unwrap());
    for n in 0..IDS {
        let payload = record(n, 100 + n).payload;
        let batch = match n % 3 {
            0 => Batch::new().delete(id(n)),
            1 => Batch::new().set_payload(id(n), payload.clone()),
            _ => Batch::new().delete(id(n)).upsert(record(n, 7)),
        };
        let before = store.snapshot().unwrap();
        let was = expected.clone();
        store.apply(&batch).unwrap();
        match n % 3 {
            0 => drop(expected.remove(&id(n))),
            1 => expected.get_mut(&id(n)).unwrap().payload = payload,
            _ => drop(expected.insert(id(n), record(n, 7))),
        }
        store.compact();
        assert_eq!(content(&*before), was);
        assert_eq!(content(&*store.snapshot().unwrap()), expected);
    }
}
