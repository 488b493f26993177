//! Files of two databases in one directory: they are told apart by the id that each of them has.

use std::fs;
use std::path::{Path, PathBuf};

use iqdb_core::StoreExt;
use iqdb_file::{FileOptions, FileStore};
use tempfile::TempDir;

use crate::database::{bytes, newest, numbers, options, record, records, schema};
use crate::taken::{bytes_of, opens_as_damaged, opens_with_all};

const WRITTEN: u64 = 60;

/// A closed database, with a segment and a log, which was sealed `sealed` times before. Another database
/// that was made in the same way has files of the same names.
fn database(home: &Path, name: &str, sealed: u64) -> PathBuf {
    let dir = home.join(name);
    let store = FileStore::create(&dir, schema(), &FileOptions::new()).unwrap();
    for _ in 0..sealed {
        store.apply(&records(0..50)).unwrap();
        store.compact().unwrap();
    }
    store.apply(&records(50..WRITTEN)).unwrap();
    dir
}

/// Two of them.
fn two(sealed: u64) -> (TempDir, PathBuf, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let ours = database(home.path(), "ours", 1);
    let others = database(home.path(), "others", sealed);
    (home, ours, others)
}

#[test]
fn a_file_of_another_database_in_place_of_ours_is_named() {
    for kind in ["log-", "segment-"] {
        let (_home, ours, others) = two(1);
        let name = newest(&ours, kind);
        assert_eq!(name, newest(&others, kind), "they have the same name");
        fs::write(ours.join(&name), bytes_of(&others.join(&name))).unwrap();
        opens_as_damaged(&ours, ours.join(name).to_str().unwrap());
    }
}

#[test]
fn a_lock_of_another_database_says_so() {
    let (_home, ours, others) = two(1);
    fs::copy(others.join("lock"), ours.join("lock")).unwrap();
    opens_as_damaged(&ours, "lock");
}

#[test]
fn a_manifest_of_another_database_in_place_of_ours_opens_neither() {
    let (_home, ours, others) = two(1);
    let name = newest(&ours, "manifest-");
    fs::write(ours.join(&name), bytes_of(&others.join(name))).unwrap();
    opens_as_damaged(&ours, ours.to_str().unwrap());
}

#[test]
fn a_later_manifest_of_another_database_beside_ours_opens_neither() {
    let (_home, ours, others) = two(3);
    let name = newest(&others, "manifest-");
    assert!(name > newest(&ours, "manifest-"));
    fs::copy(others.join(&name), ours.join(name)).unwrap();
    opens_as_damaged(&ours, ours.to_str().unwrap());
}

#[test]
fn all_files_of_another_database_copied_over_ours_open_neither_but_that_one_whole() {
    let (_home, ours, others) = two(3);
    for (name, bytes) in bytes(&others).into_iter().filter(|(name, _)| name != "lock") {
        fs::write(ours.join(name), bytes).unwrap();
    }
    opens_as_damaged(&ours, ours.to_str().unwrap());
    fs::copy(others.join("lock"), ours.join("lock")).unwrap();
    let store = FileStore::open(&ours, &options()).unwrap();
    assert_eq!(numbers(&store), (0..WRITTEN).collect());
}

/// They lie beside ours, under names that ours may come to need.
#[test]
fn files_of_another_database_beside_ours_are_left_alone() {
    let (_home, ours, others) = two(1);
    let (log, segment) = (newest(&others, "log-"), newest(&others, "segment-"));
    let strangers: Vec<(String, Vec<u8>)> = (1..40)
        .flat_map(|n| [(format!("log-{n:08}"), &log), (format!("segment-{n:08}"), &segment)])
        .chain([("manifest-00000001".to_owned(), &newest(&others, "manifest-"))])
        .chain([("derived-00000009".to_owned(), &segment)])
        .filter(|(name, _)| !ours.join(name).exists())
        .map(|(name, of)| (name, bytes_of(&others.join(of))))
        .collect();
    for (name, bytes) in &strangers {
        fs::write(ours.join(name), bytes).unwrap();
    }
    let store = FileStore::open(&ours, &FileOptions::new().with_placed_from_bytes(1)).unwrap();
    for n in 0..4 {
        store.apply(&records(n * 10..n * 10 + 10)).unwrap();
        store.compact().unwrap();
    }
    store.upsert(record(1)).unwrap();
    drop(store);
    opens_with_all(&ours, WRITTEN);
    for (name, bytes) in &strangers {
        assert!(bytes_of(&ours.join(name)) == *bytes, "{name} was changed");
    }
}
