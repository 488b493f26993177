//! Making, opening, closing, copying: what happens to the files of a database.

#![allow(clippy::unwrap_used)]

mod compaction;

use std::path::Path;

use iqdb_core::{
    Batch, ErrorKind, Metric, Payload, Query, Record, RecordId, Schema, Scratch, Search, Snapshot,
    SnapshotExt, Store, StoreExt, VectorRef, Version,
};
use iqdb_file::{Durability, FileOptions, FileStore, ReadMode};
use tempfile::TempDir;

fn schema() -> Schema {
    Schema::new(8, Metric::Euclidean).unwrap()
}

fn options() -> FileOptions {
    FileOptions::new()
}

fn record(n: u64) -> Record {
    let vector: Vec<f32> = (0..8).map(|i| (n * 8 + i) as f32).collect();
    Record::new(n, vector)
        .unwrap()
        .with("n", n as i64)
        .with("parity", if n.is_multiple_of(2) { "even" } else { "odd" })
}

fn records(range: std::ops::Range<u64>) -> Batch {
    range.fold(Batch::new(), |batch, n| batch.upsert(record(n)))
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn bytes(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap();
    entries
        .map(|entry| entry.unwrap())
        .filter(|entry| !["reserve", "lock"].iter().any(|name| entry.file_name() == *name))
        .map(|entry| entry.metadata().unwrap().len())
        .sum()
}

fn assert_has(store: &FileStore, range: std::ops::Range<u64>) {
    assert_eq!(store.len().unwrap(), range.end - range.start);
    for n in range {
        assert_eq!(store.get(&n.into()).unwrap().as_ref(), Some(&record(n)), "record {n}");
    }
}

fn home() -> (TempDir, std::path::PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    (home, dir)
}

#[test]
fn what_is_not_there_is_not_opened_and_what_is_there_is_not_made() {
    let (_home, dir) = home();
    let error = FileStore::open(&dir, &options()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("create the database first"), "{error}");
    assert!(!dir.exists(), "opening makes nothing");

    drop(FileStore::create(&dir, schema(), &options()).unwrap());
    let error = FileStore::create(&dir, schema(), &options()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);

    let other = Schema::new(9, Metric::Cosine).unwrap();
    let error = FileStore::open_or_create(&dir, other.clone(), &options()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSchema);
    assert_eq!(error.expectation(), Some(&*other.to_string()));
    assert_eq!(error.finding(), Some(&*schema().to_string()));
    assert_eq!(FileStore::open(&dir, &options()).unwrap().schema(), schema());
}

#[test]
fn a_directory_of_something_else_is_left_alone() {
    let (_home, dir) = home();
    std::fs::create_dir(&dir).unwrap();
    for name in ["notes.txt", "log-7", "segment-x", ".hidden"] {
        std::fs::write(dir.join(name), "mine").unwrap();
    }
    assert!(FileStore::open(&dir, &options()).is_err());
    for error in [
        FileStore::create(&dir, schema(), &options()).unwrap_err(),
        FileStore::open_or_create(&dir, schema(), &options()).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Io);
        assert_eq!(error.finding(), Some(".hidden, log-7, notes.txt, segment-x"));
    }
    assert_eq!(names(&dir), [".hidden", "log-7", "notes.txt", "segment-x"]);
}

#[test]
fn what_others_put_into_a_database_is_left_alone() {
    let (_home, dir) = home();
    let store = FileStore::create(&dir, schema(), &options()).unwrap();
    store.apply(&records(0..10)).unwrap();
    let others = ["notes.txt", "log-7", "segment-00000077", "derived-00000004", "log-00000005"];
    for name in others {
        std::fs::write(dir.join(name), "mine").unwrap();
    }
    store.compact().unwrap();
    drop(store);
    let store = FileStore::open(&dir, &options()).unwrap();
    store.apply(&records(10..20)).unwrap();
    store.compact().unwrap();
    drop(store);
    assert_has(&FileStore::open(&dir, &options()).unwrap(), 0..20);
    for name in others {
        assert_eq!(std::fs::read(dir.join(name)).unwrap(), b"mine");
    }
}

#[test]
fn one_writer_or_many_readers() {
    let (_home, dir) = home();
    let writer = FileStore::create(&dir, schema(), &options()).unwrap();
    writer.apply(&records(0..3)).unwrap();
    for again in [
        FileStore::open(&dir, &options()),
        FileStore::open_read_only(&dir, &options()),
        FileStore::open_or_create(&dir, schema(), &options()),
        FileStore::create(&dir, schema(), &options()),
    ] {
        let error = again.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Locked);
        let text = error.to_string();
        assert!(text.contains(dir.to_str().unwrap()), "{text}");
    }
    drop(writer);
    let readers: Vec<_> =
        (0..3).map(|_| FileStore::open_read_only(&dir, &options()).unwrap()).collect();
    assert_eq!(FileStore::open(&dir, &options()).unwrap_err().kind(), ErrorKind::Locked);
    for reader in &readers {
        assert_has(reader, 0..3);
        let error = reader.apply(&records(3..4)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotSupported);
        assert!(reader.flush().is_ok() && reader.compact().is_err());
    }
    drop(readers);
    assert_has(&FileStore::open(&dir, &options()).unwrap(), 0..3);
}

#[test]
fn opening_to_read_changes_no_file() {
    let (_home, dir) = home();
    let store = FileStore::create(&dir, schema(), &options()).unwrap();
    store.apply(&records(0..5)).unwrap();
    // As a killed process leaves it, with garbage behind the last frame.
    let (_copies, copy) = home();
    std::fs::create_dir(&copy).unwrap();
    for name in names(&dir) {
        std::fs::copy(dir.join(&name), copy.join(&name)).unwrap();
    }
    let log = names(&copy).into_iter().find(|name| name.starts_with("log-")).unwrap();
    let mut torn = std::fs::read(copy.join(&log)).unwrap();
    torn.extend_from_slice(&[0x55; 100]);
    std::fs::write(copy.join(&log), &torn).unwrap();
    // Files that an interrupted checkpoint has left, and a file of another program.
    let mut left_behind = torn[..64].to_vec();
    left_behind[..8].copy_from_slice(b"iqdb seg");
    std::fs::write(copy.join("segment-00000099"), left_behind).unwrap();
    std::fs::write(copy.join("segment-00000005"), "").unwrap();
    std::fs::write(copy.join("segment-00000098"), "").unwrap();

    let before = names(&copy);
    assert_has(&FileStore::open_read_only(&copy, &options()).unwrap(), 0..5);
    assert_eq!(names(&copy), before);
    assert_eq!(std::fs::read(copy.join(&log)).unwrap(), torn);

    // A handle that may write tidies up, and later readers find what it writes next.
    let store = FileStore::open(&copy, &options()).unwrap();
    let has = |name: &str| names(&copy).contains(&name.to_owned());
    assert!(!has("segment-00000099") && !has("segment-00000005") && has("segment-00000098"));
    store.apply(&records(5..6)).unwrap();
    drop(store);
    assert_has(&FileStore::open(&copy, &options()).unwrap(), 0..6);
}

/// What is found after a crash tore the first of two frames, another of its length was written in its
/// place, and the process was killed: the second frame still has its place behind it.
fn after_a_torn_frame(options: &FileOptions) -> iqdb_core::Result<Vec<u64>> {
    let (_home, dir) = home();
    let relaxed = options.clone().with_durability(Durability::Relaxed);
    let store = FileStore::create(&dir, schema(), &relaxed).unwrap();
    let log = || {
        let name = names(&dir).into_iter().find(|name| name.starts_with("log-")).unwrap();
        dir.join(name)
    };
    let start = std::fs::read(log()).unwrap().len();
    for n in [2, 4] {
        store.upsert(record(n)).unwrap();
    }
    // Nothing of it has been synced, so a crash may leave any of it.
    let (_copies, torn) = home();
    std::fs::create_dir(&torn).unwrap();
    for name in names(&dir) {
        std::fs::copy(dir.join(&name), torn.join(&name)).unwrap();
    }
    let log = torn.join(log().file_name().unwrap());
    let mut bytes = std::fs::read(&log).unwrap();
    bytes[start..start + 64].fill(0);
    std::fs::write(&log, bytes).unwrap();

    let store = FileStore::open(&torn, options).unwrap();
    assert!(store.is_empty().unwrap());
    store.upsert(record(6)).unwrap();
    let (_more_copies, killed) = home();
    std::fs::create_dir(&killed).unwrap();
    for name in names(&torn) {
        std::fs::copy(torn.join(&name), killed.join(&name)).unwrap();
    }
    let store = FileStore::open(&killed, &FileOptions::new())?;
    Ok((0..9).filter(|n| store.get(&(*n).into()).unwrap().is_some()).collect())
}

#[test]
fn what_a_crash_left_behind_a_torn_frame_never_comes_back() {
    assert_eq!(after_a_torn_frame(&options()).unwrap(), [6]);
    let defect = options().with_defect(iqdb_file::Defect::TruncationForgotten);
    let error = after_a_torn_frame(&defect).expect_err("the planted defect is seen");
    assert_eq!(error.kind(), ErrorKind::Damaged);
    assert!(error.to_string().contains("another history"), "{error}");
}

#[test]
fn every_size_of_batch_and_every_change_is_there_again() {
    for (placed, sealed) in
        [(1, 1_000), (1, 1 << 30), (1 << 30, 1_000), (1 << 30, 1 << 30), (256, 3_000)]
    {
        let (_home, dir) = home();
        let options =
            options().with_placed_from_bytes(placed).with_seal_bounds(sealed, 1 << 30, sealed);
        let mut store = FileStore::create(&dir, schema(), &options).unwrap();
        let mut version = 0;
        for n in 0..40_u64 {
            let batch = records(n * 10..n * 10 + 1 + n % 10)
                .delete(n * 10)
                .set_payload(n * 5 + 1, Payload::new().with("set", n as i64));
            store.apply(&batch).unwrap();
            version += 1;
            if n % 7 == 0 {
                drop(store);
                store = FileStore::open(&dir, &options).unwrap();
            }
            assert_eq!(store.snapshot().unwrap().version(), Version(version));
        }
        let expected: Vec<Record> = contents(&*store.snapshot().unwrap());
        assert_eq!(expected.len() as u64, store.len().unwrap());
        drop(store);
        for read_mode in [ReadMode::Map, ReadMode::Copy] {
            let store = FileStore::open(&dir, &options.clone().with_read_mode(read_mode)).unwrap();
            assert_eq!(contents(&*store.snapshot().unwrap()), expected);
            store.verify(&mut ()).unwrap();
            store.compact().unwrap();
            assert_eq!(contents(&*store.snapshot().unwrap()), expected);
            assert_eq!(store.snapshot().unwrap().version(), Version(version));
        }
    }
}

fn contents(snapshot: &dyn Snapshot) -> Vec<Record> {
    let mut records: Vec<Record> =
        snapshot.records(None).map(|record| record.unwrap().to_record().unwrap()).collect();
    records.sort_by(|a, b| a.id.cmp(&b.id));
    records
}

#[test]
fn a_backup_is_a_database_as_of_then() {
    let (_home, dir) = home();
    let (_copies, copy) = home();
    let store = FileStore::create(&dir, schema(), &options()).unwrap();
    store.apply(&records(0..100)).unwrap();
    store.compact().unwrap();
    store.apply(&records(100..120).delete(50)).unwrap();
    let then = contents(&*store.snapshot().unwrap());
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for n in 200..400 {
                store.upsert(record(n)).unwrap();
            }
        });
        let snapshot = store.snapshot().unwrap().version();
        store.backup_to(&copy).unwrap();
        writing.join().unwrap();
        let copied = FileStore::open(&copy, &options()).unwrap();
        assert!(copied.snapshot().unwrap().version() >= snapshot);
        let found = contents(&*copied.snapshot().unwrap());
        assert_eq!(found.iter().filter(|record| record.id < 200.into()).count(), then.len());
        copied.verify(&mut ()).unwrap();
        let next = copied.snapshot().unwrap().version().next();
        assert_eq!(copied.apply(&records(0..1)).unwrap().version, next);
    });
    assert_eq!(store.backup_to(&copy).unwrap_err().kind(), ErrorKind::Io);
}

#[test]
fn relaxed_writes_are_there_after_a_flush_and_after_closing() {
    let (_home, dir) = home();
    let relaxed = options().with_durability(Durability::Relaxed).with_placed_from_bytes(1_000);
    let store = FileStore::create(&dir, schema(), &relaxed).unwrap();
    store.apply(&records(0..100)).unwrap();
    store.flush().unwrap();
    store.apply(&records(100..101)).unwrap();
    drop(store);
    assert_has(&FileStore::open(&dir, &options()).unwrap(), 0..101);
}

#[test]
fn a_bare_name_is_a_directory_here() {
    // Cargo runs tests with the crate's directory as the current one.
    let name = format!("a-bare-name-{}", std::process::id());
    let store = FileStore::create(&name, schema(), &options()).unwrap();
    store.apply(&records(0..2)).unwrap();
    drop(store);
    assert_has(&FileStore::open(&name, &options()).unwrap(), 0..2);
    std::fs::remove_dir_all(&name).unwrap();
}

#[test]
fn damage_is_named_with_its_file_and_its_bytes() {
    let (_home, dir) = home();
    let store = FileStore::create(&dir, schema(), &options()).unwrap();
    store.apply(&records(0..1_000)).unwrap();
    store.compact().unwrap();
    drop(store);
    let segment = names(&dir).into_iter().find(|name| name.starts_with("segment-")).unwrap();
    let path = dir.join(&segment);
    let mut content = std::fs::read(&path).unwrap();
    content[5_000] ^= 1;
    std::fs::write(&path, &content).unwrap();

    let store = FileStore::open(&dir, &options()).unwrap();
    let error = store.verify(&mut ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged);
    let text = format!("{error:?}");
    assert!(text.contains(&segment) && text.contains("4096"), "{text}");
    let search = iqdb_search::ExactSearch::new();
    let vector = [0.0; 8];
    let query = Query::nearest(VectorRef::new(&vector).unwrap(), 3);
    let mut hits = [iqdb_core::Hits::default()];
    let error = search
        .search(&*store.snapshot().unwrap(), &[query], &mut hits, &mut Scratch::new())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged);
    assert_eq!(store.get(&RecordId::from(3)).unwrap_err().kind(), ErrorKind::Damaged);
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_alone_and_links_are_not_followed() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let (_home, dir) = home();
    let store = FileStore::create(&dir, schema(), &options()).unwrap();
    store.apply(&records(0..100)).unwrap();
    store.compact().unwrap();
    drop(store);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    for name in names(&dir) {
        assert_eq!(mode(&dir.join(&name)), 0o600, "{name}");
    }
    let segment = names(&dir).into_iter().find(|name| name.starts_with("segment-")).unwrap();
    let elsewhere = dir.join("elsewhere");
    std::fs::rename(dir.join(&segment), &elsewhere).unwrap();
    symlink(&elsewhere, dir.join(&segment)).unwrap();
    assert!(FileStore::open(&dir, &options()).is_err());
}
