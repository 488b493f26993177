//! Memory is freed by writers, outside their lock, and never by a reader.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ThreadId;

use super::*;

/// Derived data that records the thread that dropped it.
#[derive(Debug)]
struct Witness(Arc<Mutex<Vec<ThreadId>>>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(std::thread::current().id());
    }
}

/// Lets a reader be the last to use a generation; returns the threads that freed it.
fn freed_by(store: &ArenaStore) -> Vec<ThreadId> {
    let freed = Arc::new(Mutex::new(Vec::new()));
    store.apply(&upserts(0..4, 1)).unwrap();
    let held = store.snapshot().unwrap();
    let seal = held.blocks().unwrap().block(0).unwrap().seal().unwrap();
    seal.derived().put(Witness(Arc::clone(&freed))).unwrap();
    store.apply(&upserts(0..4, 2)).unwrap();
    store.compact();
    assert!(freed.lock().unwrap().is_empty(), "a snapshot lives");
    std::thread::scope(|scope| {
        scope.spawn(move || drop(held));
    });
    store.apply(&upserts(0..1, 3)).unwrap();
    Arc::try_unwrap(freed).unwrap().into_inner().unwrap()
}

#[test]
fn writers_free_what_readers_leave() {
    assert_eq!(freed_by(&store(Faults::none())), [std::thread::current().id()]);
}

#[test]
fn planted_readers_that_free_are_noticed() {
    let freed = freed_by(&planted(Defect::FreedByReaders));
    assert!(freed.len() == 1 && freed[0] != std::thread::current().id(), "{freed:?}");
}

#[test]
fn flushing_frees_and_so_does_compacting() {
    let store = store(Faults::none());
    for free in [|store: &ArenaStore| store.flush().unwrap(), ArenaStore::compact] {
        store.apply(&upserts(0..40, 1)).unwrap();
        let held = store.snapshot().unwrap();
        store.apply(&upserts(0..40, 2)).unwrap();
        assert_eq!(store.stats().retired, 1);
        free(&store);
        assert!(store.stats().retired >= 1, "a snapshot still holds it");
        drop(held);
        free(&store);
        free(&store);
        assert_eq!(store.stats().retired, 0);
    }
}

/// A weak handle can be upgraded, so the view that it points to is not freed either.
#[test]
fn a_weak_handle_keeps_a_view_from_being_freed_by_its_reader() {
    let store = store(Faults::none());
    store.apply(&upserts(0..4, 1)).unwrap();
    let weak = Arc::downgrade(&store.snapshot().unwrap());
    store.apply(&upserts(0..4, 2)).unwrap();
    store.flush().unwrap();
    assert_eq!(store.stats().retired, 1);
    let upgraded = weak.upgrade().unwrap();
    assert_eq!(content(&*upgraded), upserts_as_records(0..4, 1));
    drop((upgraded, weak));
    store.flush().unwrap();
    assert_eq!(store.stats().retired, 0);
}

fn upserts_as_records(ids: std::ops::Range<u64>, component: i16) -> Vec<Record> {
    ids.map(|id| record(id, component)).collect()
}

/// Derived data of a search's own type, with a `Drop` that writes to the store and panics.
#[derive(Debug)]
struct Meddler {
    store: std::sync::Weak<ArenaStore>,
    dropped: Arc<AtomicUsize>,
}

impl Drop for Meddler {
    fn drop(&mut self) {
        if let Some(store) = self.store.upgrade() {
            store.apply(&upserts(100..101, 9)).unwrap();
            store.flush().unwrap();
        }
        self.dropped.fetch_add(1, Ordering::Relaxed);
        panic!("in a drop");
    }
}

#[test]
fn a_drop_that_writes_and_panics_harms_neither_store_nor_writer() {
    let store = Arc::new(store(Faults::none()));
    let dropped = Arc::new(AtomicUsize::new(0));
    store.apply(&upserts(0..4, 1)).unwrap();
    {
        let snapshot = store.snapshot().unwrap();
        let seal = snapshot.blocks().unwrap().block(0).unwrap().seal().unwrap();
        let meddler = Meddler { store: Arc::downgrade(&store), dropped: Arc::clone(&dropped) };
        seal.derived().put(meddler).unwrap();
    }
    store.apply(&upserts(0..4, 2)).unwrap();
    store.compact();
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
    assert_eq!(content_of(&store).len(), 5);
    let applied = store.apply(&upserts(7..8, 1)).unwrap();
    assert_eq!((applied.inserted, store.snapshot().unwrap().len()), (1, 6));
}

#[test]
fn compaction_leaves_full_sealed_chunks_and_nothing_dead() {
    let store = store(Faults::none());
    store.apply(&upserts(0..100, 1)).unwrap();
    let old = store.snapshot().unwrap();
    let was = content(&*old);
    store.apply(&(0..100).step_by(3).fold(Batch::new(), Batch::delete)).unwrap();
    let before = content_of(&store);
    let version = store.snapshot().unwrap().version();
    store.compact();
    let stats = store.stats();
    assert_eq!((stats.rows, stats.live, stats.chunks, stats.sealed), (66, 66, 5, 5));
    assert_eq!(store.snapshot().unwrap().version(), version);
    assert_eq!(content_of(&store), before);
    assert_eq!(content(&*old), was);
    // The compacted store takes further writes.
    store.apply(&upserts(50..300, 5)).unwrap();
    assert_eq!(content_of(&store).len(), 283);
}

/// Dead rows count by their bytes: a few rows with large payloads start a compaction.
#[test]
fn dead_payloads_are_compacted_away() {
    let schema = Schema::new(3, Metric::Dot).unwrap();
    let store = ArenaStore::new(schema);
    let text = "x".repeat(64 * 1_024);
    for n in 0..200 {
        store.apply(&Batch::new().upsert(record(1, n).with("text", text.as_str()))).unwrap();
    }
    // A MiB of dead payloads is 16 of them.
    assert!(store.stats().rows <= 20, "{:?}", store.stats());
    assert_eq!(content_of(&store).len(), 1);
}

#[test]
fn dead_rows_are_compacted_away_when_there_are_enough_of_them() {
    let schema = Schema::new(3, Metric::Dot).unwrap();
    let options = ArenaOptions::new().with_chunk_rows(4, 16).with_dead_ratio_max(0.5);
    let lazy = ArenaStore::with_options(schema.clone(), options.clone());
    let eager = ArenaStore::with_options(schema, options.with_dead_bytes_min(0));
    for store in [&lazy, &eager] {
        for n in 0..4 {
            store.apply(&upserts(0..10, n)).unwrap();
        }
    }
    assert_eq!(lazy.stats().rows, 40, "not worth it yet");
    assert!(eager.stats().rows <= 20);
    assert_eq!(content_of(&lazy), content_of(&eager));
}
