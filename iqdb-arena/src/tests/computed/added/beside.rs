//! Beside the call that adds a computed field, records and fields are written, and rows compacted.

use std::sync::atomic::AtomicUsize;

use super::*;

/// Adds a field beside changes: the `n`-th one is made when the rows before it have been computed for
/// the `n`-th time. Returns how often that was, and the store.
fn add_beside(
    options: ArenaOptions,
    change: impl Fn(&ArenaStore, usize) + Send + Sync + 'static,
) -> (usize, Arc<ArenaStore>) {
    let rounds = Arc::new(AtomicUsize::new(0));
    let store = hooked(options, None, {
        let rounds = Arc::clone(&rounds);
        move |store, stage| {
            if stage == Stage::CaughtUp {
                change(store, rounds.fetch_add(1, Ordering::Relaxed));
            }
        }
    });
    store.apply(&puts(0..100, 0)).unwrap();
    add(&store, "body");
    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.schema().fields().len(), 2);
    check_complete(&*snapshot);
    store.apply(&puts(50..150, 1)).unwrap();
    check_complete(&*store.snapshot().unwrap());
    (rounds.load(Ordering::Relaxed), store)
}

#[test]
fn what_changes_meanwhile_has_the_column_too() {
    let (rounds, store) = add_beside(small_chunks(), |store, _| {
        store.apply(&puts(90..130, 2)).unwrap();
        store.set_payload(3, payload(4)).unwrap();
        store.delete(4).unwrap();
        let without = [(Field::DEFAULT.into(), None)];
        store.apply(&Batch::new().set_vectors(5, without)).unwrap();
    });
    assert_eq!(rounds, 1, "the last rows are computed under the lock");
    assert_eq!(store.snapshot().unwrap().len(), 149);
}

#[test]
fn much_that_comes_meanwhile_is_computed_beside_writers() {
    let rows = [4_000, 2_000, 500, 0];
    let (rounds, _) = add_beside(small_chunks(), move |store, n| {
        store.apply(&puts(1_000..1_000 + rows[n], n as u64)).unwrap();
    });
    assert_eq!(rounds, 3);
}

#[test]
fn writers_that_come_ahead_have_to_wait_in_the_end() {
    let (rounds, _) = add_beside(small_chunks(), |store, n| {
        store.apply(&puts(0..1_500 + n as u64, n as u64)).unwrap();
    });
    assert_eq!(rounds, 2);
}

#[test]
fn a_compaction_meanwhile_replaces_the_rows_and_not_the_columns() {
    let (rounds, store) = add_beside(small_chunks(), |store, n| {
        store.apply(&(n as u64..n as u64 + 9).fold(Batch::new(), Batch::delete)).unwrap();
        if n < 3 {
            store.compact();
        }
    });
    assert_eq!((rounds, store.snapshot().unwrap().len()), (4, 138));
    // A caller that compacts all the time delays the field, and doesn't prevent it.
    let (rounds, _) = add_beside(small_chunks(), |store, _| store.compact());
    assert!((2..100).contains(&rounds), "{rounds}");
}

#[test]
fn writes_compact_after_the_field_is_there_and_not_meanwhile() {
    let eager = small_chunks().with_dead_ratio_max(0.0).with_dead_bytes_min(0);
    let (rounds, store) = add_beside(eager, |store, n| {
        store.apply(&puts(0..100, n as u64)).unwrap();
        assert_eq!((store.stats().live, store.stats().rows), (100, 200));
    });
    assert_eq!((rounds, store.stats().live, store.stats().rows), (1, 150, 150));
    // One that was cancelled holds nothing off any more.
    let flag = AtomicBool::new(true);
    let cancelled = Budget::new().with_cancel(&flag);
    assert!(store.add_field(field("title"), cancelled, &mut ()).is_err());
    store.apply(&puts(0..100, 3)).unwrap();
    assert_eq!(store.stats().rows, 150);
}

#[test]
fn two_fields_are_added_at_once() {
    let nested = AtomicBool::new(false);
    let store = hooked(small_chunks(), None, move |store, stage| {
        if stage == Stage::CaughtUp && !nested.swap(true, Ordering::Relaxed) {
            add(store, "title");
            let error = store.add_field(field("title"), Budget::new(), &mut ()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        }
    });
    let title =
        |batch: Batch, id: u64| batch.upsert(with_payload(id, id).with("title", text(id % 9)));
    store.apply(&(0..60).fold(Batch::new(), title)).unwrap();
    add(&store, "body");
    let snapshot = store.snapshot().unwrap();
    let names: Vec<_> = snapshot.schema().fields().iter().map(Field::name).collect();
    assert_eq!((names, snapshot.version()), (vec![Field::DEFAULT, "title", "body"], Version(3)));
    check_complete(&*snapshot);
    store.apply(&(50..90).fold(Batch::new(), title)).unwrap();
    check_complete(&*store.snapshot().unwrap());
}

/// A field of this name that another call adds first is refused, and so is the other one's.
#[test]
fn a_field_that_another_call_has_added_meanwhile_is_refused() {
    let nested = AtomicBool::new(false);
    let store = hooked(small_chunks(), None, move |store, stage| {
        if stage == Stage::CaughtUp && !nested.swap(true, Ordering::Relaxed) {
            add(store, "body");
        }
    });
    store.apply(&puts(0..60, 0)).unwrap();
    let error = store.add_field(field("body"), Budget::new(), &mut ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    check_store(&store, &(0..60).map(|id| (id, id)).collect::<Vec<_>>());
}

#[test]
fn fields_are_added_beside_writers_and_readers() {
    const FIELDS: [&str; 4] = ["body", "title", "other", "last"];
    let options = small_chunks().with_dead_ratio_max(0.5).with_dead_bytes_min(0);
    let store = hooked(options, None, |_, _| ());
    let put = |batch: Batch, id: u64, n: u64| {
        let record = with_payload(id, n).with("title", text(n % 9));
        batch.upsert(record.with("other", "o")).set_payload(id / 2, payload(n))
    };
    store.apply(&(0..300).fold(Batch::new(), |batch, id| put(batch, id, id))).unwrap();
    let (stop, writes) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let (store, stop, writes) = (&store, &stop, &writes);
            scope.spawn(move || {
                for n in (0..).take_while(|_| !stop.load(Ordering::Relaxed)) {
                    let id = (n * 7 + writer) % 320;
                    store.apply(&put(Batch::new(), id, n).delete((n * 3) % 320)).unwrap();
                    writes.fetch_add(1, Ordering::Relaxed);
                    if n % 64 == 63 {
                        store.compact();
                    }
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    check_complete(&*store.snapshot().unwrap());
                }
            });
        }
        let adders = FIELDS.chunks(2).map(|names| {
            let (store, writes) = (&store, &writes);
            scope.spawn(move || {
                for name in names {
                    let before = writes.load(Ordering::Relaxed);
                    while writes.load(Ordering::Relaxed) < before + 20 {
                        std::thread::yield_now();
                    }
                    store.add_field(field(name), Budget::new(), &mut ()).unwrap();
                    check_complete(&*store.snapshot().unwrap());
                }
            })
        });
        // All of them are started before one is waited for, and all come to their end.
        let adders: Vec<_> = adders.collect();
        let added: Vec<_> = adders.into_iter().map(|adder| adder.join().is_ok()).collect();
        stop.store(true, Ordering::Relaxed);
        assert_eq!(added, [true; 2]);
    });
    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.schema().fields().len(), 1 + FIELDS.len());
    check_complete(&*snapshot);
}
