//! Compacting, when asked and unasked: the directory shrinks to what is alive.

use super::*;

#[test]
fn deletes_and_compaction_shrink_the_directory() {
    let (_home, dir) = home();
    let options = options().with_seal_bounds(50_000, 1 << 30, 50_000).with_placed_from_bytes(1_000);
    let store = FileStore::create(&dir, schema(), &options).unwrap();
    for n in 0..100 {
        store.apply(&records(n * 50..n * 50 + 50)).unwrap();
    }
    store.compact().unwrap();
    let full = bytes(&dir);
    let held = store.snapshot().unwrap();
    for n in (0..5_000_u64).filter(|n| n % 2 == 0) {
        store.delete(n).unwrap();
    }
    store.compact().unwrap();
    let half = bytes(&dir);
    assert!((half as f64) < 0.55 * full as f64, "{full} bytes, and half of it takes {half}");
    assert_eq!(store.stats().unwrap().dead_rows, 0);
    assert_eq!(held.len(), 5_000);
    assert_eq!(contents(&*held).len(), 5_000, "a snapshot outlives the files that it shows");
    drop(store);
    let store = FileStore::open(&dir, &options).unwrap();
    assert_eq!(store.len().unwrap(), 2_500);
    store.delete_where(&"n >= 0".parse().unwrap()).unwrap();
    store.compact().unwrap();
    assert!(bytes(&dir) < 1_000, "{} bytes of nothing", bytes(&dir));
    drop(store);
    assert!(FileStore::open(&dir, &options).unwrap().is_empty().unwrap());
}

#[test]
fn dead_rows_are_rewritten_without_being_asked() {
    let (_home, dir) = home();
    let options = options().with_seal_bounds(20_000, 1 << 30, 20_000);
    let store = FileStore::create(&dir, schema(), &options).unwrap();
    for round in 0..50 {
        store.apply(&records(0..100)).unwrap();
        assert!(bytes(&dir) < 100_000, "round {round}: {} bytes", bytes(&dir));
    }
    assert_has(&store, 0..100);
}

#[test]
fn small_segments_are_joined_without_being_asked() {
    let (_home, dir) = home();
    let options = options().with_seal_bounds(2_000, 1 << 30, 1 << 20);
    let store = FileStore::create(&dir, schema(), &options).unwrap();
    for n in 0..1_000 {
        store.upsert(record(n)).unwrap();
    }
    let segments = store.stats().unwrap().segments;
    assert!(segments < 30, "{segments} segments");
    assert_has(&store, 0..1_000);
}
