//! What is saved is lent again or not at all.

use std::path::Path;

use iqdb_core::{Metric, Schema, Shelf, Snapshot, Store, StoreExt};

use crate::{FileOptions, FileStore, ReadMode};

fn open(dir: &Path, read_mode: ReadMode) -> FileStore {
    let options = FileOptions::new().with_read_mode(read_mode);
    FileStore::open_or_create(dir, Schema::new(2, Metric::Dot).unwrap(), &options).unwrap()
}

fn load(shelf: &Shelf, key: &str) -> Option<Vec<u8>> {
    shelf.load(key).map(|bytes| (*bytes).as_ref().to_vec())
}

fn shelf(snapshot: &dyn Snapshot) -> &Shelf {
    snapshot.blocks().unwrap().shelf().unwrap()
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let paths = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut files: Vec<_> = paths.filter(|path| name(path).starts_with("shelf-")).collect();
    files.sort();
    files
}

#[test]
fn the_last_bytes_of_a_key_are_lent_in_every_process_until_the_last_handle_is_gone() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    for read_mode in [ReadMode::Map, ReadMode::Copy] {
        let store = open(&dir, read_mode);
        let snapshot = store.snapshot().unwrap();
        let shelf = shelf(&*snapshot);
        assert!(shelf.save("a", b"first") && shelf.save("b", b"") && shelf.save("a", b"second"));
        assert!(!shelf.save(&"k".repeat(256), b"too long a key"));
        assert_eq!(files(&dir).len(), 2, "what is replaced is removed");
        let lent = shelf.load("a").unwrap();
        assert!(shelf.save("a", b"third"));
        assert_eq!((*lent).as_ref(), b"second", "what is lent stays");
        drop(store);
        assert!(!shelf.save("a", b"too late"));
        assert_eq!(load(shelf, "a").as_deref(), Some(&b"third"[..]));

        let store = open(&dir, read_mode);
        let snapshot = store.snapshot().unwrap();
        for (key, bytes) in [("a", Some(&b"third"[..])), ("b", Some(&b""[..])), ("c", None)] {
            assert_eq!(load(self::shelf(&*snapshot), key).as_deref(), bytes, "{key}");
        }
        store.upsert(iqdb_core::Record::new(1, [1.0, 2.0]).unwrap()).unwrap();
        store.compact().unwrap();
        let later = store.snapshot().unwrap();
        assert_eq!(load(self::shelf(&*later), "a").as_deref(), Some(&b"third"[..]));
    }
    let options = FileOptions::new();
    let store = FileStore::open_read_only(&dir, &options).unwrap();
    let snapshot = store.snapshot().unwrap();
    assert_eq!(load(shelf(&*snapshot), "a").as_deref(), Some(&b"third"[..]));
    assert!(!shelf(&*snapshot).save("a", b"nobody may"));
}

#[test]
fn what_is_damaged_is_as_good_as_none() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    let store = open(&dir, ReadMode::Map);
    assert!(shelf(&*store.snapshot().unwrap()).save("codes", b"some bytes"));
    drop(store);
    let path = files(&dir).remove(0);
    let good = std::fs::read(&path).unwrap();
    let found = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let store = FileStore::open_read_only(&dir, &FileOptions::new()).unwrap();
        load(shelf(&*store.snapshot().unwrap()), "codes")
    };
    assert_eq!(found(&good).as_deref(), Some(&b"some bytes"[..]));
    // The zeros between the key and the bytes cover nothing.
    let padding = 8 * (64 + "codes".len())..8 * 128;
    for bit in (0..good.len() * 8).filter(|bit| !padding.contains(bit)) {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(found(&flipped), None, "bit {bit}");
    }
    for len in 0..good.len() {
        assert_eq!(found(&good[..len]), None, "{len} bytes");
    }
    assert_eq!(found(&[&good[..], b"x"].concat()), None);

    // A writer goes on, and what it saves is there. What a crash has left unfinished is not.
    for len in [0, 40, good.len() - 1, good.len()] {
        std::fs::write(&path, &good[..len]).unwrap();
        let store = open(&dir, ReadMode::Map);
        let snapshot = store.snapshot().unwrap();
        assert!(shelf(&*snapshot).save("codes", b"made anew"));
        assert_eq!(files(&dir).len(), 1, "{len} bytes of a file are still there");
        drop((snapshot, store));
        std::fs::remove_file(files(&dir).remove(0)).unwrap();
    }
    std::fs::write(&path, &good).unwrap();
    let store = open(&dir, ReadMode::Map);
    assert!(shelf(&*store.snapshot().unwrap()).save("codes", b"made anew"));
    drop(store);
    let store = open(&dir, ReadMode::Map);
    let found = load(shelf(&*store.snapshot().unwrap()), "codes");
    assert_eq!(found.as_deref(), Some(&b"made anew"[..]));
}
