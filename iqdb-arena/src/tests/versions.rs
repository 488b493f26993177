//! Versions for stores that are built on this one: a chosen first version, and versions without a
//! change.

use iqdb_core::{ErrorKind, StoreExt, Version};

use super::*;

fn store_at(version: u64) -> ArenaStore {
    let options = ArenaOptions::new()
        .with_chunk_rows(4, 16)
        .with_dead_ratio_max(1.0)
        .with_first_version(Version(version));
    ArenaStore::with_options(Schema::new(3, Metric::Euclidean).unwrap(), options)
}

fn version_of(store: &ArenaStore) -> Version {
    store.snapshot().unwrap().version()
}

#[test]
fn a_store_begins_empty_at_the_version_asked_for() {
    let store = store_at(1 << 40);
    assert_eq!(version_of(&store), Version(1 << 40));
    assert!(store.is_empty().unwrap());
    let error = store.apply(&upserts(0..1, 1).expect_version(Version(0))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::VersionConflict);
    let batch = upserts(0..6, 1).expect_version(Version(1 << 40));
    assert_eq!(store.apply(&batch).unwrap().version, Version((1 << 40) + 1));
    // A deleted record is dead from the version of the deletion on, and alive before.
    let before = store.snapshot().unwrap();
    store.delete(3).unwrap();
    assert_eq!((content(&*before).len(), content_of(&store).len()), (6, 5));
    store.compact();
    assert_eq!((version_of(&store).0, content_of(&store).len()), ((1 << 40) + 2, 5));
}

#[test]
fn advancing_makes_a_version_of_the_same_content() {
    let store = store_at(7);
    assert_eq!(store.advance(), Version(8));
    // With full chunks and an open one, and ended rows in both.
    for n in 0..30 {
        store.apply(&upserts(n..n + 1, 1)).unwrap();
        store.apply(&upserts(n / 2..n / 2 + 1, 2)).unwrap();
        let (before, held) = (content_of(&store), store.snapshot().unwrap());
        let version = store.advance();
        assert_eq!(version, held.version().next());
        assert_eq!(version_of(&store), version);
        assert_eq!(content_of(&store), before);
        assert_eq!(content(&*held), before);
        // Writers see the version, too.
        let batch = Batch::new().delete(n).expect_version(held.version());
        assert_eq!(store.apply(&batch).unwrap_err().kind(), ErrorKind::VersionConflict);
    }
}

#[test]
fn advancing_frees_the_views_that_no_snapshot_holds() {
    let store = store_at(0);
    store.apply(&upserts(0..9, 1)).unwrap();
    for version in 2..1_000 {
        assert_eq!(store.advance(), Version(version));
    }
    assert!(store.stats().retired <= 1, "{:?}", store.stats());
}
