//! A database to try things on, and what its directory has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use iqdb_core::{Batch, IdRef, Metric, Record, Schema, SnapshotExt, Store, StoreExt};
use iqdb_file::{FileOptions, FileStore};

/// What a law says is broken.
pub(crate) type Law = Result<(), String>;

pub(crate) fn schema() -> Schema {
    Schema::new(8, Metric::Euclidean).unwrap()
}

/// Small numbers, so that there are many files soon.
pub(crate) fn options() -> FileOptions {
    FileOptions::new().with_seal_bounds(4 << 10, 1_000, 8 << 10).with_reserve_bytes(4 << 10)
}

pub(crate) fn record(n: u64) -> Record {
    let vector: Vec<f32> = (0..8).map(|i| (n * 8 + i) as f32).collect();
    Record::new(n, vector).unwrap().with("n", n as i64)
}

pub(crate) fn records(range: Range<u64>) -> Batch {
    range.fold(Batch::new(), |batch, n| batch.upsert(record(n)))
}

/// Makes a database of these records and closes it. Its id.
pub(crate) fn made(dir: &Path, range: Range<u64>) -> u128 {
    let store = FileStore::create(dir, schema(), &options()).unwrap();
    store.apply(&records(range)).unwrap();
    store.stats().unwrap().database
}

/// The numbers of all records, each of which is what was written.
pub(crate) fn numbers(store: &FileStore) -> BTreeSet<u64> {
    let snapshot = store.snapshot().unwrap();
    let found = snapshot.records(None).map(|found| {
        let found = found.unwrap().to_record().unwrap();
        let IdRef::Number(n) = found.id.as_ref() else { panic!("{} was never written", found.id) };
        assert_eq!(found, record(n), "another record was written");
        assert_eq!(store.get(&n.into()).unwrap(), Some(found));
        n
    });
    found.collect()
}

/// The names in a directory, in order.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The file of this kind with the highest number, such as `log-00000007`.
pub(crate) fn newest(dir: &Path, kind: &str) -> String {
    names(dir).into_iter().rfind(|name| name.starts_with(kind)).unwrap()
}

/// Everything in a directory, below it too: of each file and directory its mode, when it was changed,
/// and its bytes. The directory itself has the empty path.
pub(crate) type Tree = BTreeMap<PathBuf, (u32, SystemTime, Vec<u8>)>;

pub(crate) fn tree(dir: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut left = vec![PathBuf::new()];
    while let Some(path) = left.pop() {
        let at = dir.join(&path);
        let metadata = fs::symlink_metadata(&at).unwrap();
        let mut bytes = Vec::new();
        if metadata.is_dir() {
            left.extend(names(&at).into_iter().map(|name| path.join(name)));
        } else if metadata.is_file() {
            bytes = fs::read(&at).unwrap();
        }
        let (mode, changed) = (metadata.permissions().mode(), metadata.modified().unwrap());
        tree.insert(path, (mode, changed, bytes));
    }
    tree
}

/// The bytes of all files of a directory, by their names.
pub(crate) fn bytes(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |name: String| (name.clone(), fs::read(dir.join(name)).unwrap());
    names(dir).into_iter().map(read).collect()
}

/// Copies the files of a directory to a new one: what a killed process leaves.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for (name, bytes) in bytes(from) {
        fs::write(to.join(name), bytes).unwrap();
    }
}

/// Tells threads to stop, also where the test that waits for them fails.
pub(crate) struct Stop<'a>(pub(crate) &'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whether a law that should hold does, and else what is broken.
pub(crate) fn holds(condition: bool, otherwise: impl FnOnce() -> String) -> Law {
    if condition { Ok(()) } else { Err(otherwise()) }
}
