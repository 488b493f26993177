//! Full disks: what still works, what is refused, and when it works again.

#![allow(clippy::unwrap_used)]

use std::error::Error as _;
use std::io;
use std::ops::Range;
use std::path::Path;

use iqdb_core::{Batch, Error, ErrorKind, Metric, Record, RecordId, Schema, Store, StoreExt};
use iqdb_file::vfs::sim::SimVfs;
use iqdb_file::{FileOptions, FileStore};

const DIR: &str = "disk/db";
const RESERVE: &str = "disk/db/reserve";
const RESERVE_BYTES: u64 = 32 << 10;
const LOG_BYTES: u64 = 4 << 10;

fn options(disk: &SimVfs, log_bytes: u64) -> FileOptions {
    FileOptions::new()
        .with_vfs(disk.clone())
        .with_seal_bounds(log_bytes, 1_000, 8 << 10)
        .with_reserve_bytes(RESERVE_BYTES)
}

/// A new database, and so much space beside it.
fn store(space: u64, log_bytes: u64) -> (SimVfs, FileStore) {
    let disk = SimVfs::new();
    disk.put(Path::new("disk/a"), b"").unwrap();
    let schema = Schema::new(16, Metric::Euclidean).unwrap();
    let store = FileStore::create(DIR, schema, &options(&disk, log_bytes)).unwrap();
    disk.set_quota(Some(disk.used() + space));
    (disk, store)
}

/// A store on a full disk whose first records have been deleted, until that took the reserve; the
/// others are in its log.
fn store_without_reserve() -> (SimVfs, FileStore, Range<u64>) {
    let (disk, store) = store(24 << 10, 1 << 20);
    let mut left = 0..fill(&store);
    while has_reserve(&disk) {
        store.delete(left.next().unwrap()).unwrap();
    }
    (disk, store, left)
}

fn record(id: u64) -> Record {
    Record::new(id, vec![id as f32; 16]).unwrap()
}

/// Upserts one by one until there is no space; how many that were.
fn fill(store: &FileStore) -> u64 {
    let refused = (0..).find_map(|id| store.upsert(record(id)).err().map(|error| (id, error)));
    let (id, error) = refused.unwrap();
    assert_is_full(&error);
    id
}

fn assert_is_full(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert!(error.advice().unwrap().contains("free some space"), "{error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>();
        let io = io.or_else(|| Some(error.downcast_ref::<std::sync::Arc<io::Error>>()?));
        if io.is_some_and(|error| error.kind() == io::ErrorKind::StorageFull) {
            return;
        }
        cause = error.source();
    }
    panic!("no full disk is behind it: {error}");
}

fn reserve_len(disk: &SimVfs) -> Option<u64> {
    disk.files().get(Path::new(RESERVE)).map(|bytes| bytes.len() as u64)
}

/// Whether there is more of it than the bytes that say whose it is.
fn has_reserve(disk: &SimVfs) -> bool {
    reserve_len(disk).is_some_and(|len| len > 64)
}

/// Writers whose upserts are refused try again; deletes must not suffer for it.
#[test]
fn deletes_and_compacting_work_whatever_upserts_try_meanwhile() {
    for space in (16..96).step_by(5).map(|kib| kib << 10) {
        let (disk, store) = store(space, LOG_BYTES);
        let count = fill(&store);
        for id in 0..count {
            for other in count..count + 3 {
                match store.upsert(record(other)) {
                    Ok(_) => {}
                    Err(error) => assert_is_full(&error),
                }
            }
            let deleted = store.delete(id);
            assert!(deleted.is_ok(), "{space} bytes, record {id} of {count}: {deleted:?}");
        }
        store.compact().unwrap();
        assert_eq!(reserve_len(&disk), Some(RESERVE_BYTES));
        store.upsert(record(0)).unwrap();
        assert_eq!(store.get(&RecordId::from(0)).unwrap(), Some(record(0)));
    }
}

#[test]
fn a_log_that_can_not_be_sealed_takes_only_deletes() {
    let mut refused = 0;
    for space in (16..96).map(|kib| kib << 10) {
        let (disk, store) = store(space, LOG_BYTES);
        let count = fill(&store);
        let log = store.stats().unwrap().log_bytes;
        // A batch may have gone beyond what is sealed at once, but none after it has.
        assert!(log < LOG_BYTES + 200, "{space} bytes: {log} in the log");
        refused += u64::from(log >= LOG_BYTES);
        assert!(store.delete(0).is_ok());
        // Space makes it work again, and nothing has to be done for it.
        disk.set_quota(None);
        store.upsert(record(count)).unwrap();
        assert!(store.stats().unwrap().log_bytes < LOG_BYTES, "{space} bytes");
        assert_eq!(store.stats().unwrap().records, count);
    }
    assert!(refused > 0, "no disk was full when it was time to seal");
}

#[test]
fn what_deletes_have_used_of_the_reserve_upserts_do_not_get() {
    let (disk, store, mut left) = store_without_reserve();
    let count = left.end;
    let used = disk.used();
    for other in count..count + 100 {
        assert_is_full(&store.upsert(record(other)).unwrap_err());
        assert_is_full(&store.set_payload(count - 1, Default::default()).unwrap_err());
        let mixed = Batch::new().delete(count - 1).upsert(record(other));
        assert_is_full(&store.apply(&mixed).unwrap_err());
    }
    assert!(disk.used() <= used);
    store.delete(left.next().unwrap()).unwrap();
    // With some more space the reserve is taken first, and the rest of the space is for upserts.
    disk.set_quota(Some(used + 2 * RESERVE_BYTES));
    store.upsert(record(count)).unwrap();
    assert!(reserve_len(&disk) >= Some(RESERVE_BYTES));
}

/// The log has more in it than the reserve has while there is no log.
#[test]
fn a_log_can_be_sealed_on_a_full_disk_however_long_it_is() {
    for space in (64..512).step_by(30).map(|kib| kib << 10) {
        let (disk, store) = store(space, 1 << 20);
        let count = fill(&store);
        let log = store.stats().unwrap().log_bytes;
        assert!(log > space / 4, "{space} bytes: only {log} in the log");
        let used = disk.used();
        // No space is left for other writers, and compaction gets by with the reserve.
        disk.set_quota(Some(used));
        store.compact().unwrap();
        assert_eq!(store.stats().unwrap().log_bytes, 64, "{space} bytes");
        assert!(disk.used() < used, "{space} bytes");
        assert_eq!(store.len().unwrap(), count);
        assert_eq!(reserve_len(&disk), Some(RESERVE_BYTES));
    }
}

#[test]
fn a_reserve_that_is_missing_at_opening_is_taken_before_anything_is_added() {
    let (disk, store, left) = store_without_reserve();
    let count = left.end;
    // As large as before, and the reserve does not fit.
    let mut crashes = (0..).map(|seed| disk.crash(&mut fastrand::Rng::with_seed(seed)));
    let found = crashes.find(|found| !has_reserve(found)).unwrap();
    drop(store);
    found.set_quota(Some(found.used() + RESERVE_BYTES - 512));
    let store = FileStore::open(DIR, &options(&found, 1 << 20)).unwrap();
    assert_is_full(&store.upsert(record(count)).unwrap_err());
    for id in left {
        store.delete(id).unwrap();
    }
    store.compact().unwrap();
    assert_eq!(reserve_len(&found), Some(RESERVE_BYTES));
    store.upsert(record(count)).unwrap();
}
