//! Writers share syncs, and wait for each other only for as long as that pays.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use iqdb_core::{Batch, Metric, Record, Schema, Store, StoreExt};
use iqdb_file::vfs::sim::{Call, SimVfs};
use iqdb_file::{FileOptions, FileStore};

fn record(n: u64) -> Record {
    Record::new(n, [n as f32, 1.0]).unwrap()
}

/// Writers come and go, in groups of any size, and beside them another thread syncs the store,
/// checks it, or seals it: each of those takes a group over from its leader. The test ends, so no
/// writer is left waiting.
#[test]
fn nobody_is_left_waiting_when_writers_come_and_go() {
    let home = tempfile::tempdir().unwrap();
    let schema = Schema::new(2, Metric::Euclidean).unwrap();
    let options = FileOptions::new().with_placed_from_bytes(4_096);
    let store = FileStore::create(home.path().join("db"), schema, &options).unwrap();
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let store = &store;
        for beside in [
            |store: &FileStore| store.flush().unwrap(),
            |store: &FileStore| assert!(store.verify(&mut ()).is_ok()),
            |store: &FileStore| store.compact().unwrap(),
        ] {
            scope.spawn({
                let stop = &stop;
                move || {
                    while !stop.load(Ordering::Relaxed) {
                        beside(store);
                        std::thread::sleep(Duration::from_millis(5));
                    }
                }
            });
        }
        for writers in [8, 1, 3, 16, 2, 1, 8] {
            std::thread::scope(|scope| {
                for writer in 0..writers {
                    let next = &next;
                    scope.spawn(move || {
                        for turn in 0..30 {
                            // Now and then one whose rows are written on a thread of their own.
                            let count = if (writer + turn) % 16 == 0 { 1_000 } else { 1 };
                            let first = next.fetch_add(count, Ordering::Relaxed);
                            let ids = first..first + count;
                            let batch = ids.fold(Batch::new(), |batch, n| batch.upsert(record(n)));
                            store.apply(&batch).unwrap();
                        }
                    });
                }
            });
        }
        stop.store(true, Ordering::Relaxed);
    });
    let count = next.into_inner();
    assert_eq!(store.len().unwrap(), count);
    drop(store);
    let store = FileStore::open(home.path().join("db"), &options).unwrap();
    assert_eq!(store.len().unwrap(), count);
    assert!((0..count).all(|n| store.get(&n.into()).unwrap() == Some(record(n))));
}

/// What a group costs beside writing and syncing it, counted: three names are looked up, and the
/// directory or the segment of its rows; the mark is written and not synced.
#[test]
fn a_group_takes_four_look_ups_and_no_sync_more_than_it_needs() {
    let disk = SimVfs::new();
    disk.put(Path::new("disk/notes"), b"mine").unwrap();
    let schema = Schema::new(2, Metric::Euclidean).unwrap();
    // The number makes the order of calls the same each time.
    let options =
        FileOptions::new().with_vfs(disk.clone()).with_placed_from_bytes(512).with_seed(1);
    let store = FileStore::create("disk/db", schema, &options).unwrap();
    let calls_of = |batch: &Batch| {
        let before = disk.calls().len();
        store.apply(batch).unwrap();
        let mut calls = disk.calls().split_off(before);
        calls.sort_unstable();
        calls
    };
    let large = |from: u64| (from..from + 100).fold(Batch::new(), |all, n| all.upsert(record(n)));
    // The first of each kind makes what the later ones find.
    calls_of(&Batch::new().upsert(record(0)));
    calls_of(&large(1_000));
    let [lookup, linked] = [Call::Lookup, Call::IsLinked];
    let mut small = vec![Call::Write, Call::SyncData, lookup, lookup, lookup, linked, Call::Write];
    small.sort_unstable();
    assert_eq!(calls_of(&Batch::new().upsert(record(1))), small);
    let mut placed = vec![Call::Write, Call::Write, Call::SyncData, Call::SyncData];
    placed.extend([lookup, lookup, lookup, lookup, Call::Write]);
    placed.sort_unstable();
    assert_eq!(calls_of(&large(2_000)), placed);
}
