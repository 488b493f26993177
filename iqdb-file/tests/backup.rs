//! Backups that fail or are killed half-way: what they leave blocks no later backup.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use fastrand::Rng;
use iqdb_core::{Batch, ErrorKind, Metric, Record, Schema, Store, StoreExt};
use iqdb_file::vfs::Vfs;
use iqdb_file::vfs::sim::{Fault, FaultKind, SimVfs};
use iqdb_file::{FileOptions, FileStore};

const DIR: &str = "disk/db";
const COPY: &str = "disk/copy";
const RECORDS: u64 = 40;

/// Where a copy goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// There is nothing: it is made beside it, and renamed.
    Absent,
    /// An empty directory, in which it is made.
    Empty,
}

const TARGETS: [Target; 2] = [Target::Absent, Target::Empty];

fn schema() -> Schema {
    Schema::new(4, Metric::Dot).unwrap()
}

fn options(disk: &SimVfs) -> FileOptions {
    FileOptions::new()
        .with_vfs(disk.clone())
        .with_seal_bounds(1 << 10, 20, 4 << 10)
        .with_reserve_bytes(4 << 10)
}

fn record(id: u64) -> Record {
    Record::new(id, vec![id as f32, 1.0, 2.0, 3.0]).unwrap().with("n", id as i64)
}

fn records(ids: std::ops::Range<u64>) -> Batch {
    ids.fold(Batch::new(), |batch, id| batch.upsert(record(id)))
}

/// A disk with a database, and a directory for its copy or none.
fn disk(target: Target) -> SimVfs {
    let disk = SimVfs::new();
    disk.put(Path::new("disk/notes"), b"mine").unwrap();
    let above = disk.open_dir(Path::new("disk")).unwrap();
    if target == Target::Empty {
        above.create_dir("copy").unwrap();
        above.sync().unwrap();
    }
    let store = FileStore::create(DIR, schema(), &options(&disk)).unwrap();
    for start in (0..RECORDS).step_by(4) {
        store.apply(&records(start..start + 4)).unwrap();
    }
    disk
}

/// The files that have something to do with the copy, but for the reserve, on which nothing relies.
fn left(disk: &SimVfs) -> Vec<String> {
    let files = disk.files();
    let names = files.keys().filter_map(|path| path.strip_prefix("disk").ok());
    let names = names.map(|name| name.to_str().unwrap().to_owned());
    names
        .filter(|name| !name.starts_with("db/") && name != "notes" && !name.ends_with("reserve"))
        .collect()
}

/// The directories beside the database.
fn beside(disk: &SimVfs) -> Vec<String> {
    let entries = disk.open_dir(Path::new("disk")).unwrap().list().unwrap();
    let names = entries.into_iter().map(|entry| entry.name);
    names.filter(|name| name != "db" && name != "notes").collect()
}

fn has_manifest(disk: &SimVfs) -> bool {
    left(disk).iter().any(|name| name.starts_with("copy/manifest-") && !name.ends_with(".new"))
}

fn assert_is_copy(disk: &SimVfs) {
    let copy = FileStore::open(COPY, &options(disk)).unwrap();
    copy.verify(&mut ()).unwrap();
    assert_eq!(copy.len().unwrap(), RECORDS);
    for id in 0..RECORDS {
        assert_eq!(copy.get(&id.into()).unwrap(), Some(record(id)));
    }
    drop(copy);
    assert_eq!(disk.files()[Path::new("disk/notes")], b"mine");
    assert_eq!(left(disk).len(), 4, "a log, a manifest, a segment, the lock: {:?}", left(disk));
    assert_eq!(beside(disk), ["copy"]);
}

/// The numbers of the calls of a backup on such a disk.
fn calls(target: Target) -> std::ops::RangeInclusive<u64> {
    let disk = disk(target);
    let store = FileStore::open(DIR, &options(&disk)).unwrap();
    let first = disk.calls().len() as u64 + 1;
    store.backup_to(COPY).unwrap();
    let last = disk.calls().len() as u64;
    assert_is_copy(&disk);
    first..=last
}

/// Every target, call and kind of fault.
fn faults() -> impl Iterator<Item = (Target, u64, FaultKind)> {
    let calls = TARGETS.into_iter().flat_map(|target| calls(target).map(move |at| (target, at)));
    calls.flat_map(|(target, at)| FaultKind::ALL.map(move |kind| (target, at, kind)))
}

#[test]
fn a_backup_that_failed_leaves_nothing_and_works_when_tried_again() {
    let mut failed = 0;
    for (target, at, kind) in faults() {
        let disk = disk(target);
        let store = FileStore::open(DIR, &options(&disk)).unwrap();
        disk.set_fault(Some(Fault { at, kind, sticky: false }));
        if let Err(error) = store.backup_to(COPY) {
            assert_eq!(error.kind(), ErrorKind::Io, "{target:?}, {kind:?} at {at}");
            let empty: &[&str] = if target == Target::Empty { &["copy"] } else { &[] };
            assert_eq!(left(&disk), [""; 0], "{target:?}, {kind:?} at {at}");
            assert_eq!(beside(&disk), empty, "{target:?}, {kind:?} at {at}");
            store
                .backup_to(COPY)
                .unwrap_or_else(|error| panic!("{target:?}, {kind:?} at {at}: {error}"));
            failed += 1;
        }
        assert_is_copy(&disk);
    }
    assert!(failed > 10, "{failed}");
}

#[test]
fn nor_does_it_matter_when_cleaning_up_fails_too() {
    for (target, at, kind) in faults() {
        let disk = disk(target);
        let store = FileStore::open(DIR, &options(&disk)).unwrap();
        disk.set_fault(Some(Fault { at, kind, sticky: true }));
        let done = store.backup_to(COPY);
        disk.set_fault(None);
        // A whole copy may be there if nothing has worked after its last write.
        if done.is_err() && !has_manifest(&disk) {
            store
                .backup_to(COPY)
                .unwrap_or_else(|error| panic!("{target:?}, {kind:?} at {at}: {error}"));
        }
        assert_is_copy(&disk);
        let error = store.backup_to(COPY).unwrap_err();
        assert!(error.to_string().contains("choose another directory"), "{error}");
    }
}

#[test]
fn what_a_killed_backup_has_left_is_replaced_by_another_or_by_a_new_database() {
    let mut replaced = 0;
    let moments = TARGETS.into_iter().flat_map(|target| calls(target).map(move |at| (target, at)));
    for (target, at, seed) in
        moments.flat_map(|(target, at)| (0..8).map(move |seed| (target, at, seed)))
    {
        let disk = disk(target);
        let store = FileStore::open(DIR, &options(&disk)).unwrap();
        disk.power_off_at(at);
        let done = store.backup_to(COPY);
        let found = disk.crash(&mut Rng::with_seed(seed));
        let again = disk.crash(&mut Rng::with_seed(seed));
        if has_manifest(&found) {
            let copy = FileStore::open(COPY, &options(&found)).unwrap();
            assert_eq!(copy.len().unwrap(), RECORDS, "{target:?}, {at}, {seed}");
            continue;
        }
        assert!(done.is_err(), "{target:?}, {at}, {seed}: it was acknowledged");
        replaced += u64::from(left(&found).iter().any(|name| name.contains("/segment-0")));
        let error = FileStore::open(COPY, &options(&found)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{error}");
        let store = FileStore::open(DIR, &options(&found)).unwrap();
        store.backup_to(COPY).unwrap_or_else(|error| panic!("{target:?}, {at}, {seed}: {error}"));
        assert_is_copy(&found);

        let store = FileStore::create(COPY, schema(), &options(&again)).unwrap();
        assert!(store.is_empty().unwrap());
        assert_eq!(beside(&again), ["copy"]);
        store.apply(&records(0..3)).unwrap();
        drop(store);
        let store = FileStore::open(COPY, &options(&again)).unwrap();
        assert_eq!(store.len().unwrap(), 3);
        store.verify(&mut ()).unwrap();
    }
    assert!(replaced > 0, "no segment without a manifest was found");
}

#[test]
fn a_copy_whose_manifest_is_missing_is_damaged_still() {
    let disk = disk(Target::Absent);
    let store = FileStore::open(DIR, &options(&disk)).unwrap();
    store.backup_to(COPY).unwrap();
    let lost = SimVfs::new();
    for (path, bytes) in disk.files() {
        if path != Path::new("disk/copy/manifest-00000001") {
            lost.put(&path, &bytes).unwrap();
        }
    }
    let options = options(&lost);
    let store = FileStore::open(DIR, &options).unwrap();
    assert_eq!(store.backup_to(COPY).unwrap_err().kind(), ErrorKind::Damaged);
    assert_eq!(FileStore::open(COPY, &options).unwrap_err().kind(), ErrorKind::Damaged);
    let error = FileStore::create(COPY, schema(), &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged);
}
